"""
Reading a run directory back: its result, or what can be told from its seconds if it was cut; and its history.

Reading changes no file, whatever state a run is in: an archive may be read-only, and that a run was written to lately
is how others see that it is under way. To SQLite a reader of a write-ahead log is also one who tidies up. So:

    no log       the run ended: opened as a database that nobody changes
    log, index   it is being written, or was killed: the index is only read, and made in memory if nobody keeps it
    log alone    somebody copied a killed run: whoever writes keeps an index, so nobody does, and no lock is needed
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from asyncload.call import Outcome
from asyncload.errors import StoreError
from asyncload.histogram import Histogram, Int64s, decode_groups, sum_by_key
from asyncload.history import Columns, History, Samples
from asyncload.measured import Signs
from asyncload.record import METRICS, SIGNS
from asyncload.result import WARMUP, Health, ModelResult, RunResult, SecondResult, total
from asyncload.store.tables import COUNTS, FORMAT
from asyncload.transient import find, take_out

_S: Final = 1_000_000_000
_SAMPLES_AT_ONCE: Final = 65_536
"""Calls of a block: some 25 MB while they are read."""
_ROWS_AT_ONCE: Final = 16_384
"""Rows of targets that are decoded together."""

_FAILED: Final = " + ".join(name for name in COUNTS if name != "ok")
_OTHERS: Final = f"CASE WHEN {_FAILED} THEN json_array({', '.join(COUNTS)}) END"
"""Of most rows nothing: a dozen columns of zeros take longer to fetch than all the rest."""


def read(path: Path) -> RunResult:
    """
    Read a run directory, or a result.json by itself.

    A run that was killed is read from its seconds; `health.cut` says so.

    Raises:
        StoreError: If there is no run at `path`, or it cannot be read.
    """
    with _told(path):
        for file in (path, path / "result.json"):
            if file.is_file():
                return _from_json(file)
        if not (path / "run.sqlite").is_file():
            raise StoreError(f"{path}: no run here; expected a directory with run.sqlite or result.json")
        return _read_cut(path / "run.sqlite")


def _from_json(path: Path) -> RunResult:
    try:
        return RunResult.from_json(path.read_bytes())
    except StoreError as error:
        raise StoreError(f"{path}: {error}") from error


def read_history(path: Path) -> History | None:
    """
    Read what a run directory has beyond its result; None for a result.json by itself.

    Raises:
        StoreError: If it cannot be read; also while the seconds are gone through.
    """
    database = path / "run.sqlite"
    if not database.is_file():
        return None
    with _told(path), _opened(database) as db:
        facts = _facts(db, database)
        settled_s = _settled_s(db, facts)
        kept = db.execute("SELECT 1 FROM samples LIMIT 1").fetchone() is not None
    begin_ns = settled_s * _S
    spans = tuple((max(begin, begin_ns), end) for begin, end in _spans(facts) if end > begin_ns)
    seconds, samples = _Seconds(database, facts["names"], settled_s), _Samples(database) if kept else None
    return History(spans, int(facts["rank"]), int(facts["world"]), seconds, seconds.columns, samples)


class _Seconds:
    """The rows of the targets, second by second, read anew each time."""

    def __init__(self, path: Path, names: Sequence[str], settled_s: int) -> None:
        """
        Args:
            path: The database.
            names: Of the targets.
            settled_s: Second before which everything is warm-up.
        """
        self._path = path
        self._names = [*names, WARMUP]
        self._settled_s = settled_s

    def __iter__(self) -> Iterator[tuple[int, Mapping[int, ModelResult]]]:
        columns = ", ".join(["second", "model", *COUNTS, "received_bytes", "retries", *METRICS])
        query = f"SELECT {columns} FROM models ORDER BY second, model"
        with _told(self._path), _opened(self._path) as db:
            for second, rows in groupby(db.execute(query), key=itemgetter(0)):
                targets = self._targets(list(rows))
                if second < self._settled_s and targets:
                    targets = {len(self._names) - 1: total(WARMUP, list(targets.values()))}
                yield second, targets

    def columns(self, metric: str) -> Iterator[Columns]:
        """Yield the rows of some seconds at a time, with the histograms of one duration only."""
        blob = METRICS[METRICS.index(metric)]
        query = f"SELECT second, model, ok, {_OTHERS}, {blob} FROM models ORDER BY second, model"
        with _told(self._path), _opened(self._path) as db:
            found = db.execute(query)
            while rows := found.fetchmany(_ROWS_AT_ONCE):
                *numbers, others, blobs = zip(*rows, strict=True)
                second, model, ok = (np.array(column, np.int64) for column in numbers)
                model = np.where(second < self._settled_s, len(self._names) - 1, model)
                yield Columns(second, model, _outcomes(ok, others), *decode_groups(blobs))

    def _targets(self, rows: Sequence[Sequence[Any]]) -> dict[int, ModelResult]:
        width = len(METRICS)
        groups, slots, counts = decode_groups([blob for row in rows for blob in row[-width:]])
        edges = np.searchsorted(groups, np.arange(len(rows) * width + 1)).tolist()
        histograms = [Histogram(slots[begin:end], counts[begin:end]) for begin, end in pairwise(edges)]
        return {
            model: ModelResult(
                self._names[model], tuple(sums[: len(COUNTS)]), sums[len(COUNTS)],
                *histograms[i * width : (i + 1) * width], retries=sums[len(COUNTS) + 1],
            )
            for i, (_, model, *sums) in enumerate(rows)
            if any(sums[: len(COUNTS)])  # a row without calls tells of calls refused before
        }  # fmt: skip


class _Samples:
    """The calls of a run, block by block, read anew each time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[Samples]:
        query = f"SELECT {', '.join(Samples._fields)} FROM samples ORDER BY rowid"
        with _told(self._path), _opened(self._path) as db:
            rows = db.execute(query)
            while block := rows.fetchmany(_SAMPLES_AT_ONCE):
                yield Samples(*np.array(block, np.int64).T)


