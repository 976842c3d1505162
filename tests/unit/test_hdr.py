"""formats.hdr: V2 encodings of any geometry."""

import struct
import zlib
from base64 import b64decode

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram

from asyncload.formats.hdr import Recorded, add, decode

HEADER = struct.Struct(">iiiiqqd")
V2 = 0x1C849303 | 0x10


def packed(*values: int, lowest: int = 1, highest: int = 10**10, digits: int = 3) -> bytes:
    histogram = HdrHistogram(lowest, highest, digits)
    for value in values:
        histogram.record_value(value)
    return b64decode(histogram.encode())


def bare(payload: bytes, cookie: int = V2, digits: int = 3, lowest: int = 1, offset: int = 0) -> bytes:
    return HEADER.pack(cookie, len(payload), offset, digits, lowest, 10**10, 1.0) + payload


def test_an_encoding_is_read_compressed_or_not() -> None:
    blob = packed(7_600_000, 7_611_000, 120_000_000)
    assert decode(blob).counts.tolist() == decode(zlib.decompress(blob[8:])).counts.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("blob", "told"),
    [
        (b"", "not an encoded HdrHistogram"),
        (b"HISTFAAA", "not an encoded HdrHistogram"),
        (packed(5)[:-3], "cut short"),
        (packed(5)[:8] + b"x" * (len(packed(5)) - 8), "cannot be inflated"),
        (packed(5)[:8], "cut short"),
        (bare(b"\x02")[:30], "cut short"),
        (bare(b"\x02")[:-1], "cut short"),
        (bare(b"\x82"), "cut short"),
        (bare(b"\x02", digits=9), "geometry"),
        (bare(b"\x02", lowest=0), "geometry"),
        (bare(b"\x02", offset=3), "geometry"),
        (bare(b"\x02", cookie=0x1C849301 | 0x10), "V0 or V1"),
        (bare(b"\x02", cookie=0x1C849308), "V0 or V1"),
        (b"\x0c\x72\x12\x4f" + b"\0" * 40, "DoubleHistogram"),
        (bare(b"\xff\xff\xff\xff\x7f\x02"), "more slots than values"),
        (bare(b"\xff" * 9 + b"\x01"), "too long"),
    ],
)
def test_what_is_no_such_encoding_is_said(blob: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        decode(blob)


def test_what_inflates_without_end_is_refused() -> None:
    bomb = zlib.compress(b"\0" * (1 << 27))
    with pytest.raises(ValueError, match="larger than any that is meant"):
        decode((0x1C849304 | 0x10).to_bytes(4, "big") + len(bomb).to_bytes(4, "big") + bomb)


def test_adding_makes_one_bin_of_those_that_are_alike() -> None:
    """Also of different precisions: a coarse bin and the fine ones inside it stay apart."""
    fine, coarse = decode(packed(5, 5, 3000)), decode(packed(3000, digits=2))
    both = add([fine, fine, coarse])
    assert both.counts.sum() == 7
    assert both.counts[np.flatnonzero(both.high == 5)[0]] == 4
    assert len(set(zip(both.low.tolist(), both.high.tolist(), strict=True))) == both.low.size == 3
    assert np.all(np.diff(both.high) >= 0)


def test_adding_nothing_is_nothing() -> None:
    empty = decode(packed())
    assert add([empty, empty]).counts.size == 0
    assert isinstance(add([empty]), Recorded)
