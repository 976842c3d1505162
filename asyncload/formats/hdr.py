"""
HdrHistogram's V2 encoding, of any range and precision: what others log.

Our own histograms all have one geometry, which `histogram` reads quickly. Here the geometry is in the header: counts
are at indices, and an index stands for values from `low` to `high` in whatever unit was recorded.

Source:
    HdrHistogram (Java) 2.2: AbstractHistogram.decodeFromByteBuffer, decodeFromCompressedByteBuffer and valueFromIndex.
"""

import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from asyncload.histogram import Int64s, read_leb128

_V2: Final = 0x1C849303
_V2_COMPRESSED: Final = 0x1C849304
_OLDER: Final = frozenset({0x1C849301, 0x1C849302, 0x1C849308, 0x1C849309})
_DOUBLE: Final = frozenset({0x0C72124E, 0x0C72124F})
_WORD_SIZE: Final = 0xF0
"""Bits of a cookie that hold the size of a counter, which in V2 says nothing."""
_HEADER: Final = struct.Struct(">iiiiqqd")
"""Cookie, payload length, index offset, digits, lowest, highest, double ratio."""
_MOST_BYTES: Final = 1 << 26
"""What is inflated at most: far more than five digits of 2**63 values take."""
_MOST_DIGITS: Final = 5
_BITS: Final = 62


@dataclass(frozen=True, slots=True)
class Recorded:
    """Counts of whole numbers, in the unit in which they were recorded."""

    low: Int64s
    """Smallest value of each bin; ascending."""
    high: Int64s
    """Largest value of it."""
    counts: Int64s
    """All > 0."""


def decode(blob: bytes) -> Recorded:
    """
    Read a V2 encoding, compressed or not.

    Raises:
        ValueError: If it is not one, is cut short, or is of a kind that is not read.
    """
    if _cookie(blob) == _V2_COMPRESSED:
        blob = _inflated(blob[8:])  # in front of it stands its length
    cookie = _cookie(blob)
    if int.from_bytes(blob[:4], "big") in _DOUBLE:
        raise ValueError("it holds a DoubleHistogram; only histograms of whole numbers are read")
    if cookie in _OLDER:
        raise ValueError("it is encoded as V0 or V1 of before 2015; only V2 is read")
    if cookie != _V2:
        raise ValueError("it is not an encoded HdrHistogram")
    return _unpacked(blob)


def add(parts: Sequence[Recorded]) -> Recorded:
    """Add histograms up, also of different geometries: bins that are alike become one."""
    low, high, counts = (np.concatenate([getattr(part, name) for part in parts]) for name in ("low", "high", "counts"))
    order = np.lexsort((low, high))
    low, high, counts = low[order], high[order], counts[order]
    if not low.size:
        return Recorded(low, high, counts)
    first = np.flatnonzero(np.concatenate([[True], (low[1:] != low[:-1]) | (high[1:] != high[:-1])]))
    return Recorded(low[first], high[first], np.add.reduceat(counts, first))


def _cookie(blob: bytes) -> int:
    return int.from_bytes(blob[:4], "big") & ~_WORD_SIZE


def _inflated(packed: bytes) -> bytes:
    inflate = zlib.decompressobj()
    try:
        blob = inflate.decompress(packed, _MOST_BYTES)
    except zlib.error as error:
        raise ValueError(f"the histogram cannot be inflated: {error}") from error
    if not inflate.eof:
        raise ValueError("the histogram is cut short, or larger than any that is meant")
    return blob


def _unpacked(blob: bytes) -> Recorded:
    if len(blob) < _HEADER.size:
        raise ValueError("the histogram is cut short")
    _, length, offset, digits, lowest, _highest, _ratio = _HEADER.unpack_from(blob)
    payload = blob[_HEADER.size : _HEADER.size + length]
    if len(payload) != length or (payload and payload[-1] >= 0x80):
        raise ValueError("the histogram is cut short")
    if offset or not 0 <= digits <= _MOST_DIGITS or lowest < 1:
        raise ValueError("the histogram has a geometry that is not read")
    words = read_leb128(np.frombuffer(payload, np.uint8))
    numbers = (words >> 1) ^ -(words & 1)  # ZigZag: a count, or minus the length of a run of empty slots
    ends = np.cumsum(np.where(numbers < 0, -numbers, 1))
    filled = numbers > 0
    return _placed(ends[filled] - 1, numbers[filled], digits, lowest)


def _placed(index: Int64s, counts: Int64s, digits: int, lowest: int) -> Recorded:
    """Say for which values the indices stand."""
    unit_bits = lowest.bit_length() - 1
    half_bits = max(math.ceil(math.log2(2 * 10**digits)), 1) - 1
    shift = np.maximum((index >> half_bits) - 1, 0)
    if index.size and (index[-1] >> half_bits) + half_bits + unit_bits > _BITS:
        raise ValueError("the histogram has more slots than values")
    bits = shift + unit_bits
    low = (index - (shift << half_bits)) << bits
    return Recorded(low, low + (np.int64(1) << bits) - 1, counts)
