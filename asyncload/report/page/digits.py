"""Numbers as a page holds them: four significant digits, which no picture shows more of, and null for what is none."""

import math
from collections.abc import Iterable
from typing import Final

_DIGITS: Final = 4


def digits(values: Iterable[float]) -> list[float | None]:
    """Round numbers; None for one that is not finite."""
    return [rounded(value) for value in values]


def rounded(value: float) -> float | None:
    """Round a number; None if it is not finite. A whole one is an int, which is shorter."""
    if not math.isfinite(value):
        return None
    short = float(f"{value:.{_DIGITS}g}")
    return int(short) if short == int(short) else short
