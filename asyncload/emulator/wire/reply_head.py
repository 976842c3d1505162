"""The bytes of a reply's head, the date in it, and the face's own replies."""

from collections.abc import Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from asyncload.emulator.wire.mangle import Head
from asyncload.emulator.wire.request_reader import Refusal
from asyncload.emulator.wire.values import Reply

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_NAMED: Final[Mapping[int, str]] = {530: "Site Frozen"} | {status: status.phrase for status in HTTPStatus}
_STATUS_LINES: Final[Mapping[int, bytes]] = {
    status: f"HTTP/1.1 {status} {_NAMED.get(status, 'Unknown')}\r\n".encode() for status in range(100, 1000)
}


class DateLine:
    """The Date header, written once a second."""

    __slots__ = ("_line", "_second", "offset_ns")

    def __init__(self) -> None:
        self.offset_ns = 0
        """How far the clock of this server is ahead of the true time; may be negative."""
        self._second = 0
        self._line = b""

    def at(self, now_s: float) -> bytes:
        """Return the line, with its end, for a moment of Unix time."""
        second = int(now_s + self.offset_ns / 1e9)
        if second != self._second:
            self._second = second
            self._line = b"Date: %b\r\n" % formatdate(second, usegmt=True).encode()
        return self._line


def head_of(reply: Reply, date: bytes, *, last: bool) -> Head:
    """
    Return the head of a reply.

    Args:
        reply: The reply.
        date: The Date line.
        last: Whether the connection ends with it.

    Raises:
        ValueError: If a header holds the end of a line, for that would make two headers of it; or if the status has
            not three digits.
    """
    lines = "".join([f"{name}: {value}\r\n" for name, value in reply.headers.items()])
    if lines.count("\n") != len(reply.headers) or lines.count("\r") != len(reply.headers):
        raise ValueError(f"a header of the reply has the end of a line in it: {lines!r}")
    status = _STATUS_LINES.get(reply.status)
    if status is None:
        raise ValueError(f"{reply.status} is no status of HTTP")
    ends = b"Connection: close\r\n" if last else b""
    return Head(status, lines.encode() + date + ends, len(reply.body))


def internal_failure() -> Reply:
    """What a client gets when the handler has raised: 500, as AWS says that something broke inside."""
    headers = {"x-amzn-ErrorType": "InternalFailure", "Content-Type": "application/json"}
    return Reply(500, b'{"message":"The emulator failed on this request; its log says why."}', headers)


def refused(refusal: Refusal) -> Reply:
    """What a client gets that sends what cannot be read on."""
    return Reply(refusal.status, refusal.why.encode() + b"\n", {"Content-Type": "text/plain"}, close=True)
