"""steadiness: whether latency drifts, and what the verdict says of it."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from asyncload.result import RunResult
from tests.unit.seconds import S, flat, result, scenario, second

RNG = np.random.default_rng(11)


def run(levels: NDArray[np.float64], *phases: dict[str, Any], **health: Any) -> RunResult:
    """So slow in each second, times a scatter of 40 %; 50 calls a second."""
    times = [np.round(8000 * level * RNG.lognormal(0, 0.4, 50)).astype(np.int64) for level in levels.tolist()]
    rows = [second(number, us) for number, us in enumerate(times)]
    return result(rows, scenario(*(phases or (flat(len(rows)),))), **health)


def test_a_steady_run_is_steady() -> None:
    """No trend, halves alike, no warning; the numbers are there."""
    of = run(np.ones(120))
    steady = of.steady
    assert (steady.seconds, steady.drifts, steady.drift, steady.warmup, steady.settled) == (120, False, "", "", True)
    assert steady.trend_p > 0.01
    assert steady.halves_low < 0 < steady.halves_high
    assert not of.verdict.warnings


@pytest.mark.parametrize(("end", "words"), [(1.5, "above the first ["), (0.6, "below the first [")])
def test_a_drift_is_a_warning_with_numbers(end: float, words: str) -> None:
    """Half as slow again at the end: the second half is a fifth above the first."""
    of = run(np.linspace(1, end, 200))
    steady = of.steady
    assert steady.drifts
    assert steady.halves_low < steady.halves_share < steady.halves_high
    ratio = (3 * end + 1) / (end + 3) - 1
    assert steady.halves_low < ratio < steady.halves_high
    assert steady.trend_share == pytest.approx(end - 1, abs=0.1)
    assert steady.trend_p < 1e-4
    assert steady.drift.startswith("latency drifts: p50 of the second half is ")
    assert words in steady.drift
    assert steady.drift in of.verdict.warnings
    assert of.verdict.valid


def test_a_step_in_the_middle_makes_the_halves_differ() -> None:
    of = run(np.repeat([1.0, 1.3], 60))
    assert "p50 of the second half is" in of.steady.drift
    assert of.steady.halves_share == pytest.approx(0.3, abs=0.05)


def test_a_drift_that_nobody_would_notice_is_none() -> None:
    """2 % over 2,000 s: sure, and small."""
    steady = run(np.linspace(1, 1.02, 2000)).steady
    assert steady.trend_p < 0.01
    assert not steady.drifts


def test_phases_whose_load_changes_are_not_looked_at() -> None:
    """Behind a ramp latency rises by intent."""
    ramp = {"law": "constant", "rate": {"from": 1, "to": 9}, "for": "200s"}
    steady = run(np.linspace(1, 3, 200), ramp).steady
    assert (steady.seconds, steady.drifts) == (0, False)
    assert math.isnan(steady.trend_p)


def test_levels_of_load_are_looked_at_one_by_one() -> None:
    """Two phases at their own latency are steady; one that drifts by itself is told, though another is longer."""
    levels = np.concatenate([np.ones(60), np.full(100, 3.0)])
    assert not run(levels, flat(60), flat(100)).steady.drifts
    levels[:60] = np.linspace(1, 2, 60)
    steady = run(levels, flat(60), flat(100)).steady
    assert (steady.drifts, steady.seconds) == (True, 60)


def test_the_warm_up_may_be_as_slow_as_it_likes() -> None:
    levels = np.concatenate([np.full(30, 5.0), np.ones(60)])
    of = run(levels, flat(30, warmup=True), flat(60), measured_ns=60 * S)
    assert (of.steady.seconds, of.steady.drifts) == (60, False)


def test_nineteen_seconds_are_too_few_to_look_at() -> None:
    assert run(np.linspace(1, 2, 19)).steady.seconds == 0
    assert run(np.linspace(1, 2, 20)).steady.seconds == 20


def test_late_replies_behind_the_last_phase_are_no_drift() -> None:
    """A call of each second takes a minute; at the end these are all that still comes."""
    rows = [second(number, RNG.lognormal(9, 0.4, 99).astype(np.int64)) for number in range(60)]
    rows += [second(number, [60_000_000]) for number in range(60, 120)]
    of = result(rows, scenario(flat(60)), measured_ns=60 * S, elapsed_ns=60 * S)
    assert (of.steady.seconds, of.steady.drift) == (60, "")
    assert of.totals.calls == 6000


def test_a_run_of_nothing_is_not_looked_at() -> None:
    of = result([second(number, []) for number in range(60)], scenario(flat(60)))
    assert (of.steady.seconds, of.steady.drifts) == (0, False)


@pytest.mark.parametrize(
    ("health", "cut_s", "words"),
    [
        ({"settled_s": 20}, 10, "warm-up: the first 10 s, by MSER-5"),
        ({}, 0, "warm-up: nothing to cut, by MSER-5"),
        ({"settled_s": 40, "unsettled": True}, 30, "as much as may be cut: it had not settled by then"),
    ],
)
def test_what_was_cut_is_said(health: dict[str, Any], cut_s: int, words: str) -> None:
    """From the beginning of the first measured phase on."""
    rows = [second(number, [8000] * 50) for number in range(70)]
    asked = scenario(flat(10, warmup=True), flat(60), warmup="auto")
    of = result(rows, asked, measured_ns=(60 - cut_s) * S, **health)
    assert of.steady.warmup_s == cut_s
    assert words in of.steady.warmup
    assert (of.steady.warmup in of.verdict.warnings) is ("unsettled" in health)
