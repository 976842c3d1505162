"""The faults of time, carried out: stalls, refused connections, a Date header that is off; see `faults`."""

import asyncio
from time import monotonic_ns

from asyncload.emulator.scene import Scene
from asyncload.emulator.wire.face import Face
from asyncload.emulator.wire.listener import Listener

_LATE_S = 0.001
"""So much after a fault's edge it is looked at, for the loop's timers may ring early by that."""


class Outages:
    """Keeps clock, listener and face in step with the faults. Belongs to one event loop."""

    def __init__(self, scene: Scene, listener: Listener, face: Face) -> None:
        """
        Args:
            scene: Has the faults and the clock.
            listener: Refuses connections.
            face: Writes the Date header.
        """
        self._scene = scene
        self._listener = listener
        self._face = face
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._opening: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Do what the faults of this moment want, and look again at their next edge."""
        self.end()
        now_ns = monotonic_ns()
        faults = self._scene.faults
        stalled_until_ns = faults.stalled_until_ns(now_ns)
        if stalled_until_ns:
            self._scene.stall(stalled_until_ns - now_ns)
        self._face.date.offset_ns = faults.clock_offset_ns(now_ns)
        if faults.refusing(now_ns):
            self._listener.refuse()
        elif self._opening is None or self._opening.done():
            self._opening = self._loop.create_task(self._listener.open())
        next_ns = faults.next_change_ns(now_ns)
        if next_ns is not None:
            self._timer = self._loop.call_later((next_ns - now_ns) / 1e9 + _LATE_S, self.look)

    def end(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
