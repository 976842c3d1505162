"""
The page of a comparison: results over each other, two or more, of any tool; of our own runs also their course.

    what surely differs?     of two runs of ours: in words, and as intervals
    side by side             the numbers of all models together
    over each other          latency by percentile, percentiles and rates over time from each plan's zero
    which models?            a table that sorts and searches
    what do they mean?       how each source came by its numbers
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from asyncload.difference import Difference, Differences
from asyncload.difference.values import Metric as DifferenceMetric
from asyncload.difference.words import lines
from asyncload.formats.reading import Reading, Row, Since
from asyncload.formats.recording import Recording
from asyncload.histogram import Histogram
from asyncload.report.comparison.quantity import COUNTS, LATENCIES, Change, Metric, change, has, quantity, stated
from asyncload.report.comparison.sides import Sides
from asyncload.report.numbers import NOTHING
from asyncload.report.page.course import Course, course, length_s, width_s
from asyncload.report.page.curves import Curve, curve, estimated
from asyncload.report.page.digits import digits, rounded
from asyncload.report.page.frame import COMMON, PLOTLY, render
from asyncload.result import RunResult

_Kind: TypeAlias = Literal["name", "count", "ms", "percent", "number", "text", "change"]
_SCRIPTS: Final = ("theme.js", PLOTLY, *COMMON[1:], "comparison.js")
_TONES: Final = ("blue", "orange", "green", "pink", "amber", "sky", "ink", "straw")
_DASHES: Final = ("solid", "dash", "dot", "dashdot")
_VIEWS: Final[dict[Since, tuple[str, str]]] = {
    "due": ("response", "Response, counted from when calls were due"),
    "sent": ("service", "Counted from when calls were sent"),
}
_METRICS: Final[dict[Since, str]] = {"due": "response", "sent": "service"}
_COMPARED: Final[tuple[DifferenceMetric, ...]] = ("p50", "p99", "error_rate")
_RANKED: Final = 15
"""Differences of models that are drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`Column` of table.js."""

    title: str
    kind: _Kind
    values: Sequence[str | float | None]
    unit: str = ""
    under: Sequence[str | None] = field(default_factory=tuple)
    hint: str = ""
    sort: Sequence[float | None] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """One source over time."""

    label: str
    tone: str
    dash: str
    course: Course


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A difference, in percent; `Interval` of charts.js."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    sure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What the page's scripts draw."""

    views: list[tuple[str, list[Curve]]]
    """For each view that any source has its title and a curve per source."""
    time: list[Lines]
    intervals: list[Interval]
    columns: list[Column]
    by: int
    """Column that the table is first sorted by."""


def comparison(sides: Sides, recordings: Sequence[Recording | None], found: Differences | None) -> str:
    """
    Return the page of a comparison as HTML.

    Args:
        sides: What is compared.
        recordings: For each side the run, if it is one of ours.
        found: What surely differs, if that was worked out.
    """
    columns = list(_columns(sides, found))
    drawn = Drawn(
        views=[(_VIEWS[since][1], _curves(sides, recordings, since)) for since in sides.views],
        time=_over_time(sides.labels, recordings),
        intervals=_intervals(found) if found else [],
        columns=columns,
        by=len(columns) - 1,
    )
    words: Mapping[str, object] = {
        "sides": sides,
        "tones": [_tone(place) for place in range(len(sides.readings))],
        "found": found,
        "told": lines(found) if found else (),
        "totals": list(_totals(sides)),
        "drawn": drawn,
        "for_want": _for_want(drawn.time),
        "file": lambda path: Path(path).name or path,
    }
    return render("comparison.html", words, drawn, scripts=_SCRIPTS)


def _tone(place: int) -> str:
    return _TONES[place % len(_TONES)]


