"""Reading replies does not depend on how the stream is cut."""

import itertools
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from asyncload.transport.reply_reader import BrokenReplyError, ReplyReader

LIMIT = 5_000
NAMES = ("x-amzn-requestid", "date", "x-amzn-errortype", "absent")

bodies = st.one_of(st.binary(max_size=40), st.binary(max_size=5).map(lambda part: part * 999))
texts = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
statuses = st.sampled_from([200, 400, 424, 429, 500, 530])


@dataclass(frozen=True)
class Sent:
    """A reply as a server sends it, and what a reader must make of it."""

    data: bytes
    status: int
    body: bytes
    values: tuple[str, ...]
    reusable: bool
    until_end: bool


@st.composite
def replies(draw: st.DrawFn) -> Sent:
    """Content-Length, chunked with trailers, 204, or HTTP/1.0 until the end; any number of interim heads before."""
    kind = draw(st.sampled_from(["length", "chunked", "none", "end"]))
    status = 204 if kind == "none" else draw(statuses)
    body = b"" if kind == "none" else draw(bodies)
    close = kind != "end" and draw(st.booleans())
    values = tuple(draw(texts) for _ in NAMES[:-1])
    lines = [f"HTTP/1.{int(kind != 'end')} {status} Reason", *map("{}:  {} ".format, NAMES, values)]
    lines += ["Connection: close"] if close else []
    framing = {"length": [f"content-length: {len(body)}"], "chunked": ["Transfer-Encoding: chunked"]}
    payload = draw(chunked(body)) if kind == "chunked" else body
    interim = draw(
        st.sampled_from(["", "\r\n", "HTTP/1.1 100 Continue\r\ndate: no\r\n\r\n", "HTTP/1.1 103 X\r\n\r\n" * 2])
    )
    head = interim + "\r\n".join([*lines, *framing.get(kind, []), "", ""])
    return Sent(head.encode() + payload, status, body, (*values, ""), not close and kind != "end", kind == "end")


@st.composite
def chunked(draw: st.DrawFn, body: bytes) -> bytes:
    cuts = sorted(draw(st.sets(st.integers(1, max(len(body) - 1, 1)), max_size=3)))
    parts = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    trailer = draw(st.sampled_from([b"", b"X-Trailer: 1\r\n"]))
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part) + b"0\r\n" + trailer + b"\r\n"


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges) if a < b]


@given(sent=replies(), cuts=st.lists(st.integers(0, 10_000), max_size=12), every_byte=st.booleans())
@settings(deadline=None, max_examples=300)
def test_any_cut_gives_the_same_reply(sent: Sent, cuts: list[int], every_byte: bool) -> None:  # noqa: FBT001
    reader = ReplyReader(LIMIT)
    parts = [bytes([byte]) for byte in sent.data] if every_byte and len(sent.data) < 600 else pieces(sent.data, cuts)
    whole = [reader.feed(part) for part in parts]
    assert not any(whole[:-1])
    assert whole[-1] is not sent.until_end
    assert reader.end() is sent.until_end
    assert (reader.status, reader.received, reader.surplus) == (sent.status, len(sent.body), False)
    assert reader.kept_body == (b"" if sent.status == 200 else sent.body)
    assert tuple(reader.header(name.encode()) for name in NAMES) == sent.values
    assert reader.reusable() is sent.reusable


@given(first=replies().filter(lambda sent: not sent.until_end), surplus=st.binary(min_size=1, max_size=50))
@settings(deadline=None, max_examples=200)
def test_surplus_bytes_never_change_the_reply(first: Sent, surplus: bytes) -> None:
    """They make the connection useless, unless they are empty lines, which the standard lets a reader skip."""
    reader = ReplyReader(LIMIT)
    assert reader.feed(first.data + surplus)
    assert (reader.status, reader.received) == (first.status, len(first.body))
    assert tuple(reader.header(name.encode()) for name in NAMES) == first.values
    if surplus.strip(b"\r\n"):
        assert not reader.reusable()


@given(
    data=st.one_of(st.binary(min_size=1, max_size=60), st.binary(max_size=40).map(b"HTTP/1.1 200 OK\r\n".__add__)),
    cuts=st.lists(st.integers(0, 100), max_size=5),
)
@settings(deadline=None, max_examples=300)
def test_any_bytes_are_broken_in_any_cut_or_in_none(data: bytes, cuts: list[int]) -> None:
    """Nothing but BrokenReplyError leaves the reader, and where the stream is cut does not decide whether it does."""
    assert ending([data]) == ending(pieces(data, cuts))


def ending(parts: list[bytes]) -> tuple[object, ...]:
    reader = ReplyReader(LIMIT)
    for part in parts:
        try:
            if reader.feed(part):
                return "whole", reader.status  # a connection reads no further: see the reader's owner
        except BrokenReplyError:
            return ("broken",)
    return "open", reader.end()
