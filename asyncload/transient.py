"""
`warmup: auto`: what a run's first seconds were like while it settled counts as its warm-up.

How much that is can be told when the run is over, so its totals have the beginning in them, and it is taken out:

    every second    Beginning.keep       what was counted, as long as the cut may reach so far
    at the end      find                 MSER-5 on the mean response of each second of the first measured phase
                    take_out             less what ended before, which goes to the row of the warm-up

Calls go by the second in which they ended, as everything that is counted by seconds. A run that was killed is cut by
the same rule from the rows of its directory.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from asyncload.measured import WARMUP, ModelResult, SecondResult, less, total
from asyncload.result import RunResult
from asyncload.second import Second
from asyncload.statistics.steady import Cut, mser
from asyncload.totals import Totals

Span: TypeAlias = tuple[int, int]
"""Begin and end of the first measured phase, ns from the plan's zero."""
_S: Final = 1_000_000_000
_MOST_S: Final = 600
"""A transient that is longer is no warm-up."""
_MOST_BYTES: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class Transient:
    """Where a run settled."""

    until_s: int
    """Second of the plan before which it had not; 0 for none."""
    unsettled: bool
    """Whether it had not by then either, and no more may be cut."""


class Beginning:
    """
    The first seconds of a run under way, kept as long as they may be cut.

    They take 16 bytes for each (model, metric, slot) that occurs in a second, at most 256 MB in all: some ten minutes
    of 5,000 calls a second. Of a faster run fewer seconds can be cut.
    """

    def __init__(self, span: Span) -> None:
        """
        Args:
            span: The first measured phase.
        """
        self._limit_s = _limit_s(span)
        self._left_bytes = _MOST_BYTES
        self._seconds: list[Second] = []

    @property
    def reach_s(self) -> int:
        """How many seconds can be cut, from the plan's zero on."""
        return len(self._seconds)

    def keep(self, second: Second) -> None:
        """Take the next second."""
        if len(self._seconds) >= self._limit_s or self._left_bytes <= 0:
            return
        self._left_bytes -= sum(
            column.nbytes for column in (second.keys, second.counts, second.outcomes, second.sign_keys)
        )
        self._seconds.append(replace(second, rows=None))
        if self._left_bytes <= 0:
            self._limit_s = len(self._seconds)

    def until(self, until_s: int, names: Sequence[str]) -> list[ModelResult]:
        """Add up what was counted of each target in the seconds before one."""
        totals = Totals(len(names))
        for second in self._seconds[:until_s]:
            totals.add(second)
        return [totals.result(index, name) for index, name in enumerate(names)]


def find(seconds: Sequence[SecondResult], span: Span, measured_ns: int, reach_s: int) -> Transient:
    """
    Look for the end of the transient.

    Args:
        seconds: Of the whole run, in the order of time.
        span: The first measured phase.
        measured_ns: How much of the measured phases had passed when the run ended.
        reach_s: Second of the plan up to which can be cut.
    """
    first, last = -(-span[0] // _S), min(span[1], span[0] + measured_ns) // _S
    means_us = [row.response.mean_us() for row in seconds if first <= row.second < last]
    cut = _cut(means_us)
    until_s = first + cut.values if cut.values else 0
    if until_s <= reach_s:
        return Transient(until_s, not cut.settled)
    return Transient(reach_s if reach_s > first else 0, unsettled=True)


def _limit_s(span: Span) -> int:
    start_ns, end_ns = span
    return -(-(start_ns + min((end_ns - start_ns) // 2, _MOST_S * _S)) // _S)


def _cut(means_us: Sequence[float]) -> Cut:
    """Cut the means of seconds; one in which nothing ended is taken to be as the one before, the first as the next."""
    values = np.array(means_us, np.float64)
    known = np.flatnonzero(~np.isnan(values))
    if not known.size:
        return Cut(0, 0, settled=True)
    before = np.maximum(np.searchsorted(known, np.arange(values.size), side="right") - 1, 0)
    return mser(np.maximum(values[known[before]], 1.0))


def take_out(result: RunResult, beginning: Sequence[ModelResult], transient: Transient, span: Span) -> RunResult:
    """
    Count the beginning of a run as its warm-up.

    Args:
        result: Of the whole run.
        beginning: What was counted of each target in the seconds before it settled.
        transient: Where that was.
        span: The first measured phase.
    """
    cut_ns = max(transient.until_s * _S - span[0], 0) if transient.until_s else 0
    health = replace(
        result.health,
        measured_ns=max(result.health.measured_ns - cut_ns, 0),
        settled_s=transient.until_s,
        unsettled=transient.unsettled,
    )
    if not cut_ns:
        return replace(result, health=health)
    models = tuple(less(model, part) for model, part in zip(result.models, beginning, strict=True))
    return replace(result, models=models, warmup=total(WARMUP, [result.warmup, *beginning]), health=health)
