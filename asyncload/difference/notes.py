"""What must be known before any difference is read: may the runs be believed, and did they ask the same?"""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from asyncload.difference.pairs import paired
from asyncload.formats.recording import Recording
from asyncload.result import RunResult
from asyncload.units import format_rate

_SAME_RATE: Final = 0.01
"""Relative difference of asked rates up to which chance arrivals explain it."""


def notes(a: Sequence[Recording], b: Sequence[Recording]) -> Iterator[str]:
    """
    Yield sentences, the most important first.

    Args:
        a: The runs of one side.
        b: Of the other.
    """
    sides = (("A", a), ("B", b))
    for label, recordings in sides:
        yield from _invalid(label, recordings)
    yield from _same([each.result for each in a], [each.result for each in b])
    yield from _plans([each.result for each in a], [each.result for each in b])
    for label, recordings in sides:
        yield from _shares(label, recordings)
    yield from _without_history(sides)
    if paired(a, b):
        yield f"{len(a)} pairs of runs; what the two of a pair have in common is in no interval"
    if (len(a) == 1) != (len(b) == 1):
        label = "A" if len(a) == 1 else "B"
        yield f"{label} is a single run: how much runs of it differ from one another is in no interval here"


def _invalid(label: str, recordings: Sequence[Recording]) -> Iterator[str]:
    """One sentence per side: its first reason, and on how many runs the differences rest that say so."""
    reasons = [each.result.verdict.reasons for each in recordings if not each.result.verdict.valid]
    if not reasons:
        return
    several = f"{len(reasons)} of {len(recordings)} runs of {label} are INVALID, the first of them"
    who = f"{label} is INVALID" if len(recordings) == 1 else several
    why = "; ".join(reasons[0])
    yield f"{who}: {why}. What differs may be the generator's doing and not the endpoint's"


def _same(a: Sequence[RunResult], b: Sequence[RunResult]) -> Iterator[str]:
    """A run that stands on both sides, as of a path that was mistyped."""
    both = sum(any(one == other for other in b) for one in a)
    if both == len(a) == len(b):
        yield "A and B are one and the same: there is nothing that could differ"
    elif both:
        yield f"{both} of the runs of A {'is' if both == 1 else 'are'} in B too"


def _plans(a: Sequence[RunResult], b: Sequence[RunResult]) -> Iterator[str]:
    plans_a, plans_b = ({result.plan_digest for result in side} for side in (a, b))
    if {result.closed for result in (*a, *b)} == {True, False}:
        which = "A" if a[0].closed else "B"
        yield f"only {which} is a closed loop: its callers wait for replies, so a slow endpoint is asked less"
    if "" not in plans_a | plans_b and plans_a == plans_b:
        yield "same plan: both were asked the same calls at the same times"
        return
    rates = [math.fsum(result.asked_per_s for result in side) / len(side) for side in (a, b)]
    if any(math.isnan(rate) for rate in rates) or not all(rates):
        yield "different plans"
    elif abs(math.log(rates[1] / rates[0])) <= _SAME_RATE + 3 / math.sqrt(_calls(a, b)):
        yield "different plans at the same rate, as far as chance arrivals go"
    else:
        yield (
            f"different rates were asked: {format_rate(rates[0])} of A and {format_rate(rates[1])} of B; "
            "throughput differs for that, and latencies may"
        )


def _calls(a: Sequence[RunResult], b: Sequence[RunResult]) -> int:
    return max(min(sum(result.totals.calls for result in side) for side in (a, b)), 1)


def _shares(label: str, recordings: Sequence[Recording]) -> Iterator[str]:
    worlds = {each.history.world for each in recordings if each.history is not None}
    if max(worlds, default=1) > 1:
        yield f"{label} is one share of a plan that was cut into {max(worlds)}"


def _without_history(sides: Sequence[tuple[str, Sequence[Recording]]]) -> Iterator[str]:
    missing = [label for label, recordings in sides if any(each.history is None for each in recordings)]
    if missing:
        yield (
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} without run directory, so without seconds "
            "of each model: only all models together are compared"
        )
