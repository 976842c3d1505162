"""
One second of a run, as it is handed from the recorder to whoever keeps it: counts by key.

A key is a model, a metric and an HDR slot in one number, (model * metrics + metric) << 15 | slot, so that a second of a
thousand models is two arrays.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from asyncload.histogram import Histogram, Int64s, sum_by_key

METRICS: Final = ("response", "service", "lateness", "ttfb")
"""Response = last - due, service = last - sent, lateness = sent - due, ttfb = first - sent."""
SIGNS: Final = ("first", "held")
"""Of these calls the service time is counted once more."""
SLOT_BITS: Final = 15
SLOT_MASK: Final = (1 << SLOT_BITS) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Second:
    """
    What was recorded between two ticks.

    **Shape**: keys and counts int64[n], ascending keys; sign_keys and sign_counts likewise; outcomes
    int64[models + 1, 12]; received, retries and refused int64[models + 1].
    The last row stands for the warm-up of all models together.
    """

    keys: Int64s
    counts: Int64s
    outcomes: Int64s
    received: Int64s
    """Bytes of bodies."""
    retries: Int64s
    """Attempts beyond the first."""
    sign_keys: Int64s
    """(model * 2 + sign) and HDR slot of service times."""
    sign_counts: Int64s
    refused: Int64s
    """Calls that ended NOT_READY and of which a later success is known since this second."""
    rows: Int64s | None
    """int64[n, 8] of the calls themselves, times from the plan's zero, where samples were asked for."""

    def histogram(self, model: int, metric: int) -> Histogram:
        """Histogram of one model's metric in this second."""
        return slice_of(self.keys, self.counts, model * len(METRICS) + metric)

    def overall(self, metric: int) -> Histogram:
        """Histogram of one metric of all models, warm-up included."""
        chosen = (self.keys >> SLOT_BITS) % len(METRICS) == metric
        return Histogram(*sum_by_key(self.keys[chosen] & SLOT_MASK, self.counts[chosen]))

    def groups(self) -> tuple[Int64s, Int64s]:
        """(model * 4 + metric) and HDR slot of each key."""
        return self.keys >> SLOT_BITS, self.keys & SLOT_MASK

    def sign_groups(self) -> tuple[Int64s, Int64s]:
        """(model * 2 + sign) and HDR slot of each sign's key."""
        return self.sign_keys >> SLOT_BITS, self.sign_keys & SLOT_MASK


def slice_of(keys: Int64s, counts: Int64s, group: int) -> Histogram:
    """Histogram of one group, (model, metric) or (model, sign), of keys that are sorted."""
    begin, end = np.searchsorted(keys, [group << SLOT_BITS, (group + 1) << SLOT_BITS])
    return Histogram(keys[begin:end] & SLOT_MASK, counts[begin:end])
