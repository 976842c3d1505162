"""
One connection: reads requests, has them answered in order, and ends.

An asyncio.Protocol around a `RequestReader`. What the reader finds waits in a queue, and one task for as long as the
queue is not empty answers it.

    reading     too many wait? the socket is not read until the queue is short again
    writing     the client does not take its reply? the next one is not begun before it has
    the end     a client that is refused while it still sends gets its reply, then an end of stream, and what it sends
                is dropped for LINGER_S: a close at once would be a reset, which overtakes the reply
    gone        a client's end of stream is taken for its departure, as nginx does; its handler goes on all the same

It has no timer: whoever owns it calls `check` every now and then.
"""

import asyncio
import os
import socket
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic_ns, time
from typing import Final, TypeAlias, cast

from asyncload.emulator.wire.mangle import End, Head, Script, script
from asyncload.emulator.wire.reply_head import CONTINUE, DateLine, head_of, internal_failure, refused
from asyncload.emulator.wire.request_reader import Refusal, RequestReader
from asyncload.emulator.wire.values import Handler, Left, Limits, Reply, Request, Sent

Failed: TypeAlias = Callable[[Request, Exception], None]
"""Told of a request whose handler raised."""

WAITING_MOST: Final = 16
"""Requests of one connection that may wait before it is read no further."""
LINGER_S: Final = 2.0
SLICE_BYTES: Final = 262_144
"""Larger bodies are written in slices: a TLS transport swallows whatever it is given before it says that it is full."""
_RESET: Final = struct.pack("ii", 1, 0)
"""struct linger: on, for 0 seconds."""


@dataclass(slots=True, eq=False)
class Shared:
    """What all connections of a face have in common."""

    handler: Handler
    failed: Failed
    limits: Limits
    loop: asyncio.AbstractEventLoop
    date: DateLine = field(default_factory=DateLine)
    closing: bool = False
    """Whether each connection ends with its next reply."""
    connections: "set[Connection]" = field(default_factory=set)
    """Those that are open."""
    ring: "deque[Connection]" = field(default_factory=deque)
    """The same, and those that have closed since they were last looked at."""
    names: dict[bytes, str] = field(default_factory=dict)
    """Lower-case forms of header names that were seen."""
    working: "set[asyncio.Task[None]]" = field(default_factory=set)
    """Tasks that are answering, those included whose client has gone."""


