"""The faults of time, carried out: stalls, refused connections, a Date header that is off; see `faults`."""

import asyncio
from time import monotonic_ns

from asyncload.emulator.scene import Scene
from asyncload.emulator.wire.face import Face
from asyncload.emulator.wire.listener import Listener
from asyncload.errors import StartError

_LATE_S = 0.001
"""So much after a fault's edge it is looked at, for the loop's timers may ring early by that."""
RETRY_S = 0.1
"""Every so often the port is tried, if somebody has taken it while connections were refused."""


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
        self._refusing = False
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
        self._refusing = faults.refusing(now_ns)
        if self._refusing:
            self._listener.refuse()
        elif self._opening is None or self._opening.done():
            self._opening = self._loop.create_task(self._open())
        next_ns = faults.next_change_ns(now_ns)
        if next_ns is not None:
            self._timer = self._loop.call_later((next_ns - now_ns) / 1e9 + _LATE_S, self.look)

    def end(self) -> None:
        """Look no more."""
        self._refusing = True
        if self._timer is not None:
            self._timer.cancel()

    async def _open(self) -> None:
        """Accept connections, as soon as the port can be had, unless they are to be refused by then."""
        told = False
        while not self._refusing and not self._listener.listening:
            try:
                await self._listener.open()
            except StartError as problem:
                if not told:
                    self._scene.warn(
                        f"{problem}; it is tried again every {RETRY_S * 1000:.0f} ms, until then nobody is heard"
                    )
                told = True
                await asyncio.sleep(RETRY_S)
