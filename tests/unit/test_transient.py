"""`warmup: auto`: what is kept of a run's beginning, what is cut of it, and that a killed run is cut alike."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asyncload import store, transient
from asyncload.call import Outcome, Reply
from asyncload.cli.overrides import Overrides, resolve
from asyncload.errors import ScenarioError
from asyncload.measured import less, total
from asyncload.options import Options
from asyncload.record import Recorder
from asyncload.result import RunResult
from asyncload.scenario import Arrivals, Phase, Scenario, Users
from asyncload.transient import Beginning, Transient, find
from tests.unit.seconds import S, second
from tests.unit.test_session import MS, World, scenario, world

__all__ = ["world"]  # a fixture

SLOW, QUICK = 200 * MS, 20 * MS
WARM = Arrivals(law="constant", rate=50.0, length_ns=5 * S, warmup=True)


def automatic(*phases: Phase) -> Scenario:
    return replace(scenario(*phases), warmup="auto")


def flat(length_s: int) -> Arrivals:
    return Arrivals(law="constant", rate=50.0, length_ns=length_s * S)


def run(world: World, asked: Scenario, out: Path, slow_s: float = 8.0) -> RunResult:
    """An endpoint that takes ten times as long for so many seconds."""
    world.scenario, world.options, world.service_ns = asked, Options(out=out), SLOW
    world.at = {slow_s: lambda world: setattr(world.wire, "service_ns", QUICK)}
    return world.run()


def test_the_slow_beginning_counts_as_warm_up(world: World, tmp_path: Path) -> None:
    """8 s of 60, in batches of five: 10 s. Nothing is lost, and what is left knows no slow call."""
    result = run(world, automatic(flat(60)), tmp_path)
    assert result.health.settled_s == 10
    assert (result.steady.warmup_s, result.steady.settled) == (10, True)
    assert result.steady.warmup == (
        "warm-up: the first 10 s, by MSER-5; behind it calls count by when they ended, rates by when they were due"
    )
    assert result.totals.response.quantile_us(1) == pytest.approx(20_000, rel=0.02)
    assert result.warmup.response.quantile_us(0.5) == pytest.approx(200_000, rel=0.01)
    assert result.warmup.calls + result.totals.calls == len(world.wire.sent) == 3000
    assert 490 <= result.warmup.calls <= 500
    assert result.health.measured_ns == 50 * S
    assert result.asked_per_s == pytest.approx(50, rel=0.01)
    assert not result.verdict.warnings
    assert result.reconciliation is not None
    assert result.reconciliation.balanced


def test_calls_of_a_warm_up_phase_are_warm_up_already(world: World, tmp_path: Path) -> None:
    """5 s of it, and the first 5 of what was to be measured: MSER looks at the measured phase alone."""
    result = run(world, automatic(WARM, flat(60)), tmp_path)
    assert (result.health.settled_s, result.steady.warmup_s) == (10, 5)
    assert result.warmup.calls + result.totals.calls == 3250
    assert 490 <= result.warmup.calls <= 500
    assert result.health.measured_ns == 55 * S


def test_the_directory_reads_as_the_result_and_its_seconds_know_the_cut(world: World, tmp_path: Path) -> None:
    """Rows of seconds before it belong to the warm-up, whatever their target; the measured span begins there."""
    result = run(world, automatic(flat(60)), tmp_path)
    assert store.read(tmp_path) == result
    history = store.read_history(tmp_path)
    assert history is not None
    assert history.measured_ns == ((10 * S, 60 * S),)
    for number, targets in history.seconds:
        assert (2 in targets) is (number < 10)
        assert len(targets) == 1 or number >= 10
    for columns in history.columns("response"):
        assert (columns.model[columns.second < 10] == 2).all()
        assert (columns.model[columns.second >= 10] < 2).all()


def test_a_run_that_was_killed_is_cut_alike(world: World, tmp_path: Path) -> None:
    """Without its result.json: the same numbers from the rows, and from a directory as it was in the middle."""
    middle: list[RunResult] = []
    world.at = {}
    whole = tmp_path / "whole"
    world.scenario, world.options, world.service_ns = automatic(flat(60)), Options(out=whole), SLOW
    world.at = {
        8.0: lambda world: setattr(world.wire, "service_ns", QUICK),
        40.5: lambda _: middle.append(store.read(whole)),
    }
    result = world.run()
    (whole / "result.json").rename(tmp_path / "result.json")
    killed = store.read(whole)
    assert replace(killed, health=result.health) == result
    assert (killed.health.settled_s, killed.health.measured_ns) == (10, 50 * S)
    assert middle[0].health.settled_s in {8, 12}  # 40 s have batches of four
    assert middle[0].totals.response.quantile_us(1) <= 201_000
    history = store.read_history(shutil.copytree(whole, tmp_path / "again"))
    assert history is not None
    assert history.measured_ns[0][0] == 10 * S


def test_what_settled_at_once_is_not_cut(world: World, tmp_path: Path) -> None:
    result = run(world, automatic(flat(30)), tmp_path, slow_s=-0.04)
    assert (result.health.settled_s, result.warmup.calls, result.totals.calls) == (0, 0, 1500)
    assert result.steady.warmup == "warm-up: nothing to cut, by MSER-3"
    assert store.read_history(tmp_path).measured_ns == ((0, 30 * S),)  # type: ignore[union-attr]


def test_what_never_settles_is_cut_by_half_with_a_warning(world: World, tmp_path: Path) -> None:
    """A level that ends after 42 of 60 s."""
    result = run(world, automatic(flat(60)), tmp_path, slow_s=42.0)
    assert (result.health.settled_s, result.health.unsettled) == (30, True)
    words = "warm-up: the first 30 s, by MSER-5, as much as may be cut: it had not settled by then; "
    words += "behind it calls count by when they ended, rates by when they were due"
    assert result.steady.warmup == words
    assert words in result.verdict.warnings


def test_a_phase_of_a_few_seconds_is_not_looked_at(world: World, tmp_path: Path) -> None:
    result = run(world, automatic(flat(9)), tmp_path)
    assert result.health.settled_s == 0
    assert "too short" in result.steady.warmup


def test_nothing_is_kept_or_cut_unless_asked_for(world: World, tmp_path: Path) -> None:
    result = run(world, scenario(flat(60)), tmp_path)
    assert (result.health.settled_s, result.health.reach_s, result.steady.warmup) == (0, 0, "")
    assert world.session._beginning is None


def test_users_may_settle_too(world: World, tmp_path: Path) -> None:
    """A closed loop whose first calls are slow."""
    result = run(world, automatic(Users(users=5, length_ns=60 * S)), tmp_path)
    assert 5 <= result.health.settled_s <= 15
    assert result.closed
    assert result.totals.response.quantile_us(0.5) == pytest.approx(20_000, rel=0.01)


def test_the_plan_is_the_same_with_and_without(world: World) -> None:
    """The key is about what is counted, not about what is sent."""
    from asyncload.plan import Plan

    assert Plan(automatic(flat(60))).digest() == Plan(scenario(flat(60))).digest()


@pytest.mark.parametrize(
    "phases",
    [
        [{"rate": 50, "for": "60s"}],
        [{"rate": {"from": 1, "to": 50}, "for": "60s", "warmup": True}, {"rate": 50, "for": "60s"}],
        [{"users": 5, "for": "60s"}],
        [{"rate": 50, "for": "60s"}, {"rate": {"from": 1, "to": 50}, "for": "60s"}],
        [{"rate": 50, "for": "60s", "warmup": True}],
    ],
)
def test_it_may_be_asked_for_where_the_first_measured_load_is_constant(phases: list[dict[str, Any]]) -> None:
    """Whatever comes before and after."""
    assert Scenario.from_dict(asked_for(phases)).warmup == "auto"


@pytest.mark.parametrize("rate", [{"from": 1, "to": 50}, {"steps": [1, 2]}, {"points": [[0, 1]]}])
def test_it_is_refused_where_latency_changes_by_intent(rate: dict[str, Any]) -> None:
    phases: list[dict[str, Any]] = [{"rate": 50, "for": "60s", "warmup": True}, {"rate": rate, "for": "60s"}]
    with pytest.raises(
        ScenarioError, match=r"warmup: auto looks .* load of phases\[1\].* expected users or a flat rate"
    ):
        Scenario.from_dict(asked_for(phases))


def test_another_word_than_auto_is_refused() -> None:
    with pytest.raises(ScenarioError, match="auto"):
        Scenario.from_dict(asked_for([{"rate": 50, "for": "60s"}]) | {"warmup": "on"})


def test_the_command_line_may_ask_for_it(tmp_path: Path) -> None:
    """Beside a file that does not, and without a file."""
    path = tmp_path / "scenario.yaml"
    path.write_bytes(json.dumps(asked_for([{"rate": 50, "for": "60s"}]) | {"warmup": None}).encode())
    assert resolve(path, Overrides()).warmup is None
    assert resolve(path, Overrides(warmup="auto")).warmup == "auto"
    with pytest.raises(ScenarioError, match="warmup"):
        resolve(path, Overrides(warmup="on"))


def asked_for(phases: list[dict[str, Any]]) -> dict[str, Any]:
    return {"endpoint": {"name": "mme"}, "models": [{"name": "a"}], "phases": phases, "warmup": "auto"}


# -- what is kept -----------------------------------------------------------------------------------------------------


def filled(seconds: int, kept: Beginning) -> Recorder:
    """Two models, one of which is called once a second."""
    recorder = Recorder(2, 0)
    for number in range(seconds):
        due = number * S
        recorder.record(number % 2, due, Reply(due, due + 1, due + (number + 1) * MS, Outcome.OK, 3, 2))
        kept.keep(recorder.tick())
    return recorder


def test_no_more_than_half_of_the_phase_is_kept_and_ten_minutes_of_it() -> None:
    for span, most in (((5 * S, 65 * S), 35), ((0, 15 * S), 8), ((10 * S, 3600 * S), 610)):
        kept = Beginning(span)
        filled(most + 20, kept)
        assert kept.reach_s == most


def test_no_more_is_kept_than_memory_is_left_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no later second instead of one that did not fit."""
    monkeypatch.setattr(transient, "_MOST_BYTES", 2000)
    kept = Beginning((0, 100 * S))
    filled(50, kept)
    assert 1 <= kept.reach_s < 10
    reached = kept.reach_s
    filled(50, kept)
    assert kept.reach_s == reached


