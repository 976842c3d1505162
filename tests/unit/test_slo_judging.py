"""The answers of a result to its objectives: what is MET, MISSED or UNDECIDED, and the words for it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from asyncload.call import Outcome
from asyncload.histogram import Histogram
from asyncload.result import Health, ModelResult, ObjectiveResult, RunResult, Signs, total
from asyncload.statistics.estimate import Estimate, Share, percentiles, share

S = 1_000_000_000
HEALTH = Health(0, 100 * S, 100 * S, 0, peak_in_flight=31)
NOTHING = Histogram.empty()


class Independent(RunResult):
    """A result whose calls are independent of each other, so that its intervals can be worked out by hand."""

    def estimates(self, model: ModelResult, metric: str, quantiles: Sequence[float]) -> tuple[Estimate, ...]:
        histogram: Histogram = getattr(model, metric)
        return percentiles(histogram, quantiles, [float(histogram.count)] * len(quantiles))

    def failures(self, model: ModelResult) -> Share:
        return share(model.calls - model.ok, model.calls, float(model.calls))


def spread(count: int, low_us: int, high_us: int) -> list[int]:
    """Durations at equal distances."""
    return np.linspace(low_us, high_us, count).round().astype(np.int64).tolist() if count else []


def model(name: str = "a", ok_us: Sequence[int] = (), *, signs: Signs | None = None, **others: int) -> ModelResult:
    """A model whose calls took so long; others ended as they are named, those that timed out after 5 s."""
    outcomes = [0] * len(Outcome)
    outcomes[Outcome.OK] = len(ok_us)
    for outcome, number in others.items():
        outcomes[Outcome[outcome.upper()]] = number
    us = Histogram.of_us(np.array([*ok_us, *[5_000_000] * others.get("timeout", 0)], np.int64))
    sent = sum(outcomes) - outcomes[Outcome.DROPPED]
    lateness, ttfb = Histogram.of_us(np.full(sent, 20)), Histogram.of_us(np.array(ok_us, np.int64))
    return ModelResult(name, tuple(outcomes), 0, us, us, lateness, ttfb, signs=signs)


def result(*models: ModelResult, health: Health = HEALTH, scenario: dict[str, Any] | None = None) -> RunResult:
    return Independent({"name": "slo", **(scenario or {})}, "", models, total("warm-up", ()), (), health)


def answer(objective: str, *models: ModelResult, health: Health = HEALTH, **scenario: Any) -> ObjectiveResult:
    (found,) = result(*models, health=health, scenario=scenario).judged_by([objective]).objectives
    assert found.text == objective
    return found


TEN_TO_110_MS = spread(10_001, 10_000, 110_000)  # p99 109.0 [108.8, 109.2] ms, p50 60.0 [59.0, 61.0] ms
CLOSED: dict[str, Any] = {"phases": [{"users": 4, "think": "10ms", "for": "100s"}]}


def test_without_objectives_there_are_no_answers() -> None:
    assert result(model(ok_us=[5])).objectives == ()


@pytest.mark.parametrize(
    ("objective", "measured", "said"),
    [
        ("p99 < 120ms", "MET", "p99 is 109.1 ms [108."),  # the whole interval is below
        ("p99 < 100ms", "MISSED", "p99 is 109.1 ms"),  # the whole interval is above
        ("p99 < 109.1ms", "UNDECIDED", "the limit 109.1ms lies inside; about"),  # it lies in the interval
        ("p99 > 100ms", "MET", "p99 is 109.1 ms"),  # the other way round
        ("p99 > 120ms", "MISSED", "p99 is 109.1 ms"),  # likewise
        ("p99.9 < 115ms", "MET", "p99.9 is"),  # 10,001 calls support it
        ("p99.99 < 115ms", "UNDECIDED", "it needs 36,887 calls, and there are 10,001"),  # not this
        ("mean < 61ms", "MET", "mean is 60"),  # its interval is 60 +- 0.6
        ("mean < 60.3ms", "UNDECIDED", "lies inside"),  # likewise
        ("mean < 59ms", "MISSED", "mean is 60"),  # likewise
        ("max < 111ms", "MET", "max is 110"),  # a fact of this run
        ("max < 109ms", "MISSED", "max is 110"),  # likewise
        ("service.p50 < 70ms", "MET", "service.p50 is 60"),  # another view
        ("lateness.p99 < 1ms", "MET", "lateness.p99 is 0.02 ms"),  # the generator's own
        ("ttfb.p50 < 50ms", "MISSED", "ttfb.p50 is 60"),  # the first byte
    ],
)  # fmt: skip
def test_a_duration_is_decided_by_its_interval(objective: str, measured: str, said: str) -> None:
    found = answer(objective, model(ok_us=TEN_TO_110_MS))
    assert (found.answer, found.unit) == (measured, "ms")
    assert said in found.why


def test_an_estimate_has_its_interval_and_a_fact_has_none() -> None:
    """And the numbers are in the unit that the answer states."""
    estimate = answer("p99 < 120ms", model(ok_us=TEN_TO_110_MS))
    assert estimate.low is not None
    assert estimate.value is not None
    assert estimate.high is not None
    assert 108 < estimate.low < estimate.value < estimate.high < 110
    assert (estimate.limit, estimate.op) == (120, "<")
    fact = answer("calls == 10001", model(ok_us=TEN_TO_110_MS))
    assert (fact.answer, fact.value, fact.low, fact.high, fact.unit) == ("MET", 10_001, None, None, "calls")


def test_the_interval_is_that_of_the_result() -> None:
    """Whoever prints the percentile beside the objective prints the same interval."""
    one = model(ok_us=TEN_TO_110_MS)
    whole = RunResult({"slo": ["p95 < 1s"]}, "", (one,), total("warm-up", ()), (), HEALTH)
    (estimate,) = whole.estimates(one, "response", [0.95])
    (found,) = whole.objectives
    assert (found.value, found.low, found.high) == pytest.approx(
        (estimate.value_us / 1e3, estimate.low_us / 1e3, estimate.high_us / 1e3)
    )


@pytest.mark.parametrize(
    ("ok_us", "measured", "said"),
    [
        (spread(300, 1000, 2000), "UNDECIDED", "it needs 368 calls, and there are 300"),  # the highest says nothing
        (spread(368, 1000, 2000), "MET", "p99 is"),  # now it does
        ([*spread(290, 1000, 2000), *[9000] * 10], "MISSED", "10 of 300 calls took longer than 3ms, and 1 % may"),
        ([*spread(297, 1000, 2000), *[9000] * 3], "UNDECIDED", "it needs 368 calls"),  # three may be chance
        ([], "UNDECIDED", "there is no call of which response time counts"),  # nothing at all
    ],
)  # fmt: skip
def test_what_a_sample_cannot_support_is_undecided_unless_it_is_surely_missed(
    ok_us: list[int], measured: str, said: str
) -> None:
    found = answer("p99 < 3ms", model(ok_us=ok_us))
    assert (found.answer, found.value is None) == (measured, measured != "MET")
    assert said in found.why


def test_more_calls_as_many_as_it_says_decide() -> None:
    """The advice is kept: with half as many again of the same distribution the objective is decided, with half not."""
    found = answer("p99 < 109.3ms", model(ok_us=spread(800, 10_000, 110_000)))
    times = float(found.why.partition("about ")[2].partition(" times")[0])
    assert 1 < times < 10
    more = answer("p99 < 109.3ms", model(ok_us=spread(int(800 * times * 1.5), 10_000, 110_000)))
    less = answer("p99 < 109.3ms", model(ok_us=spread(int(800 * times * 0.5), 10_000, 110_000)))
    assert (more.answer, less.answer) == ("MET", "UNDECIDED")


@pytest.mark.parametrize(
    ("objective", "failed", "ok", "measured", "said"),
    [
        ("error_rate < 0.1%", 0, 5000, "MET", "error_rate is 0 % [0, 0.07677]"),  # no failure, and enough calls
        ("error_rate < 0.1%", 0, 1000, "UNDECIDED", "about 3.8 times the calls"),  # no failure, but too few calls
        ("error_rate < 0.1%", 1, 999, "UNDECIDED", "more calls would hardly decide it"),  # exactly the limit
        ("error_rate < 0.1%", 30, 970, "MISSED", "error_rate is 3 %"),  # far too many
        ("ok_rate > 99%", 0, 1000, "MET", "ok_rate is 100 %"),  # the other way round
        ("model_error_rate < 1%", 30, 970, "MISSED", "model_error_rate is 3 %"),  # an outcome's share
        ("throttled_rate < 1%", 30, 970, "MET", "throttled_rate is 0 %"),  # another's
        ("error_rate < 1%", 0, 0, "UNDECIDED", "there is no call"),  # nothing
    ],
)
def test_a_share_is_an_estimate_of_the_endpoint(objective: str, failed: int, ok: int, measured: str, said: str) -> None:
    found = answer(objective, model(ok_us=spread(ok, 1000, 2000), model_error=failed))
    assert (found.answer, found.unit) == (measured, "%")
    assert said in found.why


@pytest.mark.parametrize(
    ("objective", "measured", "said"),
    [
        ("not_ready == 0", "MISSED", "not_ready is 3"),  # three were seen: that is a fact
        ("throttled == 0", "MET", "throttled is 0"),  # none of 50 calls was: likewise
        ("errors <= 6", "MET", "errors is 6"),  # not ready, dropped, lost
        ("errors != 6", "MISSED", "errors is 6"),  # likewise
        ("dropped < 2", "MISSED", "dropped is 2"),  # they count
        ("calls >= 50", "MET", "calls is 50"),  # all
        ("sent == 48", "MET", "sent is 48"),  # but the dropped ones
        ("ok > 44", "MISSED", "ok is 44"),  # not more
        ("retries == 0", "MET", "retries is 0"),  # none
        ("in_flight <= 30", "MISSED", "in_flight is 31"),  # at the peak
    ],
)
def test_a_count_is_a_fact_of_the_run(objective: str, measured: str, said: str) -> None:
    found = answer(objective, model(ok_us=spread(44, 1000, 2000), not_ready=3, dropped=2, connect=1))
    assert (found.answer, found.low, found.high) == (measured, None, None)
    assert found.why == said


@pytest.mark.parametrize(
    ("objective", "dropped", "tail_ns", "measured", "said"),
    [
        ("achieved >= 99%", 0, 0, "MET", "achieved is 100 %"),  # all were sent in time
        ("achieved >= 99%", 10, 0, "MET", "achieved is 99 %"),  # exactly so many
        ("achieved >= 99%", 11, 0, "MISSED", "achieved is 98.9"),  # one too few
        ("achieved >= 99%", 0, 2 * S, "MISSED", "achieved is 98.04 %"),  # too late
        ("achieved > 9.5/s", 0, 0, "MET", "achieved is 10/s"),  # a rate as such
    ],
)
def test_the_achieved_rate_is_a_fact(objective: str, dropped: int, tail_ns: int, measured: str, said: str) -> None:
    health = replace(HEALTH, send_tail_ns=tail_ns)
    found = answer(objective, model(ok_us=spread(1000 - dropped, 1000, 2000), dropped=dropped), health=health)
    assert (found.answer, found.low) == (measured, None)
    assert found.why.startswith(said)


@pytest.mark.parametrize(
    ("objective", "measured", "said"),
    [
        ("p99 < 6s", "UNDECIDED", "p99 is 5,001 ms or more: the limit 6s is beyond what calls that timed out can tell"),
        ("p99 < 4s", "MISSED", "p99 is 5,001 ms or more"),  # it was longer in any case
        ("p50 < 6s", "MET", "p50 is"),  # the calls that timed out are not in it
        ("max < 6s", "UNDECIDED", "max is 5,001 ms or more"),  # nobody knows
        ("mean < 6s", "UNDECIDED", "or more"),  # nor here
        ("lateness.p99 < 1ms", "MET", "lateness.p99 is"),  # known of every call that was sent
    ],
)
def test_calls_that_timed_out_would_have_taken_longer(objective: str, measured: str, said: str) -> None:
    found = answer(objective, model(ok_us=spread(950, 1000, 2000), timeout=50))
    assert found.answer == measured
    assert said in found.why
    assert found.high is None or found.answer == "MET"


FAST, SLOW, RARE = (
    model("x-fast", spread(1000, 1000, 2000)),
    model("x-slow", spread(900, 5000, 6000)),
    model("y", [1000]),
)


@pytest.mark.parametrize(
    ("objective", "measured", "who", "said"),
    [
        ("p99{model=x-*} < 10ms", "MET", "x-slow", "of 2 models 2 meet it: x-slow: p99 is 5.9"),  # the slowest is told
        ("p99{model=x-*} < 3ms", "MISSED", "x-slow", "of 2 models 1 misses it, 1 meets it: x-slow"),  # one is enough
        ("p99{model=*} < 10ms", "UNDECIDED", "y", "1 is undecided, 2 meet it: y: p99 cannot be told"),  # too rare
        ("p99{model=*} < 3ms", "MISSED", "x-slow", "1 misses it, 1 is undecided, 1 meets it"),  # missed is the worse
        ("p50{model=x-*} > 2ms", "MISSED", "x-fast", "x-fast: p50 is 1.499"),  # here the quickest is the worst
        ("p99{model=x-fast} < 3ms", "MET", "x-fast", "p99 is 1.9"),  # a name is a pattern too
        ("calls{model=x-*} >= 950", "MISSED", "x-slow", "x-slow: calls is 900"),  # each has its own
        ("achieved{model=x-*} >= 99%", "MET", "x-fast", "achieved is 100 %"),  # likewise
        ("p99{model=z*} < 3ms", "UNDECIDED", "", "no model of this run is selected"),  # of another scenario
    ],
)  # fmt: skip
def test_each_selected_model_is_judged_by_itself(objective: str, measured: str, who: str, said: str) -> None:
    found = answer(objective, FAST, SLOW, RARE)
    assert (found.answer, found.model) == (measured, who)
    assert said in found.why


NONE, FEW, SOME, NEAR = (
    model("none"),
    model("few", spread(10, 1000, 2000)),
    model("some", spread(100, 1000, 2000)),
    model("near", spread(500, 1000, 2000)),
)


@pytest.mark.parametrize(
    ("objective", "models", "who", "said"),
    [
        (
            "p99{model=*} < 3ms",
            (NONE, SOME, FEW),
            "few",
            "few: p99 cannot be told: it needs 368 calls, and there are 10",
        ),
        ("p99{model=*} < 1.995ms", (NONE, NEAR, SOME), "some", "some: p99 cannot be told: it needs 368 calls"),
        ("p99{model=*} < 1.995ms", (NONE, NEAR), "near", "the limit 1.995ms lies inside; about"),
        ("p99{model=*} < 3ms", (NONE,), "none", "none: p99 cannot be told: there is no call"),
        ("mean{model=*} < 3ms", (SOME, model("a", [5]), FEW), "a", "a: mean cannot be told: a mean needs 30 calls"),
    ],
)
def test_of_models_that_are_undecided_the_one_that_takes_the_most_calls_is_told(
    objective: str, models: tuple[ModelResult, ...], who: str, said: str
) -> None:
    """Wherever it stands in the scenario."""
    for order in (models, models[::-1]):
        found = answer(objective, *order)
        assert (found.answer, found.model) == ("UNDECIDED", who)
        assert said in found.why


def test_of_models_that_are_undecided_the_others_are_told_in_words() -> None:
    two = model("none-2")
    assert answer("p99{model=*} < 3ms", NONE, SOME, FEW).why == (
        "of 3 models 3 are undecided: few: p99 cannot be told: it needs 368 calls, and there are 10; 1 other is nearer "
        "to an answer; nothing to go by has none: p99 cannot be told: there is no call of which response time counts"
    )
    why = answer("p99{model=*} < 3ms", NONE, two, SOME, FEW, model("more", spread(90, 1000, 2000))).why
    assert "; 2 others are nearer to an answer; 2 have nothing to go by, such as none: p99 cannot" in why
    assert answer("p99{model=*} < 3ms", NONE, two).why.endswith("time counts; nor can none-2 be told")
    assert answer("p99{model=*} < 3ms", NONE, two, model("x")).why.endswith("; nor can 2 others be told")


def test_calls_that_timed_out_take_the_most_for_no_calls_would_tell() -> None:
    endless = model("endless", spread(950, 1000, 2000), timeout=50)
    found = answer("p99{model=*} < 6s", FEW, endless)
    assert (found.model, found.times) == ("endless", None)
    assert answer("p99{model=*} < 6s", FEW).times == pytest.approx(36.8)


@pytest.mark.parametrize(
    ("known_us", "few_us", "who"),
    [
        (spread(900, 8000, 9000), [*[1000] * 290, *[4000] * 10], "known"),  # what is known of the other is less
        (spread(900, 5000, 6000), [*[1000] * 150, *[90_000] * 150], "few"),  # and here surely more
    ],
)
def test_of_models_that_miss_it_the_one_furthest_beyond_is_told(
    known_us: list[int], few_us: list[int], who: str
) -> None:
    """A percentile that is not supported is at least so much, and no more is made of it."""
    models = model("known", known_us), model("few", few_us), model("less", spread(900, 4000, 5000))
    for order in (models, models[::-1]):
        assert answer("p99{model=*} < 3ms", *order).model == who


def test_what_is_surely_missed_is_at_least_so_much() -> None:
    """Ten of 300 are too many for 1 %, but that the longest of them are too is not sure."""
    found = answer("p99 < 3ms", model(ok_us=[*spread(290, 1000, 2000), *range(4000, 14_000, 1000)]))
    assert (found.answer, found.value, found.high) == ("MISSED", None, None)
    assert found.low is not None
    assert 3 < found.low < 8


@pytest.mark.parametrize(
    ("objective", "measured", "said"),
    [
        ("p99 > 1ms", "MET", "p99: 225 of 225 calls took longer than 1ms, and more than 1 % must"),
        ("p99 < 1ms", "MISSED", "p99: 225 of 225 calls took longer than 1ms, and 1 % may"),
    ],
)
def test_of_an_unsupported_percentile_it_is_said_what_the_objective_wants(
    objective: str, measured: str, said: str
) -> None:
    found = answer(objective, model(ok_us=spread(225, 5000, 6000)))
    assert (found.answer, found.why) == (measured, said)


def test_of_a_pattern_that_one_model_has_nobody_counts_models() -> None:
    assert answer("p99{model=x-f*} < 1ms", FAST, SLOW).why.startswith("x-fast: p99 is 1.9")


def test_without_a_selector_all_models_are_judged_together() -> None:
    """The slow model alone would miss it."""
    found = answer("p50 < 3ms", FAST, SLOW)
    assert (found.answer, found.model) == ("MET", "")


def loaded(cold: int, warm: int = 5000) -> ModelResult:
    """Warm calls of 5 ms, cold ones of 700 ms, and a first."""
    first = Histogram.of_us(np.array([700_000]))
    return model("a", [*[5000] * warm, *[700_000] * (cold + 1)], signs=Signs(first, NOTHING, 0))


@pytest.mark.parametrize(
    ("objective", "measured", "said"),
    [
        ("service.p50{class=cold} < 1s", "MET", "cold service.p50 is 700"),  # 60 of them are enough for a median
        ("service.p99{class=cold} < 1s", "UNDECIDED", "it needs 368 calls, and there cold ones are 60"),  # not for this
        ("service.p99{class=warm} < 10ms", "MET", "warm service.p99 is 5"),  # without the cold ones
        ("service.p99.5 < 10ms", "MISSED", "service.p99.5 is 700"),  # with them
        ("service.max{class=first} < 1s", "MET", "first service.max is 7"),  # a fact
        ("cold_calls <= 60", "MET", "cold_calls is 60"),  # inferred, and then counted
        ("cold_rate < 5%", "MET", "cold_rate is 1.186 %"),  # of the three classes
    ],
)  # fmt: skip
def test_classes_of_calls_are_judged_by_service_time(objective: str, measured: str, said: str) -> None:
    found = answer(objective, loaded(60))
    assert (found.answer, said in found.why) == (measured, True), found.why


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (
            model("a", [5000] * 20, signs=Signs(NOTHING, NOTHING, 0)),
            "cannot be told: too few calls to know what is warm",
        ),  # so it is
        (model("a", [5000] * 2000), "a version that did not look for cold starts"),  # an old result
    ],
)
@pytest.mark.parametrize("objective", ["service.p50{class=warm} < 1s", "cold_calls == 0", "cold_rate < 1%"])
def test_where_cold_calls_cannot_be_told_nothing_is_decided(objective: str, one: ModelResult, said: str) -> None:
    found = answer(objective, one)
    assert (found.answer, found.value) == ("UNDECIDED", None)
    assert said in found.why


@pytest.mark.parametrize(
    ("objective", "scenario", "measured", "said"),
    [
        ("corrected.p99 < 100ms", CLOSED, "MISSED", "corrected.p99 is"),  # what the users of a stall would have met
        ("p99 < 100ms", CLOSED, "MET", "p99 is"),  # what they did meet
        ("achieved >= 99%", CLOSED, "UNDECIDED", "a closed loop is asked for no rate"),  # of what?
        ("corrected.p99 < 100ms", {}, "UNDECIDED", "in an open loop nothing is omitted"),  # nothing to correct
    ],
)
def test_a_closed_loop_has_a_corrected_view(objective: str, scenario: dict[str, Any], measured: str, said: str) -> None:
    found = answer(objective, model(ok_us=[*[5000] * 2000, *[2_000_000] * 8]), **scenario)
    assert (found.answer, said in found.why) == (measured, True), found.why


@pytest.mark.parametrize(
    ("objective", "measured"),
    [("corrected.p99 < 10s", "UNDECIDED"), ("corrected.p99 < 1ms", "MISSED"), ("p99 < 1s", "MET")],
)
def test_what_calls_that_timed_out_omitted_is_not_known(objective: str, measured: str) -> None:
    """One of 5,000 is enough: how many calls its user would have made, and how long they would have taken."""
    assert answer(objective, model(ok_us=[5000] * 5000, timeout=1), **CLOSED).answer == measured


def test_an_objective_of_a_later_version_is_undecided() -> None:
    """An old asyncload reads a newer run; it says which sentence it cannot read, and judges the others."""
    first, second = result(model(ok_us=TEN_TO_110_MS)).judged_by(["p99 << 1parsec", "p99 < 1s"]).objectives
    assert (first.answer, first.unit, second.answer) == ("UNDECIDED", "", "MET")
    assert first.why.startswith("this version cannot read it: '<<' (column 5)")


def test_the_answers_stand_in_the_json_and_survive_it() -> None:
    judged = result(model(ok_us=TEN_TO_110_MS)).judged_by(["p99 < 120ms", "errors == 0"])
    written = json.loads(judged.to_json())
    assert [set(row) for row in written["objectives"]] == [
        {"text", "answer", "value", "low", "high", "unit", "why", "limit", "op", "model", "times"}
    ] * 2
    assert written["objectives"][0]["answer"] == "MET"
    assert written["health"]["stopped"] == ""
    assert Independent.from_json(judged.to_json()).objectives == judged.objectives


def test_other_objectives_leave_the_run_as_it_is() -> None:
    before = result(model(ok_us=TEN_TO_110_MS), scenario={"slo": ["p99 < 1ms"]})
    after = before.judged_by(["p99 < 1s"])
    assert [found.answer for found in (*before.objectives, *after.objectives)] == ["MISSED", "MET"]
    assert replace(after, scenario=before.scenario) == before
