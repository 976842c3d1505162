"""The client of the container contract, against a container that speaks as Triton does."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from asyncload.emulator.behind import container as module
from asyncload.emulator.behind.artefacts import Artefacts
from asyncload.emulator.behind.backend import DeadError, Footprint, Inferred, LoadError, NoMemoryError, Sent
from asyncload.emulator.behind.container import Container, Limits
from asyncload.emulator.behind.disk import Disk, hashed
from asyncload.errors import StartError
from tests.real.triton import Triton

NAMES = ("a.tar.gz", "team/b.tar.gz", "c", "d")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Four models, unpacked; each holds its own name."""
    for name in NAMES:
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "name").write_text(name)
    return tmp_path / "models"


@asynccontextmanager
async def attached(triton: Triton, models: Path, limits: Limits | None = None) -> AsyncIterator[Container]:
    async with triton.serving():
        container = Container(triton.url, Disk(Artefacts(models)), limits, memory_bytes=len)
        try:
            await container.attach()
            yield container
        finally:
            await container.close()


async def brought(container: Container, *names: str) -> None:
    for name in names:
        await container.download(name)
        await container.load(name)


def test_models_are_loaded_invoked_and_unloaded_by_their_hash(models: Path) -> None:
    """Names with slashes work; each inference reaches its own model; an unloaded one is 404."""

    async def run() -> None:
        async with attached(Triton(), models) as container:
            await brought(container, "a.tar.gz", "team/b.tar.gz")
            for name in ("a.tar.gz", "team/b.tar.gz"):
                assert json.loads((await container.invoke(name, Sent(b"x"))).body)["model"] == name
            await container.unload("a.tar.gz")
            await container.unload("a.tar.gz")
            assert (await container.invoke("a.tar.gz", Sent(b"x"))).status == 404

    asyncio.run(run())


def test_memory_that_is_full_is_its_own_error_and_room_helps(models: Path) -> None:
    """The fourth of four models is refused with 507 until one is unloaded."""

    async def run() -> None:
        async with attached(Triton(slots=3), models) as container:
            await brought(container, *NAMES[:3])
            await container.download("d")
            with pytest.raises(NoMemoryError, match=r"507: .*CUDA out of memory"):
                await container.load("d")
            await container.unload("c")
            await container.load("d")
            assert json.loads((await container.invoke("d", Sent(b""))).body)["model"] == "d"

    asyncio.run(run())


