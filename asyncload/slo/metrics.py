"""
What an objective or a stop rule may be about.

    p99   service.p99.9   lateness.mean   corrected.max     a duration: percentile, mean or maximum of a view
    error_rate   throttled_rate   cold_rate                 a share of the calls
    errors   throttled   calls   cold_calls                 a count
    achieved                                                the rate that was sent, as such or of what was asked

One table, `NAMES`, serves the grammar, the judging and the documentation.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, TypeAlias

from asyncload.call import Outcome
from asyncload.schema.reader import nearest

Family: TypeAlias = Literal["duration", "share", "count", "achieved"]
"""Which limits fit, and how it is measured."""

VIEWS: Final = ("response", "service", "lateness", "ttfb", "corrected")
"""Whose durations: what is behind no view is response."""
RATE: Final = "_rate"
"""How the name of a share ends; before it stands that of its count, but for `error_rate`."""
_STATISTIC: Final = re.compile(r"(?:(\w+)\.)?(?:p([0-9]{1,2}(?:\.[0-9]{1,6})?)|(mean|max))")
_COMMON: Final = ("p50", "p90", "p95", "p99", "p99.9", "mean", "max")
_FOREIGN: Final = {
    "med": "p50",
    "median": "p50",
    "avg": "mean",
    "average": "mean",
    "p100": "max",
    "http_req_duration": "p99",
    "http_req_failed": "error_rate",
    "http_reqs": "calls",
    "failed": "errors",
    "failures": "errors",
    "failure_rate": "error_rate",
    "success_rate": "ok_rate",
    "rate": "achieved",
    "rps": "achieved",
    "throughput": "achieved",
}
"""Names that other tools have for the same."""


@dataclass(frozen=True, slots=True)
class Word:
    """What one name means, and where it may stand."""

    family: Family
    objective: str
    """Over a whole run; empty where it cannot be an objective."""
    stop: str
    """Over one second; empty where no stop rule can be about it."""
    by_model: bool = True
    """Whether an objective may select models."""
    stop_by_model: bool = True
    """Whether a stop rule may."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What one sentence is about."""

    name: str
    """As it is written: the shortest spelling."""
    family: Family
    view: str = ""
    """Of a duration, one of `VIEWS`."""
    q: float = 0.0
    """Of a duration: the percentile in (0, 1), 1 for the maximum, 0 for the mean."""

    @property
    def statistic(self) -> str:
        """Of a duration, what stands behind the view: "p99", "mean" or "max"."""
        return self.name.partition(f"{self.view}.")[2] if self.name.startswith(f"{self.view}.") else self.name


def _outcomes() -> dict[str, Word]:
    words = {}
    for outcome in Outcome:
        name, text = outcome.name.lower(), f"calls that ended {outcome.name}"
        words[name] = Word("count", text, f"{text} in the second")
        words[name + RATE] = Word("share", f"{text} / calls", f"{text} / calls, of those that ended in the second")
    return words


NAMES: Final[Mapping[str, Word]] = {
    "error_rate": Word("share", "calls that did not end OK / calls", "the same, of those that ended in the second"),
    "errors": Word("count", "calls that did not end OK", "that ended in the second"),
    "calls": Word("count", "arrivals whose time came, dropped ones included", "calls that ended in the second"),
    "sent": Word("count", "calls that were sent", "calls sent in the second", stop_by_model=False),
    "achieved": Word(
        "achieved",
        "the achieved rate: as such with /s, with % as a share of the rate that was asked",
        "calls sent in the second: as such with /s, with % as a share of what the plan's rate curve asks in its middle",
        stop_by_model=False,
    ),
    "retries": Word("count", "attempts beyond the first", "of the calls that ended in the second"),
    "in_flight": Word(
        "count",
        "most calls outstanding at any moment of the whole run",
        "calls outstanding at the end of the second",
        by_model=False,
        stop_by_model=False,
    ),
    "cold_calls": Word("count", "calls that are `cold?`, refused ones included", ""),
    "cold_rate": Word("share", "`cold?` calls / calls of the three classes", ""),
    **_outcomes(),
}
"""Every name that is not a duration."""


def find(name: str) -> Metric | str:
    """Return the metric of a name, or what is wrong with it."""
    if name in NAMES:
        return Metric(name, NAMES[name].family)
    match = _STATISTIC.fullmatch(name)
    if match is None:
        return f"unknown metric; {_hint(name)}"
    view, percentile, other = match.groups()
    if view is not None and view not in VIEWS:
        near = nearest(view, VIEWS)
        return f"unknown view {view!r}; " + (f"did you mean {near!r}?" if near else f"expected {', '.join(VIEWS)}")
    statistic = other or f"p{Decimal(percentile).normalize():f}"
    q = {"mean": 0.0, "max": 1.0}[other] if other else float(Fraction(percentile) / 100)
    if statistic == "p0":
        return "a percentile lies above 0 and below 100; did you mean 'p50'?"
    view = view or "response"
    return Metric(statistic if view == "response" else f"{view}.{statistic}", "duration", view, q)


def _hint(name: str) -> str:
    """Name the nearest metric, or some of all."""
    lowered = name.lower()
    plain = re.sub(r"[()]", "", lowered).replace("p99_", "p99.")
    if _STATISTIC.fullmatch(plain) or plain in NAMES:
        return f"did you mean {plain!r}?"
    views = [f"{view}.{statistic}" for view in VIEWS for statistic in _COMMON]
    near = _FOREIGN.get(lowered) or nearest(name, [*NAMES, *_COMMON, *views])
    if near:
        return f"did you mean {near!r}?"
    return "expected a percentile such as p99 or service.p99.9, mean, max, error_rate, errors, achieved, not_ready, ..."
