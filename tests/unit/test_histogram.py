"""HDR histograms: the slots' borders, quantiles by rank, and what a reader refuses."""

import struct

import numpy as np
import pytest

from asyncload.histogram import (
    HIGHEST_US,
    SLOTS,
    Histogram,
    decode_groups,
    encode_groups,
    highest_us,
    lowest_us,
    merge,
    slots_of,
    sum_by_key,
)

HEADER = struct.Struct(">iiiiqqd")


def encoding(payload: bytes, *, cookie: int = 0x1C849313, digits: int = 3, highest: int = HIGHEST_US) -> bytes:
    return HEADER.pack(cookie, len(payload), 0, digits, 1, highest, 1.0) + payload


def test_every_slot_begins_where_the_one_before_it_ends() -> None:
    """Slots tile the range without holes, and each value of a slot lands in it."""
    slots = np.arange(SLOTS)
    low, high = lowest_us(slots), highest_us(slots)
    assert low[0] == 0
    assert np.array_equal(low[1:], high[:-1] + 1)
    assert np.array_equal(slots_of(low[low <= HIGHEST_US]), slots[low <= HIGHEST_US])
    assert np.array_equal(slots_of(high[high <= HIGHEST_US]), slots[high <= HIGHEST_US])


def test_a_slot_is_never_wider_than_three_digits_allow() -> None:
    """1 us below 2,048 us; above, at most a 1024th of the value."""
    slots = np.arange(SLOTS)
    width = highest_us(slots) - lowest_us(slots) + 1
    assert np.all(width[:2048] == 1)
    assert np.all(width * 1024 <= np.maximum(lowest_us(slots), 1024))


def test_values_outside_the_range_are_clamped() -> None:
    """A negative duration counts as 0, one of over an hour as an hour."""
    assert slots_of(np.array([-5, 0, HIGHEST_US, HIGHEST_US + 1, 2**62])).tolist() == [
        0,
        0,
        *[slots_of(np.array([HIGHEST_US]))[0]] * 3,
    ]


@pytest.mark.parametrize(
    ("q", "rank"),
    [
        (0.0, 1),
        (0.001, 1),
        (0.01, 1),
        (0.0101, 2),
        (0.07, 7),
        (0.5, 50),
        (0.501, 51),
        (0.99, 99),
        (0.999, 100),
        (1, 100),
    ],
)
def test_a_quantile_is_the_value_of_its_rank(q: float, rank: int) -> None:
    """Of the values 1 .. 100 us quantile q is number ceil(100 q), rounding errors of q * 100 notwithstanding."""
    assert Histogram.of_us(np.arange(1, 101)).quantile_us(q) == rank


def test_quantiles_of_many_values_do_not_slip_by_rounding() -> None:
    """q = k / n asks for rank k, also where the product of both is not a whole float."""
    n = 1999
    histogram = Histogram.of_us(np.arange(1, n + 1))
    assert histogram.quantiles_us([k / n for k in range(1, n + 1)]).tolist() == list(range(1, n + 1))


def test_a_quantile_is_the_largest_value_of_its_slot() -> None:
    """5,000 us shares its slot with 5,003 us."""
    assert Histogram.of_us(np.array([5000])).quantile_us(0.5) == 5003


def test_nothing_has_no_quantiles_and_no_mean() -> None:
    empty = Histogram.empty()
    assert empty.count == 0
    assert np.isnan(empty.quantile_us(0.5))
    assert np.isnan(empty.mean_us())
    assert empty.count_above_us(0) == 0


def test_the_mean_takes_each_value_as_the_middle_of_its_slot() -> None:
    """10 and 20 us are exact; 5,000 us counts as (5,000 + 5,003) / 2."""
    assert Histogram.of_us(np.array([10, 20, 20])).mean_us() == pytest.approx(50 / 3)
    assert Histogram.of_us(np.array([5000])).mean_us() == 5001.5


