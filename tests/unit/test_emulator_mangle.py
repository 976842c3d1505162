"""Spoilt replies, byte by byte."""

import pytest

from asyncload.emulator.wire.mangle import GARBAGE, SETTLE_NS, Drip, Head, Mangle, script

BODY = b"0123456789"
STATUS = b"HTTP/1.1 200 OK\r\n"
HEAD = Head(STATUS, b"X: y\r\n", len(BODY))
HONEST = STATUS + b"Content-Length: 10\r\nX: y\r\n\r\n"


@pytest.mark.parametrize(
    ("mangle", "data", "end"),
    [
        ("reset_before", b"", "reset"),
        ("reset_during", HONEST + b"01234", "reset"),
        ("reset_after", HONEST + BODY, "reset"),
        ("truncated_chunk", STATUS + b"Transfer-Encoding: chunked\r\nX: y\r\n\r\na\r\n01234", "close"),
        ("wrong_content_length", STATUS + b"Content-Length: 21\r\nX: y\r\n\r\n0123456789", "close"),
        ("small_content_length", STATUS + b"Content-Length: 5\r\nX: y\r\n\r\n0123456789", "keep"),
        ("garbage_header", STATUS + GARBAGE + b"Content-Length: 10\r\nX: y\r\n\r\n0123456789", "close"),
        (Drip(3), HONEST + BODY, "keep"),
    ],
)
def test_what_is_sent_and_how_it_ends(mangle: Mangle, data: bytes, end: str) -> None:
    """The table at the head of the module, as bytes."""
    told = script(mangle, HEAD, BODY)
    assert b"".join(piece for _, piece in told.pieces) == data
    assert told.end == end


@pytest.mark.parametrize("mangle", ["truncated_chunk", "wrong_content_length"])
def test_an_empty_body_is_incomplete_too(mangle: Mangle) -> None:
    """What is announced is more than what comes, also if nothing was to come."""
    told = script(mangle, Head(STATUS, b"", 0), b"")
    data = b"".join(piece for _, piece in told.pieces)
    assert data.endswith(b"\r\n1\r\n" if mangle == "truncated_chunk" else b"Content-Length: 1\r\n\r\n")


@pytest.mark.parametrize("mangle", ["reset_during", "reset_after"])
def test_a_reset_leaves_time_for_what_was_sent(mangle: Mangle) -> None:
    """It would overtake the bytes before it."""
    assert [wait_ns for wait_ns, _ in script(mangle, HEAD, BODY).pieces] == [0, SETTLE_NS]


@pytest.mark.parametrize(("bytes_per_s", "pieces"), [(1, 10), (19, 10), (20, 5), (40, 3), (1000, 1)])
def test_a_drip_keeps_its_rate(bytes_per_s: int, pieces: int) -> None:
    """Ten pieces a second at most, each after the time that it takes at the rate; the head at once."""
    told = list(script(Drip(bytes_per_s), HEAD, BODY).pieces)
    assert told[0] == (0, HONEST)
    assert len(told) == 1 + pieces
    for wait_ns, piece in told:
        assert wait_ns == (len(piece) * 10**9 // bytes_per_s if piece != HONEST else 0)
