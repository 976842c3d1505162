"""
Student's t and chi-square, as far as intervals and tests need them.

Both follow from the incomplete beta and gamma functions, which are evaluated by series and continued fractions to about
1e-12; quantiles are found by halving an interval.

Source:
    Abramowitz and Stegun, Handbook of Mathematical Functions (1964): 26.5.8, 26.7.1 (t); 6.5.29, 6.5.31, 26.4.19
    (chi-square); 26.4.27 (Patnaik's approximation of the noncentral one). The fractions are summed by the method of
    Lentz, Applied Optics 15 (1976).
"""

import math
from collections.abc import Callable, Iterator
from functools import lru_cache

_TINY = 1e-300
_EXACT = 1e-14
_MOST_TERMS = 100_000


@lru_cache(maxsize=256)
def t_quantile(p: float, df: int) -> float:
    """
    Value that Student's t with `df` degrees of freedom does not exceed with probability p.

    Args:
        p: In [0.5, 1).
        df: At least 1.
    """
    return _solved(lambda t: 1 - t_tail(t, df), p)


def t_tail(t: float, df: int) -> float:
    """Probability that Student's t with `df` degrees of freedom exceeds t."""
    half = 0.5 * _beta_share(df / (df + t * t), df / 2, 0.5)
    return half if t >= 0 else 1 - half


def chi_square_tail(x: float, df: float) -> float:
    """Probability that chi-square with `df` degrees of freedom exceeds x."""
    return 1.0 if x <= 0 or df <= 0 else _gamma_tail(df / 2, x / 2)


def noncentrality(x: float, df: int, p: float) -> float:
    """
    The noncentrality at which chi-square stays below x with probability p; 0 if it does so less often at any.

    With p = 0.05 the upper, with p = 0.95 the lower end of a 90 % interval for what lies behind an observed x.
    """

    def above(centre: float) -> float:
        spread = (df + 2 * centre) / (df + centre)
        return chi_square_tail(x / spread, (df + centre) / spread)

    return 0.0 if above(0.0) >= 1 - p else _solved(above, 1 - p)


def _solved(rising: Callable[[float], float], target: float) -> float:
    """Where a rising function of [0, inf) reaches a value."""
    low, high = 0.0, 1.0
    while rising(high) < target and high < 1e12:
        low, high = high, 2 * high
    while high - low > 1e-10 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return (low + high) / 2


def _beta_share(x: float, a: float, b: float) -> float:
    """The incomplete beta function, as a share of the whole."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # the fraction converges quickly on the other side only
        return 1 - _beta_share(1 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) / (a * _fraction(1.0, _beta_terms(x, a, b)))


def _beta_terms(x: float, a: float, b: float) -> Iterator[tuple[float, float]]:
    for m in range(_MOST_TERMS):
        yield -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), 1.0
        yield (m + 1) * (b - m - 1) * x / ((a + 2 * m + 1) * (a + 2 * m + 2)), 1.0


def _gamma_tail(a: float, x: float) -> float:
    """The upper incomplete gamma function, as a share of the whole."""
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        n = 0
        while term > _EXACT * total:
            n += 1
            term *= x / (a + n)
            total += term
        return 1 - front * total
    return front / _fraction(x + 1 - a, ((-n * (n - a), x + 2 * n + 1 - a) for n in range(1, _MOST_TERMS)))


def _fraction(first: float, terms: Iterator[tuple[float, float]]) -> float:
    """Value of first + p1 / (q1 + p2 / (q2 + ...)) for terms (p, q)."""
    value = upper = first or _TINY
    lower = 0.0
    for p, q in terms:
        lower = 1 / (q + p * lower or _TINY)
        upper = q + p / upper or _TINY
        value *= upper * lower
        if abs(upper * lower - 1) < _EXACT:
            break
    return value
