"""Results: the numbers that are computed from them, the keys of their JSON, and what is refused."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from asyncload.call import Outcome
from asyncload.errors import StoreError
from asyncload.histogram import Histogram, merge
from asyncload.result import SCHEMA, WARMUP, Health, ModelResult, RunResult, SecondResult, Signs

S = 1_000_000_000
MS = 1_000
"""In us."""
NONE = Histogram.empty()
METRICS = ("response", "service", "lateness", "ttfb")


def outcomes(**counts: int) -> tuple[int, ...]:
    return tuple(counts.get(outcome.name, 0) for outcome in Outcome)


def model(name: str, calls: int, *, service_us: int = 5 * MS, **others: int) -> ModelResult:
    """So many OK calls, all alike, and others that left no durations."""
    sent = calls + sum(others.values()) - others.get("DROPPED", 0)
    same = Histogram.of_us(np.full(calls, service_us))
    return ModelResult(
        name, outcomes(OK=calls, **others), 10 * calls, same, same, Histogram.of_us(np.full(sent, 100)), same
    )


def result(*models: ModelResult, **health: Any) -> RunResult:
    readings = {"started_unix_ns": 10**18, "elapsed_ns": 10 * S, "measured_ns": 10 * S, "send_tail_ns": 0} | health
    return RunResult(
        {"name": "two models"},
        "ab" * 32,
        models or (model("a", 3000), model("b", 1000)),
        replace(model("w", 50), name=WARMUP),
        (SecondResult(0, 5, 4, 1, outcomes(OK=3, DROPPED=1), NONE, Histogram.of_us(np.array([100]))),),
        Health(**readings),
    )


def document(of: RunResult) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(of.to_json())
    return read


def test_totals_leave_the_warm_up_out() -> None:
    totals = result().totals
    assert (totals.calls, totals.sent, totals.ok, totals.received_bytes, totals.response.count) == (
        4000,
        4000,
        4000,
        40_000,
        4000,
    )


def test_the_rates_count_from_the_measured_length() -> None:
    """Asked: arrivals over the measured phases; achieved: calls sent, over what was needed beyond them too."""
    of = result(model("a", 3000, DROPPED=100, ABANDONED=50), send_tail_ns=S)
    assert of.asked_per_s == 315.0
    assert of.achieved_per_s == pytest.approx(3050 / 11)


def test_a_run_that_has_measured_nothing_has_no_rates() -> None:
    """And says so, instead of dividing by nothing."""
    of = result(model("a", 0), measured_ns=0)
    assert of.asked_per_s == of.achieved_per_s == 0
    assert not of.verdict.valid
    assert document(of)["models"][0]["response_ms"] == dict.fromkeys(
        ["p50", "p90", "p95", "p99", "p99_9", "max", "mean"]
    )
    assert RunResult.from_json(of.to_json()) == of


@pytest.mark.parametrize(
    ("of", "reason"),
    [
        (result(model("a", 3000, DROPPED=1)), "1 arrivals were dropped"),
        (result(send_tail_ns=S), "the rate was not achieved"),
        (result(cpu_share=0.99), "bottleneck"),
        (result(longest_stall_ns=S), "stood still for 1000 ms"),
        (result(clock_jump_ns=-S), "jumped by -1000 ms"),
        (result(exhausted=1), "ran out of ports"),
        (result(replace(model("a", 3000), lateness=Histogram.of_us(np.full(3000, 2 * MS)))), "sent late"),
    ],
)
def test_the_verdict_is_drawn_from_the_result(of: RunResult, reason: str) -> None:
    """Each reading in its unit."""
    assert not of.verdict.valid
    assert len(of.verdict.reasons) == 1
    assert reason in of.verdict.reasons[0]
    assert document(of)["verdict"]["reasons"] == list(of.verdict.reasons)


def test_late_warm_up_calls_do_not_make_a_run_invalid() -> None:
    of = result()
    late = replace(of.warmup, lateness=Histogram.of_us(np.full(50_000, 900 * MS)))
    assert replace(of, warmup=late).verdict.valid


def test_the_json_has_the_promised_keys() -> None:
    """Those that users' scripts may rely on, each percentile included; times in ms."""
    read = document(result())
    assert read["schema"] == SCHEMA
    assert read["verdict"] == {"valid": True, "reasons": [], "warnings": []}
    assert (read["plan_digest"], read["asked_per_s"], read["achieved_per_s"]) == ("ab" * 32, 400, 400)
    health = read["health"]
    assert [health[key] for key in ("planned", "sent", "dropped", "abandoned")] == [4000, 4000, 0, 0]
    assert health["lateness_ms"].keys() >= {"p50", "p99", "max"}
    assert [row["name"] for row in read["models"]] == ["a", "b"]
    for row in (read["totals"], *read["models"]):
        assert row.keys() >= {"name", "sent", "ok", "outcomes"}
        for metric in ("response_ms", "service_ms", "lateness_ms", "ttfb_ms"):
            assert row[metric].keys() == {"p50", "p90", "p95", "p99", "p99_9", "max", "mean"}
    assert read["models"][0]["outcomes"] == {"OK": 3000}
    assert read["models"][0]["service_ms"]["p50"] == pytest.approx(5, rel=1 / 1000)
    assert read["models"][0]["lateness_ms"]["max"] == 0.1