def _outcomes(ok: Int64s, others: Sequence[str | None]) -> Int64s:
    """Calls by outcome, int64[n, outcomes]; of rows in which any did not end OK all counts are given, as JSON."""
    outcomes = np.zeros((ok.size, len(COUNTS)), np.int64)
    outcomes[:, Outcome.OK] = ok
    for row, counts in enumerate(others):
        if counts is not None:
            outcomes[row] = msgspec.json.decode(counts)
    return outcomes


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say in one way that something cannot be read."""
    try:
        yield
    except (OSError, sqlite3.Error, msgspec.DecodeError, LookupError, TypeError, ValueError) as error:
        raise StoreError(f"{path}: cannot be read: {error}") from error


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    log, index = (path.with_name(f"{path.name}-{what}").exists() for what in ("wal", "shm"))
    how = "immutable=1" if not log else "readonly_shm=1" if index else "vfs=unix-none"
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&{how}", uri=True)
    try:
        if log and not index:
            db.execute("PRAGMA locking_mode=EXCLUSIVE")  # with which the index is made in memory
        yield db
    finally:
        db.close()


def _facts(db: sqlite3.Connection, path: Path) -> Mapping[str, Any]:
    if db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
        raise StoreError(f"{path}: the run was cut before it began; nothing was sent")
    facts = {key: msgspec.json.decode(value) for key, value in db.execute("SELECT key, value FROM run")}
    if facts.get("format") != FORMAT:
        raise StoreError(f"{path}: has the format {facts.get('format')!r}; this version reads {FORMAT!r}")
    return facts


def _read_cut(path: Path) -> RunResult:
    with _opened(path) as db:
        facts = _facts(db, path)
        seconds = tuple(map(_second_of, db.execute("SELECT * FROM seconds ORDER BY second")))
        names = [*facts["names"], WARMUP]
        models = _models_of(db, names)
        health = _last_health(db, facts)
        result = RunResult(facts["scenario"], facts["plan_digest"], tuple(models[:-1]), models[-1], seconds, health)
        if not _automatic(facts):
            return result
        span = _spans(facts)[0]
        transient = find(seconds, span, health.measured_ns, health.reach_s)
        beginning = _models_of(db, names, transient.until_s)[:-1] if transient.until_s else []
        return take_out(result, beginning, transient, span)


def _spans(facts: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Spans of the measured phases."""
    return [(int(begin), int(end)) for begin, end in facts["measured_ns"]]


