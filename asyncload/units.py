"""
Durations, rates and sizes as people write them: "250ms", "1m30s", "1.5k/s", "64KiB".

Strategy: texts are read through `Decimal` and `Fraction`, so "0.1s" is exactly 100,000,000 ns and "600/min" exactly
10 a second. Printing rounds to `digits` significant digits; with digits=None it is exact, and reading it back gives
the same number.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Annotated, Final, TypeAlias

_NUMBER: Final = r"[0-9]+(?:\.[0-9]+)?"
_LONGEST: Final = 64
"""Characters of a quantity; a longer text is no quantity, and a million digits would take seconds to read."""
_MOST_NS: Final = 10**18
"""31.7 years; beyond it a run's times would not fit into int64."""
_MOST_BYTES: Final = 2**60
_MOST_PER_S: Final = 1e9

_DURATION_UNITS: Final[Mapping[str, int]] = {
    "d": 86_400_000_000_000,
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "min": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ns": 1,
}
_RATE_UNITS: Final[Mapping[str, int]] = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_RATE_SCALES: Final[Mapping[str, int]] = {"": 1, "k": 1_000, "M": 1_000_000}
_BYTE_UNITS: Final[Mapping[str, int]] = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
}

_DURATION_PART: Final = rf"{_NUMBER}\s?(?:d|h|min|ms|m|s|us|µs|μs|ns)"
_DURATION_PATTERN: Final = rf"^{_DURATION_PART}(?:\s?{_DURATION_PART})*$|^{_NUMBER}$"
_RATE_PATTERN: Final = rf"^({_NUMBER})\s?([kM]?)(?:\s?/\s?(sec|s|min|m|h|d))?$"
_BYTES_PATTERN: Final = rf"^({_NUMBER})\s?((?:[kKmMgG][iI]?)?[bB])?$"

_BANDWIDTH_PATTERN: Final = rf"^({_NUMBER})\s?((?:[kKmMgG][iI]?)?[bB])?(?:\s?/\s?s)?$"

_DURATION_LEGAL: Final = "a duration, not negative, such as 250ms, 1m30s, 2h or 5 (seconds)"
_OFFSET_PATTERN: Final = rf"^[-+]?{_DURATION_PART}(?:\s?{_DURATION_PART})*$|^[-+]?{_NUMBER}$"
_OFFSET_LEGAL: Final = "a duration with or without a sign, such as -6m, 250ms or -5 (seconds)"
_RATE_LEGAL: Final = "a rate, not negative, such as 200/s, 1.5k/s, 600/min or 5 (per second)"
_BYTES_LEGAL: Final = "a size, not negative, such as 64KiB, 6MB or 512 (bytes)"
_BANDWIDTH_LEGAL: Final = "a bandwidth, not negative, such as 50MiB/s, 1GB/s or 512 (bytes per second)"


@dataclass(frozen=True, slots=True)
class Quantity:
    """Marks a number in an annotation as one that may be written with its unit."""

    legal: str
    """What may be written, with examples; completes the sentence "expected ..."."""
    pattern: str
    """Regular expression of the legal texts; it means the same in Python and in ECMA 262."""
    most: float
    """Largest number that may be written without a unit."""
    parse: Callable[[object], int | float]
    """From a text or a number to the number; ValueError if it is not legal."""
    exact: Callable[[int | float], str | int | float]
    """From the number to what `parse` turns into the same number."""
    least: float = 0
    """Smallest number that may be written without a unit."""


def parse_duration_ns(value: object) -> int:
    """
    Read a duration.

    Args:
        value: "250ms", "1m30s", "1.5h"; or a number of seconds.

    Returns:
        Nanoseconds, to the nearest.

    Raises:
        ValueError: If it is negative, not finite, over 1e9 seconds, or not a duration; the text says what is legal.
    """
    seconds = _plain(value, _DURATION_LEGAL)
    if seconds is not None:
        total = seconds * 1_000_000_000
    else:
        text = _text(value, _DURATION_PATTERN, _DURATION_LEGAL)
        parts: list[tuple[str, str]] = re.findall(rf"({_NUMBER})\s?([a-zµμ]+)", text)
        total = sum((Fraction(number) * _DURATION_UNITS[unit] for number, unit in parts), start=Fraction(0))
        total = total if parts else Fraction(text) * _DURATION_UNITS["s"]
    if total > _MOST_NS:
        raise ValueError(f"expected at most {_MOST_NS // 10**9} seconds, found {_said(value)}")
    return round(total)


