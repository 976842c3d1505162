"""Weights as a person would write them."""

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm, log2
from typing import Final

from asyncload.models import Popularity, Top, Weights, Zipf

_LARGEST_DENOMINATOR: Final = 10_000
_LARGEST: Final = 1_000_000
_NEAR: Final = 1e-10
"""Relative difference below which two weights are the same."""
_DIGITS: Final = 12
_ZIPF_DIGITS: Final = 6


def whole(weights: Sequence[float], largest: int = _LARGEST) -> list[int] | None:
    """Return whole numbers in the proportions of positive weights, the smallest ones; None if they would be large."""
    least = min(weights)
    ratios = [Fraction(weight / least).limit_denominator(_LARGEST_DENOMINATOR) for weight in weights]
    if any(not near(float(ratio), weight / least) for ratio, weight in zip(ratios, weights, strict=True)):
        return None
    scale = lcm(*(ratio.denominator for ratio in ratios))
    if scale > largest:
        return None
    numbers = [int(ratio * scale) for ratio in ratios]
    shared = gcd(*numbers)
    return [number // shared for number in numbers] if max(numbers) // shared <= largest else None


def tidy(weights: Sequence[float]) -> list[int | float]:
    """Return numbers in the proportions of weights: whole ones where that is possible, else the largest is 1."""
    positive = [weight for weight in weights if weight > 0]
    found = whole(positive)
    if found is not None:
        numbers = iter(found)
        return [next(numbers) if weight > 0 else 0 for weight in weights]
    most = max(positive)
    return [float(f"{weight / most:.{_DIGITS}g}") for weight in weights]


def popularity(weights: Sequence[float]) -> Popularity:
    """Return how the members of a family share its weight, as a law where it is one."""
    first, count = weights[0], len(weights)
    if all(near(weight, first) for weight in weights):
        return "uniform"
    if first > 0 and weights[1] > 0 and (exponent := round(log2(first / weights[1]), _ZIPF_DIGITS)) > 0:
        law = [first * (i + 1) ** -exponent for i in range(count)]
        if all(near(weight, expected) for weight, expected in zip(weights, law, strict=True)):
            return Zipf(zipf=exponent)
    top = next((i for i, weight in enumerate(weights) if not near(weight, first)), count)
    if top < count and first > weights[top] and all(near(weight, weights[top]) for weight in weights[top:]):
        return Top(top=top, share=float(f"{top * first / sum(weights):.{_DIGITS}g}"))
    return Weights(weights=tuple(tidy(weights)))


def near(one: float, other: float) -> bool:
    """Whether two weights are the same up to rounding."""
    return abs(one - other) <= _NEAR * max(abs(one), abs(other))