def _automatic(facts: Mapping[str, Any]) -> bool:
    return facts["scenario"].get("warmup") == "auto" and bool(facts["measured_ns"])


def _settled_s(db: sqlite3.Connection, facts: Mapping[str, Any]) -> int:
    """Second before which `warmup: auto` cut; of a run that was killed, as of now."""
    if "settled_s" in facts or not _automatic(facts):
        return int(facts.get("settled_s", 0))
    seconds = [_second_of(row) for row in db.execute("SELECT * FROM seconds ORDER BY second")]
    health = _last_health(db, facts)
    return find(seconds, _spans(facts)[0], health.measured_ns, health.reach_s).until_s


def _last_health(db: sqlite3.Connection, facts: Mapping[str, Any]) -> Health:
    last = db.execute("SELECT health FROM seconds ORDER BY second DESC LIMIT 1").fetchone()
    if last is None:
        return Health(facts["started_unix_ns"], 0, 0, 0, cut=True)
    values = msgspec.json.decode(last[0])
    known = {field.name: values[field.name] for field in fields(Health) if field.name in values}
    return Health(**{**known, "cut": True})


def _second_of(row: Sequence[Any]) -> SecondResult:
    second, planned, sent, in_flight, *outcomes, response, lateness, _health = row
    histograms = (Histogram.decode(response), Histogram.decode(lateness))
    return SecondResult(second, planned, sent, in_flight, tuple(outcomes), *histograms)


def _models_of(db: sqlite3.Connection, names: Sequence[str], until_s: int | None = None) -> list[ModelResult]:
    """Add up every target's seconds, or those before one, in one pass over the table."""
    written = {row[1] for row in db.execute("PRAGMA table_info(models)")}
    signs = ["refused", *SIGNS] if "refused" in written else []  # a run of a version that did not look for them
    columns = ["model", *COUNTS, "received_bytes", "retries", *METRICS, *signs]
    before = "" if until_s is None else f"WHERE second < {until_s:d}"
    query = f"SELECT {', '.join(columns)} FROM models {before} ORDER BY model"
    found = {
        model: _added(names[model], [dict(zip(columns, row, strict=True)) for row in rows])
        for model, rows in groupby(db.execute(query), key=itemgetter(0))
    }
    silent = [total(name, ()) if signs else replace(total(name, ()), signs=None) for name in names]
    return [found.get(model) or silent[model] for model in range(len(names))]


def _added(name: str, rows: Sequence[Mapping[str, Any]]) -> ModelResult:
    counts = tuple(sum(row[column] for row in rows) for column in COUNTS)
    received, retries = (sum(row[column] for row in rows) for column in ("received_bytes", "retries"))
    histograms = (_sum_of([row[metric] for row in rows]) for metric in METRICS)
    signs = None
    if "refused" in rows[0]:
        first, held = (_sum_of([row[sign] for row in rows]) for sign in SIGNS)
        signs = Signs(first, held, sum(row["refused"] for row in rows))
    return ModelResult(name, counts, received, *histograms, retries=retries, signs=signs)


def _sum_of(blobs: Sequence[bytes]) -> Histogram:
    _, slots, values = decode_groups(blobs)
    return Histogram(*sum_by_key(slots, values))
