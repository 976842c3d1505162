"""
Durations in buckets: what both kinds of stream have in place of the HDR slots.

A slot belongs to a bucket whole; counts and sums are exact otherwise. The sum takes each value as the middle of its
slot, as the report's mean does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from asyncload.histogram import SLOTS, Int64s, highest_us, lowest_us

SCALE: Final = 5
"""Of the exponential cells: 2**5 of them to each factor of 2, so that each is 2.2 % wide."""

_SLOTS = np.arange(SLOTS)
_LOWEST_US, _HIGHEST_US = lowest_us(_SLOTS), highest_us(_SLOTS)
_TWICE_MIDDLE_US = _LOWEST_US + _HIGHEST_US
# Cell i holds (2**(i / 2**SCALE), 2**((i + 1) / 2**SCALE)] seconds; slot 0 is zero, which no logarithm has.
_CELL = np.ceil(np.log2(np.maximum(_TWICE_MIDDLE_US, 1) / 2e6) * 2**SCALE).astype(np.int64) - 1
_LEAST_CELL: Final = int(_CELL.min())
_CELLS: Final = int(_CELL.max()) - _LEAST_CELL + 1


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Durations of one row so far."""

    bounds_s: Sequence[float]
    buckets: Sequence[int]
    """Values up to each bound and above the one before it; the last is for those above all."""
    sum_s: float
    least_s: float
    """Lowest value of the lowest slot; infinite of none."""
    most_s: float
    """Highest value of the highest slot; 0 of none."""
    zeros: int
    """Values below 1 us."""
    first_cell: int
    cells: Sequence[int]
    """Values in exponential cells from `first_cell` on, the first and the last of them above 0."""

    @property
    def count(self) -> int:
        """Number of values."""
        return sum(self.buckets)


class Spreads:
    """Durations of some rows, each in its own buckets; what is added is never taken away."""

    def __init__(self, rows: int, bounds_s: Sequence[float]) -> None:
        """
        Args:
            rows: How many.
            bounds_s: Upper bounds of the buckets, whole microseconds, ascending.
        """
        self._bounds_s = tuple(bounds_s)
        bounds_us = np.round(np.array(self._bounds_s) * 1e6)
        self._bucket = np.searchsorted(bounds_us, _HIGHEST_US, side="left")
        self._buckets = np.zeros((rows, len(self._bounds_s) + 1), np.int64)
        self._cells = np.zeros((rows, _CELLS), np.int64)
        self._zeros = np.zeros(rows, np.int64)
        self._twice_us = np.zeros(rows, np.int64)
        self._least_us = np.full(rows, np.inf)
        self._most_us = np.zeros(rows)

    def add(self, rows: Int64s, slots: Int64s, counts: Int64s) -> None:
        """Count values by row and HDR slot, int64[n] each."""
        np.add.at(self._buckets, (rows, self._bucket[slots]), counts)
        np.add.at(self._twice_us, rows, _TWICE_MIDDLE_US[slots] * counts)
        np.minimum.at(self._least_us, rows, _LOWEST_US[slots])
        np.maximum.at(self._most_us, rows, _HIGHEST_US[slots])
        some = slots > 0
        np.add.at(self._cells, (rows[some], _CELL[slots[some]] - _LEAST_CELL), counts[some])
        np.add.at(self._zeros, rows[~some], counts[~some])

    def spread(self, row: int | slice) -> Spread:
        """Return one row's, or that of several rows together."""
        rows = slice(row, row + 1) if isinstance(row, int) else row
        cells = self._cells[rows].sum(axis=0)
        filled = np.flatnonzero(cells)
        first, last = (int(filled[0]), int(filled[-1])) if filled.size else (0, -1)
        return Spread(
            bounds_s=self._bounds_s,
            buckets=self._buckets[rows].sum(axis=0).tolist(),
            sum_s=int(self._twice_us[rows].sum()) / 2e6,
            least_s=float(self._least_us[rows].min()) / 1e6,
            most_s=float(self._most_us[rows].max()) / 1e6,
            zeros=int(self._zeros[rows].sum()),
            first_cell=first + _LEAST_CELL,
            cells=cells[first : last + 1].tolist(),
        )


def coarser(first_cell: int, cells: Sequence[int], most: int) -> tuple[int, int, list[int]]:
    """
    Put neighbouring cells together until there are few enough.

    Args:
        first_cell: Number of the first one, at `SCALE`.
        cells: Counts.
        most: How many may remain.

    Returns:
        Scale, number of the first cell, and counts.

    Source:
        OpenTelemetry specification, Metrics Data Model, ExponentialHistogram: at a scale lower by one, cell i holds
        what the cells 2 i and 2 i + 1 held.
    """
    scale, counts = SCALE, list(cells)
    while len(counts) > most:
        padded = [0] * (first_cell % 2) + counts
        padded += [0] * (len(padded) % 2)
        counts = [padded[at] + padded[at + 1] for at in range(0, len(padded), 2)]
        first_cell //= 2
        scale -= 1
    return scale, first_cell, counts
