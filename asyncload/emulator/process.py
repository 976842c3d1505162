"""Serve until told to stop."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from asyncload.emulator.config import Emulator
from asyncload.emulator.gateway import Server
from asyncload.emulator.scene import Scene
from asyncload.errors import StartError

BACKLOG = 4096
GRACE_S = 5.0
"""How long requests in flight may take when the emulator is told to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where and how to listen."""

    host: str = "127.0.0.1"
    port: int = 8089
    """0 takes a free one."""
    certificate: Path | None = None
    """PEM file of a certificate chain; with it the emulator speaks TLS."""
    key: Path | None = None
    """PEM file of the certificate's private key; without it the key stands in `certificate`."""


async def serve(
    config: Emulator | None = None,
    listen: Listen | None = None,
    *,
    truth: Path | None = None,
    ready: Callable[[str], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """
    Play endpoints until `stop` is set or the task is cancelled.

    Args:
        config: What to play; without it, see `config`.
        listen: Where; without it http://127.0.0.1:8089.
        truth: File for the ground-truth log, JSON Lines; flushed every second and at the end.
        ready: Called with the base URL once connections are accepted.
        stop: Set it to end.

    Raises:
        StartError: If the address, the certificate or the truth file cannot be used.
    """
    listen = listen or Listen()
    stop = stop or asyncio.Event()
    try:
        context = _tls(listen)
        scene = Scene(config or Emulator(), truth)
    except (OSError, ssl.SSLError) as problem:
        raise StartError(f"the emulator cannot start: {problem}") from problem
    flushing = asyncio.create_task(_flush_every_second(scene))
    try:
        await _listen(Server(scene), listen, context, ready, stop)
    finally:
        flushing.cancel()
        scene.close()


async def _listen(
    server: Server,
    listen: Listen,
    context: ssl.SSLContext | None,
    ready: Callable[[str], None] | None,
    stop: asyncio.Event,
) -> None:
    loop = asyncio.get_running_loop()
    try:
        sockets = await loop.create_server(server, listen.host, listen.port, ssl=context, backlog=BACKLOG)
    except OSError as problem:
        raise StartError(f"cannot listen on {listen.host}:{listen.port}: {problem.strerror}") from problem
    try:
        if ready is not None:
            ready(_url(listen, sockets.sockets[0].getsockname()[1]))
        await stop.wait()
    finally:
        sockets.close()
        server.pre_shutdown()  # ends idle connections, which shutdown would wait for
        await server.shutdown(GRACE_S)


def _url(listen: Listen, port: int) -> str:
    host = f"[{listen.host}]" if ":" in listen.host else listen.host
    return f"{'http' if listen.certificate is None else 'https'}://{host}:{port}"


def _tls(listen: Listen) -> ssl.SSLContext | None:
    if listen.certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(listen.certificate, listen.key)
    return context


async def _flush_every_second(scene: Scene) -> None:
    while True:
        await asyncio.sleep(1)
        scene.truth.flush()
