"""Percentiles and means of many small histograms at once, such as those of every model in one second."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from asyncload.histogram import Histogram, Int64s, highest_us, lowest_us


def summaries_us(histograms: Sequence[Histogram], quantiles: Sequence[float]) -> NDArray[np.float64]:
    """
    Return for each histogram its values at some quantiles, and behind them its mean, as its own methods give them.

    One by one a histogram takes 28 us, of four thousand together each takes 1.5 us.

    Args:
        histograms: Any number; of an empty one all numbers are NaN.
        quantiles: In [0, 1].

    Shape:
        float64[len(histograms), len(quantiles) + 1]
    """
    n = len(histograms)
    sizes = np.array([each.slots.size for each in histograms], np.int64)
    slots, counts = _joined([each.slots for each in histograms]), _joined([each.counts for each in histograms])
    upto = np.concatenate([[0], np.cumsum(counts)])
    ends = np.cumsum(sizes)
    before = upto[ends - sizes]
    calls = (upto[ends] - before)[:, None]
    # A rounding error upwards must not ask for the next value: 0.07 * 100 is 7.000000000000001.
    ranks = np.clip(np.ceil(calls * np.asarray(quantiles, np.float64) * (1 - 1e-15)), 1, np.maximum(calls, 1))
    place = np.searchsorted(upto[1:], before[:, None] + ranks)
    high_us, low_us = highest_us(slots), lowest_us(slots)
    found = np.full((n, len(quantiles) + 1), np.nan)
    filled = calls[:, 0] > 0
    found[filled, :-1] = high_us[place[filled]]
    sums_us = np.bincount(np.repeat(np.arange(n), sizes), (low_us + high_us) / 2 * counts, n)
    found[filled, -1] = sums_us[filled] / calls[filled, 0]
    return found


def _joined(parts: Sequence[Int64s]) -> Int64s:
    return np.concatenate([np.empty(0, np.int64), *parts])
