"""
One connection of the raw transport: a socket on the loop, and at most one call on it.

HOT. The socket is watched with `add_reader` and read and written directly, plain or TLS alike: for TLS this spares the
memory buffers and the extra wake-ups of a loop's own TLS protocol, which double the kernel's share.

    idle ──begin──> busy ──whole reply──> idle      back to the owner, to carry the next call
      │               ├──reset, EOF, not HTTP──> closed      the call ends as CONNECT or PROTOCOL
      │               └──expire──> closed                    TIMEOUT or ABANDONED
      └──any byte or EOF──> closed                           nobody is hurt

The reader stays registered from birth to close: an idle connection that the server closes is noticed at once.
"""

import asyncio
import ssl
from time import monotonic_ns
from typing import Protocol

from asyncload.call import Done, Outcome, Reply
from asyncload.transport.classify import classify
from asyncload.transport.dial import Socket
from asyncload.transport.reply_reader import BrokenReplyError, ReplyReader

_READ_BYTES = 32_768


class Owner(Protocol):
    """Whoever keeps the connections."""

    wants_date: bool
    """Whether to call `dated` with the next whole reply's Date."""

    def dated(self, date: str) -> None:
        """Take the value of a reply's Date, empty if it has none."""

    def freed(self, connection: "Connection", reusable: bool) -> None:  # noqa: FBT001  # positional on the hot path
        """Take a connection back after a whole reply; not called for one that failed."""

    def lost(self, connection: "Connection") -> None:
        """Forget a closed connection."""

    def failed(self, error: Exception, outcome: Outcome) -> None:
        """Note why a call failed on the wire."""

    def refused(self, outcome: Outcome, reader: ReplyReader) -> None:
        """Note what a reply says that is an error."""


class Connection:
    """One socket and the call it carries."""

    __slots__ = (
        "_done", "_first_ns", "_loop", "_owner", "_reader", "_recv", "_rest", "_send", "_sent_ns", "_socket",
        "born_ns", "closed", "idle_since_ns", "since_ns", "worn",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: Socket, owner: Owner, response_bytes: int) -> None:
        """
        Args:
            loop: The running loop.
            sock: Connected and not blocking.
            owner: Told when the connection is free or lost.
            response_bytes: Largest body that is read.
        """
        self._loop = loop
        self._socket = sock
        self._send = sock.send
        # SSLSocket.recv is a call of read with checks of its own.
        self._recv = sock.read if isinstance(sock, ssl.SSLSocket) else sock.recv
        self._owner = owner
        self._reader = ReplyReader(response_bytes)
        self._rest = memoryview(b"")
        """What of the request the kernel has not taken yet."""
        self._done: Done | None = None
        self._sent_ns = 0
        self._first_ns = 0
        self.since_ns = 0
        """When the current call was given to the transport; its time limit counts from there."""
        self.born_ns = self.idle_since_ns = monotonic_ns()
        self.closed = False
        self.worn = False
        """Old enough to be closed after the call that is on it."""
        loop.add_reader(sock.fileno(), self._on_readable)

    @property
    def busy(self) -> bool:
        """Whether a call is on it."""
        return self._done is not None

    @property
    def progress(self) -> tuple[bool, int]:
        """Whether any of the reply has come, and bytes of its body."""
        return self._reader.begun, self._reader.received

    def begin(self, request: bytes, done: Done, since_ns: int) -> None:
        """
        Send a request. HOT.

        Args:
            request: Head and body.
            done: Gets the reply, exactly once.
            since_ns: When the transport was given the call; 0 for now.
        """
        self._done = done
        self._first_ns = 0
        self._sent_ns = now = monotonic_ns()
        self.since_ns = since_ns or now
        try:
            taken = self._send(request)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            taken = 0
        except OSError as error:
            self._lose(error)
            return
        if taken < len(request):
            self._rest = memoryview(request)[taken:]
            self._loop.add_writer(self._socket.fileno(), self._on_writable)

    def expire(self, outcome: Outcome) -> None:
        """End the call that is on it, if there is one, and close."""
        self._finish_badly(outcome)

    def close(self) -> None:
        """Close the socket; a call on it must have ended before."""
        if self.closed:
            return
        self.closed = True
        self._loop.remove_reader(self._socket.fileno())
        if self._rest:
            self._loop.remove_writer(self._socket.fileno())
            self._rest = memoryview(b"")
        self._socket.close()
        self._owner.lost(self)

    def _on_writable(self) -> None:
        try:
            # A TLS write that was refused must be repeated with the same bytes: `_rest` has not moved.
            taken = self._send(self._rest)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return
        except OSError:
            # The server may have replied early and closed: what it said is worth more than the failed write.
            self._stop_writing()
            self._on_readable()
            return
        self._rest = self._rest[taken:]
        if not self._rest:
            self._stop_writing()

    def _stop_writing(self) -> None:
        self._loop.remove_writer(self._socket.fileno())
        self._rest = memoryview(b"")

    def _on_readable(self) -> None:
        """Read what came. HOT."""
        try:
            data = self._recv(_READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except ssl.SSLEOFError as error:
            self._end(error)
            return
        except OSError as error:
            self._lose(error)
            return
        now = monotonic_ns()
        if self._done is None:  # the server closes an idle connection, or says something nobody asked for
            self.close()
        elif not data:
            self._end(ConnectionResetError("the server closed the connection"))
        else:
            if not self._first_ns:
                self._first_ns = now
            try:
                whole = self._reader.feed(data)
            except BrokenReplyError as error:
                self._owner.failed(error, Outcome.PROTOCOL)
                self._finish_badly(Outcome.PROTOCOL)
                return
            if whole:
                self._finish(now)

    def _finish(self, now: int) -> None:
        """Hand the whole reply over and become free. HOT."""
        reader, done = self._reader, self._done
        if done is None:
            return
        if reader.status == 200:
            outcome = Outcome.OK
        else:
            outcome = classify(reader.status, reader.header(b"x-amzn-errortype"), reader.kept_body)
            if outcome:
                self._owner.refused(outcome, reader)
        if self._owner.wants_date:
            self._owner.dated(reader.header(b"date"))
        reply = Reply(self._sent_ns, self._first_ns, now, outcome, reader.received)
        self._done = None
        # A request that the server answered before it was read is still half written: that connection is spoilt.
        reusable = reader.reusable() and not self._rest and not self.worn
        reader.reset()
        self.idle_since_ns = now
        self._owner.freed(self, reusable)
        done(reply)

    def _end(self, error: Exception) -> None:
        """Take the end of the stream: it may be the end of a reply that has no length."""
        if self._done is not None and self._reader.end():
            self._finish(monotonic_ns())  # not reusable: such a reply is not kept alive
        else:
            self._lose(error)

    def _lose(self, error: Exception) -> None:
        if self._done is None:
            self.close()
            return
        outcome = Outcome.PROTOCOL if self._reader.begun else Outcome.CONNECT
        self._owner.failed(error, outcome)
        self._finish_badly(outcome)

    def _finish_badly(self, outcome: Outcome) -> None:
        """Close, and end the call that is on it."""
        done, self._done = self._done, None
        received = self._reader.received
        self.close()
        if done is not None:
            done(Reply(self._sent_ns, self._first_ns, monotonic_ns(), outcome, received))
