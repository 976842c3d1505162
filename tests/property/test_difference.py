"""Laws of a comparison: how often chance is taken for a difference, and what no order or batch may change."""

from itertools import product
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from asyncload.difference import differences
from asyncload.difference.blocks import LADDER, lengths, weights
from asyncload.difference.holm import corrected
from asyncload.difference.intervals import Drawn, Shares
from asyncload.difference.student import multiple, tail
from asyncload.statistics.distributions import t_tail
from bench.courses import Endpoint, made

PS = st.lists(st.floats(1e-12, 1.0), min_size=1, max_size=30)


@pytest.mark.parametrize(("level_sigma", "level_memory", "stalls_per_s"), [(0.08, 0.7, 0.0), (0.03, 0.5, 0.03)])
def test_equal_runs_are_rarely_called_different(level_sigma: float, level_memory: float, stalls_per_s: float) -> None:
    """
    Of 60 comparisons of 10 numbers or so at most 8 have a false alarm.

    With the 5 % that are promised, more have one once in 250 such tests. Seconds that are taken to be independent make
    14 in the first of these. `python -m bench difference` counts a thousand comparisons.
    """
    endpoint = Endpoint(
        seconds=40, rates_per_s={"a.tar.gz": 60.0, "b.tar.gz": 30.0}, level_sigma=level_sigma,
        level_memory=level_memory, stalls_per_s=stalls_per_s,
    )  # fmt: skip
    runs = [made(endpoint, 5000 + seed) for seed in range(120)]
    pairs = zip(runs[::2], runs[1::2], strict=True)
    assert sum(bool(differences([a], [b]).ranked) for a, b in pairs) <= 8


def test_a_tail_that_is_ten_percent_longer_is_found_in_five_minutes() -> None:
    before = Endpoint(seconds=300, rates_per_s={"a.tar.gz": 60.0})
    after = Endpoint(seconds=300, rates_per_s={"a.tar.gz": 60.0}, slower={"a.tar.gz": 1.1})
    found = [differences([made(before, seed)], [made(after, 100 + seed)]) for seed in range(4)]
    assert all(each.total[0].sure for each in found)
    assert sum(each.total[2].alone_low > 0 for each in found) >= 3


# -- many comparisons -------------------------------------------------------------------------------------------------


@given(PS, st.randoms())
def test_holm_is_the_textbooks_and_knows_no_order(ps: list[float], random: object) -> None:
    p = np.array(ps)
    found = corrected(p, np.ones(p.size), 0.05)
    ranked = np.sort(p)
    expected = np.minimum(np.maximum.accumulate(ranked * np.arange(p.size, 0, -1)), 1)
    assert np.allclose(np.sort(found.p), expected)
    order = np.random.default_rng(p.size).permutation(p.size)
    assert np.allclose(corrected(p[order], np.ones(p.size), 0.05).p, found.p[order])


@given(PS, st.integers(0, 2**32 - 1))
def test_what_is_sure_is_what_is_below_its_own_level(ps: list[float], seed: int) -> None:
    p = np.array(ps)
    parts = np.random.default_rng(seed).uniform(0.1, 10, p.size)
    found = corrected(p, parts, 0.05)
    assert ((found.p <= 0.05) == (p <= found.level)).all()
    assert (found.level <= 0.05 * (1 + 1e-12)).all()


# -- where a difference lies ------------------------------------------------------------------------------------------


@given(st.integers(1, 500), st.floats(0.01, 30))
def test_student_by_the_normal_law_is_near_the_exact_one_and_never_surer(df: int, t: float) -> None:
    exact, found = 2 * t_tail(t, df), float(tail(np.array([t]), np.array([float(df)]))[0])
    assume(exact > 1e-10)
    normal = NormalDist()
    deviates = normal.inv_cdf(exact / 2) - normal.inv_cdf(found / 2)
    assert -0.2 < deviates < 0.01


@given(st.floats(1e-12, 0.999), st.floats(1, 1e4))
def test_a_multiple_is_exceeded_as_often_as_it_says(p: float, df: float) -> None:
    assert float(tail(multiple(np.array([p]), np.array([df])), np.array([df]))[0]) == pytest.approx(p, rel=1e-6)


@given(st.integers(0, 2**32 - 1), st.floats(1e-4, 0.9), st.floats(-0.5, 0.5))
def test_an_interval_holds_a_limit_exactly_if_it_is_not_surely_passed(seed: int, level: float, limit: float) -> None:
    rng = np.random.default_rng(seed)
    value = rng.normal(0, 0.2, 20)
    draws = np.sort(value[:, None] + rng.normal(0, 0.1, (20, 199)), axis=1).astype(np.float32)
    located: tuple[Drawn | Shares, ...] = (
        Drawn(value, draws, rng.uniform(0.05, 0.2, 20), rng.uniform(2, 50, 20)),
        Shares(
            rng.uniform(0, 1, 20), rng.uniform(0, 1, 20), rng.uniform(5, 500, 20), rng.uniform(5, 500, 20),
            rng.uniform(2, 50, 20),
        ),
    )  # fmt: skip
    for each in located:
        low, high = each.interval(np.full(20, level))
        p = each.p(limit)
        near = np.abs(p / level - 1) < 1e-6
        assert (((low > limit) | (high < limit)) == (p <= level))[~near].all()
        wider = each.interval(np.full(20, level / 2))
        assert (wider[0] <= low).all()
        assert (wider[1] >= high).all()


# -- blocks -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 60), min_size=1, max_size=4), st.sampled_from(LADDER), st.integers(0, 2**32 - 1))
def test_as_many_seconds_are_drawn_as_there_are_in_each_part(strata: list[int], block: int, seed: int) -> None:
    drawn = weights(strata, block, 20, np.random.default_rng(seed))
    assert drawn.shape == (20, sum(strata))
    parts = np.split(drawn, np.cumsum(strata)[:-1], axis=1)
    assert all((part.sum(axis=1) == size).all() for part, size in zip(parts, strata, strict=True))


def test_every_second_is_as_likely_to_be_drawn() -> None:
    for n, block in product((10, 33), (1, 4)):
        drawn = weights([n], block, 20_000, np.random.default_rng(n))
        assert np.abs(drawn.mean(axis=0) - 1).max() < 0.05


def _autocorrelated(memory: float, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    series = rng.normal(0, 1, n)
    for place in range(1, n):
        series[place] += memory * series[place - 1]
    return series


def test_the_longer_seconds_belong_together_the_longer_the_blocks() -> None:
    rng = np.random.default_rng(3)
    found = [
        lengths(np.array([_autocorrelated(memory, 240, rng) for _ in range(40)]), [240]).mean()
        for memory in (0.0, 0.5, 0.9)
    ]
    assert found[0] < 10
    assert found[0] < found[1] < found[2]


@settings(max_examples=30)
@given(st.integers(8, 240), st.integers(0, 2**32 - 1))
def test_blocks_are_never_longer_than_a_quarter_of_the_seconds(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    series = np.stack([np.cumsum(rng.normal(0, 1, n)), np.zeros(n), np.arange(n, dtype=np.float64)])
    found = lengths(series, [n])
    assert (found <= n / 4).all()
    assert np.isin(found, LADDER).all()


def test_a_level_that_differs_between_phases_is_no_dependence() -> None:
    rng = np.random.default_rng(4)
    series = np.concatenate([rng.normal(0, 1, 100), rng.normal(50, 1, 100)])[None]
    assert lengths(series, [100, 100])[0] < lengths(series, [200])[0]
