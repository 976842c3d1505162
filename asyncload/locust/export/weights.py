"""Weights of tasks: Locust takes whole numbers, and lists a task as often as its weight says."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

_MOST: Final = 1000
"""Of a weight: beyond it the list of tasks would be longer than anybody wants to read."""


def whole(weights: Sequence[float]) -> list[int] | None:
    """
    Return the smallest whole numbers in exactly the same proportion; None if one of them would be above 1,000.

    A weight counts as the decimal number that a scenario's file has for it: 0.1 is a tenth.
    """
    exact = [Fraction(repr(float(weight))) for weight in weights]
    scale = math.lcm(*(weight.denominator for weight in exact))
    counts = [int(weight * scale) for weight in exact]
    divisor = math.gcd(*counts) or 1
    reduced = [count // divisor for count in counts]
    return reduced if max(reduced) <= _MOST else None
