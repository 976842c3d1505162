"""The emulator's HTTP face in this process, on an event loop in a thread of its own."""

import asyncio
import http.client
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast, get_args
from urllib.parse import unquote

import uvloop

from asyncload.emulator import certificate
from asyncload.emulator.wire.face import Face
from asyncload.emulator.wire.listener import Listener, Tls
from asyncload.emulator.wire.mangle import Drip, Spoilt
from asyncload.emulator.wire.values import Left, Limits, Reply, Request

_T = TypeVar("_T")
BODY = b"0123456789" * 10
LARGE = bytes(range(256)) * 65_536
"""16 MiB, more than any socket takes at once."""


@dataclass(slots=True)
class RunningFace:
    """A face that listens; what it has seen is written by its own thread."""

    authority: Path | None
    """PEM of the authority that clients trust; None for plain TCP."""
    loop: asyncio.AbstractEventLoop
    face: Face
    listener: Listener
    requests: list[Request] = field(default_factory=list)
    sent_ns: list[int] = field(default_factory=list)
    """What the replies' callbacks were told."""
    paced_ns: list[int] = field(default_factory=list)
    """The same, of the time that was not the face's."""
    failures: list[Exception] = field(default_factory=list)
    handshake_fails: bool = False
    begun: threading.Event = field(default_factory=threading.Event)
    """Set when a handler for /gate has begun."""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """What such a handler waits for."""
    ended: int = 0
    """How many handlers have come to their end."""

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.listener.port

    def run(self, work: Coroutine[object, object, _T]) -> _T:
        """Run a coroutine on the face's loop and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def call(self, work: Callable[[], object]) -> None:
        """Run a function on the face's loop, and wait for it."""

        async def once() -> None:
            work()

        self.run(once())

    def note(self, left: Left) -> None:
        """Note what a reply's callback is told."""
        self.sent_ns.append(left.sent_ns)
        self.paced_ns.append(left.paced_ns)

    async def answer(self, request: Request) -> Reply:
        """
        Answer by the path.

        /echo the request's body; /large 16 MiB; /raise an exception; /gate when the gate is open; /MANGLE a spoilt
        reply, a number for a drip; anything else BODY.
        """
        self.requests.append(request)
        word = unquote(request.path.strip("/"))
        headers = {"Content-Type": "text/plain", "X-Number": request.values.get("x-number", "")}
        reply = Reply(200, BODY, headers, sent=self.note)
        match word:
            case "echo":
                reply.body = request.body
            case "large":
                reply.body = LARGE
            case "raise":
                raise LookupError("on purpose")
            case "split":
                reply.headers["X-Split"] = "a\r\nb: c"
            case "status":
                reply.status = 1000
            case "close":
                reply.close = True
            case "gate":
                self.begun.set()
                await self.gate.wait()
            case "pause":
                await asyncio.sleep(0.02)
            case _ if word in get_args(Spoilt):
                reply.mangle = cast("Spoilt", word)
            case _ if word.isdecimal():
                reply.mangle = Drip(int(word))
        if not request.whole:
            reply.status, reply.body = 413, b"too large"
        self.ended += 1
        return reply


@contextmanager
def running_face(tmp_path: Path | None = None, limits: Limits | None = None) -> Iterator[RunningFace]:
    """
    Start a face, and close it at the end.

    Args:
        tmp_path: Where to write the authority of a certificate; with it the face speaks TLS.
        limits: Its limits.
    """
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        running = asyncio.run_coroutine_threadsafe(_started(loop, tmp_path, limits), loop).result(20)
        try:
            yield running
        finally:
            running.loop.call_soon_threadsafe(running.gate.set)
            running.run(running.listener.close(1))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


async def _started(loop: asyncio.AbstractEventLoop, tmp_path: Path | None, limits: Limits | None) -> RunningFace:
    seen: deque[RunningFace] = deque()

    async def answer(request: Request) -> Reply:
        return await seen[0].answer(request)

    face = Face(answer, lambda _, why: seen[0].failures.append(why), limits)
    authority = None if tmp_path is None else tmp_path / "authority.pem"
    tls = (
        None
        if authority is None
        else Tls(context=certificate.made("127.0.0.1", authority), fails=lambda: seen[0].handshake_fails)
    )
    running = RunningFace(authority, loop, face, Listener(face, "127.0.0.1", 0, tls))
    seen.append(running)
    await running.listener.open()
    return running


def trusting(running: RunningFace) -> ssl.SSLContext | None:
    """Return a client's TLS context; None for plain TCP."""
    return None if running.authority is None else ssl.create_default_context(cafile=running.authority)


def connect(running: RunningFace) -> socket.socket:
    """Return a connected socket, with TLS if the face speaks it."""
    plain = socket.create_connection(("127.0.0.1", running.port), timeout=10)
    context = trusting(running)
    return plain if context is None else context.wrap_socket(plain, server_hostname="127.0.0.1")


def client(running: RunningFace) -> http.client.HTTPConnection:
    """Return Python's own client."""
    context = trusting(running)
    if context is None:
        return http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    return http.client.HTTPSConnection("127.0.0.1", running.port, timeout=10, context=context)


def ask(
    connection: http.client.HTTPConnection, path: str, body: bytes = b"", method: str = "POST"
) -> tuple[int, bytes, http.client.HTTPMessage]:
    """Send a request and return status, body and headers of its reply."""
    connection.request(method, path, body)
    reply = connection.getresponse()
    return reply.status, reply.read(), reply.headers


def rest(sock: socket.socket) -> bytes:
    """Read until the end of the stream."""
    data = b""
    while piece := sock.recv(65_536):
        data += piece
    return data


def post(path: str, body: bytes = b"", *headers: str) -> bytes:
    """Return a request's bytes."""
    lines = [f"POST {path} HTTP/1.1", "Host: test", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
