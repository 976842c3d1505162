"""
Where the containers behind instances come from: laws, addresses, or Multi Model Server started on the spot.

A model server has no account of its memory, so a configured size of a model counts against a configured memory of the
instance here too; what the server itself refuses with 507 comes on top.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Protocol

from asyncload.emulator.behind.artefacts import Artefacts
from asyncload.emulator.behind.backend import ANSWER_LIMIT_NS, LOAD_LIMIT_NS, Backend
from asyncload.emulator.behind.container import Container, Limits
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


@dataclass(frozen=True, slots=True)
class Shared:
    """A folder that containers see too; each has a folder of its own in it, named by its number."""

    folder: Path
    seen_as: PurePosixPath | None = None
    """The same folder as the containers see it; None if they see the same paths."""

    def disk(self, artefacts: Artefacts, number: int) -> Disk:
        """Return the disk of a container."""
        seen_as = None if self.seen_as is None else self.seen_as / str(number)
        return Disk(artefacts, self.folder / str(number), seen_as)


class Addresses(Source):
    """Containers that run already, one for each instance, in the order in which they are given."""

    renewable = False

    def __init__(self, urls: Sequence[str], artefacts: Artefacts, shared: Shared | None, scale: float) -> None:
        """
        Args:
            urls: Base URLs.
            artefacts: The folder that stands for the S3 prefix.
            shared: Where artefacts are unpacked; None makes a temporary folder for each container.
            scale: Factor on what the platform waits; the containers take what they take.
        """
        self.artefacts: Artefacts | None = artefacts
        self._models = artefacts
        self._urls = urls
        self._free = set(range(len(urls)))
        self._shared = shared
        self._limits = limits(scale)

    async def make(self, endpoint: EndpointPlayed, variant: VariantPlayed, name: str) -> Backend:
        """
        Return the next one, once it is ready; when that is closed it may be had again.

        Raises:
            StartError: If none is left, or it does not answer, or its disk cannot be made.
        """
        del variant
        if not self._free:
            raise StartError(f"instance {name} of {endpoint.name} has no container: give --container once more")
        number = min(self._free)
        memory_bytes = partial(_memory_bytes, endpoint)
        container = Container(self._urls[number], self._disk(number), self._limits, memory_bytes=memory_bytes)
        self._free.discard(number)

        async def closed() -> None:
            self._free.add(number)

        container.closed = closed
        return await _attached(container)

    async def close(self) -> None:
        """They are somebody else's."""

    def _disk(self, number: int) -> Disk:
        if self._shared is None:
            return Disk(self._models)
        try:
            return self._shared.disk(self._models, number)
        except OSError as problem:
            raise StartError(f"a container has no disk: {problem}; choose another folder") from problem


class Servers(Source):
    """Multi Model Servers, one started for each instance and ended with it."""

    renewable = False

    def __init__(self, artefacts: Artefacts, scale: float, settings: Settings | None = None) -> None:
        """
        Args:
            artefacts: The folder that stands for the S3 prefix.
            scale: Factor on what the platform waits; the servers take what they take.
            settings: How they run; each one's queue is that of its instance.
        """
        self.artefacts: Artefacts | None = artefacts
        self._models = artefacts
        self._limits = limits(scale)
        self._settings = settings or Settings()
        self._running = set[MultiModelServer]()

    async def make(self, endpoint: EndpointPlayed, variant: VariantPlayed, name: str) -> Backend:
        """
        Start one, and wait until it is ready.

        Raises:
            StartError: If it cannot be started.
        """
        del name
        server = MultiModelServer(replace(self._settings, queue=max(1, variant.instance.queue)))
        await server.start()
        self._running.add(server)
        memory_bytes = partial(_memory_bytes, endpoint)
        disk = Disk(self._models, server.disk)
        container = Container(server.url, disk, self._limits, memory_bytes=memory_bytes, end=server.kill)
        server.died = container.died

        async def closed() -> None:
            await server.stop()
            self._running.discard(server)  # if stopping was cancelled, it is ended with the rest

        container.closed = closed
        return await _attached(container)

    async def close(self) -> None:
        """End those servers whose containers nobody has closed."""
        running, self._running = self._running, set()
        await asyncio.gather(*(server.stop() for server in running))


def limits(scale: float) -> Limits:
    """Return how long the platform waits for a container; how long that takes to start is its own matter."""
    return Limits(invoke_s=ANSWER_LIMIT_NS / 1e9 * scale, load_s=LOAD_LIMIT_NS / 1e9 * scale)


async def _attached(container: Container) -> Container:
    try:
        await container.attach()
    except BaseException:
        await container.close()
        raise
    return container


def _memory_bytes(endpoint: EndpointPlayed, model: str) -> int:
    """Return what a model takes in memory as the configuration says; 0 if it says nothing."""
    played = endpoint.model(model)
    return 0 if played is None or played.memory_bytes is None else played.memory_bytes
