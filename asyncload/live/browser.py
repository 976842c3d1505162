"""Past runs over HTTP: a table of them, the page of one, the page of two beside each other."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from asyncload.errors import AsyncloadError
from asyncload.live.assets import asset
from asyncload.live.finding import Found
from asyncload.live.guard import REPORT_POLICY, Guard
from asyncload.live.listening import guarded
from asyncload.live.shelf import Shelf, showable

_PAGES_KEPT: Final = 4
"""Some megabytes each."""


@dataclass(frozen=True, slots=True)
class Pages:
    """How pages are made of runs."""

    one: Callable[[Path], str]
    two: Callable[[Path, Path], str]


class Browser:
    """Answers browsers that look at a shelf; nothing is ever changed."""

    def __init__(self, guard: Guard, shelf: Shelf, pages: Pages) -> None:
        """
        Args:
            guard: Who is let in.
            shelf: The runs.
            pages: How they are shown; called in a thread.
        """
        self._shelf = shelf
        self._pages = pages
        self._made: OrderedDict[tuple[Found, ...], bytes] = OrderedDict()
        self._making: dict[tuple[Found, ...], asyncio.Task[bytes]] = {}
        self._turn = asyncio.Lock()
        self._reading: asyncio.Task[None] | None = None
        self.app = guarded(guard)
        self.app.router.add_get("/", self._page)
        self.app.router.add_get("/assets/{name}", self._asset)
        self.app.router.add_get("/runs", self._runs)
        self.app.router.add_get("/run/{id}", self._run)
        self.app.router.add_get("/compare/{a}/{b}", self._compare)
        self.app.on_cleanup.append(self._end)

    async def _page(self, _request: web.Request) -> web.Response:
        return asset("runs.html")

    async def _asset(self, request: web.Request) -> web.Response:
        return asset(request.match_info["name"])

    async def _runs(self, _request: web.Request) -> web.Response:
        """Every run, with what is known of it; the others are read meanwhile, and null until then."""
        try:
            found = await asyncio.to_thread(self._shelf.look)
        except AsyncloadError as error:
            return _trouble(error)
        rows = [(one, self._shelf.known(one)) for one in found]
        unknown = [one for one, summary in rows if summary is None]
        if unknown and (self._reading is None or self._reading.done()):
            self._reading = asyncio.create_task(self._read(unknown))
        runs = [
            {"id": one.id, "folder": showable(one.name), "summary": summary and asdict(summary)}
            for one, summary in rows
        ]
        body = msgspec.json.encode({"root": showable(str(self._shelf.root)), "runs": runs})
        return web.Response(body=body, content_type="application/json")

    async def _read(self, unknown: list[Found]) -> None:
        for one in unknown:
            await asyncio.to_thread(self._shelf.summary, one)

    async def _run(self, request: web.Request) -> web.Response:
        return await self._made_of(request.match_info["id"])

    async def _compare(self, request: web.Request) -> web.Response:
        return await self._made_of(request.match_info["a"], request.match_info["b"])

    async def _made_of(self, *ids: str) -> web.Response:
        """Answer with the page of one run or of two, which is kept until one of them changes."""
        found = [await asyncio.to_thread(self._shelf.find, one) for one in ids]
        runs = tuple(one for one in found if one is not None and not one.trouble)
        if len(runs) < len(ids):
            raise web.HTTPNotFound(text="there is no such run here; it may have been removed since the list was made\n")
        try:
            body = await self._page_of(runs)
        except AsyncloadError as error:
            return _trouble(error)
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": REPORT_POLICY}
        return web.Response(body=body, headers=headers)

    async def _page_of(self, runs: tuple[Found, ...]) -> bytes:
        if runs in self._made:
            self._made.move_to_end(runs)
            return self._made[runs]
        making = self._making.get(runs)
        if making is None:
            making = self._making[runs] = asyncio.create_task(self._made_in_turn(runs))
            making.add_done_callback(lambda done: done.cancelled() or done.exception())  # whoever asked may have gone
        # A thread cannot be stopped: whoever goes away and comes back finds it at work instead of starting another.
        return await asyncio.shield(making)

    async def _made_in_turn(self, runs: tuple[Found, ...]) -> bytes:
        """Make a page and keep it; one at a time, for that of a thousand models takes some seconds and memory."""
        try:
            async with self._turn:
                body = self._made[runs] = await asyncio.to_thread(self._make, runs)
        finally:
            del self._making[runs]
        while len(self._made) > _PAGES_KEPT:
            self._made.popitem(last=False)
        return body

    def _make(self, runs: tuple[Found, ...]) -> bytes:
        first, *second = [run.path for run in runs]
        return (self._pages.two(first, second[0]) if second else self._pages.one(first)).encode(
            errors="backslashreplace"
        )

    async def _end(self, _app: web.Application) -> None:
        for task in (self._reading, *self._making.values()):
            if task is not None:
                task.cancel()


def _trouble(error: AsyncloadError) -> web.Response:
    return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR, text=f"{error}\n")
