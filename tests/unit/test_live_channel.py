"""live.channel: frames are written as the socket takes them, and never waited for."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from asyncload.live.channel import MOST_WAITING, PIECE_BYTES, Channel

Pair = tuple[Channel, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A channel and the other side of it, whose kernel buffer is as small as it gets."""
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    channel = Channel(ours)
    with theirs:
        yield channel, theirs
        channel.close()


def frame_of(letter: str, size: int = 10) -> list[memoryview]:
    """A frame in two pieces."""
    text = letter.encode() * size
    return [memoryview(text[: size // 3]), memoryview(text[size // 3 :])]


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def drained(theirs: socket.socket, size: int) -> bytes:
    theirs.settimeout(0.0)
    found = bytearray()
    while len(found) < size:
        try:
            found += theirs.recv(1 << 16)
        except BlockingIOError:
            await asyncio.sleep(0)
    return bytes(found)


def test_frames_arrive_whole_and_in_order(pair: Pair) -> None:
    channel, theirs = pair
    big = 3 * PIECE_BYTES + 17

    async def main() -> bytes:
        loop = asyncio.get_running_loop()
        channel.send(frame_of("a"), loop)
        channel.send(frame_of("b", big), loop)
        channel.send(frame_of("c"), loop)
        return await drained(theirs, 20 + big)

    assert asyncio.run(main()) == b"a" * 10 + b"b" * big + b"c" * 10
    assert channel.lost == 0


def test_nothing_is_written_while_a_frame_is_taken(pair: Pair) -> None:
    """`send` only puts it into the line: writing is for the loop's next turn."""
    channel, theirs = pair

    async def main() -> None:
        channel.send(frame_of("a"), asyncio.get_running_loop())
        theirs.settimeout(0.0)
        with pytest.raises(BlockingIOError):
            theirs.recv(1)
        assert await drained(theirs, 10) == b"a" * 10

    asyncio.run(main())


def test_a_slow_reader_loses_frames_and_the_run_loses_no_time(pair: Pair) -> None:
    """Some frames wait; the others are let go and counted. Those that waited arrive whole."""
    channel, theirs = pair
    size = 4 * PIECE_BYTES

    async def main() -> bytes:
        loop = asyncio.get_running_loop()
        for letter in "abcdefghij":
            channel.send(frame_of(letter, size), loop)
            await turns()
        assert channel.lost == 10 - MOST_WAITING
        found = await drained(theirs, MOST_WAITING * size)
        await turns()
        channel.send(frame_of("z"), loop)
        return found + await drained(theirs, 10)

    expected = b"".join(letter.encode() * size for letter in "abcdefghij"[:MOST_WAITING]) + b"z" * 10
    assert asyncio.run(main()) == expected


def test_a_reader_that_has_gone_is_noticed_and_nothing_is_raised(pair: Pair) -> None:
    channel, theirs = pair

    async def main() -> None:
        theirs.close()
        for _ in range(3):
            channel.send(frame_of("a"), asyncio.get_running_loop())
            await turns()

    asyncio.run(main())
    assert channel.broken
    assert channel.flush(1.0)


def test_what_waits_at_the_end_is_flushed(pair: Pair) -> None:
    """The last seconds and the end are not lost because the loop has ended; a reader that sleeps is not waited for."""
    channel, theirs = pair

    async def main() -> None:
        channel.send(frame_of("a"), asyncio.get_running_loop())
        channel.leave()

    asyncio.run(main())
    channel.push(frame_of("b"))
    assert channel.flush(1.0)
    assert theirs.recv(100) == b"a" * 10 + b"b" * 10
    channel.push(frame_of("c", 100 * PIECE_BYTES))
    assert not channel.flush(0.05)
