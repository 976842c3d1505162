"""
A table's geometry: names on the left, columns of numbers beside them, as many columns as fit a line.

Laid out by hand, for a heading spans several columns and a number stands before its interval. A number is never cut:
columns give way in the order of their ranks, and names are cut in their middle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, TypeAlias

from rich.cells import cell_len
from rich.text import Text

from asyncload.report.numbers import pad, shorten
from asyncload.statistics.estimate import LEVEL

Cell: TypeAlias = tuple[str, str]
"""A number, and its interval; either may be empty."""

_NAME_WANTED: Final = 28
"""Columns that are only nice to have do not cut names shorter than that."""
_NAME_LEAST: Final = 8
_INTERVAL: Final = f"{100 * LEVEL:g} %"


@dataclass(frozen=True, slots=True)
class Column:
    """Cells under one head, one for each row."""

    head: str
    cells: tuple[Cell, ...]
    title: str = ""
    """Stands above it, and above its neighbours of the same title."""
    rank: int = 0
    """0 is always there; of the others the lowest comes first, as far as there is room."""

    @property
    def widths(self) -> tuple[int, int]:
        """Terminal cells of its numbers, and of their intervals; 0 if none has one."""
        intervals = max((len(interval) for _, interval in self.cells), default=0)
        numbers = max(map(cell_len, (self.head, *(number for number, _ in self.cells))))
        return numbers, max(intervals, len(_INTERVAL)) if intervals else 0


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a column stands in a line."""

    column: Column
    gap: int
    number: int
    interval: int

    @property
    def width(self) -> int:
        """With the gap before it left out."""
        return self.number + (1 + self.interval if self.interval else 0)

    def written(self, number: str, interval: str) -> tuple[str, str]:
        """Two pieces of a line."""
        behind = f" {interval:<{self.interval}}" if self.interval else ""
        return f"{'':{self.gap}}{' ' * (self.number - cell_len(number))}{number}", behind


class Table:
    """Rows that fit a line."""

    def __init__(self, corner: str, names: Sequence[str], columns: Sequence[Column], width: int) -> None:
        """
        Args:
            corner: Stands above the names.
            names: Of the rows.
            columns: As many cells in each as there are names.
            width: Of a line, at least 80.
        """
        longest = max(map(cell_len, (corner, *names)))
        ranks = sorted({column.rank for column in columns})
        places = _places([column for column in columns if not column.rank])
        for rank in filter(None, ranks):
            more = _places([column for column in columns if column.rank <= rank])
            if min(longest, _NAME_WANTED) + _width(more) > width:
                break
            places = more
        left = width - _width(places)
        self.fits = longest <= left
        """Whether every name stands as it is."""
        self._corner, self._names, self._places = corner, names, places
        self._name = max(min(left, longest), min(longest, _NAME_LEAST))

    @property
    def heads(self) -> tuple[tuple[str, str], ...]:
        """Titles and heads of the columns that are there."""
        return tuple((place.column.title, place.column.head) for place in self._places)

    def heading(self) -> list[Text]:
        """One line, or two where columns have a title."""
        heads = [Text(pad(self._corner, self._name), "bold")]
        for place in self._places:
            number, interval = place.written(place.column.head, _INTERVAL if place.interval else "")
            heads.append(Text.assemble((number, "bold"), (interval, "dim")))
        lines = [Text().join(heads)]
        if any(place.column.title for place in self._places):
            lines.insert(0, Text(self._titles(), "bold"))
        return [_trimmed(line) for line in lines]

    def row(self, index: int, style: str = "") -> Text:
        """Return a line."""
        pieces = [(pad(shorten(self._names[index], self._name), self._name), style)]
        for place in self._places:
            number, interval = place.written(*place.column.cells[index])
            pieces += [(number, style), (interval, "dim")]
        return _trimmed(Text.assemble(*pieces))

    def _titles(self) -> str:
        line = " " * self._name
        for title, group in groupby(self._places, key=lambda place: place.column.title):
            places = list(group)
            span = _width(places) - places[0].gap
            line += " " * places[0].gap + (
                title.center(span, "─" if span > len(title) + 1 else " ") if title else " " * span
            )
        return line


def _places(columns: Sequence[Column]) -> list[_Place]:
    """Set columns side by side; a title that is wider than its columns widens the first of them."""
    places: list[_Place] = []
    for title, group in groupby(columns, key=lambda column: column.title):
        members: list[_Place] = []
        for column in group:
            number, interval = column.widths
            close = members and not interval and not members[-1].interval
            members.append(_Place(column, 1 if close else 2, number, interval))
        first, missing = members[0], len(title) - (_width(members) - members[0].gap)
        if missing > 0:
            members[0] = _Place(first.column, first.gap, first.number + missing, first.interval)
        places += members
    return places


def _width(places: Sequence[_Place]) -> int:
    return sum(place.gap + place.width for place in places)


def _trimmed(text: Text) -> Text:
    text.rstrip()
    return text
