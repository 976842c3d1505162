"""What an objective holds a number against, in the unit in which it is told: ms, %, calls, /s."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, TypeAlias

from asyncload.slo.metrics import Family
from asyncload.units import format_duration, format_rate, parse_duration_ns, parse_rate_per_s

Unit: TypeAlias = Literal["ms", "%", "calls", "/s"]

_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")
_MOST_NS: Final = 3_600_000_000_000
"""1 h: nothing above it is told apart."""
_MOST_COUNT: Final = 10**15
_DURATION: Final = "a duration with its unit, such as 250ms or 1.5s"
_SHARE: Final = "a share, such as 0.1% or 0.001"
_COUNT: Final = "a whole number, such as 0"
_ACHIEVED: Final = "a share of the rate that is asked, such as 99%, or a rate, such as 200/s"


@dataclass(frozen=True, slots=True)
class Limit:
    """A number with its unit."""

    value: float
    unit: Unit

    def __str__(self) -> str:
        match self.unit:
            case "ms":
                return format_duration(round(self.value * 1e6), None)
            case "/s":
                return format_rate(self.value, None)
            case "%":
                return f"{_plain(self.value)}%"
            case "calls":
                return str(int(self.value))


def parse_limit(text: str, family: Family) -> Limit:
    """
    Read what stands behind the comparison.

    Raises:
        ValueError: If it is not legal for a metric of this family; the text says what is.
    """
    return _READERS[family](text)


def _duration(text: str) -> Limit:
    if _NUMBER.fullmatch(text):
        raise ValueError(f"expected {_DURATION}; did you mean {text}ms?")
    try:
        length_ns = parse_duration_ns(text)
    except ValueError:
        raise ValueError(f"expected {_DURATION}") from None
    if length_ns > _MOST_NS:
        raise ValueError("expected at most 1h: above it durations are not told apart")
    return Limit(length_ns / 1e6, "ms")


def _share(text: str) -> Limit:
    number = text.removesuffix("%").rstrip()
    if not _NUMBER.fullmatch(number):
        raise ValueError(f"expected {_SHARE}")
    percent = Fraction(number) * (1 if text.endswith("%") else 100)
    if percent > 100:
        raise ValueError(f"expected {_SHARE}" + ("" if text.endswith("%") else f"; did you mean {number}%?"))
    return Limit(float(percent), "%")


def _count(text: str) -> Limit:
    if not re.fullmatch(r"[0-9]{1,16}", text) or int(text) > _MOST_COUNT:
        raise ValueError(f"expected {_COUNT}" + ("; for a share, write ..._rate" if text.endswith("%") else ""))
    return Limit(float(text), "calls")


def _achieved(text: str) -> Limit:
    number = text.removesuffix("%").rstrip()
    if text.endswith("%") and _NUMBER.fullmatch(number):
        return Limit(float(number), "%")
    if "/" not in text:
        raise ValueError(f"expected {_ACHIEVED}")
    try:
        return Limit(parse_rate_per_s(text), "/s")
    except ValueError:
        raise ValueError(f"expected {_ACHIEVED}") from None


_READERS: Final[Mapping[Family, Callable[[str], Limit]]] = {
    "duration": _duration,
    "share": _share,
    "count": _count,
    "achieved": _achieved,
}


def _plain(number: float) -> str:
    """Digits without an exponent that read as the same number."""
    text = f"{Decimal(repr(number)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
