"""
Calls per model against what was asked for, and of both generators against one another: chi-square.

A test of equality becomes certain of the smallest difference if there are calls enough, and never sees any if there are
few. So two things are asked: is there a difference that chance does not explain, and how large may it be? The size is
Cohen's w, the root of sum((p - q)^2 / q): two models called 3 : 1 instead of 2 : 1 differ by 0.18.

Source:
    Cohen, Statistical Power Analysis for the Behavioral Sciences (1988), ch. 7: w = 0.1 is a small effect.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asyncload.statistics.distributions import chi_square_tail, noncentrality

_FEWEST = 5.0
"""Calls that are expected of a model, below which chi-square is not to be trusted and models are put together."""
_BOUND = 0.05
"""Probability that the effect is larger than its upper end."""


@dataclass(frozen=True, slots=True)
class ShareTest:
    """One test of calls per model."""

    what: str
    """Such as "asyncload against the weights"."""
    chi_square: float
    df: int
    """0 if there is one model only, or too few calls for more."""
    p: float
    effect: float
    """Cohen's w, chance taken off; 0 if chance explains all of it."""
    most: float
    """What w is less than, with 95 %; infinite if nothing was called."""


def against_weights(what: str, counts: NDArray[np.float64], shares: NDArray[np.float64]) -> ShareTest:
    """
    Hold calls per model against the shares that were asked for.

    Shape:
        Both float64[n]; the shares sum to 1.
    """
    total = float(counts.sum())
    if not total:
        return ShareTest(what, 0.0, 0, 1.0, 0.0, math.inf)
    if (counts[shares == 0] > 0).any():
        return ShareTest(what, math.inf, 1, 0.0, math.inf, math.inf)
    seen, expected = _pooled([counts, shares * total])
    return _tested(what, float(((seen - expected) ** 2 / expected).sum()), expected.size - 1, total)


def together(what: str, one: NDArray[np.float64], other: NDArray[np.float64]) -> ShareTest:
    """Hold the calls per model of two generators against one another."""
    totals = float(one.sum()), float(other.sum())
    if not all(totals):
        return ShareTest(what, 0.0, 0, 1.0, 0.0, math.inf)
    common = (one + other) / sum(totals)
    seen_one, seen_other, expected_one, expected_other = _pooled([one, other, common * totals[0], common * totals[1]])
    parts = ((seen_one - expected_one) ** 2 / expected_one, (seen_other - expected_other) ** 2 / expected_other)
    # Two samples of n and m calls tell two sets of shares apart as well as one of nm / (n + m) tells one from a law.
    calls = totals[0] * totals[1] / sum(totals)
    return _tested(what, float(parts[0].sum() + parts[1].sum()), expected_one.size - 1, calls)


def _tested(what: str, chi_square: float, df: int, calls: float) -> ShareTest:
    if not df:
        return ShareTest(what, 0.0, 0, 1.0, 0.0, 0.0)
    effect = math.sqrt(max(chi_square - df, 0.0) / calls)
    # Shares that fit better than chance would have it do not show that the weights do.
    most = math.sqrt(noncentrality(max(chi_square, float(df)), df, _BOUND) / calls)
    return ShareTest(what, chi_square, df, chi_square_tail(chi_square, df), effect, most)


def _pooled(columns: Sequence[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Put the rarest models together until of each cell enough calls are expected in the last column."""
    order = np.argsort(columns[-1], kind="stable")
    cells = np.zeros(order.size, np.int64)
    sums, cell = [0.0] * (len(columns) // 2), 0
    halves = columns[len(columns) // 2 :]
    for place, model in enumerate(order.tolist()):
        if place and all(total >= _FEWEST for total in sums):
            cell, sums = cell + 1, [0.0] * len(sums)
        cells[model] = cell
        sums = [total + float(column[model]) for total, column in zip(sums, halves, strict=True)]
    if cell and any(total < _FEWEST for total in sums):
        cells[cells == cell] = cell - 1
        cell -= 1
    return [np.bincount(cells, weights=column, minlength=cell + 1).astype(np.float64) for column in columns]
