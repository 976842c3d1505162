"""Heads of replies, as bytes."""

from email.utils import parsedate_to_datetime

import pytest

from asyncload.emulator.wire.reply_head import DateLine, head_of, internal_failure, refused
from asyncload.emulator.wire.request_reader import Refusal
from asyncload.emulator.wire.values import Reply

DATE = b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"


def test_a_head_is_status_length_own_headers_and_date() -> None:
    """A connection that ends says so; headers are UTF-8."""
    reply = Reply(200, b"4.5", {"Content-Type": "text/csv", "X": "ä"})
    start = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: text/csv\r\nX: \xc3\xa4\r\n" + DATE
    assert head_of(reply, DATE, last=False).plain() == start + b"\r\n"
    assert head_of(reply, DATE, last=True).plain() == start + b"Connection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("status", "phrase"),
    [(424, "Failed Dependency"), (429, "Too Many Requests"), (530, "Site Frozen"), (999, "Unknown")],
)
def test_every_status_has_a_phrase(status: int, phrase: str) -> None:
    """AWS's 530 is in no standard."""
    assert head_of(Reply(status, b"", {}), DATE, last=False).status == f"HTTP/1.1 {status} {phrase}\r\n".encode()


@pytest.mark.parametrize(
    ("status", "headers"), [(200, {"X": "a\r\nY: b"}), (200, {"X": "a\n"}), (200, {"X\r": "a"}), (99, {}), (1000, {})]
)
def test_what_would_be_another_head_is_refused(status: int, headers: dict[str, str]) -> None:
    """A header cannot smuggle in another one."""
    with pytest.raises(ValueError, match=r"end of a line|no status"):
        head_of(Reply(status, b"", headers), DATE, last=False)


def test_the_date_follows_the_clock_and_its_offset() -> None:
    """It changes with the second, and at once with the offset."""
    date = DateLine()
    lines = [date.at(1000.0), date.at(1000.9), date.at(1001.0)]
    assert lines[0] == lines[1] != lines[2]
    date.offset_ns = -360 * 10**9
    shifted = date.at(1001.5)
    assert shifted.endswith(b"\r\n")
    assert parsedate_to_datetime(shifted.decode().partition(": ")[2].strip()).timestamp() == 641


def test_the_faces_own_replies_say_what_they_are() -> None:
    """500 as AWS puts it; a refusal tells why and ends the connection."""
    assert internal_failure().headers["x-amzn-ErrorType"] == "InternalFailure"
    reply = refused(Refusal(431, "too large"))
    assert (reply.status, reply.body, reply.close) == (431, b"too large\n", True)
