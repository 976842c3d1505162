"""
Values of one metric: how many, their sum, lowest and highest, and about where they lie.

Values are counted in slots of 1/512 to 1/1024 of their size, so that a percentile is within 0.1 % of a value that was
there, and whole numbers below 1,024 are exact. Slots that are empty take no room.
"""

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from itertools import accumulate

_STEPS = 1024
"""Slots for a power of two, half of which are used."""


class Distribution:
    """Values of at least 0; a value below counts as 0."""

    __slots__ = ("_packed", "_slots", "count", "highest", "lowest", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.lowest = math.inf
        self.highest = 0.0
        self._slots: dict[int, int] = {}
        self._packed: tuple[array[int], array[int]] | None = None  # slots in order, and their counts

    @classmethod
    def of(cls, counts: Mapping[float, int]) -> "Distribution":
        """Return the distribution of values that occurred so many times each."""
        made = cls()
        for value, count in counts.items():
            if count:
                made.add(value, count)
        return made

    @classmethod
    def joined(cls, parts: Iterable["Distribution"]) -> "Distribution":
        """Return all values of several distributions; of one, itself."""
        first, *others = parts
        if not others:
            return first
        made = cls()
        for part in (first, *others):
            made.count += part.count
            made.total += part.total
            made.lowest = min(made.lowest, part.lowest)
            made.highest = max(made.highest, part.highest)
            for slot, count in part._counts():  # noqa: SLF001  one of its own kind
                made._slots[slot] = made._slots.get(slot, 0) + count
        return made

    def add(self, value: float, count: int = 1) -> None:
        """Count a value. HOT: min and max would be calls"""
        value = max(value, 0.0)
        self.count += count
        self.total += value * count
        if value < self.lowest:  # noqa: PLR1730
            self.lowest = value
        if value > self.highest:  # noqa: PLR1730
            self.highest = value
        fraction, power = math.frexp(value)
        slot = int(fraction * _STEPS) + power * _STEPS
        slots = self._slots
        slots[slot] = slots.get(slot, 0) + count

    def pack(self) -> None:
        """Take less room, a tenth of it; nothing may be added afterwards."""
        if self._packed is None:
            self._packed = _in_order(self._slots)
            self._slots = {}

    def average(self) -> float:
        """Mean; NaN if there are no values."""
        return self.total / self.count if self.count else math.nan

    def percentile(self, percent: float) -> float:
        """
        Value of rank ceil(percent / 100 x count), at least 1; NaN if there are no values.

        CloudWatch does not say how it reads percentiles; between close values it may differ from this.
        """
        if not self.count:
            return math.nan
        slots, counts = self._packed or _in_order(self._slots)
        rank = max(1, math.ceil(percent * self.count / 100))
        place = bisect_left(list(accumulate(counts)), rank)
        return min(max(_middle(slots[place]), self.lowest), self.highest)

    def _counts(self) -> Iterable[tuple[int, int]]:
        return self._slots.items() if self._packed is None else zip(*self._packed, strict=True)


def _in_order(slots: Mapping[int, int]) -> "tuple[array[int], array[int]]":
    ordered = sorted(slots)
    return array("i", ordered), array("q", map(slots.__getitem__, ordered))


def _middle(slot: int) -> float:
    """Return the middle of the values that fall into a slot; a whole number below 1,024 has its slot for itself."""
    power, fraction = divmod(slot, _STEPS)
    lowest = math.ldexp(fraction / _STEPS, power)
    return lowest if power <= 10 and lowest.is_integer() else lowest + math.ldexp(0.5 / _STEPS, power)
