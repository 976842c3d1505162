"""A session on a loop with virtual time: how a run begins, ends early, and keeps what it measured."""

import asyncio
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from asyncload import clock, pulse, session, store
from asyncload.call import Call, Done, Outcome, Reply, TransportNotes
from asyncload.calls import CallBook
from asyncload.drive import crowd, waiting, walk
from asyncload.errors import StoreError
from asyncload.options import Options, Stop
from asyncload.payload import pools
from asyncload.plan import Plan
from asyncload.result import RunResult
from asyncload.scenario import Arrivals, Endpoint, Limits, Model, Phase, Scenario, Users
from asyncload.session import Parts, Session
from asyncload.snapshot import Snapshot
from tests.unit.virtual import VirtualLoop

S = 1_000_000_000
MS = 1_000_000
NAMES = ("a", "b")


class Wire:
    """Answers every call after the same service time; never, if that is None."""

    def __init__(self, loop: VirtualLoop, service_ns: int | None) -> None:
        self.loop = loop
        self.service_ns = service_ns
        self.sent: list[tuple[int, Call]] = []
        self.under_way: dict[int, tuple[int, Done]] = {}
        self.timers: list[asyncio.TimerHandle] = []
        self.closed = 0

    async def open(self) -> None: ...

    def send(self, call: Call, done: Done) -> None:
        number, now = len(self.sent), self.loop.monotonic_ns()
        self.sent.append((now, call))
        self.under_way[number] = (now, done)
        if self.service_ns is not None:
            timer = self.loop.call_later(self.service_ns / 1e9, self.answer, number, Outcome.OK)
            self.timers.append(timer)

    def answer(self, number: int, outcome: Outcome) -> None:
        sent_ns, done = self.under_way.pop(number, (0, None))
        if done is not None:
            now = self.loop.monotonic_ns()
            done(Reply(sent_ns, now if outcome is Outcome.OK else 0, now, outcome, 3))

    async def close(self) -> None:
        self.closed += 1
        for timer in self.timers:
            timer.cancel()
        for number in tuple(self.under_way):
            self.answer(number, Outcome.ABANDONED)

    def notes(self) -> TransportNotes:
        return TransportNotes(connects=2, clock_skew_s=-1.0)


def scenario(*phases: Phase, limits: Limits | None = None) -> Scenario:
    return Scenario(
        endpoint=Endpoint(name="mme"),
        models=(Model(name="a", weight=3), Model(name="b")),
        phases=phases or (Arrivals(law="constant", rate=50.0, length_ns=3 * S),),
        limits=limits or Limits(),
        name="session",
    )


@dataclass
class World:
    """A session with everything around it."""

    loop: VirtualLoop
    service_ns: int | None = 20 * MS
    scenario: Scenario = field(default_factory=scenario)
    options: Options = field(default_factory=Options)
    at: dict[float, Callable[["World"], object]] = field(default_factory=dict)
    """What a test does, by the time from the plan's zero in seconds."""
    calls: Any = None

    def run(self) -> RunResult:
        return self.loop.run_until_complete(self.main())

    async def main(self) -> RunResult:
        self.stop = Stop()
        self.wire = Wire(self.loop, self.service_ns)
        plan = Plan(self.scenario)
        calls = CallBook(self.scenario, pools(self.scenario)) if self.calls is None else self.calls
        parts = Parts(plan, plan.digest(), calls, self.wire, NAMES, self.scenario.to_dict())
        self.session = Session(parts, self.options)
        self.start_ns = self.session._start_ns
        for seconds, act in self.at.items():
            self.loop.call_later((self.start_ns - self.loop.monotonic_ns()) / 1e9 + seconds, act, self)
        self.task = asyncio.ensure_future(self.session.run(self.stop))
        try:
            return await self.task
        finally:
            self.took_s = (self.loop.monotonic_ns() - self.start_ns) / 1e9
            await asyncio.sleep(0)
            assert asyncio.all_tasks() == {asyncio.current_task()}
            assert not [handle for handle in self.loop._scheduled if not handle.cancelled()]  # type: ignore[attr-defined]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with virtual_loop(monkeypatch) as loop:
        yield World(loop)


@contextmanager
def virtual_loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualLoop]:
    loop = VirtualLoop()
    for module in (clock, crowd, pulse, session, walk):
        monkeypatch.setattr(module, "monotonic_ns", loop.monotonic_ns)
    monkeypatch.setattr(waiting, "alarm", clock.LoopAlarm)
    try:
        yield loop
    finally:
        loop.close()


