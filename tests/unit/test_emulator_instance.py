"""An instance with a simulated container, in virtual time: who waits for what, how long, and what they are told."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest

from asyncload.emulator import deadlines, freeze
from asyncload.emulator.behind.backend import DeadError, LateError, LoadError, NoMemoryError, Sent
from asyncload.emulator.behind.simulated import Simulated, Time
from asyncload.emulator.config.endpoint import Download, EndpointPlayed, InstancePlayed, ModelPlayed
from asyncload.emulator.config.laws import Fixed, LogNormal, LogNormalShape
from asyncload.emulator.deadlines import Deadlines, LoopTimer
from asyncload.emulator.freeze import WorkClock
from asyncload.emulator.platform import instance
from asyncload.emulator.platform.holdings import Place, Room
from asyncload.emulator.platform.instance import Around, Event, Instance, NoModelError, NotReadyError, Patience
from asyncload.emulator.platform.residency import Residency
from asyncload.emulator.platform.visit import Visit
from tests.unit.virtual import VirtualLoop

S = 1_000_000_000
SIZE = 100


def seconds(length_s: float) -> Fixed:
    return Fixed(fixed_ns=round(length_s * S))


QUICK = ModelPlayed(name="*", artefact_bytes=SIZE, memory_bytes=SIZE, service=seconds(1))
SLOW = replace(QUICK, name="slow", service=seconds(100))
PLAYED = EndpointPlayed(name="mme", models=(SLOW, QUICK), download=Download(latency=seconds(2)), load=seconds(3))
ROOMY = InstancePlayed(memory_bytes=10 * SIZE, disk_bytes=10 * SIZE)
NARROW = replace(ROOMY, memory_bytes=SIZE)
"""One model fits."""


@dataclass(frozen=True)
class Got:
    """What a request got."""

    tier: str
    """Where its model was."""
    answer: str
    """The status, or the name of the exception."""
    took_s: float
    visit: Visit


@dataclass
class World:
    """An instance with everything around it."""

    loop: VirtualLoop
    played: EndpointPlayed = PLAYED
    shape: InstancePlayed = ROOMY
    scale: float = 1.0
    make: Callable[[EndpointPlayed, InstancePlayed, Time, str], Simulated] = Simulated
    events: list[tuple[str, str]] = field(default_factory=list)
    """What happened to which model."""
    fallen: int = 0
    warned: list[str] = field(default_factory=list)

    def run(self, story: Callable[["World"], Awaitable[None]]) -> None:
        self.loop.run_until_complete(self._told(story))

    async def _told(self, story: Callable[["World"], Awaitable[None]]) -> None:
        self.start_ns = self.loop.monotonic_ns()
        self.clock = WorkClock()
        self.deadlines = Deadlines(self.clock, LoopTimer)
        self.backend = self.make(self.played, self.shape, Time(self.clock, self.deadlines, self.scale), "0")
        patience = Patience().scaled(self.scale)
        self.instance = Instance(
            "i",
            self.backend,
            Around(self.residency, self.clock, self.deadlines, patience, self.tell, self.warned.append),
        )
        self.instance.fallen = self.fall
        await story(self)
        await self.instance.close()
        self.deadlines.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    def residency(self) -> Residency:
        room = Room(self.shape.memory_bytes, self.shape.disk_bytes, self.shape.vcpus)
        return Residency(room, cache=self.played.cache)

    def tell(self, event: Event) -> None:
        self.events.append((event.what, event.model))

    def fall(self) -> None:
        self.fallen += 1

    def now_s(self) -> float:
        return (self.loop.monotonic_ns() - self.start_ns) / S

    async def ask(self, model: str) -> Got:
        began_s, now_ns = self.now_s(), self.clock.now_ns()
        visit = Visit("id", now_ns, "mme", model, arrived_ns=now_ns)
        try:
            answer = str((await self.instance.serve(visit, model, Sent(b"", at_ns=now_ns))).status)
        except LateError as late:
            visit.queue_ns, visit.service_ns = late.queue_ns, late.service_ns
            answer = "LateError"
        except (NoModelError, NotReadyError, LoadError, TimeoutError, DeadError) as problem:
            answer = f"{type(problem).__name__} {problem}".strip()
        return Got(visit.tier, answer, self.now_s() - began_s, visit)

    def begin(self, model: str) -> "asyncio.Task[Got]":
        return self.loop.create_task(self.ask(model))

    def stall(self, length_s: float) -> None:
        """From now on."""
        self.clock.stall(self.loop.monotonic_ns(), round(length_s * S))
        self.deadlines.rearm()

    async def at(self, moment_s: float) -> None:
        await asyncio.sleep(moment_s - self.now_s())


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    loop = VirtualLoop()
    for module in (deadlines, freeze, instance):
        monkeypatch.setattr(module, "monotonic_ns", loop.monotonic_ns)
    try:
        yield World(loop)
    finally:
        loop.close()


def about(length_s: float) -> object:
    """The loop's turns take time too."""
    return pytest.approx(length_s, abs=0.01)


def test_requests_for_a_cold_model_share_one_load(world: World) -> None:
    """Three ask while it is downloaded and loaded: all are answered when that is done, and the next finds it hot."""

    async def story(world: World) -> None:
        first = world.begin("a")
        await world.at(1)
        second = world.begin("a")
        await world.at(4)
        third = await world.ask("a")
        got = [await first, await second, third, await world.ask("a")]
        assert [each.tier for each in got] == ["cold", "loading", "loading", "hot"]
        assert {each.answer for each in got} == {"200"}
        assert [each.took_s for each in got] == [about(6), about(5), about(2), about(1)]
        assert [each.visit.load_ns / S for each in got] == [about(5), about(4), about(1), 0]
        assert world.events == [("download", "a"), ("load", "a")]

    world.run(story)


def test_after_60_s_a_request_sees_not_ready_and_the_load_goes_on(world: World) -> None:
    """The caller gets 429; one who comes later joins the same load, and one after that finds the model hot."""
    world.played = replace(PLAYED, load=seconds(88))

    async def story(world: World) -> None:
        early = await world.ask("a")
        assert (early.answer, early.took_s) == ("NotReadyError", about(60))
        later = await world.ask("a")
        assert (later.tier, later.answer, later.took_s) == ("loading", "200", about(31))
        assert (await world.ask("a")).tier == "hot"
        assert world.events == [("download", "a"), ("load", "a")]

    world.run(story)


def test_without_cache_a_long_load_still_serves_somebody(world: World) -> None:
    """A model that was loaded after its request had given up serves the next one, and goes when that leaves."""
    world.played = replace(PLAYED, load=seconds(88), cache=False)

    async def story(world: World) -> None:
        assert (await world.ask("a")).answer == "NotReadyError"
        await world.at(100)
        assert (await world.ask("a")).tier == "hot"
        assert (await world.ask("a")).tier == "warm"

    world.run(story)


def test_after_360_s_a_load_is_given_up(world: World) -> None:
    """Whoever waits then is told so; the artefact stays on disk, and the next request has it loaded anew."""
    world.played = replace(PLAYED, load=seconds(1000))

    async def story(world: World) -> None:
        assert (await world.ask("a")).answer == "NotReadyError"
        await world.at(350)
        last = await world.ask("a")
        assert (last.answer, last.took_s) == ("LoadError 504: the model was not loaded within 360 s", about(10))
        assert world.events == [("download", "a"), ("load_failed", "a")]
        again = world.begin("a")
        await world.at(400)
        assert world.instance.residency.place("a") is Place.LOADING
        await again

    world.run(story)


