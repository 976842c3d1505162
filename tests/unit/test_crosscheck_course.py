"""crosscheck.course: what both sides are asked for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asyncload.crosscheck.course import course
from asyncload.crosscheck.options import CrosscheckOptions
from asyncload.errors import UsageError
from asyncload.plan import Plan
from asyncload.scenario import Scenario, Users
from tests.real.runs import scenario

URL = "http://127.0.0.1:9"
OPEN = {"law": "poisson", "rate": "100/s", "for": "2s"}
CLOSED = {"users": 4, "think": "10ms", "for": "3s"}


def given(*phases: dict[str, Any], **changes: Any) -> Scenario:
    return scenario(URL, phases=list(phases), **changes)


def test_an_open_scenario_is_replayed_behind_a_second_of_warm_up() -> None:
    """The measured phases as they are, on both sides; the warm-up at their mean rate."""
    found = course(given(OPEN), CrosscheckOptions())
    assert (found.style, found.users, found.warmup_s, found.length_s) == ("replay", 0, 1.0, 2.0)
    assert found.ours == found.theirs
    first, second = Plan(found.ours).phases()
    assert first.warmup
    assert first.expected_count == pytest.approx(100)
    assert second.expected_count == 200


def test_a_warm_up_of_the_scenarios_own_is_kept() -> None:
    """It comes first; one between measured phases is left out."""
    warm = {**OPEN, "for": "5s", "warmup": True}
    found = course(given(warm, OPEN, {**warm, "for": "9s"}, OPEN), CrosscheckOptions())
    assert (found.warmup_s, found.length_s) == (5.0, 4.0)


def test_users_wait_on_both_sides_and_think_as_the_scenarios_do() -> None:
    """A closed phase keeps its pause under another number of users; users who begin one by one are warmed up longer."""
    found = course(given({**CLOSED, "spawn": "2/s"}), CrosscheckOptions(users=8))
    assert (found.style, found.users, found.spawn_per_s, found.length_s) == ("tasks", 8, 2.0, 3.0)
    assert found.warmup_s == 5.0
    measured = found.ours.phases[-1]
    assert isinstance(measured, Users)
    assert (measured.users, measured.think) == (8, 10_000_000)


def test_a_closed_loop_can_stand_for_an_open_scenario() -> None:
    """As long as the scenario measures, with room for all users."""
    found = course(given(OPEN, limits={"in_flight": 2, "connections": 2}), CrosscheckOptions(users=6))
    assert (found.users, found.length_s) == (6, 2.0)
    assert found.ours.limits.connections == 6


def test_each_pair_has_other_draws_and_both_sides_of_one_the_same() -> None:
    """Else the calls of five pairs would be one sample, counted five times."""
    found = course(given(OPEN), CrosscheckOptions())
    digests = [Plan(found.seeded(side, pair)).digest() for pair in (1, 2) for side in (found.ours, found.theirs)]
    assert digests[0] == digests[1] != digests[2] == digests[3]


def test_locusts_side_may_have_another_host_and_another_scenario() -> None:
    """What is compared is held against asyncload's scenario."""
    other = given(OPEN, models=[{"name": "xgboost-0.tar.gz", "weight": 1}])
    found = course(given(OPEN), CrosscheckOptions(locust_host="http://127.0.0.1:8", locust_scenario=other))
    assert found.host == "http://127.0.0.1:8"
    assert len(found.theirs.models) == 1
    assert found.names == ("xgboost-0.tar.gz", "xgboost-1.tar.gz")
    assert found.shares.tolist() == [0.75, 0.25]


def test_retries_are_off_on_both_sides_and_that_is_told() -> None:
    """They hide errors, and Locust's side has none."""
    found = course(given(OPEN, retries={"on": ["throttled"]}), CrosscheckOptions())
    assert found.ours.retries is None
    assert found.without_retries
    assert not course(given(OPEN), CrosscheckOptions()).without_retries


def test_no_stop_rule_ends_one_side_of_a_pair() -> None:
    """Nor is a pair judged by the scenario's objectives."""
    found = course(given(OPEN, slo=["achieved >= 99%"], stop=["errors > 1 for 1s"]), CrosscheckOptions(users=2))
    assert [(side.slo, side.stop) for side in (found.ours, found.theirs)] == [((), ())] * 2


def test_a_trace_names_its_own_shares(tmp_path: Path) -> None:
    """Calls are held against what the trace has, for its models are not drawn by weight."""
    names = ["xgboost-0.tar.gz"] * 1 + ["xgboost-1.tar.gz"] * 4
    rows = "".join(f"{0.1 * i:.1f},{name}\n" for i, name in enumerate(names))
    (tmp_path / "trace.csv").write_text(f"timestamp,model\n{rows}")
    found = course(given({"trace": str(tmp_path / "trace.csv")}), CrosscheckOptions())
    np.testing.assert_allclose(found.shares, [0.2, 0.8])


@pytest.mark.parametrize(
    ("phases", "options", "said"),
    [
        ([OPEN], CrosscheckOptions(users=2, replay=True), "two ways to compare"),
        ([CLOSED], CrosscheckOptions(replay=True), "--replay needs due times"),
        ([CLOSED, CLOSED], CrosscheckOptions(), "one measured closed phase"),
        ([{**OPEN, "warmup": True}], CrosscheckOptions(), "nothing to compare"),
        ([OPEN], CrosscheckOptions(repeats=0), "expected at least 1"),
    ],
)
def test_what_does_not_fit_is_refused(phases: list[dict[str, Any]], options: CrosscheckOptions, said: str) -> None:
    """Before anything is sent."""
    with pytest.raises(UsageError, match=said):
        course(given(*phases), options)
