"""
A distribution of durations as a picture made of characters: bars over a logarithmic axis, with labels in milliseconds.

    ▁▃▆█▇▄▂▁           ▁▁   ▁
    ┴──────┬──────┬───────┬───
           8     10      12

A bar's height is the number of calls in its share of the axis. A single call leaves a mark, so no outlier is lost.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asyncload.histogram import Histogram, highest_us, lowest_us
from asyncload.report.picture import bar_rows

_NARROWEST: Final = 1.25
"""Ratio of the axis's ends, at least: with fewer the slots of a histogram would show."""
_FINE: Final = 5
"""From that ratio on labels go by 1, 2, 5, and not by equal steps."""
_MANTISSAS: Final = ((1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))
_LABEL_ROOM: Final = 7


def distribution(histogram: Histogram, width: int, height: int, marks: Mapping[str, float] | None = None) -> list[str]:
    """
    Draw how many calls took how long.

    Args:
        histogram: Not empty.
        width: Columns, at least 24.
        height: Rows of bars.
        marks: Words to be set below the axis, and the microseconds that each of them names.

    Returns:
        `height` lines of bars, the axis, its labels in milliseconds, and a line of marks if there are any.
    """
    low, high = _ends(histogram)
    edges = np.geomspace(low, high, width + 1)

    def column(value_us: float) -> int:
        return min(max(int(np.searchsorted(edges, value_us, side="right")) - 1, 0), width - 1)

    ticks = {column(value_us): f"{value_us / 1000:.10g}" for value_us in _ticks(low, high, width)}
    axis = "".join("┬" if at in ticks else "─" for at in range(width))
    lines = [*bar_rows(_calls_between(edges, histogram), height), axis, _labels(ticks, width)]
    named = {column(value_us): word for word, value_us in (marks or {}).items() if not math.isnan(value_us)}
    return [line.rstrip() for line in (*lines, *([_labels(named, width)] if named else []))]


def _ends(histogram: Histogram) -> tuple[float, float]:
    """Where the axis begins and ends: at the shortest and the longest call, or farther out if they lie close."""
    slots = histogram.slots
    low, high = max(float(lowest_us(slots[:1])[0]), 1.0), float(highest_us(slots[-1:])[0]) + 1
    if high < low * _NARROWEST:
        wider = math.sqrt(_NARROWEST * low / high)
        low, high = low / wider, high * wider
    return low, high


def _calls_between(edges: NDArray[np.float64], histogram: Histogram) -> list[float]:
    """Calls between each two edges; those of a slot that lies in several bars are divided evenly."""
    slots, behind = histogram.slots, np.cumsum(histogram.counts)
    bounds = np.column_stack([lowest_us(slots), highest_us(slots) + 1]).ravel()
    reached = np.column_stack([behind - histogram.counts, behind]).ravel()
    sums = np.interp(edges, bounds, reached)
    sums[0] = 0  # calls below 1 us
    calls: list[float] = np.diff(sums).tolist()
    return calls


def _ticks(low: float, high: float, width: int) -> Sequence[float]:
    """Round values between the ends, as many as have room."""
    most = max(width // _LABEL_ROOM, 2)
    if high < low * _FINE:
        return _equal_steps(low, high, most)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for mantissas in _MANTISSAS:
        values = [m * 10.0**power for power in powers for m in mantissas if low <= m * 10.0**power <= high]
        if len(values) <= most:
            break
    return values


def _equal_steps(low: float, high: float, most: int) -> Sequence[float]:
    rough = (high - low) / min(most, 8)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough)
    return [n * step for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _labels(words: Mapping[int, str], width: int) -> str:
    """Words below their columns; one that would touch its neighbour is left out."""
    line = [" "] * width
    free = 0
    for at, word in _centred(words, width):
        if at >= free:
            line[at : at + len(word)] = word
            free = at + len(word) + 1
    return "".join(line)


def _centred(words: Mapping[int, str], width: int) -> Iterator[tuple[int, str]]:
    for column, word in sorted(words.items()):
        yield min(max(column - len(word) // 2, 0), width - len(word)), word
