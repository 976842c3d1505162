"""
What a run and its page's process say to each other, over a socket that only they have.

A frame is a head of two numbers, a message as JSON, and the bytes of its arrays as they lie in memory: to hand over a
second of a run costs the loop that measures no encoding.

    u32 bytes of the message | u32 bytes of the arrays | message | arrays

    run  -> page    Hello, then a Tick per second, then an End
    page -> run     Listening or Refused, then a StopAsked for each press of a button
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np

from asyncload.histogram import Int64s
from asyncload.record import Second
from asyncload.result import Health
from asyncload.slo.answers import ObjectiveResult
from asyncload.snapshot import Snapshot

_HEAD: Final = struct.Struct("<II")


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """What is known before a run begins."""

    scenario: dict[str, Any]
    names: list[str]
    """Labels of the targets."""
    port: int
    """Where to listen; 0 takes a free one."""
    control: bool
    """Whether the page may end the run."""


class Tick(msgspec.Struct, frozen=True, tag="tick"):
    """One second of a run; its counts follow as arrays."""

    second: int
    planned: int
    sent: int
    in_flight: int
    elapsed_ns: int
    length_ns: int
    rate_per_s: float | None
    """None in a closed phase."""
    users: int
    warmup: bool
    health: Health
    lost: int
    """Ticks so far that the page's process was too slow for."""
    sizes: tuple[int, ...]
    """Numbers in each array of `Second`."""

    @property
    def sending_s(self) -> float:
        """How much of its second calls were sent in: all of it until the run is stopped, and nothing behind that."""
        return min(max(self.elapsed_ns / 1e9 - self.second, 0.0), 1.0) if self.health.interrupted else 1.0


class End(msgspec.Struct, frozen=True, tag="end"):
    """How a run ended."""

    failed: str = ""
    """Why there is no result; empty if there is one."""
    valid: bool = False
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    objectives: tuple[ObjectiveResult, ...] = ()
    stopped: str = ""
    """The stop rule that ended it, in words; empty if none did."""
    directory: str = ""
    report: str = ""
    """The page that was saved; empty if none was."""


class Listening(msgspec.Struct, frozen=True, tag="listening"):
    """The page can be opened."""

    url: str


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The page cannot be had."""

    why: str


class StopAsked(msgspec.Struct, frozen=True, tag="stop"):
    """Somebody pressed the button."""

    at_once: bool = False
    """Whether replies are not to be waited for."""


FromRun: TypeAlias = Hello | Tick | End
FromPage: TypeAlias = Listening | Refused | StopAsked


def frame(message: FromRun | FromPage, arrays: Sequence[Int64s] = ()) -> list[memoryview]:
    """Return the pieces of a frame, in order; the arrays are not copied."""
    text = msgspec.json.encode(message)
    bodies = [array.data.cast("B") for array in arrays if array.size]
    return [memoryview(_HEAD.pack(len(text), sum(map(len, bodies))) + text), *bodies]


def tick_of(snapshot: Snapshot, lost: int) -> Tick:
    """
    Return what is said of a second.

    Args:
        snapshot: Of the second.
        lost: Seconds before it that were not said.
    """
    row = snapshot.row
    return Tick(
        second=row.second, planned=row.planned, sent=row.sent, in_flight=row.in_flight, elapsed_ns=snapshot.elapsed_ns,
        length_ns=snapshot.length_ns, rate_per_s=snapshot.rate_per_s, users=snapshot.users, warmup=snapshot.warmup,
        health=snapshot.health, lost=lost, sizes=tuple(array.size for array in arrays_of(snapshot.second)),
    )  # fmt: skip


def arrays_of(second: Second) -> list[Int64s]:
    """Return what a second counted, in the order in which it is sent."""
    counts = (second.keys, second.counts, second.outcomes.ravel(), second.received, second.retries)
    return [np.ascontiguousarray(array) for array in (*counts, second.sign_keys, second.sign_counts, second.refused)]


def second_of(tick: Tick, body: bytes) -> Second:
    """
    Put a second together again.

    Raises:
        ValueError: If the arrays are not what the tick says.
    """
    numbers = np.frombuffer(body, np.int64)
    if numbers.size != sum(tick.sizes):
        raise ValueError(f"a second of {sum(tick.sizes)} numbers came with {numbers.size}")
    keys, counts, outcomes, received, retries, sign_keys, sign_counts, refused = np.split(
        numbers, np.cumsum(tick.sizes)[:-1]
    )
    outcomes = outcomes.reshape(received.size, -1)
    return Second(keys, counts, outcomes, received, retries, sign_keys, sign_counts, refused, None)


class Unpacker:
    """Cuts what was read from a socket into messages without arrays."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def take(self, data: bytes) -> list[FromPage]:
        """Add what was read; returns the messages that are whole."""
        self._buffer += data
        found = []
        while len(self._buffer) >= _HEAD.size:
            length, _ = _HEAD.unpack_from(self._buffer)
            end = _HEAD.size + length
            if len(self._buffer) < end:
                break
            found.append(msgspec.json.decode(bytes(self._buffer[_HEAD.size : end]), type=FromPage))
            del self._buffer[:end]
        return found


async def frames(reader: asyncio.StreamReader) -> AsyncIterator[tuple[FromRun, bytes]]:
    """Yield what the run says, until it says no more; a frame that is cut short is left out."""
    decoder = msgspec.json.Decoder(FromRun)
    try:
        while True:
            length, size = _HEAD.unpack(await reader.readexactly(_HEAD.size))
            text = await reader.readexactly(length)
            yield decoder.decode(text), await reader.readexactly(size)
    except (asyncio.IncompleteReadError, ConnectionError):
        return
