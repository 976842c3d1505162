"""
HDR histograms: counts of durations with three significant digits from 1 us to 1 h.

A value lands in the slot that HdrHistogram (Gil Tene; lowest discernible value 1, three significant digits) gives it:
slots are 1 us wide below 2,048 us, then 2 us wide below 4,096 us, and so on, doubling. The relative width is never
above 1/1024. Every histogram here has the same slots, so merging is adding.

    value_us        0 .. 2047 | 2048 .. 4095 | 4096 .. 8191 | ...
    slot            0 .. 2047 | 2048 .. 3071 | 3072 .. 4095 | ...
    width_us                1 |            2 |            4 | ...

Source:
    http://hdrhistogram.org; AbstractHistogram.countsArrayIndex and encodeIntoByteBuffer of the Java implementation,
    version 2.1, whose V2 encoding is written and read here.
"""

import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

Int64s: TypeAlias = NDArray[np.int64]

HIGHEST_US = 3_600_000_000
SLOTS = 23_552
"""Length of the standard's dense array for this range: (22 + 1) * 1024."""
_HALF = 1024
_HALF_BITS = 10
_WORD_BYTES = 8
"""Longest LEB128 word that is read: 56 bits, a count of 3.6e16."""
_COOKIE_V2 = 0x1C849303 | 0x10
_HEADER = struct.Struct(">iiiiqqd")
"""Cookie, payload length, index offset, digits, lowest, highest, double ratio."""


def slots_of(values_us: Int64s) -> Int64s:
    """
    Slot of each value; values outside [0, HIGHEST_US] are clamped.

    Shape:
        int64[n] -> int64[n]
    """
    clamped = np.minimum(np.maximum(values_us, 0), HIGHEST_US)
    # frexp's exponent is the bit length, exactly, for integers below 2**53.
    _, bits = np.frexp(clamped.astype(np.float64))
    shift = np.maximum(bits.astype(np.int64) - (_HALF_BITS + 1), 0)
    return (shift << _HALF_BITS) + (clamped >> shift)


def lowest_us(slots: Int64s) -> Int64s:
    """Smallest value that lands in each slot, in us."""
    shift: Int64s = np.maximum((slots >> _HALF_BITS) - 1, 0)
    return (slots - (shift << _HALF_BITS)) << shift


def highest_us(slots: Int64s) -> Int64s:
    """Largest value that lands in each slot, in us."""
    shift: Int64s = np.maximum((slots >> _HALF_BITS) - 1, 0)
    return lowest_us(slots) + (1 << shift) - 1


