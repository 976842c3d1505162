"""
A table of groups of columns that fits a line: as many groups side by side as it takes, the others below.

Numbers are never cut. Names give way first, down to a few characters; a group that is wider than a line by itself is
cut between its columns, and the first source is repeated in each part.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from rich.cells import cell_len
from rich.text import Text

from asyncload.report.numbers import pad, shorten

Cell: TypeAlias = tuple[str, str]
"""Text and style."""

_GAP: Final = "  "
NAME_LEAST: Final = 12


@dataclass(frozen=True, slots=True)
class Column:
    """Cells under one head, for each row of the table."""

    head: str
    cells: tuple[Cell, ...]

    @property
    def width(self) -> int:
        """Terminal cells that it takes."""
        return max(map(cell_len, (self.head, *(text for text, _ in self.cells))))


@dataclass(frozen=True, slots=True)
class Group:
    """What several sources say of one thing: the first source's column, then pairs or single ones of the others."""

    title: str
    parts: tuple[tuple[Column, ...], ...]
    """Columns that stay together; the first part is repeated if the group is cut."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """All of them."""
        return tuple(column for part in self.parts for column in part)

    @property
    def width(self) -> int:
        """Terminal cells that it takes, with the spaces between its columns."""
        return max(sum(column.width for column in self.columns) + len(self.columns) - 1, cell_len(self.title))

    def cut(self, width: int) -> "Iterator[Group]":
        """Yield groups that fit a width, with as many parts each as do."""
        first, *others = self.parts
        taken = [first]
        for part in others:
            if Group(self.title, (*taken, part)).width > width and len(taken) > 1:
                yield Group(self.title, tuple(taken))
                taken = [first]
            taken.append(part)
        yield Group(self.title, tuple(taken))


def fits(corner: str, names: Sequence[str], groups: Sequence[Group], width: int) -> bool:
    """Tell whether a line holds all groups and every name as it is."""
    return _longest(corner, names) + _whole(groups) <= width


def lay_out(corner: str, names: Sequence[Cell], groups: Sequence[Group], width: int) -> Iterator[Text]:
    """
    Yield the lines of a table, blocks separated by an empty line.

    Args:
        corner: Stands above the names.
        names: Of the rows.
        groups: At least one; as many cells in each column as names.
        width: Of a line.
    """
    longest = _longest(corner, [name for name, _ in names])
    least = min(longest, max(NAME_LEAST, cell_len(corner)))
    if least + _whole(groups) <= width:
        name_width, blocks = min(longest, width - _whole(groups)), [list(groups)]
    else:
        pieces = [piece for group in groups for piece in group.cut(width - least - len(_GAP))]
        widest = max(len(_GAP) + piece.width for piece in pieces)
        name_width = max(least, min(longest, width - widest))
        blocks = list(_blocks(pieces, width - name_width))
    for number, block in enumerate(blocks):
        if number:
            yield Text()
        yield from _block(corner, names, block, name_width)


def _longest(corner: str, names: Sequence[str]) -> int:
    return max(map(cell_len, (corner, *names)))


def _whole(groups: Sequence[Group]) -> int:
    """Width of groups side by side, each behind a gap."""
    return sum(len(_GAP) + group.width for group in groups)


def _blocks(groups: Sequence[Group], width: int) -> Iterator[list[Group]]:
    """Yield groups that stand side by side."""
    block: list[Group] = []
    left = width
    for group in groups:
        if block and group.width + len(_GAP) > left:
            yield block
            block, left = [], width
        block.append(group)
        left -= group.width + len(_GAP)
    yield block


def _block(corner: str, names: Sequence[Cell], block: Sequence[Group], width: int) -> Iterator[Text]:
    widths = [_widths(group) for group in block]
    if any(group.title for group in block):
        titles = [group.title.center(sum(each) + len(each) - 1, "─") for group, each in zip(block, widths, strict=True)]
        yield Text(_GAP.join([" " * width, *titles]).rstrip(), "bold")
    heads = [
        " ".join(f"{column.head:>{w}}" for column, w in zip(group.columns, each, strict=True))
        for group, each in zip(block, widths, strict=True)
    ]
    yield Text(_GAP.join([pad(corner, width), *heads]).rstrip(), "bold")
    for row, (name, style) in enumerate(names):
        line = Text(pad(shorten(name, width), width), style)
        for group, each in zip(block, widths, strict=True):
            line.append(_GAP)
            for place, (column, w) in enumerate(zip(group.columns, each, strict=True)):
                text, cell_style = column.cells[row]
                line.append(" " * (bool(place) + w - cell_len(text)))
                line.append(text, cell_style)
        line.rstrip()
        yield line


def _widths(group: Group) -> list[int]:
    """Widths of a group's columns; the first takes what the title needs beyond them."""
    widths = [column.width for column in group.columns]
    widths[0] += max(0, cell_len(group.title) - (sum(widths) + len(widths) - 1))
    return widths
