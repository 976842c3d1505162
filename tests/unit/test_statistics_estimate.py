"""statistics.estimate: percentiles and shares with their intervals."""

import math

import numpy as np
import pytest

from asyncload.histogram import Histogram
from asyncload.statistics.estimate import percentiles, share

UP_TO_1000 = Histogram.of_us(np.arange(1, 1001))
"""1, 2 ... 1000 us: each value is its own rank."""


def test_with_independent_calls_the_ends_are_order_statistics() -> None:
    """Of 1,000: the median between the 469th and the 532nd, p99 between the 983rd and the 997th."""
    p50, p99 = percentiles(UP_TO_1000, [0.5, 0.99], [1000.0, 1000.0])
    assert (p50.value_us, p50.low_us, p50.high_us) == (500, 469, 532)
    assert (p99.value_us, p99.low_us, p99.high_us) == (990, 983, 997)
    assert p50.supported
    assert (p50.calls, p50.effective_calls) == (1000, 1000)


def test_fewer_effective_calls_stretch_their_ranks_over_all_of_them() -> None:
    """100 effective ones have their median between the 40th and the 61st: 0.4 and 0.6 of all."""
    (p50,) = percentiles(UP_TO_1000, [0.5], [100.0])
    assert (p50.value_us, p50.low_us, p50.high_us) == (500, 400, 601)


@pytest.mark.parametrize(("q", "effective"), [(0.99, 367.9), (0.999, 1000.0), (0.5, 5.5), (0.5, 0.0)])
def test_what_the_sample_does_not_support_has_no_ends(q: float, effective: float) -> None:
    """However many calls there are: it has a value, which is not to be shown."""
    (found,) = percentiles(UP_TO_1000, [q], [effective])
    assert not found.supported
    assert math.isnan(found.low_us)
    assert math.isnan(found.high_us)
    assert not math.isnan(found.value_us)


def test_supported_and_not_supported_stand_side_by_side() -> None:
    """Each with its own ends."""
    first, second, third = percentiles(UP_TO_1000, [0.5, 0.999, 0.9], [1000.0, 1000.0, 1000.0])
    assert (first.high_us, second.supported, third.low_us < 900 < third.high_us) == (532, False, True)


def test_a_histogram_of_nothing_has_no_percentiles() -> None:
    (found,) = percentiles(Histogram.empty(), [0.5], [0.0])
    assert (found.calls, found.supported) == (0, False)
    assert math.isnan(found.value_us)


def test_no_more_calls_are_effective_than_there_are() -> None:
    """A product of factors may end a little above."""
    assert percentiles(UP_TO_1000, [0.5], [1000.4])[0].high_us == 532


@pytest.mark.parametrize("q", [0.5, 0.9, 0.99])
def test_the_interval_covers_the_true_percentile_as_often_as_it_says(q: float) -> None:
    """Of 1,000 samples of 500 independent calls: 95 % at least, for ranks are whole numbers; and not always."""
    rng = np.random.default_rng(1)
    truth = q * 1_000_000
    covered = 0
    for _ in range(1000):
        (found,) = percentiles(Histogram.of_us(rng.integers(0, 1_000_000, 500)), [q], [500.0])
        covered += found.low_us * (1 - 1 / 1024) <= truth <= found.high_us
    assert 940 <= covered <= 996


def test_a_share_has_wilsons_interval() -> None:
    """10 of 100: from 5.5 to 17.4 %; of ten effective calls it is wider, of none it is everything."""
    found = share(10, 100, 100.0)
    assert (found.value, found.low, found.high) == pytest.approx((0.1, 0.0552, 0.1744), abs=1e-4)
    wider, unknown = share(10, 100, 10.0), share(10, 100, 0.0)
    assert wider.low < found.low < found.high < wider.high
    assert (unknown.low, unknown.high) == (0, 1)
    assert share(0, 100, 100.0).high == pytest.approx(0.037, abs=1e-3)


def test_a_share_of_nothing_is_not_known() -> None:
    found = share(0, 0, 0.0)
    assert all(map(math.isnan, (found.value, found.low, found.high)))
