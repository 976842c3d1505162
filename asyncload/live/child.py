"""
The page's process, as it sees itself: takes a run's seconds from standard input, which is a socket, and serves them.

It lives as long as the run's process does, and keeps out of its way: it is the first to wait for a core, and does not
use the one on which the run is kept. Ctrl-C is not meant for it.
"""

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import Final

from asyncload.errors import StartError
from asyncload.live.face import Face
from asyncload.live.guard import Guard
from asyncload.live.listening import address, bound, listen
from asyncload.live.progress import Progress
from asyncload.live.words import End, FromPage, Hello, Listening, Refused, StopAsked, Tick, frame, frames, second_of

LINGER_S: Final = 5.0
"""How long browsers may take to hear of the end and to fetch the report."""
_LEFT_ALONE_S: Final = 1.0
"""Likewise, if the run's process has gone."""
_NICE: Final = 10
_GONE: Final = "the process of the run has gone; what it had measured is in its run directory"


def main() -> None:
    """Serve until the other side of standard input closes it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    make_room()
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as run:
        asyncio.run(_serve(run))


def make_room() -> None:
    """Leave the cores to whoever measures."""
    with suppress(OSError):
        os.nice(_NICE)
    if sys.platform == "linux":
        kept, cores = os.sched_getaffinity(0), set(range(os.cpu_count() or 1))
        # A generator that is kept on one core would share it with us, who inherited that.
        if len(kept) == 1 and cores - kept:
            with suppress(OSError):
                os.sched_setaffinity(0, cores - kept)


async def _serve(run: socket.socket) -> None:
    reader, writer = await asyncio.open_connection(sock=run)
    said = frames(reader)
    first = await anext(said, None)
    if first is None or not isinstance(hello := first[0], Hello):
        return

    async def say(message: FromPage) -> None:
        with suppress(ConnectionError):
            writer.writelines(frame(message))
            await writer.drain()

    async def stop(*, at_once: bool) -> None:
        await say(StopAsked(at_once))

    try:
        listener = bound(hello.port)
    except StartError as error:
        await say(Refused(str(error)))
        return
    guard = Guard(listener.getsockname()[1])
    progress = Progress(hello)
    face = Face(guard, progress, stop if hello.control else None)
    server = await listen(face.app, listener)
    await say(Listening(address(guard)))
    async for message, body in said:
        match message:
            case Tick():
                progress.add(message, second_of(message, body))
            case End():
                progress.end = message
                break
        await face.stream.wake()
    patience_s = LINGER_S if progress.end is not None else _LEFT_ALONE_S
    progress.end = progress.end or End(failed=_GONE)
    await face.stream.wake()
    leaving, closing = asyncio.create_task(face.left()), asyncio.create_task(_closed(reader))
    await asyncio.wait([leaving, closing], timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
    await server.cleanup()


async def _closed(reader: asyncio.StreamReader) -> None:
    """Return when the other side has closed the socket."""
    while await reader.read(1 << 16):
        pass
