"""
Reading HTTP/1.1 requests from a stream of bytes that arrives in any pieces. Pure: knows no socket and no clock.

The parsing is llhttp's, by way of httptools. What it finds is put into `found`, in order: requests that are whole, and
at most one refusal at the end, for a stream that cannot be read on.

    size of the head     over `head_bytes`: 431
    not HTTP             400; HTTP/0.9 or a version after 1.1: 505
    body over the limit  found without its body, when that has passed by unread, or DROPPED_BYTES of it have
    Upgrade              not taken: the request is one like any other
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

import httptools

from asyncload.emulator.wire.values import Limits, Request

DROPPED_BYTES: Final = 64 * 2**20
"""So much of a body over the limit is read and dropped. A client that is still sending cannot hear its 413."""
NAMES_KEPT: Final = 256
"""Header names of which the lower-case form is remembered; clients use some twenty."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The end of a stream of requests that cannot be read on."""

    status: int
    why: str


class RequestReader:
    """The state of reading one request after another from one connection."""

    __slots__ = (
        "_body", "_body_limit", "_body_of_piece", "_found", "_framing", "_head_limit", "_headers", "_most", "_names",
        "_now_ns", "_parser", "_peer", "_received", "_target", "_turned", "_values", "_whole",
        "begun", "ended", "in_body", "wants_continue",
    )  # fmt: skip

    def __init__(
        self, found: "deque[Request | Refusal]", limits: Limits, peer: str | None, names: dict[bytes, str]
    ) -> None:
        """
        Args:
            found: Where to put what is read.
            limits: Largest head, and largest body that is kept.
            peer: Address of the client, for the requests.
            names: Lower-case names that were seen; shared by all connections.
        """
        self._found = found
        self._head_limit = limits.head_bytes
        self._body_limit = limits.body_bytes
        self._peer = peer
        self._names = names
        self._parser = httptools.HttpRequestParser(self)
        self._now_ns = 0
        self._most = 0
        """Bytes since before the head under way began."""
        self._framing = 0
        """Bytes of an incomplete head, at least; in a body, bytes since it grew: chunk sizes, and trailers."""
        self._body_of_piece = 0
        """Bytes of bodies in the piece that is being taken."""
        self._turned = False
        """Whether that piece ended a head or a request, or brought a body further."""
        self.ended = False
        """Whether nothing more will be read from this stream."""
        self._reset()

    def _reset(self) -> None:
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._values: dict[str, str] = {}
        self._body: list[bytes] = []
        self._received = 0
        self._whole = True
        self.begun = False
        """Whether the first byte of a request has come, and not its last."""
        self.in_body = False
        """Whether its head is whole."""
        self.wants_continue = False
        """Whether the client waits for `100 Continue` before it sends the body."""

    def feed(self, data: bytes, now_ns: int) -> None:
        """
        Take bytes.

        Args:
            data: What was read; not empty.
            now_ns: CLOCK_MONOTONIC of that read.
        """
        if self.ended:
            return
        self._now_ns = now_ns
        self._turned = False
        self._body_of_piece = 0
        self._most += len(data)
        try:
            self._parse(data)
        except httptools.HttpParserError as error:
            self.refuse(400, str(error))
        if not self.begun:
            self._most = self._framing = 0
        elif not self._turned:
            self._framing += len(data)
        else:
            self._framing = 0 if self.in_body else self._head_in(data)
        if self._framing > self._head_limit:
            self._refuse_head()

    def _head_in(self, data: bytes) -> int:
        """
        Return how much of a piece belongs to a head that began in it behind another request, at least.

        llhttp does not say where in a piece a request ends. It ends with an empty line or with its body, so what
        stands behind the last empty line and is no body came later. An empty line inside a body makes this too few.
        """
        return max(0, len(data) - (data.rfind(b"\r\n\r\n") + 4) - self._body_of_piece)

    def _parse(self, data: bytes) -> None:
        while data:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as pause:
                data = data[pause.args[0] :]
                if self.begun and not self.ended:
                    self._begin_again()
            else:
                return

    def _begin_again(self) -> None:
        """Have llhttp read the head once more without Upgrade: with it, it takes the body for another protocol."""
        headers, values, target = self._headers, self._values, self._target
        lines = [b"%b: %b\r\n" % header for header in headers if header[0].lower() != b"upgrade"]
        self._reset()
        self._parser.feed_data(b"%b / HTTP/1.1\r\n%b\r\n" % (self._parser.get_method(), b"".join(lines)))
        self._headers, self._values, self._target = headers, values, target

    def refuse(self, status: int, why: str) -> None:
        """End the stream here; what was found before stays."""
        if not self.ended:
            self.ended = True
            self.begun = self.wants_continue = False
            self._found.append(Refusal(status, why))

    def _refuse_head(self) -> None:
        self.refuse(431, f"the head is larger than {self._head_limit} bytes")

    # -- llhttp's callbacks -------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Note the first byte of a request."""
        self.begun = not self.ended

    def on_url(self, url: bytes) -> None:
        """Take the target, or a piece of it."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; one that comes after the body is a trailer, and dropped."""
        if self.in_body:
            return
        self._headers.append((name, value.rstrip(b" \t")))

    def _name_values(self) -> None:
        """Note the first value of each header by its lower-case name."""
        values, names = self._values, self._names
        for name, value in self._headers:
            known = names.get(name) or self._learn(name)
            if known not in values:
                values[known] = value.decode("utf-8", "replace")

    def _learn(self, name: bytes) -> str:
        known = name.lower().decode("latin-1")
        if len(self._names) < NAMES_KEPT:
            self._names[name] = known
        return known

    def on_headers_complete(self) -> None:
        """Judge the head, and what it says of the body."""
        if self.ended:
            return
        self.in_body = self._turned = True
        self._name_values()
        version = self._parser.get_http_version()
        if self._most > self._head_limit and self._head_size() > self._head_limit:
            self._refuse_head()
        elif version not in ("1.1", "1.0"):
            self.refuse(505, f"HTTP {version} is not spoken here")
        elif int(self._values.get("content-length", "0")) > self._body_limit:
            self._whole = False
            if "expect" in self._values:
                self._complete(last=True)  # the client has not begun to send it, and need not
        elif "expect" in self._values and version == "1.1":
            self.wants_continue = self._values["expect"].lower() == "100-continue"

    def _head_size(self) -> int:
        fields = sum(len(name) + len(value) + 4 for name, value in self._headers)
        return len(self._parser.get_method()) + len(self._target) + len("  HTTP/1.1\r\n\r\n") + fields

    def _has_body(self) -> bool:
        return "transfer-encoding" in self._values or int(self._values.get("content-length", "0")) > 0

    def on_body(self, data: bytes) -> None:
        """Keep a piece of the body, or drop it if that is too large."""
        if self.ended:
            return
        self.wants_continue = False
        self._turned = True
        self._body_of_piece += len(data)
        self._received += len(data)
        if self._received > self._body_limit:
            self._whole = False
            self._body.clear()
            if self._received > DROPPED_BYTES:
                self._complete(last=True)
        elif self._whole:
            self._body.append(data)

    def on_message_complete(self) -> None:
        """Note the end of a request."""
        if not self.ended and not (self._parser.should_upgrade() and self._has_body()):
            # HTTP/1.0 is not kept alive: that needs an answer to its own Connection header, and nobody speaks it.
            keep = self._parser.should_keep_alive() and self._parser.get_http_version() == "1.1"
            self._complete(last=not keep or not self._whole)

    def _complete(self, *, last: bool) -> None:
        body = self._body
        self._found.append(
            Request(
                self._parser.get_method().decode("latin-1"),
                self._target.decode("latin-1"),
                tuple(self._headers),
                body[0] if len(body) == 1 else b"".join(body),
                self._whole,
                self._now_ns,
                self._peer,
                self._values,
            )
        )
        self._turned = True
        self._reset()
        self.ended = last
