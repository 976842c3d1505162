"""Alarms: one deadline at a time, never early, and ringing until somebody says what comes next."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import pytest

from asyncload import clock
from asyncload.clock import Alarm, LoopAlarm, alarm, monotonic_ns

MS = 1_000_000
KINDS = [LoopAlarm, alarm] if sys.platform == "linux" else [LoopAlarm]


@dataclass
class Handle:
    """A callback that a `VirtualLoop` will make."""

    at_ns: int
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class VirtualLoop:
    """As much of an event loop as an alarm uses; its timers ring up to `early_ns` too early, as uvloop's may."""

    now_ns: int = 0
    early_ns: int = 0
    handles: list[Handle] = field(default_factory=list)
    turns: int = 0

    def monotonic_ns(self) -> int:
        return self.now_ns

    def call_soon(self, callback: Callable[[], None]) -> Handle:
        return self._add(self.now_ns, callback)

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Handle:
        return self._add(self.now_ns + max(round(delay_s * 1e9) - self.early_ns, 1), callback)

    def _add(self, at_ns: int, callback: Callable[[], None]) -> Handle:
        self.handles.append(Handle(at_ns, callback))
        return self.handles[-1]

    def turn(self) -> bool:
        """Go on to the next callback, each turn costing 0.1 ms; False if there is none."""
        self.turns += 1
        self.now_ns += MS // 10
        self.handles = sorted((h for h in self.handles if not h.cancelled), key=lambda h: h.at_ns)
        if self.handles:
            handle = self.handles.pop(0)
            self.now_ns = max(self.now_ns, handle.at_ns)
            handle.callback()
        return bool(self.handles)


def virtual(monkeypatch: pytest.MonkeyPatch, loop: VirtualLoop, ring: Callable[[], None]) -> LoopAlarm:
    monkeypatch.setattr(clock, "monotonic_ns", loop.monotonic_ns)
    return LoopAlarm(cast("asyncio.AbstractEventLoop", loop), ring)


@pytest.mark.parametrize("early_ns", [0, 1 * MS, 5 * MS])
def test_the_loops_alarm_is_never_early_and_close(monkeypatch: pytest.MonkeyPatch, early_ns: int) -> None:
    """A timer that rings early is set again, and the last two milliseconds are turns of the loop."""
    loop, rung = VirtualLoop(early_ns=early_ns), list[int]()

    def ring() -> None:
        rung.append(loop.now_ns)
        waker.clear()

    waker = virtual(monkeypatch, loop, ring)
    waker.set(100 * MS)
    while loop.turn():
        assert loop.turns < 10_000
    assert len(rung) == 1
    assert 100 * MS <= rung[0] <= 100 * MS + MS


def test_the_loops_alarm_can_be_cleared_while_it_spins(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, rung = VirtualLoop(), list[int]()
    waker = virtual(monkeypatch, loop, lambda: rung.append(1))
    waker.set(MS)
    loop.turn()
    waker.close()
    assert not loop.turn()
    assert not rung


def watch(make: Callable[[asyncio.AbstractEventLoop, Callable[[], None]], Alarm], script: str) -> list[int]:
    """Run an alarm on a real loop; `script` says what each ring does. Returns how late each ring was, ns."""

    async def main() -> list[int]:
        loop, over, late = asyncio.get_running_loop(), asyncio.Event(), list[int]()
        at_ns = monotonic_ns() + 2 * MS

        def ring() -> None:
            nonlocal at_ns
            late.append(monotonic_ns() - at_ns)
            match script[len(late) - 1]:
                case "s":
                    at_ns = monotonic_ns() + 2 * MS
                    waker.set(at_ns)
                case "p":  # the past
                    at_ns = monotonic_ns() - 5
                    waker.set(at_ns)
                case ".":
                    pass
                case _:
                    waker.clear()
                    loop.call_later(0.01, over.set)

        waker = make(loop, ring)
        waker.set(monotonic_ns() + 10**12)
        waker.set(at_ns)
        await over.wait()
        waker.close()
        waker.close()
        return late

    return asyncio.run(main())


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("script", ["c", "sssc", "pppc", "...c", "s..sp.c"])
def test_an_alarm_rings_as_it_is_told(
    make: Callable[[asyncio.AbstractEventLoop, Callable[[], None]], Alarm], script: str
) -> None:
    """
    Set again it rings again, the past at once; left alone it goes on ringing; cleared it is silent. Never early.

    Setting it anew forgets the deadline before; closing it twice is harmless.
    """
    late = watch(make, script)
    assert len(late) == len(script)
    assert min(late) >= 0


@pytest.mark.parametrize("make", KINDS)
def test_an_alarm_that_was_closed_never_rings(
    make: Callable[[asyncio.AbstractEventLoop, Callable[[], None]], Alarm],
) -> None:
    async def main() -> None:
        waker = make(asyncio.get_running_loop(), lambda: rung.append(1))
        waker.set(monotonic_ns() - 1)
        waker.close()
        for _ in range(5):
            await asyncio.sleep(0)

    rung = list[int]()
    asyncio.run(main())
    assert not rung


@pytest.mark.skipif(sys.platform != "linux", reason="timerfd is Linux's")
def test_linux_gets_the_finer_alarm() -> None:
    async def main() -> None:
        waker = alarm(asyncio.get_running_loop(), lambda: None)
        assert not isinstance(waker, LoopAlarm)
        waker.close()

    asyncio.run(main())
