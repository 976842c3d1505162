"""How far the exploration of a task goes, and its first step: running every way that the draws can go."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from time import monotonic
from typing import Final, TypeAlias

from asyncload.locust.importer.probe.boxes import Leaf, leaves
from asyncload.locust.importer.probe.chance import Play, Span
from asyncload.locust.importer.probe.laws import Outcome

Run: TypeAlias = Callable[[Play], Outcome]
"""Runs a task once."""
Way: TypeAlias = Leaf[Outcome]

_TOO_MANY: Final = 2
"""Draws of whole numbers alone make about as many ways as their outcomes multiplied: that is not begun."""


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
    def halfway_s(self) -> float:
        """When half of the time that is left is over, as `until_s`: who comes first does not take all of it."""
        now_s = monotonic()
        return now_s + max(self.until_s - now_s, 0.0) / 2

    @property
    def late(self) -> bool:
        """Whether time is up."""
        return monotonic() > self.until_s


def walk(run: Run, effort: Effort, most: int, begin: Callable[[tuple[Span, ...]], Play]) -> list[Way] | None:
    """Run every way; None if there are more than `most`, or the draws do not decide what is drawn next."""
    found: list[Way] = []
    for way in leaves(run, begin):
        found.append(way)
        whole_numbers = prod(draw.count or 1 for draw in way.play.walked)
        if way.play.astray or whole_numbers > _TOO_MANY * most or len(found) > most or effort.late:
            return None
    return found
