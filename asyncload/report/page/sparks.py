"""
The course of each target, small: its p99 and its rate over some fifty parts of the run, one sign each.

Strategy: a thousand targets over an hour are millions of rows, so each is looked at once, and what is kept are counts
by (target, part, slot), summed up whenever they are many. Percentiles of all targets and parts then come from one sort.
Where most parts have too few calls for a p99, the lines are those of a lower percentile, which they can tell.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asyncload.call import Outcome
from asyncload.histogram import SLOTS, Int64s, highest_us, sum_by_key
from asyncload.history import History
from asyncload.report.page.course import width_s
from asyncload.statistics.ranks import needed

PARTS: Final = 60
"""Most parts of a run."""
_SIGNS: Final = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", np.uint8)
_NOTHING: Final = ord("-")
_LEAST_RANGE: Final = 4.0
"""A line spans this factor at least, so that chance does not look like a mountain."""
_TAIL: Final = {"p99": 0.99, "p90": 0.9, "p50": 0.5}
"""What lines are drawn of: the first that half of the parts can tell."""
_AT_ONCE: Final = 1 << 21
"""Counts held before they are summed up, 16 MB each of keys and of counts."""

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Courses:
    """
    What went by target and part of the run.

    **Shape**: [targets, parts].
    """

    width_s: int
    calls: Int64s
    errors: Int64s
    answered: Int64s
    """Calls with a latency."""
    p50_ms: Floats
    """NaN where so few calls were answered that they cannot tell it."""
    p90_ms: Floats
    p99_ms: Floats

    def tail(self, targets: Sequence[int] | None = None) -> str:
        """
        Return the highest of p99, p90 and p50 that half of the parts with calls can tell, or else p50.

        Args:
            targets: Whose parts; by default all.
        """
        answered = self.answered if targets is None else self.answered[list(targets)]
        some = np.count_nonzero(answered)
        enough = (name for name, q in _TAIL.items() if 2 * np.count_nonzero(answered >= needed(q)) >= some)
        return next(enough, "p50")

    def of(self, name: str) -> Floats:
        """Values of a percentile by its name, ms."""
        return {"p50": self.p50_ms, "p90": self.p90_ms, "p99": self.p99_ms}[name]

    def tail_signs(self, name: str) -> list[str]:
        """A line of a percentile for each target: 64 levels on a logarithmic scale of its own."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return _signs(np.log(self.of(name)), math.log(_LEAST_RANGE))

    def rate_signs(self) -> list[str]:
        """A line for each target: calls, from none to its own most."""
        most = self.calls.max(axis=1, initial=1, keepdims=True)
        return _letters(np.where(self.calls.any(axis=1, keepdims=True), 63 * self.calls / np.maximum(most, 1), np.nan))


def courses(history: History, targets: int, seconds: int) -> Courses:
    """
    Go through a run's history once.

    Args:
        history: Of the run.
        targets: How many there are; the warm-up behind the last is left out.
        seconds: How many the run had.
    """
    width = width_s(seconds, PARTS)
    parts = max(math.ceil(seconds / width), 1)
    calls, errors = np.zeros((2, targets * parts), np.int64)
    kept = _Counts()
    for rows in history.columns("response"):
        mine = rows.model < targets
        place = rows.model * parts + np.minimum(rows.second // width, parts - 1)
        ended = rows.outcomes.sum(axis=1)
        np.add.at(calls, place[mine], ended[mine])
        np.add.at(errors, place[mine], (ended - rows.outcomes[:, Outcome.OK])[mine])
        told = mine[rows.row]
        kept.add(place[rows.row[told]], rows.slot[told], rows.count[told])
    shape = (targets, parts)
    answered, values = kept.quantiles_ms((0.5, 0.9, 0.99), targets * parts)
    p50, p90, p99 = (each.reshape(shape) for each in values)
    return Courses(width, calls.reshape(shape), errors.reshape(shape), answered.reshape(shape), p50, p90, p99)


class _Counts:
    """Histograms of many groups, as (group, slot) and count, summed up whenever they are many."""

    def __init__(self) -> None:
        self._keys: list[Int64s] = []
        self._counts: list[Int64s] = []
        self._held = 0

    def add(self, groups: Int64s, slots: Int64s, counts: Int64s) -> None:
        self._keys.append(slots + groups * SLOTS)
        self._counts.append(counts)
        self._held += slots.size
        if self._held > _AT_ONCE:
            self._sum_up()

    def _sum_up(self) -> None:
        if self._keys:
            keys, counts = sum_by_key(np.concatenate(self._keys), np.concatenate(self._counts))
            self._keys, self._counts, self._held = [keys], [counts], 0

    def quantiles_ms(self, quantiles: Sequence[float], groups: int) -> tuple[Int64s, list[Floats]]:
        """How many values each group has, and for each quantile one per group; NaN where those are too few to tell."""
        self._sum_up()
        found = [np.full(groups, np.nan) for _ in quantiles]
        counts = np.zeros(groups, np.int64)
        if not self._keys:
            return counts, found
        keys, upto = self._keys[0], np.cumsum(self._counts[0])
        group, first = np.unique(keys // SLOTS, return_index=True)
        before = np.concatenate([[0], upto])[first]
        total = np.concatenate([[0], upto])[np.append(first[1:], keys.size)] - before
        for q, values in zip(quantiles, found, strict=True):
            rank = np.clip(np.ceil(q * total * (1 - 1e-15)), 1, total).astype(np.int64)
            values[group] = highest_us(keys[np.searchsorted(upto, before + rank)] % SLOTS) / 1000
            values[group[total < needed(q)]] = np.nan
        counts[group] = total
        return counts, found


def _signs(values: Floats, least_range: float) -> list[str]:
    known = np.isfinite(values)
    low = np.where(known, values, np.inf).min(axis=1, initial=np.inf, keepdims=True)
    high = np.where(known, values, -np.inf).max(axis=1, initial=-np.inf, keepdims=True)
    low, high = np.where(np.isfinite(low), low, 0.0), np.where(np.isfinite(high), high, 0.0)
    spare = np.maximum(least_range - (high - low), 0.0)
    return _letters(63 * (values - (low - spare / 2)) / np.maximum(high - low + spare, 1e-12))


def _letters(levels: Floats) -> list[str]:
    """Levels from 0 to 63 as signs of base64; "-" where there is none."""
    known = np.isfinite(levels)
    places = np.clip(np.round(np.where(known, levels, 0)), 0, 63).astype(np.int64)
    signs = np.where(known, _SIGNS[places], _NOTHING).astype(np.uint8)
    return [row.tobytes().decode("ascii") for row in signs]
