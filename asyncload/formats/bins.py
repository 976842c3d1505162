"""
Latencies that follow from counts: how many calls there were between one value and another.

Every foreign histogram comes down to this. The percentile q of n calls is that of the call of rank ceil(q * n), as
everywhere in asyncload; the bin that holds it says between which values it lies, and its upper end stands for it.

    low_ms     0    1    1    2
    high_ms    1    1    2    5
    count      3    1    4    2        p50 of 10 calls has the rank 5: above 1 ms, at most 2 ms
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asyncload.formats.reading import Latency
from asyncload.histogram import Histogram, highest_us, lowest_us

QUANTILES: Final = (0.5, 0.9, 0.95, 0.99, 0.999, 1.0)
"""Those that are asked of every source."""


@dataclass(frozen=True, slots=True)
class Bins:
    """Counts of calls by latency."""

    low_ms: NDArray[np.float64]
    """Where each bin begins."""
    high_ms: NDArray[np.float64]
    """Where it ends; not descending."""
    counts: NDArray[np.int64]
    """Calls in it; may be 0."""

    @classmethod
    def of(cls, histogram: Histogram) -> "Bins":
        """Slots of a histogram of ours."""
        slots = histogram.slots
        return cls(lowest_us(slots) / 1000, highest_us(slots) / 1000, histogram.counts)

    @property
    def calls(self) -> int:
        """How many there are."""
        return int(self.counts.sum())

    def mean_ms(self) -> float | None:
        """Mean, each call taken at the middle of its bin; None of no calls."""
        if not self.calls:
            return None
        return float((self.low_ms + self.high_ms) / 2 @ self.counts / self.calls)

    def within_ms(self, quantiles: Sequence[float] = QUANTILES) -> dict[float, tuple[float, float]]:
        """Between which values the call of each quantile's rank lies; empty of no calls."""
        if not self.calls:
            return {}
        upto = np.cumsum(self.counts)
        # A rounding error upwards must not ask for the next call: 0.07 * 100 is 7.000000000000001.
        ranks = np.clip(np.ceil(np.asarray(quantiles) * self.calls * (1 - 1e-15)), 1, self.calls)
        place = np.searchsorted(upto, ranks)
        ends = zip(self.low_ms[place].tolist(), self.high_ms[place].tolist(), strict=True)
        return dict(zip(quantiles, ends, strict=True))

    def latency(self) -> Latency:
        """Percentiles, mean and extremes as far as the bins tell them."""
        within = self.within_ms()
        filled = np.flatnonzero(self.counts)
        return Latency(
            percentiles_ms={q: high for q, (_, high) in within.items()},
            mean_ms=self.mean_ms(),
            least_ms=float(self.low_ms[filled[0]]) if filled.size else None,
            most_ms=float(self.high_ms[filled[-1]]) if filled.size else None,
            within_ms=within,
        )
