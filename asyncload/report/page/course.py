"""
A run over time, as it is drawn: equal parts of the plan's time, each with what happened in it.

A part is a whole number of seconds, as few as keep a chart readable. Percentiles of a part are those of all its calls
together; rates are means over it, and calls in flight are the most that any of its seconds ended with.

Of fifty calls the slowest is no p99. So a percentile is that of as many parts together as have, half of the time, calls
enough to tell it, and stands for each of them; where even a minute has too few there is none.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from asyncload.call import Outcome
from asyncload.histogram import Histogram, Int64s, highest_us, lowest_us, merge
from asyncload.report.page.digits import digits, rounded
from asyncload.result import RunResult, SecondResult
from asyncload.statistics.ranks import needed

PARTS: Final = 600
"""Most parts of a chart of lines."""
_COLUMNS: Final = 240
"""Most parts of a heat map."""
_ROWS: Final = 56
_ROWS_PER_DECADE: Final = 48
_WIDTHS_S: Final = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600)
_QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
_TOGETHER_S: Final = (2, 5, 10, 30, 60)
"""Widths of parts that are put together for a percentile that one of them cannot tell."""

Numbers = list[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """Percentiles of each part, ms; None where it has too few calls to tell them."""

    p50: Numbers
    p90: Numbers
    p99: Numbers
    max: Numbers
    told_s: dict[str, int]
    """For each percentile the width of the parts that it is of, which may be several of the course's."""

    def said(self, width_s: int, names: Sequence[str] = tuple(_QUANTILES)) -> str:
        """
        Say which percentiles are of wider parts than a course's, or not there at all.

        Args:
            width_s: Of the course.
            names: Those that are drawn.

        Returns:
            A sentence; empty if each is that of each part.
        """
        wider: dict[int, list[str]] = {}
        for name in names:
            if self.told_s[name] > width_s and self._any(name):
                wider.setdefault(self.told_s[name], []).append(name)
        words = [f"{' and '.join(found)} of each {told_s} s, in steps" for told_s, found in wider.items()]
        if any(value is not None for value in self.max):
            lacking = [name for name in names if not self._any(name)]
            words += [f"no {name}, which takes {needed(_QUANTILES[name])} in {self.told_s[name]} s" for name in lacking]
        return f"For want of calls: {'; '.join(words)}." if words else ""

    def _any(self, name: str) -> bool:
        values: Numbers = getattr(self, name)
        return any(value is not None for value in values)


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


def course(result: RunResult, width: int | None = None, told_s: Mapping[str, int] | None = None) -> Course:
    """
    Cut a run into parts.

    Args:
        result: Of the run.
        width: Of a part, s; by default as narrow as fits.
        told_s: As in `Durations`, of response; by default what the run's calls ask for.
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
        response=_durations([[row.response for row in part] for part in parts], width, told_s),
        lateness=_durations([[row.lateness for row in part] for part in parts], width),
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


def _durations(parts: Sequence[Sequence[Histogram]], width: int, told_s: Mapping[str, int] | None = None) -> Durations:
    wholes = [_together(part) for part in parts]
    told_s = told_s or {name: _told_s(wholes, width, q) for name, q in _QUANTILES.items()}
    columns = {name: _percentile_ms(wholes, told_s[name] // width, q) for name, q in _QUANTILES.items()}
    most = digits(whole.quantile_us(1.0) / 1000 for whole in wholes)
    return Durations(**columns, max=most, told_s=dict(told_s))


def _told_s(wholes: Sequence[Histogram], width: int, q: float) -> int:
    """The least width of which half of the parts that have any calls have enough; if none is, the greatest."""
    counts = np.array([whole.count for whole in wholes], np.int64)
    widths = [width, *(each for each in _TOGETHER_S if each % width == 0 and width < each <= width * counts.size)]
    for each in widths:
        sums = np.add.reduceat(counts, np.arange(0, counts.size, each // width)) if counts.size else counts
        if sums.any() and np.median(sums[sums > 0]) >= needed(q):
            return each
    return widths[-1]


def _percentile_ms(wholes: Sequence[Histogram], several: int, q: float) -> Numbers:
    """Of so many parts together, for each of them; None of too few calls."""
    values: Numbers = []
    for first in range(0, len(wholes), several):
        group = wholes[first : first + several]
        whole = _together(group)
        value = rounded(whole.quantile_us(q) / 1000) if whole.count >= needed(q) else None
        values += [value] * len(group)
    return values


def _together(histograms: Sequence[Histogram]) -> Histogram:
    return histograms[0] if len(histograms) == 1 else merge(histograms)


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
