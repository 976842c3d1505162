"""
Where the initial transient of a series ends: MSER-5, which cuts what makes the mean of the rest least certain.

    Y       means of five values each
    MSER(d) = sum over i > d of (Y_i - mean of those)^2 / (n - d)^2         the squared standard error, but for a factor
    d*      = the d at which that is least

Three things keep an event from being taken for a beginning. What is smoothed by a running median of five has no event
of two values or less left. Values count by their logarithm, so a stall of a hundred times the usual does not drown a
transient of twice. And if the first batch lies among those that are kept, nothing is cut: what comes later is no
beginning. Of fewer than fifty values there are ten batches nevertheless, of fewer values each.

Source:
    White, Simulation 69 (1997): the rule. White, Cobb and Spratt, Winter Simulation Conference (2000): batches of five.
    Hoad, Robinson and Davies, Winter Simulation Conference (2008): beyond half of the series it is not to be trusted.
"""

import math
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Float64s: TypeAlias = NDArray[np.float64]

_BATCH: Final = 5
_BATCHES: Final = 10
"""So many at least: of fewer, none would be left to compare with."""
_LEFT: Final = 3
"""Batches behind the last cut that is looked at, for of fewer the scatter is not known."""
_FAR: Final = 3.0
"""In robust standard deviations, from which the first batch does not belong to those that are kept."""


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
    whole = values.size // batch * batch
    means = _smoothed(np.log(values))[:whole].reshape(-1, batch).mean(axis=1)
    n = means.size
    errors = [float(((means[d:] - means[d:].mean()) ** 2).sum()) / (n - d) ** 2 for d in range(n - _LEFT + 1)]
    best = int(np.argmin(errors))
    if not best or _belongs(means[0], means[best:]):
        return Cut(0, batch, settled=True)
    return Cut(min(best, n // 2) * batch, batch, settled=best <= n // 2)


def _belongs(first: float, kept: Float64s) -> bool:
    """Whether a batch is no further from the middle of others than they are among themselves."""
    middle = float(np.median(kept))
    scatter = 1.4826 * float(np.median(np.abs(kept - middle)))
    return abs(first - middle) <= max(_FAR * scatter, math.log1p(0.01))


def _smoothed(values: Float64s) -> Float64s:
    """Running median of five, of three at the second value and the last but one; the ends stay as they are."""
    if values.size < _BATCH:
        return values
    smooth = values.copy()
    smooth[2:-2] = np.median(np.lib.stride_tricks.sliding_window_view(values, _BATCH), axis=1)
    smooth[1], smooth[-2] = np.median(values[:3]), np.median(values[-3:])
    return smooth
