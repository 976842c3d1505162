"""The table of models and the pictures of the worst, as columns: a thousand models take a few kilobytes each."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from asyncload.report.choice import Slowness
from asyncload.report.estimates import UNTOLD, label, with_guesses
from asyncload.report.numbers import ms
from asyncload.report.page.digits import digits, rounded
from asyncload.report.page.sparks import Courses
from asyncload.result import ModelResult, RunResult
from asyncload.statistics.estimate import Estimate
from asyncload.statistics.ranks import needed

WORST: Final = 12
"""Models that have a panel of their own."""
_RESPONSE: Final = (0.5, 0.9, 0.99, 0.999)

Numbers = list[float | None]


@dataclass(frozen=True, slots=True)
class Percentile:
    """One percentile of every model, and the ends of its interval at 95 %, ms; None where the sample supports none."""

    value: Numbers
    low: Numbers
    high: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """Columns of equal length, one entry per model, in the scenario's order; None where a number does not exist."""

    by: str
    """The percentile that ranks them: what the table is sorted by at first."""
    name: list[str]
    calls: list[int]
    errors: list[int]
    p50: Percentile
    """Response."""
    p90: Percentile
    p99: Percentile
    p99_9: Percentile
    max: Numbers
    """Likewise, ms."""
    service_p50: Percentile
    service_p99: Percentile
    corrected_p99: Percentile | None
    """Of a closed loop."""
    cold: list[int] | None
    """None if it cannot be told."""
    tail: str | None
    """The percentile that lines are of: the highest that half of the parts of the run can tell."""
    tail_line: list[str] | None
    """Signs of sparks.js; None without a history, or if no part can tell any of it."""
    rate_line: list[str] | None
    needed: dict[str, int]
    """How many calls support a percentile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One of the worst."""

    name: str
    note: str
    p50: Numbers
    """ms; None of a part with too few calls to tell it."""
    tail: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Panels:
    """The worst over time; `Panels` of sparks.js."""

    by: str
    """The percentile that they are the worst by, and why it is that one where it is not p99."""
    x: list[float]
    """Middle of each part, s from the plan's zero."""
    width_s: int
    tail: str
    """The other percentile that is drawn: p99, or the highest that half of the parts can tell."""
    panels: list[Panel]
    """None if no part of any of them has calls enough for a point."""


def models(result: RunResult, courses: Courses | None, slow: Slowness) -> Models:
    """Put every model into columns."""
    response = list(zip(*(result.estimates(model, "response", _RESPONSE) for model in result.models), strict=True))
    service = list(zip(*(result.estimates(model, "service", (0.5, 0.99)) for model in result.models), strict=True))
    p50, p90, p99, p99_9 = map(_column, response)
    starts = result.cold_starts
    tail = courses.tail() if courses else None
    lines = courses.tail_signs(tail) if courses and tail else []
    return Models(
        by=slow.by,
        name=[model.name for model in result.models],
        calls=[model.calls for model in result.models],
        errors=[model.calls - model.ok for model in result.models],
        p50=p50,
        p90=p90,
        p99=p99,
        p99_9=p99_9,
        max=digits(model.response.quantile_us(1.0) / 1000 for model in result.models),
        service_p50=_column(service[0]),
        service_p99=_column(service[1]),
        corrected_p99=_corrected(result, response[2]),
        cold=[row.cold_calls for row in starts.models] if starts and not starts.doubt else None,
        tail=tail,
        tail_line=lines if any(line.strip("-") for line in lines) else None,
        rate_line=courses.rate_signs() if courses else None,
        needed={"p99": needed(0.99), "p99.9": needed(0.999)},
    )


def worst(result: RunResult, courses: Courses, slow: Slowness) -> Panels:
    """Draw the slowest models, the slowest first; those whose sample tells how slow they are come before the others."""
    answered = [i for i, estimate in enumerate(slow.estimates) if estimate.calls]
    chosen = heapq.nlargest(WORST, answered, key=slow.rank)
    width, tail = courses.width_s, courses.tail(chosen)
    panels = [
        Panel(
            name=result.models[i].name,
            note=_note(result.models[i], slow.estimates[i]),
            p50=digits(courses.p50_ms[i].tolist()),
            tail=digits(courses.of(tail)[i].tolist()),
        )
        for i in chosen
    ]
    told = any(value is not None for panel in panels for value in (*panel.p50, *panel.tail))
    return Panels(
        by=f"{slow.by}{slow.why}",
        x=[(part + 0.5) * width for part in range(courses.calls.shape[1])],
        width_s=width,
        tail=tail,
        panels=panels if told else [],
    )


def _column(estimates: Sequence[Estimate | None]) -> Percentile:
    """Put one percentile of every model into columns."""
    told = [estimate if estimate is not None and estimate.supported else None for estimate in estimates]
    return Percentile(
        [None if each is None else rounded(each.value_us / 1000) for each in told],
        [None if each is None else rounded(each.low_us / 1000) for each in told],
        [None if each is None else rounded(each.high_us / 1000) for each in told],
    )


def _corrected(result: RunResult, measured: Sequence[Estimate]) -> Percentile | None:
    """What the calls that were measured cannot tell, those that were added to them cannot either."""
    if not result.closed:
        return None
    found = [result.corrected(model) for model in result.models]
    return _column(
        [None if row is None else with_guesses([p99], row)[0] for p99, row in zip(measured, found, strict=True)]
    )


def _note(model: ModelResult, estimate: Estimate) -> str:
    number = ms(estimate.value_us) if estimate.supported else UNTOLD
    unit = " ms" if number[-1].isdigit() else ""  # of a long time it says seconds itself
    return f"{label(estimate.q)} {number}{unit} · {model.calls:,} {'call' if model.calls == 1 else 'calls'}"
