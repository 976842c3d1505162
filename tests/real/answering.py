"""A little HTTP server around something that answers Request values: AWS's services without an emulator."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic_ns

from aiohttp import web

from asyncload.emulator.wire.values import Reply, Request


@contextmanager
def served(answer: Callable[[Request], Reply | None]) -> Iterator[str]:
    """Serve on a free port of 127.0.0.1; yields the URL. What is not answered is a 404."""
    started: list[tuple[asyncio.AbstractEventLoop, asyncio.Event, str]] = []
    ready = threading.Event()

    async def handle(request: web.BaseRequest) -> web.Response:
        body = await request.read()
        values = {name.decode().lower(): value.decode() for name, value in reversed(request.raw_headers)}
        arrived = Request(
            method=request.method,
            target=request.raw_path,
            headers=request.raw_headers,
            body=body,
            whole=True,
            arrival_ns=monotonic_ns(),
            peer=request.remote,
            values=values,
        )
        reply = answer(arrived) or Reply(404, b"", {})
        return web.Response(status=reply.status, body=reply.body, headers=reply.headers)

    async def run() -> None:
        runner = web.ServerRunner(web.Server(handle))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        stop = asyncio.Event()
        started.append((asyncio.get_running_loop(), stop, f"http://127.0.0.1:{runner.addresses[0][1]}"))
        ready.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert ready.wait(10)
    loop, stop, url = started[0]
    try:
        yield url
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
