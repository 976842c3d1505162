"""
Intervals for a difference that was measured in pairs: Student's t on the differences.

The two runs of a pair follow one another and change places in the next pair, so what drifts slowly cancels. Five
differences are too few for anything that assumes less: the range of all five, which assumes nothing, covers the median
with 94 % and cannot be made surer.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from asyncload.statistics.distributions import t_quantile


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, both included."""

    low: float
    high: float

    def within(self, other: "Interval") -> bool:
        """Whether all of it lies inside the other."""
        return other.low <= self.low and self.high <= other.high

    def beside(self, other: "Interval") -> bool:
        """Whether none of it lies inside the other."""
        return self.high < other.low or other.high < self.low


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean of at least one value."""
    return math.fsum(values) / len(values)


def deviation(values: Sequence[float]) -> float:
    """Standard deviation of at least two values, n - 1 in its denominator."""
    centre = mean(values)
    return math.sqrt(math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1))


def paired(differences: Sequence[float], level: float, resolution: float = 0.0) -> Interval:
    """
    Where the mean difference lies.

    Args:
        differences: One per pair, at least two.
        level: Of confidence, below 1.
        resolution: Of one difference; the interval reaches at least so far to either side.
    """
    n = len(differences)
    half = t_quantile((1 + level) / 2, n - 1) * deviation(differences) / math.sqrt(n)
    half = max(half, resolution)
    centre = mean(differences)
    return Interval(centre - half, centre + half)
