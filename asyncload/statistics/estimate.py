"""
A number with what is known about it: a percentile or a share, and the interval in which the true one lies.

The interval of a percentile is one of order statistics, exact whatever the distribution: see `ranks`. Where calls are
not independent, it is that of as many independent ones as tell as much, its ranks stretched to the calls that there
are. A percentile that no rank of those bounds from above, or from below, is not supported by the sample.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from asyncload.histogram import Histogram
from asyncload.statistics.ranks import LEVEL, enclosing

__all__ = ["LEVEL", "Estimate", "Share", "percentiles", "share"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A percentile."""

    q: float
    value_us: float
    """NaN of no calls."""
    low_us: float
    high_us: float
    """The interval; NaN if the sample does not support the percentile."""
    calls: int
    effective_calls: float
    """How many independent calls would tell as much; at most `calls`."""

    @property
    def supported(self) -> bool:
        """Whether the sample can tell this percentile at all."""
        return not math.isnan(self.high_us)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, such as of calls that failed; from 0 to 1, with its interval."""

    value: float
    """NaN of nothing."""
    low: float
    high: float
    calls: int
    effective_calls: float


def percentiles(histogram: Histogram, quantiles: Sequence[float], effective: Sequence[float]) -> tuple[Estimate, ...]:
    """
    Estimate percentiles of one histogram.

    Args:
        histogram: Of all calls.
        quantiles: In (0, 1).
        effective: For each, how many independent calls would tell as much as these.
    """
    calls = histogram.count
    ranks = [_ranks(q, calls, n) for q, n in zip(quantiles, effective, strict=True)]
    # The middle between two ranks, so that no rounding asks for the next one.
    ends = [(rank - 0.5) / calls for pair in ranks if pair for rank in pair]
    values = histogram.quantiles_us([*quantiles, *ends]).tolist()
    bounds = iter(values[len(quantiles) :])
    found = []
    for q, value, pair, n in zip(quantiles, values, ranks, effective, strict=False):
        low, high = (next(bounds), next(bounds)) if pair else (math.nan, math.nan)
        found.append(Estimate(q, value, low, high, calls, n))
    return tuple(found)


def share(part: int, whole: int, effective: float) -> Share:
    """Estimate a share, by Wilson's interval."""
    if not whole:
        return Share(math.nan, math.nan, math.nan, 0, 0.0)
    return Share(part / whole, *_wilson(part / whole, effective), whole, effective)


def _ranks(q: float, calls: int, effective: float) -> tuple[int, int] | None:
    """Ranks of the calls that lie where those of the effective ones do; with as many of them, the same."""
    independent = min(math.floor(effective + 1e-9), calls)  # a product of factors that cancel may end just below
    found = enclosing(q, independent)
    if found is None:
        return None
    low, high = found
    return max(low * calls // independent, 1), min((high - 1) * calls // independent + 1, calls)


def _wilson(p: float, n: float) -> tuple[float, float]:
    if n <= 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(centre - half, 0.0), min(centre + half, 1.0)
