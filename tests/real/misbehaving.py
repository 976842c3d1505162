"""
A server that does to its client, on request, each thing that servers do.

It runs in a thread with a loop of its own. The request's header X-Amzn-SageMaker-Target-Model names the script that
answers it; a script that returns True leaves the connection open for the next request.
"""

import asyncio
import json
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeAlias

LARGE_REPLY = b"0123456789abcdef" * 65_536 * 4
"""4 MiB, more than any socket buffers."""


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived, as it arrived."""

    head: bytes
    body: bytes

    @property
    def path(self) -> str:
        """The request's target."""
        return self.head.split(b" ", 2)[1].decode()

    @property
    def headers(self) -> dict[str, str]:
        """Names in lower case, values without blanks around them."""
        lines = self.head.decode().split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines if line)
        return {name.lower(): value.strip() for name, _, value in pairs}


@dataclass(slots=True)
class Exchange:
    """One request being answered."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    head: bytes
    requests: list[Request]
    quiet_s: float

    async def take(self) -> None:
        """Read the request's body, and note the request."""
        length = int(Request(self.head, b"").headers.get("content-length", "0"))
        self.requests.append(Request(self.head, await self.reader.readexactly(length)))

    async def say(self, *pieces: bytes, gap_s: float = 0) -> None:
        """Send pieces, each in a packet of its own where there is a gap."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            if gap_s:
                await asyncio.sleep(gap_s)

    def reset(self) -> None:
        """End the connection with a RST instead of a FIN."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def drain(self) -> None:
        """Read and forget until the client closes."""
        while await self.reader.read(65_536):
            pass


Script: TypeAlias = Callable[[Exchange], Awaitable[bool]]


