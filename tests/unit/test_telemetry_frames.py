"""telemetry.frames: what goes over the pipe comes out as it was."""

import os
import threading
from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pytest

from asyncload.call import Outcome
from asyncload.histogram import Int64s
from asyncload.result import Health
from asyncload.telemetry.frames import Closing, Head, Opening, Otlp, Tick, read, write
from asyncload.traceparent import Span

OPENING = Opening(
    version="1", scenario="s", run="r", models=("a", "b"), labels=("a", "other"), prometheus=0, linger_s=2.5,
    otlp=Otlp(url="http://127.0.0.1:1", interval_s=0.5, exponential=True, server=("h", 8)),
)  # fmt: skip
TICK = Tick(
    digest="ab", elapsed_ns=5, length_ns=9, rate_per_s=float("nan"), users=2, warmup=True, planned=3, sent=2,
    in_flight=1, health=Health(1, 2, 3, 4, first_error="no"), spans=(Span("0" * 32, "1" * 16, 1, 2, 3, Outcome.OK, 4),),
    spans_left_out=6,
)  # fmt: skip


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def sent(pipe: tuple[int, int], head: Head, *columns: Int64s) -> bytes:
    """Write a frame and return its bytes; a thread reads, for it may be longer than the pipe."""
    received: list[bytes] = []

    def receive() -> None:
        while not received or not received[-1].endswith(b"end"):
            received.append(os.read(pipe[0], 1 << 20))

    reading = threading.Thread(target=receive)
    reading.start()
    write(pipe[1], head, *columns)
    os.write(pipe[1], b"end")
    reading.join()
    return b"".join(received).removesuffix(b"end")


def test_frames_come_out_as_they_were(pipe: tuple[int, int]) -> None:
    """Heads and columns, empty ones and such as are longer than a pipe holds among them."""
    columns = [np.arange(100_000), np.empty(0, np.int64), np.arange(24).reshape(2, 12)]
    stream = BytesIO(
        sent(pipe, OPENING, np.array([1, 0])) + sent(pipe, TICK, *columns) + sent(pipe, Closing(linger=True))
    )
    opening = read(stream)
    assert opening is not None
    assert opening[0] == OPENING
    assert opening[1][0].tolist() == [1, 0]
    tick = read(stream)
    assert tick is not None
    assert isinstance(tick[0], Tick)
    assert np.isnan(tick[0].rate_per_s)
    assert tick[0].health == TICK.health
    assert tick[0].spans[0].trace_id == "0" * 32
    for mine, theirs in zip(columns, tick[1], strict=True):
        assert mine.ravel().tolist() == theirs.tolist()
    assert read(stream) == (Closing(linger=True), [])
    assert read(stream) is None


def test_a_frame_that_is_cut_short_is_the_end(pipe: tuple[int, int]) -> None:
    """Whoever wrote it has died: wherever that was, nothing is made of half a second."""
    whole = sent(pipe, TICK, np.arange(10))
    for length in range(len(whole)):
        assert read(BytesIO(whole[:length])) is None
