"""The page of a run over HTTP."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol

from aiohttp import web

from asyncload.live.assets import asset
from asyncload.live.guard import REPORT_POLICY, Guard
from asyncload.live.listening import guarded
from asyncload.live.progress import Progress
from asyncload.live.stream import Position, Stream

MOST_BROWSERS: Final = 16
"""Who look on at once."""
_BEAT_S: Final = 10.0
"""After so long without news a comment is sent, so that whoever is between does not cut the connection."""
_AGAIN_MS: Final = 1000
"""After which a browser that lost the connection comes back."""


class Stopping(Protocol):
    """Is told of each press of the button."""

    def __call__(self, *, at_once: bool) -> Awaitable[None]:
        """Ask to stop; at once, if replies are not to be waited for."""


class Face:
    """Answers browsers; read-only unless `stop` is given."""

    def __init__(self, guard: Guard, progress: Progress, stop: Stopping | None) -> None:
        """
        Args:
            guard: Who is let in.
            progress: What is shown.
            stop: Called for each press of the button; without it there is none.
        """
        self.stream = Stream(progress)
        self._progress = progress
        self._stop = stop
        self._open = 0
        self._alone = asyncio.Event()
        self._alone.set()
        self.app = guarded(guard)
        self.app.router.add_get("/", self._page)
        self.app.router.add_get("/assets/{name}", self._asset)
        self.app.router.add_get("/events", self._events)
        self.app.router.add_get("/report", self._report)
        if stop is not None:
            self.app.router.add_post("/stop", self._stopped)

    async def left(self) -> None:
        """Return when nobody looks on any more."""
        await self._alone.wait()

    async def _page(self, _request: web.Request) -> web.Response:
        return asset("live.html")

    async def _asset(self, request: web.Request) -> web.Response:
        return asset(request.match_info["name"])

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if self._open >= MOST_BROWSERS:
            raise web.HTTPServiceUnavailable(text=f"{MOST_BROWSERS} browsers look on already\n")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        position = self.stream.position(request.headers.get("Last-Event-ID"))
        with self._looking():
            await response.prepare(request)
            await response.write(b"retry: %d\n\n" % _AGAIN_MS)
            while True:
                event, position = self.stream.event(position)
                await response.write(event)
                await self._until_news(response, position)

    async def _until_news(self, response: web.StreamResponse, position: Position) -> None:
        while True:
            try:
                await asyncio.wait_for(self.stream.wait(position), _BEAT_S)
            except TimeoutError:
                await response.write(b": still here\n\n")
            else:
                return

    async def _report(self, _request: web.Request) -> web.StreamResponse:
        end = self._progress.end
        path = Path(end.report) if end is not None and end.report else None
        if path is None or not path.is_file():
            raise web.HTTPNotFound(text="there is no report; the run has to end first\n")
        with self._looking():
            headers = {
                "Content-Type": "text/html; charset=utf-8",
                "Content-Security-Policy": REPORT_POLICY,
                "Content-Disposition": f'inline; filename="{path.name}"',
            }
            return web.Response(body=await asyncio.to_thread(path.read_bytes), headers=headers)

    async def _stopped(self, request: web.Request) -> web.Response:
        assert self._stop is not None  # noqa: S101  # else there is no such address
        await self._stop(at_once="at_once" in request.query)
        return web.Response(status=HTTPStatus.NO_CONTENT)

    @contextmanager
    def _looking(self) -> Iterator[None]:
        self._open += 1
        self._alone.clear()
        try:
            yield
        finally:
            self._open -= 1
            if not self._open:
                self._alone.set()
