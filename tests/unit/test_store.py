"""Run directories: what was written is read back, whole or cut; what cannot be written or read is said."""

import asyncio
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from asyncload import store
from asyncload.call import Outcome, Reply
from asyncload.errors import StoreError
from asyncload.histogram import Histogram, Int64s, encode_groups
from asyncload.measured import Signs
from asyncload.record import METRICS, SIGNS, Recorder, Second
from asyncload.result import WARMUP, Health, ModelResult, RunResult, SecondResult, total
from asyncload.store import Facts, RunDirectory, directory, measured_until, new_directory, reading

S = 1_000_000_000
MS = 1_000_000
NAMES = tuple(f"model-{i}.tar.gz" for i in range(150))
SCENARIO = {"name": "stored", "seed": 2**63 - 1, "models": [{"name": "ü"}]}
FACTS = Facts(SCENARIO, "ab" * 32, NAMES, [(S, 5 * S)], 10**18, rank=1, world=3)
NO_SIGNS = Signs(Histogram.empty(), Histogram.empty(), 0)
WORDS = {outcome.name.lower() for outcome in Outcome}


def health(second: int) -> Health:
    examples = {"TIMEOUT": "no reply in 30s", "AUTH": "403 ü"}
    return Health(
        10**18, (second + 1) * S, second * S, 0, cpu_share=0.25, stalls=second, first_error="x", examples=examples
    )


class Run:
    """A run of a few seconds, written as a session does."""

    def __init__(self, path: Path, *, samples: bool = False) -> None:
        self.directory = RunDirectory(path, FACTS)
        self.recorder = Recorder(len(NAMES), 0, [(0, S)], samples=samples)
        self.rows: list[SecondResult] = []

    def second(self, calls: int = 400) -> None:
        """Record and append one second."""
        asyncio.run(self.directory.append(*self.fill(calls)))

    def fill(self, calls: int) -> tuple[SecondResult, Second, Health]:
        """Record one second: half of the targets have replies, of all outcomes; every tenth is dropped."""
        number = len(self.rows)
        for i in range(calls):
            due = number * S + i * MS
            outcome = Outcome.DROPPED if i % 10 == 9 else Outcome(i % 9)
            sent = 0 if outcome is Outcome.DROPPED else due + 1 + (i % 7) * 100_000
            reply = Reply(sent, sent + i * MS, sent + i * i * 1000 + i * MS, outcome, i, 1 + i % 3)
            self.recorder.record(2 * i % len(NAMES), due, reply)
        second = self.recorder.tick()
        outcomes = tuple(second.outcomes.sum(axis=0).tolist())
        row = SecondResult(number, calls, calls - 5, 7, outcomes, second.overall(0), second.overall(2))
        self.rows.append(row)
        return row, second, health(number)

    def result(self) -> RunResult:
        models = [
            ModelResult(
                name,
                tuple(self.recorder.outcomes[i].tolist()),
                int(self.recorder.received[i]),
                *(self.recorder.total(i, metric) for metric in range(len(METRICS))),
                retries=int(self.recorder.retries[i]),
                signs=self.recorder.signs(i),
            )
            for i, name in enumerate([*NAMES, WARMUP])
        ]
        last = health(len(self.rows) - 1)
        return RunResult(SCENARIO, FACTS.plan_digest, tuple(models[:-1]), models[-1], tuple(self.rows), last)


@contextmanager
def database(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path / "run.sqlite")) as db:
        yield db


@pytest.mark.parametrize("name", ["plain", "a b?c#d%20e&mode=ro", "ü'\""])
def test_a_run_is_read_back_whole_or_cut(tmp_path: Path, name: str) -> None:
    """With result.json and without it: the same counts, durations, seconds and verdict; a cut one says so."""
    path = tmp_path / "runs" / name
    run = Run(path)
    for _ in range(3):
        run.second()
    result = run.result()
    assert result.totals.calls == 800
    assert result.warmup.calls == 400
    run.directory.finish(result)
    assert store.read(path) == store.read(path / "result.json") == result
    assert json.loads((path / "scenario.json").read_bytes()) == SCENARIO
    (path / "result.json").unlink()
    assert store.read(path) == replace(result, health=replace(result.health, cut=True))


