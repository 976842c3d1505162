"""
The page of a run, top to bottom in the order in which its questions are asked.

    may I believe it?        verdict, reasons, warnings, lateness against time
    what did callers see?    totals, latency by percentile, percentiles over time, a heat map
    which models?            a table that sorts and searches, the worst over time
    why?                     cold starts, errors over time, rate, calls in flight, the generator
    of what?                 the scenario, versions
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import asyncload
from asyncload.formats.recording import Recording
from asyncload.histogram import Histogram
from asyncload.report.choice import slowness
from asyncload.report.estimates import of_part, with_guesses
from asyncload.report.page import facts
from asyncload.report.page.course import Course, Heat, course, heat
from asyncload.report.page.curves import Curve, curve, estimated
from asyncload.report.page.frame import PLOTLY, render, write
from asyncload.report.page.models import Models, Panels, models, worst
from asyncload.report.page.sparks import Courses, courses
from asyncload.result import RunResult
from asyncload.units import parse_duration_ns

_SCRIPTS: Final = (
    "theme.js", "format.js", "sparks.js", "table.js", "models.js", PLOTLY, "chart.js", "charts.js", "run.js",
)  # fmt: skip
"""The table is drawn before plotly's bundle is read."""
_FEWEST_SECONDS: Final = 2
"""A picture over time of fewer says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What the page's scripts draw."""

    closed: bool
    spans: list[tuple[float, float]]
    """The warm-up, s from the plan's zero."""
    limit_ms: float
    """Of lateness."""
    latency: list[Curve]
    course: Course | None
    heat: Heat | None
    cold: list[Curve]
    models: Models
    worst: Panels | None


def write_page(recording: Recording, path: Path) -> None:
    """
    Write the page of a run.

    Raises:
        StoreError: If it cannot be written, or the history cannot be read.
    """
    write(path, page(recording))


def page(recording: Recording) -> str:
    """
    Return the page of a run as HTML.

    Raises:
        StoreError: If the history cannot be read.
    """
    result = recording.result
    by_target, slow = _courses(recording), slowness(result)
    drawn = Drawn(
        closed=result.closed,
        spans=warmups(recording),
        limit_ms=facts.lateness_limit_ms(result),
        latency=latency(result),
        course=course(result) if len(result.seconds) >= _FEWEST_SECONDS else None,
        heat=heat(result) if len(result.seconds) >= _FEWEST_SECONDS else None,
        cold=_cold(result),
        models=models(result, by_target, slow),
        worst=worst(result, by_target, slow) if by_target and len(result.seconds) >= _FEWEST_SECONDS else None,
    )
    return render("run.html", _words(result, drawn, history=recording.history is not None), drawn, scripts=_SCRIPTS)


def latency(result: RunResult) -> list[Curve]:
    """Response and service time of all models together; of a closed loop the corrected view too."""
    corrected = result.corrected(result.totals)
    drawn = [
        replace(_with_intervals(result, "response", "response (from due)", "blue", "solid"), shade=True),
        _with_intervals(result, "service", "service (from sent)", "orange", "dash"),
        _with_guesses(result, corrected or Histogram.empty()),
    ]
    return [one for one in drawn if one.x]


def warmups(recording: Recording) -> list[tuple[float, float]]:
    """Spans of the warm-up, s from the plan's zero; empty where they are not known."""
    if recording.history is not None:
        edges_s = [0.0, *(edge / 1e9 for span in recording.history.measured_ns for edge in span)]
        return [(begin, end) for begin, end in zip(edges_s[::2], edges_s[1::2], strict=False) if end > begin]
    return _stated_warmups(recording.result.scenario)


def _stated_warmups(scenario: Mapping[str, object]) -> list[tuple[float, float]]:
    """As the scenario has them, up to the first phase whose length it does not say."""
    phases = scenario.get("phases", ())
    lengths = [0.0]
    flags = []
    for phase in phases if isinstance(phases, Sequence) else ():
        if "for" not in phase:
            break
        lengths.append(lengths[-1] + parse_duration_ns(phase["for"]) / 1e9)
        flags.append(bool(phase.get("warmup")))
    return [span for span, warm in zip(pairwise(lengths), flags, strict=True) if warm]


def _with_intervals(result: RunResult, metric: str, name: str, tone: str, dash: str) -> Curve:
    everything = result.totals
    histogram: Histogram = getattr(everything, metric)
    estimates = result.estimates(everything, metric, estimated(histogram.count))
    return curve(name, histogram, tone, dash, estimates)


def _with_guesses(result: RunResult, corrected: Histogram) -> Curve:
    """The corrected view, which is as sure as the calls that were measured."""
    measured = result.estimates(result.totals, "response", estimated(corrected.count))
    return curve("corrected", corrected, "green", "dot", with_guesses(measured, corrected) if measured else ())


def _courses(recording: Recording) -> Courses | None:
    if recording.history is None:
        return None
    seconds = max((row.second for row in recording.result.seconds), default=0) + 1
    return courses(recording.history, len(recording.result.models), seconds)


def _cold(result: RunResult) -> list[Curve]:
    starts = result.cold_starts
    if starts is None or starts.doubt:
        return []
    drawn = [
        _of_part(result, "warm", starts.total.warm, "blue", "solid"),
        _of_part(result, "cold?", starts.total.cold, "orange", "dash"),
        _of_part(result, "first", starts.total.first, "green", "dot"),
    ]
    return [one for one in drawn if one.x]


def _of_part(result: RunResult, name: str, part: Histogram, tone: str, dash: str) -> Curve:
    """Service time of some of the calls."""
    whole = result.estimates(result.totals, "service", estimated(part.count))
    return curve(name, part, tone, dash, of_part(whole, part))


def _for_want(course_: Course | None) -> Mapping[str, str]:
    """What a picture over time cannot show, for its parts have too few calls."""
    if course_ is None:
        return {}
    return {name: getattr(course_, name).said(course_.width_s) for name in ("response", "lateness")}


def _words(result: RunResult, drawn: Drawn, *, history: bool) -> Mapping[str, object]:
    """What the template says."""
    starts = result.cold_starts
    return {
        "name": result.name,
        "verdict": result.verdict,
        "closed": result.closed,
        "tiles": facts.tiles(result),
        "drawn": drawn,
        "for_want": _for_want(drawn.course),
        "answered": drawn.course is not None and any(value is not None for value in drawn.course.response.max),
        "history": history,
        "stopped": result.stopped,
        "objectives": facts.answers(result),
        "failures": facts.failures(result),
        "first_error": result.health.first_error,
        "cold_known": starts is not None,
        "cold_doubt": starts.doubt if starts else "",
        "cold_rows": facts.cold_rows(result, starts) if starts else [],
        "readings": facts.readings(result),
        "origin": facts.origin(result, asyncload.__version__),
        "scenario": facts.scenario_text(result.scenario),
    }
