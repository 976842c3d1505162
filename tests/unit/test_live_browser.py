"""live.browser: the list of runs and their pages, whoever asks for them and however often."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
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
