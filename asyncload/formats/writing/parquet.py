"""
Parquet of every call, for data frames: a row per call, in the order in which they ended.

Calls are read and written a block at a time, each a row group, so an hour takes no more memory than a minute. What
writes it, `pyarrow`, is an extra, so whoever imports this file does so when it is asked for.

Source:
    Apache Parquet format 2.6, as pyarrow writes it.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from asyncload.call import Outcome
from asyncload.errors import StoreError
from asyncload.formats.recording import Recording
from asyncload.histogram import Int64s
from asyncload.history import History, Samples
from asyncload.spans import first_measured_ns

Bools: TypeAlias = NDArray[np.bool_]

_NO_HISTORY: Final = "samples stand in a run's directory, and this is a result.json by itself; give the directory"
_NO_SAMPLES: Final = "the run kept no samples; `asyncload run SCENARIO --samples` writes down every call"
_S: Final = 1_000_000_000
_OUTCOMES: Final = [outcome.name for outcome in Outcome]


def samples_parquet(recording: Recording) -> Iterator[bytes]:
    """
    Write the samples of a run.

    Raises:
        StoreError: If it has none, before anything is written; or if they cannot be read on.
    """
    history = recording.history
    if history is None or history.samples is None:
        raise StoreError(_NO_HISTORY if history is None else _NO_SAMPLES)
    return _written(recording, history, history.samples)


def _written(recording: Recording, history: History, blocks: Iterable[Samples]) -> Iterator[bytes]:
    names, health = [model.name for model in recording.result.models], recording.result.health
    spans_ns = list(history.measured_ns)
    if health.settled_s:  # of calls that were due before the cut, those that ended behind it were measured
        spans_ns.append(first_measured_ns(recording.result.scenario, health))
    schema, sink = _schema(recording), _Sink()
    with parquet.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for block in blocks:
            warmup = (block.last_ns < health.settled_s * _S) | ~_inside(block.due_ns, spans_ns)
            writer.write_batch(pa.record_batch(_columns(block, names, warmup), schema=schema))
            yield sink.taken()
    yield sink.taken()


def _schema(recording: Recording) -> pa.Schema:
    """Columns with their units, and what they are of as key-value metadata."""
    result, name, time = recording.result, pa.dictionary(pa.int32(), pa.string()), pa.int64()
    fields = [
        pa.field("model", name, nullable=False), pa.field("warmup", pa.bool_(), nullable=False),
        pa.field("due_ns", time, nullable=False), pa.field("sent_ns", time), pa.field("first_ns", time),
        pa.field("last_ns", time, nullable=False), pa.field("outcome", name, nullable=False),
        pa.field("received_bytes", pa.int64(), nullable=False), pa.field("attempts", pa.int32(), nullable=False),
    ]  # fmt: skip
    facts = {
        "asyncload.scenario": msgspec.json.encode(result.scenario),
        "asyncload.plan_digest": result.plan_digest.encode(),
        "asyncload.started_unix_ns": str(result.health.started_unix_ns).encode(),
        "asyncload.verdict": b"VALID" if result.verdict.valid else b"INVALID",
    }
    return pa.schema(fields, metadata=facts)


def _inside(times_ns: Int64s, spans_ns: Sequence[tuple[int, int]]) -> Bools:
    inside = np.zeros(times_ns.size, bool)
    for begin_ns, end_ns in spans_ns:
        inside |= (begin_ns <= times_ns) & (times_ns < end_ns)
    return inside


def _columns(block: Samples, names: Sequence[str], warmup: Bools) -> list[pa.Array]:
    return [
        _named(block.model, names), pa.array(warmup), pa.array(block.due_ns), _time(block.sent_ns),
        _time(block.first_ns), pa.array(block.last_ns), _named(block.outcome, _OUTCOMES),
        pa.array(block.received_bytes), pa.array(block.attempts.astype(np.int32)),
    ]  # fmt: skip


def _named(numbers: Int64s, names: Sequence[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(numbers.astype(np.int32)), pa.array(names, pa.string()))


def _time(times_ns: Int64s) -> pa.Array:
    """Times, null where the moment never came."""
    return pa.array(times_ns, mask=times_ns == 0)


class _Sink(io.RawIOBase):
    """A file that hands back what was written to it since it was last asked."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    def write(self, data: "bytes | bytearray | memoryview", /) -> int:  # type: ignore[override]  # what pyarrow gives
        """Take some bytes."""
        self._pieces.append(bytes(data))
        return len(self._pieces[-1])

    def taken(self) -> bytes:
        """Return what came in, and forget it."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken
