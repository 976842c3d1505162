"""rates: calls over the time in which they were due and sent, whatever was in flight where `warmup: auto` cut."""

import json
from csv import DictReader
from dataclasses import replace
from typing import Any

import pytest

from asyncload.difference.measured import numbers
from asyncload.formats.own import reading
from asyncload.formats.recording import Recording
from asyncload.repeats import Repeats
from asyncload.result import RunResult, SecondResult
from asyncload.transient import Transient, take_out
from tests.unit.exported import text
from tests.unit.seconds import S, flat, result, scenario, second

SLOW_S = 10
ROWS = [
    replace(second(number, [SLOW_S * 1_000_000] * (100 if number >= SLOW_S else 0)), planned=asked, sent=asked)
    for number in range(60 + SLOW_S)
    for asked in [100 if number < 60 else 0]
]
"""A minute of 100 calls a second, each of which takes ten."""


def run(**health: int) -> RunResult:
    return result(ROWS, scenario(flat(60), warmup="auto"), **{"measured_ns": 60 * S, "elapsed_ns": 60 * S, **health})


def cut(until_s: int, **health: int) -> RunResult:
    beginning = result(ROWS[:until_s], scenario()).models
    return take_out(run(**health), beginning, Transient(until_s, unsettled=False), (0, 60 * S))


def test_without_a_cut_they_are_calls_over_the_length() -> None:
    of = run(send_tail_ns=20 * S)
    assert (of.asked_per_s, of.achieved_per_s, of.rates.length_s) == (100, 75, 80)
    assert (run(measured_ns=0).asked_per_s, run(measured_ns=0).achieved_per_s) == (0, 0)


def test_what_was_in_flight_at_the_cut_makes_them_no_higher() -> None:
    """5,000 calls ended in the 40 s that are left, or behind them, and 4,000 were due."""
    of = cut(20)
    assert (of.totals.calls, of.health.measured_ns) == (5000, 40 * S)
    assert (of.asked_per_s, of.achieved_per_s) == (100, 100)
    assert cut(20, send_tail_ns=10 * S).achieved_per_s == 80


def test_those_of_targets_add_up_to_what_was_achieved() -> None:
    of = cut(20)
    assert reading(of, "x").total.rate_per_s == pytest.approx(100)
    assert Repeats((of,)).total.rate_per_s.value == pytest.approx(100)
    assert numbers([Recording(of, None)], []).throughput[0] == pytest.approx(100)
    (asked,) = of.judged_by(["achieved >= 120/s"]).objectives
    assert asked.answer == "MISSED"
    assert asked.value == pytest.approx(100)


def test_exports_have_the_same_ones() -> None:
    of = Recording(cut(20), None)
    assert [row["sent_per_s"] for row in DictReader(text(of, "csv").splitlines())] == ["100", "100", ""]
    k6 = json.loads(text(of, "k6-json"))
    requests = k6["metrics"]["http_reqs"]["values"]
    assert requests["rate"] == pytest.approx(100)
    assert requests["count"] / k6["state"]["testRunDurationMs"] == pytest.approx(0.1)
    assert "asyncload_achieved_per_second 100.0 " in text(of, "openmetrics")


def test_an_objective_has_the_share_that_the_report_has() -> None:
    """One call in a hundred is dropped behind the cut, none before; what was in flight there was sent."""
    rows = [replace(row, sent=row.sent - (20 <= row.second < 60)) for row in ROWS]
    of = take_out(
        result(rows, scenario(flat(60), warmup="auto"), measured_ns=60 * S, elapsed_ns=60 * S),
        result(rows[:20], scenario()).models,
        Transient(20, unsettled=False),
        (0, 60 * S),
    )
    assert (of.asked_per_s, of.achieved_per_s) == (100, 99)
    (asked,) = of.judged_by(["achieved >= 99%"]).objectives
    assert (asked.answer, asked.value) == ("MET", 99)


def test_a_cool_down_is_in_none() -> None:
    """A phase that is not measured follows, at ten times the rate."""
    asked = scenario(flat(60), flat(30, rate="1000/s", warmup=True), warmup="auto")
    rows = [second(number, [10_000] * (100 if number < 60 else 1000)) for number in range(90)]
    assert _settled(asked, rows, measured_ns=60 * S, elapsed_ns=90 * S).asked_per_s == 100


def test_a_second_that_is_half_warm_up_is_in_none() -> None:
    asked = scenario(flat(60), flat(10.5, rate="1000/s", warmup=True), flat(20), warmup="auto")
    each = [100] * 60 + [1000] * 10 + [550] + [100] * 19 + [50]
    rows = [second(number, [10_000] * calls) for number, calls in enumerate(each)]
    assert _settled(asked, rows, measured_ns=80 * S, elapsed_ns=round(90.5 * S)).asked_per_s == pytest.approx(100)


def test_of_ranks_that_were_cut_differently_and_stopped_no_second_counts_that_never_was() -> None:
    """Of the longer one 40 s were measured, of both together 20."""
    rows = [second(number, [10_000] * 100) for number in range(50)]
    stopped = {"measured_ns": 50 * S, "elapsed_ns": 50 * S, "interrupted": True}
    one, other = (_settled(scenario(flat(60), warmup="auto"), rows, until_s, **stopped) for until_s in (30, 10))
    assert one.merge(other).asked_per_s == 200


def _settled(asked: dict[str, Any], rows: list[SecondResult], until_s: int = 20, **health: int) -> RunResult:
    beginning = result(rows[:until_s], scenario()).models
    return take_out(result(rows, asked, **health), beginning, Transient(until_s, unsettled=False), (0, 60 * S))


def test_of_ranks_that_were_cut_differently_they_are_of_what_none_cut() -> None:
    both = cut(20).merge(cut(15))
    assert (both.asked_per_s, both.achieved_per_s) == (200, 200)


def test_a_killed_run_of_which_nothing_behind_the_cut_had_ended_has_them_too() -> None:
    of = take_out(
        result(ROWS[:10], scenario(flat(60), warmup="auto")),
        result(ROWS[:5], scenario()).models,
        Transient(5, unsettled=False),
        (0, 60 * S),
    )
    assert (of.totals.calls, of.asked_per_s, of.achieved_per_s, of.rates.length_s) == (0, 100, 100, 5)
