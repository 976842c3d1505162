"""Calls under way, each ended exactly once; no socket, no sleeping."""

import asyncio

import pytest

from asyncload.call import Call, Outcome, Reply
from asyncload.transport.pending import Attempt, Pending, Progress

_CALL = Call(0, "/", (), b"", "")
_LONG_NS = 60_000_000_000


def _judge(error: BaseException, progress: Progress) -> Outcome:
    return Outcome.CONNECT if isinstance(error, OSError) else Outcome.PROTOCOL


async def _succeeds(call: Call, progress: Progress) -> Outcome:
    progress.sent_ns, progress.first_ns, progress.received = 1, 2, 3
    return Outcome.OK


async def _waits(call: Call, progress: Progress) -> Outcome:
    progress.sent_ns = 1
    outcome: Outcome = await asyncio.get_running_loop().create_future()
    return outcome


async def _breaks(call: Call, progress: Progress) -> Outcome:
    raise ConnectionResetError


async def _is_wrong(call: Call, progress: Progress) -> Outcome:
    raise ZeroDivisionError


async def _breaks_when_cancelled(call: Call, progress: Progress) -> Outcome:
    try:
        return await _waits(call, progress)
    except asyncio.CancelledError:
        raise ConnectionResetError from None


@pytest.mark.parametrize(
    ("attempt", "outcome"), [(_succeeds, Outcome.OK), (_breaks, Outcome.CONNECT), (_is_wrong, Outcome.PROTOCOL)]
)
def test_an_attempt_ends_once(attempt: Attempt, outcome: Outcome) -> None:
    """By what it returns, or by what the judge makes of what it raises."""

    async def story() -> list[Reply]:
        replies: list[Reply] = []
        pending = Pending(_LONG_NS, attempt, _judge)
        pending.begin(_CALL, replies.append)
        assert replies == []
        await pending.ended()
        return replies

    assert [reply.outcome for reply in asyncio.run(story())] == [outcome]


def test_the_reply_carries_the_progress() -> None:
    """What the attempt noted, and a last moment of its own."""

    async def story() -> list[Reply]:
        replies: list[Reply] = []
        pending = Pending(_LONG_NS, _succeeds, _judge)
        pending.begin(_CALL, replies.append)
        await pending.ended()
        return replies

    (reply,) = asyncio.run(story())
    assert (reply.sent_ns, reply.first_ns, reply.received, reply.attempts) == (1, 2, 3, 1)
    assert reply.last_ns > 0


def test_the_limit_ends_as_timeout() -> None:
    """A limit that has passed when the task begins ends it at its first wait."""

    async def story() -> list[Reply]:
        replies: list[Reply] = []
        pending = Pending(0, _waits, _judge)
        pending.begin(_CALL, replies.append)
        await pending.ended()
        return replies

    assert [reply.outcome for reply in asyncio.run(story())] == [Outcome.TIMEOUT]


@pytest.mark.parametrize("attempt", [_waits, _breaks_when_cancelled])
@pytest.mark.parametrize("turns", [0, 1, 2])
def test_abandoned_calls_end_once_at_any_stage(attempt: Attempt, turns: int) -> None:
    """Before their first step, in the midst, or breaking on their way out; and calls that come later end at once."""

    async def story() -> list[Reply]:
        replies: list[Reply] = []
        pending = Pending(_LONG_NS, attempt, _judge)
        for _ in range(3):
            pending.begin(_CALL, replies.append)
        for _ in range(turns):
            await asyncio.sleep(0)
        pending.abandon()
        await pending.ended()
        assert len(replies) == 3
        pending.begin(_CALL, replies.append)
        return replies

    assert [reply.outcome for reply in asyncio.run(story())] == [Outcome.ABANDONED] * 4
