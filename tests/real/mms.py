"""A real Multi Model Server for tests, and the artefacts that it serves."""

import asyncio
import json
import os
import signal
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from asyncload.emulator.behind.mms import MultiModelServer
from asyncload.emulator.behind.recipe import Settings

CODE = Path(__file__).parent / "models"
WEIGHTS = {f"dot-{index}.tar.gz": [index + 1, 10, 100 * index] for index in range(5)}
"""Five models and what tells them apart."""
START_S = 90


def dot(model: str, row: Sequence[float]) -> str:
    """Return the right answer of one of the five for a row of three numbers."""
    return str(sum(weight * float(number) for weight, number in zip(WEIGHTS[model], row, strict=True)))


def models_dir(tmp: Path, slots: int | None = None) -> Path:
    """
    Make the artefacts: the five of WEIGHTS; raising, sleeping, broken and hungry (see `tests/real/models`).

    Args:
        tmp: An empty folder.
        slots: How many of the five there is memory for at once; then MMS answers 507. None is enough for all.
    """
    models = tmp / "models"
    models.mkdir()
    memory = tmp / "memory"
    memory.mkdir()
    for name, weights in WEIGHTS.items():
        files = {"weights.json": json.dumps(weights)}
        if slots is not None:
            files["memory.json"] = json.dumps({"folder": str(memory), "slots": slots})
        artefact(models / name, "dot", files)
    for code in ("raising", "sleeping", "broken", "hungry"):
        artefact(models / f"{code}.tar.gz", code)
    return models


def artefact(path: Path, code: str, files: dict[str, str] | None = None) -> None:
    """Write one artefact: a module of `tests/real/models` as model.py, and other files."""
    stage = path.with_name(f".{path.name}")
    stage.mkdir(parents=True)
    (stage / "model.py").write_text((CODE / f"{code}.py").read_text())
    for name, text in (files or {}).items():
        (stage / name).write_text(text)
    with tarfile.open(path, "w:gz") as archive:
        for file in sorted(stage.iterdir()):
            archive.add(file, file.name)
            file.unlink()
    stage.rmdir()


@contextmanager
def server(settings: Settings | None = None, **told: Callable[[], None]) -> Iterator[MultiModelServer]:
    """
    Start a server that supervises itself on an event loop of its own, in a thread.

    Args:
        settings: How to run it.
        told: `died` and `back`, see MultiModelServer; called in that thread.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    running = MultiModelServer(settings, **told)
    try:
        asyncio.run_coroutine_threadsafe(running.start(), loop).result(START_S)
        yield running
    finally:
        asyncio.run_coroutine_threadsafe(running.stop(), loop).result(START_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def group(pid: int) -> list[int]:
    """Return the processes of a group that live; one that is dead but not yet collected is none."""
    return [process for process, (state, leader) in _processes() if leader == pid and state != "Z"]


def mentioning(text: str) -> list[int]:
    """Return the processes other than this one whose command line has a text in it."""
    found = list[int]()
    for process, (state, _) in _processes():
        try:
            line = Path(f"/proc/{process}/cmdline").read_bytes()
        except OSError:
            continue
        if state != "Z" and text.encode() in line and process != os.getpid():
            found.append(process)
    return found


def wait_until(holds: Callable[[], bool], limit_s: float, what: str) -> float:
    """Wait for something in another process; returns how many seconds it took."""
    start_s = time.monotonic()
    while not holds():
        assert time.monotonic() - start_s < limit_s, f"not in {limit_s:g} s: {what}"
        time.sleep(0.02)
    return time.monotonic() - start_s


def kill9(pid: int) -> None:
    """Kill exactly one process."""
    os.kill(pid, signal.SIGKILL)


def _processes() -> Iterator[tuple[int, tuple[str, int]]]:
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                fields = (place / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            yield int(place.name), (fields[0], int(fields[2]))
