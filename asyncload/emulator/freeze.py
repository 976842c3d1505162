"""
A clock that a stall stops: work time.

While the emulator is stalled, work time stands still; afterwards it goes on where it stood. Queueing and service are
reckoned in work time, so a stall delays everything that is waiting or in service by its own length, and nothing else
needs to know about it.

    real time   |-------a===========b--------->      a stall from a to b
    work time   |-------a           a--------->
"""

from time import monotonic_ns


class WorkClock:
    """Work time as a function of CLOCK_MONOTONIC. Units: nanoseconds."""

    __slots__ = ("_held_until_ns", "_stopped_ns")

    def __init__(self) -> None:
        self._stopped_ns = 0
        self._held_until_ns = 0

    def stall(self, now_ns: int, length_ns: int) -> int:
        """
        Stop work time for length_ns from now on; a stall during a stall moves its end, if that is later.

        Returns:
            The real time at which work goes on.
        """
        begin_ns = max(now_ns, self._held_until_ns)
        end_ns = max(now_ns + length_ns, begin_ns)
        self._stopped_ns += end_ns - begin_ns
        self._held_until_ns = end_ns
        return end_ns

    def held(self, now_ns: int) -> bool:
        """Say whether work stands still at this real time."""
        return now_ns < self._held_until_ns

    def now_ns(self) -> int:
        """Return the work time of now."""
        return self.work_ns(monotonic_ns())

    def work_ns(self, real_ns: int) -> int:
        """Return the work time at a real time of now; moments before the last stall are not kept."""
        return max(real_ns, self._held_until_ns) - self._stopped_ns

    def real_ns(self, work_ns: int) -> int:
        """Return the first real time at which a piece of work due at work_ns may be given back, as known now."""
        return max(work_ns + self._stopped_ns, self._held_until_ns)

    def resume(self, now_ns: int) -> None:
        """End a stall early, at this moment."""
        if self._held_until_ns > now_ns:
            self._stopped_ns -= self._held_until_ns - now_ns
            self._held_until_ns = now_ns