def test_counting_above_a_value_leaves_its_own_slot_out() -> None:
    histogram = Histogram.of_us(np.array([5, 10, 10, 11, 5000, 5003, 5004]))
    assert histogram.count_above_us(10) == 4
    assert histogram.count_above_us(5000) == 1
    assert histogram.count_above_us(HIGHEST_US) == 0


def test_histograms_are_equal_by_what_they_count() -> None:
    assert Histogram.of_us(np.array([1, 2, 2])) == Histogram.of_us(np.array([2, 1, 2]))
    assert Histogram.of_us(np.array([1, 2, 2])) != Histogram.of_us(np.array([1, 2]))
    assert Histogram.empty() != "nothing"


def test_merging_nothing_is_the_empty_histogram() -> None:
    assert merge([]) == Histogram.empty()
    assert sum_by_key(np.empty(0, np.int64), np.empty(0, np.int64))[0].size == 0


def test_the_encoding_is_the_one_of_the_standard() -> None:
    """Counts as ZigZag LEB128; a run of empty slots as minus its length, a single empty slot as the count 0."""
    zero, two = encode_groups(np.array([0, 0, 0, 1]), np.array([0, 2, 5, 300]), np.array([1, 64, 2, 3]), 2)
    assert zero == encoding(bytes([2, 0, 0x80, 1, 3, 4]))
    assert two == encoding(bytes([0xD7, 4, 6]))


def test_an_empty_group_is_an_empty_histogram() -> None:
    """Groups without entries, before, between and behind others, still have an encoding."""
    blobs = encode_groups(np.array([1, 3]), np.array([7, 7]), np.array([1, 2]), 5)
    assert [Histogram.decode(blob).count for blob in blobs] == [0, 1, 0, 2, 0]
    assert encode_groups(*(np.empty(0, np.int64),) * 3, 2) == [encoding(b"")] * 2
    assert decode_groups([])[0].size == 0


GOOD = Histogram.of_us(np.array([3, 5, 5, 900, 70_000, HIGHEST_US])).encode()


@pytest.mark.parametrize("length", range(len(GOOD)))
def test_an_encoding_that_is_cut_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="cut short"):
        Histogram.decode(GOOD[:length])


@pytest.mark.parametrize(
    "blob",
    [
        pytest.param(GOOD + b"\0", id="longer than it says"),
        pytest.param(encoding(b"\x02", cookie=0x1C849301), id="V0"),
        pytest.param(encoding(b"\x02", cookie=0x1C849314), id="compressed"),
        pytest.param(encoding(b"\x02", digits=2), id="two digits"),
        pytest.param(encoding(b"\x02", highest=1000), id="another range"),
        pytest.param(encoding(b"\x02\x80"), id="ends inside a number"),
        pytest.param(encoding(b"\x80" * 12 + b"\x01"), id="a number beyond 64 bits"),
        pytest.param(encoding(bytes([0xFF, 0xEF, 2, 2])), id="one slot beyond the range"),
        pytest.param(b"SQLite format 3\0" * 4, id="something else"),
    ],
)
def test_a_foreign_encoding_is_refused(blob: bytes) -> None:
    with pytest.raises(ValueError, match="histogram"):
        Histogram.decode(blob)


def test_the_last_slot_can_be_encoded() -> None:
    top = Histogram(np.array([SLOTS - 1]), np.array([2**40]))
    assert Histogram.decode(top.encode()) == top


def test_the_same_counts_as_a_histogram_of_the_package() -> None:
    """`to_hdr` keeps every count and every percentile."""
    histogram = Histogram.of_us(np.array([5, 5, 900, 2_050, 70_000, 3_600_000_000]))
    foreign = histogram.to_hdr()
    assert foreign.get_total_count() == histogram.count
    for percent in (50, 100):  # between them the two round ranks differently
        assert foreign.get_value_at_percentile(percent) == histogram.quantile_us(percent / 100)
