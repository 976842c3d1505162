"""What a run directory has beyond its result: the seconds of every target."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asyncload.measured import ModelResult


@dataclass(frozen=True, slots=True)
class History:
    """The course of a run, target by target; a thousand of them over an hour do not fit into memory at once."""

    measured_ns: tuple[tuple[int, int], ...]
    """Spans of the measured phases, from the plan's zero."""
    rank: int
    world: int
    """Into how many shares the plan was cut; these are the seconds of the share `rank`."""
    seconds: Iterable[tuple[int, Mapping[int, ModelResult]]]
    """
    Seconds in which a call ended, ascending, each with the targets of which one did, by their index; the warm-up of
    all targets has the index behind the last. May be gone through more than once. Signs are None.
    """
