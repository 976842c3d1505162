"""The words that residency, which decides, and instance, which carries out, have in common."""

from dataclasses import dataclass
from enum import StrEnum

from asyncload.emulator.behind.backend import LoadError


class Tier(StrEnum):
    """Where a model is when a request for it arrives."""

    HOT = "hot"
    WARM = "warm"
    COLD = "cold"
    LOADING = "loading"
    """Somebody else's request has begun to bring it."""


class Act(StrEnum):
    """What is done in a step."""

    DOWNLOAD = "download"
    LOAD = "load"
    UNLOAD = "unload"
    DELETE = "delete"
    GIVE_UP = "give up"
    """Nothing to carry out: whoever waits for the model is told so."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do about one model."""

    act: Act
    model: str
    error: LoadError | None = None
    """Why, of GIVE_UP."""
