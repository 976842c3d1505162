"""
Do the counts add up? Every arrival is accounted for, and calls in flight are as many as Little's law asks for.

Both are checks of the generator on itself, from sides that were counted apart: the tally of what was sent, the recorder
of what ended, the sample of what was in flight at the end of each second, and what the target says, if somebody asks.

Source:
    Little, Operations Research 9 (1961): L = lambda W.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from asyncload.call import Outcome
from asyncload.course import Course
from asyncload.measured import Health, ModelResult, SecondResult
from asyncload.statistics.batches import mean_error

_FAILED: Final = (Outcome.CONNECT, Outcome.PROTOCOL)
_UNANSWERED: Final = (Outcome.TIMEOUT, Outcome.DROPPED, Outcome.ABANDONED, *_FAILED)
_LEAST_SECONDS: Final = 10
_ALIKE: Final = 0.1
"""Samples at the ends of seconds may be in step with arrivals; so far they may be off without a word."""
_UNKNOWN: Final = 0.01
"""Of the calls that were sent; with more whose duration is not known, the law gives a lower bound."""
_Z99: Final = 2.576
_RULE_OF_99: Final = -math.log(0.01)
"""What none of n looks has seen holds at most this over n of the time, at 99 %."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What became of every arrival of the whole run, warm-up included, on all ranks."""

    planned: int
    """Arrivals whose time came; those not due yet when a run was stopped are in none of these."""
    sent: int
    dropped: int
    answered: int
    """Whole replies, good or bad."""
    timed_out: int
    failed: int
    """No connection, or no whole reply."""
    abandoned: int
    in_flight: int
    """Not ended in the last full second of a run that was killed; else 0."""
    retries: int
    """Attempts beyond the first."""
    served: int | None
    """What the target says that it served; None if nobody asked it."""
    balanced: bool
    why: str
    """What does not add up, or a remark on what the target says; else empty."""


@dataclass(frozen=True, slots=True)
class LittlesLaw:
    """Calls in flight: as many as rate and response time ask for, and as were seen."""

    rate_per_s: float
    """Calls with a known duration that ended, per second."""
    mean_response_us: float
    expected: float
    """Rate times response."""
    sampled: float
    """Mean of the calls in flight at the end of each second."""
    low: float
    high: float
    """What the samples support, 99 %."""
    reconciled: bool
    why: str
    """Empty if they can be reconciled."""


def reconcile(
    seconds: Sequence[SecondResult], everything: ModelResult, health: Health, served: int | None = None
) -> Reconciliation | None:
    """
    Hold what was planned and sent against what ended.

    Args:
        seconds: Of the whole run.
        everything: All targets and the warm-up together.
        health: Of the run.
        served: What the target says.

    Returns:
        None if the seconds are not those of all these calls, as of a result that somebody put together, or if some of
        them are missing.
    """
    planned, sent = sum(row.planned for row in seconds), sum(row.sent for row in seconds)
    of = everything.outcomes
    if not planned or sum(sum(row.outcomes) for row in seconds) != sum(of):
        return None
    if any(later.second - earlier.second != 1 for earlier, later in pairwise(seconds)):
        return None
    timed_out, abandoned, failed = of[Outcome.TIMEOUT], of[Outcome.ABANDONED], sum(of[outcome] for outcome in _FAILED)
    answered = sum(of) - sum(of[outcome] for outcome in _UNANSWERED)
    ended = answered + timed_out + failed + abandoned
    in_flight = 0
    if health.cut:  # of several ranks it is not known which of them it was, nor what its last second was
        in_flight = seconds[-1].in_flight if health.ranks == 1 else max(sent - ended, 0)
    wrongs = []
    if planned != sent + of[Outcome.DROPPED]:
        wrongs.append(f"{planned} arrivals were planned, but {sent} sent and {of[Outcome.DROPPED]} dropped")
    if sent != ended + in_flight:
        wrongs.append(f"{sent} calls were sent, but {ended} ended" + (f" and {in_flight} did not" if in_flight else ""))
    fits, remark = _compared(served, answered, sent + everything.retries)
    why = f"the counts do not add up: {'; '.join(wrongs)}" if wrongs else remark
    return Reconciliation(
        planned, sent, of[Outcome.DROPPED], answered, timed_out, failed, abandoned, in_flight, everything.retries,
        served, balanced=fits and not wrongs, why=why,
    )  # fmt: skip


def _compared(served: int | None, answered: int, attempts: int) -> tuple[bool, str]:
    """Whether what the target says can be true, and a sentence on it: it saw what it answered, and what was sent."""
    if served is None:
        return True, ""
    if served > attempts:
        others = served - attempts
        return False, f"the target says that it served {served} calls, {others} more than were sent: others called it"
    if served < answered:
        missing = answered - served
        return False, f"the target says that it served {served} calls, {missing} fewer than it answered"
    lost = attempts - served
    return True, f"the target served {served} of {attempts} attempts" + (f"; {lost} never reached it" if lost else "")


def littles_law(response: Course, lateness: Course, ranks: int) -> LittlesLaw | None:
    """
    Compare the calls in flight with what rate and response time ask for.

    Calls are in flight from when they are handed over for sending, which is between due and sent; so what was seen may
    lie anywhere between what response and what service ask for.

    Args:
        response: The measured seconds.
        lateness: The same.
        ranks: How many were merged; each samples at its own seconds' ends.

    Returns:
        None if there are too few seconds, or nothing was answered.
    """
    rows = response.rows
    calls = float(response.calls.sum())
    full = rows[: response.full]
    if len(full) < _LEAST_SECONDS or not calls:
        return None
    length_s = len(full) * response.length_s
    total_us = float(response.sums_us.sum())
    expected, least = total_us / 1e6 / length_s, (total_us - float(lateness.sums_us.sum())) / 1e6 / length_s
    samples = np.array([row.in_flight for row in full], np.float64)
    sampled = float(samples.mean())
    # Users in step with each other, all in flight at each of a few looks, may have had no call in flight between them.
    unseen = _RULE_OF_99 / len(samples) * sampled
    reach = max(_Z99 * mean_error(samples), unseen) + ranks
    low, high = max(sampled - reach, 0.0), sampled + reach
    sent = sum(sum(row.outcomes) - row.outcomes[Outcome.DROPPED] for row in rows)
    too_few = expected < min(low, (1 - _ALIKE) * sampled) and calls >= (1 - _UNKNOWN) * sent
    too_many = least > max(high, (1 + _ALIKE) * sampled)
    why = ""
    if too_few or too_many:
        why = (
            f"calls in flight do not fit: rate times response asks for {expected:.3g}, seen were {sampled:.3g} "
            f"[{low:.3g}, {high:.3g}]; one of rate, response times and calls in flight is wrong"
        )
    return LittlesLaw(calls / length_s, total_us / calls, expected, sampled, low, high, reconciled=not why, why=why)