def test_a_load_that_failed_frees_its_name_and_the_next_takes_another(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Multi Model Server holds on to the name, and would answer the next load 409."""
    monkeypatch.setattr(module, "CLEAR_INTERVAL_S", 0)
    triton = Triton(slots=1)

    async def run() -> None:
        async with attached(triton, models) as container:
            await brought(container, "c")
            await container.download("d")
            with pytest.raises(NoMemoryError):
                await container.load("d")
            assert ("DELETE", f"/models/{hashed('d')}") in triton.asked
            await container.unload("c")
            await container.load("d")
            assert list(triton.loaded) == [f"{hashed('d')}-1"]
            assert (await container.invoke("d", Sent(b""))).status == 200
            await container.unload("d")
            assert not triton.loaded

    asyncio.run(run())


def test_loading_what_is_loaded_is_no_error(models: Path) -> None:
    """A 409 says that the model is there."""

    async def run() -> None:
        async with attached(Triton(), models) as container:
            await brought(container, "c", "c")
            assert (await container.invoke("c", Sent(b""))).status == 200

    asyncio.run(run())


def test_attaching_unloads_what_a_container_holds(models: Path) -> None:
    """A model that is not ready, listed as {}, is passed over."""
    triton = Triton(loaded={"left": "/x", "over": "/y"})

    async def run() -> None:
        async with attached(triton, models):
            assert triton.loaded == {}

    asyncio.run(run())


def test_closing_unloads_what_was_loaded_here(models: Path) -> None:
    """Somebody else's model stays."""
    triton = Triton()

    async def run() -> None:
        async with attached(triton, models) as container:
            await brought(container, "c", "d")
            triton.loaded["other"] = "/x"

    asyncio.run(run())
    assert list(triton.loaded) == ["other"]


def test_an_inference_carries_what_the_caller_said_and_nothing_else(models: Path) -> None:
    """Type, accept and attributes go through; the client adds no Accept, no encodings, no name of its own."""

    async def run() -> Inferred:
        async with attached(Triton(), models) as container:
            await brought(container, "c")
            bare = json.loads((await container.invoke("c", Sent(b"123"))).body)
            assert set(bare["headers"]) == {"Host", "Content-Type", "Content-Length"}
            assert bare["headers"]["Content-Type"] == "application/octet-stream"
            return await container.invoke("c", Sent(bytes(6 * 2**20), "text/csv", "text/plain", "trace=7"))

    inferred = asyncio.run(run())
    said = json.loads(inferred.body)
    assert said["bytes"] == 6 * 2**20
    assert {name: said["headers"][name] for name in ("Content-Type", "Accept")} == {
        "Content-Type": "text/csv",
        "Accept": "text/plain",
    }
    assert said["headers"]["X-Amzn-SageMaker-Custom-Attributes"] == "trace=7"
    assert inferred.content_type == "application/json; charset=utf-8"
    assert inferred.custom_attributes == "seen"
    assert inferred.service_ns > 0


def test_a_footprint_has_what_is_known(models: Path) -> None:
    """Disk is what the artefact takes, memory what the caller of this class knows; a missing artefact has none."""

    async def run() -> None:
        async with attached(Triton(), models) as container:
            assert container.footprint("a.tar.gz") == Footprint(len("a.tar.gz"), len("a.tar.gz"))
            assert container.footprint("nobody") is None
            with pytest.raises(LoadError, match="404"):
                await container.download("nobody")

    asyncio.run(run())


def test_a_container_that_is_not_there_is_dead(models: Path) -> None:
    """Every method that needs it says so; attaching gives up in time and says what it heard."""
    container = Container("http://127.0.0.1:9", Disk(Artefacts(models)), Limits(ready_s=0.1))

    async def run() -> None:
        with pytest.raises(DeadError, match="POST /models/"):
            await container.invoke("c", Sent(b""))
        with pytest.raises(DeadError):
            await container.load("c")
        with pytest.raises(DeadError):
            await container.unload("c")
        with pytest.raises(StartError, match=r"http://127.0.0.1:9 is not ready after 0.1 s: .*GET /ping"):
            await container.attach()
        await container.close()

    asyncio.run(run())


class Stuck(Triton):
    """A container that never answers an inference, and does not unload."""

    async def invoke(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path))
        await asyncio.Event().wait()
        return web.Response()

    async def unload(self, request: web.Request) -> web.Response:
        return web.Response(status=500, text="busy")


def test_an_inference_is_given_up_at_the_limit(models: Path) -> None:
    """TimeoutError, and no second attempt."""
    stuck = Stuck()

    async def run() -> None:
        async with attached(stuck, models, Limits(invoke_s=0.05)) as container:
            await brought(container, "c")
            with pytest.raises(TimeoutError):
                await container.invoke("c", Sent(b""))

    asyncio.run(run())
    assert sum(path.endswith("/invoke") for _, path in stuck.asked) == 1


