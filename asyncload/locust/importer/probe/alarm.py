"""
An end to everything that does not end.

A timer interrupts the main greenlet wherever it stands, with an exception that `except Exception` does not stop. What
stops even that is ended by another thread, in C, which writes down where Python's code stood.
"""

import faulthandler
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from asyncload.locust.importer.probe.places import Places

_AGAIN_S: Final = 0.5
"""How soon it rings again where somebody caught the exception."""


class TimeIsUp(BaseException):
    """A stage took longer than it may."""


class Alarm:
    """Rings when a stage takes too long."""

    def __init__(self, places: Places) -> None:
        """
        Args:
            places: Names the line where it stood.
        """
        self._places = places
        self.where = ""
        """The line where the last stage stood that took too long."""
        self.rang = False
        self._inside = False

    def install(self, limit_s: float, stacks: int) -> None:
        """
        Set the last resort.

        Args:
            limit_s: After which the process ends, whatever it does.
            stacks: File descriptor to which its stacks are written then.
        """
        faulthandler.dump_traceback_later(limit_s, exit=True, file=stacks)
        signal.signal(signal.SIGALRM, self._ring)

    @contextmanager
    def within(self, limit_s: float) -> Iterator[None]:
        """
        Let what happens inside take so long at most.

        Raises:
            TimeIsUp: If it took longer.
        """
        self.rang, self._inside = False, True
        signal.setitimer(signal.ITIMER_REAL, max(limit_s, 0.01), _AGAIN_S)
        try:
            yield
        finally:
            self._inside = False
            signal.setitimer(signal.ITIMER_REAL, 0)
        if self.rang:
            raise TimeIsUp

    def _ring(self, _number: int, frame: FrameType | None) -> None:
        import gevent  # noqa: PLC0415  as in `clock`
        from greenlet import getcurrent  # noqa: PLC0415  likewise

        hub = gevent.get_hub()
        main, current = hub.parent, getcurrent()
        if not self.rang:
            self.where = self._places.of_frame(frame) or self._places.of_frame(main.gr_frame)
        self.rang = True

        def wake() -> None:
            if self._inside:  # else it came to its end meanwhile
                main.throw(TimeIsUp())

        if current is not main:
            hub.loop.run_callback(wake)
        if current is not hub:
            raise TimeIsUp
