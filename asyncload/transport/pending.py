"""
Calls under way, one task each: how a transport whose library waits keeps the promise that `send` does not.

Every call ends in `_ended`, a callback of its task, whatever happens to the task: a reply, a foreign exception, the
deadline, or a cancellation before its first step. So `done` runs exactly once.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from time import monotonic_ns
from typing import TypeAlias

from asyncload.call import Call, Done, Outcome, Reply
from asyncload.traceparent import Mark, Marks


class Progress:
    """How far a call has come; times are CLOCK_MONOTONIC ns, 0 for what has not happened."""

    __slots__ = ("first_ns", "last_ns", "mark", "received", "sent_ns")

    def __init__(self, mark: Mark | None = None) -> None:
        """
        Args:
            mark: What the request is to carry, if anything.
        """
        self.mark = mark
        self.sent_ns = 0
        self.first_ns = 0
        self.last_ns = 0
        self.received = 0
        """Bytes of the reply's body."""


Attempt: TypeAlias = Callable[[Call, Progress], Coroutine[None, None, Outcome]]
Judge: TypeAlias = Callable[[BaseException, Progress], Outcome]
Late: TypeAlias = Callable[[Progress], None]


class Pending:
    """The calls that have begun and not ended."""

    __slots__ = ("_attempt", "_closed", "_judge", "_late", "_limit_s", "_loop", "_marks", "_tasks")

    def __init__(
        self,
        limit_ns: int,
        attempt: Attempt,
        judge: Judge,
        marks: Marks | None = None,
        late: Late | None = None,
    ) -> None:
        """
        Args:
            limit_ns: From `begin` to the last byte.
            attempt: Makes one call and tells its outcome; writes what it knows into the progress as it goes.
            judge: The one border for foreign exceptions: turns what `attempt` raised into an outcome, and notes it.
            marks: Where each call takes its mark from.
            late: Told of each call whose time is over.
        """
        self._loop = asyncio.get_running_loop()
        self._limit_s = limit_ns / 1e9
        self._attempt = attempt
        self._judge = judge
        self._marks = marks
        self._late = late
        self._tasks: set[asyncio.Task[Outcome]] = set()
        self._closed = False

    def begin(self, call: Call, done: Done) -> None:
        """Start a call's task; after `abandon`, end it as ABANDONED at once."""
        if self._closed:
            done(Reply(0, 0, monotonic_ns(), Outcome.ABANDONED, 0))
            return
        mark = None
        if self._marks is not None:
            mark = self._marks.next()
            done = self._marks.watched(mark, call, done)
        progress = Progress(mark)
        task = self._loop.create_task(self._within_limit(call, progress, self._loop.time() + self._limit_s))
        self._tasks.add(task)  # the loop itself keeps weak references only
        task.add_done_callback(partial(self._ended, done, progress))

    def abandon(self) -> None:
        """From now on every call ends as ABANDONED: those under way, in the loop's next turns, and those to come."""
        self._closed = True
        for task in self._tasks:
            task.cancel()

    async def ended(self) -> None:
        """Wait until no call is under way."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _within_limit(self, call: Call, progress: Progress, limit_s: float) -> Outcome:
        limit = asyncio.timeout_at(limit_s)
        try:
            async with limit:
                return await self._attempt(call, progress)
        except TimeoutError:
            if limit.expired():
                if self._late is not None:
                    self._late(progress)
                return Outcome.TIMEOUT
            raise
        finally:
            progress.last_ns = monotonic_ns()

    def _ended(self, done: Done, progress: Progress, task: asyncio.Task[Outcome]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            outcome = Outcome.ABANDONED
        elif error := task.exception():
            # What breaks because everything is being closed has not failed by itself.
            outcome = Outcome.ABANDONED if self._closed else self._judge(error, progress)
        else:
            outcome = task.result()
        last_ns = progress.last_ns or monotonic_ns()
        done(Reply(progress.sent_ns, progress.first_ns, last_ns, outcome, progress.received))
