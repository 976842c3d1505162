"""
The HTTP face: all connections, and their end.

There is no timer per connection or per request. All connections stand in a ring, a part of which is looked at every few
hundredths of a second, so that ten thousand idle ones cost about one percent of a core.
"""

import asyncio
from collections.abc import Callable
from time import monotonic_ns
from typing import Final

from asyncload.emulator.wire.connection import LINGER_S, Connection, Failed, Shared
from asyncload.emulator.wire.reply_head import DateLine
from asyncload.emulator.wire.values import Handler, Limits

SWEEP_PARTS: Final = 16
"""The ring is looked at in so many parts, one after the other."""
CLOSE_S: Final = 0.25
"""At the end of all, clients have so long to see the end of their connections before those are cut off."""
CLOSE_STEP_S: Final = 0.01


class Face:
    """Makes connections and looks after them. Belongs to one event loop."""

    def __init__(self, handler: Handler, failed: Failed, limits: Limits | None = None) -> None:
        """
        Args:
            handler: Answers requests.
            failed: Told of a request whose handler raised; the client gets 500 InternalFailure.
            limits: How much and how long to put up with.
        """
        self.limits = limits or Limits()
        self.loop = asyncio.get_running_loop()
        self._shared = Shared(handler, failed, self.limits, self.loop)
        shortest_s = min(self.limits.head_s, self.limits.body_s, self.limits.idle_close_s, LINGER_S)
        self._part_s = min(1.0, shortest_s / 4) / SWEEP_PARTS
        self._timer = self.loop.call_later(self._part_s, self._sweep)

    def connection(self) -> Connection:
        """Make the protocol of a new connection."""
        return Connection(self._shared)

    @property
    def date(self) -> DateLine:
        """The Date header; its `offset_ns` may be set at any time."""
        return self._shared.date

    @property
    def open_connections(self) -> int:
        """How many connections are open; those still in a TLS handshake do not count."""
        return len(self._shared.connections)

    def _sweep(self) -> None:
        """Look at a part of the ring; connections that have closed leave it here."""
        now_ns = monotonic_ns()
        ring, still_open = self._shared.ring, self._shared.connections
        for _ in range(-(-len(ring) // SWEEP_PARTS)):
            connection = ring.popleft()
            if connection in still_open:
                connection.check(now_ns)
                ring.append(connection)
        self._timer = self.loop.call_later(self._part_s, self._sweep)

    async def close(self, grace_s: float) -> None:
        """Close idle connections at once, let requests in flight be answered within the grace, then end the rest."""
        shared = self._shared
        shared.closing = True
        for connection in tuple(shared.connections):
            connection.close_if_idle()
        await self._until(lambda: not shared.working and not any(each.busy for each in shared.connections), grace_s)
        for task in shared.working:
            task.cancel()
        await self._until(lambda: not shared.working and not shared.connections, CLOSE_S)
        for connection in tuple(shared.connections):
            connection.abort()
        await self._until(lambda: not shared.connections, CLOSE_S)
        self._timer.cancel()

    async def _until(self, reached: Callable[[], bool], most_s: float) -> None:
        end_s = self.loop.time() + most_s
        while not reached() and self.loop.time() < end_s:  # noqa: ASYNC110  once in a life
            await asyncio.sleep(CLOSE_STEP_S)
