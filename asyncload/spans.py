"""
Where the measured phases lie, and where in them the load was alike: what a result must know to tell change from chance.

Read from the scenario as data, which is what a result keeps of it. A phase is cut into stretches:

    a flat rate, users          one, of constant load; what changes in it is the endpoint's doing
    steps, a spike              one per level, of constant load
    ramp, points, sine, trace   up to eight, whose load changes by intent

A trace does not say its length there; it follows from the length that was measured, if there is no other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from typing import Any, Final

from asyncload.measured import Health
from asyncload.units import parse_duration_ns, parse_rate_per_s

_S: Final = 1_000_000_000
_NEVER_NS: Final = 1 << 62
_PIECES: Final = 8
_LEAST_NS: Final = 10 * _S
"""Shorter stretches of a changing load would leave too few seconds each."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a measured phase, from the plan's zero."""

    start_ns: int
    end_ns: int
    phase: int
    """Index among the scenario's phases."""
    constant: bool
    """Whether the load is the same from its beginning to its end."""
    last: bool = False
    """Whether no other phase follows, so that what ends behind it was due in it, or before."""


def stretches(scenario: Mapping[str, Any], health: Health) -> tuple[Stretch, ...]:
    """
    Return the stretches that were measured, in the order of time: cut off where the run ended, and where
    `warmup: auto` cut.

    Args:
        scenario: As data; one without phases, or with more than one trace, is taken for one phase behind its warm-up.
        health: Of the run.
    """
    phases = scenario.get("phases", ())
    lengths_ns = _lengths_ns(phases, health)
    if not phases or lengths_ns is None:
        end_ns = max(_ended_ns(health), health.measured_ns)
        whole = Stretch(end_ns - health.measured_ns, end_ns, 0, constant=False)
        return (replace(whole, last=True),) if health.measured_ns else ()
    starts_ns = [0, *_running(lengths_ns)]
    found = [
        replace(stretch, start_ns=stretch.start_ns + starts_ns[index], end_ns=stretch.end_ns + starts_ns[index])
        for index, phase in enumerate(phases)
        if not phase.get("warmup", False)
        for stretch in _parts(phases, index, lengths_ns[index])
    ]
    clipped = tuple(_clipped(found, health))
    if clipped and (clipped[-1].phase == len(phases) - 1 or clipped[-1].end_ns >= _ended_ns(health)):
        return (*clipped[:-1], replace(clipped[-1], last=True))
    return clipped


def first_measured_ns(scenario: Mapping[str, Any], health: Health) -> tuple[int, int]:
    """Where the first measured phase lies, whatever `warmup: auto` cut from it; (0, 0) if nothing was measured."""
    whole = replace(health, settled_s=0, measured_ns=_NEVER_NS, interrupted=False, cut=False)
    uncut = whole if health.settled_s else health
    found = stretches(scenario, uncut)
    if not found:
        return 0, 0
    first = [stretch for stretch in found if stretch.phase == found[0].phase]
    return first[0].start_ns, first[-1].end_ns


def _running(lengths_ns: Sequence[int]) -> Iterator[int]:
    total_ns = 0
    for length_ns in lengths_ns:
        total_ns += length_ns
        yield total_ns


def _lengths_ns(phases: Sequence[Mapping[str, Any]], health: Health) -> list[int] | None:
    """Length of each phase; None if more than one does not say its own."""
    known = [parse_duration_ns(phase["for"]) if "for" in phase else None for phase in phases]
    missing = [index for index, length_ns in enumerate(known) if length_ns is None]
    lengths_ns = [length_ns or 0 for length_ns in known]
    if len(missing) > 1:
        return None
    for index in missing:
        end_ns = max(_ended_ns(health), 0)
        others_ns = [length for length, phase in zip(lengths_ns, phases, strict=True) if not phase.get("warmup", False)]
        measured = not phases[index].get("warmup", False)
        whole_ns, rest_ns = end_ns, sum(lengths_ns)
        if measured:
            whole_ns, rest_ns = health.measured_ns + _cut_ns(phases, lengths_ns, health), sum(others_ns)
        lengths_ns[index] = max(whole_ns - rest_ns, 0)
    return lengths_ns


