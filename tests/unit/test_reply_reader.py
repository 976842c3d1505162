"""Reading replies: what ends one, what breaks one, and when the connection may be used again."""

import pytest

from asyncload.transport.reply_reader import HEAD_LIMIT_BYTES, KEPT_BODY_BYTES, BrokenReplyError, ReplyReader

LIMIT = 1_000_000
HELLO = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 2\r\n\r\nhi"


def head(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode()


def long_head(length: int) -> bytes:
    """A head of exactly so many bytes, of a reply without a body."""
    start, end = b"HTTP/1.1 200 OK\r\nX: ", b"\r\nContent-Length: 0\r\n\r\n"
    return start + b"x" * (length - len(start) - len(end)) + end


def test_one_reply_after_another() -> None:
    """After `reset` the same reader reads the connection's next reply, and nothing of the last one is left."""
    reader = ReplyReader(LIMIT)
    assert reader.feed(head("HTTP/1.1 424 Failed", "X-Amzn-ErrorType: ModelError", "Content-Length: 3") + b"bad")
    assert (reader.status, reader.kept_body, reader.header(b"x-amzn-errortype")) == (424, b"bad", "ModelError")
    reader.reset()
    assert not reader.begun
    assert reader.feed(HELLO)
    assert (reader.status, reader.received, reader.kept_body) == (200, 2, b"")
    assert reader.header(b"x-amzn-errortype") == ""
    assert reader.reusable()


@pytest.mark.parametrize(
    ("name", "value"),
    [(b"a", "1"), (b"b", "two words"), (b"c", ""), (b"d", "first"), (b"e", ""), (b"content", ""), (b"length", "")],
)
def test_headers_are_found_by_name_and_only_in_the_head(name: bytes, value: str) -> None:
    """Any case and blanks; the first of several; not by part of a name; not in the body."""
    reader = ReplyReader(LIMIT)
    reader.feed(
        head("HTTP/1.1 200 OK", "A:1", "b: \t two words \t", "C:", "D: first", "d: second", "Content-Length: 8")
        + b"\r\nE: no\r\n"
    )
    assert reader.header(name) == value


@pytest.mark.parametrize(
    "interim",
    [
        head("HTTP/1.1 100 Continue", "Z: interim"),
        head("HTTP/1.1 103 Early Hints", "Z: interim", "Link: close"),
        head("HTTP/1.1 102 Processing") * 3,
        b"\r\n" + head("HTTP/1.1 100 Continue", "Z: interim") + b"\r\n",
        b"\r\n",
    ],
)
def test_interim_replies_and_empty_lines_are_passed_over(interim: bytes) -> None:
    reader = ReplyReader(LIMIT)
    assert not reader.feed(interim)
    assert reader.begun
    assert reader.feed(HELLO)
    assert (reader.status, reader.received, reader.header(b"z"), reader.header(b"content-type")) == (
        200,
        2,
        "",
        "text/csv",
    )
    assert reader.reusable()


@pytest.mark.parametrize("status", [204, 304])
def test_some_replies_have_no_body(status: int) -> None:
    reader = ReplyReader(LIMIT)
    assert reader.feed(head(f"HTTP/1.1 {status} X", "A: b"))
    assert (reader.status, reader.received, reader.reusable()) == (status, 0, True)


@pytest.mark.parametrize(
    ("lines", "reusable"),
    [
        (["HTTP/1.1 200 OK"], True),
        (["HTTP/1.1 200 OK", "Connection: close"], False),
        (["HTTP/1.0 200 OK"], False),
        (["HTTP/1.0 200 OK", "Connection: keep-alive"], True),
    ],
)
def test_the_server_says_whether_the_connection_stays(lines: list[str], reusable: bool) -> None:  # noqa: FBT001
    reader = ReplyReader(LIMIT)
    assert reader.feed(head(*lines, "Content-Length: 2") + b"hi")
    assert reader.reusable() is reusable


@pytest.mark.parametrize("surplus", [b"H", b"\0", b"HTTP/1.1 200", HELLO, b"hi", HELLO * 3, b"\r\nx"])
@pytest.mark.parametrize("reply", [HELLO, HELLO.replace(b"Content-Type: text/csv", b"Connection: close")])
def test_bytes_behind_the_reply_spoil_the_connection_not_the_reply(reply: bytes, surplus: bytes) -> None:
    reader = ReplyReader(LIMIT)
    assert reader.feed(reply + surplus)
    assert (reader.status, reader.received, reader.surplus, reader.reusable()) == (200, 2, True, False)


def test_a_reply_without_a_length_ends_with_the_stream() -> None:
    """HTTP/1.0 style; and it is no longer than that, whatever its body holds."""
    reader = ReplyReader(LIMIT)
    assert not reader.feed(head("HTTP/1.0 200 OK", "A: b") + b"abc\r\nContent-Length: 9\r\n\r\n")
    assert reader.end()
    assert (reader.status, reader.received, reader.reusable()) == (200, 26, False)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        HELLO[:-1],
        head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + b"2\r\nhi\r\n",
        head("HTTP/1.1 100 Continue"),
        b"\r\n" + HELLO[:-1],
    ],
)
def test_a_stream_that_ends_early_cuts_the_reply_short(data: bytes) -> None:
    reader = ReplyReader(LIMIT)
    if data:
        assert not reader.feed(data)
    assert not reader.end()
    assert reader.begun is bool(data)


