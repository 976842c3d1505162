"""
The rates of a run: calls over the time in which they were due and sent.

Calls count by when they end where `warmup: auto` cut, so what was in flight at the cut counts as measured although it
was due before it, and calls over the length that is left would be more than were ever asked for. There the rates are
those of the seconds behind the cut, which know what was due and sent in each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from asyncload.course import Course
from asyncload.measured import Health, ModelResult
from asyncload.spans import Stretch

_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Rates:
    """Of all targets together."""

    asked_per_s: float
    """Arrivals over the length of the measured phases that had passed; 0 before any of it has."""
    achieved_per_s: float
    """Calls sent over that length and what was needed beyond it."""
    length_s: float
    """What the calls sent of a target are divided by, so that the rates of all add up to what was achieved."""


def rates(totals: ModelResult, health: Health, course: Course, stretches: Sequence[Stretch]) -> Rates:
    """
    Divide.

    Args:
        totals: All targets together, warm-up left out.
        health: Of the run.
        course: The measured seconds.
        stretches: Those that its seconds lie in.
    """
    if not health.measured_ns:
        return Rates(0.0, 0.0, 0.0)
    tail_s = health.send_tail_ns / _S
    sent = sum(row.sent for row in course.rows) if health.settled_s else 0
    if not sent:
        measured_s = health.measured_ns / _S
        length_s = measured_s + tail_s
        return Rates(totals.calls / measured_s, totals.sent / length_s, length_s)
    measured_s = sum(stretch.end_ns - stretch.start_ns for stretch in stretches) / _S
    length_s = measured_s + tail_s
    asked_per_s = sum(row.planned for row in course.rows) / measured_s
    return Rates(asked_per_s, sent / length_s, length_s * totals.sent / sent or length_s)
