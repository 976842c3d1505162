"""
Which instance a request goes to. Pure.

A model stays with the instances that hold it, the one with the fewest requests first. Once that has `spill` requests or
more, an instance that does not hold the model is taken, if it has fewer: it loads the model too, and holds it from then
on. A model that no instance holds goes to the one with the most free memory, or with the fewest models, where nobody
knows what models take.

AWS says that a multi-model endpoint routes so that a model is not loaded everywhere, and that a popular one gets
instances more; it does not say when. `spill` is a guess that can be set.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar


class Stop(Protocol):
    """What routing looks at of an instance."""

    in_flight: int

    def holds(self, model: str) -> bool:
        """Say whether the model is there, or about to be."""

    def memory_share(self) -> float:
        """Return the part of the memory that is taken, from 0 to 1."""

    def models(self) -> int:
        """Return how many models are there."""


_S = TypeVar("_S", bound=Stop)


def route(model: str, stops: Sequence[_S], spill: int) -> _S:
    """
    Choose an instance.

    Args:
        model: Whose request it is.
        stops: At least one.
        spill: Requests at an instance from which on another one may be taken.
    """
    if len(stops) == 1:
        return stops[0]
    homes = [stop for stop in stops if stop.holds(model)]
    others = [stop for stop in stops if not stop.holds(model)]
    if not homes:
        return min(others, key=_emptiest)
    home = min(homes, key=_in_flight)
    if home.in_flight < spill or not others:
        return home
    return min([home, *others], key=_in_flight)


def choice(cumulative: Sequence[float]) -> Callable[[float], int]:
    """Return the function from u in [0, 1) to an index, by cumulative weights of which the last is above 0."""
    return lambda u: next(index for index, border in enumerate(cumulative) if u * cumulative[-1] < border)


def _in_flight(stop: Stop) -> int:
    return stop.in_flight


def _emptiest(stop: Stop) -> tuple[float, int, int]:
    return stop.memory_share(), stop.models(), stop.in_flight