# -- a closed loop ----------------------------------------------------------------------------------------------------

CLOSED: dict[str, Any] = {"name": "two models", "phases": [{"users": 8, "think": "10ms", "for": "5s", "warmup": False}]}


def stalled(name: str, calls: int, stalled: int) -> ModelResult:
    """Calls of 5 ms, and some of 1 s."""
    times = Histogram.of_us(np.array([5 * MS] * calls + [1000 * MS] * stalled))
    return replace(model(name, calls + stalled), response=times, service=times)


def test_a_closed_loop_is_asked_for_no_rate() -> None:
    """Though the one that it achieved is known, and may be any: that makes nobody doubt it."""
    closed = replace(result(), scenario=CLOSED)
    assert closed.closed
    assert np.isnan(closed.asked_per_s)
    assert closed.achieved_per_s == 400
    assert closed.verdict.valid
    assert not result().closed
    assert [crowd.users for crowd in closed.crowds] == [8]


def test_a_closed_loop_is_corrected_for_the_calls_that_its_users_did_not_make() -> None:
    """A user calls every 15 ms as a rule, so a stall of 1 s stands for 66 more, of the model that was called."""
    closed = replace(result(stalled("a", 3000, 6), stalled("b", 1000, 2)), scenario=CLOSED)
    assert closed.expected_interval_us == pytest.approx(15 * MS, rel=1e-3)
    found = [closed.corrected(row) for row in (*closed.models, closed.totals)]
    assert [histogram.count for histogram in found if histogram] == [3006 + 6 * 66, 1002 + 2 * 66, 4008 + 8 * 66]
    assert closed.totals.response.quantile_us(0.95) == pytest.approx(5 * MS, rel=1e-3)
    assert found[2] is not None
    assert found[2].quantile_us(0.95) > 500 * MS
    assert found[2].quantile_us(1) == closed.totals.response.quantile_us(1)


def test_an_open_loop_has_no_corrected_view() -> None:
    """Nor is there anything to correct where no call was answered."""
    assert result().corrected(result().totals) is None
    assert np.isnan(result().expected_interval_us)
    dead = replace(result(model("a", 0, CONNECT=5)), scenario=CLOSED)
    assert dead.corrected(dead.totals) == NONE


def test_where_one_user_calls_at_a_time_cold_calls_cannot_be_told() -> None:
    """Nobody overtakes it: each of several ranks saw its own user alone."""
    signs = Signs(Histogram.of_us(np.array([5 * MS])), NONE, 0)
    rows = [replace(stalled(name, 500, 5), signs=signs) for name in ("a", "b")]

    def doubt(users: int, ranks: int = 1) -> str:
        phases = [{**CLOSED["phases"][0], "users": users}]
        starts = replace(result(*rows, ranks=ranks), scenario={"phases": phases}).cold_starts
        assert starts is not None
        assert bool(starts.doubt) == (starts.total.cold_calls == 0)
        return starts.doubt

    assert "one user called at a time" in doubt(1)
    assert doubt(4, ranks=4) == doubt(1)
    assert doubt(2) == doubt(5, ranks=4) == ""
    many = replace(result(*rows), scenario={"phases": []}).cold_starts
    assert many is not None
    assert not many.doubt