def test_a_second_of_many_targets_is_encoded_in_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two turns of the loop no more than one portion: metrics and signs of it."""
    encoded: list[int] = []

    def noted(groups: Int64s, slots: Int64s, counts: Int64s, width: int) -> list[bytes]:
        encoded.append(width)
        return encode_groups(groups, slots, counts, width)

    monkeypatch.setattr(directory, "encode_groups", noted)
    run = Run(tmp_path)
    run.second()  # warm-up, which is one row
    encoded.clear()
    second = run.fill(1000)
    in_each_turn: list[int] = []

    async def append() -> None:
        writing = asyncio.create_task(run.directory.append(*second))
        while not writing.done():
            before = len(encoded)
            await asyncio.sleep(0)
            in_each_turn.append(len(encoded) - before)

    asyncio.run(append())
    assert len(encoded) >= 6
    assert max(in_each_turn) == 2
    assert max(encoded) <= 32 * len(METRICS)


def test_a_run_under_way_can_be_read(tmp_path: Path) -> None:
    """Everything up to the last second that was appended, while the writer still writes."""
    run = Run(tmp_path)
    assert store.read(tmp_path).seconds == ()
    assert store.read(tmp_path).health == Health(10**18, 0, 0, 0, cut=True)
    run.second()
    read = store.read(tmp_path)
    assert read.seconds == tuple(run.rows)
    run.second(0)
    run.second()
    assert store.read(tmp_path).seconds == tuple(run.rows)
    assert store.read(tmp_path).models == run.result().models
    run.directory.finish(run.result())


@pytest.mark.parametrize("left", [["run.sqlite", "run.sqlite-wal", "run.sqlite-shm"], ["run.sqlite", "run.sqlite-wal"]])
def test_reading_a_killed_run_changes_nothing(tmp_path: Path, left: list[str]) -> None:
    """Neither a file of it nor when that was written; also where nothing may be written, and without SQLite's index."""
    run, archive = Run(tmp_path / "run"), tmp_path / "archive"
    for _ in range(3):
        run.second()
    archive.mkdir()
    for name in left:
        shutil.copy(tmp_path / "run" / name, archive)
        os.utime(archive / name, (1_700_000_000, 1_700_000_000))
    archive.chmod(0o555)
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in archive.iterdir()}
    for _ in range(2):
        assert store.read(archive).seconds == tuple(run.rows)
        history = store.read_history(archive)
        assert history is not None
        assert len(list(history.seconds)) == 3
        assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in archive.iterdir()} == before
    archive.chmod(0o755)
    run.directory.finish(run.result())


def test_a_refused_call_is_kept_when_its_success_is_of_another_row(tmp_path: Path) -> None:
    """Refused in the warm-up, answered after it: in that second the warm-up has no reply of its own."""
    run = Run(tmp_path)
    run.recorder.record(0, 5, Reply(6, 7, 60 * S, Outcome.NOT_READY, 0))
    run.second(0)
    run.recorder.record(0, S, Reply(S, S + 1, S + 2, Outcome.OK, 0))
    run.second(0)
    signs = store.read(tmp_path).warmup.signs
    assert signs is not None
    assert signs.refused == 1
    assert store.read(tmp_path).warmup == run.result().warmup
    run.directory.finish(run.result())


def test_the_history_has_the_seconds_of_each_target(tmp_path: Path) -> None:
    """Under way, after a kill and after the end: the same, and their sum is what the result has of each target."""
    run = Run(tmp_path)
    for calls in (400, 400, 0, 400):
        run.second(calls)
    under_way = store.read_history(tmp_path)
    result = run.result()
    run.directory.finish(result)
    history = store.read_history(tmp_path)
    assert history is not None
    assert under_way is not None
    assert (history.measured_ns, history.rank, history.world) == (((S, 5 * S),), 1, 3)
    seconds = list(history.seconds)
    assert seconds == list(under_way.seconds) == list(history.seconds)
    assert [second for second, _ in seconds] == [0, 1, 3]
    assert set(seconds[0][1]) == {len(NAMES)}, "the warm-up's row"
    for index, model in enumerate([*result.models, result.warmup]):
        parts = [targets[index] for _, targets in seconds if index in targets]
        assert total(model.name, parts) == replace(model, signs=None if parts else NO_SIGNS)


