"""Retries on a virtual loop: how many, how long between, and what the call's reply says at the end."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from asyncload.call import Call, Done, Outcome, Reply, TransportNotes
from asyncload.scenario import Backoff, Retries
from asyncload.transport import retry
from asyncload.transport.retry import Retrying, wait_s

MS = 1_000_000
S = 1_000_000_000
CALL = Call(0, "/", (), b"", "")
OK, NOT_READY, THROTTLED, TIMEOUT, ABANDONED, CONNECT = (
    Outcome.OK,
    Outcome.NOT_READY,
    Outcome.THROTTLED,
    Outcome.TIMEOUT,
    Outcome.ABANDONED,
    Outcome.CONNECT,
)
POLICY = Retries(on=("not_ready", "throttled"), attempts=3, backoff=Backoff(base_ns=100 * MS, factor=3.0))


@dataclass
class Timer:
    loop: "VirtualLoop"
    delay_s: float
    callback: Callable[[], None]

    def cancel(self) -> None:
        self.loop.timers.remove(self)

    __hash__ = object.__hash__


@dataclass
class VirtualLoop:
    now_ns: int = 5 * S
    timers: list[Timer] = field(default_factory=list)

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        self.timers.append(Timer(self, delay_s, callback))
        return self.timers[-1]

    def ring(self) -> float:
        """Let the only timer ring; returns what it had waited for."""
        (timer,) = self.timers
        self.timers.clear()
        self.now_ns += round(timer.delay_s * 1e9)
        timer.callback()
        return timer.delay_s


class Inner:
    """A transport that answers each attempt with the next of the given outcomes, 10 ms after sending; or waits."""

    def __init__(self, loop: VirtualLoop, outcomes: Sequence[Outcome | None]) -> None:
        self.loop = loop
        self.outcomes = list(outcomes)
        self.attempts = 0
        self.open_calls: list[Done] = []
        self.closed = 0

    async def open(self) -> None: ...

    async def close(self) -> None:
        self.closed += 1
        for done in self.open_calls:
            done(Reply(self.loop.now_ns, 0, self.loop.now_ns + 1, ABANDONED, 0))

    def notes(self) -> TransportNotes:
        return TransportNotes(connects=self.attempts)

    def send(self, call: Call, done: Done) -> None:
        assert call is CALL
        self.attempts += 1
        outcome = self.outcomes.pop(0)
        if outcome is None:
            self.open_calls.append(done)
            return
        sent_ns = 0 if outcome is CONNECT else self.loop.now_ns
        self.loop.now_ns += 10 * MS
        done(Reply(sent_ns, sent_ns and sent_ns + 5 * MS, self.loop.now_ns, outcome, 7))


@dataclass
class World:
    monkeypatch: pytest.MonkeyPatch
    outcomes: Sequence[Outcome | None]
    policy: Retries = POLICY

    def __post_init__(self) -> None:
        self.loop = VirtualLoop()
        self.replies: list[Reply] = []
        self.inner = Inner(self.loop, self.outcomes)
        self.retrying = Retrying(self.inner, self.policy, 7)
        self.monkeypatch.setattr(retry, "monotonic_ns", lambda: self.loop.now_ns)
        self.monkeypatch.setattr(asyncio, "get_running_loop", lambda: self.loop)
        self.run(self.retrying.open())
        self.retrying.send(CALL, self.replies.append)

    @staticmethod
    def run(coroutine: object) -> None:
        """Step a coroutine that never waits to its end."""
        with pytest.raises(StopIteration):
            coroutine.send(None)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("outcomes", "waits_s", "last"),
    [
        ([OK], [], OK),
        ([CONNECT], [], CONNECT),
        ([NOT_READY, OK], [0.1], OK),
        ([NOT_READY, THROTTLED, OK], [0.1, 0.3], OK),
        ([NOT_READY, THROTTLED, NOT_READY], [0.1, 0.3], NOT_READY),
        ([THROTTLED, TIMEOUT], [0.1], TIMEOUT),
    ],
)
def test_what_the_policy_names_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, outcomes: list[Outcome], waits_s: list[float], last: Outcome
) -> None:
    """Up to `attempts` in all, after the policy's waits; the last reply is the call's, and it comes once."""
    world = World(monkeypatch, outcomes)
    assert [world.loop.ring() for _ in waits_s] == pytest.approx(waits_s)
    assert not world.loop.timers
    (reply,) = world.replies
    assert (reply.outcome, reply.attempts, world.inner.attempts) == (last, len(outcomes), len(outcomes))
    assert reply.last_ns == world.loop.now_ns


def test_service_time_counts_from_the_first_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three attempts of 10 ms and waits of 100 and 300 ms: sent at the first, answered 430 ms later."""
    world = World(monkeypatch, [NOT_READY, NOT_READY, OK])
    world.loop.ring()
    world.loop.ring()
    (reply,) = world.replies
    assert reply == Reply(5 * S, 5 * S + 425 * MS, 5 * S + 430 * MS, OK, 7, 3)


