"""Past runs in a browser: serve a directory of them until told to stop."""

import asyncio
import signal
import socket
import sys
from pathlib import Path

from asyncload.cli.compare import page_of
from asyncload.formats.recording import Recording
from asyncload.live.browser import Browser, Pages
from asyncload.live.guard import Guard
from asyncload.live.listening import address, bound, listen
from asyncload.live.shelf import Shelf
from asyncload.report.page import page
from asyncload.store import read, read_history


def serve(root: Path, port: int) -> None:
    """
    Serve a directory of runs on the loopback until SIGINT or SIGTERM.

    Raises:
        StoreError: If it is not a directory.
        StartError: If the port cannot be had.
    """
    shelf = Shelf(root, read)
    with bound(port) as listener:
        guard = Guard(listener.getsockname()[1])
        asyncio.run(_serve(guard, shelf, listener.dup()))


async def _serve(guard: Guard, shelf: Shelf, listener: socket.socket) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    server = await listen(Browser(guard, shelf, Pages(_one, _two)).app, listener)
    sys.stderr.write(f"Runs in {shelf.root}: {address(guard)}\n")
    sys.stderr.flush()
    try:
        await stop.wait()
    finally:
        await server.cleanup()


def _one(path: Path) -> str:
    return page(_recording(path))


def _two(first: Path, second: Path) -> str:
    return page_of([first, second])


def _recording(path: Path) -> Recording:
    return Recording(read(path), read_history(path))
