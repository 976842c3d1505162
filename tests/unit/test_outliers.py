"""Limits above which only a load explains a service time, and when nothing can be told."""

import numpy as np
import pytest

from asyncload.histogram import Histogram
from asyncload.outliers import limits

MS = 1_000.0
NONE = Histogram.empty()


def lognormal(number: int, median_ms: float, sigma: float, seed: int = 7) -> Histogram:
    times_us = median_ms * MS * np.exp(sigma * np.random.default_rng(seed).standard_normal(number))
    return Histogram.of_us(times_us.astype(np.int64))


def of_ms(*times_ms: float) -> Histogram:
    return Histogram.of_us((np.array(times_ms) * MS).astype(np.int64))


def test_a_limit_is_as_far_as_the_spread_of_the_model_asks_for() -> None:
    """exp(4.25 sigma) times the mean, each model by its own spread once it has calls enough."""
    found, doubt = limits([lognormal(20_000, 20, 0.5), lognormal(20_000, 200, 1.0)], [NONE, NONE])
    assert not doubt
    assert found[0] == pytest.approx(20 * MS * np.exp(4.25 * 0.5), rel=0.1)
    assert found[1] == pytest.approx(200 * MS * np.exp(4.25 * 1.0), rel=0.1)


def test_a_tail_on_a_floor_is_longer_than_its_spread_tells() -> None:
    """5 ms that every call takes and 3 ms of sigma 1 on top: fewer than 0.1 % of 200,000 calls lie above the limit."""
    times_us = MS * (5 + 3 * np.exp(np.random.default_rng(7).standard_normal(200_000)))
    found, doubt = limits([Histogram.of_us(times_us.astype(np.int64))], [NONE])
    assert not doubt
    assert np.mean(times_us > found[0]) < 0.001


def test_two_kinds_of_requests_do_not_hide_loads_without_a_word() -> None:
    """15 % of the calls take four times as long as the others: either loads of 500 ms stand out, or a doubt is said."""
    rng = np.random.default_rng(1)
    models, loads = [], 0
    for _ in range(30):
        times_ms = np.where(rng.random(300) < 0.15, 20, 5) * rng.lognormal(0, 0.2, 300)
        cold = rng.random(300) < 0.03
        loads += int(cold.sum())
        models.append(Histogram.of_us(((times_ms + np.where(cold, 500, 0)) * MS).astype(np.int64)))
    found, doubt = limits(models, [NONE] * 30)
    told = sum(model.count_above_us(limit) for model, limit in zip(models, found, strict=True) if np.isfinite(limit))
    assert doubt or told == loads


def test_no_limit_is_closer_than_the_quickest_load() -> None:
    """Steady models of 2 ms: 50 ms more."""
    found, _ = limits([of_ms(*[2.0] * 500)], [NONE])
    assert found[0] == pytest.approx(52 * MS, rel=0.02)


@pytest.mark.parametrize("sigma", [0.3, 1.0])
def test_cold_calls_do_not_move_the_limit(sigma: float) -> None:
    """Nor does a single odd quick reply move it down, as if all others were slow."""
    warm, cold = lognormal(2000, 5, sigma), lognormal(600, 1500, 0.3)
    clean, _ = limits([warm], [NONE])
    times = [warm, cold, of_ms(0.01)]
    mixed = Histogram.of_us(np.concatenate([np.repeat(_middles(part), part.counts) for part in times]))
    dirty, _ = limits([mixed], [NONE])
    assert dirty[0] == pytest.approx(clean[0], rel=0.1)


def _middles(histogram: Histogram) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    return np.array([histogram.quantile_us(q) for q in np.cumsum(histogram.counts) / histogram.count]).astype(np.int64)


def test_a_model_of_few_calls_borrows_the_others_spread() -> None:
    known = [lognormal(500, 5, 0.5, seed) for seed in range(20)]
    found, _ = limits([*known, of_ms(5, 700)], [NONE] * 21)
    assert 20 * MS < found[-1] < 100 * MS


def test_models_that_were_never_warm_take_the_others_limit() -> None:
    """Where loads go on, a rare model that shows only slow calls had none that was warm."""
    known = [of_ms(*[5.0] * 40, *[700.0] * 10) for _ in range(20)]
    rare = [of_ms(650, 800), of_ms(900)]
    found, _ = limits([*known, *rare], [NONE] * 22)
    assert max(found) < 100 * MS


def test_a_slow_model_is_not_taken_for_a_cold_one() -> None:
    """If it was called too often to have been evicted before every call; or if no loads go on at all."""
    known = [of_ms(*[5.0] * 40, *[700.0] * 10) for _ in range(20)]
    found, _ = limits([*known, of_ms(*[600.0] * 200)], [NONE] * 21)
    assert found[-1] > 1000 * MS
    quiet = [of_ms(*[5.0] * 40) for _ in range(20)]
    found, _ = limits([*quiet, of_ms(600), of_ms(650, 640)], [NONE] * 22)
    assert min(found[-2:]) > 1000 * MS


@pytest.mark.parametrize(
    ("later", "firsts", "words"),
    [
        ([of_ms(*[5.0] * 99)], [NONE], "too few calls to know what is warm: 99"),
        ([], [], "too few calls"),
        ([lognormal(5000, 5, 1.5)], [NONE], "service times scatter too widely"),
        (
            [lognormal(100, 200, 0.3, i) for i in range(20)],
            [of_ms(330)] * 20,
            "first calls took longer than later ones",
        ),
    ],
)
def test_what_cannot_be_told_is_not_told(later: list[Histogram], firsts: list[Histogram], words: str) -> None:
    """Too few calls, too wide a scatter, or loads that are seen in the first calls and would not stand out later."""
    found, doubt = limits(later, firsts)
    assert words in doubt
    assert np.all(np.isinf(found))


def test_first_calls_of_loaded_models_raise_no_doubt() -> None:
    later = [lognormal(100, 200, 0.3, i) for i in range(20)]
    assert limits(later, [of_ms(200.0 + i) for i in range(20)])[1] == ""
    assert limits(later, [of_ms(2000)] * 20)[1] == ""
