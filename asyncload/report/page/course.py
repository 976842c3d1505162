"""
A run over time, as it is drawn: equal parts of the plan's time, each with what happened in it.

A part is a whole number of seconds, as few as keep a chart readable. Percentiles of a part are those of all its calls
together; rates are means over it, and calls in flight are the most that any of its seconds ended with.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from asyncload.call import Outcome
from asyncload.histogram import Histogram, Int64s, highest_us, lowest_us, merge
from asyncload.report.page.digits import digits, rounded
from asyncload.result import RunResult, SecondResult

PARTS: Final = 600
"""Most parts of a chart of lines."""
_COLUMNS: Final = 240
"""Most parts of a heat map."""
_ROWS: Final = 56
_ROWS_PER_DECADE: Final = 48
_WIDTHS_S: Final = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600)
_QUANTILES: Final = (0.5, 0.9, 0.99, 1.0)

Numbers = list[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """Percentiles of each part, ms."""

    p50: Numbers
    p90: Numbers
    p99: Numbers
    max: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """All targets together, warm-up included."""

    width_s: int
    x: list[int]
    """Where each part begins, s from the plan's zero."""
    planned_per_s: Numbers
    sent_per_s: Numbers
    in_flight: Numbers
    response: Durations
    lateness: Durations
    errors: dict[str, Numbers]
    """By outcome, of those that occurred: calls per second that ended so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """Calls by when they ended and what they took."""

    x: list[int]
    """Edges, s from the plan's zero."""
    y: Numbers
    """Edges, ms."""
    counts: list[list[int]]
    """A row for each step of y, from the lowest, with a number for each step of x."""


def width_s(seconds: int, most: int = PARTS) -> int:
    """Width of a part, so that so many seconds have no more parts than that."""
    return next((width for width in _WIDTHS_S if seconds <= width * most), math.ceil(seconds / most))


def course(result: RunResult, width: int | None = None) -> Course:
    """
    Cut a run into parts.

    Args:
        result: Of the run.
        width: Of a part, s; by default as narrow as fits.
    """
    width = width or width_s(length_s(result.seconds))
    parts = _parts(result.seconds, width)
    covered_s = [max(min(result.health.elapsed_ns / 1e9 - i * width, width), 0.0) for i in range(len(parts))]

    def rate(counts: Sequence[int]) -> Numbers:
        # A part that the plan hardly reaches has no rate worth drawing.
        return digits(n / s if s >= width / 2 else math.nan for n, s in zip(counts, covered_s, strict=True))

    return Course(
        width_s=width,
        x=[i * width for i in range(len(parts))],
        planned_per_s=rate([sum(row.planned for row in part) for part in parts]),
        sent_per_s=rate([sum(row.sent for row in part) for part in parts]),
        in_flight=digits(max((row.in_flight for row in part), default=math.nan) for part in parts),
        response=_durations([[row.response for row in part] for part in parts]),
        lateness=_durations([[row.lateness for row in part] for part in parts]),
        errors=_errors(parts, width),
    )


def heat(result: RunResult) -> Heat | None:
    """Count calls by time and latency; None if none was answered."""
    whole = merge([row.response for row in result.seconds])
    if not whole.count:
        return None
    length = length_s(result.seconds)
    width = width_s(length, _COLUMNS)
    edges_us = _edges_us(whole)
    counts = np.zeros((edges_us.size - 1, math.ceil(length / width)), np.int64)
    for row in result.seconds:
        place = np.searchsorted(edges_us, lowest_us(row.response.slots), side="right") - 1
        np.add.at(counts[:, row.second // width], np.minimum(place, edges_us.size - 2), row.response.counts)
    x = [i * width for i in range(counts.shape[1] + 1)]
    return Heat(x=x, y=digits(edges_us / 1000), counts=counts.tolist())


def length_s(seconds: Sequence[SecondResult]) -> int:
    """How many seconds a run had, from the plan's zero to its last reply."""
    return max((row.second for row in seconds), default=0) + 1


def _parts(seconds: Sequence[SecondResult], width: int) -> list[list[SecondResult]]:
    parts: list[list[SecondResult]] = [[] for _ in range(math.ceil(length_s(seconds) / width))] if seconds else []
    for row in seconds:
        parts[row.second // width].append(row)
    return parts


def _durations(parts: Sequence[Sequence[Histogram]]) -> Durations:
    values = [_percentiles_ms(part) for part in parts]
    columns = [[row[place] for row in values] for place in range(len(_QUANTILES))]
    return Durations(p50=columns[0], p90=columns[1], p99=columns[2], max=columns[3])


def _percentiles_ms(histograms: Sequence[Histogram]) -> Numbers:
    together = histograms[0] if len(histograms) == 1 else merge(histograms)
    return digits(together.quantiles_us(_QUANTILES) / 1000)


def _errors(parts: Sequence[Sequence[SecondResult]], width: int) -> dict[str, Numbers]:
    counts = {
        outcome: [sum(row.outcomes[outcome] for row in part) for part in parts]
        for outcome in Outcome
        if outcome is not Outcome.OK
    }
    return {outcome.name: [rounded(n / width) for n in row] for outcome, row in counts.items() if any(row)}


def _edges_us(whole: Histogram) -> Int64s:
    """Some fifty steps of equal ratio around all values, each at least a slot wide."""
    least, most = max(int(lowest_us(whole.slots[:1])[0]), 1), int(highest_us(whole.slots[-1:])[0]) + 1
    steps = min(_ROWS, max(math.ceil(_ROWS_PER_DECADE * math.log10(max(most / least, 1.1))), 2))
    edges = np.unique(np.round(np.geomspace(least, most, steps + 1)).astype(np.int64))
    edges[0] = min(edges[0], least)
    return edges if edges.size > 1 else np.array([least, most + 1])
