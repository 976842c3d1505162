"""`report --format parquet`: every call, read back by pyarrow."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from asyncload.call import Outcome
from asyncload.errors import StoreError
from asyncload.formats.recording import Recording
from asyncload.formats.writing.parquet import samples_parquet
from asyncload.history import Samples
from asyncload.report import exports
from asyncload.report.exports import Choices, mistakes
from tests.unit.exported import HOSTILE
from tests.unit.recordings import ZERO_UNIX_NS, Made, S, recording, settled

ENDS = [Outcome.OK, Outcome.OK, Outcome.DROPPED, Outcome.CONNECT]
CALLS = [Made(i * S // 100, i % len(HOSTILE), 3_000 + i, outcome=ENDS[i % 4]) for i in range(300)]


def block(calls: list[Made]) -> Samples:
    """Rows as a run directory keeps them; no byte of a reply came of calls that failed."""
    rows = []
    for call in calls:
        reply = call.reply()
        first_ns = reply.first_ns if call.outcome is Outcome.OK else 0
        rows.append((call.model, call.due_ns, reply.sent_ns, first_ns, reply.last_ns, call.outcome, call.received, 1))
    return Samples(*np.array(rows, np.int64).T)


def kept(*parts: list[Made]) -> Recording:
    run = recording(CALLS, HOSTILE, warmup_s=1)
    assert run.history is not None
    return replace(run, history=replace(run.history, samples=[block(part) for part in parts]))


def test_every_call_is_a_row() -> None:
    """With the model's name, whether it was warm-up, its four moments, and how it ended; what never came is null."""
    table = parquet.read_table(io.BytesIO(b"".join(samples_parquet(kept(CALLS)))))
    assert table.column_names == [
        "model", "warmup", "due_ns", "sent_ns", "first_ns", "last_ns", "outcome", "received_bytes", "attempts",
    ]  # fmt: skip
    assert table.num_rows == len(CALLS)
    for row, call in zip(table.to_pylist(), CALLS, strict=True):
        reply = call.reply()
        assert row == {
            "model": HOSTILE[call.model],
            "warmup": call.due_ns < S,
            "due_ns": call.due_ns,
            "sent_ns": reply.sent_ns or None,
            "first_ns": reply.first_ns if call.outcome is Outcome.OK else None,
            "last_ns": reply.last_ns,
            "outcome": call.outcome.name,
            "received_bytes": 17,
            "attempts": 1,
        }


def test_calls_that_ended_before_the_cut_of_an_automatic_warm_up_are_warm_up() -> None:
    """Like those that were due in a phase of warm-up, of which some ended later; as the result counts them."""
    slow = [Made(2 * S - 1_000_000, 0), Made(S - 1_000_000, 1, 2_000_000)]
    calls = [*CALLS, *slow]
    phases = [{"rate": "100/s", "for": "1s", "warmup": True}, {"rate": "100/s", "for": "2s"}]
    run = settled(recording(calls, HOSTILE, warmup_s=1, scenario={"name": "made", "phases": phases}), 2)
    assert run.history is not None
    run = replace(run, history=replace(run.history, samples=[block(calls)]))
    rows = parquet.read_table(io.BytesIO(b"".join(samples_parquet(run)))).to_pylist()
    assert [row["warmup"] for row in rows] == [call.due_ns < S or call.last_ns < 2 * S for call in calls]
    assert [row["warmup"] for row in rows[-2:]] == [False, True]
    assert sum(not row["warmup"] for row in rows) == run.result.totals.calls


def test_the_file_says_what_it_is_of() -> None:
    run = kept(CALLS)
    facts = parquet.read_schema(io.BytesIO(b"".join(samples_parquet(run)))).metadata
    assert json.loads(facts[b"asyncload.scenario"]) == run.result.scenario
    assert facts[b"asyncload.plan_digest"].decode() == run.result.plan_digest
    assert int(facts[b"asyncload.started_unix_ns"]) == ZERO_UNIX_NS
    assert facts[b"asyncload.verdict"] == b"INVALID", "calls were dropped"


def test_a_block_is_written_before_the_next_is_read() -> None:
    """So memory holds one of them, however many calls there are; each is a row group."""
    read = []

    class Blocks:
        def __iter__(self) -> Iterator[Samples]:
            for number in range(4):
                read.append(number)
                yield block(CALLS)

    run = kept()
    assert run.history is not None
    pieces = samples_parquet(replace(run, history=replace(run.history, samples=Blocks())))
    sizes = []
    for number in range(4):
        sizes.append(next(pieces))
        assert read == list(range(number + 1))
        assert sizes[-1], "what came in is handed on at once"
    whole = parquet.ParquetFile(io.BytesIO(b"".join([*sizes, *pieces])))
    assert whole.num_row_groups == 4
    assert whole.metadata.num_rows == 4 * len(CALLS)
    assert pa.types.is_dictionary(whole.schema_arrow.field("model").type)


def test_it_says_how_to_get_samples_where_there_are_none() -> None:
    run = recording(CALLS, HOSTILE)
    with pytest.raises(StoreError, match="asyncload run SCENARIO --samples"):
        samples_parquet(run)
    with pytest.raises(StoreError, match=r"result\.json by itself; give the directory"):
        samples_parquet(Recording(run.result, None))


def test_it_says_how_to_install_what_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "find_spec", lambda _: None)
    (told,) = mistakes(["parquet", "json"], Choices())
    assert told.startswith("--format parquet: needs pyarrow")
    assert "pip install 'asyncload-mme[parquet]'" in told


def test_nothing_else_needs_it() -> None:
    """The command and every other format work where it is not installed."""
    program = "import sys, asyncload.cli.report; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
