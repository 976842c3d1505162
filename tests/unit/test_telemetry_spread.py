"""telemetry.spread: HDR slots in the buckets of Prometheus and OpenTelemetry."""

import math

import numpy as np
import pytest

from asyncload.buckets import DURATION_BOUNDS_S, LATENESS_BOUNDS_S
from asyncload.histogram import Histogram, slots_of
from asyncload.telemetry.spread import (
    SCALE,
    Spread,
    Spreads,
    coarser,
)


def spread_of(values_us: list[int], bounds_s: tuple[float, ...] = DURATION_BOUNDS_S) -> Spread:
    spreads = Spreads(1, bounds_s)
    slots = slots_of(np.array(values_us, np.int64))
    spreads.add(np.zeros(slots.size, np.int64), slots, np.ones(slots.size, np.int64))
    return spreads.spread(0)


def test_a_value_counts_at_its_bound() -> None:
    """`le` means up to and including; below 2 ms slots are a microsecond wide, so it holds exactly."""
    counts = spread_of([999, 1_000, 1_001, 2_000]).buckets
    assert counts[:3] == [2, 2, 0]
    assert spread_of([25, 26], LATENESS_BOUNDS_S).buckets[1:3] == [1, 1]


def test_buckets_are_right_to_a_part_in_a_thousand() -> None:
    """A value is counted at a bound that it reaches when it is made 1/1024 longer, or at its own."""
    values = np.random.default_rng(1).lognormal(np.log(40_000), 1.5, 20_000).astype(np.int64)
    upto = np.cumsum(spread_of(values.tolist()).buckets)
    for bound_s, count in zip(DURATION_BOUNDS_S, upto.tolist(), strict=False):
        assert (values * (1 + 1 / 1024) <= bound_s * 1e6).sum() <= count <= (values <= bound_s * 1e6).sum()
    assert upto[-1] == 20_000


def test_the_sum_is_the_reports_mean_times_the_count() -> None:
    values = np.random.default_rng(2).lognormal(np.log(40_000), 1.5, 5_000).astype(np.int64)
    assert spread_of(values.tolist()).sum_s == pytest.approx(Histogram.of_us(values).mean_us() * 5_000 / 1e6, rel=1e-12)


def test_exponential_cells_hold_their_values() -> None:
    """Cell i is above 2**(i / 32) s and not above 2**((i + 1) / 32) s; what is below 1 us counts as zero."""
    for value_us in (1, 7, 1_000, 1_537, 400_000, 60_000_000):
        spread = spread_of([value_us])
        assert spread.cells == [1]
        assert 2 ** (spread.first_cell / 2**SCALE) < value_us / 1e6 * 1.001
        assert 2 ** ((spread.first_cell + 1) / 2**SCALE) >= value_us / 1e6 * 0.999
    spread = spread_of([0, 0, 3])
    assert (spread.zeros, sum(spread.cells), spread.count) == (2, 1, 3)


def test_cells_are_put_together_until_they_are_few_enough() -> None:
    """Each step halves the scale's exponent; counts and places are kept."""
    counts = {math.floor(32 * math.log2(value)): 1 for value in (0.00001, 0.5, 3.0, 900.0)}
    first, last = min(counts), max(counts)
    cells = [counts.get(cell, 0) for cell in range(first, last + 1)]
    scale, begin, few = coarser(first, cells, 160)
    assert scale == 2
    assert len(few) <= 160
    assert {begin + at for at, count in enumerate(few) if count} == {cell >> (SCALE - scale) for cell in counts}
    assert coarser(-7, [1, 2, 3], 160) == (SCALE, -7, [1, 2, 3])


def test_rows_are_kept_apart_and_can_be_added() -> None:
    spreads = Spreads(3, DURATION_BOUNDS_S)
    spreads.add(np.array([0, 0, 2]), slots_of(np.array([1_000, 5_000, 9_000])), np.array([1, 2, 4]))
    assert [spreads.spread(row).count for row in range(3)] == [3, 0, 4]
    assert spreads.spread(slice(0, 3)).count == 7
    assert spreads.spread(1).cells == []
