"""Everything that one running emulator consists of, apart from its sockets."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic_ns
from typing import TypeAlias

from asyncload.emulator.aws.answers import REGION
from asyncload.emulator.aws.cloudwatch import CloudWatch, Metrics
from asyncload.emulator.aws.discovery import Bucket, ControlPlane, Count, EndpointNow, Listing, played_bucket
from asyncload.emulator.aws.services import Services
from asyncload.emulator.aws.signature import SignatureCheck
from asyncload.emulator.behind.simulated import Time
from asyncload.emulator.behind.sources import Laws, Source
from asyncload.emulator.config.emulator import Emulator
from asyncload.emulator.config.faults import Fault, Faults
from asyncload.emulator.deadlines import Deadlines
from asyncload.emulator.freeze import WorkClock
from asyncload.emulator.platform.endpoint import Endpoint, Platform, all_ended
from asyncload.emulator.platform.instance import Event, Patience
from asyncload.emulator.witness.strain import Strain
from asyncload.emulator.witness.truth import Truth
from asyncload.emulator.witness.witness import Witness

MakeSource: TypeAlias = Callable[[Time, int], Source]
"""From the clock of all backends and the seed to where backends come from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What an emulator is made from besides its configuration."""

    truth: Path | None = None
    """File for the ground-truth log."""
    source: MakeSource = Laws
    """Makes what stands behind the instances."""
    warn: Callable[[str], None] = logging.getLogger("asyncload.emulator").warning
    """Called with what whoever started it ought to know."""


def _nothing() -> None:
    """Tell nobody."""


class Scene:
    """The parts of a running emulator. Belongs to one event loop. `start` comes first."""

    def __init__(self, config: Emulator, setting: Setting) -> None:
        """
        Args:
            config: What to play.
            setting: What else.

        Raises:
            OSError: If the truth file cannot be written.
        """
        self.config = config
        self.region = config.region or REGION
        """Where the endpoints are said to be."""
        self.clock = WorkClock()
        self.truth = Truth(setting.truth, failed=setting.warn)
        self.check = SignatureCheck(config.credentials, config.region)
        self.deadlines = Deadlines(self.clock)
        self.faults = Faults(config.seed)
        self.faults_changed: Callable[[], None] = _nothing
        """Called when there are other faults."""
        self.warn = setting.warn
        """Called with what whoever started the emulator ought to know."""
        self.metrics = Metrics()
        self.witness = Witness(self.truth, self.metrics, Strain(setting.warn), self.clock)
        self.in_flight = 0
        """Invocations that were read whole and whose reply is not yet sent."""
        limit_ns = Patience().scaled(config.time_scale).answer_ns
        self.source = setting.source(Time(self.clock, self.deadlines, config.time_scale, limit_ns), config.seed)
        self._platform = Platform(
            self.clock,
            self.deadlines,
            self.source,
            self._tell,
            scale=config.time_scale,
            seed=config.seed,
            region=self.region,
            warn=setting.warn,
        )
        self.endpoints = self._endpoints()
        self._played_bucket = played_bucket(config.endpoints)
        self.services = self._services()
        self._leaving = set[asyncio.Task[None]]()
        self._flushing = asyncio.get_running_loop().create_task(self._every_second())

    async def start(self) -> None:
        """
        Bring all instances into service.

        Raises:
            StartError: If a container cannot be had.
        """
        self.replace_faults(self.config.faults)
        for endpoint in self.endpoints.values():
            await endpoint.start()

    async def _every_second(self) -> None:
        while True:
            await asyncio.sleep(1)
            self.truth.flush()
            self.witness.sample(self.endpoints)

    def replace_faults(self, faults: Sequence[Fault]) -> None:
        """Have other faults from now on."""
        self.faults.replace(faults, monotonic_ns())
        self.faults_changed()

    def stall(self, length_ns: int) -> None:
        """Hold all work and all replies for this long from now on."""
        self.clock.stall(monotonic_ns(), length_ns)
        self.deadlines.rearm()

    async def reset(self) -> None:
        """
        End a stall, forget the truth, begin all draws anew with nothing loaded. Requests in flight are still answered.

        Real containers stay as they are.
        """
        self.clock.resume(monotonic_ns())
        self.deadlines.rearm()
        self.truth.reset()
        self.metrics.reset()
        self.replace_faults(self.config.faults)
        if not self.source.renewable:
            return
        for old in self.endpoints.values():
            task = asyncio.create_task(old.retire())
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
        self.endpoints = self._endpoints()
        for endpoint in self.endpoints.values():
            await endpoint.start()

    async def close(self) -> None:
        """End everything, and write the truth out, whatever else fails."""
        async with AsyncExitStack() as rest:
            rest.callback(self.truth.close)
            rest.callback(self.deadlines.close)
            rest.callback(self._flushing.cancel)
            rest.push_async_callback(self.source.close)
            for task in self._leaving:
                task.cancel()
            await all_ended(*self._leaving, *(endpoint.close() for endpoint in self.endpoints.values()))

    def _services(self) -> Services:
        started_s = time.time()
        control_plane = ControlPlane(self.config.endpoints, self._now, started_s, self.region)
        cloudwatch = CloudWatch(self.metrics, self.config.publish_after_ns / 1e9, time.time)
        return Services([control_plane, cloudwatch, Listing(self._bucket, started_s)], self.check)

    def _endpoints(self) -> dict[str, Endpoint]:
        return {played.name: Endpoint(played, self._platform) for played in self.config.endpoints}

    def _now(self, name: str) -> EndpointNow:
        """Return what is true of an endpoint at this moment, for those who describe it."""
        variants = self.endpoints[name].variants
        counts = {
            variant: Count(sum(not each.down for each in state.routed), len(state.instances))
            for variant, state in variants.items()
        }
        settled = all(count.current == count.desired for count in counts.values())
        return EndpointNow("InService" if settled else "Updating", counts)

    def _bucket(self) -> Bucket:
        """Return what lies in S3."""
        artefacts = self.source.artefacts
        if artefacts is None:
            return self._played_bucket
        return Bucket((f"{name}/{model}", size) for name in self.endpoints for model, size in artefacts.listed())

    def _tell(self, endpoint: str, variant: str, event: Event) -> None:
        self.witness.event(endpoint, variant, event)