def _cut_ns(phases: Sequence[Mapping[str, Any]], lengths_ns: Sequence[int], health: Health) -> int:
    """How much `warmup: auto` cut, by which the measured length is the less; a trace is not the first that it cuts."""
    before = takewhile(lambda pair: pair[0].get("warmup", False), zip(phases, lengths_ns, strict=True))
    return max(health.settled_s * _S - sum(length_ns for _, length_ns in before), 0) if health.settled_s else 0


def _clipped(found: Sequence[Stretch], health: Health) -> Iterator[Stretch]:
    """Leave out what `warmup: auto` cut, and what had not passed when the run ended."""
    begin_ns, left_ns = health.settled_s * _S, health.measured_ns
    # Of ranks that were cut differently `measured_ns` is that of the longest, which may reach beyond a stop.
    stop_ns = _ended_ns(health) if health.interrupted or health.cut else _NEVER_NS
    for stretch in found:
        start_ns = max(stretch.start_ns, begin_ns)
        end_ns = min(stretch.end_ns, start_ns + left_ns, stop_ns)
        if end_ns > start_ns:
            left_ns -= end_ns - start_ns
            yield replace(stretch, start_ns=start_ns, end_ns=end_ns)


def _ended_ns(health: Health) -> int:
    """When the run's last call was due, from the plan's zero."""
    return health.elapsed_ns - health.send_tail_ns


def _parts(phases: Sequence[Mapping[str, Any]], index: int, length_ns: int) -> Iterator[Stretch]:
    """Cut one phase, counted from its own start."""
    edges_ns = sorted({0, length_ns, *(edge for edge in _edges_ns(phases, index, length_ns) if 0 < edge < length_ns)})
    phase = phases[index]
    for begin_ns, end_ns in pairwise(edges_ns):
        yield Stretch(begin_ns, end_ns, index, constant=_constant(phase, begin_ns, edges_ns))


def _edges_ns(phases: Sequence[Mapping[str, Any]], index: int, length_ns: int) -> Iterator[int]:
    """Where the load begins to be another."""
    phase = phases[index]
    rate = phase.get("rate")
    if "users" in phase:
        yield _spawned_ns(phases, index)
    elif not isinstance(rate, Mapping):
        yield from () if "rate" in phase else _pieces(length_ns, _PIECES)
    elif "steps" in rate:
        yield from (length_ns * k // len(rate["steps"]) for k in range(len(rate["steps"])))
    elif "spike" in rate:
        at_ns = parse_duration_ns(rate["spike"]["at"])
        yield from (at_ns, at_ns + parse_duration_ns(rate["spike"]["for"]))
    elif "sine" in rate:
        period_ns = parse_duration_ns(rate["sine"]["period"])
        # A swing much shorter than the phase averages out in it, as any other scatter does.
        yield from _pieces(length_ns, _PIECES * max(round(length_ns / period_ns), 1), of_all=True)
    else:
        yield from _pieces(length_ns, _PIECES)


def _pieces(length_ns: int, number: int, *, of_all: bool = False) -> Iterator[int]:
    """Equal pieces; fewer where they would be short, none at all with `of_all`."""
    most = max(length_ns // _LEAST_NS, 1)
    number = number if number <= most else 1 if of_all else most
    yield from (length_ns * k // number for k in range(1, number))


def _constant(phase: Mapping[str, Any], begin_ns: int, edges_ns: Sequence[int]) -> bool:
    rate = phase.get("rate")
    if "users" in phase:
        return begin_ns > 0 or len(edges_ns) == 2  # no users to wait for
    if isinstance(rate, Mapping):
        return "steps" in rate or "spike" in rate
    return rate is not None


def _spawned_ns(phases: Sequence[Mapping[str, Any]], index: int) -> int:
    """When the last user of a closed phase has begun; 0 if all begin at once."""
    phase, before = phases[index], phases[index - 1].get("users", 0) if index else 0
    if not phase.get("spawn"):
        return 0
    new: int = max(phase["users"] - before, 1)
    return round((new - 1) / parse_rate_per_s(phase["spawn"]) * 1e9)
