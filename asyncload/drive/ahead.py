"""The next block of something, drawn ahead in a callback of its own, so that no call waits for it."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Ahead(Generic[_T]):
    """Takes blocks from an iterator, one of them before it is asked for."""

    __slots__ = ("_blocks", "_drawn", "_fail")

    def __init__(self, blocks: Iterator[_T], fail: Callable[[Exception], None]) -> None:
        """
        Args:
            blocks: What is drawn from.
            fail: Is told what the iterator raised while nobody waited for it.
        """
        self._blocks = blocks
        self._drawn: _T | None = None
        self._fail = fail

    def soon(self, loop: asyncio.AbstractEventLoop) -> None:
        """Draw the next block in the loop's next turn."""
        loop.call_soon(self._quietly)

    def take(self) -> _T | None:
        """Return the next block, None at the end. Raises whatever drawing it raised."""
        self.draw()
        block, self._drawn = self._drawn, None
        return block

    def draw(self) -> None:
        """Draw the next block now, if it is not drawn yet."""
        if self._drawn is None:
            self._drawn = next(self._blocks, None)

    def _quietly(self) -> None:
        try:
            self.draw()
        except Exception as error:  # noqa: BLE001  # whoever waits for the stage raises it
            self._fail(error)
