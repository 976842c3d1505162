"""
When a closed loop calls: how many users at what time, and how long each waits.

Locust has users where a scenario has a rate. By Little's law, users = rate times the time that each call of one user
takes up; so with one call per user and period W, whatever the reply takes as long as that is less than W, a rate needs
rate * W users.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np

from asyncload.locust.export import spelling
from asyncload.plan import Plan
from asyncload.scenario import Scenario, ThinkTime, Users

_STAGES: Final = 60
"""Steps into which a phase is cut whose rate changes, of a second at least."""
_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Stage:
    """So many users until a time, which counts from the start of the test."""

    end_s: str
    users: int
    spawn_per_s: str
    """How many of them begin in a second; empty for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Users over time."""

    stages: tuple[Stage, ...]
    wait_time: str
    """Source, such as `constant_throughput(1)`."""
    period_s: str
    """Of one user, under a rate; empty if the scenario has users itself."""
    warmup_s: str
    """Length of the warm-up at the beginning; empty if there is none."""
    later_warmup: bool
    """Whether another warm-up comes after something measured."""

    @property
    def most(self) -> int:
        """Most users at one time."""
        return max(stage.users for stage in self.stages)


def schedule(scenario: Scenario, within_ns: int) -> Schedule:
    """
    Lay a scenario's phases out as users.

    Args:
        scenario: Whose measured phases are all of rates, or all of users.
        within_ns: Period of one user: with longer replies than that, the rate is not reached.
    """
    warmup_ns, later = _warmup(scenario)
    measured = [phase for phase in scenario.phases if not phase.warmup] or list(scenario.phases)
    closed = measured[0] if isinstance(measured[0], Users) else None
    return Schedule(
        stages=tuple(_joined(scenario, within_ns)),
        wait_time=_wait_time(closed) if closed else "constant_throughput(1 / PERIOD_S)",
        period_s="" if closed else spelling.seconds(within_ns),
        warmup_s=spelling.seconds(warmup_ns) if warmup_ns else "",
        later_warmup=later,
    )


def _wait_time(phase: Users) -> str:
    if phase.pace_ns is not None:
        return f"constant_pacing({spelling.seconds(phase.pace_ns)})"
    if isinstance(phase.think, ThinkTime):
        return f"between({spelling.seconds(phase.think.from_ns)}, {spelling.seconds(phase.think.to_ns)})"
    return f"constant({spelling.seconds(phase.think)})"


def _warmup(scenario: Scenario) -> tuple[int, bool]:
    """How long the warm-up at the beginning lasts, and whether there is another."""
    warmup_ns, measured, later = 0, False, False
    for span in Plan(scenario).phases():
        later = later or (measured and span.warmup)
        measured = measured or not span.warmup
        if not measured:
            warmup_ns = span.end_ns
    return (warmup_ns if measured else 0), later


def _joined(scenario: Scenario, within_ns: int) -> Iterator[Stage]:
    """One stage for what follows with as many users."""
    for (users, spawn_per_s), ends_ns in groupby(_steps(scenario, within_ns), key=lambda step: (step[1], step[2])):
        *_, (end_ns, _, _) = ends_ns
        yield Stage(spelling.seconds(end_ns), users, spawn_per_s)


def _steps(scenario: Scenario, within_ns: int) -> Iterator[tuple[int, int, str]]:
    plan = Plan(scenario)
    for phase, span in zip(scenario.phases, plan.phases(), strict=True):
        if isinstance(phase, Users):
            spawn = spelling.number(phase.spawn_per_s) if phase.spawn_per_s else ""
            yield span.end_ns, phase.users, spawn
            continue
        length_ns = span.end_ns - span.start_ns
        count = max(min(_STAGES, length_ns // _S), 1)
        ends_ns = [span.start_ns + length_ns * (i + 1) // count for i in range(count)]
        begins_ns = [span.start_ns, *ends_ns[:-1]]
        middles_ns = np.array([(begin + end) // 2 for begin, end in zip(begins_ns, ends_ns, strict=True)], np.int64)
        rates = plan.rate_per_s(middles_ns).tolist()
        for end_ns, rate_per_s in zip(ends_ns, rates, strict=True):
            yield end_ns, max(math.ceil(rate_per_s * within_ns / _S - 1e-9), 1), ""
