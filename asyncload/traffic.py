"""
Who is called: family weights and popularity inside a family, as shares, and draws from them.

Strategy: Walker's alias method on integers. Shares become counts of 2**-32 of a cell that add up exactly, so the table
is built without rounding and is the same everywhere. A draw costs one 64-bit word and two look-ups, for any number of
targets.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asyncload.errors import Problem, ScenarioError
from asyncload.exact import power
from asyncload.scenario import Model, Top, Weights, Zipf

_CELL: Final = 1 << 32
_HIGH: Final = np.uint64(32)
_LOW_MASK: Final = np.uint64(_CELL - 1)


def shares(models: Sequence[Model]) -> NDArray[np.float64]:
    """
    Expected share of the traffic of each target, in the order of `scenario.targets`.

    Shape:
        float64[n], n the sum of the families' counts; sums to 1 up to rounding.

    Raises:
        ScenarioError: If a weight is negative or not finite, all are 0, or a family's weights do not fit its count.
    """
    total = _positive_sum([model.weight for model in models], "models")
    parts = [
        _popularity(model, f"models[{index}].popularity") * (model.weight / total) for index, model in enumerate(models)
    ]
    return np.concatenate(parts)


@dataclass(frozen=True, slots=True, eq=False)
class AliasTable:
    """
    A discrete distribution that is drawn from in constant time.

    With n targets, a word's high half picks a cell (multiply and shift) and its low half the cell's own target or its
    alias. The probability of a target differs from its share by less than (n + 1) * 2**-32 altogether (total
    variation): for 10,000 targets 2.4e-6, which no run of less than 1e11 arrivals can tell from 0.

    Source:
        Walker, ACM TOMS 3 (1977); Vose, IEEE Trans. Software Engineering 17 (1991); multiply and shift instead of a
        remainder: Lemire, ACM TOMACS 29 (2019).
    """

    thresholds: NDArray[np.uint64]
    """Part of each cell, in 2**-32, that belongs to its own target; the rest belongs to the alias."""
    aliases: NDArray[np.uint32]

    def draw(self, raw: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """
        One target index per word.

        Shape:
            As `raw`.
        """
        if self.aliases.size == 1:
            return np.zeros(raw.shape, dtype=np.uint32)
        cell = scaled(raw, np.uint64(self.aliases.size))
        return np.where((raw & _LOW_MASK) < self.thresholds[cell], cell, self.aliases[cell])


def alias_table(weights: NDArray[np.float64]) -> AliasTable:
    """
    Build the table for non-negative weights whose sum is positive and finite.

    Shape:
        `weights` is float64[n], 0 < n < 2**32.
    """
    count = weights.size
    remaining = _cell_counts(weights)
    thresholds, aliases = [_CELL] * count, list(range(count))
    small = [i for i, parts in enumerate(remaining) if parts < _CELL]
    large = [i for i, parts in enumerate(remaining) if parts >= _CELL]
    while small:
        # Integers add up exactly, so a cell that lacks something always finds one that has too much.
        poor, rich = small.pop(), large[-1]
        thresholds[poor], aliases[poor] = remaining[poor], rich
        remaining[rich] -= _CELL - remaining[poor]
        if remaining[rich] < _CELL:
            small.append(large.pop())
    return AliasTable(np.array(thresholds, dtype=np.uint64), np.array(aliases, dtype=np.uint32))


def scaled(raw: NDArray[np.uint64], below: NDArray[np.uint64] | np.uint64) -> NDArray[np.uint32]:
    """
    Integers on [0, below) from the high halves of random words; each one's probability is off by less than 2**-32.

    Args:
        raw: Random words.
        below: At least 1, at most 2**32; one for all, or one per word.

    Shape:
        As `raw`.
    """
    return (((raw >> _HIGH) * below) >> _HIGH).astype(np.uint32)


def _cell_counts(weights: NDArray[np.float64]) -> list[int]:
    """Split n * 2**32 in proportion to the weights; what rounding leaves over goes to the heaviest."""
    values = weights.tolist()
    scale = len(values) * _CELL / math.fsum(values)
    counts = [int(value * scale) for value in values]
    counts[values.index(max(values))] += len(values) * _CELL - sum(counts)
    return counts


def _popularity(model: Model, path: str) -> NDArray[np.float64]:
    """Shares inside one family: float64[count]."""
    match model.popularity:
        case Zipf(zipf=exponent):
            weights = power(np.arange(1, model.count + 1, dtype=np.float64), -exponent)
        case Top(top=top, share=share):
            rest = model.count - top
            if not 0 < top <= model.count or not 0.0 <= share <= 1.0:
                raise _problem(path, f"top must be from 1 to count ({model.count}) and share from 0 to 1")
            each = (share / top, (1.0 - share) / rest) if rest else (1.0, 0.0)
            weights = np.repeat(np.array(each), (top, rest))
        case Weights(weights=given):
            if len(given) != model.count:
                raise _problem(f"{path}.weights", f"has {len(given)} weights for {model.count} targets")
            weights = np.array(given, dtype=np.float64)
        case _:
            weights = np.ones(model.count)
    return weights / _positive_sum(weights.tolist(), path)


def _positive_sum(weights: list[float], path: str) -> float:
    """Correctly rounded sum: sum() of floats differs between Python 3.11 and 3.12."""
    if any(not math.isfinite(weight) or weight < 0 for weight in weights):
        raise _problem(path, "weights must be finite and not negative")
    total = math.fsum(weights)
    if total <= 0:
        raise _problem(path, "at least one weight must be greater than 0")
    return total


def _problem(path: str, message: str) -> ScenarioError:
    return ScenarioError("scenario", [Problem(path, message)])