def ask(world: World) -> None:
    world.stop.ask()


def count(result: RunResult, outcome: Outcome) -> int:
    return result.totals.outcomes[outcome]


def test_a_run_sends_its_plan_and_counts_every_reply(world: World, tmp_path: Path) -> None:
    """150 arrivals in 3 s: sent when due, answered, written down; and the directory reads back as the result."""
    snapshots: list[Snapshot] = []
    world.options = Options(out=tmp_path, on_snapshot=snapshots.append)
    result = world.run()
    assert len(world.wire.sent) == result.totals.ok == result.totals.calls == 150
    assert [model.name for model in result.models] == list(NAMES)
    assert result.totals.service.quantile_us(1) == pytest.approx(20_000, rel=0.01)
    assert 0 <= result.totals.lateness.quantile_us(1) <= 500
    assert (result.asked_per_s, result.achieved_per_s) == (50, 50)
    assert (result.health.interrupted, result.health.cut, result.health.connects) == (False, False, 2)
    assert [row.second for row in result.seconds] == list(range(len(result.seconds)))
    assert sum(row.sent for row in result.seconds) == sum(row.planned for row in result.seconds) == 150
    assert sum(sum(row.outcomes) for row in result.seconds) == 150
    assert [shown.row for shown in snapshots] == list(result.seconds)
    assert [shown.rate_per_s for shown in snapshots[:3]] == [50, 50, 50]
    assert store.read(tmp_path) == result
    assert world.wire.closed == 1


def test_warm_up_is_kept_out(world: World) -> None:
    """By due time: a warm-up call that is answered later is still warm-up."""
    world.scenario = scenario(
        Arrivals(law="constant", rate=100.0, length_ns=S, warmup=True),
        Arrivals(law="constant", rate=50.0, length_ns=2 * S),
    )
    world.service_ns = 700 * MS
    result = world.run()
    assert (result.warmup.calls, result.totals.calls) == (100, 100)
    assert (result.health.measured_ns, result.asked_per_s) == (2 * S, 50)
    assert sum(sum(row.outcomes) for row in result.seconds) == 200


def test_a_closed_loop_is_run_by_its_users(world: World, tmp_path: Path) -> None:
    """Five who call every 50 ms; the warm-up is theirs too and kept apart; the directory reads back as the result."""
    snapshots: list[Snapshot] = []
    world.scenario = scenario(
        Users(users=5, think=30 * MS, length_ns=S, warmup=True), Users(users=5, think=30 * MS, length_ns=2 * S)
    )
    world.options = Options(out=tmp_path, on_snapshot=snapshots.append)
    result = world.run()
    assert result.closed
    assert result.totals.ok == result.totals.calls == pytest.approx(200, rel=0.03)
    assert result.warmup.calls == pytest.approx(100, rel=0.03)
    assert result.achieved_per_s == pytest.approx(100, rel=0.03)
    assert result.expected_interval_us == pytest.approx(50_000, rel=0.01)
    assert (result.health.peak_in_flight, result.health.measured_ns) == (5, 2 * S)
    assert [shown.users for shown in snapshots[:3]] == [5, 5, 5]
    assert [shown.warmup for shown in snapshots[:3]] == [True, False, False]
    assert all(math.isnan(shown.rate_per_s) for shown in snapshots[:3])
    assert sum(row.sent for row in result.seconds) == sum(row.planned for row in result.seconds)
    assert sum(row.sent for row in result.seconds) == result.totals.calls + result.warmup.calls
    assert store.read(tmp_path) == result


def test_a_closed_loop_that_is_stopped_keeps_what_it_measured(world: World, tmp_path: Path) -> None:
    """Nobody calls any more, and who waits is waited for."""
    world.service_ns, world.at = 250 * MS, {1.005: ask}
    world.scenario = scenario(Users(users=4, length_ns=100 * S), limits=Limits(grace_ns=300 * MS))
    world.options = Options(out=tmp_path)
    result = world.run()
    assert result.totals.ok == len(world.wire.sent) == 20
    assert result.health.interrupted
    assert result.health.measured_ns == pytest.approx(1.005 * S, rel=0.01)
    assert 1.25 <= world.took_s < 1.3
    assert store.read(tmp_path) == result


def test_a_closed_loop_does_not_wait_for_a_call_that_is_lost(world: World) -> None:
    world.service_ns = None
    world.scenario = scenario(Users(users=3, length_ns=S), limits=Limits(timeout_ns=5 * S))
    result = world.run()
    assert (count(result, Outcome.ABANDONED), result.totals.calls) == (3, 3)
    assert world.took_s < 1 + 5 + 1 + 0.1


