"""
Writing a run directory, every second.

SQLite runs in WAL mode with synchronous=NORMAL: a commit is a write without an fsync, which costs the generator
microseconds and survives the process's death, though not the machine's. There is no checkpoint while the run lasts, for
that one would wait for the disk.
"""

import asyncio
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from asyncload.errors import StoreError
from asyncload.histogram import Int64s, encode_groups
from asyncload.record import METRICS, SIGNS, Second
from asyncload.result import Health, RunResult, SecondResult
from asyncload.store.tables import COUNTS, FORMAT, TABLES

_MODELS_AT_ONCE = 32
"""Targets written between two looks at the loop: some 0.3 ms."""
_SAMPLES_AT_ONCE = 64
"""Likewise, some 0.15 ms."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a run starts; enough to read a directory whose run never ended."""

    scenario: Mapping[str, Any]
    plan_digest: str
    names: Sequence[str]
    """Labels of the targets."""
    measured_ns: Sequence[tuple[int, int]]
    """Spans of the measured phases, from the plan's zero."""
    started_unix_ns: int
    rank: int = 0
    world: int = 1


def new_directory(name: str, now_s: float) -> Path:
    """Name a directory for a run: runs/<UTC time>-<name>."""
    slug = "".join(c if c.isalnum() or c in "-_." else "-" for c in name)[:80].strip(".-") or "run"
    return Path("runs") / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(now_s))}-{slug}"


class RunDirectory:
    """A run directory that is being written."""

    def __init__(self, path: Path, facts: Facts) -> None:
        """
        Create the directory and write down what is known.

        Args:
            path: Must not hold a run yet; parents are made.
            facts: What is known.

        Raises:
            StoreError: If it holds a run, or cannot be written.
        """
        self.path = path
        self._width = len(facts.names)
        try:
            path.mkdir(parents=True, exist_ok=True)
            if (path / "result.json").exists():
                raise FileExistsError  # noqa: TRY301  # told in the same words as the one below
            # Exclusive, so that of two runs with one directory one is refused before it writes.
            (path / "run.sqlite").touch(exist_ok=False)
            (path / "scenario.json").write_bytes(msgspec.json.format(msgspec.json.encode(facts.scenario), indent=2))
            self._db = _create(path / "run.sqlite", facts)
        except FileExistsError as error:
            if not path.is_dir():
                raise StoreError(f"{path}: is a file, not a run directory") from error
            raise StoreError(f"{path}: holds a run already; give another --out, or remove it") from error
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path}: cannot write a run directory: {error}") from error

    async def append(self, row: SecondResult, second: Second, health: Health) -> None:
        """
        Write one second, in small steps between which the loop runs.

        Raises:
            StoreError: If it cannot be written; what was written before stays readable.
        """
        marks = _marks(len(COUNTS) + 5 + len(METRICS) + len(SIGNS))
        try:
            self._db.execute("BEGIN")
            for rows in _model_rows(row.second, second):
                self._db.executemany(f"INSERT INTO models VALUES ({marks})", rows)
                await asyncio.sleep(0)
            if second.rows is not None:
                for part in np.array_split(second.rows, 1 + len(second.rows) // _SAMPLES_AT_ONCE):
                    self._db.executemany(f"INSERT INTO samples VALUES ({_marks(8)})", part.tolist())
                    await asyncio.sleep(0)
            self._db.execute(f"INSERT INTO seconds VALUES ({_marks(len(COUNTS) + 7)})", _second_row(row, health))
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._db.close()
            raise StoreError(f"{self.path}: cannot be written any more: {error}") from error

    def finish(self, result: RunResult) -> None:
        """
        Write the result and close.

        Raises:
            StoreError: If it cannot be written.
        """
        try:
            part = self.path / "result.json.part"
            part.write_bytes(result.to_json())
            part.replace(self.path / "result.json")
            self._db.execute("INSERT INTO run VALUES ('settled_s', ?)", (str(result.health.settled_s),))
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{self.path}: the result cannot be written: {error}") from error
        finally:
            self._db.close()


def measured_until(spans: Sequence[tuple[int, int]], t_ns: int) -> int:
    """How much of the spans has passed at a time, ns."""
    return sum(max(0, min(end, t_ns) - start) for start, end in spans)


def _create(path: Path, facts: Facts) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "wal_autocheckpoint=0"):
            db.execute(f"PRAGMA {pragma}")
        db.executescript(f"BEGIN; {TABLES}")  # one transaction: a run that is killed here has no tables at all
        values = {"format": FORMAT, **asdict(facts)}
        rows = [(key, msgspec.json.encode(value).decode()) for key, value in values.items()]
        db.executemany("INSERT INTO run VALUES (?, ?)", rows)
        db.execute("COMMIT")
    except BaseException:
        db.close()
        raise
    return db


def _marks(n: int) -> str:
    return ",".join("?" * n)


def _model_rows(number: int, second: Second) -> "Iterator[list[tuple[object, ...]]]":
    """Rows of the targets that had a reply in this second, in portions, each encoded when it is asked for."""
    active = np.flatnonzero(second.outcomes.any(axis=1) | (second.refused > 0))
    groups, sign_groups = second.groups(), second.sign_groups()
    for i in range(0, active.size, _MODELS_AT_ONCE):
        models = active[i : i + _MODELS_AT_ONCE]
        metrics = _blobs(models, *groups, second.counts, len(METRICS))
        signs = _blobs(models, *sign_groups, second.sign_counts, len(SIGNS))
        sums = np.column_stack([second.outcomes[models], second.received[models], second.retries[models]]).tolist()
        refused = second.refused[models].tolist()
        yield [(number, model, *sums[j], *metrics[j], refused[j], *signs[j]) for j, model in enumerate(models.tolist())]


def _blobs(models: Int64s, groups: Int64s, slots: Int64s, counts: Int64s, width: int) -> list[list[bytes]]:
    """Encodings of the `width` histograms of each of some models; `groups` is model * width + which of them."""
    begin, end = np.searchsorted(groups, [models[0] * width, (models[-1] + 1) * width])
    position = np.searchsorted(models, groups[begin:end] // width) * width + groups[begin:end] % width
    blobs = encode_groups(position, slots[begin:end], counts[begin:end], models.size * width)
    return [blobs[i : i + width] for i in range(0, len(blobs), width)]


def _second_row(row: SecondResult, health: Health) -> tuple[object, ...]:
    facts = msgspec.json.encode(asdict(health)).decode()
    counts = (row.second, row.planned, row.sent, row.in_flight, *row.outcomes)
    return (*counts, row.response.encode(), row.lateness.encode(), facts)
