"""
The users of a closed phase, before anything is sent: when each begins, and how long it thinks after each reply.

Strategy: a user's pauses come from a stream of its own, SplitMix64 from a word that the seed, the phase and the user's
number name. So its n-th pause depends neither on when it is asked for nor on what other users do, costs four
multiplications of integers, which are the same on any machine, and a stream is held in one number.

Source:
    Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators (OOPSLA 2014), figure 16.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from asyncload.exact import words
from asyncload.scenario import ThinkTime, Users
from asyncload.units import format_duration, format_rate

_THINK_STREAM: Final = 18
_MASK: Final = (1 << 64) - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15


class Habits:
    """What the users of one rank do between their calls, in one closed phase; its streams move on as they are asked."""

    __slots__ = ("_least_ns", "_pace_ns", "_states", "_width_ns", "pauses", "users")

    def __init__(self, phase: Users, seed: int, index: int, rank: int = 0, world: int = 1) -> None:
        """
        Args:
            phase: How many users there are, and what they do.
            seed: The scenario's.
            index: Which phase of the scenario it is.
            rank: Which share of the users this is: those whose number has the remainder `rank` by `world`.
            world: How many shares there are.
        """
        self.users = len(range(rank, phase.users, world))
        """Of this rank."""
        self._least_ns, most_ns = think_range_ns(phase)
        self._width_ns = most_ns - self._least_ns + 1
        self._pace_ns = phase.pace_ns or 0
        self.pauses = bool(most_ns or self._pace_ns)
        """Whether a user ever waits between a reply and its next call."""
        drawn = self._width_ns > 1
        self._states: list[int] = words(seed, index, _THINK_STREAM)(phase.users)[rank::world].tolist() if drawn else []

    def ready_ns(self, user: int, due_ns: int, last_ns: int) -> int:
        """
        When a user is ready for its next call: after a pause, drawn if it is not fixed, and not before its pace.

        Args:
            user: Number among those of this rank.
            due_ns: When its call was due.
            last_ns: When the reply to it was complete.
        """
        ready_ns = last_ns + (self.think_ns(user) if self._states else self._least_ns)
        paced_ns = due_ns + self._pace_ns
        return ready_ns if ready_ns > paced_ns else paced_ns  # noqa: FURB136  # max() is a call, and this is hot

    def think_ns(self, user: int) -> int:
        """Draw the next pause of a user between a reply and its next call."""
        if not self._states:
            return self._least_ns
        self._states[user] = word = (self._states[user] + _GOLDEN) & _MASK
        word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _MASK
        return self._least_ns + ((word ^ (word >> 31)) * self._width_ns >> 64)


def think_range_ns(phase: Users) -> tuple[int, int]:
    """Shortest and longest pause between a reply and the next call, both included."""
    if isinstance(phase.think, ThinkTime):
        return phase.think.from_ns, phase.think.to_ns
    return phase.think, phase.think


def begins_ns(phase: Users, before: int, rank: int = 0, world: int = 1) -> NDArray[np.int64]:
    """
    When each new user of a rank begins, from the start of the phase: the k-th new one, of all ranks, at k / spawn.

    Args:
        phase: How many users there are, and how they begin.
        before: Users of all ranks that a closed phase just before had; they go on.
        rank: Which share of the users this is.
        world: How many shares there are.

    Shape:
        int64[n], non-decreasing; the first is the first user of the rank that is not among those before.
    """
    new = np.arange(rank, max(phase.users, rank), world, dtype=np.int64) - before
    new = new[new >= 0]
    if phase.spawn_per_s is None:
        return np.zeros_like(new)
    offsets: NDArray[np.int64] = np.floor(new * 1e9 / phase.spawn_per_s).astype(np.int64)
    return offsets


def in_words(phase: Users) -> str:
    """Say who takes part in a closed phase, and how: "200 users, 50/s begin, no pause, a call every 4s at most"."""
    least_ns, most_ns = think_range_ns(phase)
    pause = (
        format_duration(least_ns)
        if least_ns == most_ns
        else f"{format_duration(least_ns)} to {format_duration(most_ns)}"
    )
    words = [
        f"{phase.users} user{'s' if phase.users > 1 else ''}",
        f"{format_rate(phase.spawn_per_s)} begin" if phase.spawn_per_s else "all begin at once",
        f"pause {pause}" if most_ns else "no pause",
    ]
    return ", ".join([*words, f"a call every {format_duration(phase.pace_ns)} at most"] if phase.pace_ns else words)
