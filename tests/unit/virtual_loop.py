"""An event loop whose time jumps: whoever sleeps 60 s is woken at once, in the right order."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class VirtualLoop(asyncio.SelectorEventLoop):
    """Where another loop would wait for its next timer, this one sets its clock to it."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0
        select: Callable[[float], Any] = self._selector.select  # type: ignore[attr-defined]

        def jump(timeout_s: float | None) -> Any:
            assert timeout_s is not None, "everybody waits, and nothing will ever happen"
            self._now_s += max(0.0, timeout_s)
            return select(0)

        self._selector.select = jump  # type: ignore[attr-defined]

    def time(self) -> float:
        return self._now_s


def run(work: Coroutine[None, None, _T]) -> _T:
    """Run a coroutine in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def now_s() -> float:
    """Return the virtual time since the loop began."""
    return asyncio.get_running_loop().time()
