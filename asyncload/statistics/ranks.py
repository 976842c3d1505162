"""
Ranks that enclose a quantile: of n independent values the number below it is binomial, whatever their distribution.

    1 ... low ..... n q ..... high ... n        P(value of rank low <= quantile < value of rank high) >= level

Both ranks must exist. Of 100 values the largest is below the 99 % quantile with probability 0.37, so nothing bounds it
from above, and they do not support it.

Source:
    David and Nagaraja, Order Statistics, 3rd ed. (2003), 7.1: distribution-free intervals for quantiles.
"""

import math
from functools import lru_cache
from typing import Final

import numpy as np

LEVEL: Final = 0.95
"""Of every interval that is printed, unless it says otherwise."""
_TAIL: Final = (1 - LEVEL) / 2
_SPREAD: Final = 9
"""Standard deviations of the binomial law that are summed, to either side; beyond them is less than 1e-17."""


def needed(q: float) -> int:
    """
    Return from how many independent values on an interval for a quantile exists.

    It does if the chance that all of them lie on one side is at most half of what the level leaves: 6 for the median,
    368 for p99, 3,688 for p99.9.

    Args:
        q: In (0, 1).
    """
    return math.ceil(math.log(_TAIL) / math.log(max(q, 1 - q)))


@lru_cache(maxsize=4096)
def enclosing(q: float, n: int) -> tuple[int, int] | None:
    """
    Return the ranks, from 1 to n, that enclose a quantile; None if n values do not support it.

    Args:
        q: In (0, 1).
        n: Number of independent values.
    """
    if n < needed(q):
        return None
    centre, reach = n * q, _SPREAD * math.sqrt(n * q * (1 - q)) + _SPREAD
    first, last = max(math.floor(centre - reach), 0), min(math.ceil(centre + reach), n)
    # P(k + 1) / P(k) = (n - k) / (k + 1) * q / (1 - q): summed as logarithms, no term is too small to begin with.
    k = np.arange(first, last)
    steps = np.log((n - k) / (k + 1)) + (math.log(q) - math.log1p(-q))
    logs = np.concatenate([[0.0], np.cumsum(steps)])
    weights = np.exp(logs - logs.max())
    # Each tail is summed from its own end: differences to 1 would be rounding errors.
    below = np.cumsum(weights) / weights.sum()
    above = np.cumsum(weights[::-1])[::-1] / weights.sum()
    low = first + int(np.searchsorted(below, _TAIL, side="right"))
    high = first + int(np.searchsorted(-above, -_TAIL, side="left"))
    return low, high
