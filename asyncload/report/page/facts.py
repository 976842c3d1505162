"""What a page says in words and single numbers: the totals, the errors, the generator's readings, the scenario."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import yaml

from asyncload.call import Outcome
from asyncload.report import health
from asyncload.report.estimates import UNTOLD, cell, of_part
from asyncload.report.numbers import NOTHING, ms, percent, things
from asyncload.result import Classes, ColdStarts, ObjectiveResult, RunResult
from asyncload.slo.judging import number
from asyncload.statistics.estimate import Estimate
from asyncload.statistics.ranks import needed
from asyncload.units import format_duration, format_rate
from asyncload.verdict import LATENESS_FLOOR_MS, LATENESS_SHARE

_LONGEST: Final = 300
"""Characters of a text in the scenario; a payload may have six million."""
_MOST_ENTRIES: Final = 50
_QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}


@dataclass(frozen=True, slots=True)
class Tile:
    """A number at a glance."""

    label: str
    value: str
    unit: str = ""
    under: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """An objective and its answer."""

    answer: str
    text: str
    value: str
    ends: str
    """Of the interval."""
    why: str


@dataclass(frozen=True, slots=True)
class Failure:
    """An outcome other than OK."""

    outcome: str
    calls: str
    share: str
    most: str
    """The model that met it most often."""
    most_calls: str
    example: str
    """In words; empty if none was kept."""


@dataclass(frozen=True, slots=True)
class ColdRow:
    """The calls of a class."""

    name: str
    calls: str
    share: str
    p50: str
    p99: str


def tiles(result: RunResult) -> list[Tile]:
    """Return the totals: calls, what came of them, the rate, and what callers saw."""
    everything = result.totals
    sent, calls = everything.sent, everything.calls
    failed = result.failures(everything)
    return [
        Tile("calls sent", f"{sent:,}", "", "all that were due" if sent == calls else f"of {calls:,} that were due"),
        Tile("failed", percent(calls - everything.ok, calls), "%", _range(100 * failed.low, 100 * failed.high, "%", 3)),
        _rate(result),
        Tile("measured", format_duration(result.health.measured_ns), "", str(result.scenario.get("transport", ""))),
        *map(_percentile, _QUANTILES, result.estimates(everything, "response", list(_QUANTILES.values()))),
    ]


def _rate(result: RunResult) -> Tile:
    achieved = format_rate(result.achieved_per_s).removesuffix("/s")
    if not result.closed:
        return Tile("achieved", achieved, "/s", f"asked {format_rate(result.asked_per_s)}")
    fewest, most = (pick(crowd.users for crowd in result.crowds) for pick in (min, max))
    return Tile(
        "achieved", achieved, "/s", f"by {things(most, 'user')}" if fewest == most else f"by {fewest} to {most} users"
    )


def _percentile(name: str, found: Estimate) -> Tile:
    label = f"response {name}"
    if found.supported:
        return Tile(label, ms(found.value_us), "ms", f"{ms(found.low_us)} to {ms(found.high_us)} ms")
    return Tile(label, UNTOLD, "", f"needs {needed(found.q):,} independent calls, has {found.effective_calls:,.0f}")


def _range(low: float, high: float, unit: str, figures: int) -> str:
    return "" if low != low else f"{low:.{figures}g} to {high:.{figures}g} {unit}"  # noqa: PLR0124  # NaN


def lateness_limit_ms(result: RunResult) -> float:
    """What the verdict holds the p99 of lateness against."""
    everything = result.totals
    service_ms = everything.service.quantile_us(0.5) / 1000 if everything.ok else 0.0
    return max(LATENESS_FLOOR_MS, LATENESS_SHARE * service_ms if service_ms == service_ms else 0.0)  # noqa: PLR0124


def answers(result: RunResult) -> list[Answered]:
    """Return the objectives with what was measured, in the scenario's order."""
    return [
        Answered(
            one.answer,
            one.text,
            "-" if one.value is None else f"{number(one.value)} {one.unit}".strip(),
            _ends(one),
            one.why,
        )
        for one in result.objectives
    ]


def _ends(one: ObjectiveResult) -> str:
    if one.low is None and one.high is None:
        return ""
    low, high = ("…" if end is None else number(end) for end in (one.low, one.high))
    return f"{low} to {high}"


def failures(result: RunResult) -> list[Failure]:
    """Outcomes other than OK, most frequent first."""
    everything = result.totals
    found = [outcome for outcome in Outcome if outcome is not Outcome.OK and everything.outcomes[outcome]]
    return [
        Failure(
            outcome.name,
            f"{everything.outcomes[outcome]:,}",
            percent(everything.outcomes[outcome], everything.calls),
            (most := max(result.models, key=lambda model: model.outcomes[outcome])).name,
            f"{most.outcomes[outcome]:,}",
            result.health.examples.get(outcome.name, ""),
        )
        for outcome in sorted(found, key=everything.outcomes.__getitem__, reverse=True)
    ]


def cold_rows(result: RunResult, starts: ColdStarts) -> list[ColdRow]:
    """First, cold and warm calls of all models together, and of their percentiles those that so many calls can tell."""
    whole: Classes = starts.total
    warm, service = whole.warm, result.estimates(result.totals, "service", (0.5, 0.99))
    return [
        ColdRow(name, f"{calls:,}", percent(calls, whole.calls), *(cell(each)[0] for each in of_part(service, part)))
        for name, calls, part in (
            ("first", whole.first.count, whole.first),
            ("cold?", whole.cold_calls, whole.cold),
            ("warm", warm.count, warm),
        )
    ]


def readings(result: RunResult) -> list[tuple[str, str]]:
    """What the generator noticed about itself, and whether its numbers fit together."""
    return [(label, " · ".join(pieces)) for label, pieces in health.readings(result).items()]


def origin(result: RunResult, version: str) -> list[tuple[str, str]]:
    """Where the page comes from."""
    endpoint = result.scenario.get("endpoint", {})
    named = [str(endpoint[key]) for key in ("name", "region", "url") if endpoint.get(key)]
    return [
        ("started", utc(result.health.started_unix_ns)),
        ("endpoint", " · ".join(named) or NOTHING),
        ("transport", str(result.scenario.get("transport", NOTHING))),
        ("plan", f"digest {result.plan_digest or NOTHING}"),
        ("seed", str(result.scenario.get("seed", NOTHING))),
        ("ranks", str(result.health.ranks)),
        ("page by", f"asyncload {version}"),
    ]


def utc(unix_ns: int) -> str:
    """Return a time as people read it."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(unix_ns / 1e9))


def scenario_text(scenario: Mapping[str, object]) -> str:
    """Return the scenario as YAML; long payloads and lists are cut, and that is said where they are."""
    return yaml.safe_dump(_cut(scenario), sort_keys=False, allow_unicode=True, width=110)


def _cut(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _cut(inner) for key, inner in value.items()}
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}… ({len(value):,} characters)"
    if isinstance(value, Sequence):
        kept = [_cut(inner) for inner in value[:_MOST_ENTRIES]]
        return kept if len(value) <= _MOST_ENTRIES else [*kept, f"… ({len(value):,} entries)"]
    return value
