"""
The run's end of the socket to its page's process.

A frame is put into a line and written in pieces of some kilobytes, one in each turn of the loop in which the socket
takes more. If the other side is so slow that some frames wait already, the next one is let go and counted: nothing here
ever waits while the run lasts.
"""

import asyncio
import socket
import time
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

PIECE_BYTES: Final = 32 * 1024
"""Written in one turn: some 10 us."""
MOST_WAITING: Final = 4
"""Frames that may wait, the one being written included."""
_PARTS: Final = 16
"""Buffers handed to the kernel at once."""


class Channel:
    """Takes frames for a socket; used on one thread."""

    def __init__(self, sock: socket.socket) -> None:
        """
        Args:
            sock: A stream; made non-blocking here, and closed by `close`.
        """
        sock.settimeout(0.0)
        self.lost = 0
        """Frames that were let go."""
        self.broken = False
        """Whether the other side has gone."""
        self._socket = sock
        self._waiting: deque[deque[memoryview]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        """Where we are waiting for the socket to take more."""

    def send(self, frame: Sequence[memoryview], loop: asyncio.AbstractEventLoop) -> None:
        """Have a frame written when the loop comes to it, or let it go. HOT: once a second, beside the calls."""
        if self.broken:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.lost += 1
            return
        self._waiting.append(deque(frame))
        if self._loop is None:
            self._loop = loop
            loop.add_writer(self._socket, self._write)

    def leave(self) -> None:
        """Let the loop go, which may be over; what waits still waits."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_writer(self._socket)
        self._loop = None

    def flush(self, patience_s: float) -> bool:
        """Write what waits, now that nothing is measured any more; returns whether all of it was taken in time."""
        self.leave()
        until_s = time.monotonic() + patience_s
        while self._waiting and not self.broken:
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return False
            self._socket.settimeout(left_s)
            self._piece()
        return not self._waiting

    def push(self, frame: Sequence[memoryview]) -> None:
        """Put a frame into the line whatever its length, for `flush`."""
        self._waiting.append(deque(frame))

    def close(self) -> None:
        """Close the socket: to the other side it is the end."""
        self.leave()
        self._socket.close()

    def _write(self) -> None:
        self._piece()
        if self.broken or not self._waiting:
            self.leave()

    def _piece(self) -> None:
        """Write what one piece has room for."""
        frame = self._waiting[0]
        parts, room = [], PIECE_BYTES
        for part in islice(frame, _PARTS):
            parts.append(part[:room])
            room -= len(parts[-1])
            if not room:
                break
        try:
            self._taken(frame, self._socket.sendmsg(parts))
        except (BlockingIOError, InterruptedError, TimeoutError):
            return
        except OSError:
            self.broken = True
            self._waiting.clear()

    def _taken(self, frame: deque[memoryview], size: int) -> None:
        while frame and size >= len(frame[0]):
            size -= len(frame.popleft())
        if frame:
            frame[0] = frame[0][size:]
        else:
            self._waiting.popleft()
