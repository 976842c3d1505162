"""How far the exploration of a task goes, and its first step: running every way that the draws can go."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final, TypeAlias

from asyncload.locust.importer.probe.boxes import Leaf, leaves
from asyncload.locust.importer.probe.chance import Play, Span
from asyncload.locust.importer.probe.laws import Outcome

Run: TypeAlias = Callable[[Play], Outcome]
"""Runs a task once."""
Way: TypeAlias = Leaf[Outcome]

_PATIENCE: Final = 64
"""Runs after which an estimate of how many ways there are is worth something."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How far to go."""

    few: int = 512
    """Ways that are walked without a thought."""
    most: int = 4096
    """Ways that are walked at all."""
    looks: int = 64
    """Runs that are played a second time."""
    samples: int = 2000
    """Runs at random."""
    payloads: int = 100
    """Payloads of a sample."""
    until_s: float = float("inf")
    """On the monotonic clock: from then on whatever has been seen must do."""

    @property
    def late(self) -> bool:
        """Whether time is up."""
        return monotonic() > self.until_s


def walk(run: Run, effort: Effort, most: int, begin: Callable[[tuple[Span, ...]], Play]) -> list[Way] | None:
    """Run every way; None if there are more than `most`, or the draws do not decide what is drawn next."""
    found: list[Way] = []
    seen = 0.0
    for way in leaves(run, begin):
        found.append(way)
        seen += way.part
        count = len(found)
        likely = count / seen if count == 1 or count >= _PATIENCE else 0.0
        if way.play.astray or likely > 2 * most or count > most or effort.late:
            return None
    return found
