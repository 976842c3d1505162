"""
Where the initial transient of a series ends: MSER-5, which cuts what makes the mean of the rest least certain.

    Y       means of five values each
    MSER(d) = sum over i > d of (Y_i - mean of those)^2 / (n - d)^2         the squared standard error, but for a factor
    d*      = the d at which that is least

Four things keep an event from being taken for a beginning. What is smoothed by a running median of five has no event of
two values or less left. Values count by their logarithm, so a stall of a hundred times the usual does not drown a
transient of twice. If the first batch is as the second half is, nothing is cut: what comes later is no beginning. And
differences of less than 1 % are worth no batch. Of fewer than fifty values there are ten batches nevertheless, of fewer
values each.

Source:
    White, Simulation 69 (1997): the rule. White, Cobb and Spratt, Winter Simulation Conference (2000): batches of five.
    Hoad, Robinson and Davies, Winter Simulation Conference (2008): beyond half of the series it is not to be trusted.
"""

import math
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asyncload.statistics.batches import persistence
from asyncload.statistics.distributions import t_quantile
from asyncload.statistics.trend import sen_slope

Float64s: TypeAlias = NDArray[np.float64]

_BATCH: Final = 5
_BATCHES: Final = 10
"""So many at least: of fewer, none would be left to compare with."""
_ENOUGH: Final = 15
"""Values of which is known how far they scatter, though they are few."""
_MATTERS: Final = 0.01
"""A difference of 1 %, in logarithms."""
_SURE: Final = 0.99
"""That the first batch is of another kind than the second half, or the third quarter than the last."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a series settles."""

    values: int
    """How many at its beginning to leave out: at most half."""
    batch: int
    """Values per batch: 5, or fewer of a short series; 0 if it was too short to look at."""
    settled: bool
    """False if the rule would cut more than half, so that nobody knows whether it would settle."""


def batch_of(length: int) -> int:
    """Values per batch of a series so long; 0 if it is too short."""
    return min(_BATCH, length // _BATCHES)


def mser(values: Float64s) -> Cut:
    """
    Find the end of the initial transient.

    Args:
        values: float64[n], all above 0, equally far apart in time.
    """
    batch = batch_of(values.size)
    if not batch:
        return Cut(0, 0, settled=True)
    logs = np.log(values)
    means = _smoothed(logs)[: values.size // batch * batch].reshape(-1, batch).mean(axis=1)
    second = logs[values.size // 2 :]
    # Where the second half begins in the transient, its end knows better how far values scatter.
    end = second[second.size // 2 :]
    scatter = min(_scatter(second), _scatter(end) if end.size >= _ENOUGH else math.inf)
    above = float(means[0] - np.median(second))
    if abs(above) <= max(scatter / math.sqrt(batch), _MATTERS):
        return Cut(0, batch, settled=True)
    half = means.size // 2
    falls = float(np.median(second[: second.size // 2]) - np.median(end)) * math.copysign(1, above)
    if falls > max(scatter * math.sqrt(2 * math.pi / 2 / end.size), _MATTERS):
        return Cut(half * batch, batch, settled=False)
    kept = [means[d:] for d in range(half + 1)]
    errors = [(float(((rest - rest.mean()) ** 2).sum()) / rest.size + _MATTERS**2) / rest.size for rest in kept]
    return Cut(int(np.argmin(errors)) * batch, batch, settled=True)


def _scatter(values: Float64s) -> float:
    """
    How far a value lies from the middle of others by chance, with 99 %: robust against stalls, a slope taken out.

    Values that are alike in turn are as far apart together, so their mean scatters as if it was of fewer.
    """
    level = values - sen_slope(values) * np.arange(values.size)
    around = level - np.median(level)
    deviation = 1.4826 * float(np.median(np.abs(around)))
    r = persistence(np.clip(around, -3 * deviation, 3 * deviation))
    return (
        t_quantile((1 + _SURE) / 2, values.size - 1) * (1 + 2 / values.size) * deviation * math.sqrt((1 + r) / (1 - r))
    )


def _smoothed(values: Float64s) -> Float64s:
    """Running median of five, of three at the second value and the last but one; the ends stay as they are."""
    if values.size < _BATCH:
        return values
    smooth = values.copy()
    smooth[2:-2] = np.median(np.lib.stride_tricks.sliding_window_view(values, _BATCH), axis=1)
    smooth[1], smooth[-2] = np.median(values[:3]), np.median(values[-3:])
    return smooth
