"""
Coordinated omission, corrected: the calls that a user would have made while it waited for one that took too long.

In a closed loop a user whose call takes v makes none meanwhile, so a stall of 2 s is met by one call of each user and
hides what all its others would have met. If a user calls every e as a rule, its next calls would have come e, 2 e, ...
after this one, and had they been held up by the same thing, they would have taken v - e, v - 2 e, ...

    v = 2 s, e = 0.5 s      │■■■■■■■■■■■■■■■■■■■■│ measured: one call of 2 s
                            │     ■■■■■■■■■■■■■■■│ 1.5 s
                            │          ■■■■■■■■■■│ 1.0 s
                            │               ■■■■■│ 0.5 s

Such calls are added down to a least value: one that is no longer than a call takes as a rule says nothing of a stall.

Strategy: a value v adds floor((v - x) / e) calls of at least x, for any x up to v - e. So what falls into a slot is a
difference of two floors, without a loop over the calls: a stall of an hour with e = 1 us would add 3.6e9 of them. Where
there are fewer calls than slots, they are counted one by one.

Source:
    Gil Tene: How NOT to Measure Latency (2013); recordValueWithExpectedInterval of HdrHistogram 2.1 is this with the
    interval as the least value.
"""

import numpy as np

from asyncload.histogram import Histogram, Int64s, highest_us, lowest_us, slots_of

_AT_ONCE = 1 << 20
"""Calls added at once: 8 MB a number."""
_DEARER = 40
"""A call that is added by itself costs some 30 ns, a slot that is looked at for a value 0.8 ns."""
_IN_CACHE = 1 << 16
"""Differences worked on at once: they are gone over five times."""


def corrected(histogram: Histogram, interval_us: int, least_us: int) -> Histogram:
    """
    Add the calls that were omitted; each value counts as the highest of its slot.

    It is linear: of a sum of histograms it is the sum of theirs. With no value from `interval_us + least_us` on, it is
    the histogram itself.

    Args:
        histogram: Durations of a closed loop's calls.
        interval_us: Time from one call of a user to its next as a rule, at least 1.
        least_us: Smallest value that is added, at least 1.
    """
    values_us, counts = highest_us(histogram.slots), histogram.counts
    long = values_us >= interval_us + least_us
    if not long.any():
        return histogram
    values_us, counts = values_us[long], counts[long]
    added = (values_us - least_us) // interval_us
    first, last = slots_of(np.array([least_us, int(values_us[-1]) - interval_us]))
    if added.sum() * _DEARER <= values_us.size * int(last + 1 - first):
        dense = _one_by_one(values_us, counts, added, interval_us)
    else:
        dense = _slot_by_slot(values_us, counts, np.arange(first, last + 1), interval_us, least_us)
    dense = np.concatenate([dense, np.zeros(max(int(histogram.slots[-1]) + 1 - dense.size, 0), np.int64)])
    dense[histogram.slots] += histogram.counts
    slots = np.flatnonzero(dense)
    return Histogram(slots, dense[slots])


def _one_by_one(values_us: Int64s, counts: Int64s, added: Int64s, interval_us: int) -> Int64s:
    """Count of each slot from 0 on, of v - e, v - 2 e, ... of each value."""
    dense = np.zeros(int(slots_of(values_us[-1:])[0]) + 1, np.int64)
    ends = np.cumsum(added)
    begins = np.arange(0, int(ends[-1]), _AT_ONCE)
    for begin in begins.tolist():
        number = np.arange(begin, min(begin + _AT_ONCE, int(ends[-1])))
        owner = np.searchsorted(ends, number, side="right")
        times = number - (ends - added)[owner] + 1
        np.add.at(dense, slots_of(values_us[owner] - times * interval_us), counts[owner])
    return dense


def _slot_by_slot(values_us: Int64s, counts: Int64s, slots: Int64s, interval_us: int, least_us: int) -> Int64s:
    """Count of each slot from 0 on; of slots, those in which something can fall."""
    edges_us = np.maximum(np.append(lowest_us(slots), highest_us(slots[-1:]) + 1), least_us).astype(np.float64)
    at_least = np.zeros(edges_us.size)
    few = max(_IN_CACHE // edges_us.size, 1)
    for begin in range(0, values_us.size, few):
        part = values_us[begin : begin + few, None]
        below = int(np.searchsorted(edges_us, part[-1, 0] - interval_us, side="right"))
        # Exact: a quotient of whole numbers below 2**53 is off by less than what it lacks to the next whole number.
        times = part - edges_us[:below]
        times /= interval_us
        np.floor(times, out=times)
        np.maximum(times, 0, out=times)
        at_least[:below] += counts[begin : begin + few].astype(np.float64) @ times
    # Sums beyond 2**53, of 2.5 million calls that each stand for an hour of 1 us, are rounded.
    in_slot = np.maximum(at_least[:-1] - at_least[1:], 0).astype(np.int64)
    return np.concatenate([np.zeros(int(slots[0]), np.int64), in_slot])