def test_the_json_carries_both_views_of_a_closed_loop() -> None:
    """Null in the place of what an open loop does not have, and of what nobody asked for."""
    open_, closed = (document(of) for of in (result(), replace(result(stalled("a", 990, 10)), scenario=CLOSED)))
    assert (open_["loop"], open_["asked_per_s"], open_["expected_interval_ms"]) == ("open", 400, None)
    assert (closed["loop"], closed["asked_per_s"], closed["achieved_per_s"]) == ("closed", None, 100)
    assert closed["expected_interval_ms"] == pytest.approx(15, rel=1e-3)
    assert [row["corrected_ms"] for row in (open_["totals"], *open_["models"])] == [None] * 3
    for row in (closed["totals"], *closed["models"]):
        assert row["corrected_ms"].keys() == {"calls", *row["response_ms"]}
        assert row["corrected_ms"]["calls"] == 1000 + 10 * 66
        assert row["response_ms"]["p90"] == pytest.approx(5, rel=1e-3)
        assert row["corrected_ms"]["p90"] > 500
    assert "corrected_ms" not in closed["warmup"]


def test_ranks_of_a_closed_loop_merge() -> None:
    """The correction is of what was merged, and the same as that of the parts."""
    one, other = (replace(result(stalled("a", 500, calls)), scenario=CLOSED) for calls in (3, 4))
    whole = one.merge(other)
    parts = [part.corrected(part.totals) for part in (one, other)]
    assert whole.corrected(whole.totals) == merge([part for part in parts if part])
    assert RunResult.from_json(whole.to_json()).corrected(whole.totals) == whole.corrected(whole.totals)


def test_results_of_different_plans_do_not_merge() -> None:
    """By digest, or by the names of their models."""
    of = result()
    for other in (
        replace(of, plan_digest="cd" * 32),
        replace(of, models=of.models[:1]),
        result(model("a", 1), model("c", 1)),
    ):
        with pytest.raises(StoreError, match="different plans"):
            of.merge(other)


def edited(**changes: Any) -> bytes:
    return json.dumps(document(result()) | changes).encode()


def with_model(**changes: Any) -> bytes:
    return edited(models=[document(result())["models"][0] | changes])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a result of asyncload"),
        (b"\xff\xfe", "not a result of asyncload"),
        (b"[" * 100_000, "not a result of asyncload"),
        (b"null", "not a result of asyncload"),
        (b"[1]", "not a result of asyncload"),
        (b"{}", "it has no `schema`"),
        (b'{"schema": "asyncload.result/1"}', "it has no `"),
        (edited(schema="asyncload.result/2"), "asyncload.result/2.*reads 'asyncload.result/1'"),
        (edited(schema=["x"]), "this version of asyncload reads"),
        (edited(models=7), "not a result of asyncload"),
        (edited(models=["a"]), "not a result of asyncload"),
        (edited(warmup={"name": "warm-up"}), "it has no `"),
        (edited(health={}), "it has no `"),
        (edited(health=document(result())["health"] | {"examples": [7]}), "not a result of asyncload"),
        (with_model(outcomes=[]), "not a result of asyncload"),
        (with_model(histograms=dict.fromkeys(METRICS, "AAAA")), "histogram"),
        (with_model(histograms=dict.fromkeys(METRICS, "?")), "not a result of asyncload"),
    ],
)
def test_what_is_no_result_is_refused_in_plain_words(data: bytes, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        RunResult.from_json(data)


def test_a_reading_that_an_older_version_did_not_take_has_its_default() -> None:
    read = document(result(stalls=3))
    del read["health"]["clock_skew_s"]
    assert RunResult.from_json(json.dumps(read).encode()) == result(stalls=3)


@pytest.mark.parametrize("cut", range(0, 1000, 97))
def test_a_result_that_was_cut_is_refused(cut: int) -> None:
    with pytest.raises(StoreError, match="not a result of asyncload"):
        RunResult.from_json(result().to_json()[:cut])


@pytest.mark.parametrize(
    "phases",
    [
        7,
        [{"rate": "1/s", "for": "abc"}],
        [{"rate": {"spike": {}}, "for": "9s"}],
        [{"users": 3, "spawn": "fast", "for": "9s"}],
        [{"users": 3, "spawn": "0/s", "for": "9s"}],
        [{"rate": {"sine": {"period": "0s"}}, "for": "9s"}],
        ["9s"],
    ],
)
def test_a_scenario_that_cannot_be_read_is_told_where_the_result_is_read(phases: object) -> None:
    """Somebody wrote in it; who asks for a number later must not trip over that."""
    written = document(result())
    written["scenario"]["phases"] = phases
    with pytest.raises(StoreError, match="not a result of asyncload"):
        RunResult.from_json(json.dumps(written).encode())
