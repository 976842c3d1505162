"""
A container made of laws: what stands behind an instance when no real model server does.

All times are drawn, and reckoned in work time. What a model draws for its requests follows from the seed, the instance
and its name only, whatever other models are called and however often it is loaded; all downloads, loads, unloads and
first inferences of an instance draw from one sequence of their own.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from asyncload.emulator.behind.backend import ANSWER_LIMIT_NS, Backend, DeadError, Footprint, Inferred, LateError, Sent
from asyncload.emulator.behind.draws import Draws
from asyncload.emulator.behind.pool import Pool, Queue
from asyncload.emulator.config.endpoint import EndpointPlayed, InstancePlayed, ModelPlayed, TextAnswer
from asyncload.emulator.config.laws import Law, quantile_function
from asyncload.emulator.deadlines import Deadlines
from asyncload.emulator.freeze import WorkClock

MODELS_KEPT = 100_000
"""A pattern fits endless names; past this many, 1.4 KB each, the instance starts afresh with its models' draws."""
MEMORY_BYTES = 2**20
"""What a model takes in memory if the configuration does not say it."""
QUEUE_FULL = "The queue of the model server is full."
_NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Time:
    """What a container's time depends on."""

    clock: WorkClock
    deadlines: Deadlines
    scale: float = 1.0
    """Factor on every drawn time."""
    invoke_limit_ns: int = ANSWER_LIMIT_NS
    """What the platform gives a request, scaled already."""


class _Played:
    """One model on one instance, with its draws."""

    __slots__ = ("_draws", "_service", "first", "footprint", "played", "queue")

    def __init__(self, played: ModelPlayed, queue: Queue, draws: Draws) -> None:
        memory_bytes = played.memory_bytes
        self.played = played
        self.footprint = Footprint(played.artefact_bytes, MEMORY_BYTES if memory_bytes is None else memory_bytes)
        self.queue = queue
        self.first = True
        """Whether no request has been served since the last load."""
        self._draws = draws
        self._service = quantile_function(played.service)

    def drawn_ns(self) -> int:
        """Draw a service time, not scaled."""
        return self._service(self._draws.random())

    def fails(self) -> bool:
        """Draw whether the container answers with an error."""
        ratio = self.played.error_ratio
        return ratio > 0 and self._draws.random() < ratio


