"""
Time that passes at once: whoever sleeps finds that it is later.

A task that sleeps, or waits for a second to be over, is run thousands of times; and a load shape is asked what it wants
on every second of an hour. Clocks are the true ones plus what was slept.
"""

import time
from collections.abc import Callable
from typing import Final

_LONGEST_S: Final = 1e6
"""Of one sleep: backing off a hundred times without a limit would end after the end of the universe."""


class Clock:
    """The process's clocks."""

    def __init__(self, on_sleep: Callable[[float], None]) -> None:
        """
        Args:
            on_sleep: Is told of every sleep, in seconds.
        """
        self._ahead_s = 0.0
        self._on_sleep = on_sleep
        self._give_way: Callable[[float], object] = time.sleep

    def install(self) -> None:
        """Put these clocks in the place of Python's and gevent's, for good."""
        import gevent  # noqa: PLC0415  a job's process alone may have it patch the world

        self._give_way = gevent.sleep
        for name in ("time", "monotonic", "perf_counter"):
            self._put(name)
        time.sleep = self.sleep  # type: ignore[assignment]  # gevent's own signature
        for module in (gevent, gevent.hub):
            module.sleep = self.sleep

    def advance(self, seconds: float) -> None:
        """Let it be later."""
        self._ahead_s += min(max(seconds, 0.0), _LONGEST_S)

    @property
    def ahead_s(self) -> float:
        """How much has been slept."""
        return self._ahead_s

    def turn_back(self, ahead_s: float) -> None:
        """Let it be as late as it was."""
        self._ahead_s = ahead_s

    def sleep(self, seconds: float = 0.0, ref: bool = True) -> None:  # noqa: ARG002, FBT001, FBT002  gevent's signature
        """Be late at once, and let other greenlets go on."""
        self._on_sleep(float(seconds))
        self.advance(float(seconds))
        self._give_way(0)

    def _put(self, name: str) -> None:
        read: Callable[[], float] = getattr(time, name)
        read_ns: Callable[[], int] = getattr(time, f"{name}_ns")

        def later() -> float:
            return read() + self._ahead_s

        def later_ns() -> int:
            return read_ns() + int(self._ahead_s * 1e9)

        setattr(time, name, later)
        setattr(time, f"{name}_ns", later_ns)
