"""The grammar of objectives and stop rules: what reads as what, and every mistake with its place."""

import pytest

from asyncload.call import Outcome
from asyncload.slo.checking import Setting
from asyncload.slo.grammar import parse, parse_stop
from asyncload.slo.limits import Limit
from asyncload.slo.metrics import NAMES, VIEWS, Metric
from asyncload.slo.objective import Objective, StopRule

P99 = Metric("p99", "duration", "response", 0.99)
OPEN = Setting(["xgboost-0.tar.gz", "xgboost-1.tar.gz", "XL.tar.gz"], closed=False)
CLOSED = Setting(OPEN.labels, closed=True)


@pytest.mark.parametrize(
    ("text", "objective"),
    [
        ("p99 < 250ms", Objective(P99, "<", Limit(250, "ms"))),  # the first
        ("  p99<0.25s ", Objective(P99, "<", Limit(250, "ms"))),  # spaces do not matter, units are the scenario's
        ("response.p99.0 < 250ms", Objective(P99, "<", Limit(250, "ms"))),  # what may be left out
        (
            "service.p99.9 <= 1m30s",  # a view and a percentile behind the point
            Objective(Metric("service.p99.9", "duration", "service", 0.999), "<=", Limit(90_000, "ms")),
        ),
        ("mean < 5ms", Objective(Metric("mean", "duration", "response", 0.0), "<", Limit(5, "ms"))),  # no percentile
        ("ttfb.max < 5us", Objective(Metric("ttfb.max", "duration", "ttfb", 1.0), "<", Limit(0.005, "ms"))),  # the last
        ("error_rate < 0.1%", Objective(Metric("error_rate", "share"), "<", Limit(0.1, "%"))),  # per cent
        ("error_rate < 0.001", Objective(Metric("error_rate", "share"), "<", Limit(0.1, "%"))),  # of one
        ("not_ready == 0", Objective(Metric("not_ready", "count"), "==", Limit(0, "calls"))),  # a fact
        ("achieved >= 99%", Objective(Metric("achieved", "achieved"), ">=", Limit(99, "%"))),  # of what was asked
        ("achieved > 90/min", Objective(Metric("achieved", "achieved"), ">", Limit(1.5, "/s"))),  # as such
        ("p99{model=xgb-*} < 1s", Objective(P99, "<", Limit(1000, "ms"), "xgb-*")),  # a glob
        ("p99{}<1s", None),  # braces without a selector
        (
            'service.p50{ model = "a, \\"b\\" }" , class=warm } < 1s',  # in quotes anything goes
            Objective(Metric("service.p50", "duration", "service", 0.5), "<", Limit(1000, "ms"), 'a, "b" }', "warm"),
        ),
    ],
)
def test_an_objective_reads_as_what_it_says(text: str, objective: Objective | None) -> None:
    if objective is None:
        with pytest.raises(ValueError, match="expected model="):
            parse(text)
        return
    assert parse(text) == objective
    assert parse(str(objective)) == objective


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["column 1: expected a metric"]),  # nothing
        ("p99", ["column 4: expected one of < <= > >= == !="]),  # half of it
        ("p99 <", ["column 6: expected a duration with its unit"]),  # two thirds
        ("p99 < 250", ["'250' (column 7)", "did you mean 250ms?"]),  # seconds or milliseconds?
        ("p99 < -1s", ["'-1s' (column 7)"]),  # no time runs backwards
        ("p99 < 2h", ["expected at most 1h"]),  # beyond what histograms tell apart
        ("p(99) < 1s", ["'p(99)' (column 1): unknown metric; did you mean 'p99'?"]),  # k6's spelling
        ("p99_9 < 1s", ["did you mean 'p99.9'?"]),  # that of our JSON
        ("P99 < 1s", ["did you mean 'p99'?"]),  # shouted
        ("p100 < 1s", ["did you mean 'max'?"]),  # no percentile
        ("p0 < 1s", ["above 0 and below 100"]),  # neither
        ("avg < 1s", ["did you mean 'mean'?"]),  # k6's name
        ("throtled == 0", ["did you mean 'throttled'?"]),  # misspelt
        ("reponse.p99 < 1s", ["unknown view 'reponse'; did you mean 'response'?"]),  # a view misspelt
        ("nonsense < 1s", ["expected a percentile such as p99"]),  # nothing is near
        ("p99 = 1s", ["'=' (column 5): did you mean ==?"]),  # an assignment
        ("calls =< 1", ["did you mean <=?"]),  # mathematics
        ("p99 == 1s", ["'==' (column 5): compares counts"]),  # no percentile is exactly something
        ("error_rate == 0", ["write errors with == or !="]),  # nor is a share
        ("throttled_rate != 0", ["write throttled with == or !="]),  # each has its count
        ("error_rate < 5", ["did you mean 5%?"]),  # a share above 1
        ("error_rate < 101%", ["expected a share"]),  # likewise
        ("not_ready < 1%", ["expected a whole number", "write ..._rate"]),  # a count is no share
        ("not_ready < 1.5", ["expected a whole number"]),  # nor broken
        ("achieved > 99", ["such as 99%, or a rate, such as 200/s"]),  # of what?
        ("p99{modle=a} < 1s", ["'modle' (column 5): unknown selector; did you mean 'model'?"]),  # misspelt
        ("p99{model:a} < 1s", ["'model' (column 5): expected = behind it: model=a"]),  # k6's colon
        ("p99{model=} < 1s", ["column 11: expected a model's name"]),  # empty
        ("p99{model=a,model=b} < 1s", ["'model' (column 13): stands twice"]),  # and what then?
        ("service.p99{class=wram} < 1s", ["'wram' (column 19): did you mean 'warm'?"]),  # misspelt
        ("p99{model=a < 1s", ["column 13: expected , or } here"]),  # not closed
        ("p99{class=warm} < 1s", ["'class' (column 5)", "write service.p99"]),  # classes go by service time
        ("errors{class=warm} == 0", ["cold_calls and cold_rate"]),  # of durations only
        ("in_flight{model=a} < 9", ["in_flight is known of all models together only"]),  # not measured
        ("p99 < 1s for 10s", ["`for` belongs to a rule of `stop`"]),  # the other list's
        ("p99 < 1s or so", ["'1s or so' (column 7)"]),  # more than a limit
        ("x" * 3000, ["expected at most 2000 characters"]),  # a novel
    ],
)
def test_a_mistake_in_an_objective_is_told_with_its_place(text: str, said: list[str]) -> None:
    with pytest.raises(ValueError, match="column") as caught:
        parse(text)
    for words in said:
        assert words in str(caught.value)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ValueError, match="column") as caught:
        parse("p99{modle=a, class=hot} = 250")
    assert [part.split(":")[0] for part in str(caught.value).split("; ") if "column" in part] == [
        "'modle' (column 5)", "'hot' (column 20)", "'=' (column 25)", "'250' (column 27)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("p99 > 1s for 10s", StopRule(Objective(P99, ">", Limit(1000, "ms")), 10)),  # seconds in a row
        ("p99 > 1s   for 1m30s", StopRule(Objective(P99, ">", Limit(1000, "ms")), 90)),  # any duration of whole ones
        ("p99 > 1s for 5", StopRule(Objective(P99, ">", Limit(1000, "ms")), 5)),  # a bare number is seconds
        (
            'errors{model="x for 5s"} > 3 for 2s',  # the last `for` counts
            StopRule(Objective(Metric("errors", "count"), ">", Limit(3, "calls"), "x for 5s"), 2),
        ),
    ],
)
def test_a_stop_rule_reads_as_what_it_says(text: str, rule: StopRule) -> None:
    assert parse_stop(text) == rule
    assert parse_stop(str(rule)) == rule


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("error_rate > 5%", ["column 16: expected `for` and a duration behind it"]),  # one second is no trouble
        ("error_rate > 5% for", ["column 20: expected whole seconds"]),  # how long?
        ("error_rate > 5% for 1500ms", ["'1500ms' (column 21): expected whole seconds"]),  # between two looks
        ("error_rate > 5% for 0s", ["expected whole seconds, from 1s"]),  # never true for so long
        ("corrected.p99 > 1s for 3s", ["known at the end of a run only"]),  # needs the run's median
        ("cold_calls > 3 for 3s", ["'cold_calls' (column 1)", "known at the end of a run only"]),  # needs the whole run
        ("service.p99{class=cold} > 1s for 3s", ["'class' (column 13)"]),  # likewise
        ("sent{model=a} > 1 for 3s", ["sent is known of all models together only"]),  # in one second
        ("eror_rate > 5 for 1ms", ["did you mean 'error_rate'?", "'1ms' (column 19)"]),  # two mistakes
    ],
)
def test_a_mistake_in_a_stop_rule_is_told_with_its_place(text: str, said: list[str]) -> None:
    with pytest.raises(ValueError, match="column") as caught:
        parse_stop(text)
    for words in said:
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "text", "said"),
    [
        (OPEN, "p99{model=xgboost-?.tar.gz} < 1s", None),  # two match
        (OPEN, "p99{model=xgboost-0.tar} < 1s", "matches no model; did you mean 'xgboost-0.tar.gz'?"),  # not the whole
        (OPEN, "p99{model=xl*} < 1s", "matches no model"),  # case-sensitive
        (OPEN, "p99{model=nobody} < 1s", "there are 'xgboost-0.tar.gz', 'xgboost-1.tar.gz', 'XL.tar.gz'"),  # not near
        (OPEN, "corrected.p99 < 1s", "an open loop omits no call, so nothing is corrected; write p99"),  # nothing to do
        (CLOSED, "corrected.p99 < 1s", None),  # of users
        (CLOSED, "achieved >= 99%", "a closed loop is asked for no rate"),  # of what?
        (CLOSED, "achieved >= 99/s", None),  # a rate of its own
    ],
)
def test_what_cannot_be_meant_in_a_scenario_is_a_mistake(setting: Setting, text: str, said: str | None) -> None:
    found = list(setting.misfits(parse(text)))
    assert (said is None) == (not found)
    assert said is None or said in found[0]


def test_every_outcome_can_be_counted_and_shared() -> None:
    for outcome in Outcome:
        assert parse(f"{outcome.name.lower()} == 0").metric.family == "count"
        assert parse(f"{outcome.name.lower()}_rate < 1%").metric.family == "share"


def test_every_name_and_view_can_be_written() -> None:
    limits = {"share": "1%", "count": "1", "achieved": "1/s", "duration": "1s"}
    for name, word in NAMES.items():
        assert parse(f"{name} < {limits[word.family]}").metric.name == name
        if word.stop:
            assert parse_stop(f"{name} > {limits[word.family]} for 3s").when.metric.name == name
    for view in VIEWS:
        assert parse(f"{view}.p99 < 1s").metric.view == view
