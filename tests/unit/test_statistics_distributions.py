"""statistics.distributions: the tables of a statistics textbook, and what follows from definitions."""

import math

import pytest

from asyncload.statistics.distributions import chi_square_tail, noncentrality, t_quantile, t_tail


@pytest.mark.parametrize(
    ("p", "df", "value"),
    [
        (0.975, 1, 12.7062), (0.975, 2, 4.30265), (0.975, 4, 2.77645), (0.995, 4, 4.60409), (0.95, 9, 1.83311),
        (0.975, 29, 2.04523), (0.975, 1000, 1.96234), (0.5, 4, 0.0),
    ],
)  # fmt: skip
def test_quantiles_of_t_are_those_of_the_tables(p: float, df: int, value: float) -> None:
    """Student's t, two-sided 90, 95 and 99 %."""
    assert t_quantile(p, df) == pytest.approx(value, abs=1e-5 * max(value, 1))


@pytest.mark.parametrize("t", [-7.0, -0.3, 0.0, 0.5, 2.0, 40.0])
def test_t_with_two_degrees_of_freedom_has_a_closed_form(t: float) -> None:
    """P(T > t) = 1/2 - t / (2 sqrt(2 + t^2)) for two degrees of freedom."""
    assert t_tail(t, 2) == pytest.approx(0.5 - t / (2 * math.sqrt(2 + t * t)), rel=1e-9, abs=1e-14)


@pytest.mark.parametrize(
    ("x", "df", "tail"),
    [
        (3.84146, 1, 0.05), (6.63490, 1, 0.01), (5.99146, 2, 0.05), (18.3070, 10, 0.05), (124.342, 100, 0.05),
        (1.0, 1, 0.31731), (0.0, 3, 1.0),
    ],
)  # fmt: skip
def test_tails_of_chi_square_are_those_of_the_tables(x: float, df: int, tail: float) -> None:
    """The upper 5 % and 1 % points."""
    assert chi_square_tail(x, df) == pytest.approx(tail, abs=1e-5)


@pytest.mark.parametrize("x", [0.01, 1.0, 30.0, 1000.0])
def test_chi_square_with_two_degrees_of_freedom_is_exponential(x: float) -> None:
    """P(X > x) = exp(-x/2) for two degrees of freedom, far into the tail."""
    assert chi_square_tail(x, 2) == pytest.approx(math.exp(-x / 2), rel=1e-9)


def test_noncentrality_of_one_degree_is_that_of_a_squared_normal() -> None:
    """With one degree of freedom the square root of the bound is the root of x plus or minus 1.645, nearly."""
    assert math.sqrt(noncentrality(100.0, 1, 0.05)) == pytest.approx(10 + 1.645, rel=0.01)
    assert math.sqrt(noncentrality(100.0, 1, 0.95)) == pytest.approx(10 - 1.645, rel=0.01)


def test_noncentrality_is_zero_where_chance_explains_all() -> None:
    """An x that is no larger than chance makes it has a lower bound of 0, and a tiny one an upper bound of 0 too."""
    assert noncentrality(1.0, 1, 0.95) == 0.0
    assert noncentrality(0.001, 10, 0.05) == 0.0
    assert noncentrality(12.0, 10, 0.05) > 5
