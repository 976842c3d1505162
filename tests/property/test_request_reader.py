"""Reading requests does not depend on how the stream is cut."""

import itertools
from collections import deque
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from asyncload.emulator.wire.request_reader import Refusal, RequestReader
from asyncload.emulator.wire.values import Limits, Request

LIMITS = Limits(head_bytes=2000, body_bytes=300)

texts = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)
bodies = st.one_of(st.binary(max_size=40), st.binary(max_size=300), st.binary(min_size=301, max_size=900))
names = st.sampled_from(["Content-Type", "X-Amzn-SageMaker-Target-Model", "authorization", "X-ODD"])


@dataclass(frozen=True)
class Sent:
    """A request as a client sends it, and what a reader must make of it."""

    data: bytes
    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


@st.composite
def requests(draw: st.DrawFn) -> Sent:
    """Content-Length, chunked with a trailer, or no body; blanks around values; an Upgrade that is not taken."""
    kind = draw(st.sampled_from(["length", "chunked", "none"]))
    body = b"" if kind == "none" else draw(bodies)
    method = draw(st.sampled_from(["GET", "DELETE"] if kind == "none" else ["POST", "PUT"]))
    target = "/" + draw(st.text("abc/%20?=&~", max_size=20))
    headers = [(draw(names).encode(), draw(texts).encode()) for _ in range(draw(st.integers(0, 5)))]
    headers += [(b"Connection", b"Upgrade"), (b"Upgrade", b"h2c")] if draw(st.booleans()) else []
    framing = {"length": [(b"Content-Length", b"%d" % len(body))], "chunked": [(b"Transfer-Encoding", b"chunked")]}
    headers += framing.get(kind, [])
    blanks = draw(st.sampled_from([b"", b" ", b"  "]))
    lines = b"".join(b"%b:%b%b%b\r\n" % (name, blanks, value, blanks) for name, value in headers)
    before = draw(st.sampled_from([b"", b"\r\n"]))
    payload = draw(chunked(body)) if kind == "chunked" else body
    head = b"%b%b %b HTTP/1.1\r\n%b\r\n" % (before, method.encode(), target.encode(), lines)
    return Sent(head + payload, method, target, tuple(headers), body)


@st.composite
def chunked(draw: st.DrawFn, body: bytes) -> bytes:
    cuts = sorted(draw(st.sets(st.integers(1, max(len(body) - 1, 1)), max_size=3)))
    parts = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    trailer = draw(st.sampled_from([b"", b"X-Trailer: 1\r\n"]))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts if part) + b"0\r\n" + trailer + b"\r\n"


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges) if a < b]


def read(parts: list[bytes]) -> tuple[list[Request | Refusal], RequestReader]:
    """Read pieces, the n-th at n seconds."""
    found: deque[Request | Refusal] = deque()
    reader = RequestReader(found, LIMITS, "192.0.2.1", {})
    for number, part in enumerate(parts):
        reader.feed(part, number * 10**9)
    return list(found), reader


@given(sent=st.lists(requests(), min_size=1, max_size=4), cuts=st.lists(st.integers(0, 10_000), max_size=12))
@settings(deadline=None, max_examples=400)
def test_any_cut_gives_the_same_requests(sent: list[Sent], cuts: list[int]) -> None:
    """Pipelined requests come out as they went in, in order, up to the first whose body is too large."""
    data = b"".join(each.data for each in sent)
    for parts in (pieces(data, cuts), [bytes([byte]) for byte in data]):
        found, reader = read(parts)
        ends = [index for index, each in enumerate(sent) if len(each.body) > LIMITS.body_bytes]
        expected = sent[: ends[0] + 1] if ends else sent
        assert len(found) == len(expected)
        for request, each in zip(found, expected, strict=True):
            assert isinstance(request, Request)
            assert (request.method, request.target, request.headers) == (each.method, each.target, each.headers)
            assert request.whole == (len(each.body) <= LIMITS.body_bytes)
            assert request.body == (each.body if request.whole else b"")
            first = {name.lower().decode(): value.decode() for name, value in reversed(each.headers)}
            assert request.values == first
        assert (reader.ended, reader.begun) == (bool(ends), False)


@given(sent=requests().filter(lambda each: len(each.body) <= LIMITS.body_bytes), cuts=st.lists(st.integers(0, 10_000)))
@settings(deadline=None, max_examples=100)
def test_the_arrival_is_that_of_the_last_piece(sent: Sent, cuts: list[int]) -> None:
    """Of a request that comes in pieces the last read counts."""
    parts = pieces(sent.data, cuts)
    (request,), _ = read(parts)
    assert isinstance(request, Request)
    assert request.arrival_ns == (len(parts) - 1) * 10**9


@given(
    data=st.one_of(st.binary(min_size=1, max_size=60), st.binary(max_size=40).map(b"POST / HTTP/1.1\r\n".__add__)),
    cuts=st.lists(st.integers(0, 100), max_size=5),
)
@settings(deadline=None, max_examples=400)
def test_any_bytes_are_refused_in_any_cut_or_in_none(data: bytes, cuts: list[int]) -> None:
    """No error leaves the reader, and where the stream is cut does not decide whether it is refused."""
    assert ending([data]) == ending(pieces(data, cuts))


@given(size=st.integers(0, 4000), before=st.booleans(), cuts=st.lists(st.integers(0, 10_000), max_size=5))
@settings(deadline=None, max_examples=200)
def test_a_large_head_is_refused_in_any_cut(size: int, before: bool, cuts: list[int]) -> None:  # noqa: FBT001
    """431 from the limit on, also behind another request."""
    head = b"GET / HTTP/1.1\r\nX-Fill: %b\r\n\r\n" % (b"f" * size)
    first = b"POST / HTTP/1.1\r\nContent-Length: 250\r\n\r\n" + b"b" * 250 if before else b""
    found, _ = read(pieces(first + head, cuts))
    assert len(found) == 1 + before
    assert isinstance(found[-1], Refusal if len(head) > LIMITS.head_bytes else Request)


@given(size=st.integers(1, 999))
def test_framing_without_a_body_is_refused(size: int) -> None:
    """Trailers, and extensions of chunk sizes, cannot go on for ever; chunks of a byte each can."""
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    for endless in (b"0\r\n" + b"a: b\r\n" * 1000, b"5;" + b"e" * 5000):
        found, _ = read([head, *(endless[a : a + size] for a in range(0, len(endless), size))])
        assert isinstance(found[0], Refusal)
        assert found[0].status == 431
    found, _ = read([head + b"1\r\nx\r\n" * 250, b"1\r\nx\r\n" * 50, b"0\r\n\r\n"])
    assert [type(each) for each in found] == [Request]


def ending(parts: list[bytes]) -> list[object]:
    found, reader = read(parts)
    return [reader.ended, *(each.status if isinstance(each, Refusal) else each.target for each in found)]
