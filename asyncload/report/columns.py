"""
The per-model table's geometry: which columns there are, and how wide each is.

Laid out by hand, for a heading spans several columns and the names get whatever the numbers leave: a number is never
cut, and a name is cut in its middle.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rich.cells import cell_len

from asyncload.histogram import Histogram
from asyncload.report.numbers import NOTHING, count, ms, pad, percent, shorten
from asyncload.result import ModelResult

_RESPONSE = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
_SERVICE = {"p50": 0.5, "p99": 0.99}
_TITLES = ("response, ms", "service, ms")
_GAP = "  "
_NAME_LEAST = 7
"""What eighty columns leave beside the widest numbers."""
_CORRECTED = "  corrected"
_COUNTS = (("calls", ""), ("share", "%"), ("OK", "%"), ("err", ""))

Groups: TypeAlias = tuple[tuple[str, ...], ...]
"""Numbers as text, in the groups counts, response and service."""


@dataclass(frozen=True, slots=True)
class Row:
    """A name and its numbers."""

    name: str
    groups: Groups
    corrected: Groups | None = None
    """The same, with the calls that a closed loop's users would have made while they waited for too long."""
    failed: bool = False
    """Whether any of its calls did not end OK."""

    @property
    def lines(self) -> tuple[Groups, ...]:
        """What it takes a line each to print."""
        return (self.groups,) if self.corrected is None else (self.groups, self.corrected)


def row(model: ModelResult, calls: int, corrected: Histogram | None = None) -> Row:
    """
    Put the numbers of a target, or of several together, into words.

    Args:
        model: What was measured.
        calls: What its share is taken of; 0 for a row that has none.
        corrected: Its response times in the corrected view, if it has one.
    """
    counts = (
        count(model.calls),
        percent(model.calls, calls) if calls else NOTHING,
        percent(model.ok, model.calls),
        count(model.calls - model.ok),
    )
    response = tuple(map(ms, model.response.quantiles_us(list(_RESPONSE.values())).tolist()))
    service = tuple(map(ms, model.service.quantiles_us(list(_SERVICE.values())).tolist()))
    below = None if corrected is None else _corrected(corrected)
    return Row(model.name, (counts, response, service), below, failed=model.ok < model.calls)


def _corrected(histogram: Histogram) -> Groups:
    response = tuple(map(ms, histogram.quantiles_us(list(_RESPONSE.values())).tolist()))
    return (count(histogram.count), "", "", ""), response, ("",) * len(_SERVICE)


class Columns:
    """Widths that suit a table's rows and fit a line."""

    def __init__(self, rows: Iterable[Row], width: int) -> None:
        """
        Args:
            rows: All that will be printed.
            width: Of a line, at least 80.
        """
        rows = list(rows)
        lines = [line for row in rows for line in row.lines]
        heads = (tuple(head for head, _ in _COUNTS), tuple(_RESPONSE), tuple(_SERVICE))
        self._widths = [
            [max(map(len, cells)) for cells in zip(heads[group], *(line[group] for line in lines), strict=True)]
            for group in range(len(heads))
        ]
        for title, widths in zip(_TITLES, self._widths[1:], strict=True):
            widths[0] += max(0, len(title) - _span(widths))
        left = width - sum(len(_GAP) + _span(widths) for widths in self._widths)
        longest = max((cell_len(row.name) for row in rows), default=0)
        self.fits = longest <= left
        """Whether every name fits as it is."""
        two_lines = len(lines) > len(rows)
        self._name = max(min(left, max(longest, len(_CORRECTED if two_lines else "model"))), _NAME_LEAST)

    def heading(self) -> tuple[str, str]:
        """Two lines: what is counted or timed, and its unit or percentile."""
        counts, response, service = self._widths
        upper = [self._cells([head for head, _ in _COUNTS], counts)]
        upper += [title.center(_span(widths), "─") for title, widths in zip(_TITLES, (response, service), strict=True)]
        lower = [
            self._cells([unit for _, unit in _COUNTS], counts),
            self._cells(list(_RESPONSE), response),
            self._cells(list(_SERVICE), service),
        ]
        return _GAP.join([pad("model", self._name), *upper]), _GAP.join([" " * self._name, *lower])

    def lines(self, row: Row) -> tuple[str, ...]:
        """Return the lines that a row of the table takes: one, or two with the corrected view below."""
        names = (row.name, _CORRECTED)
        return tuple(self._line(name, groups) for name, groups in zip(names, row.lines, strict=False))

    def _line(self, name: str, groups: Groups) -> str:
        texts = [self._cells(cells, widths) for cells, widths in zip(groups, self._widths, strict=True)]
        return _GAP.join([pad(shorten(name, self._name), self._name), *texts]).rstrip()

    @staticmethod
    def _cells(cells: Sequence[str], widths: Sequence[int]) -> str:
        return " ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def _span(widths: Sequence[int]) -> int:
    """Width of a group with the spaces between its columns."""
    return sum(widths) + len(widths) - 1