class Simulated(Backend):
    """One simulated container with its disk."""

    def __init__(self, endpoint: EndpointPlayed, instance: InstancePlayed, time: Time, seed: str) -> None:
        """
        Args:
            endpoint: Its models and laws.
            instance: Its workers and queues.
            time: Its clock.
            seed: Of all draws; one for each instance.
        """
        self._endpoint = endpoint
        self._instance = instance
        self._time = time
        self._seed = seed
        self._pool = Pool(instance.workers)
        self._draws = Random(f"{seed}//loads")  # noqa: S311  simulated times, not secrets
        self._models: dict[str, _Played | None] = {}
        self._waiting = set["asyncio.Future[None]"]()
        self._dead = False

    def footprint(self, model: str) -> Footprint | None:
        """Return what the model takes, or None if no model of that name is played."""
        played = self._played(model)
        return None if played is None else played.footprint

    async def download(self, model: str) -> None:
        """Take the time of a download."""
        known = self._known(model)
        download = known.played.download or self._endpoint.download
        bytes_per_s = download.bandwidth_bytes_per_s
        bytes_ns = known.footprint.disk_bytes * _NS_PER_S // bytes_per_s if bytes_per_s else 0
        await self._take(self._law_ns(download.latency) + self._scaled(bytes_ns))

    async def delete(self, model: str) -> None:  # noqa: ARG002  a file is removed at once
        """Take no time."""
        self._alive()

    async def load(self, model: str) -> None:
        """Take the time of a load; the next request is the slow first one."""
        known = self._known(model)
        await self._take(self._law_ns(known.played.load or self._endpoint.load))
        known.first = True

    async def unload(self, model: str) -> None:
        """Take the time of an unload."""
        await self._take(self._law_ns(self._known(model).played.unload or self._endpoint.unload))

    async def invoke(self, model: str, sent: Sent) -> Inferred:
        """
        Wait for a worker, take the service time, answer.

        Raises:
            LateError: After the platform's limit; the worker stays busy for the time that was drawn.
        """
        self._alive()
        known = self._known(model)
        # Both are drawn here, whatever comes of it: else what a model draws would depend on when its requests end.
        service_ns, fails = self._scaled(known.drawn_ns()) + sent.extra_ns, known.fails()
        if known.first:
            service_ns += self._law_ns(known.played.first_inference)
        start_ns = self._pool.admit(known.queue, sent.at_ns, service_ns, bounded=not sent.held)
        if start_ns is None:
            return Inferred(503, QUEUE_FULL.encode(), "text/plain")
        known.first = False
        due_ns, limit_ns = start_ns + service_ns, sent.at_ns + self._time.invoke_limit_ns
        await self._until(min(due_ns, limit_ns))
        if due_ns > limit_ns:
            queue_ns = min(start_ns, limit_ns) - sent.at_ns
            raise LateError(queue_ns, self._time.invoke_limit_ns - queue_ns)
        status, body, content_type = _failure(known.played) if fails else _answer(known.played, sent)
        attributes = None if fails else sent.custom_attributes
        return Inferred(status, body, content_type, attributes, start_ns - sent.at_ns, service_ns)

    def kill(self) -> None:
        """Die."""
        self._dead = True
        for future in self._waiting:
            if not future.done():
                future.set_exception(DeadError("the instance was killed"))

    def on_death(self, tell: Callable[[], None]) -> None:
        """It dies only when it is killed."""

    async def revive(self) -> bool:
        """Be replaced: after the time to notice and the time to start another, or never."""
        if self._endpoint.replace_ns is None:
            return False
        wait_ns = self._scaled(self._endpoint.detect_ns + self._endpoint.replace_ns)
        await self._time.deadlines.until(self._time.clock.now_ns() + wait_ns)
        self._dead = False
        self._pool = Pool(self._instance.workers)
        self._models.clear()
        return True

    def busy(self) -> int:
        """Return how many workers are in service."""
        return self._pool.busy(self._time.clock.now_ns())

    async def close(self) -> None:
        """Nothing is held."""

    def _alive(self) -> None:
        if self._dead:
            raise DeadError("the instance is dead")

    async def _take(self, length_ns: int) -> None:
        self._alive()
        if length_ns:
            await self._until(self._time.clock.now_ns() + length_ns)

    async def _until(self, work_ns: int) -> None:
        deadlines = self._time.deadlines
        while not deadlines.reached(work_ns):
            future = deadlines.moment(work_ns)
            self._waiting.add(future)
            try:
                await future
            finally:
                self._waiting.discard(future)

    def _law_ns(self, law: Law) -> int:
        return self._scaled(quantile_function(law)(self._draws.random()))

    def _scaled(self, length_ns: int) -> int:
        return round(length_ns * self._time.scale)

    def _known(self, model: str) -> _Played:
        played = self._played(model)
        if played is None:
            raise KeyError(model)
        return played

    def _played(self, name: str) -> _Played | None:
        if name not in self._models:
            if len(self._models) >= MODELS_KEPT:
                self._models.clear()
            found = self._endpoint.model(name)
            draws = Draws(f"{self._seed}/{name}")
            queue = Queue(self._instance.queue)
            self._models[name] = None if found is None else _Played(found, queue, draws)
        return self._models[name]


def _answer(played: ModelPlayed, sent: Sent) -> tuple[int, bytes, str]:
    if isinstance(played.answer, TextAnswer):
        return 200, played.answer.text.encode(), played.answer.content_type
    return 200, sent.body, sent.content_type


def _failure(played: ModelPlayed) -> tuple[int, bytes, str]:
    return played.error_status, played.error_message.encode(), "text/plain"