GARBAGE = [
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x15\x03\x03\x00\x02\x02\x28",
    b"<html>",
    b"HTTP/2 200 OK\r\n\r\n",
    head("HTTP/1.1 99 Low"),
    head("HTTP/1.1 200 OK", "Content-Length: x"),
    head("HTTP/1.1 200 OK", "Content-Length: 2", "Content-Length: 3") + b"hi",
    head("HTTP/1.1 200 OK", "Content-Length: 2", "Transfer-Encoding: chunked") + b"hi",
    head("HTTP/1.1 200 OK", "no colon"),
    head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + b"zz\r\n",
    head("HTTP/1.1 101 Switching Protocols", "Upgrade: x", "Connection: upgrade"),
]


@pytest.mark.parametrize("data", GARBAGE)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_what_is_not_a_reply_is_broken(data: bytes, size: int) -> None:
    """In one piece or in many."""
    with pytest.raises(BrokenReplyError):
        feed_in_pieces(ReplyReader(LIMIT), data, size)


def feed_in_pieces(reader: ReplyReader, data: bytes, size: int) -> bool:
    return [reader.feed(data[i : i + size]) for i in range(0, len(data), size)][-1]


@pytest.mark.parametrize("size", [1000, 65_536, 200_000])
@pytest.mark.parametrize("before", [b"", head("HTTP/1.1 100 Continue")])
def test_the_heads_length_is_limited_however_it_arrives(size: int, before: bytes) -> None:
    """Exactly the limit passes, interim heads included; one byte more is broken. A body does not count."""
    fits = before + long_head(HEAD_LIMIT_BYTES - len(before))
    assert feed_in_pieces(ReplyReader(LIMIT), fits, size)
    with pytest.raises(BrokenReplyError, match="head"):
        feed_in_pieces(ReplyReader(LIMIT), before + long_head(HEAD_LIMIT_BYTES - len(before) + 1), size)
    body = head("HTTP/1.1 200 OK", "Content-Length: 500000") + b"x" * 500_000
    assert feed_in_pieces(ReplyReader(LIMIT), before + body, size)


def test_a_head_without_end_is_broken() -> None:
    """It need not end to be too long."""
    with pytest.raises(BrokenReplyError, match="head"):
        feed_in_pieces(ReplyReader(LIMIT), b"HTTP/1.1 200 OK\r\nX: " + b"x" * HEAD_LIMIT_BYTES, 1000)


@pytest.mark.parametrize("size", [1, 100])
def test_the_bodys_length_is_limited_however_it_is_framed(size: int) -> None:
    fits = head("HTTP/1.1 200 OK", "Content-Length: 10") + b"x" * 10
    assert feed_in_pieces(ReplyReader(10), fits, size)
    for more in (
        head("HTTP/1.1 200 OK", "Content-Length: 11") + b"x" * 11,
        head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + b"9\r\n" + b"x" * 9 + b"\r\n2\r\nxx\r\n0\r\n\r\n",
        head("HTTP/1.0 200 OK") + b"x" * 11,
    ):
        with pytest.raises(BrokenReplyError, match="body"):
            feed_in_pieces(ReplyReader(10), more, size)


def test_of_a_failed_calls_body_only_the_beginning_is_kept() -> None:
    """Enough for classification, whatever the endpoint sends."""
    reader = ReplyReader(LIMIT)
    assert feed_in_pieces(reader, head("HTTP/1.1 500 X", "Content-Length: 500000") + b"x" * 500_000, 10_000)
    assert KEPT_BODY_BYTES <= len(reader.kept_body) < KEPT_BODY_BYTES + 10_000
    assert reader.received == 500_000
