"""The measured seconds of a run as columns: what was counted in each, and in which stretch of the load it lies."""

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import groupby
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asyncload.histogram import Histogram, Int64s, highest_us, lowest_us, merge, slots_of
from asyncload.measured import SecondResult
from asyncload.spans import Stretch

Float64s: TypeAlias = NDArray[np.float64]
Recorded: TypeAlias = Literal["response", "lateness"]
"""Durations that the seconds have of all targets together."""
_S: Final = 1_000_000_000
_MOST: Final = 3600
"""Of more seconds several count as one: a day's would take a gigabyte, and tell no more."""


class Course:
    """The seconds in which measured calls ended, those behind the last phase included, and nothing of the warm-up."""

    def __init__(self, seconds: Sequence[SecondResult], stretches: Sequence[Stretch], metric: Recorded) -> None:
        """
        Args:
            seconds: Of the whole run, in the order of time.
            stretches: Those that were measured.
            metric: Which of their durations.
        """
        placed = [(row, _place(row.second, stretches)) for row in seconds]
        kept = [(row, place, _inside(row.second, stretches[place])) for row, place in placed if place is not None]
        self.length_s = -(-len(kept) // _MOST) or 1
        """How many seconds count as one."""
        grouped = [list(rows) for _, rows in groupby(kept, key=lambda one: (*one[1:], one[0].second // self.length_s))]
        self.rows = tuple(_joined([row for row, *_ in rows]) for rows in grouped)
        """They themselves."""
        self.stretch = np.array([rows[0][1] for rows in grouped], np.int64)
        """Index of the stretch in which each lies, int64[n]; behind the last phase that of the last."""
        self.loaded = np.array([rows[0][2] for rows in grouped], bool)
        """Whether calls were still due in each, bool[n]: behind the last phase only late replies come."""
        self.full = len(self.rows) - bool(self.rows and not self.loaded[-1])
        """How many of them are whole; the last one behind the last phase is the rest of a second."""
        self._histograms: list[Histogram] = [getattr(row, metric) for row in self.rows]

    @cached_property
    def calls(self) -> Float64s:
        """Calls with a duration that ended in each second, float64[n]."""
        return np.array([histogram.count for histogram in self._histograms], np.float64)

    @cached_property
    def sums_us(self) -> Float64s:
        """Sum of their durations, each taken as the middle of its slot, float64[n]."""
        slots, counts = self._columns
        return self._summed((lowest_us(slots) + highest_us(slots)) / 2 * counts)

    @cached_property
    def medians_us(self) -> Float64s:
        """Median of each second, float64[n]; NaN where nothing ended."""
        return np.array([histogram.quantile_us(0.5) for histogram in self._histograms])

    @cached_property
    def whole(self) -> Histogram:
        """All durations."""
        return merge(self._histograms)

    def together(self, chosen: Int64s) -> Histogram:
        """All durations of some of the seconds, by their index."""
        return merge([self._histograms[index] for index in chosen.tolist()])

    def up_to(self, q: float, chosen: Int64s | None = None) -> Float64s:
        """
        Calls of each second up to a quantile of all; of those that took exactly as long, the share that makes it q.

        Else of calls that all took the same, as those that timed out do, either all or none would count, and whether
        they came in one second or in all of them would make no difference.

        Args:
            q: In (0, 1).
            chosen: Index of the seconds that are meant, int64[n]; by default all.

        Returns:
            float64[n], which adds up to q times their calls.
        """
        meant = np.arange(len(self._histograms)) if chosen is None else chosen
        value_us = (self.whole if chosen is None else self.together(meant)).quantile_us(q)
        if math.isnan(value_us):
            return np.zeros(meant.size)
        slots, counts = self._columns
        limit = slots_of(np.array([value_us], np.int64))[0]
        below = self._summed(np.where(slots < limit, counts, 0))[meant]
        at = self._summed(np.where(slots == limit, counts, 0))[meant]
        share = (q * float(self.calls[meant].sum()) - float(below.sum())) / float(at.sum())
        return below + share * at

    @cached_property
    def _columns(self) -> tuple[Int64s, Int64s]:
        """Slots and counts of all seconds, one behind the other."""
        nothing = [np.empty(0, np.int64)]
        slots = np.concatenate(nothing + [histogram.slots for histogram in self._histograms])
        return slots, np.concatenate(nothing + [histogram.counts for histogram in self._histograms])

    @cached_property
    def _second_of(self) -> Int64s:
        return np.repeat(np.arange(len(self._histograms)), [histogram.slots.size for histogram in self._histograms])

    def _summed(self, values: NDArray[np.generic]) -> Float64s:
        sums: Float64s = np.bincount(self._second_of, weights=values, minlength=len(self._histograms)).astype(
            np.float64
        )
        return sums


def _joined(rows: Sequence[SecondResult]) -> SecondResult:
    """Count seconds that follow one another as one; what was in flight is that at the end of the last."""
    if len(rows) == 1:
        return rows[0]
    return SecondResult(
        rows[0].second,
        sum(row.planned for row in rows),
        sum(row.sent for row in rows),
        rows[-1].in_flight,
        tuple(map(sum, zip(*(row.outcomes for row in rows), strict=True))),
        merge([row.response for row in rows]),
        merge([row.lateness for row in rows]),
    )


def _place(second: int, stretches: Sequence[Stretch]) -> int | None:
    """Which stretch a second lies in by its middle; behind the plan, where last replies come, the last."""
    for index, stretch in enumerate(stretches):
        if _inside(second, stretch):
            return index
    behind = stretches and stretches[-1].last and _middle_ns(second) >= stretches[-1].end_ns
    return len(stretches) - 1 if behind else None


def _inside(second: int, stretch: Stretch) -> bool:
    return stretch.start_ns <= _middle_ns(second) < stretch.end_ns


def _middle_ns(second: int) -> int:
    return second * _S + _S // 2