def test_a_warm_up_by_users_is_followed_by_arrivals(world: World) -> None:
    """The plan's, at their times, though the users' last replies are still to come."""
    world.service_ns = 300 * MS
    world.scenario = scenario(
        Users(users=5, length_ns=S, warmup=True), Arrivals(law="constant", rate=50.0, length_ns=2 * S)
    )
    result = world.run()
    assert not result.closed
    assert (result.warmup.calls, result.totals.calls, result.asked_per_s) == (20, 100, 50)
    assert result.totals.lateness.quantile_us(1) <= 500


def test_more_than_in_flight_is_dropped(world: World) -> None:
    """20 ms apart and 1 s to answer: of 5 places each is used once a second."""
    world.service_ns = 990 * MS
    world.scenario = scenario(limits=Limits(in_flight=5))
    result = world.run()
    assert (count(result, Outcome.OK), count(result, Outcome.DROPPED)) == (15, 135)
    assert not result.verdict.valid
    assert result.health.peak_in_flight == 5


def test_asked_once_it_stops_sending_and_waits_for_replies(world: World, tmp_path: Path) -> None:
    """At 1 s, with 300 ms of grace and replies after 250 ms: all that was sent is answered."""
    world.service_ns, world.at = 250 * MS, {1.005: ask}
    world.scenario, world.options = scenario(limits=Limits(grace_ns=300 * MS)), Options(out=tmp_path)
    result = world.run()
    assert len(world.wire.sent) == result.totals.calls == result.totals.ok == 51
    assert result.health.interrupted
    assert result.health.measured_ns == pytest.approx(1.005 * S, rel=0.01)
    assert 1.25 <= world.took_s < 1.3
    assert store.read(tmp_path) == result


def test_what_is_not_answered_within_grace_is_abandoned(world: World, tmp_path: Path) -> None:
    """With 100 ms of grace, the calls of the last 150 ms are not waited for."""
    world.service_ns, world.at = 250 * MS, {1.005: ask}
    world.scenario, world.options = scenario(limits=Limits(grace_ns=100 * MS)), Options(out=tmp_path)
    result = world.run()
    assert result.totals.calls == 51
    assert count(result, Outcome.ABANDONED) == 8  # due at 0.86, 0.88 .. 1.00 s
    assert 1.1 <= world.took_s < 1.12
    assert store.read(tmp_path) == result


def test_asked_twice_it_ends_at_once(world: World, tmp_path: Path) -> None:
    """An hour of grace is cut short by the second request; the result is written."""
    world.service_ns, world.at = None, {1.005: ask, 1.5: ask}
    world.scenario, world.options = scenario(limits=Limits(grace_ns=3600 * S)), Options(out=tmp_path)
    result = world.run()
    assert (result.totals.calls, count(result, Outcome.ABANDONED)) == (51, 51)
    assert 1.5 <= world.took_s < 1.52
    assert store.read(tmp_path) == result
    assert (tmp_path / "result.json").exists()


def test_asked_twice_at_one_moment_it_ends_at_once(world: World) -> None:
    def twice(world: World) -> None:
        ask(world)
        ask(world)

    world.service_ns, world.at = None, {1.005: twice}
    assert count(world.run(), Outcome.ABANDONED) == 51
    assert world.took_s < 1.02


def test_asked_before_the_first_arrival_it_sends_nothing(world: World) -> None:
    world.at = {-0.02: ask}
    result = world.run()
    assert not world.wire.sent
    assert result.totals.calls == result.health.measured_ns == 0
    assert result.health.interrupted
    assert not result.verdict.valid


def test_asked_while_it_waits_for_the_last_replies(world: World) -> None:
    """The plan was sent whole, but the rest is given up: that is an interruption too."""
    world.service_ns, world.at = None, {4.0: ask}
    world.scenario = scenario(limits=Limits(grace_ns=2 * S))
    result = world.run()
    assert (result.totals.calls, count(result, Outcome.ABANDONED)) == (150, 150)
    assert result.health.interrupted
    assert 6.0 <= world.took_s < 6.1


def test_a_run_does_not_wait_for_ever(world: World) -> None:
    """A transport that loses a call altogether costs its time limit and a second, not the run."""
    world.service_ns = None
    world.scenario = scenario(limits=Limits(timeout_ns=5 * S))
    result = world.run()
    assert count(result, Outcome.ABANDONED) == 150
    assert not result.health.interrupted
    assert world.took_s < 3 + 5 + 1 + 0.1
    assert (result.health.measured_ns, result.achieved_per_s) == (3 * S, 50)


