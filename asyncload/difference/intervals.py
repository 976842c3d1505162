"""
Where a difference lies, at any level; and how surely it is beyond a limit. Both from one calculation, so they agree.

Latencies and rates, on the log scale: the wider of two intervals. Student's t on the spread of the draws reaches levels
that the draws are too few for; the draws themselves know what no spread tells, such as that one draw in ten has none of
the run's two stalls.

Shares of failed calls: Newcombe's interval for a difference, of two intervals of Wilson, with as many calls as would
tell as much if they were independent. It is right for no failures, too, of which no draw would ever show any.

Source:
    Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine 17 (1998),
    method 10.
"""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from asyncload.difference.student import multiple, tail

Floats64 = NDArray[np.float64]

_HALVINGS: Final = 60
_FURTHEST: Final = 1e6


class Located(Protocol):
    """Differences of one kind, of which is known how surely they lie where."""

    def interval(self, level: Floats64) -> tuple[Floats64, Floats64]:
        """Ends that miss the true difference with a probability of `level`, half of it on either side: float64[n]."""

    def p(self, limit: float) -> Floats64:
        """The level at which the interval just reaches a limit: float64[n]."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Differences on the log scale."""

    value: Floats64
    draws: NDArray[np.float32]
    """What else it could have been, each row ascending: float32[n, replicates]."""
    error: Floats64
    """Standard error."""
    freedom: Floats64

    def interval(self, level: Floats64) -> tuple[Floats64, Floats64]:
        """Ends at a level."""
        half = multiple(level, self.freedom) * self.error
        n, each = self.draws.shape[1], np.arange(self.value.size)
        place = np.floor(n * level / 2).astype(np.int64)
        low = np.minimum(self.value - half, self.draws[each, place])
        return low, np.maximum(self.value + half, self.draws[each, n - 1 - place])

    def p(self, limit: float) -> Floats64:
        """How surely beyond a limit."""
        spread = tail(np.abs(self.value - limit) / self.error, self.freedom)
        n = self.draws.shape[1]
        beyond = np.minimum((self.draws <= limit).sum(axis=1), (self.draws >= limit).sum(axis=1))
        found: Floats64 = np.maximum(spread, np.minimum(2 * beyond / n, 1.0))
        return found


@dataclass(frozen=True, slots=True)
class Shares:
    """Differences between shares, of B less A."""

    a: Floats64
    b: Floats64
    effective_a: Floats64
    """Independent calls that would tell as much."""
    effective_b: Floats64
    freedom: Floats64

    def interval(self, level: Floats64) -> tuple[Floats64, Floats64]:
        """Ends at a level."""
        return self._ends(multiple(level, self.freedom))

    def p(self, limit: float) -> Floats64:
        """How surely beyond a limit."""
        value = self.b - self.a
        near, far = np.zeros_like(value), np.full_like(value, _FURTHEST)
        for _ in range(_HALVINGS):
            middle = (near + far) / 2
            low, high = self._ends(middle)
            outside = np.where(value > limit, low > limit, high < limit)
            near, far = np.where(outside, middle, near), np.where(outside, far, middle)
        return tail(near, self.freedom)

    def _ends(self, z: Floats64) -> tuple[Floats64, Floats64]:
        low_a, high_a = _wilson(self.a, self.effective_a, z)
        low_b, high_b = _wilson(self.b, self.effective_b, z)
        value = self.b - self.a
        return (
            value - np.hypot(self.b - low_b, high_a - self.a),
            value + np.hypot(high_b - self.b, self.a - low_a),
        )


def _wilson(share: Floats64, n: Floats64, z: Floats64) -> tuple[Floats64, Floats64]:
    square = z * z
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = z / (1 + square / n) * np.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)
