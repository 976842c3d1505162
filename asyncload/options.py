"""How a run is carried out, as opposed to what it sends."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from asyncload.errors import UsageError
from asyncload.snapshot import Snapshot

if TYPE_CHECKING:
    from asyncload.aws.credentials import CredentialSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Nothing here changes the stimulus, except which share of it this rank sends."""

    rank: int = 0
    world: int = 1
    out: Path | None = None
    """Run directory to create; without it nothing is written."""
    samples: bool = False
    """Also write one row per call."""
    on_snapshot: Callable[[Snapshot], None] | None = None
    """Called on the loop at the end of each second; what it raises ends the run."""
    credentials: "CredentialSource | None" = None
    """Instead of the SDKs' chain."""
    allow_plaintext: bool = False
    """Let http:// lead off this machine."""
    traceparent: float | None = None
    """Put a W3C `traceparent` on each request, with this share of them, from 0 to 1, marked as sampled."""
    lane: int = 0
    """Runs of one seed that are told apart by it have trace ids of their own."""
    spans: bool = False
    """Also keep the sampled requests for `Snapshot.spans`."""

    def __post_init__(self) -> None:
        if self.traceparent is not None and not 0 <= self.traceparent <= 1:
            raise UsageError(f"traceparent: expected a share from 0 to 1, found {self.traceparent}")


class Stop:
    """Ends a run early. Asked once: nothing more is sent, and replies have `limits.grace`. Asked twice: at once."""

    def __init__(self) -> None:
        self.asked = 0
        self._news = asyncio.Event()

    def ask(self) -> None:
        """Ask once more; call it on the loop's thread."""
        self.asked += 1
        self._news.set()

    async def wait(self, times: int) -> None:
        """Return once it was asked so many times."""
        while self.asked < times:
            self._news.clear()
            await self._news.wait()
