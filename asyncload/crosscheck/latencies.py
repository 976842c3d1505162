"""
Latencies of both generators, counted and read in one way: Locust's, a hundred times finer.

Locust rounds to whole milliseconds below 100 ms and to two digits above, which is 20 % of a latency of 5 ms. Here each
of its steps is a hundredth; the rule of percentiles is its own. What remains of a difference was measured.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asyncload.formats.buckets import LOCUST, Counts, Rule, counts_of, percentiles_ms
from asyncload.histogram import Histogram

HUNDREDTHS: Final = Rule(LOCUST.limits_us, tuple(step_us // 100 for step_us in LOCUST.steps_us))
"""To 0.01 ms below 100 ms, to four digits above; `asyncload.locust.witness` makes Locust do the same."""
RESOLUTION_MS: Final = 0.01
"""Of latencies below 100 ms."""


@dataclass(frozen=True, eq=False)
class Latencies:
    """Calls by their latency, rounded to `HUNDREDTHS`."""

    counts: Counts

    @classmethod
    def of_histogram(cls, histogram: Histogram) -> "Latencies":
        """Put a histogram's values into these buckets, each as the middle of its slot."""
        return cls(counts_of(histogram, HUNDREDTHS))

    @classmethod
    def of_ms(cls, values_ms: NDArray[np.float64]) -> "Latencies":
        """Round and count single latencies."""
        buckets, counts = np.unique(HUNDREDTHS.bucket_ms(values_ms * 1000), return_counts=True)
        return cls(dict(zip(buckets.tolist(), counts.tolist(), strict=True)))

    @cached_property
    def count(self) -> int:
        """Number of calls."""
        return sum(self.counts.values())

    @property
    def most_ms(self) -> float:
        """The highest; NaN of none."""
        return max(self.counts, default=float("nan"))

    def percentile_ms(self, q: float) -> float:
        """Latency at quantile q by Locust's rule: p99 of 100 calls is the highest of them; NaN of none."""
        return self.percentiles_ms([q])[0]

    def percentiles_ms(self, qs: Sequence[float]) -> list[float]:
        """Latencies at several quantiles."""
        return percentiles_ms(self.counts, qs)

    def as_locust_rounds(self) -> "Latencies":
        """Return the same calls in Locust's own buckets, from which it prints its percentiles."""
        values_us = np.rint(np.array([*self.counts], np.float64) * 1000)
        coarse: Counter[float] = Counter()
        for bucket_ms, count in zip(LOCUST.bucket_ms(values_us).tolist(), self.counts.values(), strict=True):
            coarse[bucket_ms] += count
        return Latencies(coarse)


def merged(parts: Sequence[Latencies]) -> Latencies:
    """Add up the calls of several."""
    together: Counter[float] = Counter()
    for part in parts:
        together.update(part.counts)
    return Latencies(together)
