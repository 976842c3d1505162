"""
Reading one HTTP/1.1 reply from a stream of bytes that arrives in any pieces. Pure: knows no socket and no clock.

The parsing is llhttp's, by way of httptools. Header fields are not collected while they pass, since of the replies that
matter for speed, status 200 with a length, only their end is of interest. The head's bytes are kept instead and
searched when somebody asks.

    feed(data)  ->  True when the reply is whole, False when more must come
    end()       ->  True when the stream's end completes the reply (HTTP/1.0 style), False when it cuts it short
"""

import re

import httptools

from asyncload.errors import AsyncloadError

HEAD_LIMIT_BYTES = 65_536
KEPT_BODY_BYTES = 16_384
"""Of a failed call's body so much is kept for classification; error bodies are small."""

_FRAMED = re.compile(rb"\r\n(?:content-length|transfer-encoding)[ \t]*:", re.IGNORECASE)


class BrokenReplyError(AsyncloadError):
    """Bytes that are not an HTTP reply, or exceed its limits. Never leaves the transport."""


class ReplyReader:
    """The state of reading one reply after another from one connection."""

    __slots__ = (
        "_body", "_body_limit", "_head", "_headers_done", "_keep_alive", "_parser", "_whole",
        "received", "status", "surplus",
    )  # fmt: skip

    def __init__(self, body_limit_bytes: int) -> None:
        """
        Args:
            body_limit_bytes: A larger body is a BrokenReplyError.
        """
        self._body_limit = body_limit_bytes
        self._parser = httptools.HttpResponseParser(self)
        self.reset()

    def reset(self) -> None:
        """Make ready for the next reply."""
        self.status = 0
        self.received = 0
        """Bytes of the body so far."""
        self.surplus = False
        """Whether bytes came behind the reply's end: the connection must not be used again."""
        self._head = b""
        self._body = b""
        self._headers_done = False
        self._whole = False
        self._keep_alive = False

    def feed(self, data: bytes) -> bool:
        """
        Take bytes; return whether the reply is whole.

        Raises:
            BrokenReplyError: If they cannot be a reply.
        """
        if not self._headers_done:
            self._head = self._head + data if self._head else data
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            raise BrokenReplyError("the server switched protocols") from error
        except httptools.HttpParserError as error:
            if not self._whole:
                raise BrokenReplyError(f"not an HTTP reply: {error}") from error
            self.surplus = True
        if len(self._head) > HEAD_LIMIT_BYTES and self._head_length() > HEAD_LIMIT_BYTES:
            raise BrokenReplyError(f"the reply's head is longer than {HEAD_LIMIT_BYTES} bytes")
        if self.received > self._body_limit:
            raise BrokenReplyError(f"the reply's body is longer than {self._body_limit} bytes")
        return self._whole

    def end(self) -> bool:
        """Take the end of the stream; return whether it completes a reply that has no length of its own."""
        return self._headers_done and not self._whole and not _FRAMED.search(self._head_bytes())

    @property
    def begun(self) -> bool:
        """Whether any byte of the reply has come."""
        return bool(self._head)

    def reusable(self) -> bool:
        """Whether the connection may carry another call after this whole reply."""
        return self._keep_alive and not self.surplus

    def header(self, name: bytes) -> str:
        """First value of a header of the final head, by its lower-case name; empty if there is none."""
        found = re.search(rb"\r\n" + re.escape(name) + rb"[ \t]*:[ \t]*([^\r\n]*)", self._head_bytes(), re.IGNORECASE)
        return found[1].decode("latin-1").rstrip() if found else ""

    @property
    def kept_body(self) -> bytes:
        """The body's beginning, of replies whose status is not 200."""
        return self._body

    def _head_bytes(self) -> bytes:
        """The final head, without interim (1xx) heads before it and without the body behind it."""
        begin, end = self._final_head()
        return self._head[begin:end]

    def _head_length(self) -> int:
        """Bytes up to the end of the final head, interim ones included; all of them while it has no end."""
        return self._final_head()[1] + 2 if self._headers_done else len(self._head)

    def _final_head(self) -> tuple[int, int]:
        """Where the final head begins, and where its last line ends."""
        head, begin = self._head, 0
        while True:
            while head[begin : begin + 2] == b"\r\n":  # the parser skips empty lines before a status line
                begin += 2
            end = head.find(b"\r\n\r\n", begin)
            if head[begin + 9 : begin + 10] != b"1" or end < 0:
                return begin, end + 2 if end >= 0 else len(head)
            begin = end + 4

    # -- llhttp's callbacks -------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Note a second reply that nobody asked for."""
        if self._whole:
            self.surplus = True

    def on_headers_complete(self) -> None:
        """Take the status; an interim reply (1xx) is passed over."""
        if self._whole:
            return
        status = self._parser.get_status_code()
        if status >= 200:
            self.status = status
            self._headers_done = True

    def on_body(self, data: bytes) -> None:
        """Count the body; keep the beginning of one that needs classifying."""
        if not self.surplus:
            self.received += len(data)
            if self.status != 200 and len(self._body) < KEPT_BODY_BYTES:
                self._body += data

    def on_message_complete(self) -> None:
        """Note the reply's end."""
        if self._headers_done and not self._whole:  # else it was an interim reply, or a surplus one
            self._whole = True
            self._keep_alive = self._parser.should_keep_alive()  # llhttp forgets it as soon as this returns
