"""Where containers come from, and what becomes of them when an instance is removed or cannot be had."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from aiohttp import web

from asyncload.cli.emulate import Asked, setting
from asyncload.emulator.aws.cloudwatch import Metrics, Name
from asyncload.emulator.behind import sources
from asyncload.emulator.behind.artefacts import Artefacts
from asyncload.emulator.behind.backend import Footprint, Sent
from asyncload.emulator.behind.container import Limits
from asyncload.emulator.behind.disk import hashed
from asyncload.emulator.behind.recipe import Settings
from asyncload.emulator.behind.simulated import Time
from asyncload.emulator.behind.sources import Addresses, Laws, Servers, Shared, limits
from asyncload.emulator.config.endpoint import EndpointPlayed, InstancePlayed, ModelPlayed, VariantPlayed
from asyncload.emulator.deadlines import Deadlines
from asyncload.emulator.freeze import WorkClock
from asyncload.emulator.platform.endpoint import Endpoint, Platform
from asyncload.emulator.witness.strain import Strain
from asyncload.emulator.witness.truth import Truth
from asyncload.emulator.witness.witness import Witness
from asyncload.errors import StartError
from tests.real.triton import Triton

PLAYED = EndpointPlayed(name="mme", models=(ModelPlayed(name="*"),))
VARIANT = VariantPlayed(instance=InstancePlayed(queue=7))


@pytest.fixture
def artefacts(tmp_path: Path) -> Artefacts:
    """One model, unpacked, that holds its own name."""
    (tmp_path / "models" / "c").mkdir(parents=True)
    (tmp_path / "models" / "c" / "name").write_text("c")
    return Artefacts(tmp_path / "models")


@pytest.fixture
def disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary disks are made."""
    (tmp_path / "disks").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "disks"))
    return tmp_path / "disks"


def test_limits_are_the_platforms_and_scaled_as_its_are() -> None:
    """60 s and 360 s become 600 ms and 3.6 s; how long a container takes to start is no matter of the platform."""
    assert limits(0.01) == Limits(invoke_s=0.6, load_s=3.6, ready_s=60)


@pytest.mark.parametrize("container", ["mms", "http://127.0.0.1:9"])
def test_the_command_passes_the_time_scale_on(artefacts: Artefacts, tmp_path: Path, container: str) -> None:
    """`--time-scale 0.01` goes for containers as it does for laws."""
    assert artefacts.find("c")

    async def run() -> None:
        clock = WorkClock()
        deadlines = Deadlines(clock)
        asked = Asked(containers=(container,), models=tmp_path / "models")
        source = setting(asked).source(Time(clock, deadlines, 0.01), 0)
        deadlines.close()
        assert isinstance(source, Addresses | Servers)
        assert source._limits == limits(0.01)

    asyncio.run(run())


def test_containers_have_disks_of_their_own_in_a_shared_folder(artefacts: Artefacts, tmp_path: Path) -> None:
    """Two hold the same model, one deletes it, and the other still has it; in the end the folder is as it was."""
    (tmp_path / "disk").mkdir()

    async def run() -> None:
        async with AsyncExitStack() as stack:
            tritons = [await stack.enter_async_context(Triton().serving()) for _ in range(2)]
            shared = Shared(tmp_path / "disk")
            source = Addresses([triton.url for triton in tritons], artefacts, shared, 1.0)
            first, second = [await source.make(PLAYED, VARIANT, f"AllTraffic/{index}") for index in range(2)]
            for each in (first, second):
                await each.download("c")
            await first.delete("c")
            await second.load("c")
            assert json.loads((await second.invoke("c", Sent(b""))).body)["model"] == "c"
            assert tritons[1].loaded == {hashed("c"): str(tmp_path / "disk" / "1" / hashed("c") / "model")}
            await first.close()
            await second.close()

    asyncio.run(run())
    assert list((tmp_path / "disk").iterdir()) == []


