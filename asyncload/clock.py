"""
Monotonic nanoseconds, and wake-ups finer than the event loop's millisecond.

Event loops round their timers to milliseconds: uvloop's may ring early as well as late, the stock loop's epoll rounds
up. On Linux a `timerfd` is watched like a socket instead: the kernel makes it readable at an absolute time, within
some 50 us. It is never read. Setting it anew clears its readiness, which saves one system call per wake-up; and so a
callback that is rung must set the alarm again or `clear` it, or the loop will ring it at once and for ever.

Elsewhere the loop's own timer is set a little early and the rest is spun through the loop, which goes on serving
sockets meanwhile.
"""

import asyncio
import ctypes
import os
import sys
import time
from collections.abc import Callable
from time import monotonic_ns
from typing import Protocol

__all__ = ["Alarm", "alarm", "monotonic_ns"]

_SPIN_NS = 2_000_000
"""What the loop's own timers may be off by."""


class Alarm(Protocol):
    """A single absolute deadline, from which on a callback is rung at every turn of the loop, until set or cleared."""

    def set(self, at_ns: int) -> None:
        """Ring at CLOCK_MONOTONIC `at_ns`, at once if that has passed; replaces what was set before."""

    def clear(self) -> None:
        """Do not ring."""

    def close(self) -> None:
        """Give up the alarm's resources; it never rings again."""


def alarm(loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> Alarm:
    """
    Make the finest alarm that this platform and loop offer.

    Args:
        loop: Where `ring` runs.
        ring: Is called at every turn of the loop from the deadline on, until it sets or clears the alarm.
    """
    return _TimerfdAlarm(loop, ring) if sys.platform == "linux" else LoopAlarm(loop, ring)


class LoopAlarm:
    """An alarm from the loop's own timer; works everywhere, spins for the last two milliseconds."""

    __slots__ = ("_at_ns", "_handle", "_loop", "_ring")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._at_ns = 0
        self._handle: asyncio.Handle | None = None

    def set(self, at_ns: int) -> None:
        self.clear()
        self._at_ns = at_ns
        self._approach()

    def clear(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def close(self) -> None:
        self.clear()

    def _approach(self) -> None:
        left_ns = self._at_ns - monotonic_ns()
        if left_ns <= 0:
            self._handle = self._loop.call_soon(self._ring_on)
        elif left_ns <= _SPIN_NS:
            self._handle = self._loop.call_soon(self._approach)
        else:
            self._handle = self._loop.call_later((left_ns - _SPIN_NS) / 1e9, self._approach)

    def _ring_on(self) -> None:
        """Ring, and go on ringing until the alarm is set or cleared, as a timerfd does."""
        self._handle = self._loop.call_soon(self._ring_on)
        self._ring()


class _TimerfdAlarm:
    """An alarm from a Linux timerfd that the loop watches for readability."""

    __slots__ = ("_fd", "_loop", "_settime")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._fd, self._settime = _open_timerfd()
        loop.add_reader(self._fd, ring)

    def set(self, at_ns: int) -> None:
        self._settime(at_ns if at_ns > 0 else 1)  # 0 would disarm

    def clear(self) -> None:
        self._settime(0)

    def close(self) -> None:
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1


if sys.version_info >= (3, 13) and sys.platform == "linux":

    def _open_timerfd() -> tuple[int, Callable[[int], object]]:
        """Open a timerfd; the function beside it arms it at an absolute time, or disarms it with 0."""
        fd = os.timerfd_create(time.CLOCK_MONOTONIC, flags=os.TFD_NONBLOCK | os.TFD_CLOEXEC)
        settime, absolute = os.timerfd_settime_ns, os.TFD_TIMER_ABSTIME
        return fd, lambda at_ns: settime(fd, flags=absolute, initial=at_ns)

else:

    class _Timespec(ctypes.Structure):
        _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))

    class _Itimerspec(ctypes.Structure):
        _fields_ = (("it_interval", _Timespec), ("it_value", _Timespec))

    def _open_timerfd() -> tuple[int, Callable[[int], object]]:
        """Open a timerfd; the function beside it arms it at an absolute time, or disarms it with 0."""
        clock_monotonic, nonblock_cloexec, absolute = 1, 0o2004000, 1
        libc = ctypes.CDLL(None, use_errno=True)
        fd: int = libc.timerfd_create(clock_monotonic, nonblock_cloexec)
        if fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        spec = _Itimerspec()
        value, where = spec.it_value, ctypes.addressof(spec)
        call = libc.timerfd_settime
        call.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)

        def settime(at_ns: int) -> int:
            value.tv_sec, value.tv_nsec = divmod(at_ns, 1_000_000_000)
            return call(fd, absolute, where, None)  # type: ignore[no-any-return]  # `spec` lives as long as `value`

        return fd, settime
