"""What an annotation may say about a field beyond its type: its key in the document, and the values that are legal."""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """Name of the field in the document, where it is not the field's own."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """What a text must read as, where it has a grammar of its own."""

    mistake: Callable[[str], str | None]
    """What is wrong with a text, or None."""
    legal: str
    """What is expected instead of what is no text at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """
    Which values of the right type are legal.

    Bounds apply to the number as it is held, after units were read. Lengths count characters of a text and entries of
    a list.
    """

    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    shortest: int | None = None
    longest: int | None = None
    pattern: str | None = None
    """Regular expression for the whole text; it must mean the same in Python and in ECMA 262."""
    legal: str
    """The same in words; completes the sentence "expected ..."."""

    def allows(self, value: object) -> bool:
        """Whether a value of the right type is legal."""
        if isinstance(value, int | float):
            return self._in_bounds(value)
        if isinstance(value, str) and self.pattern is not None and not re.fullmatch(self.pattern, value):
            return False
        if not isinstance(value, str | tuple):
            return True
        length = len(value)
        return (self.shortest is None or length >= self.shortest) and (self.longest is None or length <= self.longest)

    def _in_bounds(self, value: float) -> bool:
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.above is None or value > self.above)
            and (self.at_most is None or value <= self.at_most)
        )
