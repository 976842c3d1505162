"""
The ground truth: what became of each request, and what happened on each instance.

In memory the last rows stay as JSON lines, for GET /control/truth. A file holds them all; it is an SQLite database that
another process may read while it is written:

    requests      one row per request, in the order in which requests ended; see Row
    events        downloads, loads, unloads and what else happens on instances; see Event

Strategy of the file: it is written on the loop's own thread in steps so small that they do not spoil the times of
replies. 64 rows are a transaction of their own, some 0.15 ms, and every few of them some 0.3 ms, when SQLite's log is
folded into the database: often, so that it neither grows without end nor makes a long pause. (A thread would keep the
interpreter for up to 5 ms.) Nothing waits for the disk, for synchronous is OFF: what is written survives the death of
this process, though not that of the machine.
"""

import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path

import msgspec

from asyncload.errors import StartError

ROWS_AT_ONCE = 64
WAITING_ROWS = 100_000
"""What may wait while another process locks the file."""
_FOLD_PAGES = 64
_CLOSING_MS = 500
_SQLITE = b"SQLite format 3\0"
"""How each database begins. Source: sqlite.org/fileformat.html, section 1.3."""
_TABLES = """
CREATE TABLE requests (
    seq INTEGER,             -- number of the row since the start or the last reset, from 0
    arrival_ns INTEGER,      -- CLOCK_MONOTONIC: when the request had been read
    arrival_unix_ns INTEGER, -- the same moment, ns since 1970
    endpoint TEXT,
    variant TEXT,
    instance TEXT,           -- such as AllTraffic/0; empty if it reached none
    model TEXT,
    tier TEXT,               -- of the model on arrival: hot, warm, cold, loading; empty if it reached no instance
    overhead_ns INTEGER,     -- what the platform took for itself
    load_ns INTEGER,         -- wait until the model was loaded
    queue_ns INTEGER,        -- wait for a worker, and stalls; all of the wait for a container that was lost
    service_ns INTEGER,      -- what the worker took
    sent_ns INTEGER,         -- CLOCK_MONOTONIC: when the reply had been handed to the socket
    body_sha256 TEXT,
    body_bytes INTEGER,
    outcome TEXT,            -- OK, AWS's error code, 413, or LOST
    status INTEGER,          -- HTTP status; for LOST the one that the client did not see, 0 if there was none
    inference_id TEXT,
    fault TEXT,              -- word of the fault that it met; empty if none
    paced_ns INTEGER         -- of the reply: until its client had taken it, and the pace of one that is spoilt
);
CREATE TABLE events (
    at_ns INTEGER,           -- CLOCK_MONOTONIC: when it ended
    endpoint TEXT,
    instance TEXT,
    what TEXT,               -- download, load, unload, delete, the same with _failed; down, up, added, removed
    model TEXT,              -- empty if it is not about one
    took_ns INTEGER,
    size_bytes INTEGER       -- on disk for download and delete, in memory for load and unload
);
"""


class Row(msgspec.Struct, frozen=True, gc=False):
    """
    What became of one request. Units: CLOCK_MONOTONIC nanoseconds, and nanoseconds.

    arrival_ns + overhead_ns + load_ns + queue_ns + service_ns is when the answer was due; sent_ns less that and less
    paced_ns is the emulator's own lateness.
    """

    seq: int
    """Number of the row, from 0."""
    arrival_ns: int
    """When the last bytes of the request had been read."""
    arrival_unix_ns: int
    """The same moment since 1970: joins logs of other machines and tools, and CloudWatch's minutes."""
    endpoint: str
    variant: str
    instance: str
    """Such as AllTraffic/0; empty if it reached none."""
    model: str
    tier: str
    """Where the model was on arrival: hot, warm, cold, or loading; empty if the request reached no instance."""
    overhead_ns: int
    """What the platform took for itself, by its law."""
    load_ns: int
    """Wait until the model was loaded."""
    queue_ns: int
    """Wait for a worker, and stalls; all of the wait for a container that was lost meanwhile."""
    service_ns: int
    """What the worker took, by the model's law or by the clock; 0 if none was reached."""
    sent_ns: int
    """When the reply had been handed to the socket."""
    body_sha256: str
    body_bytes: int
    outcome: str
    """OK, AWS's error code, 413, or LOST if the client was gone before its reply or in the middle of its body, or if
    the emulator ended before that."""
    status: int
    """HTTP status; for LOST the one that the client did not see, 0 if the emulator ended before there was one."""
    inference_id: str
    """What the client sent as X-Amzn-SageMaker-Inference-Id: the best key to join its own log by."""
    fault: str = ""
    """Word of the fault that it met; empty if none."""
    paced_ns: int = 0
    """What the reply took that is not the emulator's: until the client had taken what the socket does not hold, and the
    pace of a reply that is spoilt on purpose."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something that happened on an instance."""

    at_ns: int
    """CLOCK_MONOTONIC: when it ended."""
    endpoint: str
    instance: str
    what: str
    """download, load, unload, delete, the same with _failed; down, up, added, removed."""
    model: str = ""
    """Empty if it is not about one."""
    took_ns: int = 0
    size_bytes: int = 0


