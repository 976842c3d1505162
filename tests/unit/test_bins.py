"""formats.bins: percentiles that follow from counts, and how far they may be off."""

import numpy as np
import pytest

from asyncload.formats.bins import Bins
from asyncload.histogram import Histogram


def bins(*each: tuple[float, float, int]) -> Bins:
    low, high, counts = zip(*each, strict=True)
    return Bins(np.array(low, np.float64), np.array(high, np.float64), np.array(counts, np.int64))


FOUR = bins((0, 1, 3), (1, 1, 1), (1, 2, 4), (2, 5, 2))


@pytest.mark.parametrize(
    ("q", "ends"),
    [(0.0, (0, 1)), (0.3, (0, 1)), (0.31, (1, 1)), (0.4, (1, 1)), (0.5, (1, 2)), (0.81, (2, 5)), (1, (2, 5))],
)
def test_a_percentile_lies_in_the_bin_of_its_rank(q: float, ends: tuple[float, float]) -> None:
    """The rank is ceil(q * n), at least 1; 0.07 * 100 is 7.000000000000001, and yet the rank is 7."""
    assert FOUR.within_ms([q])[q] == ends
    hundred = bins((0, 7, 7), (7, 100, 93))
    assert hundred.within_ms([0.07])[0.07] == (0, 7)


def test_the_upper_end_stands_for_a_percentile() -> None:
    latency = FOUR.latency()
    assert latency.percentiles_ms == {0.5: 2, 0.9: 5, 0.95: 5, 0.99: 5, 0.999: 5, 1.0: 5}
    assert (latency.least_ms, latency.most_ms) == (0, 5)
    assert latency.mean_ms == pytest.approx((3 * 0.5 + 1 + 4 * 1.5 + 2 * 3.5) / 10)


def test_of_no_calls_nothing_is_known() -> None:
    latency = bins((0, 1, 0)).latency()
    assert not latency.percentiles_ms
    assert not latency.within_ms
    assert (latency.mean_ms, latency.least_ms, latency.most_ms) == (None, None, None)


def test_a_histogram_of_ours_keeps_its_percentiles_and_its_mean() -> None:
    values_us = np.array([1, 7_600, 7_611, 120_000, 3_000_000])
    histogram = Histogram.of_us(values_us)
    latency = Bins.of(histogram).latency()
    assert latency.percentiles_ms[0.5] == histogram.quantile_us(0.5) / 1000
    assert latency.mean_ms == pytest.approx(histogram.mean_us() / 1000)
    for q, value_us in ((0.5, 7_611), (0.99, 3_000_000)):
        low, high = latency.within_ms[q]
        assert low <= value_us / 1000 <= high < low * 1.001
