"""formats.own: a run of ours beside the results of others."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asyncload.call import Outcome
from asyncload.errors import StoreError
from asyncload.formats.own import read_run, reading, together
from asyncload.histogram import Histogram
from asyncload.repeats import Repeats
from asyncload.result import Health, ModelResult, RunResult

S = 1_000_000_000
HEALTH = Health(1_795_460_000 * S, 130 * S, 120 * S, 0, cpu_share=0.3)
PAIR = {"users": 2, "for": "1m"}
OPEN = {"law": "poisson", "rate": "10/s", "for": "2m", "warmup": False}


def model(name: str, ok: int, response_us: int, service_us: int, **failed: int) -> ModelResult:
    outcomes = [0] * len(Outcome)
    outcomes[Outcome.OK] = ok
    for outcome, count in failed.items():
        outcomes[Outcome[outcome]] = count
    durations = [Histogram.of_us(np.full(ok, us)) for us in (response_us, service_us, response_us - service_us, 100)]
    return ModelResult(name, tuple(outcomes), 0, *durations)


def result(*models: ModelResult, phases: Any = (OPEN,), health: Health = HEALTH) -> RunResult:
    return RunResult({"name": "test", "phases": list(phases)}, "", models, model("warm-up", 5, 9, 9), (), health)


TWO = result(model("a", 1800, 8_000, 7_600), model("b", 595, 9_000, 8_900, TIMEOUT=0, MODEL_ERROR=5, DROPPED=0))


def test_both_views_stand_side_by_side() -> None:
    """Response counts from due, service from sent; the warm-up is in neither."""
    read = reading(TWO, "runs/x")
    a, b = read.rows
    assert (a.name, a.requests, a.failures, a.rate_per_s) == ("a", 1800, 0, 15.0)
    assert (b.name, b.requests, b.failures) == ("b", 600, 5)
    assert (read.total.requests, read.total.rate_per_s) == (2400, 20.0)
    for row in (a, read.total):
        for since, value_ms in (("due", 8.0), ("sent", 7.6)):
            low, high = row.latency[since].within_ms[0.5]  # type: ignore[index]  # one of the two by the line above
            assert low <= value_ms <= high
    assert (read.source, read.tool, read.invalid) == ("runs/x", "asyncload", ())


def test_the_rate_is_the_one_achieved() -> None:
    """Calls that were sent after the end of the plan took longer than the plan."""
    late = result(model("a", 2400, 8_000, 7_600), health=replace(HEALTH, send_tail_ns=40 * S))
    assert reading(late, "").total.rate_per_s == late.achieved_per_s == 15.0


def test_numbers_are_those_of_the_report() -> None:
    latency = reading(TWO, "").total.latency["due"]
    for q in (0.5, 0.9, 0.95, 0.99, 1.0):
        assert latency.percentiles_ms[q] == TWO.totals.response.quantile_us(q) / 1000
    assert latency.mean_ms == pytest.approx(TWO.totals.response.mean_us() / 1000)


def test_a_percentile_that_the_report_refuses_is_not_stated() -> None:
    """Of 2,395 calls there is no p99.9, and of 200 no p99 either; which it is stands beside the others."""
    few = result(model("a", 200, 8_000, 7_600), model("b", 2195, 9_000, 8_900), model("none", 0, 1, 1))
    read = reading(few, "")
    for row, untold in ((read.rows[0], {0.99, 0.999}), (read.rows[1], {0.999}), (read.total, {0.999})):
        for latency in row.latency.values():
            assert latency.untold == untold
            assert set(latency.percentiles_ms) == set(latency.within_ms) == {0.5, 0.9, 0.95, 0.99, 0.999, 1.0} - untold
    assert read.rows[2].latency["due"].untold == frozenset()


def test_runs_together_tell_what_each_by_itself_does_not() -> None:
    """Twice 700 calls are enough for p99; of a model that only one run has calls for nothing is told."""
    one = result(model("a", 700, 8_000, 7_600), model("b", 400, 9_000, 8_900))
    other = result(model("a", 700, 8_100, 7_700), model("b", 0, 1, 1))
    a, b = together(Repeats((one, other)), "").rows
    assert a.latency["due"].untold == a.latency["sent"].untold == {0.999}
    assert b.latency["due"].untold == {0.5, 0.9, 0.95, 0.99, 0.999}
    assert b.latency["due"].most_ms is not None
    alone = together(Repeats((one,)), "")
    assert [row.latency for row in alone.rows] == [row.latency for row in reading(one, "").rows]


def test_a_verdict_of_invalid_comes_along_with_its_reasons() -> None:
    stalled = result(model("a", 2400, 8_000, 7_600), health=replace(HEALTH, longest_stall_ns=S))
    read = reading(stalled, "")
    assert read.invalid == stalled.verdict.reasons
    assert read.invalid


def test_dropped_calls_were_not_sent_and_are_noted_with_the_warnings() -> None:
    read = reading(result(model("a", 90, 8_000, 7_600, DROPPED=10)), "")
    assert read.total.requests == 90
    assert read.notes[0] == "10 calls were due and never sent; they stand in no number here"
    assert any("only" in note for note in read.notes[1:])


@pytest.mark.parametrize(
    ("phases", "said"),
    [
        ((OPEN,), "open loop: "),
        ((OPEN, {"trace": "a.csv", "warmup": False}), "open loop: "),
        (({"users": 200, "for": "2m", "warmup": False},), "closed loop: 200 users, each waits for its reply"),
        (({**PAIR, "warmup": False}, {**PAIR, "users": 8}, PAIR), "closed loop: 2, then 8 users"),
        (({**PAIR, "warmup": True}, OPEN), "open loop: "),
        (({**OPEN, "warmup": True}, {**PAIR, "users": 5}), "closed loop: 5 users"),
    ],
)
def test_whether_arrivals_waited_for_replies_is_said_of_the_measured_phases(phases: Any, said: str) -> None:
    assert reading(result(model("a", 1, 2, 1), phases=phases), "").meaning.arrivals.startswith(said)


def test_a_run_without_calls_has_no_numbers() -> None:
    total = reading(result(model("a", 0, 2, 1), health=replace(HEALTH, measured_ns=0)), "").total
    assert (total.requests, total.rate_per_s) == (0, None)
    assert not total.latency["due"].percentiles_ms


def test_a_result_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes(TWO.to_json())
    whole, directory = read_run(tmp_path / "result.json"), read_run(tmp_path)
    assert whole.rows == directory.rows == reading(TWO, "").rows
    with pytest.raises(StoreError, match="no run here"):
        read_run(tmp_path / "nowhere")
