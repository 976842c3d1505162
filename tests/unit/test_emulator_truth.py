"""The ground-truth log: what stays in memory, and the file that others read."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import astuple

from asyncload.emulator.witness.truth import ROWS_AT_ONCE, WAITING_ROWS, Event, Row, Truth
from asyncload.errors import StartError


def _row(seq: int, model: str = "a.tar.gz") -> Row:
    return Row(
        seq=seq,
        arrival_ns=1,
        arrival_unix_ns=1_766_000_000_000_000_000,
        endpoint="mme",
        variant="AllTraffic",
        instance="AllTraffic/0",
        model=model,
        tier="hot",
        overhead_ns=2,
        load_ns=3,
        queue_ns=4,
        service_ns=5,
        sent_ns=15,
        body_sha256="00",
        body_bytes=6,
        outcome="OK",
        status=200,
        inference_id="",
        fault="slow",
    )


def _add(truth: Truth, count: int = 1, model: str = "a.tar.gz") -> None:
    for _ in range(count):
        truth.add(_row(truth.rows, model))


def _numbers(lines: list[bytes]) -> list[int]:
    return [json.loads(line)["seq"] for line in lines]


def _read(path: Path, query: str) -> list[tuple[object, ...]]:
    db = sqlite3.connect(path)
    try:
        return db.execute(query).fetchall()
    finally:
        db.close()


def _columns(path: Path, table: str) -> tuple[object, ...]:
    return tuple(column[1] for column in _read(path, f"PRAGMA table_info({table})"))


def test_rows_are_given_from_a_number_on() -> None:
    """`since` leaves out what the reader has."""
    truth = Truth()
    _add(truth, 5)
    assert [_numbers(truth.since(n)) for n in (0, 3, 5, 9)] == [[0, 1, 2, 3, 4], [3, 4], [], []]


@pytest.mark.parametrize("begin", [b"endpoints: []\n", b"SQLite forma", b"x" * 100])
def test_a_file_that_is_no_truth_is_not_replaced(tmp_path: Path, begin: bytes) -> None:
    """A mistyped name costs nobody a configuration."""
    (tmp_path / "config.yaml").write_bytes(begin)
    with pytest.raises(StartError, match="no SQLite database"):
        Truth(tmp_path / "config.yaml")
    assert (tmp_path / "config.yaml").read_bytes() == begin


def test_an_empty_file_is_replaced(tmp_path: Path) -> None:
    """As mktemp makes one."""
    (tmp_path / "truth.sqlite").touch()
    Truth(tmp_path / "truth.sqlite").close()
    assert _read(tmp_path / "truth.sqlite", "SELECT count(*) FROM requests") == [(0,)]


def test_memory_is_bounded_and_numbers_go_on() -> None:
    """Old rows leave the memory; `since` still counts from the first row ever."""
    truth = Truth(kept=3)
    _add(truth, 5)
    assert [_numbers(truth.since(n)) for n in (0, 4)] == [[2, 3, 4], [4]]


def test_the_file_has_every_row(tmp_path: Path) -> None:
    """A file keeps what memory drops and what a reset forgets; names are kept as they are."""
    truth = Truth(tmp_path / "truth.sqlite", kept=1)
    _add(truth, model='a"\n.tar.gz')
    _add(truth)
    truth.reset()
    _add(truth)
    truth.close()
    rows = _read(tmp_path / "truth.sqlite", "SELECT seq, model FROM requests")
    assert rows == [(0, 'a"\n.tar.gz'), (1, "a.tar.gz"), (0, "a.tar.gz")]
    assert [file.name for file in tmp_path.iterdir()] == ["truth.sqlite"]


def test_every_column_stands_under_its_name(tmp_path: Path) -> None:
    """The tables have the columns of Row and Event, and each value is in its own."""
    path = tmp_path / "truth.sqlite"
    truth = Truth(path)
    event = Event(7, "mme", "AllTraffic/0", "load", "a.tar.gz", 8, 9)
    truth.add(_row(0))
    truth.event(event)
    truth.close()
    assert _columns(path, "requests") == Row.__struct_fields__
    assert _columns(path, "events") == Event.__struct_fields__
    assert _read(path, "SELECT * FROM requests") == [astuple(_row(0))]
    assert _read(path, "SELECT * FROM events") == [astuple(event)]


def test_another_reader_sees_rows_while_they_are_written(tmp_path: Path) -> None:
    """Full portions can be read at once, the rest after `flush`; a reader in the middle of a query stops nobody."""
    path = tmp_path / "truth.sqlite"
    truth = Truth(path)
    _add(truth, ROWS_AT_ONCE + 1)
    reader = sqlite3.connect(path)
    reading = reader.execute("SELECT seq FROM requests")
    reading.fetchone()
    truth.flush()
    _add(truth, 100 * ROWS_AT_ONCE)
    assert len(reading.fetchall()) == ROWS_AT_ONCE - 1
    assert reader.execute("SELECT count(*) FROM requests").fetchone() == (101 * ROWS_AT_ONCE + 1,)
    reader.close()
    truth.close()


def test_the_log_is_folded_as_it_goes(tmp_path: Path) -> None:
    """The log beside the database stays small, so neither its size nor its folding grows with the run."""
    truth = Truth(tmp_path / "truth.sqlite")
    _add(truth, 200 * ROWS_AT_ONCE)
    assert (tmp_path / "truth.sqlite-wal").stat().st_size < 1_000_000
    assert (tmp_path / "truth.sqlite").stat().st_size > 1_000_000
    truth.close()


def test_what_was_flushed_survives_a_kill(tmp_path: Path) -> None:
    """After SIGKILL the file has every row up to the last flush."""
    path = tmp_path / "truth.sqlite"
    script = (
        "import os, sys; from pathlib import Path; from tests.unit.test_emulator_truth import Truth, _add\n"
        "truth = Truth(Path(sys.argv[1])); _add(truth, 70); truth.flush(); _add(truth, 3); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", script, str(path)], check=False, timeout=60).returncode == -9
    assert _read(path, "SELECT count(*), max(seq) FROM requests") == [(70, 69)]


def test_an_earlier_file_is_replaced(tmp_path: Path) -> None:
    """Whatever was there, a killed run's log included, is gone, even if it is broken."""
    for ending in ("", "-wal", "-shm"):
        (tmp_path / f"truth.sqlite{ending}").write_bytes(b"SQLite format 3\0 and no more")
    truth = Truth(tmp_path / "truth.sqlite")
    _add(truth)
    truth.close()
    assert _read(tmp_path / "truth.sqlite", "SELECT count(*) FROM requests") == [(1,)]


