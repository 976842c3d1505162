"""The end of everything: it is reached whatever was under way, and nothing that was seen is lost."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from asyncload.emulator.behind.backend import Sent
from asyncload.emulator.config.emulator import Emulator
from asyncload.emulator.config.endpoint import EndpointPlayed, ModelPlayed
from asyncload.emulator.config.laws import Fixed
from asyncload.emulator.platform.endpoint import Target
from asyncload.emulator.platform.visit import Visit
from asyncload.emulator.scene import Scene, Setting

SLOW = EndpointPlayed(name="mme", models=(ModelPlayed(name="*", service=Fixed(fixed_ns=50_000_000_000)),))


def test_an_end_soon_after_a_reset_writes_the_truth_out(tmp_path: Path) -> None:
    """What the reset left behind still has a request: it is ended, and the file is whole and closed."""

    async def play() -> None:
        setting = Setting(truth=tmp_path / "truth.sqlite", warn=pytest.fail)
        scene = Scene(Emulator(endpoints=(SLOW,)), setting)
        await scene.start()
        visit = Visit("id", 0, "mme", "a")
        calling = asyncio.create_task(scene.endpoints["mme"].invoke(visit, Target(model="a"), Sent(b"")))
        await asyncio.sleep(0)
        await scene.reset()
        await scene.close()
        calling.cancel()

    asyncio.run(play())
    assert not (tmp_path / "truth.sqlite-wal").exists(), "it is closed"
    with closing(sqlite3.connect(tmp_path / "truth.sqlite")) as db:
        assert db.execute("SELECT what FROM events WHERE what IN ('added', 'removed')").fetchall() == [("added",)] * 2