def _dash(place: int) -> str:
    """No two of 32 have both tone and dash in common."""
    return _DASHES[(place + place // len(_TONES)) % len(_DASHES)]


# -- pictures ---------------------------------------------------------------------------------------------------------


def _curves(sides: Sides, recordings: Sequence[Recording | None], since: Since) -> list[Curve]:
    drawn = [
        _of_run(recording.result, since, label, place) if recording else _of_reading(reading, since, label, place)
        for place, (label, reading, recording) in enumerate(zip(sides.labels, sides.readings, recordings, strict=True))
    ]
    return [one for one in drawn if one.x]


def _of_run(result: RunResult, since: Since, label: str, place: int) -> Curve:
    metric, everything = _METRICS[since], result.totals
    histogram: Histogram = getattr(everything, metric)
    estimates = result.estimates(everything, metric, estimated(histogram.count))
    return curve(f"{label} {result.name}", histogram, _tone(place), _dash(place), estimates)


def _of_reading(reading: Reading, since: Since, label: str, place: int) -> Curve:
    """As many points as the source states, the highest at the last call."""
    latency, calls = reading.total.latency.get(since), reading.total.requests or 0
    stated = sorted((latency.percentiles_ms if latency else {}).items())
    ends = [1 / (1 - q) if q < 1 else float(calls) for q, _ in stated]
    points = [(x, value_ms) for x, (_, value_ms) in zip(ends, stated, strict=True) if x >= 1]
    return Curve(
        name=f"{label} {reading.tool}",
        tone=_tone(place),
        dash=_dash(place),
        calls=calls,
        x=[round(x, 6) for x, _ in points],
        y=digits(value_ms for _, value_ms in points),
        sure=len(points),
    )


def _over_time(labels: str, recordings: Sequence[Recording | None]) -> list[Lines]:
    """Runs in parts of one width, so that the same part of each has the same place."""
    runs = [(place, one.result) for place, one in enumerate(recordings) if one and len(one.result.seconds) > 1]
    width = width_s(max((length_s(result.seconds) for _, result in runs), default=1))
    courses = [course(result, width) for _, result in runs]
    if courses:  # the p99 of ten seconds is not to be held against that of one
        told_s = {name: max(each.response.told_s[name] for each in courses) for name in courses[0].response.told_s}
        courses = [course(result, width, told_s) for _, result in runs]
    return [
        Lines(
            label=labels[place],
            tone=_tone(place),
            dash=_dash(place),
            course=each,
        )
        for (place, _), each in zip(runs, courses, strict=True)
    ]


def _for_want(time: Sequence[Lines]) -> list[str]:
    """What pictures over time cannot show; of each run, or once if it is the same of all."""
    said = [each.course.response.said(each.course.width_s, ("p50", "p99")) for each in time]
    if len(set(said)) == 1:
        return [words for words in said[:1] if words]
    return [f"{each.label}: {words}" for each, words in zip(time, said, strict=True) if words]


def _intervals(found: Differences) -> list[Interval]:
    """All models together, then the models that differ most; not the shares of failed calls, which differ by points."""
    models = [one for one in found.ranked if one.model and one.metric != "error_rate"][:_RANKED]
    total = [one for one in found.total if one.metric != "error_rate" and one.told]
    return [
        Interval(
            name=f"{one.metric} of {one.model or 'all models'}",
            value=rounded(100 * one.value),
            low=rounded(100 * one.low),
            high=rounded(100 * one.high),
            sure=one.sure,
        )
        for one in (*total, *models)
    ]


# -- numbers ----------------------------------------------------------------------------------------------------------


def _totals(sides: Sides) -> Iterator[tuple[str, list[str], list[str]]]:
    """A row for each number that any source has: its name, each source's, and how they compare with the first."""
    metrics = [Metric(name) for name in COUNTS]
    metrics += [Metric(name, since) for since in sides.views for name in LATENCIES]
    for metric in metrics:
        if has(sides.totals, metric):
            found = [quantity(row, metric) for row in sides.totals]
            changes = [change(found[0], other, metric) for other in found[1:]]
            name = f"{metric.name}, from {metric.since}, ms" if metric.since else metric.name
            yield name, [stated(row, metric) for row in sides.totals], [_told(one, metric) for one in changes]


def _told(one: Change | None, metric: Metric) -> str:
    """A change with its unit: of shares of failed calls that is points, and not a part of the first."""
    if one is None:
        return NOTHING
    return one.text if one.alike or metric.name != "failed, %" else f"{one.text} points"


def _columns(sides: Sides, found: Differences | None) -> Iterator[Column]:
    yield Column(title="model", kind="name", values=[model.name for model in sides.models])
    yield from _numbers(sides)
    yield from _changes(sides) if found is None else _sure(found, [model.name for model in sides.models])


def _numbers(sides: Sides) -> Iterator[Column]:
    """The numbers side by side; of latencies those from the moment that most sources count from."""
    since = sides.views[0] if sides.views else None
    metrics: list[tuple[str, _Kind, Metric]] = [("", "count", Metric("requests")), ("%", "number", Metric("failed, %"))]
    metrics += [("ms", "ms", Metric(name, since)) for name in ("p50", "p99") if since]
    for unit, kind, metric in metrics:
        for place, label in enumerate(sides.labels):
            values = [_value(model.rows[place], metric) for model in sides.models]
            if any(value is not None for value in values):
                name = {"requests": "calls", "failed, %": "failed"}.get(metric.name, metric.name)
                yield Column(title=f"{name} {label}", unit=unit, kind=kind, values=values)


def _value(row: Row | None, metric: Metric) -> float | None:
    found = quantity(row, metric)
    return None if found is None else rounded(found.value)


def _changes(sides: Sides) -> Iterator[Column]:
    """How p99, or what comes nearest to it, compares with the first source; nothing says whether that is chance."""
    metric = sides.tail
    if metric is None:
        return
    for place, label in list(enumerate(sides.labels))[1:]:
        rows = [(model.rows[0], model.rows[place]) for model in sides.models]
        found = [change(quantity(a, metric), quantity(b, metric), metric) for a, b in rows]
        shares = [None if one is None or one.share is None else rounded(100 * one.share) for one in found]
        yield Column(title=f"{metric.name} {label} against A", unit="%", kind="change", values=shares)


def _sure(found: Differences, names: Sequence[str]) -> Iterator[Column]:
    """Differences with their intervals, corrected for all comparisons, and which of them are more than chance."""
    models = {model.name: {one.metric: one for one in model.differences} for model in found.models}
    for metric in _COMPARED:
        ones = [models.get(name, {}).get(metric) for name in names]
        unit, title = ("points", "failed") if metric == "error_rate" else ("%", metric)
        yield Column(
            title=f"{title} B against A",
            unit=unit,
            kind="change",
            values=[None if one is None else rounded(100 * one.value) for one in ones],
            under=[_range(one) if one is not None and one.told else None for one in ones],
            hint=f"with its interval, corrected for {found.comparisons:,} comparisons",
        )
    found_of = [[one for one in models.get(name, {}).values() if one.sure] for name in names]
    yield Column(
        title="surely",
        kind="text",
        values=[", ".join(map(_direction, ones)) for ones in found_of],
        sort=[max((one.size for one in ones), default=0.0) for ones in found_of],
        hint="what is more than chance, all comparisons considered",
    )


def _direction(one: Difference) -> str:
    return f"{'failures' if one.metric == 'error_rate' else one.metric} {'worse' if one.worse else 'better'}"


def _range(one: Difference) -> str:
    return f"{100 * one.low:+.3g} to {100 * one.high:+.3g}"
