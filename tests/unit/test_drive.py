"""The drive on a virtual clock: never early, never waiting, every arrival once."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from asyncload.call import Call, Done, Outcome, Reply, TransportNotes
from asyncload.calls import key
from asyncload.drive import Drive, Tally, Wiring, crowd, waiting, walk
from asyncload.record import Recorder
from asyncload.stages import Block, OpenStage

MS = 1_000_000
BURST = 16


@dataclass
class VirtualClock:
    """Time that passes only when somebody looks at it, or when `run_until_over` has nothing else to do."""

    now_ns: int = 1_000 * MS
    tick_ns: int = 100
    """What each look costs."""
    at_ns: int | None = None
    ring: Callable[[], None] | None = None
    rings: int = 0
    jumps: dict[int, int] = field(default_factory=dict)
    """At which ring the machine stands still, and for how long."""

    def monotonic_ns(self) -> int:
        self.now_ns += self.tick_ns
        return self.now_ns

    def alarm(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> "VirtualClock":
        self.ring = ring
        return self

    def set(self, at_ns: int) -> None:
        self.at_ns = at_ns

    def clear(self) -> None:
        self.at_ns = None

    def close(self) -> None:
        self.at_ns = self.ring = None

    async def run_until_over(self, running: "asyncio.Task[None]", after_ring: Callable[[], None]) -> None:
        await asyncio.sleep(0)
        while not running.done():
            if self.at_ns is not None and self.ring is not None:
                self.now_ns = max(self.now_ns, self.at_ns) + self.jumps.get(self.rings, 0)
                self.rings += 1
                self.ring()
            after_ring()
            await asyncio.sleep(0)


class Wire:
    """A transport that keeps what it was sent; replies come when a test says so."""

    def __init__(self, clock: VirtualClock, answer: Callable[["Wire", Call, Done], None]) -> None:
        self.clock = clock
        self.answer = answer
        self.calls: list[tuple[int, Call]] = []
        self.open_calls: list[Done] = []
        self.per_ring: dict[int, int] = {}

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    def notes(self) -> TransportNotes:
        return TransportNotes()

    def send(self, call: Call, done: Done) -> None:
        self.calls.append((self.clock.now_ns, call))
        self.per_ring[self.clock.rings] = self.per_ring.get(self.clock.rings, 0) + 1
        self.answer(self, call, done)

    def reply(self, done: Done) -> None:
        done(Reply(self.clock.now_ns, self.clock.now_ns, self.clock.now_ns, Outcome.OK, 1))


def at_once(wire: Wire, call: Call, done: Done) -> None:
    wire.reply(done)


def never(wire: Wire, call: Call, done: Done) -> None:
    wire.open_calls.append(done)


@dataclass
class World:
    """A drive with everything around it."""

    monkeypatch: pytest.MonkeyPatch
    due_ns: list[int]
    in_flight: int = 1_000_000
    blocks_of: int = 10
    answer: Callable[[Wire, Call, Done], None] = at_once
    clock: VirtualClock = field(default_factory=VirtualClock)

    def __post_init__(self) -> None:
        for module in (crowd, walk):
            self.monkeypatch.setattr(module, "monotonic_ns", self.clock.monotonic_ns)
        self.monkeypatch.setattr(waiting, "alarm", self.clock.alarm)
        self.models = np.arange(len(self.due_ns), dtype=np.uint32) % 3
        self.calls = {key(m, p): Call(m, "/", (), b"", "") for m in range(3) for p in range(5)}
        self.recorder = Recorder(3, samples=True)
        self.tally = Tally(self.recorder)
        self.wire = Wire(self.clock, self.answer)
        self.start_ns = self.clock.now_ns + 50 * MS

    def blocks(self) -> Iterator[Block]:
        payload = np.arange(len(self.due_ns), dtype=np.uint32) % 5
        for i in range(0, len(self.due_ns), self.blocks_of):
            part = slice(i, i + self.blocks_of)
            yield Block(np.array(self.due_ns[part], np.int64), self.models[part], payload[part])

    def make(self, blocks: Iterator[Block]) -> Drive:
        wiring = Wiring(self.calls, self.wire.send, self.recorder, self.tally, self.in_flight)
        return Drive([OpenStage(blocks)], wiring)

    def run(self, *, after_ring: Callable[[], None] = lambda: None, blocks: Iterator[Block] | None = None) -> Tally:
        async def main() -> Tally:
            self.drive = self.make(blocks or self.blocks())
            running = asyncio.create_task(self.drive.run(self.start_ns))
            await self.clock.run_until_over(running, after_ring)
            await running
            return self.tally

        return asyncio.run(main())

    def rows(self) -> list[list[int]]:
        rows = self.recorder.tick().rows
        return [] if rows is None else rows.tolist()


@pytest.mark.parametrize("blocks_of", [1, 7, 16, 1000])
def test_every_arrival_is_sent_once_in_order_and_never_early(monkeypatch: pytest.MonkeyPatch, blocks_of: int) -> None:
    """With its own model and payload, whatever the size of the blocks; bursts, pauses and equal due times included."""
    due_ns = [0, 0, 0, 1, 2_500, *range(5_000, 400_000, 1_000), *range(MS, 40 * MS, MS), *[50 * MS] * 100]
    world = World(monkeypatch, due_ns, blocks_of=blocks_of)
    world.run()
    assert world.tally.sent == world.tally.planned == len(due_ns)
    assert [call for _, call in world.wire.calls] == [world.calls[key(i % 3, i % 5)] for i in range(len(due_ns))]
    assert [at - world.start_ns >= due for (at, _), due in zip(world.wire.calls, due_ns, strict=True)] == [True] * len(
        due_ns
    )
    assert sorted((row[1] - world.start_ns, row[0]) for row in world.rows()) == sorted(
        (due, i % 3) for i, due in enumerate(due_ns)
    )


def test_an_alarm_that_rings_early_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock decides, not the alarm."""
    world = World(monkeypatch, [10 * MS], clock=VirtualClock(tick_ns=3 * MS))
    set_at = world.clock.set
    monkeypatch.setattr(world.clock, "set", lambda at_ns: set_at(at_ns - 8 * MS))
    world.run()
    assert world.clock.rings > 1
    assert world.wire.calls[0][0] >= world.start_ns + 10 * MS