def parse_offset_ns(value: object) -> int:
    """
    Read a duration that may be negative.

    Args:
        value: "-6m", "+1m30s", "250ms"; or a number of seconds. The sign is that of the whole.

    Returns:
        Nanoseconds, to the nearest.

    Raises:
        ValueError: If it is not finite, over 1e9 seconds, or not a duration; the text says what is legal.
    """
    if not isinstance(value, str):
        negative = isinstance(value, int | float) and not isinstance(value, bool) and value < 0
        size: object = -value if negative else value  # type: ignore[operator]  # a number, by the line above
    else:
        text = _text(value, _OFFSET_PATTERN, _OFFSET_LEGAL)
        negative, size = text.startswith("-"), text.lstrip("-+")
    try:
        length_ns = parse_duration_ns(size)
    except ValueError as error:
        raise ValueError(str(error).replace(_DURATION_LEGAL, _OFFSET_LEGAL)) from error
    return -length_ns if negative else length_ns


def parse_rate_per_s(value: object) -> float:
    """
    Read a rate.

    Args:
        value: "200/s", "1.5k/s", "600/min"; or a number per second.

    Returns:
        Per second, correctly rounded.

    Raises:
        ValueError: If it is negative, not finite, over 1e9 per second, or not a rate; the text says what is legal.
    """
    rate = _plain(value, _RATE_LEGAL)
    if rate is None:
        match = re.fullmatch(_RATE_PATTERN, _text(value, _RATE_PATTERN, _RATE_LEGAL))
        number, scale, unit = match.groups() if match else ("0", "", "s")
        rate = Fraction(number) * _RATE_SCALES[scale] / _RATE_UNITS[unit or "s"]
    if rate > _MOST_PER_S:
        raise ValueError(f"expected at most 1e9 per second, found {_said(value)}")
    return float(rate)


def parse_bytes(value: object) -> int:
    """
    Read a size.

    Args:
        value: "64KiB" (1024 bytes each), "6MB" (1,000,000 bytes each), "1.5GiB"; or a whole number of bytes.

    Returns:
        Bytes.

    Raises:
        ValueError: If it is negative, not whole, over 1 EiB, or not a size; the text says what is legal.
    """
    size = _plain(value, _BYTES_LEGAL)
    if size is None:
        match = re.fullmatch(_BYTES_PATTERN, _text(value, _BYTES_PATTERN, _BYTES_LEGAL))
        number, unit = match.groups() if match else ("0", "")
        size = Fraction(number) * _BYTE_UNITS[(unit or "").lower()]
    if size > _MOST_BYTES or size.denominator != 1:
        raise ValueError(f"expected a whole number of bytes, at most 1 EiB, found {_said(value)}")
    return int(size)


def parse_bandwidth_bytes_per_s(value: object) -> int:
    """
    Read a bandwidth.

    Args:
        value: "50MiB/s"; or a whole number of bytes per second.

    Returns:
        Bytes per second.

    Raises:
        ValueError: If it is negative, not whole, over 1 EiB/s, or not a bandwidth; the text says what is legal.
    """
    if isinstance(value, str):
        size, _, _ = _text(value, _BANDWIDTH_PATTERN, _BANDWIDTH_LEGAL).partition("/")
        return parse_bytes(size)
    _plain(value, _BANDWIDTH_LEGAL)
    return parse_bytes(value)


def format_duration(ns: float, digits: int | None = 4) -> str:
    """
    Print a duration: "1.5ms", "2.5s", "1m30s", "2h".

    Args:
        ns: Nanoseconds; whole ones if digits is None.
        digits: Significant digits below a minute, and whole seconds from there on. None prints every digit.
    """
    if ns < 0:
        return "-" + format_duration(-ns, digits)
    if digits is None:
        value = Decimal(int(ns))
    else:
        value = _rounded(ns, digits) if ns < 60e9 else Decimal(round(ns / 1e9)).scaleb(9)
    minutes, rest = divmod(value, _DURATION_UNITS["m"])
    if not minutes:
        unit = next((unit for unit in ("s", "ms", "us") if rest >= _DURATION_UNITS[unit]), "ns")
        return _shown(rest / _DURATION_UNITS[unit]) + unit if rest else "0s"
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (rest / _DURATION_UNITS["s"], "s"))
    return "".join(_shown(number) + unit for number, unit in parts if number)


def format_rate(per_s: float, digits: int | None = 4) -> str:
    """
    Print a rate: "0.5/s", "200/s", "1.5k/s", "2M/s".

    Args:
        per_s: Per second.
        digits: Significant digits; None prints as many as tell the float from its neighbours.
    """
    return _scaled(per_s, digits) + "/s"