def test_an_attempt_that_never_reached_the_wire_does_not_count_as_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one was the first to be sent."""
    world = World(monkeypatch, [CONNECT, OK], Retries(on=("connect",), backoff=Backoff(base_ns=100 * MS)))
    world.loop.ring()
    assert world.replies[0].sent_ns == 5 * S + 110 * MS


def test_close_ends_what_rests_and_what_is_under_way_exactly_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both as ABANDONED, with the attempts that were made; nothing rings afterwards."""
    world = World(monkeypatch, [NOT_READY, NOT_READY, None])
    world.loop.ring()
    world.retrying.send(CALL, world.replies.append)
    assert not world.replies
    world.run(world.retrying.close())
    assert [(reply.outcome, reply.attempts) for reply in world.replies] == [(ABANDONED, 2), (ABANDONED, 1)]
    assert world.replies[0].sent_ns == 5 * S
    assert world.replies[0].last_ns >= 5 * S + 110 * MS
    assert not world.loop.timers
    assert world.inner.closed == 1


def test_what_ends_while_closing_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if its outcome is one that the policy names."""
    world = World(monkeypatch, [None])
    monkeypatch.setattr(world.inner, "close", lambda: _end(world.inner.open_calls, Reply(1, 0, 2, NOT_READY, 0)))
    world.run(world.retrying.close())
    assert [reply.outcome for reply in world.replies] == [NOT_READY]
    assert not world.loop.timers


async def _end(calls: list[Done], reply: Reply) -> None:
    for done in calls:
        done(reply)


def test_it_tells_what_the_inner_transport_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert World(monkeypatch, [OK]).retrying.notes() == TransportNotes(connects=1)


@pytest.mark.parametrize(
    ("backoff", "number", "draw", "expected_s"),
    [
        (Backoff(base_ns=100 * MS), 1, 0.0, 0.1),
        (Backoff(base_ns=100 * MS), 4, 0.0, 0.8),
        (Backoff(base_ns=100 * MS), 7, 0.0, 5.0),
        (Backoff(base_ns=100 * MS), 100, 0.9, 5.0),
        (Backoff(base_ns=100 * MS, factor=1.0), 100, 0.0, 0.1),
        (Backoff(base_ns=100 * MS, factor=1e300), 100, 0.0, 5.0),
        (Backoff(base_ns=0, factor=1e300), 100, 0.0, 0.0),
        (Backoff(base_ns=100 * MS, limit_ns=0), 3, 0.0, 0.0),
        (Backoff(base_ns=9 * S, limit_ns=5 * S), 1, 0.0, 5.0),
        (Backoff(base_ns=1 * S, jitter=1.0), 1, 0.25, 0.75),
        (Backoff(base_ns=1 * S, jitter=0.2), 1, 0.5, 0.9),
        (Backoff(base_ns=1 * S, jitter=0.0), 1, 0.99, 1.0),
    ],
)
def test_waits_follow_the_policy(backoff: Backoff, number: int, draw: float, expected_s: float) -> None:
    """base * factor ** (n - 1), at most the limit, less a share of the jitter; however large the power."""
    assert wait_s(backoff, number, draw) == pytest.approx(expected_s)


def test_jitter_follows_from_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between 1 - jitter and 1 of the wait; the same seed waits the same."""
    policy = Retries(on=("not_ready",), attempts=9, backoff=Backoff(base_ns=S, factor=1.0, jitter=0.5))
    waits = []
    for _ in range(2):
        world = World(monkeypatch, [NOT_READY] * 9, policy)
        waits.append([world.loop.ring() for _ in range(8)])
    assert waits[0] == waits[1]
    assert len(set(waits[0])) > 5
    assert all(0.5 <= wait <= 1.0 for wait in waits[0])
