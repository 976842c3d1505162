"""
Every way that a run's draws can go, one run each.

All that the draws may be is a box: one span for each draw, in order. A run inside a box finds the box of everything
with which it would have gone the same way, which is one cell for each draw; what is left of the first box falls apart
into boxes again, each with the draws before one of them inside their cells and that one outside its own. So boxes are
run until none is left, their sizes are probabilities, and sizes add up to 1 whatever the order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Final, Generic, TypeVar

from asyncload.locust.importer.probe.chance import Play, Span

_T = TypeVar("_T")
_NOTHING: Final = 1e-13
"""Spans of less probability are rounding."""


@dataclass(frozen=True, slots=True)
class Leaf(Generic[_T]):
    """One way that the draws can go."""

    spans: tuple[Span, ...]
    """Of the walked draws."""
    outcome: _T
    play: Play

    @property
    def part(self) -> float:
        """Probability."""
        return prod(span.part for span in self.spans)


def leaves(run: Callable[[Play], _T], begin: Callable[[tuple[Span, ...]], Play]) -> Iterator[Leaf[_T]]:
    """
    Yield every way that the draws can go, in the order in which a person would write them down.

    Args:
        run: Runs once.
        begin: Makes the play of one run from the spans of its first draws.
    """
    boxes: list[tuple[Span, ...]] = [()]
    while boxes:
        box = boxes.pop()
        play = begin(box)
        outcome = run(play)
        cells = tuple(draw.cell for draw in play.walked)
        yield Leaf(cells, outcome, play)
        boxes += _rest(box, cells)


def _rest(box: tuple[Span, ...], cells: tuple[Span, ...]) -> Iterator[tuple[Span, ...]]:
    """Yield what a box holds beside the cells, the draws that come last last: those are run next."""
    for index, cell in enumerate(cells):
        given = index < len(box) and box[index].count == cell.count
        whole = box[index] if given else Span.whole(cell.count)
        for low, high in ((cell.high, whole.high), (whole.low, cell.low)):
            span = Span(cell.count, low, high)
            if span.part > _NOTHING:
                yield (*cells[:index], span)
