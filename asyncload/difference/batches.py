"""
The measured seconds of a run in batches: a second each, or several of a long run; never across two phases.

A phase of another rate is another regime: what is drawn anew for the second phase is drawn from the second phase.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from asyncload.histogram import Int64s
from asyncload.result import RunResult
from asyncload.spans import stretches

MOST: Final = 240
"""Batches of a run; a longer one has longer batches."""
_FEWEST: Final = 8
"""Batches of a stretch that is drawn by itself; a shorter one is drawn together with its neighbour."""
_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Batches:
    """Where the measured seconds of one run belong."""

    begins_s: tuple[float, ...]
    """Of the stretches of measured phases in which the load was alike, from the plan's zero."""
    lengths_s: tuple[float, ...]
    counts: tuple[int, ...]
    """Batches of each."""

    @classmethod
    def of(cls, result: RunResult) -> "Batches":
        """Cut the measured phases of a run, as far as they have passed."""
        found = stretches(result.scenario, result.health)
        lengths_s = tuple((each.end_ns - each.start_ns) / _S for each in found)
        batch_s = max(1, math.ceil(math.fsum(lengths_s) / MOST))
        counts = tuple(max(1, round(length_s / batch_s)) for length_s in lengths_s)
        return cls(tuple(each.start_ns / _S for each in found), lengths_s, counts)

    def __len__(self) -> int:
        return sum(self.counts)

    @property
    def seconds(self) -> float:
        """Length of all measured phases."""
        return math.fsum(self.lengths_s)

    @property
    def strata(self) -> tuple[int, ...]:
        """Batches that are drawn anew among themselves."""
        found: list[int] = []
        for count in self.counts:
            if found and (count < _FEWEST or found[-1] < _FEWEST):
                found[-1] += count
            else:
                found.append(count)
        return tuple(found)

    def measured(self, seconds: Int64s) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """
        Which seconds are of the measured phases, or behind them: bool[n].

        Those before are of the warm-up, also of one whose end was only found afterwards.
        """
        return seconds + 1 > (self.begins_s[0] if self.begins_s else math.inf)

    def at(self, seconds: Int64s) -> Int64s:
        """Batch of each measured second, int64[n]; replies that come after a stretch's end count to its last batch."""
        middle = seconds + 0.5
        begins, lengths = np.array(self.begins_s), np.array(self.lengths_s)
        counts = np.array(self.counts, np.int64)
        stretch = np.maximum(np.searchsorted(begins, middle, side="right") - 1, 0)
        inside = np.floor((middle - begins[stretch]) / lengths[stretch] * counts[stretch]).astype(np.int64)
        first = np.cumsum(counts) - counts
        found: Int64s = first[stretch] + np.clip(inside, 0, counts[stretch] - 1)
        return found
