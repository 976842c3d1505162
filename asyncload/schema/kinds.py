"""
Kinds: what a place in a document may hold, derived from the annotations of frozen dataclasses.

    Text Whole Number Flag Nothing Choice FilePath     scalars
    Sentence                                           a text with a grammar of its own
    Measure                                            a number that may be written with its unit
    Many Row                                           lists of one kind; lists of fixed length
    Record                                             a mapping: one dataclass
    OneOf                                              one of several kinds
    Checked                                            a kind with bounds

One tree serves reading, writing and the JSON Schema, so the three cannot disagree.
"""

import types
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias, Union, cast, get_args, get_origin, get_type_hints

from asyncload.schema.words import Check, Grammar, Key
from asyncload.units import Quantity

Mistakes: TypeAlias = Iterator[tuple[str, str]]
"""Path from the value that is wrong, such as "sine.amplitude" or "", and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text."""

    legal: str = "a text"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text with a grammar of its own."""

    grammar: Grammar

    @property
    def legal(self) -> str:
        """In words."""
        return self.grammar.legal


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer; no boolean."""

    legal: str = "a whole number"


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number; no boolean."""

    legal: str = "a number"


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean."""

    legal: str = "true or false"


@dataclass(frozen=True, slots=True)
class Nothing:
    """Null."""

    legal: str = "null"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some texts."""

    values: tuple[str, ...]

    @property
    def legal(self) -> str:
        """In words."""
        return listed(self.values)


@dataclass(frozen=True, slots=True)
class FilePath:
    """A path, relative to the document's directory."""

    legal: str = "a path"


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that may be written with its unit."""

    quantity: Quantity

    @property
    def legal(self) -> str:
        """In words."""
        return self.quantity.legal


@dataclass(frozen=True, slots=True)
class Many:
    """A list of one kind."""

    item: "Kind"

    @property
    def legal(self) -> str:
        """In words."""
        return f"a list, each entry {self.item.legal}"


@dataclass(frozen=True, slots=True)
class Row:
    """A list of fixed length."""

    items: tuple["Kind", ...]

    @property
    def legal(self) -> str:
        """In words."""
        return f"a list of {len(self.items)}: " + "; ".join(item.legal for item in self.items)


@dataclass(frozen=True, slots=True)
class Slot:
    """One field of a record."""

    key: str
    """In the document."""
    name: str
    """In the dataclass."""
    kind: "Kind"
    required: bool
    default: object
    """Value if the key is missing; None for a required one."""


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A mapping whose keys are the fields of a dataclass."""

    cls: type
    slots: dict[str, Slot]
    """By key, in the order of the fields."""
    required: frozenset[str]
    mistakes: Callable[[object], Mistakes] | None
    """The dataclass's own method `mistakes`, if it has one: what its annotations cannot say."""

    @property
    def legal(self) -> str:
        """In words: the keys without which it is not what it is, else the first three."""
        keys = [key for key in self.slots if key in self.required]
        shown = [f"{key}: ..." for key in keys or list(self.slots)[:3]]
        return "{" + ", ".join(shown if keys or len(self.slots) <= 3 else [*shown, "..."]) + "}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of several kinds, none of which is OneOf or Nothing."""

    members: tuple["Kind", ...]
    nullable: bool
    """Whether null is legal too."""

    @property
    def legal(self) -> str:
        """In words; null is not worth a word."""
        return " or ".join(member.legal for member in self.members)


@dataclass(frozen=True, slots=True)
class Checked:
    """A kind of which not every value is legal."""

    kind: "Kind"
    check: Check

    @property
    def legal(self) -> str:
        """In words."""
        return self.check.legal


Kind: TypeAlias = (
    Text
    | Sentence
    | Whole
    | Number
    | Flag
    | Nothing
    | Choice
    | FilePath
    | Measure
    | Many
    | Row
    | Record
    | OneOf
    | Checked
)

_SCALARS: Final[dict[object, Kind]] = {
    str: Text(),
    int: Whole(),
    float: Number(),
    bool: Flag(),
    type(None): Nothing(),
    Path: FilePath(),
}


def kind_of(annotation: object) -> Kind:
    """
    Return what an annotation allows.

    Raises:
        TypeError: If the annotation is not one of those that a document can hold; a fault of the program, not the user.
    """
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _annotated(arguments[0], arguments[1:])
    if origin is Literal and all(isinstance(value, str) for value in arguments):
        return Choice(arguments)
    if origin is tuple:
        return Many(kind_of(arguments[0])) if arguments[1:] == (...,) else Row(tuple(map(kind_of, arguments)))
    if origin in (Union, types.UnionType):
        return _union([kind_of(argument) for argument in arguments])
    if isinstance(annotation, type) and is_dataclass(annotation):
        return record_of(annotation)
    raise TypeError(f"no document can hold {annotation!r}")


def record_of(cls: type[object]) -> Record:
    """Return the record that a dataclass describes."""
    return _record_of(cast("Hashable", cls))


@cache
def _record_of(cls: type) -> Record:
    hints = get_type_hints(cls, include_extras=True)
    slots = {}
    for field in fields(cls):
        hint, key = hints[field.name], field.name
        if get_origin(hint) is Annotated:
            key = next((word.name for word in hint.__metadata__ if isinstance(word, Key)), key)
        required = field.default is MISSING and field.default_factory is MISSING
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        slots[key] = Slot(key, field.name, kind_of(hint), required, None if required else default)
    needed = frozenset(slot.key for slot in slots.values() if slot.required)
    return Record(cls, slots, needed, getattr(cls, "mistakes", None))


def listed(names: Sequence[str]) -> str:
    """Names in a row: "a, b or c"."""
    return ", ".join(names[:-1]) + (" or " if names[1:] else "") + names[-1] if names else "none"


def _annotated(annotation: object, words: Sequence[object]) -> Kind:
    quantity = next((word for word in words if isinstance(word, Quantity)), None)
    kind = kind_of(annotation) if quantity is None else Measure(quantity)
    for word in words:
        if isinstance(word, Grammar):
            kind = Sentence(word)
        elif isinstance(word, Check):
            kind = Checked(kind, word)
    return kind


def _union(kinds: Sequence[Kind]) -> OneOf:
    members: list[Kind] = []
    nullable = False
    for kind in kinds:
        match kind:
            case Nothing():
                nullable = True
            case OneOf():
                members += kind.members
                nullable |= kind.nullable
            case _:
                members.append(kind)
    return OneOf(tuple(members), nullable)