def test_a_container_is_told_its_own_disk_as_it_sees_it(artefacts: Artefacts, tmp_path: Path) -> None:
    """The number stands in the path that the container is told, too."""
    disk = Shared(tmp_path, PurePosixPath("/opt/ml/models")).disk(artefacts, 3)
    assert disk.url("c") == f"/opt/ml/models/3/{hashed('c')}/model"


class Late(Triton):
    """A container that is ready when it is told to be."""

    ready = False

    async def ping(self, request: web.Request) -> web.Response:
        return web.Response(status=200 if self.ready else 503)


def test_a_container_that_could_not_be_had_is_tried_again(
    artefacts: Artefacts, disks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its address is not used up by the failure, nor is anything of it left."""
    monkeypatch.setattr(sources, "limits", lambda _scale: Limits(ready_s=0.05))

    async def run() -> None:
        late = Late()
        async with late.serving():
            source = Addresses([late.url], artefacts, None, 1.0)
            with pytest.raises(StartError, match=r"is not ready after 0.05 s: GET /ping said 503"):
                await source.make(PLAYED, VARIANT, "AllTraffic/0")
            left = list(disks.iterdir())  # noqa: ASYNC240
            assert left == []
            late.ready = True
            await (await source.make(PLAYED, VARIANT, "AllTraffic/1")).close()

    asyncio.run(run())


def test_the_address_of_a_removed_instance_goes_to_the_next_one(artefacts: Artefacts, disks: Path) -> None:
    """One address carries one instance at a time, as often as is wanted."""

    async def run() -> None:
        async with Triton().serving() as triton:
            source = Addresses([triton.url], artefacts, None, 1.0)
            first = await source.make(PLAYED, VARIANT, "AllTraffic/0")
            with pytest.raises(StartError, match="AllTraffic/1 of mme has no container: give --container once more"):
                await source.make(PLAYED, VARIANT, "AllTraffic/1")
            await first.close()
            await (await source.make(PLAYED, VARIANT, "AllTraffic/2")).close()

    asyncio.run(run())
    assert list(disks.iterdir()) == []


def test_memory_is_known_only_where_the_configuration_says_it(artefacts: Artefacts, disks: Path) -> None:
    """Not said is 0 with a container, which then says itself what fits, and 1 MiB with laws."""
    said = EndpointPlayed(name="mme", models=(ModelPlayed(name="*", memory_bytes=5),))

    async def run() -> None:
        async with Triton().serving() as triton:
            source = Addresses([triton.url] * 2, artefacts, None, 1.0)
            for played, memory_bytes in ((PLAYED, 0), (said, 5)):
                container = await source.make(played, VARIANT, "AllTraffic/0")
                assert container.footprint("c") == Footprint(1, memory_bytes)
                await container.close()
        clock = WorkClock()
        deadlines = Deadlines(clock)
        laws = await Laws(Time(clock, deadlines), 0).make(PLAYED, VARIANT, "AllTraffic/0")
        assert laws.footprint("c") == Footprint(32 * 2**10, 2**20)
        deadlines.close()

    asyncio.run(run())
    assert list(disks.iterdir()) == []


def test_how_busy_a_container_is_nobody_knows_and_nothing_is_published(artefacts: Artefacts, disks: Path) -> None:
    """CloudWatch has no CPUUtilization of it, rather than one of 0; the other gauges are there."""
    metrics = Metrics()

    async def run() -> None:
        clock = WorkClock()
        deadlines = Deadlines(clock)
        async with Triton().serving() as triton:
            source = Addresses([triton.url], artefacts, None, 1.0)
            endpoint = Endpoint(PLAYED, Platform(clock, deadlines, source, lambda _endpoint, _variant, _event: None))
            await endpoint.start()
            Witness(Truth(), metrics, Strain(lambda _text: None), clock).sample({"mme": endpoint})
            await endpoint.close()
            deadlines.close()

    asyncio.run(run())
    assert {series.name for series in metrics.series()} == {Name.LOADED_MODELS, Name.MEMORY, Name.DISK}
    assert list(disks.iterdir()) == []


def test_a_disk_that_cannot_be_made_is_told(artefacts: Artefacts, tmp_path: Path) -> None:
    """The folder has gone since the start, say; the address is kept."""

    async def run() -> None:
        async with Triton().serving() as triton:
            source = Addresses([triton.url], artefacts, Shared(tmp_path / "disk"), 1.0)
            with pytest.raises(StartError, match=r"a container has no disk: .*disk/0"):
                await source.make(PLAYED, VARIANT, "AllTraffic/0")
            (tmp_path / "disk").mkdir()
            await (await source.make(PLAYED, VARIANT, "AllTraffic/1")).close()

    asyncio.run(run())


class Started:
    """A model server that runs somewhere already."""

    def __init__(self, settings: Settings, triton: Triton, disk: Path) -> None:
        self.settings, self.url, self.disk = settings, triton.url, disk
        self.stopped = 0
        self.fails = False
        self.died: Callable[[], None] = lambda: None

    async def start(self) -> None:
        if self.fails:
            raise StartError("no memory for Java")

    def kill(self) -> None:
        pass

    async def stop(self) -> None:
        self.stopped += 1


def test_a_server_ends_with_its_instance_and_the_rest_with_the_emulator(
    artefacts: Artefacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is stopped, and has the queue of its instance."""
    made = list[Started]()

    async def run() -> None:
        async with Triton().serving() as triton:

            def start(settings: Settings) -> Started:
                made.append(Started(settings, triton, tmp_path / f"disk-{len(made)}"))
                return made[-1]

            monkeypatch.setattr(sources, "MultiModelServer", start)
            source = Servers(artefacts, 1.0)
            removed = await source.make(PLAYED, VARIANT, "AllTraffic/0")
            kept = await source.make(PLAYED, VARIANT, "AllTraffic/1")
            await removed.close()
            assert [each.stopped for each in made] == [1, 0]
            await source.close()
            assert [each.stopped for each in made] == [1, 1]
            await kept.close()

    asyncio.run(run())
    assert [each.settings.queue for each in made] == [7, 7]


def test_if_the_second_server_fails_to_start_the_first_is_ended(
    artefacts: Artefacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint that could not be brought into service is closed, and its servers with it."""
    made = list[Started]()
    two = replace(PLAYED, variants=(VariantPlayed(instances=2),))

    async def run() -> None:
        async with Triton().serving() as triton:

            def start(settings: Settings) -> Started:
                made.append(Started(settings, triton, tmp_path / "disk"))
                made[-1].fails = len(made) == 2
                return made[-1]

            monkeypatch.setattr(sources, "MultiModelServer", start)
            source = Servers(artefacts, 1.0)
            clock = WorkClock()
            deadlines = Deadlines(clock)
            endpoint = Endpoint(two, Platform(clock, deadlines, source, lambda _endpoint, _variant, _event: None))
            with pytest.raises(StartError, match="no memory for Java"):
                await endpoint.start()
            await endpoint.close()
            deadlines.close()

    asyncio.run(run())
    assert [each.stopped for each in made] == [1, 0]


def test_a_server_whose_stop_was_cancelled_is_ended_with_the_rest(
    artefacts: Artefacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The emulator may end while a removed instance does."""
    made = list[Started]()

    class Slow(Started):
        async def stop(self) -> None:
            if self.stopped == 0:
                self.stopped += 1
                raise asyncio.CancelledError
            await super().stop()

    async def run() -> None:
        async with Triton().serving() as triton:

            def start(settings: Settings) -> Started:
                made.append(Slow(settings, triton, tmp_path / "disk"))
                return made[-1]

            monkeypatch.setattr(sources, "MultiModelServer", start)
            source = Servers(artefacts, 1.0)
            removed = await source.make(PLAYED, VARIANT, "AllTraffic/0")
            with pytest.raises(asyncio.CancelledError):
                await removed.close()
            await source.close()

    asyncio.run(run())
    assert [each.stopped for each in made] == [2]