def test_a_watcher_that_fails_ends_the_run_and_loses_nothing(world: World, tmp_path: Path) -> None:
    """What it raised is raised; what was measured until then is in the directory."""

    def fail(snapshot: Snapshot) -> None:
        if snapshot.row.second >= 1:
            raise ZeroDivisionError("my own mistake")

    world.options = Options(out=tmp_path, on_snapshot=fail)
    with pytest.raises(ZeroDivisionError, match="my own mistake"):
        world.run()
    read = store.read(tmp_path)
    assert len(world.wire.sent) == read.totals.calls == sum(row.sent for row in read.seconds)
    assert 95 <= read.totals.calls <= 105
    assert (tmp_path / "result.json").exists()


def test_a_plan_that_fails_ends_the_run_and_loses_nothing(world: World, tmp_path: Path) -> None:
    world.calls = {}
    world.options = Options(out=tmp_path)
    with pytest.raises(KeyError):
        world.run()
    assert store.read(tmp_path).totals.ok == 0


def test_a_run_that_is_cancelled_writes_its_result(world: World, tmp_path: Path) -> None:
    """As when the loop's owner is interrupted."""
    world.service_ns, world.at = 250 * MS, {1.005: lambda world: world.task.cancel()}
    world.options = Options(out=tmp_path)
    with pytest.raises(asyncio.CancelledError):
        world.run()
    read = store.read(tmp_path)
    assert (tmp_path / "result.json").exists()
    assert read.totals.calls == len(world.wire.sent) == 51
    assert count(read, Outcome.ABANDONED) == 13
    assert world.took_s < 1.02


def test_a_directory_that_fails_does_not_end_the_run(world: World, tmp_path: Path) -> None:
    """The result says so, and the seconds written before are readable."""

    def break_it(world: World) -> None:
        directory = world.session._directory
        assert directory is not None
        directory._db.execute("PRAGMA query_only = 1")

    world.options, world.at = Options(out=tmp_path), {1.5: break_it}
    result = world.run()
    assert result.totals.ok == 150
    assert "readonly database" in result.health.store_error
    assert any("run directory ends early" in warning for warning in result.verdict.warnings)
    read = store.read(tmp_path)
    assert read.health.cut
    assert read.seconds == result.seconds[: len(read.seconds)]
    assert len(read.seconds) >= 1


def test_a_directory_that_holds_a_run_stops_the_session_before_it_begins(world: World, tmp_path: Path) -> None:
    (tmp_path / "run.sqlite").touch()
    world.options = Options(out=tmp_path)
    with pytest.raises(StoreError, match="holds a run already"):
        world.loop.run_until_complete(_begin(world))
    assert not world.wire.sent


async def _begin(world: World) -> None:
    world.wire = Wire(world.loop, None)
    plan = Plan(world.scenario)
    Session(Parts(plan, "", {}, world.wire, NAMES, world.scenario.to_dict()), world.options)


def test_the_directory_holds_every_second_as_the_run_goes_on(world: World, tmp_path: Path) -> None:
    """Seen from outside in the middle: everything up to the last full second, and that the run is not over."""
    seen: list[RunResult] = []
    world.options = Options(out=tmp_path)
    world.at = {2.1: lambda _: seen.append(store.read(tmp_path))}
    result = world.run()
    assert seen[0].health.cut
    assert seen[0].seconds == result.seconds[:2]
    assert seen[0].totals.calls == sum(sum(row.outcomes) for row in result.seconds[:2])
    assert replace(seen[0], health=result.health).verdict.warnings


def test_the_directory_of_a_closed_loop_reads_as_one_while_it_goes_on(world: World, tmp_path: Path) -> None:
    """And its corrected view is of what was written so far."""
    seen: list[RunResult] = []
    world.options, world.scenario = Options(out=tmp_path), scenario(Users(users=5, length_ns=4 * S))
    world.at = {2.1: lambda _: seen.append(store.read(tmp_path))}
    world.run()
    (cut,) = seen
    assert (cut.closed, cut.health.cut) == (True, True)
    assert cut.expected_interval_us == pytest.approx(20_000, rel=0.01)
    corrected = cut.corrected(cut.totals)
    assert corrected is not None
    assert corrected.count >= cut.totals.ok > 400
