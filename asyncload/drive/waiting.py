"""
Coming back when something is due: by the alarm if it is far away, by the loop's next turn if it is near.

The alarm is set a little ahead, for what the system needs to wake us. What is left is waited for by coming back: the
alarm goes on ringing, the loop looks at the sockets meanwhile, and the time it takes is told apart from work.
"""

import asyncio
from collections.abc import Callable

from asyncload.clock import alarm
from asyncload.drive.wiring import Wiring

_SOON_NS = 60_000
"""What is so near is waited for by coming back: to sleep and be woken costs more, and comes some 50 us late."""
_EARLY_NS = 50_000
"""The alarm is set so much ahead."""
_TURN_NS = 20_000
"""A turn of the loop that took longer was not spent waiting."""
_NEVER_NS = 1 << 62


class Waiting:
    """The alarm of one stage, and what is spent on waiting."""

    __slots__ = ("_alarm", "_at_ns", "_looked_ns", "_recorded", "_recorder", "_tally")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None], wiring: Wiring) -> None:
        """
        Args:
            loop: The running loop.
            ring: Is called at every turn of the loop from the time that is set on; it calls `until`, `still_until` or
                `clear` each time.
            wiring: Where the time spent is counted.
        """
        self._alarm = alarm(loop, ring)
        self._recorder = wiring.recorder
        self._tally = wiring.tally
        self._at_ns = _NEVER_NS
        """What the alarm is set to; from then on it rings."""
        self._looked_ns = 0
        """When the last wake-up ended, if the loop did not sleep since; else 0."""
        self._recorded = 0
        """Calls recorded by then."""

    def until(self, due_ns: int, now: int) -> None:
        """Come back when something is due, after something was sent. HOT."""
        if due_ns > now + _SOON_NS:
            self._looked_ns = 0
            at_ns = due_ns - _EARLY_NS
            if at_ns != self._at_ns:
                self._at_ns = at_ns
                self._alarm.set(at_ns)
        else:
            if self._at_ns > now:
                self._at_ns = now
                self._alarm.set(now)
            # Else it goes on ringing: the loop looks at the sockets and comes back at once.
            self._looked_ns = now
            self._recorded = self._recorder.recorded

    def still_until(self, due_ns: int, now: int) -> None:
        """Come back when something is due, after nothing was: the time since the last look was waited for. HOT."""
        looked_ns = self._looked_ns
        if looked_ns and self._recorder.recorded == self._recorded and now - looked_ns < _TURN_NS:
            self._tally.waited_ns += now - looked_ns
        self.until(due_ns, now)

    def clear(self) -> None:
        """Do not come back."""
        self._at_ns = _NEVER_NS
        self._alarm.clear()

    def close(self) -> None:
        """Give up the alarm."""
        self._alarm.close()
