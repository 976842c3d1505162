"""
From plain data (mappings, lists, texts, numbers) to frozen dataclasses, with every mistake and not only the first.

Strategy: each place is read by its kind. A place that is wrong leaves a problem and the value None; a record is built
only if nothing inside it was wrong, and is then asked for its own mistakes. So what stands beside a mistake is still
judged, and nothing is built from wrong parts.
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar, cast

from asyncload.errors import Problem
from asyncload.schema.kinds import (
    Checked,
    Choice,
    FilePath,
    Flag,
    Kind,
    Many,
    Measure,
    Number,
    OneOf,
    Record,
    Row,
    Sentence,
    Text,
    Whole,
    listed,
    record_of,
)

_T = TypeVar("_T")
_LONGEST_SAID: Final = 60
_MOST: Final = 1.7976931348623157e308


def read(cls: type[_T], data: object, base_dir: Path | None = None) -> tuple[_T | None, list[Problem]]:
    """
    Read plain data as a dataclass.

    Args:
        cls: A frozen dataclass; its annotations say what is legal. Its method `mistakes`, if it has one, yields what
            they cannot say, as (path from it, text).
        data: As a YAML, TOML or JSON parser gives it.
        base_dir: What relative paths are relative to; without it the current directory.

    Returns:
        The value and no problem, or None and every problem, in the order of the document.
    """
    reading = _Reading((base_dir or Path()).absolute())
    value = reading.at(record_of(cls), data, "")
    return (None, reading.problems) if reading.problems else (cast("_T", value), [])


def nearest(name: str, legal: Iterable[str]) -> str | None:
    """Return the legal name that a misspelt one probably stands for, if there is one."""
    close = difflib.get_close_matches(name[:_LONGEST_SAID].lower(), list(legal), n=1, cutoff=0.7)
    return close[0] if close else None


@dataclass(slots=True)
class _Reading:
    base_dir: Path
    problems: list[Problem] = field(default_factory=list)

    def at(self, kind: Kind, data: object, path: str) -> object:
        """Read one place; the result means nothing if a problem was added."""
        if type(kind) is Text and type(data) is str and data.isascii():
            return data  # most places of a long document
        match kind:
            case Record():
                return self._record(kind, data, path)
            case Checked(kind=inner, check=check):
                before = len(self.problems)
                value = self.at(inner, data, path)
                if len(self.problems) == before and not check.allows(value):
                    self._wrong(path, check.legal, data)
                return value
            case OneOf():
                return self._one_of(kind, data, path)
            case Many(item=item):
                if not isinstance(data, list):
                    return self._wrong(path, kind.legal, data)
                return tuple([self.at(item, entry, f"{path}[{i}]") for i, entry in enumerate(data)])
            case Row(items=items):
                if not isinstance(data, list) or len(data) != len(items):
                    return self._wrong(path, kind.legal, data)
                return tuple([self.at(items[i], entry, f"{path}[{i}]") for i, entry in enumerate(data)])
            case _:
                return self._scalar(kind, data, path)

    def _record(self, kind: Record, data: object, path: str, instead: str | None = None) -> object:
        """Read a mapping; `instead` says what else would be legal here, for the text about an unknown key."""
        if not isinstance(data, dict):
            return self._wrong(path, f"a mapping {kind.legal}", data)
        before, values, meant = len(self.problems), {}, set()
        for key, entry in data.items():
            slot = kind.slots.get(key) if isinstance(key, str) else None
            if slot is None:
                meant.add(self._unknown(kind, data, path, key, instead))
            else:
                values[slot.name] = self.at(slot.kind, entry, _inside(path, key))
        for key in kind.slots:
            if key in kind.required and key not in data and key not in meant:
                self._add(_inside(path, key), f"is missing; expected {kind.slots[key].kind.legal}")
        if len(self.problems) > before:
            return None
        value: object = kind.cls(**values)
        if kind.mistakes is not None:
            for inner, message in kind.mistakes(value):
                self._add(_inside(path, inner), message)
        return value

    def _unknown(self, kind: Record, data: dict[object, object], path: str, key: object, instead: str | None) -> str:
        """Note an unknown key; return the key that was probably meant, or ""."""
        if not isinstance(key, str):
            self._add(path, f"keys must be texts, found {said(key)}")
            return ""
        near = nearest(key, [name for name in kind.slots if name not in data])
        hint = f"did you mean {near!r}? " if near else ""
        legal = f"expected {instead}" if instead else f"legal keys: {', '.join(kind.slots)}"
        self._add(_inside(path, key[:_LONGEST_SAID]), f"unknown key; {hint}{legal}")
        return near or ""

    def _one_of(self, kind: OneOf, data: object, path: str) -> object:
        """
        Read the member that fits.

        The cases: null; a mapping, of the record that its keys point to; a member that reads it without a problem.
        """
        members = kind.members
        if data is None and kind.nullable:
            return None
        if len(members) == 1:
            return self.at(members[0], data, path)
        if isinstance(data, dict) and (records := [member for member in members if isinstance(member, Record)]):
            record = _pointed_to(records, data)
            if record is None:
                return self._wrong(path, kind.legal, data)
            return self._record(record, data, path, None if record.required <= data.keys() else kind.legal)
        before = len(self.problems)
        for member in members:
            value = self.at(member, data, path)
            if len(self.problems) == before or (isinstance(data, list) and isinstance(member, Many | Row)):
                return value
            del self.problems[before:]
        near = nearest(data, _choices(members)) if isinstance(data, str) else None
        return self._wrong(path, kind.legal, data, near)

    def _scalar(self, kind: Kind, data: object, path: str) -> object:
        """Read a place without places inside it."""
        match kind:
            case Text() if isinstance(data, str) and _is_unicode(data):
                return data
            case Sentence(grammar=grammar) if isinstance(data, str) and _is_unicode(data):
                mistake = grammar.mistake(data)
                return data if mistake is None else self._add(path, mistake)
            case Whole() if isinstance(data, int | float) and not isinstance(data, bool) and data == data // 1:
                return int(data)
            case Number() if isinstance(data, int | float) and not isinstance(data, bool) and abs(data) <= _MOST:
                return float(data)
            case Flag() if isinstance(data, bool):
                return data
            case Choice(values=values) if isinstance(data, str) and data in values:
                return data
            case FilePath() if isinstance(data, str) and data and "\0" not in data and _is_unicode(data):
                return self.base_dir / data
            case Measure(quantity=quantity):
                try:
                    return quantity.parse(data)
                except ValueError as error:
                    return self._add(path, str(error))
        near = nearest(data, kind.values) if isinstance(kind, Choice) and isinstance(data, str) else None
        return self._wrong(path, kind.legal, data, near)

    def _wrong(self, path: str, legal: str, data: object, near: str | None = None) -> Problem:
        quotes = "; put it in quotes" if legal == Text().legal and isinstance(data, int | float) else ""
        return self._add(
            path, f"expected {legal}, found {said(data)}" + (f"; did you mean {near!r}?" if near else quotes)
        )

    def _add(self, path: str, message: str) -> Problem:
        self.problems.append(Problem(path, message))
        return self.problems[-1]


def said(data: object) -> str:
    """Plain data in a few words, for an error's text."""
    match data:
        case None:
            return "null"
        case bool():
            return str(data).lower()
        case str():
            return repr(data if len(data) <= _LONGEST_SAID else data[:_LONGEST_SAID] + "...")
        case int() | float():
            # Python refuses to print integers of thousands of digits.
            return repr(data) if isinstance(data, float) or data.bit_length() < 512 else "an integer of many digits"
        case list():
            return f"a list of {len(data)}"
        case dict():
            keys = [key[:_LONGEST_SAID] for key in list(data)[:8] if isinstance(key, str)]
            return f"a mapping with the keys {listed(keys).replace(' or ', ' and ')}" if keys else "a mapping"
        case _:
            return f"a value of type {type(data).__name__}"


def _inside(path: str, inner: str) -> str:
    if not path or not inner or inner.startswith("["):
        return path + inner
    return f"{path}.{inner}"


def _pointed_to(records: Sequence[Record], data: dict[object, object]) -> Record | None:
    """The one record that the keys of a mapping fit best: complete ones first, then by keys, misspelt ones for half."""
    texts = [key for key in data if isinstance(key, str)]
    complete = [record for record in records if record.required <= data.keys()]
    scores = []
    for record in complete or records:
        known = sum(key in record.slots for key in texts)
        close = sum(key not in record.slots and nearest(key, record.slots) is not None for key in texts)
        scores.append((known + close / 2, record))
    best = max(score for score, _ in scores)
    winners = [record for score, record in scores if score == best]
    return winners[0] if best and len(winners) == 1 else None


def _choices(members: Sequence[Kind]) -> list[str]:
    return [value for member in members if isinstance(member, Choice) for value in member.values]


def _is_unicode(text: str) -> bool:
    """Whether a text can be encoded; a JSON file may hold half of a surrogate pair."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
