"""Histograms against the hdrhistogram package, an implementation of the same standard by others."""

import zlib
from base64 import b64decode, b64encode
from functools import partial

import numpy as np
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncload.histogram import HIGHEST_US, SLOTS, Histogram, decode_groups, encode_groups, merge, slots_of

HISTOGRAM = HdrHistogram(1, HIGHEST_US, 3)
COMPRESSED = 0x1C849304 | 0x10

values_us = st.one_of(
    st.integers(0, 4096),
    st.integers(0, HIGHEST_US),
    st.integers(1, 31).flatmap(lambda bit: st.integers(max(0, (1 << bit) - 2), min(HIGHEST_US, (1 << bit) + 2))),
)
samples_us = st.lists(values_us, max_size=60)
few = partial(settings, deadline=None)


def theirs_of(sample: list[int]) -> HdrHistogram:
    histogram = HdrHistogram(1, HIGHEST_US, 3)
    for value in sample:
        histogram.record_value(value)
    return histogram


def ours_of(sample: list[int]) -> Histogram:
    return Histogram.of_us(np.array(sample, np.int64))


@given(value=values_us)
@few(max_examples=500)
def test_a_value_lands_in_the_slot_that_the_standard_gives_it(value: int) -> None:
    slot = int(slots_of(np.array([value]))[0])
    assert slot == HISTOGRAM.get_counts_array_index(value)
    assert HISTOGRAM.counts_len == SLOTS


@given(sample=samples_us.filter(bool))
@few(max_examples=20)
def test_quantiles_equal_the_other_implementations(sample: list[int]) -> None:
    """Asked for a whole rank, where both definitions of a quantile agree."""
    theirs, ours, n = theirs_of(sample), ours_of(sample), len(sample)
    for rank in {1, n // 3 + 1, n // 2 + 1, n}:
        assert ours.quantile_us(rank / n) == theirs.get_value_at_percentile(100 * rank / n)


@given(sample=samples_us)
@few(max_examples=30)
def test_the_other_implementation_reads_our_encoding(sample: list[int]) -> None:
    blob = ours_of(sample).encode()
    packed = zlib.compress(blob)
    header = COMPRESSED.to_bytes(4, "big") + len(packed).to_bytes(4, "big")
    read = HdrHistogram.decode(b64encode(header + packed))
    assert read.get_total_count() == len(sample)
    ours = ours_of(sample)
    assert [read.get_count_at_index(slot) for slot in ours.slots.tolist()] == ours.counts.tolist()


@given(sample=samples_us)
@few(max_examples=30)
def test_we_read_the_other_implementations_encoding(sample: list[int]) -> None:
    packed = b64decode(theirs_of(sample).encode())
    assert int.from_bytes(packed[:4], "big") == COMPRESSED
    assert Histogram.decode(zlib.decompress(packed[8:])) == ours_of(sample)


counts_of_slots = st.dictionaries(
    st.one_of(st.integers(0, 12), st.integers(0, SLOTS - 1), st.integers(SLOTS - 3, SLOTS - 1)),
    st.one_of(st.integers(1, 3), st.integers(1, 2**50)),
    max_size=12,
)


@given(groups=st.lists(counts_of_slots, max_size=8))
@few(max_examples=300)
def test_decoding_many_is_the_inverse_of_encoding_them(groups: list[dict[int, int]]) -> None:
    """Sparse and empty groups, neighbouring slots and single empty ones between them, small and huge counts."""
    entries = [(group, slot, counts[slot]) for group, counts in enumerate(groups) for slot in sorted(counts)]
    columns = np.array(entries, np.int64).reshape(-1, 3).T
    blobs = encode_groups(columns[0], columns[1], columns[2], len(groups))
    assert len(blobs) == len(groups)
    for column, read in zip(columns, decode_groups(blobs), strict=True):
        assert np.array_equal(column, read)
    for blob, counts in zip(blobs, groups, strict=True):
        assert Histogram.decode(blob) == Histogram(
            np.array(sorted(counts), np.int64), np.array([counts[slot] for slot in sorted(counts)], np.int64)
        )


@given(a=samples_us, b=samples_us, c=samples_us)
@few(max_examples=100)
def test_merging_is_a_commutative_monoid(a: list[int], b: list[int], c: list[int]) -> None:
    """Any order and grouping counts what one histogram of everything counts; the empty one changes nothing."""
    x, y, z = map(ours_of, (a, b, c))
    whole = ours_of(a + b + c)
    assert merge([x, y, z]) == merge([merge([x, y]), z]) == merge([x, merge([y, z])]) == merge([z, x, y]) == whole
    assert merge([x, Histogram.empty()]) == merge([Histogram.empty(), x]) == x


@given(blob=st.one_of(st.binary(max_size=80), st.binary(max_size=40).map(lambda tail: _head_for(tail) + tail)))
@few(max_examples=300)
def test_any_bytes_are_a_histogram_or_refused(blob: bytes) -> None:
    """Nothing but ValueError leaves the reader, and what it accepts is a histogram by its own definition."""
    try:
        read = Histogram.decode(blob)
    except ValueError:
        return
    assert np.all(np.diff(read.slots) > 0)
    assert np.all((read.slots >= 0) & (read.slots < SLOTS))
    assert np.all(read.counts > 0)


def _head_for(tail: bytes) -> bytes:
    return Histogram.empty().encode()[:4] + len(tail).to_bytes(4, "big") + Histogram.empty().encode()[8:]
