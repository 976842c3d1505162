"""closed: what a result reads of its closed phases, and how often a user calls as a rule."""

import math

import pytest

from asyncload.closed import ClosedPhase, closed_phases, expected_interval_us
from asyncload.scenario import Arrivals, Endpoint, Model, Phase, Scenario, ThinkTime, Users

S = 1_000_000_000


def data(*phases: Phase) -> dict[str, object]:
    return Scenario(endpoint=Endpoint(name="e"), models=(Model(name="a"),), phases=phases).to_dict()


def test_measured_closed_phases_are_read_from_the_scenario_as_data() -> None:
    """Warm-up is none of them, and an open loop has none."""
    found = closed_phases(
        data(
            Users(users=3, length_ns=S, warmup=True),
            Users(users=20, think=ThinkTime(from_ns=S, to_ns=3 * S), pace_ns=4 * S, spawn_per_s=50.0, length_ns=7 * S),
            Users(users=1, think=S // 4, length_ns=S),
        )
    )
    assert found == (ClosedPhase(20, 2.0 * S, 4 * S, 7 * S), ClosedPhase(1, S / 4, 0, S))
    assert closed_phases(data(Users(users=3, length_ns=S, warmup=True), Arrivals(rate=1.0, length_ns=S))) == ()
    assert closed_phases({}) == ()


@pytest.mark.parametrize(
    ("phases", "interval_us"),
    [
        ([ClosedPhase(8, 0.0, 0, S)], 5_000),
        ([ClosedPhase(8, 0.01 * S, 0, S)], 15_000),
        ([ClosedPhase(8, 0.01 * S, S // 10, S)], 100_000),
        ([ClosedPhase(8, 0.2 * S, S // 10, S)], 205_000),
        # 8 users for 3 s, 24 for 1 s: as much of one as of the other.
        ([ClosedPhase(8, 0.0, 0, 3 * S), ClosedPhase(24, 0.01 * S, 0, S)], 10_000),
    ],
)
def test_a_user_calls_as_often_as_its_pause_its_pace_and_a_usual_call_allow(
    phases: list[ClosedPhase], interval_us: float
) -> None:
    """With calls of 5 ms at the median."""
    assert expected_interval_us(phases, 5_000.0) == pytest.approx(interval_us)


def test_it_is_not_known_of_an_open_loop_nor_before_an_answer() -> None:
    assert math.isnan(expected_interval_us([], 5_000.0))
    assert math.isnan(expected_interval_us([ClosedPhase(8, 0.0, 0, S)], math.nan))
