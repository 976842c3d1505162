"""omission: held against HdrHistogram's own correction, on any calls."""

import numpy as np
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncload.histogram import HIGHEST_US, Histogram, Int64s, highest_us, merge, slots_of
from asyncload.omission import corrected

durations_us = st.one_of(st.integers(0, 3_000), st.integers(0, 400_000), st.integers(1_000_000, 30_000_000))
calls = st.lists(durations_us, max_size=40).map(lambda values: np.array(values, np.int64))
intervals_us = st.one_of(st.integers(1, 3_000), st.integers(2_000, 2_000_000))


def counts_of(foreign: HdrHistogram, slots: Int64s) -> list[int]:
    return [foreign.get_count_at_index(int(slot)) for slot in slots]


def of(values_us: Int64s) -> Histogram:
    """Values as the correction takes them: the highest of their slots, and what that makes of them."""
    return Histogram.of_us(highest_us(slots_of(values_us)))


@given(values_us=calls, interval_us=st.integers(2_000, 2_000_000))
@settings(max_examples=150, deadline=None)
def test_it_is_the_correction_of_hdr_histogram(values_us: Int64s, interval_us: int) -> None:
    """
    With 1 us as the least value, it adds what `record_corrected_value` of the Python port adds, slot by slot; with the
    interval as the least value, what `recordValueWithExpectedInterval` of the Java original does.
    """
    python, java = HdrHistogram(1, HIGHEST_US, 3), HdrHistogram(1, HIGHEST_US, 3)
    for value_us in highest_us(slots_of(values_us)).tolist():
        python.record_corrected_value(value_us, interval_us)
        java.record_value(value_us)
        for missing_us in range(value_us - interval_us, interval_us - 1, -interval_us):
            java.record_value(missing_us)
    for foreign, least_us in ((python, 1), (java, interval_us)):
        found = corrected(of(values_us), interval_us, least_us)
        assert found.count == foreign.get_total_count()
        assert counts_of(foreign, found.slots) == found.counts.tolist()


@given(values_us=calls, more_us=calls, interval_us=intervals_us, least_us=intervals_us)
@settings(max_examples=150, deadline=None)
def test_it_is_linear_and_adds_between_least_and_longest(
    values_us: Int64s, more_us: Int64s, interval_us: int, least_us: int
) -> None:
    """Of two ranks' calls together it is both corrections together; each value adds as many as fit."""
    one, other = of(values_us), of(more_us)
    whole = corrected(merge([one, other]), interval_us, least_us)
    assert whole == merge([corrected(part, interval_us, least_us) for part in (one, other)])
    values_us = highest_us(slots_of(np.concatenate([values_us, more_us])))
    assert whole.count - values_us.size == np.maximum((values_us - least_us) // interval_us, 0).sum()
    added = whole.counts.copy()
    added[np.searchsorted(whole.slots, merge([one, other]).slots)] -= merge([one, other]).counts
    assert np.all(added >= 0)
    where = whole.slots[added > 0]
    if where.size:
        assert where.min() >= slots_of(np.array([least_us]))[0]
        assert where.max() <= slots_of(values_us.max(keepdims=True) - interval_us)[0]


@given(values_us=calls, interval_us=intervals_us)
@settings(max_examples=100, deadline=None)
def test_nothing_changes_where_no_call_is_longer_than_the_interval(values_us: Int64s, interval_us: int) -> None:
    short = of(values_us[highest_us(slots_of(values_us)) <= interval_us])
    assert corrected(short, interval_us, 1) == short
