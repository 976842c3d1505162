"""
How many independent calls a share is worth that was counted in seconds, whose calls are alike.

A stall holds up all the calls of its second, and a busy minute those of a minute. What varies is then the second and
not the call, so the variance of a share p of n calls is taken from what each second has too many or too few:

    z_s = inside_s - p calls_s               of a stratum, with its own p, and its own slope if it has one
    V   = the larger of
          sum over lags |h| < L of (1 - |h| / L) sum z_s z_(s+h)           Newey and West
          sum z_s^2 + 2 r1 / (1 - r)                                       an AR(1) signal under the calls' own noise
    deff = max(1, V / (n p (1 - p)))

r1 is the sum of products at lag 1, and r the persistence: the lag-1 correlation of the series that shows it best,
corrected for its bias. L = 1 + 2 (1.1447 (4 r^2 / ((1 - r)^2 (1 + r)^2) S)^(1/3)), twice what is best for the mean
square error, for an interval needs less bias, and at most S / 3 of S seconds. That V itself is uncertain widens the
interval: by c / 1.96 for Kiefer and Vogelsang's critical value c, which counts here as so many calls less.

Source:
    Cochran, Sampling Techniques, 3rd ed. (1977), 6.3 and 9.1: ratio estimators, cluster sampling. Newey and West,
    Econometrica 55 (1987). Andrews, Econometrica 59 (1991), eq. 6.2 and 6.4: L. Kiefer and Vogelsang, Econometric
    Theory 21 (2005), table 1: c. Korn and Graubard, Survey Methodology 24 (1998): effective size for exact intervals.
"""

import math
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Float64s: TypeAlias = NDArray[np.float64]

_FEWEST: Final = 3
"""Of fewer seconds no more can be known, and no less is taken to be."""
_NOTHING: Final = 1e-12
"""Squared residual of a second, in calls, that is a rounding error."""
_MOST_PERSISTENT: Final = 0.97
_Z: Final = 1.96
_CRITICAL: Final = (1.96, 2.9694, 0.4160, -0.5324)
"""Coefficients of the two-sided 5 % critical value as a polynomial in L / S, for Bartlett's weights."""


@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """
    Seconds, or several of them together, in the order of time.

    **Shape**: calls float64[n]; stratum int64[n], ascending from 0; sloped bool[strata].
    """

    calls: Float64s
    stratum: NDArray[np.int64]
    """What differs between strata does so by intent."""
    sloped: NDArray[np.bool_]
    """Whether inside the stratum there is a slope by intent."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What is lost because calls are not independent."""

    design: float
    """Variance of the share over that of as many independent calls; at least 1."""
    certainty: float
    """Part of the calls that is left because the variance is itself an estimate; at most 1."""
    calls: float
    """Of the sample from which both were taken."""

    def effective(self, calls: float) -> float:
        """
        How many independent calls would tell as much.

        Args:
            calls: All, or those of one target. Drawn from all at random they have the more seconds to themselves the
                fewer they are: pairs of calls that are alike become rarer by the square of the share.
        """
        design = 1 + min(calls / self.calls, 1.0) * (self.design - 1) if self.calls else self.design
        return calls * self.certainty / design


def residuals(inside: Float64s, batches: Batches) -> Float64s:
    """
    Return how many calls more than its share each second has inside.

    Args:
        inside: float64[n], of `batches.calls`.
        batches: The seconds.
    """
    left = np.zeros(inside.size)
    for stratum, sloped in enumerate(batches.sloped.tolist()):
        chosen = np.flatnonzero(batches.stratum == stratum)
        calls = batches.calls[chosen]
        if not calls.sum():
            continue
        # Least squares, weighted by 1 / calls, for a count's variance grows with them. The two columns, calls and calls
        # times the distance from their middle, are orthogonal then.
        left[chosen] = inside[chosen] - inside[chosen].sum() / calls.sum() * calls
        if sloped:
            along = chosen - float(chosen @ calls) / float(calls.sum())
            moment = float(calls @ along**2)
            left[chosen] -= (float(inside[chosen] @ along) / moment if moment else 0.0) * calls * along
    return left


def persistence(z: Float64s) -> float:
    """Lag-1 correlation of residuals, corrected for its bias; 0 where chance explains it."""
    whole = float(z @ z)
    if z.size < _FEWEST or whole <= _NOTHING * z.size:
        return 0.0
    r = float(z[1:] @ z[:-1]) / whole
    if r <= 1 / math.sqrt(z.size):
        return 0.0
    return min(r + (1 + 4 * r) / z.size, _MOST_PERSISTENT)


def effect(inside: Float64s, batches: Batches, persistent: float) -> Effect:
    """
    Compare the variance of a share with that of independent calls.

    Args:
        inside: Calls of each second that count, float64[n].
        batches: The seconds.
        persistent: As `persistence` gives it, of the series that shows it best.
    """
    calls = float(batches.calls.sum())
    z = residuals(inside, batches)
    r = max(persistent, persistence(z))
    fitted = max(batches.sloped.size + int(batches.sloped.sum()) - 1, 0)
    seconds = max(z.size - fitted, _FEWEST)
    lags = _lags(r, seconds)
    binomial = float(inside.sum()) * (1 - float(inside.sum()) / calls) if calls else 0.0
    design = max(_variance(z, lags, r) / binomial, 1.0) if binomial > 0 else 1.0
    return Effect(design, (_Z / _critical(lags / seconds)) ** 2, calls)


def _lags(r: float, seconds: int) -> int:
    growth = 4 * r * r / ((1 - r) ** 2 * (1 + r) ** 2)
    lags = round(1 + 2 * 1.1447 * math.cbrt(growth * seconds))
    return max(min(lags, seconds // 3), 1)


def _variance(z: Float64s, lags: int, r: float) -> float:
    products = [float(z[lag:] @ z[: z.size - lag]) for lag in range(min(lags, z.size))]
    if not products:
        return 0.0
    newey_west = products[0] + 2 * sum((1 - lag / lags) * product for lag, product in enumerate(products) if lag)
    unbiased = z.size / (z.size - 1) if z.size > 1 else 1.0
    signal = products[0] + 2 * max(float(z[1:] @ z[:-1]), 0.0) / (1 - r)
    return max(newey_west, unbiased * signal)


def mean_error(values: Float64s) -> float:
    """Standard error of the mean of a series whose values are alike in turn, widened for what is not known of it."""
    z: Float64s = values - values.mean()
    r, seconds = persistence(z), max(z.size, _FEWEST)
    lags = _lags(r, seconds)
    return math.sqrt(_variance(z, lags, r)) / z.size * _critical(lags / seconds) / _Z


def _critical(share: float) -> float:
    a, b, c, d = _CRITICAL
    return a + share * (b + share * (c + share * d))
