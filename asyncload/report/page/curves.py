"""
Latency by percentile, as it is drawn: on the axis 1 / (1 - q) of HdrHistogram, where each tenfold step is a nine more.

A curve ends where less than one call is left beyond it. As far as the sample supports its percentiles it has a band of
95 %; what lies beyond is drawn, for it was measured, but faintly.
"""

import math
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
    """Ends of the interval, ms; None where the sample supports none, or if nothing is known of any."""
    high: list[float | None] | None = None
    sure: int
    """How many points, from the first, the sample supports."""
    shade: bool = False
    """Whether its intervals are drawn as a band; of curves that lie over each other only one is."""
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
        estimates: One for each of `quantiles(histogram.count)`, if they are known.
    """
    qs = quantiles(histogram.count)
    known = estimates is not None and [estimate.supported for estimate in estimates]
    return Curve(
        name=name,
        tone=tone,
        dash=dash,
        calls=histogram.count,
        x=[round(1 / (1 - q), 6) for q in qs],
        y=digits(histogram.quantiles_us(qs) / 1000),
        low=digits([estimate.low_us / 1000 for estimate in estimates]) if estimates is not None else None,
        high=digits([estimate.high_us / 1000 for estimate in estimates]) if estimates is not None else None,
        sure=_run_length(known) if known else len(qs),
    )


def quantiles(count: int) -> list[float]:
    """Five to each halving of what is left, until less than one call is."""
    return list(_quantiles(count))


def calls_needed(q: float, effective_share: float = 1.0) -> int:
    """
    How many calls support a percentile, so that its interval has an upper end.

    Args:
        q: In (0, 1).
        effective_share: Independent calls over calls, in (0, 1].
    """
    return math.ceil(math.log(0.025) / math.log(q) / effective_share)


def _quantiles(count: int) -> Iterator[float]:
    tick = 0
    while count and (left := 0.5 ** (tick / _TICKS_PER_HALVING)) * count >= 1:
        yield 1 - left
        tick += 1


def _run_length(known: Sequence[bool]) -> int:
    return next((place for place, supported in enumerate(known) if not supported), len(known))
