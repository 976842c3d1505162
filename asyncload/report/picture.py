"""Pictures made of characters: a rate over time with its axes, and a line of bars."""

import math
from collections.abc import Sequence
from itertools import pairwise

from asyncload.units import format_duration, format_rate

_BARS = " ▁▂▃▄▅▆▇█"
_EIGHTHS = len(_BARS) - 1


def plan_picture(rates_per_s: Sequence[float], width: int, height: int, length_ns: int | None = None) -> list[str]:
    """
    Draw a rate curve in blocks of eighths, with the rate on the left and the time below.

    Args:
        rates_per_s: Rates at equal steps of time, from the plan's zero to its end.
        width: Columns, labels included; at least 24.
        height: Rows, the two of the time axis included; at least 4.
        length_ns: What the rates span; by default one second each.

    Returns:
        Lines of at most `width` characters, `height` of them. Where many rates share a column it shows the highest, so
        that no spike is lost; a rate above zero always leaves a mark.
    """
    rows, top = max(height, 4) - 2, _round_up(max(rates_per_s, default=0.0))
    labels = _labels(top, rows)
    margin = max(map(len, labels.values()))
    columns = max(width, 24) - margin - 2
    bars = _columns(rates_per_s, columns)
    axis = [f"{labels.get(row, ''):>{margin}} {'┤' if row in labels else '│'}" for row in range(rows)]
    lines = [(left + _row(bars, top, rows - 1 - row, rows)).rstrip() for row, left in enumerate(axis)]
    span_ns = len(rates_per_s) * 1_000_000_000 if length_ns is None else length_ns
    return [*lines, f"{format_rate(0):>{margin}} └{'─' * columns}", " " * (margin + 2) + _time_axis(span_ns, columns)]


def sparkline(values: Sequence[float], width: int) -> str:
    """
    Draw one line of bars from zero to the highest value; the highest of those that share a column.

    Args:
        values: Not negative; NaN leaves a gap.
        width: Most columns; fewer values than that take one column each.
    """
    known = [0.0 if math.isnan(value) else value for value in values]
    bars = _columns(known, min(width, len(known)))
    return _row(bars, max(bars, default=0.0), 0, 1)


def bar_rows(bars: Sequence[float], height: int) -> list[str]:
    """Draw bars from zero to the highest of them, in rows from the top down; a bar above zero always leaves a mark."""
    top = max(bars, default=0.0)
    return [_row(bars, top, height - 1 - row, height) for row in range(height)]


def _row(bars: Sequence[float], top: float, level: int, levels: int) -> str:
    """One row of a bar chart, `level` rows above its floor."""
    if top <= 0:
        return " " * len(bars)
    eighths = [max(round(bar / top * levels * _EIGHTHS), 1 if bar > 0 else 0) - level * _EIGHTHS for bar in bars]
    return "".join(_BARS[min(max(eighth, 0), _EIGHTHS)] for eighth in eighths)


def _columns(values: Sequence[float], columns: int) -> list[float]:
    """Highest value of each column's share, or the nearest value where there are fewer values than columns."""
    n = len(values)
    if not n:
        return [0.0] * columns
    begins = [column * n // columns for column in range(columns + 1)]
    return [max(values[begin : max(end, begin + 1)]) for begin, end in pairwise(begins)]


def _labels(top: float, rows: int) -> dict[int, str]:
    """Rates beside the top row and, where it falls between two rows, beside the middle."""
    labels = {0: format_rate(top)}
    if rows >= 4 and rows % 2 == 0:
        labels[rows // 2] = format_rate(top / 2)
    return labels


def _round_up(rate: float) -> float:
    """The next of 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10 times a power of ten."""
    if rate <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rate))
    steps = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
    return power * next((step for step in steps if step * power >= rate * (1 - 1e-9)), 10)


def _time_axis(span_ns: int, columns: int) -> str:
    """Zero on the left, the end on the right, and the middle where it fits."""
    end, middle = format_duration(span_ns), format_duration(span_ns / 2)
    line = list("0s".ljust(columns - len(end)) + end)
    at = (columns - len(middle)) // 2
    if span_ns and at > 4 and at + len(middle) < columns - len(end) - 2:
        line[at : at + len(middle)] = middle
    return "".join(line)
