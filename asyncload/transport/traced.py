"""
The raw transport with a `traceparent` in each request.

HOT. A signature does not cover `traceparent`, so the signed request that is kept for the second stays as it is, and the
header goes in behind the others as the request is sent. A class of its own, so that a run without costs nothing.
"""

from asyncload.call import Call, Done
from asyncload.transport.connection import Connection
from asyncload.transport.raw import Raw
from asyncload.transport.wire import Wire

_EMPTY_LINE_BYTES = 2
"""What ends a head: a header goes before it."""


class TracedRaw(Raw):
    """A `Raw` whose requests are marked, in the order in which they get their connections."""

    def __init__(self, wire: Wire) -> None:
        """
        Args:
            wire: Where to, for whom, within which limits, and with which marks.
        """
        super().__init__(wire)
        if wire.marks is None:
            raise ValueError("wire: has no marks")
        self._marks = wire.marks

    def send(self, call: Call, done: Done) -> None:
        """Begin one call. HOT."""
        idle = self._idle
        while idle:
            connection = idle.pop()
            if not connection.closed:
                self._begin(connection, call, done, 0)
                return
        super().send(call, done)  # no connection is idle: it waits in line

    def freed(self, connection: Connection, reusable: bool) -> None:  # noqa: FBT001  # positional on the hot path
        """Take a connection back after a whole reply. HOT."""
        if reusable and self._waiting:
            self._begin(connection, *self._waiting.popleft())
        else:
            super().freed(connection, reusable)

    def _begin(self, connection: Connection, call: Call, done: Done, since_ns: int) -> None:
        signed = self._requests[call]
        mark = self._marks.next()
        end = len(signed) - len(call.body) - _EMPTY_LINE_BYTES
        request = b"".join((signed[:end], mark.line, memoryview(signed)[end:]))
        connection.begin(request, self._marks.watched(mark, call, done), since_ns)
