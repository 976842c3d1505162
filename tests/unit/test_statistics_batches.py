"""statistics.batches: how many independent calls are worth as much as those that share their seconds."""

import numpy as np
import pytest
from numpy.typing import NDArray

from asyncload.statistics.batches import Batches, Effect, effect, mean_error, persistence, residuals


def batches(calls: list[float], stratum: list[int] | None = None, *sloped: bool) -> Batches:
    return Batches(
        np.array(calls, float),
        np.array(stratum or [0] * len(calls), np.int64),
        np.array(sloped or (False,) * (max(stratum or [0]) + 1), bool),
    )


def correlated(phi: float, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """An AR(1) series of variance 1."""
    values = np.empty(n)
    values[0] = rng.normal()
    for i in range(1, n):
        values[i] = phi * values[i - 1] + rng.normal() * np.sqrt(1 - phi * phi)
    return values


def test_independent_calls_are_worth_themselves() -> None:
    """Of 300 seconds of 100 calls, 90 % inside: nearly all of them are left."""
    rng = np.random.default_rng(3)
    inside = rng.binomial(100, 0.9, 300).astype(float)
    found = effect(inside, batches([100.0] * 300), 0.0)
    assert found.effective(30_000) / 30_000 == pytest.approx(0.97, abs=0.04)


def test_calls_that_share_the_fate_of_their_second_are_worth_one_call_a_second() -> None:
    """All 100 of a second inside, or none: 300 seconds are 300 calls."""
    rng = np.random.default_rng(4)
    inside = np.where(rng.random(300) < 0.9, 100.0, 0.0)
    found = effect(inside, batches([100.0] * 300), 0.0)
    assert found.design == pytest.approx(100, rel=0.3)
    assert 200 < found.effective(30_000) < 320


def test_one_stall_is_one_event() -> None:
    """1 % of the calls are beyond, all of them in one second: no number of calls makes that more than a few."""
    inside = np.array([200.0] * 59 + [80.0])
    found = effect(inside, batches([200.0] * 60), 0.0)
    assert found.effective(12_000) < 368 / 2


def test_what_lasts_for_several_seconds_is_worth_less_than_what_lasts_for_one() -> None:
    """The same calls beyond in each second, in turns or all in a row."""
    turns = np.array(([90.0] * 5 + [100.0] * 5) * 30)
    alternating = effect(turns.reshape(-1, 2, 5).transpose(0, 2, 1).ravel(), batches([100.0] * 300), 0.0)
    in_a_row = effect(turns, batches([100.0] * 300), 0.0)
    assert in_a_row.effective(30_000) < alternating.effective(30_000) / 3


def test_a_target_of_few_calls_keeps_more_of_them() -> None:
    """Drawn at random, the calls of a target share a second the more rarely the fewer they are."""
    rng = np.random.default_rng(5)
    rate = np.clip(0.5 + 0.2 * correlated(0.5, 4000, rng), 0, 1)
    inside = rng.binomial(100, rate).astype(float)
    whole = effect(inside, batches([100.0] * 4000), 0.0)
    few = effect(rng.binomial(5, rate).astype(float), batches([5.0] * 4000), 0.0)
    assert whole.effective(20_000) == pytest.approx(few.effective(20_000), rel=0.2)
    assert whole.effective(400_000) / 400_000 < few.effective(20_000) / 20_000 / 8


def test_a_design_effect_is_never_below_one() -> None:
    """A constant share of every second is no better than chance would have it."""
    found = effect(np.full(100, 90.0), batches([100.0] * 100), 0.0)
    assert found.design == 1
    assert found.effective(10_000) <= 10_000


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_where_none_or_all_are_inside_no_more_is_known_than_their_number(share: float) -> None:
    found = effect(np.full(50, 100.0 * share), batches([100.0] * 50), 0.0)
    assert found.design == 1


@pytest.mark.parametrize("seconds", [0, 1, 2, 3])
def test_a_sample_of_a_few_seconds_is_worth_less_than_half_of_its_calls(seconds: int) -> None:
    """Whatever they look like."""
    found = effect(np.full(seconds, 50.0), batches([100.0] * seconds), 0.0)
    assert found.effective(1000) == pytest.approx(434, abs=1)


def test_what_differs_by_intent_is_no_scatter() -> None:
    """Two levels of load, as two strata, are worth as much as one level; as one they look like a lasting event."""
    rng = np.random.default_rng(6)
    inside = np.concatenate([rng.binomial(100, 0.9, 100), rng.binomial(400, 0.3, 100)]).astype(float)
    calls = [100.0] * 100 + [400.0] * 100
    told, untold = effect(inside, batches(calls, [0] * 100 + [1] * 100), 0.0), effect(inside, batches(calls), 0.0)
    assert told.design == pytest.approx(1, abs=0.3)
    assert untold.design > 20


def test_a_slope_by_intent_is_taken_out_with_its_stratum() -> None:
    """A ramp, along which fewer and fewer are inside."""
    rng = np.random.default_rng(7)
    inside = rng.binomial(200, np.linspace(1, 0.4, 100)).astype(float)
    sloped, flat = (effect(inside, batches([200.0] * 100, [0] * 100, slope), 0.0) for slope in (True, False))
    assert sloped.design == pytest.approx(1, abs=0.4)
    assert flat.design > 10


def test_residuals_are_what_each_second_has_too_many_of() -> None:
    """They add up to nothing; a second without calls has none."""
    left = residuals(np.array([8.0, 0.0, 3.0, 9.0]), batches([10.0, 0.0, 10.0, 20.0]))
    assert left == pytest.approx([3.0, 0.0, -2.0, -1.0])


@pytest.mark.parametrize("phi", [0.5, 0.8, 0.9])
def test_persistence_is_the_correlation_of_neighbours(phi: float) -> None:
    rng = np.random.default_rng(8)
    assert persistence(correlated(phi, 5000, rng)) == pytest.approx(phi, abs=0.04)


def test_what_chance_explains_does_not_persist() -> None:
    rng = np.random.default_rng(9)
    found = [persistence(rng.normal(size=60)) for _ in range(200)]
    assert sum(r > 0 for r in found) < 60
    assert persistence(np.zeros(10)) == persistence(np.array([1.0])) == 0


@pytest.mark.parametrize(("phi", "n"), [(0.0, 60), (0.5, 120), (0.8, 300)])
def test_the_standard_error_of_a_mean_covers_it(phi: float, n: int) -> None:
    """1.96 of them to either side, of 400 series: 95 %, give or take."""
    rng = np.random.default_rng(10)
    series = [correlated(phi, n, rng) for _ in range(400)]
    assert sum(abs(one.mean()) < 1.96 * mean_error(one) for one in series) / 400 > 0.91


def test_more_calls_than_the_sample_had_are_not_made_worse_than_it() -> None:
    """Calls whose seconds are not known, such as of a directory that ends early, count as those that are."""
    assert Effect(10.0, 1.0, 1000.0).effective(2000) == 200