class Histogram:
    """
    A sparse histogram of durations; merging is associative and commutative, with the empty one as identity.

    Held in 6 bytes a slot: a result of a thousand models has some millions of them. Does not change.
    """

    __slots__ = ("_counts", "_slots")

    def __init__(self, slots: Int64s, counts: Int64s) -> None:
        """
        Args:
            slots: int64[n], ascending, each once, below SLOTS.
            counts: int64[n], all > 0.
        """
        self._slots = slots.astype(np.uint16)
        self._counts = counts.astype(np.uint32 if counts.max(initial=0) < 1 << 32 else np.int64)

    @property
    def slots(self) -> Int64s:
        """Slots that hold a value, int64[n], ascending."""
        return self._slots.astype(np.int64)

    @property
    def counts(self) -> Int64s:
        """Values in each of them, int64[n], all > 0."""
        return self._counts.astype(np.int64)

    @classmethod
    def empty(cls) -> "Histogram":
        """Return the histogram of nothing."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64))

    @classmethod
    def of_us(cls, values_us: Int64s) -> "Histogram":
        """Count values given in us."""
        slots, counts = np.unique(slots_of(values_us), return_counts=True)
        return cls(slots, counts.astype(np.int64))

    def __repr__(self) -> str:
        return f"Histogram(of {self.count} values)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Histogram):
            return NotImplemented
        return np.array_equal(self._slots, other._slots) and np.array_equal(self._counts, other._counts)

    __hash__ = None  # type: ignore[assignment]  # arrays inside

    @property
    def count(self) -> int:
        """Number of values."""
        return int(self._counts.sum())

    def quantile_us(self, q: float) -> float:
        """
        Value at quantile q, the largest that its slot stands for; NaN if empty.

        Args:
            q: In [0, 1]; the value is that of rank ceil(q * count), at least 1.
        """
        return float(self.quantiles_us([q])[0])

    def quantiles_us(self, qs: Sequence[float]) -> NDArray[np.float64]:
        """Values at several quantiles, float64[len(qs)], us; NaN if empty."""
        if not self.slots.size:
            return np.full(len(qs), np.nan)
        cumulative = np.cumsum(self.counts)
        # A rounding error upwards must not ask for the next value: 0.07 * 100 is 7.000000000000001.
        exact = np.asarray(qs, np.float64) * cumulative[-1]
        ranks = np.clip(np.ceil(exact * (1 - 1e-15)), 1, cumulative[-1])
        return highest_us(self.slots[np.searchsorted(cumulative, ranks)]).astype(np.float64)

    def mean_us(self) -> float:
        """Mean of the values, each taken as the middle of its slot; NaN if empty."""
        if not self.slots.size:
            return float("nan")
        middles = (lowest_us(self.slots) + highest_us(self.slots)) / 2
        return float(middles @ self.counts / self.counts.sum())

    def count_above_us(self, value_us: int) -> int:
        """Count values in slots above that of `value_us`."""
        slot = slots_of(np.array([value_us], np.int64))[0]
        return int(self.counts[np.searchsorted(self.slots, slot, side="right") :].sum())

    def to_hdr(self) -> HdrHistogram:
        """Return the same counts as a histogram of the `hdrhistogram` package."""
        histogram = HdrHistogram(1, HIGHEST_US, 3)
        for value_us, count in zip(lowest_us(self.slots).tolist(), self.counts.tolist(), strict=True):
            histogram.record_value(value_us, count)
        return histogram

    def encode(self) -> bytes:
        """Return the standard V2 encoding, not compressed: what `run.sqlite` holds."""
        return encode_groups(np.zeros(self.slots.size, np.int64), self.slots, self.counts, 1)[0]

    @classmethod
    def decode(cls, blob: bytes) -> "Histogram":
        """
        Read a V2 encoding that is not compressed.

        Raises:
            ValueError: If it is not one, or one of another range or precision.
        """
        _, slots, counts = decode_groups([blob])
        return cls(slots, counts)


def merge(histograms: Sequence[Histogram]) -> Histogram:
    """Add histograms up, in any order."""
    dense = np.zeros(SLOTS, np.int64)
    for histogram in histograms:
        dense[histogram.slots] += histogram.counts
    slots = np.flatnonzero(dense)
    return Histogram(slots, dense[slots])


def less(whole: Histogram, part: Histogram) -> Histogram:
    """Take values out that were counted in both; what `part` has more of counts as none."""
    slots = whole.slots
    dense = np.zeros(SLOTS, np.int64)
    dense[part.slots] = part.counts
    counts = whole.counts - dense[slots]
    left = counts > 0
    return Histogram(slots[left], counts[left])


def split(whole: Histogram, above_us: float) -> tuple[Histogram, Histogram]:
    """Return the values up to a limit, and those in slots that begin above it."""
    slots, counts = whole.slots, whole.counts
    above = lowest_us(slots) > above_us
    return Histogram(slots[~above], counts[~above]), Histogram(slots[above], counts[above])


def sum_by_key(keys: Int64s, counts: Int64s) -> tuple[Int64s, Int64s]:
    """Sort keys and add the counts of equal ones: int64[n], int64[n] -> int64[m], int64[m]."""
    if not keys.size:
        return keys, counts
    order = np.argsort(keys, kind="stable")
    keys, counts = keys[order], counts[order]
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[first], np.add.reduceat(counts, first)


def encode_groups(groups: Int64s, slots: Int64s, counts: Int64s, n_groups: int) -> list[bytes]:
    """
    V2 encodings of many sparse histograms at once, without a Python loop over their values.

    Args:
        groups: Group of each entry, 0 .. n_groups - 1, ascending.
        slots: Slot of each entry, ascending inside a group.
        counts: Count of each entry, > 0.
        n_groups: How many encodings to return; a group without entries encodes as empty.

    The payload is a run of ZigZag LEB128 numbers: a count, or minus the length of a run of empty slots. A single empty
    slot is written as the count 0, as the Java encoder does.
    """
    previous = np.concatenate([[-1], slots[:-1]]) if slots.size else slots
    begins = np.concatenate([[True], groups[1:] != groups[:-1]]) if slots.size else np.empty(0, bool)
    gaps = slots - np.where(begins, -1, previous) - 1
    words = np.empty((slots.size, 2), np.int64)
    words[:, 0] = np.where(gaps > 1, 2 * gaps - 1, 0)  # ZigZag of -gap, or of a count of 0
    words[:, 1] = 2 * counts
    kept = np.ones_like(words, bool)
    kept[:, 0] = gaps > 0
    payload, ends = _write_leb128(words[kept])
    last_word = np.cumsum(np.bincount(groups, weights=kept.sum(axis=1), minlength=n_groups)).astype(np.int64)
    bounds = np.concatenate([[0], ends])[np.concatenate([[0], last_word])].tolist()
    return [
        _HEADER.pack(_COOKIE_V2, end - begin, 0, 3, 1, HIGHEST_US, 1.0) + payload[begin:end]
        for begin, end in pairwise(bounds)
    ]


def decode_groups(blobs: Sequence[bytes]) -> tuple[Int64s, Int64s, Int64s]:
    """
    Read many V2 encodings at once; the inverse of `encode_groups`.

    Returns:
        Group (index into `blobs`), slot and count of each entry, int64[n] each, ascending.

    Raises:
        ValueError: If a blob is not such an encoding, or one of another range or precision.
    """
    payloads = [_payload(blob) for blob in blobs]
    data = np.frombuffer(b"".join(payloads), np.uint8)
    # A byte below 128 ends a word, so a blob has as many words as such bytes.
    ended = np.concatenate([[0], np.cumsum(data < 0x80)])
    lengths = np.diff(ended[np.cumsum([0, *map(len, payloads)])])
    words = read_leb128(data)
    numbers = (words >> 1) ^ -(words & 1)
    groups = np.repeat(np.arange(len(blobs)), lengths)
    advance = np.where(numbers < 0, -numbers, 1)
    ends = np.cumsum(advance)
    begins = np.concatenate([[0], ends])[np.cumsum(np.concatenate([[0], lengths]))[:-1]]
    slots = ends - advance - begins[groups]
    if slots.size and slots.max() >= SLOTS:
        raise ValueError("histogram encoding has more slots than its range")
    filled = numbers > 0
    return groups[filled], slots[filled], numbers[filled]


def _payload(blob: bytes) -> bytes:
    if len(blob) < _HEADER.size:
        raise ValueError("histogram encoding is cut short")
    cookie, length, offset, digits, lowest, highest, _ratio = _HEADER.unpack_from(blob)
    if cookie != _COOKIE_V2 or (offset, digits, lowest, highest) != (0, 3, 1, HIGHEST_US):
        raise ValueError("not a V2 histogram of 1 us to 1 h with three digits")
    if len(blob) != _HEADER.size + length or (length and blob[-1] >= 0x80):
        raise ValueError("histogram encoding is cut short")
    return blob[_HEADER.size :]


def _write_leb128(words: Int64s) -> tuple[bytes, Int64s]:
    """LEB128 bytes of non-negative words, and the offset behind each word."""
    lengths = np.ones(words.size, np.int64)
    for bits in range(7, 63, 7):
        lengths += words >= (1 << bits)
    ends = np.cumsum(lengths)
    out = np.empty(int(ends[-1]) if ends.size else 0, np.uint8)
    starts = ends - lengths
    for k in range(int(lengths.max(initial=0))):
        has = lengths > k
        more = np.where(lengths[has] > k + 1, 0x80, 0)
        out[starts[has] + k] = ((words[has] >> (7 * k)) & 0x7F) | more
    return out.tobytes(), ends


def read_leb128(data: NDArray[np.uint8]) -> Int64s:
    """Words of a run of LEB128 bytes."""
    if not data.size:
        return np.empty(0, np.int64)
    last = np.flatnonzero(data < 0x80)
    first = np.concatenate([[0], last[:-1] + 1])
    if (last - first).max() >= _WORD_BYTES:
        raise ValueError("histogram encoding has a number that is too long")
    place = np.arange(data.size) - np.repeat(first, last - first + 1)
    parts = (data & 0x7F).astype(np.int64) << (7 * place)
    return np.add.reduceat(parts, first)
