"""
What the ways that were not taken would cost: the small figures in docs/decisions.

    python -m bench.alternatives

Each figure is the lowest of several rounds: the one that the rest of the machine disturbed least.
"""

import asyncio
import random
import re
import struct
import sys
from array import array
from collections.abc import Awaitable, Callable
from functools import partial
from importlib.metadata import version
from time import monotonic_ns, perf_counter_ns, process_time_ns
from typing import NamedTuple

import httptools
import numpy as np
import uvloop
from hdrh.histogram import HdrHistogram

from asyncload.call import Call, Outcome, Reply
from asyncload.clock import alarm
from asyncload.histogram import HIGHEST_US, encode_groups, slots_of, sum_by_key
from asyncload.traceparent import Marks

_ROUNDS = 7
_CALLS = 20_000
_REPLY = (
    b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Mon, 23 Nov 2026 18:24:15 GMT\r\nContent-Type: text/csv\r\n"
    b"Content-Length: 18\r\nConnection: keep-alive\r\nx-Amzn-Invoked-Production-Variant: AllTraffic\r\n"
    b"x-amzn-RequestId: 12345678-1234-1234-1234-123456789012\r\n\r\n4.566554546356201\n"
)
_SIMPLE_REPLY = re.compile(
    rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n(?:(?![Cc]ontent-[Ll]ength|[Tt]ransfer-[Ee]ncoding|[Cc]onnection)[^\r\n]*\r\n)*?"
    rb"[Cc]ontent-[Ll]ength: (\d+)\r\n"
)


class _Tuple(NamedTuple):
    sent_ns: int
    first_ns: int
    last_ns: int
    outcome: Outcome
    received: int


class _Reader:
    def on_headers_complete(self) -> None:
        pass

    def on_body(self, data: bytes) -> None:
        pass

    def on_message_complete(self) -> None:
        pass


class _HeaderReader(_Reader):
    def on_header(self, name: bytes, value: bytes) -> None:
        pass


def _ns(work: Callable[[], object], calls: int = _CALLS) -> float:
    """Time one call of `work`, ns."""
    best = float("inf")
    for _ in range(_ROUNDS):
        begin = perf_counter_ns()
        for _ in range(calls):
            work()
        best = min(best, (perf_counter_ns() - begin) / calls)
    return best


async def _awaited_ns(work: Callable[[], Awaitable[object]]) -> float:
    best = float("inf")
    for _ in range(_ROUNDS):
        begin = perf_counter_ns()
        for _ in range(_CALLS):
            await work()
        best = min(best, (perf_counter_ns() - begin) / _CALLS)
    return best


async def _turn_ns(sleep_ns: int) -> float:
    """CPU time of one turn of the loop that finds nothing, or that sleeps first, ns."""
    over, turns, loop = asyncio.Event(), 0, asyncio.get_running_loop()
    wanted = 2_000 if sleep_ns else 100_000

    def ring() -> None:
        nonlocal turns
        turns += 1
        if turns >= wanted:
            waker.clear()
            over.set()
        elif sleep_ns:
            waker.set(monotonic_ns() + sleep_ns)

    waker = alarm(loop, ring)
    begin = process_time_ns()
    waker.set(1)
    await over.wait()
    waker.close()
    return (process_time_ns() - begin) / wanted


def _nothing(*_: object) -> None:
    pass


async def _calls() -> dict[str, float]:
    """Ways to hand a reply to whoever wants it."""
    loop = asyncio.get_running_loop()

    async def nothing() -> None:
        pass

    async def future() -> None:
        waiting: asyncio.Future[None] = loop.create_future()
        loop.call_soon(waiting.set_result, None)
        await waiting

    return {
        "a task per call": await _awaited_ns(lambda: loop.create_task(nothing())),
        "a future per call": await _awaited_ns(future),
        "a callback: partial, and its call": _ns(lambda: partial(_nothing, 1, 2)(3)),
        "a timer per call: call_later, and cancel": _ns(lambda: loop.call_later(70, _nothing).cancel()),
    }


