"""A closed loop in virtual time: the drive, a transport that answers when a test says, and what each user did."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from asyncload import clock
from asyncload.call import Call, Done, Outcome, Reply, TransportNotes
from asyncload.calls import CallBook
from asyncload.drive import Drive, Tally, Wiring, crowd, waiting, walk
from asyncload.drive.crowd import User
from asyncload.payload import pools
from asyncload.plan import Plan
from asyncload.record import Recorder
from asyncload.scenario import Endpoint, Limits, Model, Phase, RandomPayload, RandomRows, Scenario
from tests.unit.virtual import VirtualLoop

MS = 1_000_000
S = 1_000_000_000
MODELS = (
    Model(name="a", weight=3, payload=RandomPayload(random=RandomRows(columns=2, pool=50))),
    Model(name="b", payload="1,2"),
)


@dataclass(slots=True)
class Made:
    """One call, as the transport saw it; times from the plan's zero."""

    user: int
    """-1 for an arrival of an open phase."""
    due_ns: int
    sent_ns: int
    call: Call
    turn: int
    """In which turn of the loop."""
    last_ns: int = -1


def scenario(*phases: Phase, seed: int = 7) -> Scenario:
    limits = Limits(in_flight=100_000, connections=100_000)
    return Scenario(endpoint=Endpoint(name="mme"), models=MODELS, phases=phases, limits=limits, seed=seed)


@dataclass
class World:
    """A drive of a scenario, with everything around it."""

    loop: VirtualLoop
    plan: Plan
    service_ns: Callable[[int], int | None] = lambda number: 20 * MS
    """Of the n-th call; 0 for a reply inside `send`, None for none at all."""
    told_late_ns: Callable[[int], int] = lambda number: 0
    """How long after its last byte the n-th reply is told."""
    after_reply: Callable[["World"], object] = lambda world: None
    outcome: Outcome = Outcome.OK
    at: dict[float, Callable[["World"], object]] = field(default_factory=dict)
    """What a test does, by the time from the plan's zero in seconds."""
    made: list[Made] = field(default_factory=list)
    turns: int = 0
    counts_turns: bool = True
    """Whether the turns of the loop are counted, which keeps it turning while nothing is due."""

    def run(self) -> Drive:
        return self.loop.run_until_complete(self._main())

    def of_user(self, user: int) -> list[Made]:
        return [call for call in self.made if call.user == user]

    def keys_of_calls(self) -> list[tuple[int, int]]:
        """Target and payload of each call, in the order of sending."""
        places = {id(call): (key >> 32, key & 0xFFFFFFFF) for key, call in self.calls.items()}
        return [places[id(made.call)] for made in self.made]

    async def _main(self) -> Drive:
        self.start_ns = self.loop.monotonic_ns() + 50 * MS
        self.calls = CallBook(self.plan.scenario, pools(self.plan.scenario))
        self.recorder = Recorder(2, self.start_ns, samples=True)
        self.tally = Tally(self.recorder)
        self.answers: list[asyncio.TimerHandle] = []
        wiring = Wiring(self.calls, self.send, self.recorder, self.tally, 100_000)
        self.drive = Drive(self.plan.stages(64), wiring)
        for seconds, act in self.at.items():
            self.loop.call_later((self.start_ns - self.loop.monotonic_ns()) / 1e9 + seconds, act, self)
        ticking = asyncio.create_task(self._tick()) if self.counts_turns else None
        try:
            await self.drive.run(self.start_ns)
            self.ended_ns = self.now_ns
            last_s = max((timer.when() for timer in self.answers), default=0.0)
            await asyncio.sleep(max(last_s - self.loop.time(), 0) + 0.001)
        finally:
            if ticking is not None:
                ticking.cancel()
        return self.drive

    async def _tick(self) -> None:
        while True:
            self.turns += 1
            await asyncio.sleep(0)

    @property
    def now_ns(self) -> int:
        return self.loop.monotonic_ns() - self.start_ns

    # -- the transport ------------------------------------------------------------------------------------------------

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    def notes(self) -> TransportNotes:
        return TransportNotes()

    def send(self, call: Call, done: Done) -> None:
        user = getattr(done, "__self__", None)
        number, due_ns = (user.number, user.due_ns - self.start_ns) if isinstance(user, User) else (-1, -1)
        made = Made(number, due_ns, self.now_ns, call, self.turns)
        service_ns, late_ns = self.service_ns(len(self.made)), self.told_late_ns(len(self.made))
        self.made.append(made)
        if service_ns == 0:
            self.answer(made, done, late_ns)
        elif service_ns is not None:
            self.answers.append(self.loop.call_later((service_ns + late_ns) / 1e9, self.answer, made, done, late_ns))

    def answer(self, made: Made, done: Done, late_ns: int) -> None:
        made.last_ns = self.now_ns - late_ns
        last_ns = made.last_ns + self.start_ns
        done(Reply(made.sent_ns + self.start_ns, last_ns, last_ns, self.outcome, 3))
        self.after_reply(self)


@contextmanager
def virtual_loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualLoop]:
    loop = VirtualLoop()
    for module in (clock, crowd, walk):
        monkeypatch.setattr(module, "monotonic_ns", loop.monotonic_ns)
    monkeypatch.setattr(waiting, "alarm", clock.LoopAlarm)
    try:
        yield loop
    finally:
        loop.close()
