"""Moments of work time: who is called, and what is left of those that nobody waits for any more."""

import asyncio

from asyncload.emulator.deadlines import FEWEST_SWEPT, Deadlines, LoopTimer
from asyncload.emulator.freeze import WorkClock


def test_moments_that_nobody_waits_for_do_not_pile_up() -> None:
    """Of ten thousand that were cancelled a few are kept, and of those that are waited for every one."""

    async def play() -> None:
        clock = WorkClock()
        deadlines = Deadlines(clock, LoopTimer)
        later_ns = clock.now_ns() + 3600 * 10**9
        kept = [deadlines.moment(later_ns + number) for number in range(100)]
        for number in range(10_000):
            deadlines.moment(later_ns - number).cancel()
        assert len(deadlines._heap) <= FEWEST_SWEPT
        assert sum(not future.done() for _, _, future in deadlines._heap) == len(kept)
        deadlines.close()

    asyncio.run(play())


def test_a_call_that_is_cancelled_is_not_made() -> None:
    """One whose moment has passed is made at the next turn, one that is cancelled never."""

    async def play() -> None:
        clock, called = WorkClock(), list[int]()
        deadlines = Deadlines(clock, LoopTimer)
        deadlines.call_at(clock.now_ns() + 2, lambda: called.append(2))
        deadlines.call_at(clock.now_ns() + 1, lambda: called.append(1)).cancel()
        for _ in range(100):
            await asyncio.sleep(0)
        deadlines.close()
        assert called == [2]

    asyncio.run(play())
