"""
One instance: it serves requests, and carries out what its residency decides on its backend.

    arrive -> hot? -> no: wait until it is loaded, at most 60 s (429); the load goes on, at most 360 s
           -> invoke -> leave

Requests for a model that is being loaded wait for one and the same future. When the container dies, everybody who waits
sees DeadError, and so does everybody who comes until it is back; it comes back empty.
"""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from time import monotonic_ns

from asyncload.emulator.behind.backend import (
    ANSWER_LIMIT_NS,
    LOAD_LIMIT_NS,
    Backend,
    DeadError,
    Footprint,
    Inferred,
    LoadError,
    Sent,
)
from asyncload.emulator.deadlines import Deadlines
from asyncload.emulator.freeze import WorkClock
from asyncload.emulator.platform.holdings import Place
from asyncload.emulator.platform.residency import Residency
from asyncload.emulator.platform.steps import Act, Step, Tier
from asyncload.emulator.platform.visit import Visit


class NotReadyError(Exception):
    """The model is still being downloaded or loaded; a later request may find it."""


class NoModelError(Exception):
    """There is no artefact of that name."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the platform waits, in work time."""

    answer_ns: int = ANSWER_LIMIT_NS
    """A request for its model, and then for the container's answer."""
    load_ns: int = LOAD_LIMIT_NS
    """Everybody, for a download and a load together."""

    def scaled(self, factor: float) -> "Patience":
        """Return that many times as much patience."""
        return Patience(round(self.answer_ns * factor), round(self.load_ns * factor))


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened on an instance."""

    instance: str
    what: str
    """download, load, unload, delete; the same with _failed; down, up, added, removed."""
    model: str = ""
    began_ns: int = 0
    """CLOCK_MONOTONIC."""
    took_ns: int = 0
    size_bytes: int = 0
    """On disk for download and delete, in memory for load and unload."""


@dataclass(frozen=True, slots=True)
class Around:
    """What an instance is given by its endpoint."""

    residency: Callable[[], Residency]
    """Makes an empty one; called at the start and after each death."""
    clock: WorkClock
    """Work time."""
    deadlines: Deadlines
    """Waits for its moments."""
    patience: Patience
    """The platform's limits."""
    tell: Callable[[Event], None]
    """Called with each event."""
    warn: Callable[[str], None] = logging.getLogger("asyncload.emulator").warning
    """Called with what whoever started the emulator ought to know."""


@dataclass(frozen=True, slots=True)
class _Wait:
    """Requests that wait for one model."""

    over: "asyncio.Future[None]"
    """Done when the model is loaded, failed when it will not be."""
    late: "asyncio.Future[None]"
    """Done when it is given up."""


