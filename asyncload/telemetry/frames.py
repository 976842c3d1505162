"""
What goes over the pipe to the process that serves the streams.

    length of the head, 4 bytes, big-endian | head, MessagePack | columns, int64, one behind the other

A second's arrays are written as they lie in memory: to turn a thousand models into objects first would take the
interpreter away from the loop.
"""

import os
from collections.abc import Sequence
from typing import BinaryIO, TypeAlias

import msgspec
import numpy as np

from asyncload.histogram import Int64s
from asyncload.result import Health
from asyncload.traceparent import Span

HOST = "127.0.0.1"
"""Where metrics are served: on this machine only."""
_LENGTH_BYTES = 4


class Otlp(msgspec.Struct, frozen=True, kw_only=True):
    """Where an OpenTelemetry collector is, and what it is sent."""

    url: str
    """Base URL; metrics go to /v1/metrics below it, spans to /v1/traces."""
    interval_s: float
    """Between two exports of metrics."""
    exponential: bool = False
    """Histograms with exponential buckets instead of explicit ones."""
    server: tuple[str, int] | None = None
    """Host and port of the endpoint that is called, as far as they are known."""


class Opening(msgspec.Struct, frozen=True, kw_only=True, tag="opening"):
    """What is known before the run begins; its column is the row of each model and of the warm-up."""

    version: str
    scenario: str
    """Its name."""
    run: str
    """What tells this run from others: the name of its directory."""
    models: tuple[str, ...]
    """Labels of all models, in their order."""
    labels: tuple[str, ...]
    """Of the rows, but for the warm-up's, which is the last."""
    prometheus: int | None = None
    """Port of 127.0.0.1, 0 for a free one."""
    linger_s: float = 0.0
    """How long to wait for a last scrape when the run has ended."""
    otlp: Otlp | None = None


class Tick(msgspec.Struct, frozen=True, kw_only=True, tag="tick"):
    """A second that has ended; its columns are keys, counts, outcomes, received bytes and retries."""

    digest: str
    elapsed_ns: int
    length_ns: int
    rate_per_s: float
    users: int
    warmup: bool
    planned: int
    sent: int
    in_flight: int
    health: Health
    spans: Sequence[Span]
    spans_left_out: int


class Closing(msgspec.Struct, frozen=True, kw_only=True, tag="closing"):
    """The run is over, and all of it has been said."""

    linger: bool
    """Whether to wait for a last scrape."""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """Said by the process, as a line of JSON: it listens."""

    port: int | None


class Trouble(msgspec.Struct, frozen=True, tag="trouble"):
    """Said by the process, as a line of JSON: something went wrong; before `Ready`, it cannot begin."""

    text: str


Head: TypeAlias = Opening | Tick | Closing
Said: TypeAlias = Ready | Trouble


class _Envelope(msgspec.Struct, frozen=True):
    head: Head
    sizes: tuple[int, ...]
    """Numbers in each column."""


_DECODER = msgspec.msgpack.Decoder(_Envelope)


def write(pipe: int, head: Head, *columns: Int64s) -> None:
    """
    Write a frame, however often the pipe has to be waited for.

    Args:
        pipe: File descriptor.
        head: What it is.
        columns: int64 of any shape, C-contiguous.

    Raises:
        OSError: If nobody reads any more.
    """
    encoded = msgspec.msgpack.encode(_Envelope(head, tuple(column.size for column in columns)))
    _write(pipe, memoryview(len(encoded).to_bytes(_LENGTH_BYTES, "big") + encoded))
    for column in columns:
        if column.size:
            _write(pipe, np.ascontiguousarray(column).data.cast("B"))


def _write(pipe: int, rest: memoryview) -> None:
    while rest:
        rest = rest[os.write(pipe, rest) :]


def read(pipe: BinaryIO) -> tuple[Head, list[Int64s]] | None:
    """
    Read a frame; None at the end of the pipe, even inside a frame.

    Returns:
        The head, and its columns as int64[n].
    """
    length = pipe.read(_LENGTH_BYTES)
    encoded = pipe.read(int.from_bytes(length, "big"))
    if len(length) < _LENGTH_BYTES or len(encoded) < int.from_bytes(length, "big"):
        return None
    envelope = _DECODER.decode(encoded)
    columns = []
    for size in envelope.sizes:
        data = pipe.read(8 * size)
        if len(data) < 8 * size:
            return None
        columns.append(np.frombuffer(data, np.int64))
    return envelope.head, columns