def test_a_place_that_cannot_be_written_is_an_error_at_once(tmp_path: Path) -> None:
    """Without a folder there is no file, and the start fails in words."""
    with pytest.raises(OSError, match=r"none/truth\.sqlite cannot be written"):
        Truth(tmp_path / "none" / "truth.sqlite")


def test_a_full_disk_is_said_once_and_memory_goes_on(tmp_path: Path) -> None:
    """When SQLite cannot write any more, rows stay in memory, and what was written stays readable."""
    said: list[str] = []
    path = tmp_path / "truth.sqlite"
    truth = Truth(path, failed=said.append)
    _add(truth, ROWS_AT_ONCE)
    assert truth._file is not None
    truth._file.db.execute("PRAGMA max_page_count=1")  # SQLite answers as it does on a full disk
    _add(truth, 10 * ROWS_AT_ONCE)
    truth.event(Event(1, "mme", "AllTraffic/0", "killed"))
    truth.close()
    assert len(said) == 1
    assert "full" in said[0]
    assert len(truth.since(0)) == 11 * ROWS_AT_ONCE
    assert _read(path, "SELECT count(*) > 0 FROM requests") == [(1,)]


def test_rows_wait_while_another_process_locks_the_file(tmp_path: Path) -> None:
    """A lock stops neither the emulator nor the file: rows are written once it is gone."""
    said: list[str] = []
    path = tmp_path / "truth.sqlite"
    truth = Truth(path, failed=said.append)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    _add(truth, 2 * ROWS_AT_ONCE)
    other.execute("ROLLBACK")
    other.close()
    truth.close()
    assert said == []
    assert _read(path, "SELECT count(*) FROM requests") == [(2 * ROWS_AT_ONCE,)]


def test_what_waits_for_a_lock_is_bounded(tmp_path: Path) -> None:
    """A file that stays locked is given up."""
    said: list[str] = []
    truth = Truth(tmp_path / "truth.sqlite", kept=1, failed=said.append)
    other = sqlite3.connect(tmp_path / "truth.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    _add(truth, WAITING_ROWS + 2)
    other.close()
    assert len(said) == 1
    assert "locked" in said[0]


def test_a_file_that_is_locked_at_the_end_is_not_lost_in_silence(tmp_path: Path) -> None:
    """Rows that can be written no more are said to be missing."""
    said: list[str] = []
    truth = Truth(tmp_path / "truth.sqlite", failed=said.append)
    other = sqlite3.connect(tmp_path / "truth.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    _add(truth)
    truth.close()
    other.close()
    assert len(said) == 1