class Instance:
    """One instance of a variant. Belongs to one event loop."""

    def __init__(self, name: str, backend: Backend, around: Around) -> None:
        """
        Args:
            name: Variant and number, such as AllTraffic/0.
            backend: What stands behind it.
            around: What it is given by its endpoint.
        """
        self.name = name
        self.in_flight = 0
        """Requests here, waiting ones included."""
        self.down = False
        """Whether the container is dead."""
        self.fallen: Callable[[], None] = _nothing
        """Called when it has died."""
        self.backend = backend
        self.residency = around.residency()
        self._around = around
        self._clock = around.clock
        self._deadlines = around.deadlines
        self._patience = around.patience
        self._tell = around.tell
        self._loop = asyncio.get_running_loop()
        self._waits: dict[str, _Wait] = {}
        """By model, of those that are on their way."""
        self._tasks = set[asyncio.Task[None]]()
        backend.on_death(lambda: self._fall(self.residency))

    def holds(self, model: str) -> bool:
        """Say whether a model is here, or about to be."""
        return self.residency.holds(model)

    def memory_share(self) -> float:
        """Return the part of the memory that models take, from 0 to 1."""
        return self.residency.memory_used_bytes / self.residency.room.memory_bytes

    def models(self) -> int:
        """Return how many models are here, on their way here or on their way out."""
        return self.residency.models

    def preload(self, model: str) -> None:
        """Have a model loaded without any load, unless it is; for endpoints of one model."""
        footprint = self.backend.footprint(model)
        if footprint is not None and self.residency.place(model) is Place.COLD:
            self.residency.preload(model, footprint, self._clock.now_ns())

    async def serve(self, visit: Visit, model: str, sent: Sent) -> Inferred:
        """
        Have a request answered by the container.

        Raises:
            NoModelError: If there is no such artefact.
            NotReadyError: If the model is not loaded in time.
            LoadError: If it cannot be loaded.
            TimeoutError: If the container does not answer in time.
            DeadError: If it is dead, or dies.
        """
        if self.down:
            raise DeadError("the instance is dead")
        footprint = self.backend.footprint(model)
        if footprint is None:
            raise NoModelError
        residency = self.residency
        self.in_flight += 1
        visit.tier = tier = residency.arrive(model, footprint, visit.arrived_ns)
        try:
            if tier is not Tier.HOT:
                sent = await self._when_loaded(visit, model, sent)
            return await self.backend.invoke(model, sent)
        except DeadError:
            self._fall(residency)
            raise
        finally:
            self.in_flight -= 1
            if residency is self.residency:
                residency.leave(model)
                self._advance()

    def kill(self) -> None:
        """Die at once, unless it is dead already."""
        if not self.down:
            self.backend.kill()
            self._fall(self.residency)

    async def revive(self) -> bool:
        """Return True once the container is back; False if it will never be."""
        if not await self.backend.revive():
            return False
        self.down = False
        self._tell(Event(self.name, "up", began_ns=monotonic_ns()))
        return True

    async def close(self) -> None:
        """End all that is under way."""
        self._fall(self.residency, quiet=True)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.backend.close()

    async def _when_loaded(self, visit: Visit, model: str, sent: Sent) -> Sent:
        wait = self._waits.get(model) or self._wait(model)
        self._advance()  # which may settle it at once
        late = self._deadlines.moment(visit.arrived_ns + self._patience.answer_ns)
        try:
            await asyncio.wait({wait.over, late}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            late.cancel()
            now_ns = self._clock.now_ns()
            visit.load_ns = now_ns - visit.arrived_ns
        if not wait.over.done():
            raise NotReadyError
        wait.over.result()
        return replace(sent, at_ns=now_ns)

    def _wait(self, model: str) -> _Wait:
        over = self._loop.create_future()
        over.add_done_callback(asyncio.Future.exception)  # all who waited may have given up by then
        late_ns = self._clock.now_ns() + self._patience.load_ns
        late = self._deadlines.call_at(late_ns, lambda: self._too_late(model))
        wait = self._waits[model] = _Wait(over, late)
        return wait

    def _settle(self, model: str, error: Exception | None) -> None:
        """Tell everybody who waits for a model."""
        wait = self._waits.pop(model, None)
        if wait is not None:
            wait.late.cancel()
            if error is None:
                wait.over.set_result(None)
            else:
                wait.over.set_exception(error)

    def _too_late(self, model: str) -> None:
        self.residency.abandon(model, self._late_error())
        self._advance()

    def _late_error(self) -> LoadError:
        return LoadError(504, f"the model was not loaded within {self._patience.load_ns / 1e9:g} s")

    def _advance(self) -> None:
        """Begin the steps that the residency wants."""
        for step in self.residency.steps():
            if step.act is Act.GIVE_UP:
                self._settle(step.model, step.error)
            else:
                task = self._loop.create_task(self._carry_out(step, self.residency))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, step: Step, residency: Residency) -> None:
        began_ns = monotonic_ns()
        error: LoadError | None = None
        try:
            await self._do(step)
        except LoadError as problem:
            error = problem
        except TimeoutError:
            error = self._late_error()
        except OSError as problem:
            error = LoadError(500, f"the disk of the emulator's own machine: {problem}")
        except DeadError:
            self._fall(residency)
        except Exception as problem:  # noqa: BLE001  whatever it is, the model's place to load must come free again
            error = self._unforeseen(step, problem)
        if residency is not self.residency:
            return  # the instance has died meanwhile, and what it held is gone
        self._tell(self._event(step, began_ns, error))
        if error is None or step.act in {Act.UNLOAD, Act.DELETE}:
            residency.done(step, self._clock.now_ns())
            if step.act is Act.LOAD:
                self._settle(step.model, None)
        elif residency.failed(step, error):
            self._settle(step.model, error)
        self._advance()

    def _unforeseen(self, step: Step, problem: Exception) -> LoadError:
        self._around.warn(
            f"{step.act} of {step.model} on {self.name} failed inside the emulator, a mistake of its own:\n"
            + "".join(traceback.format_exception(problem))
        )
        return LoadError(500, f"the emulator itself failed: {type(problem).__name__}: {problem}")

    async def _do(self, step: Step) -> None:
        match step.act:
            case Act.DOWNLOAD:
                async with _until(self._waits[step.model].late):
                    await self.backend.download(step.model)
            case Act.LOAD:
                async with _until(self._waits[step.model].late):
                    await self.backend.load(step.model)
            case Act.UNLOAD:
                await self.backend.unload(step.model)
            case Act.DELETE:
                await self.backend.delete(step.model)

    def _event(self, step: Step, began_ns: int, error: LoadError | None) -> Event:
        footprint = self.backend.footprint(step.model)
        return Event(
            self.name,
            step.act if error is None else f"{step.act}_failed",
            step.model,
            began_ns,
            monotonic_ns() - began_ns,
            _size_bytes(step.act, footprint),
        )

    def _fall(self, residency: Residency, *, quiet: bool = False) -> None:
        """Note that the container has died while `residency` was what it held; several may find that out."""
        if self.down or residency is not self.residency:
            return
        self.residency = self._around.residency()
        self.down = True
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()  # one that has not begun, or is busy on this machine's disk, would not see the death
        for model in list(self._waits):
            self._settle(model, DeadError("the instance died while the model was being loaded"))
        if not quiet:
            self._tell(Event(self.name, "down", began_ns=monotonic_ns()))
            self.fallen()


@asynccontextmanager
async def _until(late: "asyncio.Future[None]") -> AsyncIterator[None]:
    """Break off what is inside with TimeoutError when `late` is done."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as limit:

        def ring(done: "asyncio.Future[None]") -> None:
            if not done.cancelled():
                limit.reschedule(loop.time())

        late.add_done_callback(ring)
        try:
            yield
        finally:
            late.remove_done_callback(ring)


def _size_bytes(act: Act, footprint: Footprint | None) -> int:
    if footprint is None:
        return 0
    return footprint.memory_bytes if act in {Act.LOAD, Act.UNLOAD} else footprint.disk_bytes


def _nothing() -> None:
    """Tell nobody."""
