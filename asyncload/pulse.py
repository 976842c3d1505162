"""
The pulse: what the generator notices about itself while it measures.

A callback that wants to run every ten milliseconds sees how late it is: that is how long the loop stood still. Once a
second the wall clock is held against the monotonic one, which nobody can set.
"""

import asyncio
import time
from dataclasses import dataclass

from asyncload.clock import monotonic_ns

_BEAT_NS = 10_000_000
_STALL_NS = 10_000_000


@dataclass(frozen=True, slots=True)
class Vitals:
    """Readings since the pulse began."""

    elapsed_ns: int
    loop_cpu_ns: int
    """CPU time of the loop's thread."""
    cpu_ns: int
    """CPU time of the whole process."""
    stalls: int
    """Times that the loop stood still for over 10 ms."""
    longest_stall_ns: int
    clock_jump_ns: int
    """Wall clock minus monotonic clock, the change furthest from zero."""


class Pulse:
    """Beats on the running loop from `begin` to `end`."""

    def begin(self) -> None:
        """Start to watch; call it on the loop's thread."""
        self._loop = asyncio.get_running_loop()
        self._began_ns = monotonic_ns()
        self._thread_cpu_ns = time.thread_time_ns()
        self._process_cpu_ns = time.process_time_ns()
        self._offset_ns = time.time_ns() - monotonic_ns()
        self._stalls = 0
        self._longest_ns = 0
        self._jump_ns = 0
        self._beats = 0
        self._expected_ns = self._began_ns
        self._ended: Vitals | None = None
        self._beat()

    def vitals(self) -> Vitals:
        """Return the readings so far; after `end`, those of its moment."""
        if self._ended is not None:
            return self._ended
        elapsed_ns = max(monotonic_ns() - self._began_ns, 1)
        return Vitals(
            elapsed_ns=elapsed_ns,
            loop_cpu_ns=time.thread_time_ns() - self._thread_cpu_ns,
            cpu_ns=time.process_time_ns() - self._process_cpu_ns,
            stalls=self._stalls,
            longest_stall_ns=self._longest_ns,
            clock_jump_ns=self._jump_ns,
        )

    def end(self) -> None:
        """Stop watching; what the last beat has not seen yet is looked at now."""
        if self._ended is None:
            self._handle.cancel()
            self._look_at_beat(monotonic_ns())
            self._look_at_clock()
            self._ended = self.vitals()

    def _beat(self) -> None:
        now = monotonic_ns()
        self._look_at_beat(now)
        self._beats += 1
        if self._beats % 100 == 0:
            self._look_at_clock()
        self._expected_ns = now + _BEAT_NS
        self._handle = self._loop.call_later(_BEAT_NS / 1e9, self._beat)

    def _look_at_beat(self, now: int) -> None:
        late_ns = now - self._expected_ns
        if late_ns > _STALL_NS:
            self._stalls += 1
            self._longest_ns = max(self._longest_ns, late_ns)

    def _look_at_clock(self) -> None:
        jump_ns = time.time_ns() - monotonic_ns() - self._offset_ns
        if abs(jump_ns) > abs(self._jump_ns):
            self._jump_ns = jump_ns
