"""
Percentile distributions (`.hgrm`), line for line as HdrHistogram prints them, in milliseconds.

Between 0 % and 100 % there are five lines in each half of the distance that is left: 0, 10, 20, 30, 40, 50 %, then in
steps of 5 % to 75 %, of 2.5 % to 87.5 %, and so on, until a line is that of the longest value. Each says the value at
its percentile, and how many values are up to it.

Source:
    HdrHistogram (Java) 2.2: AbstractHistogram.outputPercentileDistribution, PercentileIterator, getMean and
    getStdDeviation. `hdrhistogram` 0.10 prints a deviation in another unit than the mean, and other steps.
"""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from asyncload.histogram import Histogram, highest_us, lowest_us

_TICKS: Final = 5
"""Lines in each half of what is left, as wrk2 and HdrHistogram's own tools have them."""
_BUCKETS: Final = 22
_SUB_BUCKETS: Final = 2048
"""Geometry of our histograms in HdrHistogram's terms: 2,048 values exactly, then twenty-one doublings."""


def percentile_distribution(histogram: Histogram) -> Iterator[str]:
    """Write one distribution; of an empty histogram the head and the foot."""
    yield f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>14}\n\n"
    if histogram.count:
        yield from _lines(histogram)
    mean_ms, deviation_ms = _moments_ms(histogram)
    most_ms = histogram.quantile_us(1.0) / 1000 if histogram.count else 0.0
    yield f"#[Mean    = {mean_ms:12.3f}, StdDeviation   = {deviation_ms:12.3f}]\n"
    yield f"#[Max     = {most_ms:12.3f}, Total count    = {histogram.count:12d}]\n"
    yield f"#[Buckets = {_BUCKETS:12d}, SubBuckets     = {_SUB_BUCKETS:12d}]\n"


def _lines(histogram: Histogram) -> Iterator[str]:
    values_ms = (highest_us(histogram.slots) / 1000).tolist()
    upto = np.cumsum(histogram.counts)
    percents = 100.0 * upto / upto[-1]
    last = len(values_ms) - 1
    for percent in _percents():
        place = int(np.searchsorted(percents, percent))
        yield (f"{values_ms[place]:12.3f} {percent / 100:2.12f} {upto[place]:10d} {1 / (1 - percent / 100):14.2f}\n")
        if place == last:
            break
    yield f"{values_ms[last]:12.3f} {1.0:2.12f} {upto[last]:10d}\n"


def _percents() -> Iterator[float]:
    """From 0 on, by steps that halve with the distance to 100, which no step reaches."""
    percent = 0.0
    while True:
        yield percent
        halves = math.floor(math.log2(100 / (100 - percent))) + 1
        percent += 100 / (_TICKS * 2**halves)


def _moments_ms(histogram: Histogram) -> tuple[float, float]:
    """Mean and deviation, each value taken at the middle of its slot; of no values 0, as HdrHistogram has it."""
    if not histogram.count:
        return 0.0, 0.0
    low, high = lowest_us(histogram.slots), highest_us(histogram.slots)
    middles_us = low + ((high - low + 1) >> 1)
    mean_us = float(middles_us @ histogram.counts) / histogram.count
    return mean_us / 1000, math.sqrt(float((middles_us - mean_us) ** 2 @ histogram.counts) / histogram.count) / 1000
