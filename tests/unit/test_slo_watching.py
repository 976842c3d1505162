"""Stop rules: what they see of a second, when they fire, and what a run does then."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from asyncload import store
from asyncload.call import Outcome, Reply
from asyncload.measured import SecondResult
from asyncload.options import Options
from asyncload.record import METRICS, Recorder
from asyncload.result import RunResult
from asyncload.scenario import Arrivals, Limits, Users
from asyncload.slo.grammar import parse_stop
from asyncload.slo.watching import Moment, StopWatch
from tests.unit.test_session import World, ask, scenario, virtual_loop

S = 1_000_000_000
MS = 1_000_000
NAMES = ("xgb-0", "xgb-1", "other")
Calls = Sequence[tuple[int, Outcome, int]]
"""Model, outcome, response time in ms."""


def moments(*seconds: Calls, in_flight: Sequence[int] = (), rate_per_s: float = 10.0) -> Iterator[Moment]:
    """Seconds in which these calls ended; each was sent 1 ms late."""
    recorder = Recorder(len(NAMES))
    for number, calls in enumerate(seconds):
        for model, outcome, took_ms in calls:
            due = 1 + number * S
            recorder.record(model, due, Reply(due + MS, due + MS, due + took_ms * MS, outcome, 1, 2))
        second = recorder.tick()
        outcomes = tuple(second.outcomes.sum(axis=0).tolist())
        response, lateness = (second.overall(METRICS.index(name)) for name in ("response", "lateness"))
        waiting = in_flight[number] if number < len(in_flight) else 0
        row = SecondResult(number, len(calls), len(calls), waiting, outcomes, response, lateness)
        yield Moment(row, second, rate_per_s)


def fired(rule: str, *seconds: Calls, in_flight: Sequence[int] = (), rate_per_s: float = 10.0) -> str:
    """What the first rule that fires says; empty if none does."""
    watch = StopWatch([parse_stop(rule)], NAMES)
    looks = map(watch.look, moments(*seconds, in_flight=in_flight, rate_per_s=rate_per_s))
    return next(filter(None, chain.from_iterable(looks)), "")


def ok(model: int = 0, took_ms: int = 5) -> tuple[int, Outcome, int]:
    return model, Outcome.OK, took_ms


def bad(model: int = 0, outcome: Outcome = Outcome.MODEL_ERROR) -> tuple[int, Outcome, int]:
    return model, outcome, 5


GOOD, BAD, NONE = [ok()] * 9, [*[ok()] * 8, bad(), bad()], ()


@pytest.mark.parametrize(
    ("seconds", "in_second"),
    [
        ([BAD, BAD, BAD], 2),  # three in a row
        ([BAD, BAD, GOOD, BAD, BAD], None),  # a good one breaks the row
        ([BAD, BAD, GOOD, BAD, BAD, BAD], 5),  # and it begins anew
        ([BAD, NONE, BAD], None),  # a second without calls does not confirm it
        ([BAD, NONE, BAD, BAD], 3),  # nor break it
        ([BAD, NONE, NONE, NONE], None),  # so it cannot end one
        ([NONE, NONE, NONE], None),  # no calls are no errors
        ([GOOD, GOOD, GOOD], None),  # nor are good ones
    ],
)
def test_a_rule_fires_when_it_was_true_for_so_long(seconds: list[Calls], in_second: int | None) -> None:
    said = fired("error_rate > 5% for 3s", *seconds)
    assert (f"in second {in_second}," in said) == (in_second is not None)
    assert bool(said) == (in_second is not None)


def test_it_says_which_rule_when_and_on_what() -> None:
    said = fired("error_rate > 5% for 3s", GOOD, BAD, [*[ok()] * 3, bad()], BAD)
    assert said == "error_rate > 5% for 3s: in second 3, after 0, 20, 25, 20 %"


@pytest.mark.parametrize(
    ("rule", "fires"),
    [
        ("in_flight > 900 for 2s", True),  # 901, 950
        ("in_flight > 901 for 2s", False),  # only once
        ("p50 > 4ms for 2s", True),  # 5 ms each
        ("p99 > 70ms for 2s", True),  # the slow one
        ("p90 > 70ms for 2s", False),  # it is one of eleven
        ("max{model=other} > 70ms for 2s", True),  # its model
        ("max{model=xgb-*} > 70ms for 2s", False),  # and no other
        ("mean > 9ms for 2s", True),  # 12 ms, with it
        ("mean > 13ms for 2s", False),  # no more
        ("service.p50 > 4500us for 2s", False),  # a millisecond of it was lateness
        ("service.p50 > 3500us for 2s", True),  # and four were not
        ("lateness.p99 > 900us for 2s", True),  # this one
        ("ttfb.p99 > 1ms for 2s", False),  # the first byte came at once
        ("errors > 1 for 2s", True),  # two
        ("throttled > 0 for 2s", True),  # one of them
        ("throttled{model=xgb-0} > 0 for 2s", True),  # of this model
        ("throttled{model=xgb-1} > 0 for 2s", False),  # not of that one
        ("throttled_rate{model=xgb-0} > 10% for 2s", True),  # one of nine
        ("not_ready > 0 for 2s", False),  # none
        ("ok < 12 for 2s", True),  # eleven
        ("calls == 13 for 2s", True),  # with the errors
        ("sent < 13 for 2s", False),  # all were
        ("retries > 12 for 2s", True),  # one each
        ("retries{model=other} > 1 for 2s", False),  # each model has its own
        ("achieved < 14/s for 2s", True),  # 13
        ("achieved < 129% for 2s", False),  # 13 of 10
        ("achieved > 129% for 2s", True),  # likewise
    ],
)
def test_a_rule_may_be_about_any_number_of_a_second(rule: str, fires: bool) -> None:  # noqa: FBT001
    calls = [
        *[ok(0)] * 8, ok(1), ok(1), ok(2, 90),
        bad(0, Outcome.THROTTLED), bad(1, Outcome.SERVER_ERROR),
    ]  # fmt: skip
    said = fired(rule, calls, calls, in_flight=[901, 950])
    assert bool(said) == fires, said


def test_each_model_has_a_row_of_seconds_of_its_own() -> None:
    """Two models that fail in turns are not one that fails all the time."""
    turns = [[bad(second % 2), ok(1 - second % 2)] for second in range(6)]
    assert not fired("error_rate{model=xgb-*} > 5% for 2s", *turns)
    assert fired("error_rate > 5% for 2s", *turns)
    said = fired("error_rate{model=xgb-*} > 5% for 2s", *turns, [bad(0), ok(1)], [bad(0), ok(1)])
    assert said == "error_rate{model=xgb-*} > 5% for 2s: in second 7 of xgb-0, after 0, 100, 0, 100, 100 %"


def test_percentiles_of_all_models_at_once_are_those_of_each() -> None:
    """Held against the histograms of the same second."""
    rng = np.random.default_rng(5)
    calls = [
        ok(int(model), int(took))
        for model, took in zip(rng.integers(0, 2, 500), rng.integers(2, 900, 500), strict=True)
    ]
    (moment,) = moments(calls)
    for model, name in enumerate(NAMES[:2]):
        for q, word in ((0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (1.0, "max")):
            us = moment.second.histogram(model, METRICS.index("response")).quantile_us(q)
            assert fired(f"{word}{{model={name}}} >= {us:.0f}us for 1s", calls)
            assert not fired(f"{word}{{model={name}}} > {us:.0f}us for 1s", calls)
        mean_us = moment.second.histogram(model, METRICS.index("response")).mean_us()
        assert fired(f"mean{{model={name}}} > {mean_us - 1:.0f}us for 1s", calls)
        assert not fired(f"mean{{model={name}}} > {mean_us + 1:.0f}us for 1s", calls)


def test_each_of_several_rules_is_told_by_itself() -> None:
    watch = StopWatch([parse_stop("errors > 9 for 1s"), parse_stop("in_flight > 5 for 2s")], NAMES)
    said = [list(watch.look(moment)) for moment in moments(BAD, BAD, in_flight=[6, 6])]
    assert said == [["", ""], ["", "in_flight > 5 for 2s: in second 1, after 6, 6"]]


def test_seconds_that_are_not_shown_do_not_make_a_row_longer() -> None:
    """A warm-up between two phases: seconds 1 to 3."""
    watch = StopWatch([parse_stop("error_rate > 5% for 3s")], NAMES)
    said = [list(watch.look(moment)) for moment in moments(*[BAD] * 6) if moment.row.second not in {1, 2, 3}]
    assert said == [[""], [""], ["error_rate > 5% for 3s: in second 5, after 20, 20, 20 %"]]


# -- in a run ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with virtual_loop(monkeypatch) as loop:
        yield World(loop)


def failing(world: World) -> None:
    """From now on every call ends in an error."""
    answer = world.wire.answer
    world.wire.answer = lambda number, outcome: answer(number, Outcome.MODEL_ERROR)  # type: ignore[method-assign]


def stalled(world: World) -> None:
    """From now on nothing is answered."""
    world.wire.service_ns = None


def test_a_rule_ends_a_run_as_if_it_had_been_asked_to_stop(world: World, tmp_path: Path) -> None:
    """Nothing is answered from 1 s on: 50 calls more are outstanding each second, and from 2 s on more than 40."""
    world.scenario = replace(
        scenario(Arrivals(law="constant", rate=50.0, length_ns=60 * S), limits=Limits(grace_ns=300 * MS)),
        stop=("in_flight > 40 for 3s",),
    )
    world.options, world.at = Options(out=tmp_path), {1.005: stalled}
    result = world.run()
    assert result.stopped == "in_flight > 40 for 3s: in second 3, after 1, 50, 100, 150"
    assert result.health.interrupted
    assert result.health.measured_ns == pytest.approx(4 * S, rel=0.01)
    assert 4.3 <= world.took_s < 4.35
    assert result.totals.calls == len(world.wire.sent) == 201
    assert result.verdict.warnings[0] == f"the run was stopped by its rule {result.stopped}"
    assert not any("interrupted" in warning for warning in result.verdict.warnings)
    assert store.read(tmp_path) == result
    assert json.loads((tmp_path / "result.json").read_bytes())["health"]["stopped"] == result.stopped


def test_a_run_that_no_rule_ends_is_as_it_was(world: World) -> None:
    world.scenario = replace(scenario(), stop=("errors > 0 for 1s", "in_flight > 40 for 1s"))
    result = world.run()
    assert (result.stopped, result.health.interrupted, result.totals.ok) == ("", False, 150)


def test_rules_do_not_look_at_the_warm_up(world: World) -> None:
    """Two seconds of warm-up without an answer, and then a rule of two seconds that needs two more."""
    world.scenario = replace(
        scenario(
            Arrivals(law="constant", rate=50.0, length_ns=2 * S, warmup=True),
            Arrivals(law="constant", rate=50.0, length_ns=60 * S),
            limits=Limits(grace_ns=0),
        ),
        stop=("in_flight > 40 for 2s",),
    )
    world.service_ns = None
    result = world.run()
    assert "in second 3, after 151, 201" in result.stopped
    assert result.health.measured_ns == pytest.approx(2 * S, rel=0.02)


def test_rules_do_not_look_at_what_comes_after_the_last_call(world: World) -> None:
    """The plan ends at 3 s with all calls outstanding; waiting for them is not stopped."""
    world.scenario = replace(scenario(limits=Limits(timeout_ns=5 * S)), stop=("in_flight > 120 for 2s",))
    world.service_ns = None
    result = world.run()
    assert (result.stopped, result.health.interrupted) == ("", False)
    assert world.took_s > 5


def test_a_rule_says_nothing_of_a_run_that_somebody_stopped(world: World) -> None:
    """It would have fired in second 3; at 2.5 s Ctrl-C came."""
    world.scenario = replace(
        scenario(Arrivals(law="constant", rate=50.0, length_ns=60 * S), limits=Limits(grace_ns=5 * S)),
        stop=("in_flight > 40 for 3s",),
    )
    world.at = {0.9: stalled, 2.5: ask}
    result = world.run()
    assert (result.stopped, result.health.interrupted) == ("", True)
    assert any("interrupted" in warning for warning in result.verdict.warnings)


def test_a_run_under_way_or_killed_is_judged_by_what_it_wrote(world: World, tmp_path: Path) -> None:
    """In the middle of it, seen from outside: by its full seconds."""
    seen: list[RunResult] = []
    world.scenario = replace(scenario(), slo=("p50 < 1s", "ok == 150"))
    world.options, world.at = Options(out=tmp_path), {2.1: lambda _: seen.append(store.read(tmp_path))}
    result = world.run()
    assert seen[0].health.cut
    assert [told.answer for told in (*seen[0].objectives, *result.objectives)] == ["MET", "MISSED", "MET", "MET"]


def test_a_closed_loop_is_ended_too(world: World) -> None:
    world.scenario = replace(
        scenario(Users(users=5, think=30 * MS, length_ns=60 * S)), stop=("error_rate > 50% for 2s",)
    )
    world.at = {1.005: failing}
    result = world.run()
    assert result.stopped.startswith("error_rate > 50% for 2s: in second 2, after 0, ")
    assert result.health.measured_ns == pytest.approx(3 * S, rel=0.02)


def test_of_merged_ranks_the_rule_of_one_is_told_of_all(world: World) -> None:
    """In whatever order they are merged."""
    whole = world.run()
    stopped = replace(whole, health=replace(whole.health, stopped="b: in second 3", interrupted=True))
    other = replace(whole, health=replace(whole.health, stopped="a: in second 4", interrupted=True))
    assert whole.merge(stopped).stopped == stopped.merge(whole).stopped == "b: in second 3"
    assert stopped.merge(other).stopped == other.merge(stopped).stopped == "a: in second 4"
