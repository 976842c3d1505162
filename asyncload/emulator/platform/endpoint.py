"""
One endpoint: what an invocation meets once it is known whose it is.

    target? 400 -> throttle? 400 -> variant? 400 -> instance? 503 -> model? 400 -> loaded in time? 429
        -> loaded at all? 424 -> container -> in time? 424 -> 2xx? 424 -> answer

Its instances come, go and die while it serves. One that has died still gets requests until that is noticed (`detect`),
then it gets none, and comes back empty when its backend is back.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from time import monotonic_ns

from asyncload.emulator.aws import answers
from asyncload.emulator.aws.answers import Answer
from asyncload.emulator.behind.backend import DeadError, Inferred, LateError, LoadError, NoMemoryError, Sent
from asyncload.emulator.behind.sources import Source
from asyncload.emulator.config.endpoint import EndpointPlayed, VariantPlayed
from asyncload.emulator.config.laws import quantile_function
from asyncload.emulator.deadlines import Deadlines
from asyncload.emulator.freeze import WorkClock
from asyncload.emulator.platform.eviction import RANKINGS
from asyncload.emulator.platform.instance import Around, Event, Instance, NoModelError, NotReadyError, Patience
from asyncload.emulator.platform.residency import Residency, Room
from asyncload.emulator.platform.routing import choice, route
from asyncload.emulator.platform.visit import Visit

DRAIN_INTERVAL_S = 0.01
_OK = range(200, 300)


@dataclass(frozen=True, slots=True)
class Target:
    """What the request's headers name on the endpoint."""

    model: str | None = None
    component: str | None = None
    container: str | None = None
    variant: str | None = None

    @property
    def label(self) -> str:
        """The name by which its model is looked up; empty if nothing is named."""
        return self.model or self.component or self.container or ""


@dataclass(frozen=True, slots=True)
class Platform:
    """What an endpoint is given by the emulator that it is part of."""

    clock: WorkClock
    deadlines: Deadlines
    source: Source
    tell: Callable[[str, str, Event], None]
    """Called with endpoint, variant and each event."""
    scale: float = 1.0
    """Factor on the platform's times."""
    seed: int = 0
    region: str = answers.REGION
    """Where the endpoints are said to be."""
    warn: Callable[[str], None] = logging.getLogger("asyncload.emulator").warning
    """Called with what whoever started the emulator ought to know."""

    @property
    def patience(self) -> Patience:
        """The platform's limits, scaled."""
        return Patience().scaled(self.scale)


@dataclass(slots=True, eq=False)
class Variant:
    """A variant with its instances."""

    played: VariantPlayed
    instances: list[Instance] = field(default_factory=list)
    """All, dead ones included."""
    routed: list[Instance] = field(default_factory=list)
    """Those that get requests."""
    made: int = 0
    """How many there have ever been."""


