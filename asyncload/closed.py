"""
What a result must know of its closed phases: who took part, and how often each user would have called as a rule.

Read from the scenario as data, which is what a result keeps of it: a report can be made without anything that reads
scenario files.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from asyncload.units import parse_duration_ns


@dataclass(frozen=True, slots=True)
class ClosedPhase:
    """A measured phase in which arrivals waited for replies."""

    users: int
    """Of all ranks."""
    think_ns: float
    """Mean pause of a user between a reply and its next call."""
    pace_ns: int
    """Least time from one call of a user to its next; 0 for none."""
    length_ns: int


def closed_phases(scenario: Mapping[str, Any]) -> tuple[ClosedPhase, ...]:
    """Return the measured closed phases of a scenario, given as data; none for an open loop."""
    return tuple(
        ClosedPhase(
            users=phase["users"],
            think_ns=_mean_ns(phase.get("think", 0)),
            pace_ns=parse_duration_ns(phase.get("pace") or 0),
            length_ns=parse_duration_ns(phase["for"]),
        )
        for phase in scenario.get("phases", ())
        if "users" in phase and not phase.get("warmup", False)
    )


def _mean_ns(think: object) -> float:
    if isinstance(think, Mapping):
        return (parse_duration_ns(think["from"]) + parse_duration_ns(think["to"])) / 2
    return float(parse_duration_ns(think))


def expected_interval_us(phases: Sequence[ClosedPhase], service_us: float) -> float:
    """
    Time from one call of a user to its next, as a rule; NaN where it is not known.

    Of a phase it is the pace, or what a mean pause and a usual call take together where that is longer. Of several
    phases it is the mean, each weighted by its users times its length.

    Args:
        phases: Those that were measured.
        service_us: What a call takes as a rule: the median of all models together.
    """
    weights = [phase.users * phase.length_ns for phase in phases]
    if not phases or math.isnan(service_us):
        return math.nan
    intervals_us = (max(phase.pace_ns / 1000, phase.think_ns / 1000 + service_us) for phase in phases)
    return math.fsum(w * interval for w, interval in zip(weights, intervals_us, strict=True)) / sum(weights)