class Connection(asyncio.Protocol):
    """One connection, from its acceptance to its end."""

    __slots__ = (
        "_answering", "_drained", "_found", "_left_bytes", "_linger_ns", "_paced_ns", "_paused", "_reader", "_reading",
        "_shared", "_since_ns", "_tls", "_transport",
    )  # fmt: skip

    _transport: asyncio.Transport
    _reader: RequestReader

    def __init__(self, shared: Shared) -> None:
        """
        Args:
            shared: What it shares with the others.
        """
        self._shared = shared
        self._found: deque[Request | Refusal] = deque()
        """Read and not yet taken up."""
        self._answering = False
        self._reading = True
        self._paused = False
        """Whether the socket does not take what is to be written."""
        self._drained: asyncio.Future[None] | None = None
        self._paced_ns = 0
        """What the reply under way took that is not ours, see `values.Left`."""
        self._linger_ns = 0
        """CLOCK_MONOTONIC until which what comes is read and dropped; 0 outside of that."""
        self._since_ns = 0
        """CLOCK_MONOTONIC of the last step: bytes that came, a reply that went, a head that began."""
        self._left_bytes = 0
        """Of a reply that the client does not take: what was left of it when it was last looked at."""
        self._tls = False

    # -- asyncio's callbacks ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._tls = transport.get_extra_info("sslcontext") is not None
        # A limit of 0 has uvloop write at once and not at the end of the loop's pass, so that the time of sending is
        # true. TLS transports would pause at 0 for good: they pause at a backlog of `high`, even if that is none.
        self._transport.set_write_buffer_limits(high=1 if self._tls else 0, low=0)
        peer: tuple[str, int] | None = transport.get_extra_info("peername")
        self._reader = RequestReader(self._found, self._shared.limits, peer[0] if peer else None, self._shared.names)
        self._since_ns = monotonic_ns()
        self._shared.connections.add(self)
        self._shared.ring.append(self)
        if self._shared.closing:
            self.close()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._linger_ns:
            return
        now_ns = monotonic_ns()
        reader = self._reader
        same_head = reader.begun and not reader.in_body
        reader.feed(data, now_ns)
        if not same_head or reader.in_body or self._found:  # the time of a head counts from its first byte
            self._since_ns = now_ns
        if self._found:
            if len(self._found) > WAITING_MOST and self._reading:
                self._reading = False
                self._transport.pause_reading()
            self._answer()
        elif reader.wants_continue:
            self._say_continue()

    def eof_received(self) -> bool:
        """Take it that the client has gone."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio calls it so
        """End; a handler that is at work goes on."""
        self._shared.connections.discard(self)
        self._found.clear()
        self.resume_writing()

    def pause_writing(self) -> None:
        """Note that the socket is full."""
        self._paused = True
        self._since_ns = monotonic_ns()
        self._left_bytes = self._transport.get_write_buffer_size()

    def resume_writing(self) -> None:
        """Go on where a full socket stopped us."""
        self._paused = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    # -- answering ----------------------------------------------------------------------------------------------------

    def _answer(self) -> None:
        if not self._answering:
            self._answering = True
            task = self._shared.loop.create_task(self._answer_all())
            self._shared.working.add(task)
            task.add_done_callback(self._shared.working.discard)

    async def _answer_all(self) -> None:
        """Answer what was found, in order, until there is no more or the connection has to end."""
        try:
            while self._found:
                found = self._found.popleft()
                if isinstance(found, Refusal):
                    await self._refuse(found)
                    return self._linger()
                if await self._answer_one(found):
                    return self.close() if found.whole else self._linger()
                if not self._reading and len(self._found) <= WAITING_MOST // 2:
                    self._reading = True
                    self._transport.resume_reading()
        except BaseException:
            self.close()
            raise
        finally:
            self._answering = False
        if self._reader.wants_continue:
            self._say_continue()
        return None

    async def _answer_one(self, request: Request) -> bool:
        """Answer a request; return whether the connection ends with it."""
        try:
            reply = await self._shared.handler(request)
            last = self._ends_with(reply)
            head = self._head(reply, last=last)
        except Exception as problem:  # noqa: BLE001  whatever it is, the connection goes on
            self._shared.failed(request, problem)
            reply = internal_failure()
            last = self._ends_with(reply)
            head = self._head(reply, last=last)
        return await self._send(reply, head, b"" if request.method == "HEAD" else reply.body) or last

    async def _refuse(self, refusal: Refusal) -> None:
        reply = refused(refusal)
        await self._send(reply, self._head(reply, last=True), reply.body)

    def _ends_with(self, reply: Reply) -> bool:
        return reply.close or self._shared.closing or (self._reader.ended and not self._found)

    def _head(self, reply: Reply, *, last: bool) -> Head:
        return head_of(reply, self._shared.date.at(time()), last=last)

    async def _send(self, reply: Reply, head: Head, body: bytes) -> bool:
        """Send a reply, wait until the socket has taken it, say when; return whether its script ends the connection."""
        self._paced_ns = 0
        try:
            end = await self._write(reply, head, body) if self.open else "keep"
        except asyncio.CancelledError:
            if reply.sent is not None:
                reply.sent(Left(0, self._paced_ns))
            raise
        self._since_ns = monotonic_ns()
        if reply.sent is not None:
            self._say_sent(reply.sent)
        if end == "reset":
            self._reset()
        return end != "keep"

    async def _write(self, reply: Reply, head: Head, body: bytes) -> End:
        end: End = "keep"
        if reply.mangle is not None:
            end = await self._play(script(reply.mangle, head, body))
        elif len(body) <= SLICE_BYTES:
            self._transport.write(head.plain() + body)
        else:
            await self._send_slices(head.plain(), body)
        if self._paused:
            await self._drain()
        return end

    async def _send_slices(self, head: bytes, body: bytes) -> None:
        self._transport.write(head)
        for begin in range(0, len(body), SLICE_BYTES):
            if self._paused:
                await self._drain()
            if not self.open:
                return
            self._transport.write(body[begin : begin + SLICE_BYTES])

    def _say_sent(self, sent: Sent) -> None:
        paced_ns = self._paced_ns
        if self._tls and self.open:
            # What is under uvloop's TLS writes at the end of the loop's pass. Our next turn comes after that.
            self._shared.loop.call_soon(lambda: sent(Left(monotonic_ns(), paced_ns)))
        else:
            sent(Left(self._since_ns if self.open else 0, paced_ns))

    async def _play(self, told: Script) -> End:
        begin_ns = due_ns = monotonic_ns()
        for wait_ns, piece in told.pieces:
            due_ns += wait_ns
            if wait_ns:
                await asyncio.sleep((due_ns - monotonic_ns()) / 1e9)
            if not self.open:
                break
            self._transport.write(piece)
            if self._paused:
                await self._drain()
        self._paced_ns = monotonic_ns() - begin_ns
        return told.end

    async def _drain(self) -> None:
        begin_ns = monotonic_ns()
        self._drained = self._shared.loop.create_future()
        await self._drained
        self._drained = None
        self._paced_ns += monotonic_ns() - begin_ns

    def _say_continue(self) -> None:
        """Ask for the body, if it is this request's turn."""
        if not self._answering and self.open:
            self._reader.wants_continue = False
            self._transport.write(CONTINUE)

    # -- the end ------------------------------------------------------------------------------------------------------

    @property
    def open(self) -> bool:
        """Whether anything can be sent."""
        return not self._transport.is_closing()

    @property
    def idle(self) -> bool:
        """Whether no request is being read or answered."""
        return not self._answering and not self._reader.begun

    @property
    def busy(self) -> bool:
        """Whether somebody may still get a reply."""
        return self.open and not self._linger_ns and not self.idle

    def check(self, now_ns: int) -> None:
        """End what has taken too long; called every now and then."""
        limits, reader = self._shared.limits, self._reader
        silent_s = (now_ns - self._since_ns) / 1e9
        if self._linger_ns:
            if now_ns > self._linger_ns:
                self._transport.abort()
        elif self._paused:
            self._check_taken(now_ns, silent_s)
        elif reader.begun and self._reading:
            if silent_s > (limits.body_s if reader.in_body else limits.head_s):
                reader.refuse(408, f"the request's {'body' if reader.in_body else 'head'} does not come")
                self._answer()
        elif self.idle and silent_s > limits.idle_close_s:
            self._transport.close()

    def _check_taken(self, now_ns: int, silent_s: float) -> None:
        left_bytes = self._transport.get_write_buffer_size()
        if left_bytes < self._left_bytes:
            self._left_bytes, self._since_ns = left_bytes, now_ns
        elif silent_s > self._shared.limits.body_s:
            self._transport.abort()

    def close_if_idle(self) -> None:
        """End the connection if no request is being read or answered."""
        if self.idle:
            self.close()

    def close(self) -> None:
        """End the connection when what was written has gone."""
        if self.open:
            self._transport.close()

    def abort(self) -> None:
        """End the connection now."""
        self._transport.abort()

    def _linger(self) -> None:
        """End the connection towards a client that may still be sending."""
        if not self.open:
            return
        self._linger_ns = self._since_ns + int(LINGER_S * 1e9)
        if self._transport.can_write_eof():  # TLS cannot; there the client closes when it has its reply, or we do later
            self._transport.write_eof()
        if not self._reading:
            self._transport.resume_reading()

    def _reset(self) -> None:
        """End the connection with RST."""
        own: socket.socket | None = self._transport.get_extra_info("socket")
        if own is not None and self.open:
            with socket.socket(fileno=os.dup(own.fileno())) as twin:  # uvloop's own has no setsockopt
                twin.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._transport.abort()