class Endpoint:
    """An endpoint that serves. `start` comes first."""

    def __init__(self, played: EndpointPlayed, platform: Platform) -> None:
        """
        Args:
            played: What it plays.
            platform: What it is part of.
        """
        self.played = played
        self.in_flight = 0
        """Requests between admission and reply."""
        self.variants = {variant.name: Variant(variant) for variant in played.variants}
        self._platform = platform
        self._draws = Random(f"{platform.seed}/{played.name}")  # noqa: S311  simulated traffic, not secrets
        self._choose = choice(list(accumulate(variant.weight for variant in played.variants)))
        self._overhead = quantile_function(played.overhead)
        self._tasks = set[asyncio.Task[None]]()
        self._returning: dict[Instance, asyncio.Task[None]] = {}
        """Who has died and may come back."""
        self._closing = False

    async def start(self) -> None:
        """
        Bring all instances into service.

        Raises:
            StartError: If a container cannot be had.
        """
        for variant in self.variants.values():
            for _ in range(variant.played.instances):
                await self.add(variant)

    async def invoke(self, visit: Visit, target: Target, sent: Sent) -> Answer:
        """Answer an invocation of `visit.model` when that is due; what it meets is noted in `visit`."""
        refusal = self._wrong_target(target, visit.id)
        if refusal is not None:
            return refusal
        if self.played.concurrency is not None and self.in_flight >= self.played.concurrency:
            return answers.throttled()
        variant = self._variant(target)
        if variant is None:
            return answers.no_variant(target.variant or "")
        visit.variant = variant.played.name
        if not variant.routed:
            return answers.unavailable()
        self.in_flight += 1
        try:
            answer = await self._served(visit, route(visit.model, variant.routed, self.played.spill), sent)
            await self._platform.deadlines.until(visit.due_ns)
            return answer
        finally:
            self.in_flight -= 1

    async def add(self, variant: Variant) -> str:
        """
        Bring one more instance into service.

        Returns:
            Its name.

        Raises:
            StartError: If its container cannot be had.
        """
        name = f"{variant.played.name}/{variant.made}"
        variant.made += 1
        backend = await self._platform.source.make(self.played, variant.played, name)

        def tell(event: Event) -> None:
            self._platform.tell(self.played.name, variant.played.name, event)

        platform = self._platform
        around = Around(
            self._residency(variant.played), platform.clock, platform.deadlines, platform.patience, tell, platform.warn
        )
        instance = Instance(name, backend, around)
        instance.fallen = lambda: self._await_return(variant, instance)
        variant.instances.append(instance)
        variant.routed.append(instance)
        tell(Event(name, "added", began_ns=monotonic_ns()))
        return name

    def remove(self, variant: Variant, instance: Instance) -> None:
        """Take an instance out of service: it gets no more requests, and ends when it has answered those it has."""
        variant.instances.remove(instance)
        _no_longer_routed(variant, instance)
        instance.fallen = _nobody_mourns
        if instance in self._returning:
            self._returning.pop(instance).cancel()
        self._spawn(self._drain(variant, instance))

    async def retire(self) -> None:
        """Answer what is in flight, then close."""
        try:
            while self.in_flight:  # noqa: ASYNC110  rare, and serving is not to pay for it
                await asyncio.sleep(DRAIN_INTERVAL_S)
        finally:
            await self.close()

    async def close(self) -> None:
        """End all instances, those included that are on their way out."""
        self._closing = True  # who drains closes its instance: cancelled, it would break that off
        for returning in self._returning.values():
            returning.cancel()
        instances = [each for variant in self.variants.values() for each in variant.instances]
        await all_ended(*self._tasks, *(each.close() for each in instances))

    def _wrong_target(self, target: Target, request_id: str) -> Answer | None:
        if self.played.multi_model and not target.model:
            return answers.no_target_model(request_id)
        if not self.played.multi_model and target.model:
            return answers.no_multi_model(self.played.name)
        return None

    def _variant(self, target: Target) -> Variant | None:
        if target.variant is not None:
            return self.variants.get(target.variant)
        if len(self.variants) == 1:
            return next(iter(self.variants.values()))
        return list(self.variants.values())[self._choose(self._draws.random())]

    async def _served(self, visit: Visit, instance: Instance, sent: Sent) -> Answer:
        visit.instance = instance.name
        visit.overhead_ns = round(self._overhead(self._draws.random()) * self._platform.scale)
        name = visit.model if self.played.multi_model else self.played.models[0].name
        if not self.played.multi_model and self._platform.source.artefacts is None:
            instance.preload(name)  # a real container has to load it, as any other
        began_ns = self._platform.clock.now_ns()
        try:
            inferred = await instance.serve(visit, name, sent)
        except NoModelError:
            return answers.no_model(name)
        except NotReadyError:
            return answers.not_ready(name)
        except LoadError as problem:
            return self._not_loaded(visit, name, problem)
        except LateError as late:
            visit.queue_ns, visit.service_ns = late.queue_ns, late.service_ns
            return self._timed_out(visit)
        except TimeoutError:
            visit.service_ns = self._waited_ns(visit, began_ns)
            return self._timed_out(visit)
        except DeadError:
            visit.queue_ns = self._waited_ns(visit, began_ns)
            return answers.failure()
        visit.queue_ns, visit.service_ns = inferred.queue_ns, inferred.service_ns
        visit.container_status, visit.inferred = inferred.status, True
        return self._answered(inferred)

    def _waited_ns(self, visit: Visit, began_ns: int) -> int:
        """Return how long a request has been with the container, whatever for: none of it is our own lateness."""
        return self._platform.clock.now_ns() - max(began_ns, visit.arrived_ns + visit.load_ns)

    def _timed_out(self, visit: Visit) -> Answer:
        visit.container_status, visit.inferred = 0, True
        return answers.timed_out(self.played.name, self._platform.region)

    def _answered(self, inferred: Inferred) -> Answer:
        if inferred.status in _OK:
            return Answer(200, inferred.body, content_type=inferred.content_type, attributes=inferred.custom_attributes)
        return answers.model_error(
            self.played.name, inferred.status, inferred.body.decode(errors="replace"), self._platform.region
        )

    def _not_loaded(self, visit: Visit, model: str, problem: LoadError) -> Answer:
        if problem.status == 404 and not isinstance(problem, NoMemoryError):
            return answers.no_model(model)
        visit.container_status = problem.status
        return answers.model_error(self.played.name, problem.status, problem.message, self._platform.region)

    def _residency(self, variant: VariantPlayed) -> Callable[[], Residency]:
        shape = variant.instance
        room = Room(shape.memory_bytes, shape.disk_bytes, shape.vcpus)
        ranking = RANKINGS[self.played.eviction]
        return lambda: Residency(room, ranking, cache=self.played.cache)

    def _await_return(self, variant: Variant, instance: Instance) -> None:
        returning = self._returning[instance] = self._spawn(self._mourn(variant, instance))
        returning.add_done_callback(lambda _: self._returning.pop(instance, None))

    async def _mourn(self, variant: Variant, instance: Instance) -> None:
        """After a death: notice it, and have the instance back when it is back, which may be sooner or never."""
        platform = self._platform
        detect_ns = platform.clock.now_ns() + round(self.played.detect_ns * platform.scale)
        noticed = platform.deadlines.call_at(detect_ns, lambda: _no_longer_routed(variant, instance))
        if not await instance.revive():
            return
        noticed.cancel()
        if instance not in variant.routed:
            variant.routed.append(instance)

    async def _drain(self, variant: Variant, instance: Instance) -> None:
        try:
            while instance.in_flight and not instance.down and not self._closing:  # noqa: ASYNC110  as in `retire`
                await asyncio.sleep(DRAIN_INTERVAL_S)
        finally:
            await instance.close()
        self._platform.tell(
            self.played.name, variant.played.name, Event(instance.name, "removed", began_ns=monotonic_ns())
        )

    def _spawn(self, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _no_longer_routed(variant: Variant, instance: Instance) -> None:
    if instance in variant.routed:
        variant.routed.remove(instance)


def _nobody_mourns() -> None:
    """It was to go anyway."""


async def all_ended(*endings: Awaitable[None]) -> None:
    """
    Wait for all of them, whatever becomes of any.

    Raises:
        Exception: The first that one of them raised; that one was cancelled is none.
    """
    for outcome in await asyncio.gather(*endings, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


def all_instances(endpoints: Sequence[Endpoint]) -> list[tuple[Endpoint, Variant, Instance]]:
    """Return every instance with what it belongs to."""
    return [
        (endpoint, variant, instance)
        for endpoint in endpoints
        for variant in endpoint.variants.values()
        for instance in variant.instances
    ]
