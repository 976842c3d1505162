"""traffic: shares by hand, and tables that hold them."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from asyncload.errors import ScenarioError
from asyncload.exact import words
from asyncload.scenario import Model, Popularity, Top, Weights, Zipf
from asyncload.traffic import AliasTable, alias_table, scaled, shares


def family(count: int, popularity: Popularity = "uniform", weight: float = 1.0) -> Model:
    return Model(name="m-{i}", count=count, popularity=popularity, weight=weight)


def held(table: AliasTable) -> NDArray[np.float64]:
    """The probabilities that a table stands for, in cells of 2**32."""
    full = np.zeros(table.aliases.size)
    np.add.at(full, np.arange(full.size), table.thresholds.astype(np.float64))
    np.add.at(full, table.aliases, 2.0**32 - table.thresholds.astype(np.float64))
    return full / (full.size * 2.0**32)


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        ([family(1, weight=3), family(1, weight=1)], [0.75, 0.25]),
        ([family(1, weight=1), family(4, weight=1)], [0.5, 0.125, 0.125, 0.125, 0.125]),
        ([family(3, Zipf(zipf=1.0))], [6 / 11, 3 / 11, 2 / 11]),
        ([family(3, Zipf(zipf=0.0))], [1 / 3, 1 / 3, 1 / 3]),
        ([family(5, Top(top=2, share=0.9))], [0.45, 0.45, 0.1 / 3, 0.1 / 3, 0.1 / 3]),
        ([family(2, Top(top=2, share=0.9))], [0.5, 0.5]),
        ([family(3, Weights(weights=(1, 0, 3)), 5), family(1, weight=5)], [0.125, 0.0, 0.375, 0.5]),
        ([family(1, weight=0), family(1, weight=2)], [0.0, 1.0]),
    ],
)
def test_shares(models: list[Model], expected: list[float]) -> None:
    """The weight belongs to the family, popularity divides it."""
    assert shares(models) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("models", "path"),
    [
        ([family(1, weight=0), family(1, weight=0)], "models"),
        ([family(1), family(1, weight=-1)], "models"),
        ([family(1), family(2, Weights(weights=(1, 2, 3)))], "models[1].popularity.weights"),
        ([family(2, Weights(weights=(0, 0)))], "models[0].popularity"),
        ([family(2, Top(top=3, share=0.5))], "models[0].popularity"),
        ([family(2, Top(top=1, share=1.5))], "models[0].popularity"),
    ],
)
def test_what_cannot_be_shared(models: list[Model], path: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        shares(models)
    assert caught.value.problems[0].path == path


@pytest.mark.parametrize("count", [1, 2, 3, 7, 1000])
def test_table_holds_the_shares(count: int) -> None:
    """To 2**-32 of a cell, whatever the order and the spread of the weights."""
    weights = np.array([math.exp(8 * math.sin(17 * i)) for i in range(count)])
    found = held(alias_table(weights))
    assert np.max(np.abs(found - weights / weights.sum())) <= 2.0**-32


def test_a_weight_of_zero_is_never_drawn() -> None:
    """Not even by the few words in 2**32 that rounding leaves over."""
    table = alias_table(np.array([0.0, 1.0, 0.0, 1e-3, 0.7, 0.0]))
    halves = np.array([0, 1, 2**31, 2**32 - 1], dtype=np.uint64)
    every = ((halves[:, np.newaxis] << np.uint64(32)) | halves).reshape(-1)
    assert set(table.draw(every).tolist()) <= {1, 3, 4}
    assert held(table)[[0, 2, 5]].tolist() == [0.0, 0.0, 0.0]


def test_draws_follow_the_shares() -> None:
    """Chi-square over 1,000 targets, at a fixed seed; 4.5 standard deviations."""
    weights = shares([family(1000, Zipf(zipf=0.7))])
    draws = 1_000_000
    counts = np.bincount(alias_table(weights).draw(words(1, 2, 3)(draws)), minlength=1000)
    chi_square = float(np.sum((counts - draws * weights) ** 2 / (draws * weights)))
    assert abs(chi_square - 999) < 4.5 * (2 * 999) ** 0.5


def test_scaled_reaches_both_ends_and_no_further() -> None:
    raw = np.array([0, 2**64 - 1, 2**63], dtype=np.uint64)
    assert scaled(raw, np.uint64(10)).tolist() == [0, 9, 5]
    assert scaled(raw, np.array([1, 2**32, 3], dtype=np.uint64)).tolist() == [0, 2**32 - 1, 1]
