"""crosscheck.shares: calls per model against what was asked for, and of two generators against one another."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from asyncload.crosscheck.shares import against_weights, together

THREE_TO_ONE = np.array([0.75, 0.25])


def test_chi_square_of_a_textbook() -> None:
    """Mendel's peas: 315, 108, 101, 32 against 9 : 3 : 3 : 1 gives 0.470 with three degrees of freedom, p 0.925."""
    test = against_weights("peas", np.array([315.0, 108.0, 101.0, 32.0]), np.array([9, 3, 3, 1]) / 16)
    assert test.df == 3
    assert test.chi_square == pytest.approx(0.470, abs=1e-3)
    assert test.p == pytest.approx(0.9254, abs=1e-3)
    assert test.effect == 0.0


def test_chi_square_of_a_two_by_two_table() -> None:
    """Of two samples: sum of (seen - expected)^2 / expected over all four cells."""
    test = together("two", np.array([43.0, 9.0]), np.array([44.0, 4.0]))
    assert test.chi_square == pytest.approx(1.7774, abs=1e-3)
    assert test.df == 1


def test_two_to_one_instead_of_three_to_one_is_an_effect_of_0_19() -> None:
    """Cohen's w of the wrong weights, whichever way it is found, and certain with 4,000 calls."""
    wrong = np.array([2667.0, 1333.0])
    test = against_weights("wrong", wrong, THREE_TO_ONE)
    assert test.effect == pytest.approx(0.19, abs=0.01)
    assert test.p < 1e-20
    other = together("both", np.array([3000.0, 1000.0]), wrong)
    assert other.effect == pytest.approx(0.19, abs=0.02)
    assert other.p < 1e-10


def test_an_effect_is_bounded_by_the_number_of_calls() -> None:
    """With perfect shares, 200 calls leave room for a larger effect than 20,000."""
    few = against_weights("few", np.array([150.0, 50.0]), THREE_TO_ONE)
    many = against_weights("many", np.array([15_000.0, 5_000.0]), THREE_TO_ONE)
    assert few.most >= many.most
    assert against_weights("few", np.array([140.0, 60.0]), THREE_TO_ONE).most > 0.1
    assert many.most < 0.02


def test_a_model_that_was_not_asked_for_is_no_chance() -> None:
    """Calls to a model of share 0 cannot be explained."""
    test = against_weights("stray", np.array([10.0, 1.0]), np.array([1.0, 0.0]))
    assert (test.p, test.effect) == (0.0, math.inf)


def test_rare_models_are_put_together() -> None:
    """A thousand models with 2,000 calls have as many cells as give each five expected calls, and no false alarm."""
    rng = np.random.default_rng(3)
    weights: NDArray[np.float64] = np.arange(1, 1001).astype(np.float64) ** -1.1
    shares: NDArray[np.float64] = weights / weights.sum()
    test = against_weights("zipf", rng.multinomial(2000, shares).astype(np.float64), shares)
    assert 50 < test.df < 400
    assert test.p > 0.001
    both = together("zipf", *(rng.multinomial(2000, shares).astype(np.float64) for _ in range(2)))
    assert 50 < both.df < 400
    assert both.p > 0.001


def test_nothing_is_said_of_no_calls_and_of_one_model() -> None:
    """No calls leave room for any effect; one model has no shares to differ in."""
    assert against_weights("none", np.zeros(2), THREE_TO_ONE).most == math.inf
    assert together("none", np.zeros(2), np.array([3.0, 1.0])).most == math.inf
    assert against_weights("one", np.array([9.0]), np.array([1.0])).most == 0.0
