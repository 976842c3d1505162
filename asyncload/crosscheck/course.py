"""
What both sides are asked for, worked out before anything is sent: one scenario each, a warm-up, the measured time.

A comparison needs what a run does without: a warm-up on either side, for Locust counts the opening of a connection as
part of a call and asyncload does not, and one kind of arrivals only. So the scenario's own warm-up, or a second of the
first measured phase, comes first, then the measured phases.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asyncload.crosscheck.options import CrosscheckOptions
from asyncload.errors import UsageError
from asyncload.locust.export import Style
from asyncload.plan import Plan
from asyncload.scenario import Arrivals, Phase, Scenario, Trace, Users, targets
from asyncload.traffic import shares

_WARMUP_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What each run of a crosscheck does."""

    ours: Scenario
    """For asyncload."""
    theirs: Scenario
    """For Locust, to be exported."""
    style: Style
    users: int
    """Who wait for their replies; 0 if the plan is replayed."""
    spawn_per_s: float | None
    warmup_s: float
    length_s: float
    names: tuple[str, ...]
    """Models of the scenario, in its order."""
    shares: NDArray[np.float64]
    """Of the measured calls that each is to have."""
    host: str
    """For Locust's side; empty for AWS's own."""
    without_retries: bool
    """Whether the scenario has a retry policy, which neither side follows here."""

    def seeded(self, scenario: Scenario, pair: int) -> Scenario:
        """Another stimulus for each pair: five times the same draws would count as five times as many calls."""
        return replace(scenario, seed=(scenario.seed + pair - 1) % 2**63)


def course(scenario: Scenario, options: CrosscheckOptions) -> Course:
    """
    Work out what both sides are to do.

    Raises:
        UsageError: If the options do not fit the scenario, or one another.
        ScenarioError: If the scenario has mistakes.
    """
    if options.users is not None and options.replay:
        raise UsageError("--users and --replay are two ways to compare; give one of them")
    if options.repeats < 1:
        raise UsageError(f"--repeats {options.repeats}: expected at least 1; an answer needs 3")
    ours = _both_alike(scenario, options)
    theirs = _both_alike(options.locust_scenario or scenario, options)
    measured = [phase for phase in ours.phases if not phase.warmup]
    closed = measured[0] if isinstance(measured[0], Users) else None
    spans = Plan(ours).phases()
    return Course(
        ours=ours,
        theirs=theirs,
        style="tasks" if closed else "replay",
        users=closed.users if closed else 0,
        spawn_per_s=closed.spawn_per_s if closed else None,
        warmup_s=sum(span.end_ns - span.start_ns for span in spans if span.warmup) / 1e9,
        length_s=sum(span.end_ns - span.start_ns for span in spans if not span.warmup) / 1e9,
        names=tuple(target.label for target in targets(ours.models)),
        shares=_shares(ours, measured),
        host=options.locust_host or theirs.endpoint.url or "",
        without_retries=scenario.retries is not None,
    )


def _both_alike(scenario: Scenario, options: CrosscheckOptions) -> Scenario:
    measured = [phase for phase in scenario.phases if not phase.warmup]
    if not measured:
        raise UsageError("the scenario has warm-up phases only; there is nothing to compare")
    if options.users is not None:
        measured = [_loop(scenario, measured, options.users)]
        most = max(options.users, scenario.limits.in_flight)
        limits = replace(scenario.limits, in_flight=most, connections=max(options.users, scenario.limits.connections))
        scenario = replace(scenario, limits=limits)
    elif isinstance(measured[0], Users) and options.replay:
        raise UsageError("--replay needs due times, and the users of a closed loop have none; leave it away")
    elif isinstance(measured[0], Users) and len(measured) > 1:
        raise UsageError("a crosscheck takes one measured closed phase, for one number of users; give --users")
    phases = (*_warmup(scenario, measured), *measured)
    # Retries hide errors, and Locust's side has none; a stop rule would end one side of a pair.
    return replace(scenario, phases=phases, retries=None, slo=(), stop=()).checked()


def _loop(scenario: Scenario, measured: list[Phase], users: int) -> Users:
    """So many users for as long as the scenario measures, who think as the scenario's do."""
    if isinstance(measured[0], Users):
        return replace(measured[0], users=users)
    length_ns = sum(span.end_ns - span.start_ns for span in Plan(scenario).phases() if not span.warmup)
    return Users(users=users, length_ns=length_ns)


def _warmup(scenario: Scenario, measured: list[Phase]) -> tuple[Phase, ...]:
    """The scenario's own if it is of the same kind, else a second of what comes next, and longer if users spawn."""
    first = measured[0]
    if isinstance(first, Users):
        ramp_ns = round(first.users / first.spawn_per_s * 1e9) if first.spawn_per_s else 0
        given_ns = sum(phase.length_ns for phase in scenario.phases if phase.warmup and not isinstance(phase, Trace))
        return (replace(first, length_ns=max(given_ns, _WARMUP_NS + ramp_ns), warmup=True),)
    before = tuple(phase for phase in _leading(scenario) if not isinstance(phase, Users))
    if before:
        return before
    span = next(span for span in Plan(scenario).phases() if not span.warmup)
    rate_per_s = span.expected_count / (span.end_ns - span.start_ns) * 1e9
    return (Arrivals(law="poisson", rate=rate_per_s, length_ns=_WARMUP_NS, warmup=True),)


def _leading(scenario: Scenario) -> list[Phase]:
    """Warm-up phases that come before the first measured one."""
    count = next(number for number, phase in enumerate(scenario.phases) if not phase.warmup)
    return list(scenario.phases[:count])


def _shares(scenario: Scenario, measured: list[Phase]) -> NDArray[np.float64]:
    """By the weights; of a trace, which may name its targets, as they occur in it."""
    if not any(isinstance(phase, Trace) for phase in measured):
        return shares(scenario.models)
    counts = np.array(Plan(replace(scenario, phases=tuple(measured))).summary().per_target, np.float64)
    named: NDArray[np.float64] = counts / max(counts.sum(), 1.0)
    return named
