"""
Waiting for a moment of work time, finer than the event loop's millisecond.

A heap of deadlines and one timer for the earliest. On Linux that is a timerfd, which wakes the loop within some tens of
microseconds; uvloop's own timers round to whole milliseconds. Elsewhere it is the loop's timer.
"""

import asyncio
import ctypes
import os
import sys
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count
from time import monotonic_ns
from typing import Protocol, TypeAlias

from asyncload.emulator.freeze import WorkClock

_CLOCK_MONOTONIC = 1
_TFD_TIMER_ABSTIME = 1
_NS_PER_S = 1_000_000_000
FEWEST_SWEPT = 1024


class Alarm(Protocol):
    """A timer that can be set to one moment at a time; a later setting replaces the earlier one."""

    def set(self, at_ns: int) -> None:
        """Ring once at this CLOCK_MONOTONIC time, or at once if it has passed."""

    def close(self) -> None:
        """Give the timer back."""


MakeAlarm: TypeAlias = Callable[[asyncio.AbstractEventLoop, Callable[[], None]], Alarm]
"""From the loop, and what it calls when it rings."""


class Deadlines:
    """Callers that wait until a moment of work time. Belongs to one event loop."""

    def __init__(self, clock: WorkClock, make_alarm: MakeAlarm | None = None) -> None:
        """
        Args:
            clock: Work time; after a stall of it, call `rearm`.
            make_alarm: What wakes it up; None takes the finest that the platform has.
        """
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._heap: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()
        self._sweep_at = FEWEST_SWEPT
        """At so many entries those that nobody waits for are thrown out: most waits end before their limit."""
        self._alarm = (make_alarm or alarm)(self._loop, self._ring)

    async def until(self, work_ns: int) -> None:
        """Return when work time has reached work_ns and no stall holds; at once if that is so already."""
        while not self.reached(work_ns):
            await self.moment(work_ns)

    def reached(self, work_ns: int) -> bool:
        """Say whether work time has reached work_ns, and no stall holds."""
        return not self._clock.held(now_ns := monotonic_ns()) and self._clock.work_ns(now_ns) >= work_ns

    def moment(self, work_ns: int) -> "asyncio.Future[None]":
        """Return a future that is done at work_ns; whoever else wants to end it before may do so."""
        future = self._loop.create_future()
        if len(self._heap) >= self._sweep_at:
            self._sweep()
        heappush(self._heap, (work_ns, next(self._order), future))
        if self._heap[0][2] is future:
            self.rearm()
        return future

    def call_at(self, work_ns: int, call: Callable[[], None]) -> "asyncio.Future[None]":
        """Have something called at work_ns; cancel what is returned to have it not called."""
        future = self.moment(work_ns)
        future.add_done_callback(lambda done: None if done.cancelled() else call())
        return future

    def rearm(self) -> None:
        """Set the timer for the earliest deadline."""
        if self._heap:
            self._alarm.set(self._clock.real_ns(self._heap[0][0]))

    def close(self) -> None:
        """Give the timer back; callers that still wait are cancelled."""
        for _, _, future in self._heap:
            future.cancel()
        self._heap.clear()
        self._alarm.close()

    def _sweep(self) -> None:
        self._heap = [entry for entry in self._heap if not entry[2].done()]
        heapify(self._heap)
        self._sweep_at = max(FEWEST_SWEPT, 2 * len(self._heap))

    def _ring(self) -> None:
        now_ns = monotonic_ns()
        if not self._clock.held(now_ns):
            work_ns = self._clock.work_ns(now_ns)
            while self._heap and self._heap[0][0] <= work_ns:
                future = heappop(self._heap)[2]
                if not future.done():
                    future.set_result(None)
        self.rearm()


def alarm(loop: asyncio.AbstractEventLoop, ring: Callable[[], None], platform: str = sys.platform) -> Alarm:
    """Return the finest alarm that the platform has; it calls `ring` on the loop."""
    return TimerFd(loop, ring) if platform == "linux" else LoopTimer(loop, ring)


class LoopTimer:
    """The event loop's own timer, to the millisecond."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None

    def set(self, at_ns: int) -> None:
        """Ring once at this CLOCK_MONOTONIC time."""
        self.close()
        self._timer = self._loop.call_later(max(0, at_ns - monotonic_ns()) / _NS_PER_S, self._ring)

    def close(self) -> None:
        """Cancel the timer."""
        if self._timer is not None:
            self._timer.cancel()


class _Itimerspec(ctypes.Structure):
    """struct itimerspec of timerfd_settime(2): interval, then value, each in seconds and nanoseconds."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


class TimerFd:
    """timerfd_create(2) on the loop. Through ctypes, for `os` has it from Python 3.13 on only."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd: int = self._libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        loop.add_reader(self._fd, self._readable)

    def set(self, at_ns: int) -> None:
        """Ring once at this CLOCK_MONOTONIC time."""
        # A value of zero would disarm the timer.
        when = _Itimerspec(0, 0, *divmod(max(1, at_ns), _NS_PER_S))
        self._libc.timerfd_settime(self._fd, _TFD_TIMER_ABSTIME, ctypes.byref(when), None)

    def close(self) -> None:
        """Close the descriptor."""
        self._loop.remove_reader(self._fd)
        os.close(self._fd)

    def _readable(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return  # it was set anew between the wake-up and this read
        self._ring()
