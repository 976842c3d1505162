"""rates: calls over the time in which they were due and sent, whatever was in flight where `warmup: auto` cut."""

from dataclasses import replace

import pytest

from asyncload.difference.measured import numbers
from asyncload.formats.own import reading
from asyncload.formats.recording import Recording
from asyncload.repeats import Repeats
from asyncload.result import RunResult
from asyncload.transient import Transient, take_out
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
