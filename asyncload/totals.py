"""Sums of seconds, per target: of a whole run, or of a part of it."""

from typing import Final

import numpy as np

from asyncload.call import Outcome
from asyncload.histogram import Histogram, Int64s
from asyncload.measured import ModelResult, Signs
from asyncload.second import METRICS, SIGNS, SLOT_BITS, SLOT_MASK, Second

_PAGE_BITS: Final = 6
_PAGE: Final = 1 << _PAGE_BITS
_PAGES_PER_HISTOGRAM: Final = 1 << (SLOT_BITS - _PAGE_BITS)
_FIRST_PAGES: Final = 4096
_CELL_BITS: Final = 16
_CELL_MASK: Final = (1 << _CELL_BITS) - 1


class Totals:
    """
    What was counted in all seconds that were added.

    **Shape**: outcomes int64[models + 1, 12]; received, retries and refused int64[models + 1]. The last row stands for
    the warm-up of all models together.
    """

    def __init__(self, models: int) -> None:
        """
        Args:
            models: Number of targets.
        """
        self.outcomes = np.zeros((models + 1, len(Outcome)), np.int64)
        self.received = np.zeros(models + 1, np.int64)
        self.retries = np.zeros(models + 1, np.int64)
        self.refused = np.zeros(models + 1, np.int64)
        self._signs = Pages((models + 1) * len(SIGNS))
        self._durations = Pages((models + 1) * len(METRICS))
        self._durations.add(np.zeros(1, np.int64), np.zeros(1, np.int64))  # numpy imports parts of itself on first use

    def add(self, second: Second) -> None:
        """Add a second."""
        self.outcomes += second.outcomes
        self.received += second.received
        self.retries += second.retries
        self.refused += second.refused
        self._durations.add(second.keys, second.counts)
        self._signs.add(second.sign_keys, second.sign_counts)

    def histogram(self, model: int, metric: int) -> Histogram:
        """Histogram of one model's metric."""
        return self._durations.histogram(model * len(METRICS) + metric)

    def signs(self, model: int) -> Signs:
        """Signs of loads in one model's calls."""
        first, held = (self._signs.histogram(model * len(SIGNS) + sign) for sign in range(len(SIGNS)))
        return Signs(first, held, int(self.refused[model]))

    def result(self, model: int, name: str) -> ModelResult:
        """Everything about one model, under a name."""
        return ModelResult(
            name,
            tuple(self.outcomes[model].tolist()),
            int(self.received[model]),
            *(self.histogram(model, metric) for metric in range(len(METRICS))),
            retries=int(self.retries[model]),
            signs=self.signs(model),
        )


class Pages:
    """
    Counts by key, in pages that exist only where something was counted.

    A cell has 16 bits, and what it overflows by is carried into a dictionary, which is rare by construction: so ten
    thousand models that saw a thousand slots each stay within some 300 MB.
    """

    def __init__(self, histograms: int) -> None:
        # Zeroed memory that is never touched costs nothing, so the table may be sparse too.
        self._table = np.zeros(histograms * _PAGES_PER_HISTOGRAM, np.int32)
        self._cells = np.zeros(_FIRST_PAGES << _PAGE_BITS, np.uint16)
        self._used = 1  # page 0 stands for "no page"
        self._carried: dict[int, dict[int, int]] = {}
        """By group and slot: how often the cell overflowed."""

    def add(self, keys: Int64s, counts: Int64s) -> None:
        """Add counts to unique keys."""
        place = keys >> _PAGE_BITS
        page = self._table[place]
        if not page.all():
            self._allocate(np.unique(place[page == 0]))
            page = self._table[place]
        cell = (page.astype(np.int64) << _PAGE_BITS) + (keys & (_PAGE - 1))
        sums = self._cells[cell] + counts
        self._cells[cell] = sums & _CELL_MASK
        over = np.flatnonzero(sums > _CELL_MASK)
        for key, times in zip(keys[over].tolist(), (sums[over] >> _CELL_BITS).tolist(), strict=True):
            carried = self._carried.setdefault(key >> SLOT_BITS, {})
            carried[key & SLOT_MASK] = carried.get(key & SLOT_MASK, 0) + times

    def histogram(self, group: int) -> Histogram:
        """Return what was counted for one (model, metric)."""
        begin = group * _PAGES_PER_HISTOGRAM
        table = self._table[begin : begin + _PAGES_PER_HISTOGRAM]
        places = np.flatnonzero(table)
        within = np.arange(_PAGE)
        slots = ((places[:, None] << _PAGE_BITS) + within).ravel()
        cells = ((table[places].astype(np.int64)[:, None] << _PAGE_BITS) + within).ravel()
        counts = self._cells[cells].astype(np.int64)
        for slot, times in self._carried.get(group, {}).items():
            counts[np.searchsorted(slots, slot)] += times << _CELL_BITS
        filled = counts > 0
        return Histogram(slots[filled], counts[filled])

    def _allocate(self, places: Int64s) -> None:
        end = self._used + places.size
        if end << _PAGE_BITS > self._cells.size:
            # In place where the system can move pages instead of bytes: a copy would double the peak.
            self._cells.resize(max(end, self._used * 5 // 4) << _PAGE_BITS, refcheck=False)
        self._table[places] = np.arange(self._used, end, dtype=np.int32)
        self._used = end