class Slow(Triton):
    """A container whose first load takes until it is told to end."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def load(self, request: web.Request) -> web.Response:
        if not self.begun.is_set():
            await request.read()  # while its sender is there
            self.begun.set()
            await self.go_on.wait()
        return await super().load(request)


async def abandoned(container: Container, slow: Slow, how: str) -> None:
    """Load `d`, and have nobody wait for it before it is loaded."""
    if how == "limit":
        with pytest.raises(LoadError, match=r"504: .*not loaded the model in 0.05 s"):
            await container.load("d")
        return
    loading = asyncio.create_task(container.load("d"))
    await slow.begun.wait()
    if how == "cancel":
        loading.cancel()
    else:
        container.kill()
    with pytest.raises(asyncio.CancelledError if how == "cancel" else DeadError):
        await loading
    if how == "kill":
        await container.attach()


@pytest.mark.parametrize("how", ["limit", "cancel", "kill"])
def test_what_comes_of_an_abandoned_load_is_unloaded(models: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """A load goes on in the container; the next one takes another name, and the first takes no memory in the end."""
    monkeypatch.setattr(module, "CLEAR_INTERVAL_S", 0.001)
    slow = Slow()

    async def run() -> None:
        async with attached(slow, models, Limits(load_s=0.05 if how == "limit" else 60)) as container:
            await container.download("d")
            await abandoned(container, slow, how)
            await container.load("d")
            slow.go_on.set()
            while container._late:  # noqa: ASYNC110
                await asyncio.sleep(0)
            assert list(slow.loaded) == [f"{hashed('d')}-1"]
            assert json.loads((await container.invoke("d", Sent(b""))).body)["model"] == "d"

    asyncio.run(run())
    assert not slow.loaded


class Hung(Triton):
    """A container that never unloads."""

    async def unload(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path))
        await asyncio.Event().wait()
        return web.Response()


@pytest.mark.parametrize("ours", [False, True])
def test_closing_does_not_wait_for_a_container_that_hangs(
    models: Path,
    monkeypatch: pytest.MonkeyPatch,
    ours: bool,  # noqa: FBT001
) -> None:
    """One that lives on is asked to unload and waited for briefly; one that ends with the emulator is not asked."""
    monkeypatch.setattr(module, "CLOSE_S", 0.01)
    hung, told = Hung(), list[str]()

    async def closed() -> None:
        told.append("closed")

    async def run() -> None:
        async with hung.serving():
            container = Container(hung.url, Disk(Artefacts(models)), end=(lambda: None) if ours else None)
            container.closed = closed
            await container.attach()
            await brought(container, "c")
            async with asyncio.timeout(10):
                await container.close()

    asyncio.run(run())
    assert told == ["closed"]
    assert sum(method == "DELETE" for method, _ in hung.asked) == (0 if ours else 1)


def test_after_an_unload_that_took_too_long_the_next_load_takes_another_name(models: Path) -> None:
    """The first may end at any time, and would take the model with it."""

    async def run() -> None:
        async with attached(Hung(), models, Limits(load_s=0.05)) as container:
            await brought(container, "c")
            with pytest.raises(LoadError, match=r"504: .*not unloaded the model in 0.05 s"):
                await container.unload("c")
            assert container._name("c") == f"{hashed('c')}-1"
            container.kill()

    asyncio.run(run())


class Losing(Triton):
    """A container that loses the connection of each inference and of some loads, and may not answer a ping after."""

    lives = True

    async def load(self, request: web.Request) -> web.Response:
        if (await request.json())["model_name"] == hashed("d"):
            assert request.transport is not None
            request.transport.abort()
        return await super().load(request)

    async def invoke(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def ping(self, request: web.Request) -> web.Response:
        return web.Response(status=200 if self.lives else 500)


def test_a_lost_connection_is_no_death_of_a_container_that_answers_a_ping(models: Path) -> None:
    """The one request failed, with words; without an answer to the ping, or a good one, the container is dead."""
    losing = Losing()

    async def run() -> None:
        async with attached(losing, models) as container:
            await brought(container, "c")
            inferred = await container.invoke("c", Sent(b""))
            assert inferred.status == 502
            assert inferred.body.startswith(b"POST /models/")
            with pytest.raises(LoadError, match="502: POST /models"):
                await brought(container, "d")
            await container.load("d")
            losing.lives = False
            with pytest.raises(DeadError):
                await container.invoke("c", Sent(b""))

    asyncio.run(run())


def test_a_model_that_is_not_given_back_is_an_error(models: Path) -> None:
    """An unload that is answered 500 is not taken for one."""

    async def run() -> None:
        async with attached(Stuck(), models) as container:
            await brought(container, "c")
            with pytest.raises(LoadError, match="500: busy"):
                await container.unload("c")

    asyncio.run(run())


def test_a_kill_wakes_everybody_and_attaching_revives(models: Path) -> None:
    """Waiting calls and later ones see DeadError; the process is ended once; a cancelled call stays cancelled."""
    stuck, ended = Stuck(), list[str]()

    async def run() -> None:
        async with stuck.serving():
            container = Container(stuck.url, Disk(Artefacts(models)), end=lambda: ended.append("ended"))
            await container.attach()
            await brought(container, "c")
            calls = [asyncio.create_task(container.invoke("c", Sent(b""))) for _ in range(3)]
            while sum(path.endswith("/invoke") for _, path in stuck.asked) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0)
            calls[0].cancel()
            container.kill()
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert [type(result) for result in results] == [asyncio.CancelledError, DeadError, DeadError]
            with pytest.raises(DeadError, match="killed"):
                await container.load("c")
            await container.attach()
            await container.load("c")
            await container.close()

    asyncio.run(run())
    assert ended == ["ended"]
