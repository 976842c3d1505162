"""live.words: frames between a run and its page's process."""

import asyncio
import math
from dataclasses import fields

import msgspec
import numpy as np
import pytest

from asyncload.live.words import (
    End,
    FromPage,
    FromRun,
    Hello,
    Listening,
    Refused,
    StopAsked,
    Tick,
    Unpacker,
    arrays_of,
    frame,
    frames,
    second_of,
)
from asyncload.record import Second
from tests.unit.live_runs import body_of, hello, over_the_wire, seconds


async def read_back(data: bytes) -> list[tuple[FromRun, bytes]]:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return [found async for found in frames(reader)]


def joined(*messages: FromRun) -> bytes:
    return b"".join(bytes(part) for message in messages for part in frame(message))


def same(a: Second, b: Second) -> bool:
    names = [field.name for field in fields(Second) if field.name != "rows"]
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names)


def test_a_second_comes_out_as_it_went_in() -> None:
    """Every array with its shape, also where some are empty."""
    for calls in ((30, 10), (0, 0), (1,)):
        for tick, second in seconds(2, calls, failed=1):
            assert same(over_the_wire(tick, second), second)


def test_messages_come_out_as_they_went_in() -> None:
    (tick, second), *_ = seconds(1)
    end = End(valid=True, warnings=("few",), directory="runs/x", report="/runs/x/report.html")
    data = joined(hello(control=True)) + b"".join(map(bytes, frame(tick, arrays_of(second)))) + joined(end)
    found = asyncio.run(read_back(data))
    assert [message for message, _ in found] == [hello(control=True), tick, end]
    assert [len(body) for _, body in found] == [0, len(body_of(second)), 0]


def test_a_closed_phase_asks_for_no_rate() -> None:
    """NaN is no number of JSON."""
    (tick, _), *_ = seconds(1)
    closed = msgspec.structs.replace(tick, rate_per_s=math.nan)
    ((found, _),) = asyncio.run(read_back(joined(closed)))
    assert isinstance(found, Tick)
    assert found.rate_per_s is None


def test_a_frame_that_is_cut_short_is_left_out() -> None:
    """The run was killed while it wrote: what came before is kept."""
    data = joined(hello(), End())
    whole = len(joined(hello()))
    for length in range(len(data)):
        assert len(asyncio.run(read_back(data[:length]))) == (length >= whole)


def test_arrays_are_not_copied() -> None:
    """Handing a second over costs no work on the loop that measures: the pieces are the arrays themselves."""
    (tick, second), *_ = seconds(1)
    _, keys, *_ = frame(tick, arrays_of(second))
    assert np.shares_memory(np.frombuffer(keys, np.int64), second.keys)


def test_a_second_of_the_wrong_size_is_refused() -> None:
    (tick, second), *_ = seconds(1)
    with pytest.raises(ValueError, match="numbers"):
        second_of(tick, body_of(second)[:-8])


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_what_the_page_says_may_come_in_any_pieces(step: int) -> None:
    messages: list[FromPage] = [
        Listening("http://127.0.0.1:1/?token=x"),
        Refused("taken"),
        StopAsked(),
        StopAsked(at_once=True),
    ]
    data = b"".join(bytes(part) for message in messages for part in frame(message))
    unpacker = Unpacker()
    found = [message for at in range(0, len(data), step) for message in unpacker.take(data[at : at + step])]
    assert found == messages


def test_the_page_is_told_nothing_secret() -> None:
    """Credentials are no part of a scenario, and of nothing else that is said."""
    assert set(Hello.__struct_fields__) == {"scenario", "names", "port", "control"}
