"""statistics.trend: whether a series still trends, and by how much."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from asyncload.statistics.trend import mann_kendall
from tests.unit.test_statistics_batches import correlated


def line(n: int, slope: float = 0.0, seed: int = 1) -> NDArray[np.float64]:
    values: NDArray[np.float64] = np.random.default_rng(seed).normal(0, 1, n) + slope * np.arange(n)
    return values


def test_an_example_from_the_definition() -> None:
    """Of 1 .. 10, all 45 pairs rise: S = 45, Var S = 125, Z = 44 / 11.18."""
    found = mann_kendall(np.arange(1.0, 11.0))
    assert found.p == pytest.approx(8.3e-5, rel=0.01)
    assert found.change == 9


@pytest.mark.parametrize("slope", [0.02, -0.02])
def test_a_trend_is_found_with_its_size(slope: float) -> None:
    found = mann_kendall(line(300, slope))
    assert found.p < 1e-6
    assert found.change == pytest.approx(300 * slope, rel=0.2)


@pytest.mark.parametrize(("phi", "n", "most"), [(0.0, 60, 12), (0.5, 120, 16), (0.8, 300, 25)])
def test_chance_seldom_looks_like_a_trend(phi: float, n: int, most: int) -> None:
    """At p < 0.01, of 400 series without one, correlated or not; without the inflation it would be up to 150."""
    rng = np.random.default_rng(2)
    assert sum(mann_kendall(correlated(phi, n, rng)).p < 0.01 for _ in range(400)) <= most


def test_one_wild_value_changes_nothing() -> None:
    """Ranks and medians."""
    values = line(200, 0.02)
    wild = values.copy()
    wild[190] = -1e9
    assert mann_kendall(wild).change == pytest.approx(mann_kendall(values).change, rel=0.1)
    assert mann_kendall(wild).p < 1e-6


def test_long_series_are_compared_by_blocks() -> None:
    """A day of seconds has 3.7e9 pairs; the trend over all of it is the same."""
    values = line(86_400, 1e-5)
    assert mann_kendall(values).change == pytest.approx(0.864, rel=0.15)
    assert mann_kendall(values).p < 1e-6


def test_a_constant_series_has_no_trend() -> None:
    found = mann_kendall(np.ones(50))
    assert (found.p, found.change) == (1, 0)


def test_nine_values_are_too_few() -> None:
    assert math.isnan(mann_kendall(np.arange(9.0)).p)
