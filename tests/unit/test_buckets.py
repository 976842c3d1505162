import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncload.formats.buckets import FINE, LOCUST, counts_of, percentile_ms, percentiles_ms
from asyncload.histogram import Histogram
from tests.unit.locust_oracle import ask

QUANTILES = (0.0, 0.07, 0.29, 0.5, 0.66, 0.75, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999, 1.0)


def _values_us() -> list[float]:
    """Ties and their neighbours in every range, the borders between ranges, and thousands of others."""
    rng = np.random.default_rng(4)
    ties = [step * (k + 0.5) for step in (1_000, 10_000, 100_000, 1_000_000) for k in range(0, 120, 7)]
    borders = [100_000.0, 1_000_000.0, 10_000_000.0]
    beside = [value + shift for value in ties + borders for shift in (-1, -0.5, 0, 0.5, 1)]
    spread = np.exp(rng.uniform(0, math.log(3.6e9), 5000)).round().tolist()
    return [0.0, *beside, *spread, *rng.integers(0, 110_000, 3000).astype(float).tolist()]


def test_a_response_time_is_rounded_as_locust_rounds_it() -> None:
    """Ties to the even multiple, values just beside a tie to their own side, and 99.7 ms to 100 before 10s begin."""
    values = _values_us()
    theirs = ask("answer([stats.bucket_response_time(us / 1000) for us in question])", values)
    assert LOCUST.bucket_ms(np.array(values)).tolist() == theirs


def test_the_finer_rule_is_what_an_exported_locustfile_sets() -> None:
    """`round(ms, 1)`; on a tie, which is no number in binary, either neighbour."""
    values = np.array([value for value in _values_us() if value % 100 != 50])
    assert FINE.bucket_ms(values).tolist() == [round(us / 1000, 1) for us in values.tolist()]
    assert FINE.bucket_ms(np.array([150, 250])).tolist() == [0.2, 0.2]


def test_percentiles_are_taken_by_locusts_rule() -> None:
    """On hundreds of random counts, small and large, at every percentile that Locust reports and some more."""
    rng = np.random.default_rng(5)
    cases = [
        {float(key): int(rng.integers(1, 2 if case % 2 else 300)) for key in rng.choice(2000, size, replace=False)}
        for case, size in enumerate(rng.integers(1, 60, 400).tolist())
    ]
    theirs = ask(
        "counts = [{float(k): n for k, n in case.items()} for case in question[0]]\n"
        "answer([[stats.calculate_response_time_percentile(c, sum(c.values()), q) for q in question[1]]"
        " for c in counts])",
        [cases, QUANTILES],
    )
    assert [percentiles_ms(case, QUANTILES) for case in cases] == theirs


def test_the_percentile_is_one_rank_above_the_usual_one() -> None:
    """p99 of 100 values is their largest, and the median of two the upper."""
    counts = {float(ms): 1 for ms in range(1, 101)}
    assert percentile_ms(counts, 0.99) == 100
    assert percentile_ms({3.0: 1, 7.0: 1}, 0.5) == 7
    assert math.isnan(percentile_ms({}, 0.5))


@given(values=st.lists(st.integers(0, 3_600_000_000), max_size=80))
def test_a_histograms_values_are_counted_in_the_bucket_of_their_slots_middle(values: list[int]) -> None:
    """None is lost, keys ascend, and below 2.048 ms, where slots are 1 us wide, each is where Locust has it."""
    counts = counts_of(Histogram.of_us(np.array(values, np.int64)))
    assert sum(counts.values()) == len(values)
    assert list(counts) == sorted(counts)
    small = [value for value in values if value < 2_000]
    theirs: dict[float, int] = {}
    for value in small:
        theirs[round(value / 1000)] = theirs.get(round(value / 1000), 0) + 1
    assert counts_of(Histogram.of_us(np.array(small, np.int64))) == theirs


@given(values=st.lists(st.integers(0, 60_000_000), min_size=1, max_size=80), q=st.floats(0, 1))
def test_buckets_move_a_percentile_by_no_more_than_half_a_step_and_a_slot(values: list[int], q: float) -> None:
    exact = percentile_ms({us / 1000: values.count(us) for us in set(values)}, q)
    found = percentile_ms(counts_of(Histogram.of_us(np.array(values, np.int64)), FINE), q)
    assert abs(found - exact) <= 0.05 + exact / 1024 + 0.002


@pytest.mark.parametrize(
    ("bucket_ms", "ends"),
    [
        (0, (0, 0.5)),
        (8, (7.5, 8.5)),
        (100, (99.5, 105)),
        (120, (115, 125)),
        (1000, (995, 1050)),
        (10_000, (9950, 10_500)),
    ],
)
def test_a_bucket_is_as_wide_as_what_rounds_to_it(bucket_ms: float, ends: tuple[float, float]) -> None:
    """Where the step grows, half of the smaller one below and half of the greater one above."""
    assert LOCUST.within_ms(bucket_ms) == ends
