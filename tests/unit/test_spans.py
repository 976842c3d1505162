"""spans: where the measured phases lie, and where in them the load was alike."""

from typing import Any

import pytest

from asyncload.result import Health
from asyncload.spans import first_measured_ns, stretches

S = 1_000_000_000
WARM = {"law": "poisson", "rate": 50, "for": "10s", "warmup": True}


def found(*phases: dict[str, Any], measured_s: float = 1e6, **health: Any) -> list[tuple[float, float, bool]]:
    readings = {"elapsed_ns": 0, "send_tail_ns": 0, **health}
    of = stretches({"phases": phases}, Health(0, measured_ns=round(measured_s * S), **readings))
    return [(stretch.start_ns / S, stretch.end_ns / S, stretch.constant) for stretch in of]


def phase(rate: object, length: str = "80s") -> dict[str, Any]:
    return {"law": "constant", "rate": rate, "for": length}


def test_a_flat_rate_behind_a_warm_up_is_one_stretch() -> None:
    assert found(WARM, phase(100)) == [(10, 90, True)]
    assert found(WARM, phase("100/s"), phase(200, "1m")) == [(10, 90, True), (90, 150, True)]


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ({"steps": [1, 2, 3, 4]}, [(0, 20, True), (20, 40, True), (40, 60, True), (60, 80, True)]),
        ({"spike": {"base": 1, "peak": 9, "at": "30s", "for": "20s"}}, [(0, 30, True), (30, 50, True), (50, 80, True)]),
        ({"spike": {"base": 1, "peak": 9, "at": "70s", "for": "20s"}}, [(0, 70, True), (70, 80, True)]),
        ({"from": 1, "to": 9}, [(10 * k, 10 * k + 10, False) for k in range(8)]),
        ({"points": [[0, 1], ["5s", 2]]}, [(10 * k, 10 * k + 10, False) for k in range(8)]),
        ({"sine": {"mean": 5, "amplitude": 2, "period": "80s"}}, [(10 * k, 10 * k + 10, False) for k in range(8)]),
        ({"sine": {"mean": 5, "amplitude": 2, "period": "4s"}}, [(0, 80, False)]),
    ],
)
def test_a_rate_that_changes_is_cut_where_it_does(rate: dict[str, Any], expected: list[tuple[int, int, bool]]) -> None:
    """Levels are of constant load; slopes are pieces of ten seconds at least, and whole if they swing quickly."""
    assert found(phase(rate)) == expected


def test_a_short_ramp_has_fewer_pieces() -> None:
    assert found(phase({"from": 1, "to": 9}, "25s")) == [(0, 12.5, False), (12.5, 25, False)]
    assert found(phase({"from": 1, "to": 9}, "5s")) == [(0, 5, False)]


def test_users_are_a_constant_load_when_all_have_begun() -> None:
    """The last of 21 at 2/s begins after 10 s; those of the phase before go on."""
    assert found({"users": 21, "for": "60s"}) == [(0, 60, True)]
    assert found({"users": 21, "spawn": "2/s", "for": "60s"}) == [(0, 10, False), (10, 60, True)]
    users = [{"users": 10, "for": "30s"}, {"users": 21, "spawn": "1/s", "for": "60s"}]
    assert found(*users) == [(0, 30, True), (30, 40, False), (40, 90, True)]


def test_a_run_that_ended_early_ends_there() -> None:
    """In the second of two phases, or before its second stretch."""
    assert found(WARM, phase(1, "20s"), phase(2, "20s"), measured_s=25) == [(10, 30, True), (30, 35, True)]
    assert found(phase({"steps": [1, 2]}), measured_s=30) == [(0, 30, True)]
    assert found(WARM, phase(1), measured_s=0) == []


def test_what_was_cut_is_not_measured() -> None:
    """`warmup: auto` cut up to second 17 of the plan: 7 s of the phase."""
    assert found(WARM, phase(1), measured_s=73, settled_s=17) == [(17, 90, True)]
    health = Health(0, 90 * S, 73 * S, 0, settled_s=17)
    assert first_measured_ns({"phases": [WARM, phase(1), phase(2)]}, health) == (10 * S, 90 * S)


def test_a_trace_is_as_long_as_what_was_measured() -> None:
    """It does not say its length; the others do."""
    trace = {"trace": "calls.csv"}
    assert found(WARM, trace, measured_s=15) == [(10, 25, False)]
    assert found(phase(1, "20s"), trace, measured_s=44) == [(0, 20, True), (20, 32, False), (32, 44, False)]
    warm = {"trace": "calls.csv", "warmup": True}
    assert found(warm, phase(1, "20s"), measured_s=20, elapsed_ns=33 * S, send_tail_ns=S) == [(12, 32, True)]


def test_a_trace_is_not_the_shorter_for_what_was_cut_before_it() -> None:
    """What was measured is the less by the cut, of which a warm-up phase is no part; the trace is not."""
    trace = {"trace": "calls.csv"}
    assert found(phase(1, "60s"), trace, measured_s=53, settled_s=15) == [(15, 60, True), (60, 68, False)]
    cut = found(WARM, phase(1, "60s"), trace, measured_s=56, settled_s=22)
    assert cut == [(22, 70, True), (70, 78, False)]


def test_where_the_phases_are_not_known_the_warm_up_came_first() -> None:
    """Of two traces, or of a result that has no phases."""
    two: list[dict[str, Any]] = [{"trace": "a.csv", "warmup": True}, {"trace": "b.csv"}]
    for phases in (two, []):
        assert found(*phases, measured_s=20, elapsed_ns=30 * S) == [(10, 30, False)]
    assert found(measured_s=0) == []


@pytest.mark.parametrize(
    ("phases", "ended_s", "interrupted", "last"),
    [
        ([WARM, phase(100)], 90, False, True),  # late replies are of the measured phase
        ([phase(100), WARM], 90, False, False),  # of the cool-down
        ([phase(100), WARM], 50, True, True),  # stopped before it
        ([phase(100), WARM], 85, True, False),  # stopped in it
        ([phase(100), phase(200)], 50, True, True),
    ],
)
def test_the_last_stretch_knows_whether_late_replies_are_its_own(
    phases: list[dict[str, Any]],
    ended_s: int,
    interrupted: bool,  # noqa: FBT001
    last: bool,  # noqa: FBT001
) -> None:
    measured_ns = min(ended_s - 10 * (phases[0] is WARM), 80) * S
    health = Health(0, ended_s * S, measured_ns, 0, interrupted=interrupted)
    assert stretches({"phases": phases}, health)[-1].last == last