class Truth:
    """Rows of the last requests in memory, and of all of them in a file if one is given."""

    def __init__(
        self, path: Path | None = None, kept: int = 200_000, failed: Callable[[str], None] | None = None
    ) -> None:
        """
        Args:
            path: File to write; an earlier one is replaced.
            kept: Rows that stay in memory.
            failed: Told once, in words, if the file cannot be written any more; rows then stay in memory only.

        Raises:
            StartError: If there is another file of that name, no truth and not empty.
            OSError: If the file cannot be written from the start.
        """
        self.rows = 0
        """Rows since the start or the last reset."""
        self._lines: deque[bytes] = deque(maxlen=kept)
        self._encode = msgspec.json.Encoder().encode
        self._failed = failed
        self._file = None if path is None else _File(path)

    def add(self, row: Row) -> None:
        """Append a row."""
        self.rows += 1
        self._lines.append(self._encode(row) + b"\n")
        if self._file is not None:
            self._file.requests.append(row)
            if len(self._file.requests) >= ROWS_AT_ONCE:
                self.flush()

    def event(self, event: Event) -> None:
        """Write an event to the file; without one it is not kept."""
        if self._file is not None:
            self._file.events.append(event)
            if len(self._file.events) >= ROWS_AT_ONCE:
                self.flush()

    def since(self, seq: int) -> list[bytes]:
        """Return the lines from row `seq` on, as far as they are still in memory."""
        first = self.rows - len(self._lines)
        return list(islice(self._lines, max(0, seq - first), None))

    def reset(self) -> None:
        """Forget the rows in memory and count from 0; a file keeps what it has."""
        self.rows = 0
        self._lines.clear()

    def flush(self) -> None:
        """Write what is waiting; call it every second, so that nobody has to wait for the 64th row."""
        if self._file is not None:
            try:
                self._file.write()
            except sqlite3.Error as problem:
                locked = problem.sqlite_errorcode == sqlite3.SQLITE_BUSY
                if not locked or len(self._file.requests) + len(self._file.events) > WAITING_ROWS:
                    self._give_up(problem)

    def close(self) -> None:
        """Write what is waiting, and leave one file in order; waits a moment for one who locks the file."""
        if self._file is not None:
            try:
                self._file.close()
            except sqlite3.Error as problem:
                self._give_up(problem)
            self._file = None

    def _give_up(self, problem: sqlite3.Error) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(sqlite3.Error):
                file.db.close()
            if self._failed is not None:
                self._failed(
                    f"the truth file {file.path} cannot be written any more: {problem}; "
                    "what it has stays readable, later rows are in memory only"
                )


class _File:
    """The database, and what is to be written next."""

    __slots__ = ("db", "events", "path", "requests")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.requests: list[Row] = []
        self.events: list[Event] = []
        _must_be_replaceable(path)
        for ending in ("", "-wal", "-shm", "-journal"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        try:
            self.db = _create(path)
        except sqlite3.Error as problem:
            raise OSError(f"the truth file {path} cannot be written: {problem}") from problem

    def write(self) -> None:
        """
        Write what is waiting as one transaction.

        Raises:
            sqlite3.Error: If it cannot be written.
        """
        if not self.requests and not self.events:
            return
        self.db.execute("BEGIN IMMEDIATE")
        self.db.executemany(_insert("requests", Row), map(msgspec.structs.astuple, self.requests))
        self.db.executemany(_insert("events", Event), map(msgspec.structs.astuple, self.events))
        self.db.execute("COMMIT")
        self.requests.clear()
        self.events.clear()

    def close(self) -> None:
        """
        Write what is waiting, fold the log into the database, and close it.

        Raises:
            sqlite3.Error: If it cannot be written.
        """
        self.db.execute(f"PRAGMA busy_timeout={_CLOSING_MS}")
        self.write()
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.db.close()


def _must_be_replaceable(path: Path) -> None:
    """
    Look at what has the name already: it may be a slip of the pen.

    Raises:
        StartError: If it is neither empty nor a database.
    """
    if path.exists():
        with path.open("rb") as file:
            begin = file.read(len(_SQLITE))
        if begin not in {b"", _SQLITE}:
            raise StartError(f"the truth file {path} exists and is no SQLite database; name another one, or remove it")


def _create(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=0, isolation_level=None)  # the loop must not wait for another's lock
    try:
        for pragma in ("journal_mode=WAL", "synchronous=OFF", f"wal_autocheckpoint={_FOLD_PAGES}"):
            db.execute(f"PRAGMA {pragma}")
        db.executescript(f"BEGIN; {_TABLES} COMMIT;")
    except BaseException:
        db.close()
        raise
    return db


def _insert(table: str, row: type[msgspec.Struct]) -> str:
    columns = row.__struct_fields__
    return f"INSERT INTO {table} ({','.join(columns)}) VALUES ({','.join('?' * len(columns))})"  # noqa: S608  own names
