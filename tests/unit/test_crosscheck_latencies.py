"""crosscheck.latencies: both generators' latencies, counted and read by one rule."""

import numpy as np
import pytest

from asyncload.crosscheck.latencies import Latencies, merged
from asyncload.histogram import Histogram


@pytest.mark.parametrize(
    ("value_ms", "bucket_ms", "why"),
    [
        (5.237, 5.24, "0.01 ms below 100 ms"),
        (99.996, 100.0, "to the nearest"),
        (123.46, 123.5, "0.1 ms below 1 s"),
        (4321.4, 4321.0, "1 ms below 10 s"),
        (43214.0, 43210.0, "10 ms above"),
    ],
)
def test_each_step_is_a_hundredth_of_locusts(value_ms: float, bucket_ms: float, why: str) -> None:
    """Rounded to four digits from 10 ms on, and never coarser than 0.01 ms below 100 ms."""
    assert Latencies.of_ms(np.array([value_ms])).counts == {bucket_ms: 1}, why


def test_a_histogram_counts_as_its_values_would() -> None:
    """Our own slots end up in the buckets of their middles, which are off by less than a thousandth."""
    values_us = np.array([250, 5_236, 5_237, 48_002, 48_002, 310_000])
    ours = Latencies.of_histogram(Histogram.of_us(values_us))
    assert ours.counts == {0.25: 1, 5.24: 2, 48.02: 2, 309.9: 1}
    assert ours.count == 6
    assert ours.most_ms == pytest.approx(310, rel=1e-3)


def test_percentiles_follow_locusts_rule() -> None:
    """p99 of 100 calls is the highest of them, and of no calls there is none."""
    calls = Latencies.of_ms(np.arange(1.0, 101.0))
    assert calls.percentiles_ms([0.5, 0.9, 0.99]) == [51.0, 91.0, 100.0]
    assert np.isnan(Latencies({}).percentile_ms(0.5))
    assert np.isnan(Latencies({}).most_ms)


def test_what_locust_prints_is_rounded_as_it_rounds() -> None:
    """The same calls in Locust's own buckets: whole milliseconds, and two digits from 100 ms on; ties to even."""
    calls = Latencies({5.24: 2, 5.5: 1, 6.5: 1, 123.4: 3, 1260.0: 1})
    assert calls.as_locust_rounds().counts == {5.0: 2, 6.0: 2, 120.0: 3, 1300.0: 1}


def test_calls_of_several_runs_add_up() -> None:
    """Merging adds counts; of nothing it is nothing."""
    assert merged([Latencies({5.0: 1}), Latencies({5.0: 2, 7.0: 1})]).counts == {5.0: 3, 7.0: 1}
    assert merged([]).count == 0
