"""
A number with what is known about it: a percentile or a share, and the interval in which the true one lies.

The interval of a percentile is one of order statistics: with n independent calls, the number of them below the true
percentile q is binomial, so two ranks enclose it with the level asked for, whatever the distribution. A percentile so
high that no rank is above it has no upper end, and is not supported by the sample.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from asyncload.histogram import Histogram

LEVEL = 0.95
"""Of every interval that is printed, unless it says otherwise."""


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
    ends = [_ends(q, n) for q, n in zip(quantiles, effective, strict=True)]
    values = histogram.quantiles_us([*quantiles, *(end for pair in ends for end in pair)]).tolist()
    found = []
    for i, (q, n) in enumerate(zip(quantiles, effective, strict=True)):
        low, high = values[len(ends) + 2 * i : len(ends) + 2 * i + 2]
        known = calls > 0 and 1 - q**n >= (1 + LEVEL) / 2
        found.append(Estimate(q, values[i], low if known else math.nan, high if known else math.nan, calls, n))
    return tuple(found)


def share(part: int, whole: int, effective: float) -> Share:
    """Estimate a share, by Wilson's interval."""
    if not whole:
        return Share(math.nan, math.nan, math.nan, 0, 0.0)
    return Share(part / whole, *_wilson(part / whole, effective), whole, effective)


def _ends(q: float, n: float) -> tuple[float, float]:
    return _wilson(q, n) if n > 0 else (0.0, 1.0)


def _wilson(p: float, n: float) -> tuple[float, float]:
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(centre - half, 0.0), min(centre + half, 1.0)
