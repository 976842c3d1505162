"""Coordinated omission: what is added for calls that took too long."""

import numpy as np
import pytest

from asyncload.histogram import SLOTS, Histogram
from asyncload.omission import corrected


def of(*values_us: int) -> Histogram:
    return Histogram.of_us(np.array(values_us, np.int64))


def test_a_long_call_stands_for_those_that_its_user_would_have_made() -> None:
    """A stall of 1,000 us, met by a user who calls every 300 us: 700 and 400 us too; 100 us is shorter than usual."""
    assert corrected(of(100, 150, 1000), 300, 150) == of(100, 150, 1000, 700, 400)
    assert corrected(of(100, 150, 1000), 300, 100) == of(100, 150, 1000, 700, 400, 100)


def test_nothing_is_added_where_nobody_waited_too_long() -> None:
    """Up to the interval and a usual call together."""
    for histogram in (Histogram.empty(), of(5), of(100, 449, 449)):
        assert corrected(histogram, 300, 150) == histogram
    assert corrected(of(450), 300, 150).count == 2


def test_a_stall_seen_by_users_looks_like_one_seen_by_arrivals() -> None:
    """Eight users, an endpoint of 1 ms, a stall of 1 s: p95 and p99 of arrivals every 10 ms, within 5 %."""
    users = of(*[1000] * 7000, *[1_000_000] * 8)
    late = np.maximum(1_000_000 - np.arange(0, 10_000_000, 10_000), 1000)
    arrivals = Histogram.of_us(np.repeat(late, 8))
    found = corrected(users, 10_000, 1000)
    assert users.quantile_us(0.99) == 1000
    assert found.quantiles_us([0.95, 0.99]) == pytest.approx(arrivals.quantiles_us([0.95, 0.99]), rel=0.05)


@pytest.mark.parametrize(("interval_us", "added"), [(1, 3_599_999_999), (1_000_000, 3599), (1_800_000_000, 1)])
def test_the_longest_call_takes_no_memory(interval_us: int, added: int) -> None:
    """An hour at 1 us between calls is 3.6e9 calls, in as many slots as there are."""
    found = corrected(of(3_600_000_000), interval_us, interval_us)
    assert found.slots.size <= SLOTS
    # The value counts as the highest of its slot, some seconds above an hour.
    assert found.count == pytest.approx(1 + added, rel=2e-3)
