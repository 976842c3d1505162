"""From frozen dataclasses back to plain data that reads as the same value."""

from pathlib import Path

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
    Whole,
    record_of,
)


def write(value: object) -> dict[str, object]:
    """
    Return a dataclass as plain data, every field included but those that are None.

    Quantities become texts with a unit where that is exact; paths stay as they are, which after reading is absolute.
    """
    record = record_of(type(value))
    held = ((slot, getattr(value, slot.name)) for slot in record.slots.values())
    return {slot.key: plain(slot.kind, entry) for slot, entry in held if entry is not None}


def plain(kind: Kind, value: object) -> object:
    """Return a value of one kind as plain data."""
    match kind:
        case Checked(kind=inner):
            return plain(inner, value)
        case Record():
            return write(value)
        case Measure(quantity=quantity) if isinstance(value, int | float):
            return quantity.exact(value)
        case Many(item=item) if isinstance(value, tuple):
            return [plain(item, entry) for entry in value]
        case Row(items=items) if isinstance(value, tuple):
            return [plain(item, entry) for item, entry in zip(items, value, strict=True)]
        case OneOf(members=members):
            return plain(next(member for member in members if _holds(member, value)), value)
        case _:
            return str(value) if isinstance(value, Path) else value


def _holds(kind: Kind, value: object) -> bool:
    """Whether a value was read by this member of a union."""
    match kind:
        case Checked(kind=inner):
            return _holds(inner, value)
        case Record(cls=cls):
            return type(value) is cls
        case Measure():
            return isinstance(value, int | float)
        case Many() | Row():
            return isinstance(value, tuple)
        case Choice(values=values):
            return value in values
        case Flag():
            return isinstance(value, bool)
        case Whole() | Number():
            return isinstance(value, int | float) and not isinstance(value, bool)
        case FilePath():
            return isinstance(value, Path)
        case _:
            return isinstance(value, str)
