"""
Where the containers behind instances come from: laws, addresses, or Multi Model Server started on the spot.

A model server has no account of its memory, so a configured size of a model counts against a configured memory of the
instance here too; what the server itself refuses with 507 comes on top.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Protocol

from asyncload.emulator.behind.artefacts import Artefacts
from asyncload.emulator.behind.backend import Backend
from asyncload.emulator.behind.container import Container
from asyncload.emulator.behind.disk import Disk
from asyncload.emulator.behind.mms import MultiModelServer
from asyncload.emulator.behind.recipe import Settings
from asyncload.emulator.behind.simulated import Simulated, Time
from asyncload.emulator.config.endpoint import EndpointPlayed, VariantPlayed
from asyncload.errors import StartError


class Source(Protocol):
    """Makes what stands behind a new instance."""

    renewable: bool
    """Whether all containers may be thrown away for new ones at any time."""
    artefacts: Artefacts | None
    """The folder that models come from; None if they are made of laws."""

    async def make(self, endpoint: EndpointPlayed, variant: VariantPlayed, name: str) -> Backend:
        """
        Return a container, ready to load models.

        Raises:
            StartError: If there is none.
        """

    async def close(self) -> None:
        """End what was started, once all backends are closed."""


class Laws(Source):
    """Simulated containers, as many as are wanted."""

    renewable = True
    artefacts = None

    def __init__(self, time: Time, seed: int) -> None:
        """
        Args:
            time: The clock of all of them.
            seed: Of all draws.
        """
        self._time = time
        self._seed = seed

    async def make(self, endpoint: EndpointPlayed, variant: VariantPlayed, name: str) -> Backend:
        """Return a container made of the endpoint's laws."""
        return Simulated(endpoint, variant.instance, self._time, f"{self._seed}/{endpoint.name}/{name}")

    async def close(self) -> None:
        """Nothing was started."""


class Addresses(Source):
    """Containers that run already, one for each instance, in the order in which they are given."""

    renewable = False

    def __init__(self, urls: Sequence[str], models: Path, disk: Path | None, seen_as: PurePosixPath | None) -> None:
        """
        Args:
            urls: Base URLs.
            models: The folder that stands for the S3 prefix.
            disk: Where artefacts are unpacked; None makes a temporary folder for each container.
            seen_as: The same folder as the containers see it.

        Raises:
            StartError: If there is no such folder.
        """
        self.artefacts: Artefacts | None = Artefacts(models)
        self._models = self.artefacts
        self._urls = list(urls)
        self._disk = disk
        self._seen_as = seen_as

    async def make(self, endpoint: EndpointPlayed, variant: VariantPlayed, name: str) -> Backend:
        """
        Return the next one, once it is ready.

        Raises:
            StartError: If none is left, or it does not answer.
        """
        if not self._urls:
            raise StartError(f"instance {name} of {endpoint.name} has no container: give --container once more")
        del variant
        container = Container(
            self._urls.pop(0),
            Disk(self._models, self._disk, self._seen_as),
            memory_bytes=partial(_memory_bytes, endpoint),
        )
        return await _attached(container)

    async def close(self) -> None:
        """They are somebody else's."""


class Servers(Source):
    """Multi Model Servers, one started for each instance."""

    renewable = False

    def __init__(self, models: Path, settings: Settings | None = None) -> None:
        """
        Args:
            models: The folder that stands for the S3 prefix.
            settings: How they run.

        Raises:
            StartError: If there is no such folder.
        """
        self.artefacts: Artefacts | None = Artefacts(models)
        self._models = self.artefacts
        self._settings = settings or Settings()
        self._running: list[MultiModelServer] = []

    async def make(self, endpoint: EndpointPlayed, variant: VariantPlayed, name: str) -> Backend:
        """
        Start one, and wait until it is ready.

        Raises:
            StartError: If it cannot be started.
        """
        del variant, name
        server = MultiModelServer(self._settings)
        await server.start()
        self._running.append(server)
        disk = Disk(self._models, server.disk)
        container = Container(server.url, disk, memory_bytes=partial(_memory_bytes, endpoint), end=server.kill)
        server.died = container.died
        return await _attached(container)

    async def close(self) -> None:
        """End all servers."""
        while self._running:
            await self._running.pop().stop()


async def _attached(container: Container) -> Container:
    try:
        await container.attach()
    except BaseException:  # it does not come up in time, or the emulator is told to end meanwhile
        await container.close()
        raise
    return container


def _memory_bytes(endpoint: EndpointPlayed, model: str) -> int:
    """Return what a model takes in memory as the configuration says; 0 if it says nothing."""
    played = endpoint.model(model)
    return 0 if played is None else played.memory_bytes
