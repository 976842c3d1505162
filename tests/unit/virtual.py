"""An event loop in a time that passes as fast as it is waited for; several unit tests share it."""

import asyncio
import selectors

S = 1_000_000_000
TURN_NS = 50_000
"""What each turn of the loop costs."""


class Patience(selectors.SelectSelector):
    """Waits by turning the clock."""

    now_ns = 1_000 * S

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "the loop would wait for ever"
        self.now_ns += max(round(timeout * 1e9), TURN_NS)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """The stock loop, in a time that passes as fast as it is waited for."""

    def __init__(self) -> None:
        self.patience = Patience()
        super().__init__(self.patience)

    def time(self) -> float:
        return self.patience.now_ns / 1e9

    def monotonic_ns(self) -> int:
        return self.patience.now_ns
