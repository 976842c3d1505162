"""
The numbers that are compared, each with the room that its source leaves for it, and how far two of them are apart.

A source that rounds to whole milliseconds says "8" of anything from 7.5 to 8.5. Two numbers whose ranges overlap do not
differ as far as anybody can tell, and their difference is not printed as one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from asyncload.formats.reading import Latency, Row, Since
from asyncload.report.estimates import UNTOLD
from asyncload.report.numbers import NOTHING, count, ms, percent
from asyncload.units import format_rate

QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
LATENCIES: Final = ("mean", *QUANTILES)
COUNTS: Final = ("requests", "failed, %", "rate, /s")
_WIDE: Final = 0.01
"""A range wider than this part of its upper end, which stands for it, is printed as a bound."""
_MOST_TIMES: Final = 9999.5


@dataclass(frozen=True, slots=True)
class Metric:
    """One of the numbers of a row."""

    name: str
    """Of COUNTS or of LATENCIES."""
    since: Since | None = None
    """Of a latency, from when it counts."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number, the range in which it may lie, and how it is printed."""

    value: float
    low: float
    high: float
    text: str

    @property
    def is_bound(self) -> bool:
        """Whether no more is known than that it is at most the value."""
        return self.value == self.high and self.high - self.low > _WIDE * self.high


@dataclass(frozen=True, slots=True)
class Change:
    """How a number compares with that of the first source."""

    share: float | None
    """Of the first one, less 1; of shares in percent the points between them; None from 0 on."""
    alike: bool
    """Whether the ranges overlap, so that there may be no difference."""
    text: str


def quantity(row: Row | None, metric: Metric) -> Quantity | None:
    """Return a number of a row, or None where the source does not have it."""
    if row is None:
        return None
    if metric.since is not None:
        latency = row.latency.get(metric.since)
        return None if latency is None else _latency(latency, metric.name)
    if metric.name == "requests":
        return None if row.requests is None else _exact(row.requests, count(row.requests))
    if metric.name == "rate, /s":
        rate = row.rate_per_s
        return None if rate is None else _exact(rate, format_rate(rate).removesuffix("/s"))
    if row.failures is None or not row.requests:
        return None
    return _exact(100 * row.failures / row.requests, percent(row.failures, row.requests))


def is_untold(row: Row | None, metric: Metric) -> bool:
    """Tell whether it is a percentile that a source has too few calls to tell."""
    latency = None if row is None or metric.since is None else row.latency.get(metric.since)
    return latency is not None and QUANTILES.get(metric.name) in latency.untold


def stated(row: Row | None, metric: Metric) -> str:
    """Print a number of a row; where there is none, whether it was not stated or cannot be told."""
    found = quantity(row, metric)
    return found.text if found is not None else UNTOLD if is_untold(row, metric) else NOTHING


def change(first: Quantity | None, other: Quantity | None, metric: Metric) -> Change | None:
    """Return how a number compares with the first one; None if either is missing."""
    if first is None or other is None:
        return None
    if first.value == other.value:
        return Change(0.0, alike=True, text="=")
    if metric.name == "failed, %":
        return Change(other.value - first.value, alike=False, text=_points(other.value - first.value))
    alike = first.low <= other.high and other.low <= first.high
    share = _share(first, other)
    text = NOTHING if share is None else "≈" if alike else _percent(share)
    return Change(share, alike, text)


def _share(first: Quantity, other: Quantity) -> float | None:
    """Part of the first by which the other differs; where one is a bound, the least that it can be."""
    a, b = first.value, other.value
    if first.is_bound or other.is_bound:
        a, b = (first.high, other.low) if other.low > first.high else (first.low, other.high)
    return b / a - 1 if a else None


def _exact(value: float, text: str) -> Quantity:
    return Quantity(value, value, value, text)


def _latency(latency: Latency, name: str) -> Quantity | None:
    if name == "mean":
        return None if latency.mean_ms is None else _exact(latency.mean_ms, ms(latency.mean_ms * 1000))
    q = QUANTILES[name]
    if name == "max" and latency.most_ms is not None:
        return _exact(latency.most_ms, ms(latency.most_ms * 1000))
    value_ms = latency.percentiles_ms.get(q)
    if value_ms is None:
        return None
    low, high = latency.within_ms.get(q, (value_ms, value_ms))
    bare = Quantity(value_ms, low, high, ms(value_ms * 1000))
    text = f"≤{bare.text}" if bare.is_bound else _rounded(bare)
    return Quantity(value_ms, low, high, text)


def _rounded(bare: Quantity) -> str:
    """Print no digits that the source has rounded away: of "from 7.5 to 8.5" it is 8 and not 8.00."""
    width = bare.high - bare.low
    if width <= _WIDE * bare.value or not bare.low < bare.value < bare.high:
        return bare.text
    return f"{bare.value:.{max(0, math.ceil(-math.log10(width)))}f}"


def _percent(share: float) -> str:
    """Print a difference in at most 6 characters: "+0.2%", "-12%", "3.4x", "250x"."""
    if share >= 1:
        times = share + 1
        return f"{times:.1f}x" if times < 9.95 else f"{times:.0f}x" if times < _MOST_TIMES else ">9999x"
    percents = 100 * share
    if percents < -99.95:
        return "<-99.9%"
    return f"{percents:+.1f}%" if abs(percents) < 9.95 or abs(percents) >= 99.5 else f"{percents:+.0f}%"


def _points(points: float) -> str:
    """Print a difference of percentages in at most 6 characters: "+1.25", "-100"; no "%", for it is in points."""
    if abs(points) < 0.005:
        return "+<0.01" if points > 0 else "-<0.01"
    return f"{points:+.2f}" if abs(points) < 9.995 else f"{points:+.0f}"


def has(rows: Sequence[Row | None], metric: Metric) -> bool:
    """Tell whether any of some rows has a number, or would have it of more calls."""
    return any(quantity(row, metric) is not None or is_untold(row, metric) for row in rows)
