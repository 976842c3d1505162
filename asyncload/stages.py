"""
The stages of a plan, as one rank drives them: open phases that follow one another are one stage, closed ones another.

    OpenStage      blocks of arrivals, each with its due time
    ClosedStage    one Stint per phase: who takes part, what they do between calls, what each next call is

An open stage is known to the last arrival before it begins. Of a closed one everything is known but how many calls
there will be, and when: that depends on the endpoint.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asyncload.users import Habits


class Block(NamedTuple):
    """
    Consecutive arrivals of one rank.

    **Shape**: three columns of one length n, 0 < n <= 65,536.
    """

    due_ns: NDArray[np.int64]
    """From the start of the run, non-decreasing, across blocks too."""
    model: NDArray[np.uint32]
    """Index into `scenario.targets`."""
    payload: NDArray[np.uint32]
    """Index into the pool of payloads of the target's family."""


class Draws(NamedTuple):
    """
    What the next calls of one rank in a closed phase are, whenever they will be.

    **Shape**: two columns of one length n, 0 < n <= 65,536.
    """

    model: NDArray[np.uint32]
    """Index into `scenario.targets`."""
    payload: NDArray[np.uint32]
    """Index into the pool of payloads of the target's family."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenStage:
    """Arrivals that wait for nothing."""

    blocks: Iterator[Block]


@dataclass(frozen=True, slots=True, eq=False)
class Stint:
    """One closed phase of one rank. Its users are numbered from 0, those before come first."""

    start_ns: int
    """From the start of the run."""
    end_ns: int
    """Whoever becomes ready from here on does not call in this phase."""
    begins_ns: NDArray[np.int64]
    """When each new user begins, from the start of the run, non-decreasing; the others go on."""
    habits: Habits
    draws: Iterator[Draws]
    """Without end."""


@dataclass(frozen=True, slots=True, eq=False)
class ClosedStage:
    """Users who wait for their replies."""

    stints: tuple[Stint, ...]
    """In the order of time, without gaps."""


Stage: TypeAlias = OpenStage | ClosedStage