def test_a_history_needs_the_seconds_and_leaves_no_trace(tmp_path: Path) -> None:
    """A result.json by itself has none; of a directory that nobody may write to it is read all the same."""
    run = Run(tmp_path)
    run.second()
    run.directory.finish(run.result())
    assert store.read_history(tmp_path / "result.json") is None
    before = sorted(tmp_path.iterdir())
    history = store.read_history(tmp_path)
    assert history is not None
    assert len(list(history.seconds)) == 1
    assert sorted(tmp_path.iterdir()) == before
    with database(tmp_path) as db:
        db.execute("UPDATE models SET service = x'00'")
        db.commit()
    with pytest.raises(StoreError, match=r"run\.sqlite: cannot be read: histogram encoding is cut short"):
        list(history.seconds)


def test_a_call_refused_before_is_no_row_of_a_history(tmp_path: Path) -> None:
    """Its later success is told in a second in which its own row had no call."""
    run = Run(tmp_path)
    run.recorder.record(0, 5, Reply(6, 7, 60 * S, Outcome.NOT_READY, 0))
    run.second(0)
    run.recorder.record(0, S, Reply(S, S + 1, S + 2, Outcome.OK, 0))
    run.second(0)
    history = store.read_history(tmp_path)
    assert history is not None
    assert [set(targets) for _, targets in history.seconds] == [{len(NAMES)}, {0}]
    run.directory.finish(run.result())


def test_the_tables_are_the_documented_ones(tmp_path: Path) -> None:
    """Columns that others may query: SQL is an interface."""
    run = Run(tmp_path, samples=True)
    run.second(calls=1100)
    run.directory.finish(run.result())
    with database(tmp_path) as db:
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        columns = {table: {row[1] for row in db.execute(f"PRAGMA table_info({table})")} for table in tables}
        assert columns == {
            "run": {"key", "value"},
            "seconds": {"second", "planned", "sent", "in_flight", "response", "lateness", "health", *WORDS},
            "models": {"second", "model", "received_bytes", "retries", "refused", *SIGNS, *METRICS, *WORDS},
            "samples": {
                *("model", "due_ns", "sent_ns", "first_ns", "last_ns", "outcome", "received_bytes", "attempts"),
            },
        }
        facts = {key: json.loads(value) for key, value in db.execute("SELECT key, value FROM run")}
        assert facts.keys() >= {"format", "scenario", "plan_digest", "names", "started_unix_ns", "rank", "world"}
        assert (facts["names"], facts["rank"], facts["world"]) == (list(NAMES), 1, 3)
        assert (
            db.execute("SELECT sum(ok), sum(dropped) FROM models").fetchone()
            == db.execute("SELECT ok, dropped FROM seconds").fetchone()
        )
        assert db.execute("SELECT count(*), count(DISTINCT due_ns), max(attempts) FROM samples").fetchone() == (
            1100,
            1100,
            3,
        )
        assert db.execute("SELECT due_ns, sent_ns, outcome FROM samples WHERE due_ns = 9000000").fetchone() == (
            9 * MS,
            0,
            Outcome.DROPPED,
        )


def test_samples_are_written_only_when_asked_for(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.second()
    with database(tmp_path) as db:
        assert db.execute("SELECT count(*) FROM samples").fetchone() == (0,)
    run.directory.finish(run.result())


@pytest.mark.parametrize("keep", [["run.sqlite"], ["result.json"], ["run.sqlite", "result.json"]])
def test_a_directory_that_holds_a_run_is_not_touched(tmp_path: Path, keep: list[str]) -> None:
    """A finished one, a cut one, or a result alone."""
    run = Run(tmp_path)
    run.second()
    run.directory.finish(run.result())
    for path in tmp_path.iterdir():
        if path.name not in keep:
            path.unlink()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(StoreError, match="holds a run already; give another --out"):
        RunDirectory(tmp_path, FACTS)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_other_files_in_the_directory_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    run = Run(tmp_path)
    run.directory.finish(run.result())
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreError, match="file"):
            RunDirectory(path, FACTS)


def test_a_full_disk_ends_the_directory_not_what_it_holds(tmp_path: Path) -> None:
    """The second that did not fit is left out whole; those before it stay readable."""
    run = Run(tmp_path)
    run.second()
    pages = run.directory._db.execute("PRAGMA page_count").fetchone()[0]
    run.directory._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    kept = run.result().models
    with pytest.raises(StoreError, match="cannot be written any more: database or disk is full"):
        run.second(calls=5000)
    read = store.read(tmp_path)
    assert read.seconds == tuple(run.rows[:1])
    assert read.models == kept
    assert read.health.cut


def test_a_result_that_cannot_be_written_leaves_the_seconds(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.second()
    (tmp_path / "result.json.part").mkdir()
    with pytest.raises(StoreError, match="the result cannot be written"):
        run.directory.finish(run.result())
    assert store.read(tmp_path).models == run.result().models


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("UPDATE run SET value = '\"asyncload.run/2\"' WHERE key = 'format'", "asyncload.run/2"),
        ("DELETE FROM run WHERE key = 'format'", "has the format None"),
        ("DELETE FROM run WHERE key = 'scenario'", "scenario"),
        ("UPDATE run SET value = '{' WHERE key = 'names'", "cannot be read"),
        ("UPDATE seconds SET response = x'00'", "histogram"),
        ("UPDATE models SET service = x'1c84931300'", "histogram"),
        ("UPDATE models SET model = 1000", "cannot be read"),
        ("UPDATE seconds SET health = '[]'", "cannot be read"),
        ("DROP TABLE models", "no such table: models"),
    ],
)
def test_a_damaged_run_is_refused_in_plain_words(tmp_path: Path, damage: str, words: str) -> None:
    run = Run(tmp_path)
    run.second()
    run.directory.finish(run.result())
    (tmp_path / "result.json").unlink()
    with database(tmp_path) as db:
        db.execute(damage)
        db.commit()
    with pytest.raises(StoreError, match=words):
        store.read(tmp_path)


def test_a_file_that_is_no_result_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("{")
    for path in (tmp_path, tmp_path / "result.json"):
        with pytest.raises(StoreError, match=r"result\.json: not a result of asyncload"):
            store.read(path)


def test_what_holds_no_run_is_refused(tmp_path: Path) -> None:
    """Nothing, an empty directory, a database of something else, a result that is none."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "run.sqlite").write_bytes(b"not a database at all, but long enough to look at" * 100)
    (tmp_path / "text.json").write_text("{}")
    for name in ("absent", "empty"):
        with pytest.raises(StoreError, match="no run here; expected a directory with"):
            store.read(tmp_path / name)
    (tmp_path / "empty" / "run.sqlite").touch()
    with pytest.raises(StoreError, match="the run was cut before it began"):
        store.read(tmp_path / "empty")
    with pytest.raises(StoreError, match="not a database"):
        store.read(tmp_path / "other")
    with pytest.raises(StoreError, match="it has no `schema`"):
        store.read(tmp_path / "text.json")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("xgboost-mme", "xgboost-mme"),
        ("two words/../x", "two-words-..-x"),
        ("..", "run"),
        ("", "run"),
        ("a" * 200, "a" * 80),
    ],
)
def test_a_directorys_name_is_safe_and_sorts_by_time(name: str, slug: str) -> None:
    assert new_directory(name, 1_770_000_000) == Path("runs") / f"20260202T024000Z-{slug}"


def test_how_much_of_the_measured_phases_has_passed() -> None:
    """Warm-up between two measured phases does not count."""
    spans = [(10, 20), (30, 50)]
    assert [measured_until(spans, t) for t in (0, 10, 15, 20, 25, 30, 31, 50, 99)] == [0, 0, 5, 10, 10, 10, 11, 30, 30]
    assert measured_until([], 5) == 0


def test_samples_are_read_back_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call in the order in which it was written, as often as they are asked for; also of a run that was cut."""
    run = Run(tmp_path / "run", samples=True)
    run.second()
    run.second()
    monkeypatch.setattr(reading, "_SAMPLES_AT_ONCE", 300)
    history = store.read_history(tmp_path / "run")
    assert history is not None
    assert history.samples is not None
    blocks = list(history.samples)
    assert [block.due_ns.size for block in blocks] == [300, 300, 200]
    assert [block.model.tolist() for block in history.samples] == [block.model.tolist() for block in blocks]
    due_ns = [due for block in blocks for due in block.due_ns.tolist()]
    assert due_ns == [second * S + i * MS for second in range(2) for i in range(400)]
    assert [int(block.attempts[0]) for block in blocks] == [1, 1, 3]
    dropped = blocks[0].outcome == Outcome.DROPPED
    assert dropped.sum() == 30
    assert not blocks[0].sent_ns[dropped].any()
    run.directory.finish(run.result())


def test_a_run_without_samples_says_so(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    run.second()
    run.directory.finish(run.result())
    history = store.read_history(tmp_path / "run")
    assert history is not None
    assert history.samples is None