def _replies() -> dict[str, float]:
    """Ways to read and to carry a reply."""
    plain, headers = httptools.HttpResponseParser(_Reader()), httptools.HttpResponseParser(_HeaderReader())
    return {
        "llhttp, without headers": _ns(lambda: plain.feed_data(_REPLY)),
        "llhttp, with a callback per header": _ns(lambda: headers.feed_data(_REPLY)),
        "a regular expression": _ns(lambda: _SIMPLE_REPLY.match(_REPLY)),
        "Reply as a NamedTuple": _ns(lambda: _Tuple(1, 2, 3, Outcome.OK, 4)),
        "Reply as a msgspec.Struct": _ns(lambda: Reply(1, 2, 3, Outcome.OK, 4)),
    }


def _records() -> dict[str, float]:
    """Ways to count a reply."""
    row = (1, 10**15, 10**15, 10**15, 10**15, 0, 18, 1)
    pack, buffer, numbers = struct.Struct("8q").pack_into, bytearray(64), array("q")
    rows: list[tuple[int, ...]] = []
    histogram = HdrHistogram(1, HIGHEST_US, 3)

    def extend() -> None:
        numbers.extend(row)
        if len(numbers) > 80_000:
            del numbers[:]

    return {
        "struct.pack_into of eight integers": _ns(lambda: pack(buffer, 0, *row)),
        "array.extend of eight integers": _ns(extend),
        "list.append of a tuple": _ns(lambda: rows.append((1, *row[1:]))),
        "tuples to an array, a row": _ns(lambda: np.array(rows[:1000], np.int64), 20) / 1000,
        "hdrhistogram.record_value": _ns(lambda: histogram.record_value(1234)),
    }


def _encodings() -> dict[str, float]:
    """Ways to encode four thousand histograms of a dozen values."""
    draw = random.Random(1)  # noqa: S311  # durations, not secrets
    histogram = HdrHistogram(1, HIGHEST_US, 3)
    for _ in range(12):
        histogram.record_value(round(draw.lognormvariate(8, 1)))
    values = np.array([round(draw.lognormvariate(8, 1)) for _ in range(48_000)], np.int64)
    groups = np.repeat(np.arange(4000), 12)
    keys, counts = sum_by_key((groups << 15) + slots_of(values), np.ones(48_000, np.int64))
    together = _ns(lambda: encode_groups(keys >> 15, keys & 0x7FFF, counts, 4000), 5)
    return {
        "hdrhistogram's encode, each": _ns(histogram.encode, 200),
        "encode_groups, each of 4,000": together / 4000,
    }


def _marks() -> dict[str, float]:
    """What a traceparent costs a request that is signed and kept for its second."""
    head, body = b"x" * 700 + b"\r\n\r\n", b"1,2,3"
    signed, marks, call = head + body, Marks(0.01, 7), Call(0, "/", (), body, "")

    def marked() -> bytes:
        end = len(signed) - len(body) - 2
        return b"".join((signed[:end], marks.next().line, memoryview(signed)[end:]))

    kept = {call: signed}
    return {
        "a kept request, looked up": _ns(lambda: kept[call]),
        "a traceparent into it": _ns(marked),
    }


def main() -> None:
    """Measure and print."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(_calls())
        figures["a turn of the loop, CPU"] = runner.run(_turn_ns(0))
        figures["asleep for 20 us by timerfd, CPU"] = runner.run(_turn_ns(20_000))
    figures |= _replies() | _records() | _encodings() | _marks()
    versions = ", ".join(f"{name} {version(name)}" for name in ("uvloop", "msgspec", "numpy", "hdrhistogram"))
    print(f"CPython {sys.version.split()[0]}, {versions}; ns")
    for name, ns in figures.items():
        print(f"{ns:10.0f}  {name}")


if __name__ == "__main__":
    main()
