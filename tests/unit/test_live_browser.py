"""live.browser: the list of runs and their pages, whoever asks for them and however often."""

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from asyncload.errors import StoreError
from asyncload.live.browser import Browser, Pages
from asyncload.live.guard import Guard
from asyncload.live.shelf import Shelf
from asyncload.result import RunResult
from tests.unit.test_live_shelf import result as result  # noqa: PLC0414  # a fixture
from tests.unit.test_live_shelf import save

ODD = os.fsdecode(b"odd-\xff")


def unread(path: Path) -> RunResult:
    raise StoreError(f"{path}: cannot be read: it is odd")


def browser(root: Path, one: Callable[[Path], str] = str) -> Browser:
    return Browser(Guard(1), Shelf(root, unread), Pages(one, lambda a, b: f"{a} {b}"))


async def listed(made: Browser) -> Any:
    """The list, when all runs in it have been read."""
    await made._runs(make_mocked_request("GET", "/runs"))
    if made._reading is not None:
        await made._reading
    answer = await made._runs(make_mocked_request("GET", "/runs"))
    assert isinstance(answer.body, bytes)
    return msgspec.json.decode(answer.body)


def test_a_folder_whose_name_is_no_text_is_one_row_of_many(tmp_path: Path, result: RunResult) -> None:
    save(tmp_path / "good", result)
    (tmp_path / ODD).mkdir()
    (tmp_path / ODD / "run.sqlite-wal").write_bytes(b"seconds")
    os.utime(tmp_path / ODD / "run.sqlite-wal", (1, 1))

    async def look() -> Any:
        return await listed(browser(tmp_path))

    rows = {row["folder"]: row["summary"] for row in asyncio.run(look())["runs"]}
    assert rows["good"]["state"] == "done"
    assert rows["odd-\\udcff"]["state"] == "unreadable"
    assert "it is odd" in rows["odd-\\udcff"]["why"]


def test_whoever_loads_a_page_again_and_again_has_it_made_once(tmp_path: Path, result: RunResult) -> None:
    """Each time the browser goes away, and its handler is cancelled, while a thread makes the page."""
    save(tmp_path / "a", result)
    begun, go_on = threading.Semaphore(0), threading.Event()
    made = list[str]()

    def slow(path: Path) -> str:
        made.append(path.name)
        begun.release()
        assert go_on.wait(60)
        return "the page"

    async def load() -> web.Response:
        answering = browser(tmp_path, slow)
        (found,) = answering._shelf.look()
        request = make_mocked_request("GET", f"/run/{found.id}", match_info={"id": found.id})
        for _ in range(4):
            asked = asyncio.create_task(answering._page_of((found,)))
            await asyncio.sleep(0)
            if not made:
                await asyncio.to_thread(begun.acquire, timeout=60)
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
        go_on.set()
        return await answering._run(request)

    assert asyncio.run(load()).body == b"the page"
    assert made == ["a"]


def test_a_page_that_could_not_be_made_is_tried_again(tmp_path: Path, result: RunResult) -> None:
    save(tmp_path / "a", result)
    answers: list[str | StoreError] = [StoreError("a: cannot be read"), "the page"]

    def once(_: Path) -> str:
        answer = answers.pop(0)
        if isinstance(answer, StoreError):
            raise answer
        return answer

    async def load() -> list[int]:
        answering = browser(tmp_path, once)
        (found,) = answering._shelf.look()
        request = make_mocked_request("GET", f"/run/{found.id}", match_info={"id": found.id})
        return [(await answering._run(request)).status for _ in range(3)]

    assert asyncio.run(load()) == [500, 200, 200]
