"""
Locust's response times: rounded to buckets, and percentiles of the counts in them.

Locust keeps no response time but a count per rounded value, so its percentiles are steps apart. To compare with it, our
own counts take the same way: the same rounding, then the same rule. What differs after that was measured.

    bucket_ms   0 .. 99 | 100 .. 990 | 1000 .. 9900 | 10000 ..
    step_ms           1 |         10 |          100 |     1000      ties go to the even multiple, as Python's round does

The percentile of n response times at q is the largest bucket with at most int(q * n) of them below it. It is one rank
above what most tools call the percentile: p99 of 100 values is their largest.

Source:
    locust/stats.py, 2.47: bucket_response_time and calculate_response_time_percentile.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asyncload.histogram import Histogram, highest_us, lowest_us

Counts: TypeAlias = Mapping[float, int]
"""Response times by bucket, in ms; a count is above 0."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How far a response time is rounded: to multiples of a step that grows with it."""

    limits_us: tuple[int, ...]
    """Where the next step begins, ascending."""
    steps_us: tuple[int, ...]
    """One more than limits."""

    def bucket_ms(self, values_us: NDArray[np.number]) -> NDArray[np.float64]:
        """
        Bucket of each response time.

        Args:
            values_us: Not negative; whole and half microseconds are rounded exactly.

        Shape:
            any[n] -> float64[n], us -> ms
        """
        values = values_us.astype(np.float64)
        steps = np.array(self.steps_us, np.float64)[np.searchsorted(self.limits_us, values, side="right")]
        rest = np.fmod(values, steps)  # exact, where a division would round values beside a tie onto it
        below = np.round((values - rest) / steps)
        up = (2 * rest > steps) | ((2 * rest == steps) & (below % 2 == 1))
        buckets_ms: NDArray[np.float64] = (below + up) * steps / 1000
        return buckets_ms

    def within_ms(self, bucket_ms: float) -> tuple[float, float]:
        """From which response time to which one a bucket is; half a step to either side, where the steps differ too."""
        value_us = 1000 * bucket_ms
        below = self.steps_us[bisect_left(self.limits_us, value_us)]
        above = self.steps_us[bisect_right(self.limits_us, value_us)]
        return max(0.0, bucket_ms - below / 2000), bucket_ms + above / 2000


LOCUST: Final = Rule((100_000, 1_000_000, 10_000_000), (1_000, 10_000, 100_000, 1_000_000))
"""What Locust does by itself."""
FINE: Final = Rule((), (100,))
"""
To 0.1 ms, as `locust.stats.bucket_response_time = lambda ms: round(ms, 1)` does.

Finer than our own counts above 102.4 ms, where their slots are 0.128 ms wide and wider.
"""


def counts_of(histogram: Histogram, rule: Rule = LOCUST) -> dict[float, int]:
    """Count a histogram's values by bucket, ascending; each stands in the middle of its slot."""
    middles_us = (lowest_us(histogram.slots) + highest_us(histogram.slots)) / 2
    buckets, place = np.unique(rule.bucket_ms(middles_us), return_inverse=True)
    counts = np.zeros(buckets.size, np.int64)
    np.add.at(counts, place, histogram.counts)
    return dict(zip(buckets.tolist(), counts.tolist(), strict=True))


def percentile_ms(counts: Counts, q: float) -> float:
    """
    Percentile of counted response times, by Locust's rule; NaN of none.

    Args:
        counts: In any order.
        q: In [0, 1].
    """
    return percentiles_ms(counts, [q])[0]


def percentiles_ms(counts: Counts, qs: Sequence[float]) -> list[float]:
    """Several percentiles at once, in ms; NaN of none."""
    if not counts:
        return [float("nan")] * len(qs)
    buckets = sorted(counts)
    upto = np.cumsum([counts[bucket] for bucket in buckets])
    below, n = np.concatenate([[0], upto[:-1]]), int(upto[-1])
    # The product is cut in floating point, as Locust does it: 0.29 * 100 is 28.999999999999996.
    ranks = [int(n * q) for q in qs]
    return [buckets[place - 1] for place in np.searchsorted(below, ranks, side="right").tolist()]
