"""
Which idle model goes first when room is needed.

A ranking gives each model a number; the lowest goes first. AWS does not say what it does, so the choice is a parameter.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from asyncload.emulator.config.endpoint import Eviction


@dataclass(slots=True)
class Resident:
    """What is known of a model on an instance. Units: nanoseconds of the clock that is passed in."""

    last_used_ns: int = 0
    """When a request for it last arrived."""
    loaded_ns: int = 0
    """When it was last loaded."""
    uses: int = 0
    """Requests for it so far."""


Ranking: TypeAlias = Callable[[Resident], float]


def lru(resident: Resident) -> float:
    """Least recently used first."""
    return resident.last_used_ns


def lfu(resident: Resident) -> float:
    """Least often used first."""
    return resident.uses


def fifo(resident: Resident) -> float:
    """First loaded first."""
    return resident.loaded_ns


RANKINGS: Final[Mapping[Eviction, Ranking]] = {"lru": lru, "lfu": lfu, "fifo": fifo}