def reply(body: bytes = b"prediction", status: str = "200 OK", *headers: str) -> bytes:
    """Write a whole reply with Content-Length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def says(*pieces: bytes, keep: bool = True, gap_s: float = 0) -> Script:
    """Make a script that reads the request, sends the pieces, and keeps the connection or closes it."""

    async def script(exchange: Exchange) -> bool:
        await exchange.take()
        await exchange.say(*pieces, gap_s=gap_s)
        return keep

    return script


def resets_after(*pieces: bytes) -> Script:
    """Make a script that resets the connection after the pieces have had time to arrive."""

    async def script(exchange: Exchange) -> bool:
        await exchange.take()
        await exchange.say(*pieces, gap_s=0.05)
        exchange.reset()
        return False

    return script


async def stays_silent(exchange: Exchange) -> bool:
    """Read the request and say nothing until the client goes, or the server ends."""
    await exchange.take()
    await exchange.drain()
    return False


async def closes_when_idle(exchange: Exchange) -> bool:
    """Answer as if to keep the connection, and close it a moment later."""
    await exchange.take()
    await exchange.say(reply())
    await asyncio.sleep(0.05)
    return False


async def closes_half(exchange: Exchange) -> bool:
    """Send half a body, end the sending side only, and go on reading."""
    await exchange.take()
    await exchange.say(reply(b"x" * 100)[:-50])
    if exchange.writer.can_write_eof():  # TLS has no such thing; there it is a close
        exchange.writer.write_eof()
        await exchange.drain()
    return False


async def refuses_early(exchange: Exchange) -> bool:
    """Answer 413 before the body was read, end the sending side, then read the rest, as a polite server does."""
    await exchange.say(reply(b"{}", "413 Payload Too Large", "Connection: close"))
    if exchange.writer.can_write_eof():
        exchange.writer.write_eof()
    await exchange.drain()
    return False


async def takes_its_time(exchange: Exchange) -> bool:
    """Answer after `quiet_s`."""
    await exchange.take()
    await asyncio.sleep(exchange.quiet_s)
    await exchange.say(reply())
    return True


async def repeats_the_request(exchange: Exchange) -> bool:
    """Refuse, and say who had asked, as AWS does after a wrong signature."""
    await exchange.take()
    headers = exchange.requests[-1].headers
    words = f"token {headers['x-amz-security-token']} of {headers['authorization']}"
    await exchange.say(
        reply(json.dumps({"message": words}).encode(), "403 Forbidden", "x-amzn-ErrorType: AccessDenied")
    )
    return True


def _chunked(pieces: int) -> list[bytes]:
    return [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * pieces, b"0\r\n\r\n"]


def _error(status: str, name: str, body: bytes = b'{"Message":"no"}') -> Script:
    return says(reply(body, status, f"x-amzn-ErrorType: {name}", "Content-Type: application/json"))


SCRIPTS: Mapping[str, Script] = {
    # -- as it should be
    "ok": says(reply()),
    "slow": takes_its_time,
    "chunked": says(*_chunked(500)),
    "chunked-trailer": says(*_chunked(3)[:-1], b"0\r\nX-Late: 1\r\n\r\n"),
    "interim": says(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", reply(), gap_s=0.01),
    "close": says(reply(b"prediction", "200 OK", "Connection: close"), keep=False),
    "http10": says(b"HTTP/1.0 200 OK\r\nContent-Type: text/csv\r\n\r\nprediction", keep=False),
    "trickle": says(*(bytes([byte]) for byte in reply(b"0.5")), gap_s=0.001),
    "empty": says(reply(b"")),
    "204": says(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "large": says(reply(LARGE_REPLY)),
    "late-date": says(reply(b"1", "200 OK", "Date: Tue, 15 Nov 1994 08:12:31 GMT")),
    # -- as it should not be
    "two-replies": says(reply(b"mine") + reply(b"somebody else's")),
    "early-413": refuses_early,
    "reset-at-once": resets_after(),
    "reset-mid-head": resets_after(b"HTTP/1.1 200 OK\r\nContent-"),
    "reset-mid-body": resets_after(reply(b"x" * 100)[:-50]),
    "half-close": closes_half,
    "eof-at-once": says(keep=False),
    "eof-mid-head": says(b"HTTP/1.1 200 OK\r\nContent-", keep=False),
    "eof-mid-body": says(reply(b"x" * 100)[:-50], keep=False),
    "eof-mid-chunk": says(*_chunked(5)[:-1], b"5\r\nab", keep=False),
    "bad-chunk": says(*_chunked(2)[:-1], b"zz\r\n"),
    "oversize-head": says(
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", *[b"X-Filler: " + b"f" * 1000 + b"\r\n"] * 1100, b"\r\n"
    ),
    "one-long-header": says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Filler: " + b"f" * 1_100_000 + b"\r\n\r\n"),
    "garbage": says(b"\x16\x03\x01 this is not HTTP at all\r\n\r\n" * 4),
    "silence": stays_silent,
    "silence-mid-body": says(reply(b"x" * 100)[:-50]),
    "idle-close": closes_when_idle,
    "redirect": says(reply(b"", "302 Found", "Location: /elsewhere")),
    # -- what AWS says
    "424": _error("424 Failed Dependency", "ModelError"),
    "429": _error("429 Too Many Requests", "ModelNotReadyException"),
    "400": _error("400 Bad Request", "ValidationError"),
    "throttle": _error("400 Bad Request", "ThrottlingException:http://internal/", b'{"message":null}'),
    "throttle-by-body": says(reply(b'{"__type":"ThrottlingException"}', "400 Bad Request")),
    "403": _error("403 Forbidden", "InvalidSignatureException"),
    "403-with-the-request": repeats_the_request,
    "500": _error("500 Internal Server Error", "InternalFailure"),
    "503": _error("503 Service Unavailable", "ServiceUnavailable"),
    "530": _error("530 Site Frozen", "InternalDependencyException"),
    "404": says(reply(b"<html>", "404 Not Found")),
}


@dataclass(slots=True)
class MisbehavingServer:
    """The server; a context manager. Its lists are written by its own thread and may be read once replies are in."""

    tls: ssl.SSLContext | None = None
    quiet_s: float = 0.05
    """How long the script `slow` thinks."""
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    most_open: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread | None = None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _run(self, ready: threading.Event) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(ready))

    async def _serve(self, ready: threading.Event) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        await asyncio.sleep(0.02)  # a server that closes while it accepts a connection would leave that open for ever
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0.01)  # the aborted transports close in the loop's next turns

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        ends = ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError
        try:
            with suppress(*ends):  # the client's good right, and the server's own end
                while await self._answer(reader, writer):
                    pass
            self.open_now -= 1
            writer.close()
            with suppress(ConnectionError, ssl.SSLError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), 1)
        finally:
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        name = Request(head, b"").headers["x-amzn-sagemaker-target-model"]
        return await SCRIPTS[name](Exchange(reader, writer, head, self.requests, self.quiet_s))