def test_what_is_taken_out_and_what_is_left_are_the_whole() -> None:
    """Counts, bytes, attempts, histograms and signs."""
    kept = Beginning((0, 100 * S))
    recorder = filled(20, kept)
    for index, part in enumerate(kept.until(7, ["a", "b"])):
        whole = recorder.totals.result(index, part.name)
        rest = less(whole, part)
        assert part.calls == (4, 3)[index]
        assert rest.calls == whole.calls - part.calls
        assert total(part.name, [rest, part]) == whole


def test_a_cut_beyond_what_was_kept_ends_there() -> None:
    """And is told as one that was not enough."""
    times = [50_000] * 20 + [8_000] * 80
    rows = [second(number, [us] * 10) for number, us in enumerate(times)]
    assert find(rows, (0, 100 * S), 100 * S, 50) == Transient(20, unsettled=False)
    assert find(rows, (0, 100 * S), 100 * S, 12) == Transient(12, unsettled=True)
    assert find(rows, (0, 100 * S), 100 * S, 0) == Transient(0, unsettled=True)


def test_seconds_in_which_nothing_ended_are_as_their_neighbours() -> None:
    """Calls every other second, and none at first."""
    times = [[] if number % 2 or number < 3 else [50_000 if number < 20 else 8_000] for number in range(100)]
    rows = [second(number, us) for number, us in enumerate(times)]
    assert find(rows, (0, 100 * S), 100 * S, 50).until_s == 20
    assert find([second(0, [])] * 30, (0, 30 * S), 30 * S, 15) == Transient(0, unsettled=False)


def test_only_seconds_that_lie_in_the_phase_are_looked_at() -> None:
    """It begins in the middle of a second; behind it everything is slow again."""
    times = np.concatenate([np.full(3, 90_000), np.full(60, 8_000), np.full(60, 90_000)])
    rows = [second(number, [us] * 10) for number, us in enumerate(times.tolist())]
    assert find(rows, (2_500_000_000, 62_500_000_000), 120 * S, 30) == Transient(0, unsettled=False)
