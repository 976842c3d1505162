"""
Many comparisons at once: which of them are sure, and how wide their intervals must be.

Of a hundred comparisons of equal things five are "significant" at 5 %. Holm's procedure keeps the chance that any is at
5 %, however they hang together. The weights are shares of that chance: half of it goes to all models together, so that
what can be told of them does not depend on how many models there are.

Source:
    Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6 (1979), section
    4 for weights.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Corrected:
    """What is left of some comparisons."""

    p: Floats64
    """At most the level if the comparison is sure."""
    level: Floats64
    """1 - level is what an interval must cover, for it to leave out nothing exactly if the comparison is sure."""


def corrected(p: Floats64, weights: Floats64, alpha: float) -> Corrected:
    """
    Correct for the number of comparisons.

    Args:
        p: Of each by itself, float64[n].
        weights: Above 0, float64[n].
        alpha: The chance of any false alarm.
    """
    order = np.argsort(p / weights, kind="stable")
    sorted_p, sorted_weights = p[order], weights[order]
    left = np.cumsum(sorted_weights[::-1])[::-1]
    adjusted = np.minimum(np.maximum.accumulate(sorted_p * left / sorted_weights), 1.0)
    stopped = np.flatnonzero(adjusted > alpha)
    shares = left.copy()
    if stopped.size:
        shares[stopped[0] :] = left[stopped[0]]
    found = Corrected(np.empty_like(p), np.empty_like(p))
    found.p[order], found.level[order] = adjusted, alpha * sorted_weights / shares
    return found
