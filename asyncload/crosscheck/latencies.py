"""
Latencies as Locust holds them: counts by rounded milliseconds, and its percentile rule.

Locust rounds to whole milliseconds below 100 ms and to two digits above, which is 20 % of a latency of 5 ms. Here each
of its steps is a hundred times finer; the rule of percentiles is its own. What remains of a difference is no rounding.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from asyncload.histogram import Histogram, highest_us, lowest_us

Floats: TypeAlias = NDArray[np.float64]

_BOUNDS_MS = np.array([100.0, 1_000.0, 10_000.0])
_STEPS_PER_MS = np.array([100.0, 10.0, 1.0, 0.1])
"""Below each of the bounds, and above them all."""
RESOLUTION_MS = 0.01
"""Of latencies below 100 ms."""


def rounded_ms(values_ms: Floats) -> Floats:
    """
    Round to 0.01 ms below 100 ms, to four digits above: each step a hundredth of Locust's own.

    Shape:
        As `values_ms`.
    """
    steps_per_ms = _STEPS_PER_MS[np.searchsorted(_BOUNDS_MS, values_ms, side="right")]
    rounded: Floats = np.rint(values_ms * steps_per_ms) / steps_per_ms
    return rounded


@dataclass(frozen=True, slots=True)
class _Sorted:
    keys_ms: Floats
    below: NDArray[np.int64]
    """Calls in buckets below each."""
    count: int


@dataclass(frozen=True, eq=False)
class Latencies:
    """Calls by their rounded latency."""

    keys_ms: Floats
    """float64[n], ascending."""
    counts: NDArray[np.int64]
    """int64[n], all > 0."""

    @classmethod
    def of_ms(cls, values_ms: Floats) -> "Latencies":
        """Round and count single latencies."""
        keys, counts = np.unique(rounded_ms(values_ms), return_counts=True)
        return cls(keys, counts.astype(np.int64))

    @classmethod
    def of_histogram(cls, histogram: Histogram) -> "Latencies":
        """Put a histogram's values into these buckets, each as the middle of its slot."""
        middles_ms = (lowest_us(histogram.slots) + highest_us(histogram.slots)) / 2000
        return cls.of_counts(middles_ms, histogram.counts)

    @classmethod
    def of_buckets(cls, buckets: Iterable[Mapping[float, int]]) -> "Latencies":
        """Add up `response_times` as Locust gives them, one mapping per row of its statistics."""
        pairs = [pair for mapping in buckets for pair in mapping.items()]
        keys = np.array([key for key, _ in pairs], np.float64)
        return cls.of_counts(keys, np.array([count for _, count in pairs], np.int64))

    @classmethod
    def of_counts(cls, values_ms: Floats, counts: NDArray[np.int64]) -> "Latencies":
        """Round values of which there are so many each."""
        keys, places = np.unique(rounded_ms(values_ms), return_inverse=True)
        return cls(keys, np.bincount(places, weights=counts, minlength=keys.size).astype(np.int64))

    @property
    def count(self) -> int:
        """Number of calls."""
        return self._sorted.count

    @property
    def most_ms(self) -> float:
        """The highest; NaN of none."""
        return float(self.keys_ms[-1]) if self.keys_ms.size else float("nan")

    def percentile_ms(self, q: float) -> float:
        """
        Latency at quantile q by Locust's rule; NaN of none.

        Source:
            locust.stats.calculate_response_time_percentile: the largest bucket that has no more than int(n * q) calls
            below it. So p99 of 100 calls is the highest of them.
        """
        return float(self.percentiles_ms([q])[0])

    def percentiles_ms(self, qs: Sequence[float]) -> Floats:
        """Latencies at several quantiles: float64[len(qs)]."""
        held = self._sorted
        if not held.count:
            return np.full(len(qs), np.nan)
        most_below = np.array([int(held.count * q) for q in qs])
        found: Floats = held.keys_ms[np.searchsorted(held.below, most_below, side="right") - 1]
        return found

    def as_locust_rounds(self) -> "Latencies":
        """Return the same calls in Locust's own buckets, from which it prints its percentiles."""
        decades = np.searchsorted(_BOUNDS_MS, self.keys_ms, side="right")
        steps_ms = np.array([1.0, 10.0, 100.0, 1_000.0])[decades]
        keys, places = np.unique(np.rint(self.keys_ms / steps_ms) * steps_ms, return_inverse=True)
        return Latencies(keys, np.bincount(places, weights=self.counts, minlength=keys.size).astype(np.int64))

    @cached_property
    def _sorted(self) -> _Sorted:
        ends = np.cumsum(self.counts)
        return _Sorted(self.keys_ms, ends - self.counts, int(ends[-1]) if ends.size else 0)


def merged(parts: Sequence[Latencies]) -> Latencies:
    """Add up the calls of several."""
    keys = np.concatenate([part.keys_ms for part in parts]) if parts else np.empty(0)
    counts = np.concatenate([part.counts for part in parts]) if parts else np.empty(0, np.int64)
    return Latencies.of_counts(keys, counts)
