"""
The rates of a run: calls over the time in which they were due and sent.

Calls count by when they end where `warmup: auto` cut, so what was in flight at the cut counts as measured although it
was due before it, and calls over the length that is left would be more than were ever asked for. There the rates are
those of the seconds behind the cut, which know what was due and sent in each. A second that lies half in a warm-up
phase between two measured ones is left out, with its length.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from asyncload.measured import Health, ModelResult, SecondResult
from asyncload.spans import Stretch

_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Rates:
    """Of all targets together."""

    asked_per_s: float
    """Arrivals over the length of the measured phases that had passed; 0 before any of it has."""
    achieved_per_s: float
    """Calls sent over that length and what was needed beyond it."""
    achieved_percent: float
    """Of what was asked; by one division, so that it is exact where it can be. NaN if nothing was."""
    length_s: float
    """What the calls sent of a target are divided by, so that the rates of all add up to what was achieved."""


def rates(totals: ModelResult, health: Health, seconds: Sequence[SecondResult], stretches: Sequence[Stretch]) -> Rates:
    """
    Divide.

    Args:
        totals: All targets together, warm-up left out.
        health: Of the run.
        seconds: Of the whole run.
        stretches: Those that were measured.
    """
    if not health.measured_ns:
        return Rates(0.0, 0.0, math.nan, 0.0)
    whole = _Counts(totals.calls, totals.sent, health.measured_ns, health.send_tail_ns)
    counts = (_behind_the_cut(health, seconds, stretches) if health.settled_s else None) or whole
    length_s = (counts.length_ns + counts.tail_ns) / _S
    return Rates(
        counts.planned / (counts.length_ns / _S),
        counts.sent / length_s,
        counts.percent,
        (length_s * totals.sent / counts.sent if counts is not whole else 0.0) or length_s,
    )


@dataclass(frozen=True, slots=True)
class _Counts:
    planned: int
    sent: int
    length_ns: int
    tail_ns: int

    @property
    def percent(self) -> float:
        if not self.planned:
            return math.nan
        return 100 * self.sent * self.length_ns / (self.planned * (self.length_ns + self.tail_ns))


def _behind_the_cut(health: Health, seconds: Sequence[SecondResult], stretches: Sequence[Stretch]) -> _Counts | None:
    """What was due and sent in the seconds that lie in the stretches; None if nothing was sent in one."""
    planned = sent = length_ns = tail_ns = 0
    for begin_ns, end_ns, last in _spans(stretches):
        first, behind = -(-begin_ns // _S), end_ns // _S
        rows = [row for row in seconds if first <= row.second and (last or row.second < behind)]
        planned += sum(row.planned for row in rows)
        sent += sum(row.sent for row in rows)
        length_ns += max((end_ns if last else behind * _S) - first * _S, 0)
        tail_ns += health.send_tail_ns if last else 0
    return _Counts(planned, sent, length_ns, tail_ns) if sent and length_ns else None


def _spans(stretches: Sequence[Stretch]) -> Iterator[tuple[int, int, bool]]:
    """Where stretches that touch one another begin and end, and whether the plan ends there."""
    begin_ns = end_ns = -1
    for stretch in stretches:
        if stretch.start_ns != end_ns:
            if end_ns >= 0:
                yield begin_ns, end_ns, False
            begin_ns = stretch.start_ns
        end_ns = stretch.end_ns
    if stretches:
        yield begin_ns, end_ns, stretches[-1].last
