"""
Parquet of every call, for data frames: a row per call, in the order in which they ended.

Calls are read and written a block at a time, each a row group, so an hour takes no more memory than a minute. What
writes it, `pyarrow`, is an extra, so whoever imports this file does so when it is asked for.

Source:
    Apache Parquet format 2.6, as pyarrow writes it.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from asyncload.call import Outcome
from asyncload.errors import StoreError
from asyncload.formats.recording import Recording
from asyncload.histogram import Int64s
from asyncload.history import Samples

_NO_HISTORY: Final = "samples stand in a run's directory, and this is a result.json by itself; give the directory"
_NO_SAMPLES: Final = "the run kept no samples; `asyncload run SCENARIO --samples` writes down every call"
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
    return _written(recording, history.samples, history.measured_ns)


def _written(
    recording: Recording, blocks: Iterable[Samples], measured_ns: Sequence[tuple[int, int]]
) -> Iterator[bytes]:
    names = [model.name for model in recording.result.models]
    schema, sink = _schema(recording), _Sink()
    with parquet.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for block in blocks:
            writer.write_batch(pa.record_batch(_columns(block, names, measured_ns), schema=schema))
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


def _columns(block: Samples, names: Sequence[str], measured_ns: Sequence[tuple[int, int]]) -> list[pa.Array]:
    inside = np.zeros(block.due_ns.size, bool)
    for begin_ns, end_ns in measured_ns:
        inside |= (begin_ns <= block.due_ns) & (block.due_ns < end_ns)
    return [
        _named(block.model, names), pa.array(~inside), pa.array(block.due_ns), _time(block.sent_ns),
        _time(block.first_ns), pa.array(block.last_ns), _named(block.outcome, _OUTCOMES),
        pa.array(block.received_bytes), pa.array(block.attempts.astype(np.int32)),
    ]  # fmt: skip


def _named(numbers: Int64s, names: Sequence[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(numbers.astype(np.int32)), pa.array(names, pa.string()))


def _time(times_ns: Int64s) -> pa.Array:
    """Times, null where the moment never came."""
    never: NDArray[np.bool_] = times_ns == 0
    return pa.array(times_ns, mask=never)


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