@pytest.mark.parametrize("step", ["download", "load"])
def test_a_mistake_of_the_emulators_own_costs_one_request_only(
    world: World, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits is told at once, the log has the traceback, and the place to load is free for the next."""
    world.shape = replace(ROOMY, vcpus=1)

    async def story(world: World) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(world.backend, step, _broken)
            got = await world.ask("a")
        assert got.answer == "LoadError 500: the emulator itself failed: ZeroDivisionError: of a test"
        assert got.took_s < 5
        (warned,) = world.warned
        assert f"{step} of a on i failed" in warned
        assert "Traceback" in warned
        assert (await world.ask("b")).answer == "200"

    world.run(story)


async def _broken(_model: str) -> None:
    raise ZeroDivisionError("of a test")


def test_a_stall_does_not_eat_into_the_60_s(world: World) -> None:
    """A load of 40 s with a stall of 30 s in between is in time; after 60 s of work it is not, whoever waits."""
    world.played = replace(PLAYED, load=seconds(38))

    async def story(world: World) -> None:
        asked = world.begin("a")
        await world.at(1)
        world.stall(30)
        got = await asked
        assert (got.answer, got.took_s) == ("200", about(71))

    world.run(story)


def test_a_stall_does_not_eat_into_the_360_s(world: World) -> None:
    """A load that is given up is given up that much later."""
    world.played = replace(PLAYED, load=seconds(1000))

    async def story(world: World) -> None:
        asked = world.begin("a")
        await world.at(10)
        world.stall(100)
        assert ((await asked).answer, world.now_s()) == ("NotReadyError", about(160))
        last = await world.ask("a")
        assert (last.answer, world.now_s()) == ("NotReadyError", about(220))
        await world.at(450)
        assert (await world.ask("a")).answer.startswith("LoadError 504")
        assert world.now_s() == about(460)

    world.run(story)


def test_a_stall_holds_back_a_replacement(world: World) -> None:
    """`detect` and `replace` are work too."""

    async def story(world: World) -> None:
        world.instance.kill()
        world.stall(30)
        assert await world.instance.revive()
        assert world.now_s() == about(280)

    world.run(story)


def test_each_load_has_360_s_of_its_own(world: World) -> None:
    """A model that was loaded, went, and is on its way again is not given up when the first load would have been."""
    world.played = replace(PLAYED, download=Download(latency=seconds(30)), load=seconds(0))
    world.shape = replace(NARROW, disk_bytes=SIZE)

    async def story(world: World) -> None:
        for model in ("a", "b"):
            await world.ask(model)
        await world.at(340)
        assert ((await world.ask("a")).answer, world.now_s()) == ("200", about(371))

    world.run(story)


def test_after_360_s_nobody_waits_for_room(world: World) -> None:
    """A model that never gets room is given up likewise, though no step of it is under way."""
    world.shape = NARROW

    async def story(world: World) -> None:
        busy = [world.begin("slow")]
        await world.at(6)
        first = world.begin("a")
        for moment_s in range(30, 390, 30):  # each request holds its model for 60 s
            await world.at(moment_s)
            busy.append(world.begin("slow"))
        last = await world.ask("a")
        assert (await first).answer == "NotReadyError"
        assert (last.tier, last.answer) == ("loading", "LoadError 504: the model was not loaded within 360 s")
        assert world.now_s() == about(366)
        assert ("unload", "slow") not in world.events
        await asyncio.gather(*busy)

    world.run(story)


def test_who_comes_for_what_never_fits_is_told_at_once(world: World) -> None:
    """The refusal comes before anybody has waited, and must not get lost for that."""
    world.played = replace(PLAYED, models=(replace(QUICK, memory_bytes=11 * SIZE),))

    async def story(world: World) -> None:
        got = await world.ask("a")
        assert got.answer == "NoMemoryError 507: the model is larger than the memory of the instance"
        assert got.took_s == about(0)
        assert (world.events, world.instance.residency.models) == ([], 0)

    world.run(story)


def test_an_unknown_model_takes_nothing(world: World) -> None:
    """Without an artefact nothing is noted, and nothing begun."""
    world.played = replace(PLAYED, models=(replace(QUICK, name="b"),))

    async def story(world: World) -> None:
        assert (await world.ask("a")).answer == "NoModelError"
        assert (world.events, world.instance.in_flight) == ([], 0)

    world.run(story)


def test_a_full_queue_is_the_containers_503_and_each_model_has_its_own(world: World) -> None:
    """One worker and one place: the third request for a model sees 503 at once, another model's waits."""
    world.shape = replace(ROOMY, workers=1, queue=1)

    async def story(world: World) -> None:
        for model in ("a", "b"):
            await world.ask(model)
        began_s = world.now_s()
        asked = [world.begin(model) for model in ("a", "a", "a", "b")]
        got = [await task for task in asked]
        assert [each.answer for each in got] == ["200", "200", "503", "200"]
        assert [each.took_s for each in got] == [about(1), about(2), about(0), about(3)]
        assert world.now_s() - began_s == about(3)

    world.run(story)


def test_an_abandoned_request_keeps_its_worker(world: World) -> None:
    """The container does not know that the caller has gone; the instance does, and counts it no more."""
    world.shape = replace(ROOMY, workers=1)

    async def story(world: World) -> None:
        await world.ask("a")
        gone = world.begin("a")
        await asyncio.sleep(0.5)
        gone.cancel()
        await asyncio.wait({gone})
        assert (world.instance.in_flight, world.backend.busy()) == (0, 1)
        assert (await world.ask("a")).took_s == about(1.5)

    world.run(story)


def test_a_load_goes_on_for_those_who_still_wait(world: World) -> None:
    """The request that began it goes away, the one that joined is answered; and so is one after all have gone."""

    async def story(world: World) -> None:
        gone, stays = world.begin("a"), world.begin("a")
        alone = world.begin("b")
        await world.at(1)
        for task in (gone, alone):
            task.cancel()
        assert ((await stays).answer, (await world.ask("b")).tier) == ("200", "hot")

    world.run(story)


def test_the_first_inference_after_a_load_is_slower(world: World) -> None:
    """Once for each load, and not spent on a request that found the queue full."""
    world.played = replace(PLAYED, models=(SLOW, replace(QUICK, first_inference=seconds(4))))
    world.shape = replace(NARROW, workers=1, queue=0, memory_bytes=2 * SIZE)

    async def story(world: World) -> None:
        assert [(await world.ask("a")).visit.load_ns / S, (await world.ask("a")).took_s] == [about(5), about(1)]
        slow = world.begin("slow")
        await world.at(20)
        assert (await world.ask("b")).answer == "503"
        await slow
        await world.at(120)
        assert [(await world.ask("b")).took_s, (await world.ask("b")).took_s] == [about(5), about(1)]
        again = await world.ask("a")
        assert (again.tier, again.took_s) == ("warm", about(3 + 5))

    world.run(story)


def test_time_in_the_queue_is_no_service_even_if_it_is_all_there_is(world: World) -> None:
    """Of two with one worker that takes 100 s the first had it for 60 s, the second never."""
    world.shape = replace(ROOMY, workers=1)
    world.played = replace(PLAYED, download=Download(), load=seconds(0))

    async def story(world: World) -> None:
        got = [await task for task in (world.begin("slow"), world.begin("slow"))]
        assert [each.answer for each in got] == ["LateError"] * 2
        split_s = [(each.visit.queue_ns / S, each.visit.service_ns / S) for each in got]
        assert split_s == [(about(0), about(60)), (about(60), about(0))]

    world.run(story)


def test_a_kill_is_seen_by_everybody_at_once(world: World) -> None:
    """In service, in the queue, waiting for a load, and after it: DeadError; nothing of the old steps is told."""
    world.shape = replace(ROOMY, workers=1)

    async def story(world: World) -> None:
        await world.ask("a")
        asked = [world.begin(model) for model in ("a", "a", "b", "b")]
        await asyncio.sleep(0.5)
        new = world.begin("c")
        await asyncio.sleep(0)  # its download has been decided on, and not begun
        world.instance.kill()
        got = [await task for task in (*asked, new)]
        assert {each.answer.split()[0] for each in got} == {"DeadError"}
        assert [each.took_s for each in got] == [about(0.5)] * 4 + [about(0)]
        assert (await world.ask("a")).answer == "DeadError the instance is dead"
        assert world.events == [("download", "a"), ("load", "a"), ("down", "")]
        assert (world.instance.in_flight, world.instance.residency.models, world.fallen) == (0, 0, 1)

    world.run(story)


def test_a_kill_ends_what_would_not_see_it(world: World) -> None:
    """Unpacking an artefact knows nothing of the container; it ends, and leaves nothing on the new instance."""
    world.make = Full

    async def story(world: World) -> None:
        asked = world.begin("large")
        await world.at(1)
        world.instance.kill()
        assert (await asked).answer.startswith("DeadError")
        assert asyncio.all_tasks() == {asyncio.current_task()}

    world.run(story)


def test_it_comes_back_empty(world: World) -> None:
    """After the time to notice and the time to replace it; what was hot is cold, and slow at first again."""
    world.played = replace(PLAYED, models=(replace(QUICK, first_inference=seconds(4)),))

    async def story(world: World) -> None:
        await world.ask("a")
        killed_s = world.now_s()
        world.instance.kill()
        assert await world.instance.revive()
        assert world.now_s() - killed_s == about(250)
        got = await world.ask("a")
        assert (got.tier, got.answer, got.took_s) == ("cold", "200", about(10))
        assert world.events == [("download", "a"), ("load", "a"), ("down", ""), ("up", ""), *world.events[:2]]

    world.run(story)


def test_work_dies_with_the_container(world: World) -> None:
    """Neither a busy worker nor a place in a queue is left to the one that replaces it."""
    world.played = replace(PLAYED, download=Download(), load=seconds(0), detect_ns=0, replace_ns=0)
    world.shape = replace(ROOMY, workers=1, queue=1)

    async def story(world: World) -> None:
        old = [world.begin("slow") for _ in range(2)]
        await world.at(1)
        world.instance.kill()
        assert {(await task).answer.split()[0] for task in old} == {"DeadError"}
        assert await world.instance.revive()
        assert (await world.ask("a")).took_s == about(1)
        new = [world.begin("slow") for _ in range(2)]
        await asyncio.sleep(1)
        assert not any(task.done() for task in new)
        world.instance.kill()
        await asyncio.wait(new)

    world.run(story)


def test_a_fault_keeps_a_worker_longer(world: World) -> None:
    """What a fault adds counts as service: whoever comes next waits for it."""
    world.shape = replace(ROOMY, workers=1)

    async def story(world: World) -> None:
        await world.ask("a")
        faulty = world.loop.create_task(
            world.backend.invoke("a", Sent(b"", at_ns=world.clock.now_ns(), extra_ns=5 * S))
        )
        await asyncio.sleep(0)
        assert (await world.ask("a")).took_s == about(7)
        assert (await faulty).service_ns == 6 * S

    world.run(story)


def test_who_is_dead_already_does_not_die_again(world: World) -> None:
    """A second kill is no second death: one replacement is under way, and must not become two."""

    async def story(world: World) -> None:
        world.instance.kill()
        world.instance.kill()
        assert (world.events, world.fallen) == ([("down", "")], 1)

    world.run(story)


@pytest.mark.parametrize("by", ["kill", "itself"])
def test_whoever_finds_it_dead_it_dies_once(world: World, by: str) -> None:
    """A killed process is found dead by who watches it too, a moment later; that is the same death."""
    world.make = Full

    async def story(world: World) -> None:
        assert isinstance(world.backend, Full)
        await world.ask("a")
        if by == "kill":
            world.instance.kill()
        world.backend.found_dead()
        world.backend.found_dead()
        assert (world.events[2:], world.fallen) == ([("down", "")], 1)
        assert (world.instance.down, world.instance.residency.models) == (True, 0)

    world.run(story)


def test_it_may_never_be_replaced(world: World) -> None:
    """Without `replace` a dead instance stays dead."""
    world.played = replace(PLAYED, replace_ns=None)

    async def story(world: World) -> None:
        world.instance.kill()
        assert not await world.instance.revive()
        assert (await world.ask("a")).answer == "DeadError the instance is dead"

    world.run(story)


def test_after_60_s_the_container_has_timed_out(world: World) -> None:
    """The caller is told, the worker goes on, and the next request waits for it."""
    world.shape = replace(ROOMY, workers=1)

    async def story(world: World) -> None:
        for model in ("a", "b"):
            await world.ask(model)
        began_s = world.now_s()
        late = await world.ask("slow")
        assert (late.answer, late.took_s) == ("LateError", about(5 + 60))
        assert (await world.ask("a")).answer == "200"
        assert world.now_s() - began_s == about(5 + 100 + 1)

    world.run(story)


def test_a_model_is_not_unloaded_under_a_request(world: World) -> None:
    """With room for one model, the second is loaded when the first one's request has ended."""
    world.shape = NARROW
    world.played = replace(PLAYED, unload=seconds(2), models=(replace(QUICK, service=seconds(20)),))

    async def story(world: World) -> None:
        first = world.begin("a")
        await world.at(6)
        second = await world.ask("b")
        assert (await first).took_s == about(25)
        assert second.took_s == about(19 + 2 + 3 + 20)
        assert [what for what, _ in world.events] == ["download", "load", "download", "unload", "load"]
        assert world.instance.memory_share() == 1

    world.run(story)


def test_a_scale_shortens_all_times(world: World) -> None:
    """Downloads, loads, service, the platform's patience and the replacement of an instance."""
    world.played = replace(PLAYED, load=seconds(88))
    world.scale = 0.01

    async def story(world: World) -> None:
        assert (await world.ask("a")).took_s == about(0.6)
        assert (await world.ask("a")).took_s == about(0.31)
        world.instance.kill()
        killed_s = world.now_s()
        await world.instance.revive()
        assert world.now_s() - killed_s == about(2.5)

    world.run(story)


def test_a_stall_delays_a_load_by_its_length(world: World) -> None:
    """A load takes work time, which stands still meanwhile."""

    async def story(world: World) -> None:
        asked = world.begin("a")
        await world.at(1)
        world.clock.stall(world.loop.monotonic_ns(), 10 * S)
        world.deadlines.rearm()
        assert (await asked).took_s == about(16)

    world.run(story)


def test_bytes_take_their_time(world: World) -> None:
    """A download takes its latency and size over bandwidth; a model may have a download of its own."""
    own = replace(QUICK, name="b", download=Download(latency=seconds(1)))
    download = Download(latency=seconds(2), bandwidth_bytes_per_s=10)
    world.played = replace(PLAYED, models=(own, QUICK), download=download)

    async def story(world: World) -> None:
        assert (await world.ask("a")).took_s == about(2 + 10 + 3 + 1)
        assert (await world.ask("b")).took_s == about(1 + 3 + 1)

    world.run(story)


def test_what_a_model_draws_does_not_depend_on_its_loads(world: World) -> None:
    """Service times and errors are the same whether a model is loaded once or for each request."""
    lognormal = LogNormal(lognormal=LogNormalShape(median_ns=S, sigma=0.5))
    model = replace(QUICK, service=lognormal, first_inference=lognormal, error_ratio=0.5)
    drawn: dict[bool, list[tuple[str, int]]] = {True: [], False: []}

    async def story(world: World) -> None:
        for _ in range(20):
            sent = Sent(b"", at_ns=world.clock.now_ns())
            if not world.played.cache:
                await world.backend.load("a")
            got = await world.backend.invoke("a", sent)
            drawn[world.played.cache].append((str(got.status), got.service_ns))

    for cache in (True, False):
        world.played = replace(
            PLAYED, models=(replace(model, first_inference=seconds(0)),), load=lognormal, cache=cache
        )
        world.run(story)
    assert drawn[True] == drawn[False]
    assert {status for status, _ in drawn[True]} == {"200", "500"}


class Full(Simulated):
    """
    A container that says 507 while more than one model is loaded, with a disk that breaks or is slow.

    Somebody watches its process.
    """

    loaded = 0

    async def download(self, model: str) -> None:
        if model == "broken":
            raise OSError(28, "No space left on device")
        if model == "large":
            await asyncio.sleep(1000)
        await super().download(model)

    async def load(self, model: str) -> None:
        await super().load(model)
        if self.loaded:
            raise NoMemoryError(507, "no memory")
        self.loaded += 1

    async def unload(self, model: str) -> None:
        await super().unload(model)
        self.loaded -= 1

    def on_death(self, tell: Callable[[], None]) -> None:
        self.found_dead = tell


def test_a_container_without_memory_gets_less_to_hold(world: World) -> None:
    """Its 507 is not the caller's: an idle model goes, and the load is tried again."""
    world.played = replace(PLAYED, models=(replace(QUICK, memory_bytes=0),))
    world.make = Full

    async def story(world: World) -> None:
        await world.ask("a")
        got = await world.ask("b")
        assert (got.answer, got.took_s) == ("200", about(2 + 3 + 3 + 1))
        tail = [("download", "b"), ("load_failed", "b"), ("unload", "a"), ("load", "b")]
        assert world.events[2:] == tail

    world.run(story)


def test_a_disk_that_breaks_is_told_and_not_waited_for(world: World) -> None:
    """An error of the machine's own disk ends the load, and the next one has its place."""
    world.make = Full

    async def story(world: World) -> None:
        got = await world.ask("broken")
        assert got.answer.startswith("LoadError 500: the disk of the emulator's own machine")
        assert world.events == [("download_failed", "broken")]
        assert (await world.ask("a")).answer == "200"

    world.run(story)


def test_a_model_that_is_always_there(world: World) -> None:
    """Preloaded, it is hot without any event, once."""

    async def story(world: World) -> None:
        for _ in range(2):
            world.instance.preload("a")
            assert (await world.ask("a")).tier == "hot"
        assert (world.events, world.instance.models(), world.instance.memory_share()) == ([], 1, 0.1)

    world.run(story)
