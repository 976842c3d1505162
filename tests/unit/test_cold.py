"""First, cold and warm calls of a result: every call is in one class, and what is unknown is not counted."""

import json
from dataclasses import replace

import numpy as np
import pytest

from asyncload.call import Outcome
from asyncload.histogram import Histogram
from asyncload.result import WARMUP, Health, ModelResult, RunResult, Signs

MS = 1_000
NONE = Histogram.empty()


def of_ms(*times_ms: int) -> Histogram:
    return Histogram.of_us(np.array(times_ms, np.int64) * MS)


def model(name: str, service: Histogram, signs: Signs | None, refused: int = 0) -> ModelResult:
    outcomes = [0] * len(Outcome)
    outcomes[Outcome.OK], outcomes[Outcome.NOT_READY] = service.count, refused
    return ModelResult(name, tuple(outcomes), 0, service, service, service, service, signs=signs)


def result(*models: ModelResult) -> RunResult:
    return RunResult({"name": "x"}, "", models, model(WARMUP, NONE, Signs(NONE, NONE, 0)), (), Health(0, 1, 1, 0))


THRASHED = model("a", of_ms(*[5] * 300, 400, 500, 600, 900, 70_000), Signs(of_ms(400), of_ms(900, 70_000), 2), 3)
STEADY = model("b", of_ms(*[6] * 200), Signs(NONE, NONE, 0))


def test_every_call_is_in_one_class() -> None:
    """The first whatever it took; what was held is warm; of three refusals two were followed by a success."""
    starts = result(THRASHED, STEADY).cold_starts
    assert starts is not None
    assert not starts.doubt
    row = starts.models[0]
    assert (row.first, row.cold) == (of_ms(400), of_ms(500, 600))
    assert row.warm == of_ms(*[5] * 300, 900, 70_000)
    assert (row.cold_calls, row.calls) == (4, 1 + 4 + 302)
    assert starts.models[1].warm.count == starts.models[1].calls == 200
    assert (starts.total.cold_calls, starts.total.calls, starts.total.cold) == (4, 507, of_ms(500, 600))


def test_classes_are_of_what_was_merged() -> None:
    """Two ranks too small to tell by themselves can be told together."""
    half = [replace(one, service=of_ms(*[5] * 60, *cold)) for one, cold in ((THRASHED, [400]), (STEADY, [700]))]
    half = [replace(one, signs=Signs(NONE, NONE, 0)) for one in half]
    ranks = [result(replace(one, name="a")) for one in half]
    alone = [rank.cold_starts for rank in ranks]
    assert all(starts and starts.doubt for starts in alone)
    together = ranks[0].merge(ranks[1]).cold_starts
    assert together is not None
    assert (together.doubt, together.total.cold) == ("", of_ms(400, 700))


def test_of_what_was_not_looked_for_nothing_is_said() -> None:
    """One model of an older version is enough."""
    of = result(THRASHED, replace(STEADY, signs=None))
    assert of.cold_starts is None
    read = json.loads(of.to_json())
    assert read["cold_starts"] is read["totals"]["classes"] is read["models"][0]["classes"] is None
    assert read["models"][1]["signs"] is None


def test_the_json_has_counts_shares_and_times() -> None:
    read = json.loads(result(THRASHED, STEADY).to_json())
    assert read["cold_starts"] == {"told": True, "doubt": ""}
    classes = read["models"][0]["classes"]
    assert [classes[name]["calls"] for name in ("first", "cold", "warm")] == [1, 4, 302]
    assert classes["cold"]["share"] == pytest.approx(4 / 307, abs=1e-6)
    assert classes["cold"]["refused"] == 2
    assert classes["cold"]["service_ms"]["p50"] == pytest.approx(500, rel=1 / 500)
    assert 50 < classes["limit_ms"] < 100
    assert read["totals"]["classes"]["cold"]["calls"] == 4
    assert read["totals"]["classes"]["limit_ms"] is None


def test_what_cannot_be_told_is_null_in_json() -> None:
    read = json.loads(result(model("a", of_ms(5, 6), Signs(of_ms(5), NONE, 0))).to_json())
    assert not read["cold_starts"]["told"]
    assert "too few calls" in read["cold_starts"]["doubt"]
    assert read["totals"]["classes"]["first"]["calls"] == 1
    assert read["totals"]["classes"]["cold"] is read["totals"]["classes"]["warm"] is None
