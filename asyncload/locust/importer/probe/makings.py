"""Users and task sets, made and started: once for each way that their own draws can go."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Final, Generic, TypeVar

from asyncload.locust.importer.findings import Mistake
from asyncload.locust.importer.probe.boxes import Leaf, leaves
from asyncload.locust.importer.probe.chance import Play, Span
from asyncload.locust.importer.probe.stage import Stand

_T = TypeVar("_T")
_MOST: Final = 1024
"""Ways that are made at all."""
_SAMPLES: Final = 200
"""Made at random where there are more, or in all where those that are made alike are not alike."""
_GLIMPSES: Final = 8
"""Of one thing, to see whether it is the same each time."""


@dataclass(frozen=True, slots=True)
class Made(Generic[_T]):
    """What was made in one way."""

    part: float
    """Probability of it."""
    thing: _T


class Refusing(Exception):  # noqa: N818  a state, in words
    """It cannot be made or started; the mistake is written down."""


def made(
    stand: Stand, make: Callable[[], _T], name: str, glimpse: Callable[[_T], object]
) -> tuple[list[Made[_T]], int]:
    """
    Make something in every way.

    Args:
        stand: The means of control.
        make: Makes and starts it.
        name: What it is called in mistakes.
        glimpse: Tells whether two that were made alike are alike.

    Returns:
        What was made, and the size of the sample if it is one, else 0.

    Raises:
        Refusing: If it cannot be made.
        Abandoned: If making it does not come to an end.
    """

    def run(play: Play) -> _T:
        things: list[_T] = []
        ended = stand.carry_out(lambda: things.append(make()), play, stage="on_start", name=name)
        if ended in ("stop", "interrupt"):
            stand.mistakes[Mistake("", f"{name} ends as soon as it begins")] = None
        if ended != "done":
            raise Refusing
        return things[0]

    ways = _ways(run)
    if ways is None:
        return [Made(1 / _SAMPLES, run(Play(at_random=True))) for _ in range(_SAMPLES)], _SAMPLES
    first = ways[0]
    seen = glimpse(first.outcome)
    # What differs from one glimpse of the same thing to the next says nothing of how it was made.
    unsteady = any(glimpse(first.outcome) != seen for _ in range(_GLIMPSES))
    if unsteady or all(glimpse(run(Play(spans=first.spans, anywhere=True))) == seen for _ in range(2)):
        return [Made(way.part, way.outcome) for way in ways], 0
    each = max(_SAMPLES // len(ways), 2)
    more = [Made(way.part / each, run(Play(spans=way.spans, anywhere=True))) for way in ways for _ in range(each)]
    return more, each


def _ways(run: Callable[[Play], _T]) -> Sequence[Leaf[_T]] | None:
    """Make it in every way; None if there are too many."""

    def begin(spans: tuple[Span, ...]) -> Play:
        return Play(spans=spans)

    found: list[Leaf[_T]] = []
    for way in leaves(run, begin):
        found.append(way)
        whole_numbers = prod(draw.count or 1 for draw in way.play.walked)
        if way.play.astray or whole_numbers > _MOST or len(found) > _MOST:
            return None
    return found
