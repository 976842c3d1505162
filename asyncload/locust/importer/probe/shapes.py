"""A LoadTestShape, asked what it wants on each second of its life."""

from itertools import groupby
from typing import TYPE_CHECKING, Final

from asyncload.locust.importer.findings import Shape, Stretch
from asyncload.locust.importer.probe.clock import Clock

if TYPE_CHECKING:
    from locust import LoadTestShape

_LONGEST_S: Final = 86_400


def shape_of(shape: "LoadTestShape", clock: Clock, where: str) -> Shape:
    """
    Return what a load shape asks for, second by second, with time passing at once.

    Raises:
        Exception: Whatever its `tick` raises.
    """
    shape.reset_time()
    wanted: list[tuple[int, float]] = []
    ends = False
    while len(wanted) < _LONGEST_S:
        tick = shape.tick()
        if tick is None:
            ends = True
            break
        wanted.append((int(tick[0]), float(tick[1])))
        clock.advance(1.0)
    stretches = [Stretch(float(len(list(same))), users, spawn) for (users, spawn), same in groupby(wanted)]
    return Shape(type(shape).__name__, where, stretches, ends)
