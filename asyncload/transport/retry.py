"""
An explicit retry policy around any transport.

A retry is part of what a caller does, so it is recorded as such: the last attempt's reply is the call's, `attempts`
says how many there were, and `sent_ns` is the first attempt's, so that service time covers the waits between them.
Response time counts from the due time in any case, for the driver binds that.
"""

import asyncio
import random
from collections.abc import Callable
from math import log
from time import monotonic_ns

from asyncload.call import Call, Done, Outcome, Reply, Transport, TransportNotes
from asyncload.scenario import Backoff, Retries


class Retrying:
    """A `Transport` that sends again what ended in one of the outcomes that the policy names."""

    def __init__(self, inner: Transport, policy: Retries, seed: int) -> None:
        """
        Args:
            inner: What sends.
            policy: On which outcomes, how often, after what wait.
            seed: For the jitter of the waits.
        """
        self._inner = inner
        self._on = frozenset(Outcome[cause.upper()] for cause in policy.on)
        self._attempts = policy.attempts
        self._backoff = policy.backoff
        self._jitter = random.Random(seed)  # noqa: S311  # waits, not secrets
        self._resting: dict[asyncio.TimerHandle, Callable[[], None]] = {}

    async def open(self) -> None:
        """Open the inner transport."""
        self._loop = asyncio.get_running_loop()
        await self._inner.open()

    def send(self, call: Call, done: Done) -> None:
        """Begin the first attempt."""
        self._attempt(call, done, 1, 0)

    async def close(self) -> None:
        """End the calls that wait for another attempt as ABANDONED, then close the inner transport."""
        for handle, give_up in tuple(self._resting.items()):
            handle.cancel()
            give_up()
        self._resting.clear()
        self._on = frozenset()  # what ends from now on has ended
        await self._inner.close()

    def notes(self) -> TransportNotes:
        """Return what the inner transport noticed."""
        return self._inner.notes()

    def _attempt(self, call: Call, done: Done, number: int, first_sent_ns: int) -> None:
        def judge(reply: Reply) -> None:
            sent_ns = first_sent_ns or reply.sent_ns
            if reply.outcome in self._on and number < self._attempts:
                self._rest(call, done, number, sent_ns, reply)
            else:
                done(_spanning(reply, sent_ns, number))

        self._inner.send(call, judge)

    def _rest(self, call: Call, done: Done, number: int, sent_ns: int, reply: Reply) -> None:
        def again() -> None:
            del self._resting[handle]
            self._attempt(call, done, number + 1, sent_ns)

        def give_up() -> None:
            done(Reply(sent_ns, reply.first_ns, monotonic_ns(), Outcome.ABANDONED, reply.received, number))

        handle = self._loop.call_later(wait_s(self._backoff, number, self._jitter.random()), again)
        self._resting[handle] = give_up


def wait_s(backoff: Backoff, number: int, draw: float) -> float:
    """
    Wait after attempt `number`, in seconds.

    Args:
        backoff: The policy's waits.
        number: From 1.
        draw: Uniform on [0, 1): which part of the jitter is taken off.
    """
    if not backoff.base_ns:
        return 0.0
    # Compared as logarithms first, for the power of a large factor is beyond a float.
    if (number - 1) * log(backoff.factor) > log(max(backoff.limit_ns, 1)):
        wait_ns = float(backoff.limit_ns)
    else:
        wait_ns = min(backoff.base_ns * backoff.factor ** (number - 1), backoff.limit_ns)
    return wait_ns * (1 - backoff.jitter * draw) / 1e9


def _spanning(reply: Reply, sent_ns: int, attempts: int) -> Reply:
    return Reply(sent_ns, reply.first_ns, reply.last_ns, reply.outcome, reply.received, attempts)
