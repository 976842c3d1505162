"""
Does a series still trend? Mann-Kendall for whether, Sen's slope for how much, both of ranks and medians.

    S       = number of pairs that rise minus number of pairs that fall
    Z       = (S -+ 1) / sqrt(Var S * inflation)

Neighbours that are alike make S scatter more than chance would, so its variance is inflated by the correlation of the
ranks of what is left when the slope is taken out: by Hamed and Rao's sum over the lags up to the first that chance
explains, or by (1 + r) / (1 - r), as of an AR(1) series, where that is more. That inflation is itself an estimate, so Z
is then held against Student's t with as many degrees of freedom as there are values left of it, less 2.

Source:
    Mann, Econometrica 13 (1945). Sen, Journal of the American Statistical Association 63 (1968). Hamed and Rao, Journal
    of Hydrology 204 (1998), eq. 8 to 10.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asyncload.statistics.batches import persistence
from asyncload.statistics.distributions import t_tail

Float64s: TypeAlias = NDArray[np.float64]

_MOST: Final = 600
"""Values that are compared with one another; of more, the medians of as many blocks are."""
_FEWEST: Final = 10


@dataclass(frozen=True, slots=True)
class Trend:
    """Whether a series rises or falls, and by how much."""

    p: float
    """Two-sided: how often chance alone trends as much. NaN of fewer than ten values."""
    change: float
    """Sen's slope times the length of the series, in the unit of its values."""


def mann_kendall(values: Float64s) -> Trend:
    """
    Look for a trend.

    Args:
        values: float64[n], equally far apart in time.
    """
    x = _blocks(values)
    n = x.size
    if n < _FEWEST:
        return Trend(math.nan, math.nan)
    s, slope = _pairs(x)
    _, ties = np.unique(x, return_counts=True)
    variance = (n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18
    if variance <= 0:
        return Trend(1.0, 0.0)
    inflation = _inflation(x - slope * np.arange(n))
    z = max(abs(s) - 1, 0.0) / math.sqrt(variance * inflation)
    tail = t_tail(z, max(round(n / inflation) - 2, 1)) if inflation > 1 else 1 - NormalDist().cdf(z)
    return Trend(2 * tail, slope * (n - 1))


def sen_slope(values: Float64s) -> float:
    """Median of the slopes between all pairs of at least two values."""
    x = _blocks(values)
    return _pairs(x)[1] * x.size / values.size


def _pairs(x: Float64s) -> tuple[float, float]:
    """By how many more pairs rise than fall, and the median of their slopes."""
    first, second = np.triu_indices(x.size, 1)
    rises = x[second] - x[first]
    return float(np.sign(rises).sum()), float(np.median(rises / (second - first)))


def _blocks(values: Float64s) -> Float64s:
    """Medians of blocks of equal length, so that no more than can be compared are left; a rest is left out."""
    length = -(-values.size // _MOST)
    if length <= 1:
        return values
    whole = values.size // length * length
    medians: Float64s = np.median(values[:whole].reshape(-1, length), axis=1)
    return medians


def _inflation(x: Float64s) -> float:
    """By how much the variance of S is larger than that of independent values; at least 1."""
    n = x.size
    # Rounded, lest what is left of a straight line be ranked by its rounding errors; equal values share their rank.
    _, place, times = np.unique(np.round(x, 9), return_inverse=True, return_counts=True)
    ranks: Float64s = (np.cumsum(times) - (times + 1) / 2)[place] - (n - 1) / 2
    whole = float(ranks @ ranks)
    if not whole:
        return 1.0
    hamed_rao = 1.0
    for lag in range(1, n - 2):
        r = float(ranks[lag:] @ ranks[:-lag]) / whole
        if r <= 1.96 / math.sqrt(n):
            break
        hamed_rao += 2 * r * (n - lag) * (n - lag - 1) * (n - lag - 2) / (n * (n - 1) * (n - 2))
    r = persistence(ranks)
    return max(hamed_rao, (1 + r) / (1 - r))
