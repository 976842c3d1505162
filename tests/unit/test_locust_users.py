from typing import Any

import pytest

from asyncload.formats.locust.course import course
from asyncload.formats.locust.users import users_at
from asyncload.scenario import Scenario
from tests.unit.recordings import Made, S, recording

MODELS = [{"name": "a", "payload": "1"}]


def scenario(*phases: dict[str, Any]) -> dict[str, Any]:
    """As a run's result holds it: with every default."""
    data = {"endpoint": {"name": "mme"}, "models": MODELS, "phases": list(phases)}
    return Scenario.from_dict(data, source="test").to_dict()


@pytest.mark.parametrize(
    ("t_s", "users"),
    [
        (0.5, None),  # the open warm-up before
        (1.001, 1),
        (1.999, 4),
        (2.001, 5),  # the fifth begins a second after the first
        (4.999, 10),
        (5.001, 11),  # of 30, ten go on and a new one begins every 100 ms, the first at once
        (5.95, 20),
        (7, 30),
        (9, 3),  # too many stop at once
        (10, 3),
        (10.1, None),  # over
    ],
)
def test_users_follow_the_phases(t_s: float, users: int | None) -> None:
    """The k-th new user begins at k / spawn; those of the phase before go on; an open phase has none."""
    given = scenario(
        {"rate": "1/s", "for": "1s", "warmup": True},
        {"users": 10, "spawn": "4/s", "for": "4s"},
        {"users": 30, "spawn": "10/s", "for": "3s"},
        {"users": 3, "for": "2s"},
    )
    assert users_at(given, int(t_s * S)) == users


def test_behind_a_trace_nobody_knows_the_users() -> None:
    """The scenario does not state how long a trace is."""
    assert users_at({"phases": [{"trace": "t.csv"}, {"users": 3, "for": "2s"}]}, S) is None
    assert users_at({}, S) is None


def test_the_user_count_of_a_closed_loop_is_its_users() -> None:
    """Whatever is in flight at the ends of the seconds; of a rank, its share of them."""
    calls = [Made(i * S // 10, 0) for i in range(20)]
    made = recording(calls, ["a"], length_s=2, scenario=scenario({"users": 5, "for": "2s"}))
    assert [moment.users for moment in course(made, "sent", full=False)] == [5, 5]
    assert made.history is not None
    for rank, users in ((0, 3), (1, 2)):
        share = type(made)(made.result, type(made.history)(made.history.measured_ns, rank, 2, made.history.seconds))
        assert [moment.users for moment in course(share, "sent", full=False)] == [users, users]
