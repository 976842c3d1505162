"""Serve until told to stop."""

import asyncio
import ssl
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic_ns
from typing import Final

from asyncload.emulator import certificate, speed
from asyncload.emulator.config.emulator import Emulator
from asyncload.emulator.gateway import Gateway
from asyncload.emulator.outages import Outages
from asyncload.emulator.scene import Scene, Setting
from asyncload.emulator.speed import Speed
from asyncload.emulator.wire.face import Face
from asyncload.emulator.wire.listener import Listener, Tls
from asyncload.emulator.wire.values import Limits, Request
from asyncload.errors import StartError

GRACE_S: Final = 5.0
"""How long requests in flight may take when the emulator is told to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where and how to listen."""

    host: str = "127.0.0.1"
    port: int = 8089
    """0 takes a free one."""
    authority: Path | None = None
    """Speak TLS with a certificate made on the spot, and write its authority's PEM here, for clients."""
    certificate: Path | None = None
    """PEM file of a certificate chain; with it the emulator speaks TLS."""
    key: Path | None = None
    """PEM file of the certificate's private key; without it the key stands in `certificate`."""


@dataclass(frozen=True, slots=True)
class Started:
    """An emulator that accepts connections."""

    url: str
    """Base URL, such as http://127.0.0.1:8089."""
    authority: Path | None
    """Where the authority of a certificate made on the spot stands."""
    speed: Speed
    """What it can do on this core."""


async def serve(
    config: Emulator | None = None,
    listen: Listen | None = None,
    setting: Setting | None = None,
    *,
    ready: Callable[[Started], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """
    Play endpoints until `stop` is set or the task is cancelled.

    Args:
        config: What to play; without it, see `config`.
        listen: Where; without it http://127.0.0.1:8089.
        setting: What else it is made from: truth file, containers, who is warned.
        ready: Called once connections are accepted.
        stop: Set it to end.

    Raises:
        StartError: If the address, the certificate, the truth file or a container cannot be used.
    """
    listen, setting = listen or Listen(), setting or Setting()
    await _must_be_free(listen)
    try:
        context = _tls(listen)
        scene = Scene(config or Emulator(), setting)
    except (OSError, ssl.SSLError) as problem:
        raise StartError(f"the emulator cannot start: {problem}") from problem
    stop = stop or asyncio.Event()
    try:
        if await _started(scene, stop):
            await _listen(scene, listen, context, ready, stop)
    finally:
        await scene.close()


async def _started(scene: Scene, stop: asyncio.Event) -> bool:
    """Start it, which may take a container's minute; False if told to end meanwhile."""
    starting, stopping = asyncio.create_task(scene.start()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting
        return starting.done()
    finally:
        starting.cancel()
        stopping.cancel()
        await asyncio.wait({starting, stopping})


async def _must_be_free(listen: Listen) -> None:
    """
    Try the address before anything is written: whoever has it may be an emulator with the same files.

    Raises:
        StartError: If it cannot be bound.
    """
    try:
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, listen.host, listen.port)
    except OSError as problem:
        raise StartError(f"cannot listen on {listen.host}:{listen.port}: {problem.strerror or problem}") from problem
    server.close()


async def _listen(
    scene: Scene,
    listen: Listen,
    context: ssl.SSLContext | None,
    ready: Callable[[Started], None] | None,
    stop: asyncio.Event,
) -> None:
    def failed(request: Request, problem: Exception) -> None:
        scene.warn(f"{request.method} {request.path} failed inside the emulator, a mistake of its own:")
        scene.warn("".join(traceback.format_exception(problem)))

    face = Face(Gateway(scene).handle, failed, Limits(idle_close_s=scene.config.idle_close_ns / 1e9))
    tls = None if context is None else Tls(context=context, fails=lambda: scene.faults.handshake_fails(monotonic_ns()))
    listener = Listener(face, listen.host, listen.port, tls)
    outages = Outages(scene, listener, face)
    scene.faults_changed = outages.look
    try:
        await listener.open()
        outages.look()
        if ready is not None:
            ready(Started(listener.url, listen.authority, await speed.measure()))
        await stop.wait()
    finally:
        outages.end()
        await listener.close(GRACE_S)


def _tls(listen: Listen) -> ssl.SSLContext | None:
    if listen.certificate is not None:
        return certificate.given(listen.certificate, listen.key)
    return None if listen.authority is None else certificate.made(listen.host, listen.authority)
