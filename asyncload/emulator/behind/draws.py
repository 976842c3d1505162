"""
Uniform numbers from a seed, for a hundred thousand models at once: a state is one number, where `Random` keeps 2.5 KB.

Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014: SplitMix64.
"""

from hashlib import blake2b
from typing import Final

_GAMMA: Final = 0x9E3779B97F4A7C15
_MASK: Final = 2**64 - 1


class Draws:
    """A sequence of numbers that follows from its seed."""

    __slots__ = ("_state",)

    def __init__(self, seed: str | int) -> None:
        """
        Args:
            seed: A text, or the state itself.
        """
        if isinstance(seed, str):
            seed = int.from_bytes(blake2b(seed.encode(), digest_size=8).digest(), "big")
        self._state = seed

    def bits(self) -> int:
        """Return the next 64 bits."""
        self._state = mixed = (self._state + _GAMMA) & _MASK
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return mixed ^ (mixed >> 31)

    def random(self) -> float:
        """Return the next number in [0, 1), a multiple of 2**-53."""
        return (self.bits() >> 11) * 2.0**-53
