"""What the commands make of a closed loop before anything is sent."""

import json
from pathlib import Path

import pytest

from asyncload.cli.overrides import Overrides, resolve
from asyncload.cli.plan import describe
from asyncload.errors import UsageError
from asyncload.scenario import Arrivals, Endpoint, Model, Phase, Scenario, ThinkTime, Users

S = 1_000_000_000
CLOSED = Users(
    users=50, think=ThinkTime(from_ns=S, to_ns=3 * S), pace_ns=4 * S, spawn_per_s=25.0, length_ns=60 * S
)  # fmt: skip
WARMUP = Arrivals(law="constant", rate=10.0, length_ns=S, warmup=True)


def scenario(*phases: Phase) -> Scenario:
    models = (Model(name="a", weight=3.0, payload="1,2"), Model(name="b", payload="1,2"))
    return Scenario(name="crowd", endpoint=Endpoint(name="e"), models=models, phases=phases)


def said(capsys: pytest.CaptureFixture[str], *phases: Phase, as_json: bool = False) -> str:
    describe(scenario(*phases), as_json=as_json, csv=None)
    return capsys.readouterr().out


def test_plan_says_who_takes_part_and_that_the_endpoint_decides_on_the_calls(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is drawn or counted that is not known; the shares are."""
    lines = said(capsys, CLOSED).splitlines()
    assert lines[0] == "crowd: a closed loop of 1m"
    assert lines[1].startswith("digest: ")
    assert lines[2] == "closed loop from 0s to 1m: 50 users, 25/s begin, pause 1s to 3s, a call every 4s at most"
    assert lines[3] == "how many calls a closed loop makes depends on the endpoint: each user waits for its reply"
    assert [line.split() for line in lines[5:]] == [["model", "asked"], ["a", "75.00%"], ["b", "25.00%"]]


def test_plan_counts_what_is_open_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    """With its picture; the closed phase is blank in that."""
    lines = said(capsys, WARMUP, CLOSED).splitlines()
    assert lines[0] == "crowd: 10 arrivals in 1m1s, 10 of them warm-up; peak rate 10/s"
    assert "closed loop from 1s to 1m1s: 50 users, 25/s begin, pause 1s to 3s, a call every 4s at most" in lines
    assert any(line.startswith("10/s ┤█") for line in lines)
    assert any(line.split() == ["model", "arrivals", "share", "asked"] for line in lines)


def test_plan_as_json_has_every_number_of_a_closed_phase(capsys: pytest.CaptureFixture[str]) -> None:
    """Null in the place of those that there are none of, and of the calls."""
    document = json.loads(said(capsys, WARMUP, CLOSED, Users(users=1, length_ns=S), as_json=True))
    assert document["total"] == 10
    common = {"warmup": False, "calls": None}
    assert document["closed"] == [
        {
            "start_s": 1.0, "length_s": 60.0, "users": 50, "think_s": {"from": 1.0, "to": 3.0}, "pace_s": 4.0,
            "spawn_per_s": 25.0, **common,
        },
        {
            "start_s": 61.0, "length_s": 1.0, "users": 1, "think_s": {"from": 0.0, "to": 0.0}, "pace_s": None,
            "spawn_per_s": None, **common,
        },
    ]  # fmt: skip
    assert json.loads(said(capsys, WARMUP, as_json=True))["closed"] == []


def test_duration_is_an_option_for_users_and_rate_is_not(tmp_path: Path) -> None:
    """Whose rate follows from how many there are."""
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps(scenario(WARMUP, CLOSED).to_dict()))
    changed = resolve(path, Overrides(duration="90s"))
    assert [phase.length_ns for phase in changed.phases if isinstance(phase, Arrivals | Users)] == [S, 90 * S]
    with pytest.raises(UsageError, match="this one is a closed loop, whose rate follows from `users`"):
        resolve(path, Overrides(rate="5/s"))
