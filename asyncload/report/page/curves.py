"""
Latency by percentile, as it is drawn: on the axis 1 / (1 - q) of HdrHistogram, where each tenfold step is a nine more.

A curve ends where less than one call is left beyond it. As far as the sample supports its percentiles it has whiskers
of 95 %; what lies beyond is drawn, for it was measured, but faintly.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from asyncload.histogram import Histogram
from asyncload.report.page.digits import digits
from asyncload.statistics.estimate import Estimate

_TICKS_PER_HALVING: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line; `Curve` of charts.js."""

    name: str
    tone: str
    """Name of a colour in style.css."""
    dash: str
    calls: int
    x: list[float]
    """1 / (1 - q)."""
    y: list[float | None]
    """ms."""
    low: list[float | None] | None = None
    """Ends of the interval, ms; None between those that are worked out, and where the sample supports none."""
    high: list[float | None] | None = None
    sure: int
    """How many points, from the first, the sample supports."""
    shade: bool = False
    """Whether its intervals are drawn, as whiskers; of curves that lie over each other only one has them."""
    faint: bool = False
    """Thin, behind the others, and not in the legend."""


def curve(
    name: str, histogram: Histogram, tone: str, dash: str = "solid", estimates: Sequence[Estimate] | None = None
) -> Curve:
    """
    Draw a histogram.

    Args:
        name: What the legend says.
        histogram: Of durations.
        tone: Name of a colour in style.css.
        dash: Of plotly: solid, dash, dot or dashdot.
        estimates: One for each of `estimated(histogram.count)`, if they are known.
    """
    qs = quantiles(histogram.count)
    low, high, sure = _intervals(estimates, len(qs)) if estimates is not None else (None, None, len(qs))
    return Curve(
        name=name,
        tone=tone,
        dash=dash,
        calls=histogram.count,
        x=[round(1 / (1 - q), 6) for q in qs],
        y=digits(histogram.quantiles_us(qs) / 1000),
        low=low,
        high=high,
        sure=sure,
    )


def _intervals(estimates: Sequence[Estimate], points: int) -> tuple[list[float | None], list[float | None], int]:
    """Spread the estimates over a curve's points, and say up to which point they are supported."""
    low: list[float | None] = [None] * points
    high: list[float | None] = [None] * points
    low[_TICKS_PER_HALVING::_TICKS_PER_HALVING] = digits(estimate.low_us / 1000 for estimate in estimates)
    high[_TICKS_PER_HALVING::_TICKS_PER_HALVING] = digits(estimate.high_us / 1000 for estimate in estimates)
    supported = sum(estimate.supported for estimate in estimates)
    return low, high, points if supported == len(estimates) else supported * _TICKS_PER_HALVING + 1


def quantiles(count: int) -> list[float]:
    """Five to each halving of what is left, until less than one call is."""
    return list(_quantiles(count))


def estimated(count: int) -> list[float]:
    """
    Return those of them that get an interval: one to each halving, from the median on.

    To find out how independent calls are at a quantile takes some 30 ms of an hour of a thousand models.
    """
    return quantiles(count)[_TICKS_PER_HALVING::_TICKS_PER_HALVING]


def _quantiles(count: int) -> Iterator[float]:
    tick = 0
    while count and (left := 0.5 ** (tick / _TICKS_PER_HALVING)) * count >= 1:
        yield 1 - left
        tick += 1