def format_bytes(size_bytes: float, digits: int | None = 4) -> str:
    """
    Print a size in binary units: "512B", "64KiB", "5.722MiB".

    Args:
        size_bytes: Bytes; whole ones if digits is None.
        digits: Significant digits; None prints an exact size, in the largest unit that divides it.
    """
    if digits is None:
        size = int(size_bytes)
        units = ("GiB", "MiB", "KiB", "GB", "MB", "kB", "B")
        unit = next(unit for unit in units if size % _BYTE_UNITS[unit.lower()] == 0) if size else "B"
        return f"{size // _BYTE_UNITS[unit.lower()]}{unit}"
    size_rounded = _rounded(size_bytes, digits)
    unit = next((unit for unit in ("GiB", "MiB", "KiB") if abs(size_rounded) >= _BYTE_UNITS[unit.lower()]), "B")
    return _shown(_rounded(float(size_rounded / _BYTE_UNITS[unit.lower()]), digits)) + unit


def format_count(count: float, digits: int | None = 3) -> str:
    """
    Print a count: "999", "1.2k", "24k", "10M".

    Args:
        count: Any number of things.
        digits: Significant digits; None prints all.
    """
    return _scaled(count, digits)


def _scaled(number: float, digits: int | None) -> str:
    value = _rounded(number, digits)
    exponent, suffix = next(((e, s) for e, s in ((6, "M"), (3, "k")) if abs(value) >= 10**e), (0, ""))
    return _shown(value.scaleb(-exponent)) + suffix


def _rounded(number: float, digits: int | None) -> Decimal:
    # repr is the shortest text that means the same float; float() first, for numpy's scalars print their type.
    value = Decimal(number) if isinstance(number, int) else Decimal(repr(float(number)))
    return value if digits is None else Context(prec=digits, rounding=ROUND_HALF_EVEN).create_decimal(value)


def _shown(number: Decimal) -> str:
    """Digits without an exponent and without zeros behind the point."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _plain(value: object, legal: str) -> Fraction | None:
    """A number as it is; None for a text."""
    if isinstance(value, str):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e300:
        raise ValueError(f"expected {legal}, found {_said(value)}")
    # repr, for 0.1 written without a unit means what "0.1" with a unit means, and not the binary fraction beside it.
    return Fraction(repr(value))


def _text(value: object, pattern: str, legal: str) -> str:
    text = str(value).strip()
    if len(text) > _LONGEST or not re.match(pattern, text):
        raise ValueError(f"expected {legal}, found {_said(value)}")
    return text


def _said(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return "null" if value is None else f"a value of type {type(value).__name__}"
    # Python refuses to print integers of thousands of digits.
    text = "an integer of many digits" if isinstance(value, int) and value.bit_length() > 512 else repr(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def _exact_duration(ns: float) -> str | int | float:
    return format_duration(ns, digits=None)


def _exact_rate(per_s: float) -> str | int | float:
    text = format_rate(per_s, digits=None)
    return text if len(text) <= _LONGEST else per_s


def _exact_bytes(size_bytes: float) -> str | int | float:
    return format_bytes(size_bytes, digits=None)


def _exact_bandwidth(bytes_per_s: float) -> str | int | float:
    return f"{format_bytes(bytes_per_s, digits=None)}/s"


DurationNs: TypeAlias = Annotated[
    int, Quantity(_DURATION_LEGAL, _DURATION_PATTERN, _MOST_NS / 1e9, parse_duration_ns, _exact_duration)
]
"""Nanoseconds, written as a duration."""
OffsetNs: TypeAlias = Annotated[
    int, Quantity(_OFFSET_LEGAL, _OFFSET_PATTERN, _MOST_NS / 1e9, parse_offset_ns, _exact_duration, -_MOST_NS / 1e9)
]
"""Nanoseconds that may be negative, written as a duration with its sign."""
PerSecond: TypeAlias = Annotated[
    float, Quantity(_RATE_LEGAL, _RATE_PATTERN, _MOST_PER_S, parse_rate_per_s, _exact_rate)
]
"""A rate per second, written as a rate."""
Bytes: TypeAlias = Annotated[int, Quantity(_BYTES_LEGAL, _BYTES_PATTERN, _MOST_BYTES, parse_bytes, _exact_bytes)]
"""Bytes, written as a size."""
BytesPerSecond: TypeAlias = Annotated[
    int,
    Quantity(_BANDWIDTH_LEGAL, _BANDWIDTH_PATTERN, _MOST_BYTES, parse_bandwidth_bytes_per_s, _exact_bandwidth),
]
"""Bytes per second, written as a size per second."""