def test_a_late_drive_sends_at_most_a_burst_per_wake_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After 100 ms of standing still at 10,000/s, 1,000 arrivals are due: they go 16 at a time, all of them."""
    due_ns = list(range(0, 200 * MS, MS // 10))
    world = World(monkeypatch, due_ns, blocks_of=4096, clock=VirtualClock(jumps={50: 100 * MS}))
    world.run()
    assert world.tally.sent == len(due_ns)
    assert max(world.wire.per_ring.values()) == BURST
    assert sum(count == BURST for count in world.wire.per_ring.values()) >= 1000 // BURST


def test_arrivals_beyond_in_flight_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is delayed: with 5 places and no reply the sixth and all later arrivals are dropped when they are due."""
    due_ns = list(range(0, 20 * MS, MS))
    world = World(monkeypatch, due_ns, in_flight=5, answer=never)
    world.run()
    assert (world.tally.sent, world.tally.dropped, world.tally.in_flight) == (5, 15, 5)
    assert world.tally.peak_in_flight == 5
    rows = world.rows()
    assert [row[5] for row in rows] == [Outcome.DROPPED] * 15
    assert [row[1] - world.start_ns for row in rows] == due_ns[5:]
    assert all(row[2] == 0 and 0 <= row[4] - row[1] < MS // 10 for row in rows)


def test_a_place_is_free_again_when_its_reply_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """With 2 places and a reply to everything every fourth arrival, 2 of 4 are sent."""
    due_ns = list(range(0, 40 * MS, MS))
    world = World(monkeypatch, due_ns, in_flight=2, answer=never)

    def after_ring() -> None:
        if world.tally.planned % 4 == 0:
            for done in world.wire.open_calls:
                world.wire.reply(done)
            world.wire.open_calls.clear()

    world.run(after_ring=after_ring)
    assert (world.tally.sent, world.tally.dropped, world.tally.in_flight) == (20, 20, 0)


def test_a_reply_inside_send_leaves_its_place_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """One place is enough for a transport that answers at once, arrival by arrival."""
    world = World(monkeypatch, list(range(0, 50 * MS, MS)), in_flight=1)
    world.run()
    assert (world.tally.sent, world.tally.dropped, world.tally.in_flight) == (50, 0, 0)
    assert world.recorder.recorded == 50


def test_stop_sends_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, list(range(0, 50 * MS, MS)), answer=never)

    def after_ring() -> None:
        if world.tally.sent == 7:
            world.drive.stop()
            if world.clock.ring is not None:
                world.clock.now_ns += 20 * MS
                world.clock.ring()  # an alarm that was under way

    world.run(after_ring=after_ring)
    assert world.tally.sent == len(world.wire.calls) == world.tally.in_flight == 7
    assert world.clock.at_ns is None


def test_stop_before_the_start_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        driving = world.make(world.blocks())
        driving.stop()
        await driving.run(world.start_ns)
        assert world.tally.planned == 0

    world = World(monkeypatch, [0, 1])
    asyncio.run(main())


def test_a_plan_without_arrivals_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No block, or only empty ones."""
    world = World(monkeypatch, [])
    assert world.run().planned == 0
    none = np.empty(0, np.uint32)
    empty = Block(np.empty(0, np.int64), none, none)
    assert World(monkeypatch, []).run(blocks=iter([empty, empty])).planned == 0


def test_an_empty_block_between_others_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, [0, MS, 2 * MS, 3 * MS], blocks_of=2)
    none = np.empty(0, np.uint32)
    first, second = world.blocks()
    world.run(blocks=iter([first, Block(np.empty(0, np.int64), none, none), second]))
    assert world.tally.sent == 4


@pytest.mark.parametrize("good", [0, 1, 3, 20])
def test_a_plan_that_fails_fails_the_run(monkeypatch: pytest.MonkeyPatch, good: int) -> None:
    """What is drawn while driving may fail, such as a trace that was cut: that is no end of the plan."""
    world = World(monkeypatch, list(range(0, good * 10 * MS, MS)))

    def blocks() -> Iterator[Block]:
        yield from world.blocks()
        raise ValueError("the trace was cut")

    with pytest.raises(ValueError, match="the trace was cut"):
        world.run(blocks=blocks())
    assert world.clock.at_ns is None


def test_a_call_that_cannot_be_made_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, [0, MS, 2 * MS])
    del world.calls[key(1, 1)]
    with pytest.raises(KeyError):
        world.run()
    assert len(world.wire.calls) == 1
