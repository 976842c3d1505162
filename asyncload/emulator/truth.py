"""
The ground-truth log: one row per request, as JSON Lines, in memory for readers of /control/truth and in a file.

Rows are in the order in which requests ended. A file is written through a buffer and flushed every second.
"""

from collections import deque
from itertools import islice
from pathlib import Path

import msgspec


class Row(msgspec.Struct, frozen=True, gc=False):
    """
    What became of one request. Units: CLOCK_MONOTONIC nanoseconds, and nanoseconds.

    arrival_ns + queue_ns + service_ns is when the answer was due; sent_ns less that is the emulator's own overhead.
    """

    seq: int
    """Number of the row, from 0."""
    arrival_ns: int
    """When the request's head was read; of a body that came later, when its end was read."""
    queue_ns: int
    """Wait for a worker, and stalls."""
    service_ns: int
    """Time drawn from the model's law; 0 if no worker was reached."""
    sent_ns: int
    """When the reply had been handed to the socket."""
    endpoint: str
    model: str
    body_sha256: str
    body_bytes: int
    outcome: str
    """OK, AWS's error code, 413, or LOST if the client was gone before its reply or in the middle of its body."""
    status: int
    """HTTP status; 0 for LOST before there was one."""
    inference_id: str


class Truth:
    """Rows of the last requests in memory, and of all of them in a file if one is given."""

    def __init__(self, path: Path | None = None, kept: int = 200_000) -> None:
        """
        Args:
            path: File to write; an earlier one is replaced.
            kept: Rows that stay in memory.

        Raises:
            OSError: If the file cannot be written.
        """
        self.rows = 0
        """Rows since the start or the last reset."""
        self._lines: deque[bytes] = deque(maxlen=kept)
        self._encoder = msgspec.json.Encoder()
        self._file = None if path is None else path.open("wb", buffering=1 << 20)

    def add(self, row: Row) -> None:
        """Append a row."""
        line = self._encoder.encode(row) + b"\n"
        self.rows += 1
        self._lines.append(line)
        if self._file is not None:
            self._file.write(line)

    def since(self, seq: int) -> list[bytes]:
        """Return the lines from row `seq` on, as far as they are still in memory."""
        first = self.rows - len(self._lines)
        return list(islice(self._lines, max(0, seq - first), None))

    def reset(self) -> None:
        """Forget the rows in memory and count from 0; a file keeps what it has."""
        self.rows = 0
        self._lines.clear()

    def flush(self) -> None:
        """Hand what is buffered to the file."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Flush and close the file."""
        if self._file is not None:
            self._file.close()
