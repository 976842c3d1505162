"""
How a reply is spoilt on its way, and what a client sees of it. Pure: bytes and times, no socket.

    mangle                on the wire                                             a client sees
    --------------------  ------------------------------------------------------  ------------------------------------
    reset_before          nothing, then RST                                       a reset, no byte of a reply
    reset_during          the head and half of the body, then RST                 status 200, then a reset in the body
    reset_after           the whole reply, then RST                               the reply; a reset at its next request
    truncated_chunk       one chunk, announced whole and sent by half, FIN        an incomplete body
    wrong_content_length  a Content-Length twice too large, the body, FIN         an incomplete body
    small_content_length  a Content-Length that ends at half of the body          half a body and no error; the rest
                                                                                  stands before its next reply, unless
                                                                                  the client throws it away unseen
    garbage_header        a line that is no header, before all headers, FIN       a protocol error, or a client that
                                                                                  takes all headers for a body
    Drip                  the head, then the body at so many bytes per second     a first byte soon, the last one late

A reset takes with it what the client's kernel has not yet taken. RST is what close(2) sends with SO_LINGER set to 0;
FIN is the end of an ordinary close. Over TLS the bytes are those inside the encrypted stream, an ordinary close says
close_notify, and a reset does not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Spoilt: TypeAlias = Literal[
    "reset_before",
    "reset_during",
    "reset_after",
    "truncated_chunk",
    "wrong_content_length",
    "small_content_length",
    "garbage_header",
]
"""The ways that need no number; the table above says what each is."""

GARBAGE: Final = b"\x00\xffthis line is no header\x7f\r\n"
PIECES_PER_S: Final = 10
"""Into so many pieces a second a drip is cut, if it has that many bytes a second."""
SETTLE_NS: Final = 50_000_000
"""Before a reset so much time is left for what was sent to arrive, for a reset overtakes it."""


@dataclass(frozen=True, slots=True)
class Drip:
    """The body at a steady trickle."""

    bytes_per_s: int
    """At least 1."""


Mangle: TypeAlias = Spoilt | Drip
End: TypeAlias = Literal["keep", "close", "reset"]


@dataclass(frozen=True, slots=True)
class Head:
    """A reply's head in the parts that are spoilt one by one."""

    status: bytes
    """The status line with its end."""
    fields: bytes
    """The other header lines, each with its end; without the framing and without the empty line."""
    whole_body_bytes: int
    """The length that an honest Content-Length would give."""

    def plain(self, content_length: int | None = None) -> bytes:
        """Return the head with a Content-Length; the honest one if none is given."""
        length = self.whole_body_bytes if content_length is None else content_length
        return b"%bContent-Length: %d\r\n%b\r\n" % (self.status, length, self.fields)


@dataclass(frozen=True, slots=True)
class Script:
    """What to do to the connection, piece by piece."""

    pieces: Iterator[tuple[int, bytes]]
    """Each with the nanoseconds to wait before it."""
    end: End
    """What happens behind the last piece."""


def script(mangle: Mangle, head: Head, body: bytes) -> Script:
    """
    Return how a reply with this head and body is sent.

    Args:
        mangle: How it is spoilt.
        head: Its head.
        body: Its body as it should have been.
    """
    half = body[: len(body) // 2]
    match mangle:
        case Drip(bytes_per_s=bytes_per_s):
            return Script(_dripping(head.plain(), body, bytes_per_s), "keep")
        case "reset_before":
            return _at_once(b"", "reset")
        case "reset_during":
            return _settled(head.plain() + half)
        case "reset_after":
            return _settled(head.plain() + body)
        case "truncated_chunk":
            chunked = b"%bTransfer-Encoding: chunked\r\n%b\r\n" % (head.status, head.fields)
            return _at_once(chunked + b"%x\r\n%b" % (max(len(body), 1), half), "close")
        case "wrong_content_length":
            return _at_once(head.plain(2 * len(body) + 1) + body, "close")
        case "small_content_length":
            return _at_once(head.plain(len(half)) + body, "keep")
        case "garbage_header":
            spoilt = Head(head.status + GARBAGE, head.fields, head.whole_body_bytes)
            return _at_once(spoilt.plain() + body, "close")


def _at_once(data: bytes, end: End) -> Script:
    return Script(iter([(0, data)]), end)


def _settled(data: bytes) -> Script:
    return Script(iter([(0, data), (SETTLE_NS, b"")]), "reset")


def _dripping(head: bytes, body: bytes, bytes_per_s: int) -> Iterator[tuple[int, bytes]]:
    """Cut the body; each piece comes when the time that it takes has passed."""
    yield 0, head
    size = max(1, bytes_per_s // PIECES_PER_S)
    for begin in range(0, len(body), size):
        piece = body[begin : begin + size]
        yield len(piece) * 1_000_000_000 // bytes_per_s, piece
