"""
Our own run directories and result.json: both views of every call, from when it was due and from when it was sent.

A percentile that the report refuses, because so few calls cannot tell it, is not stated here either.

What a run's generator thought of itself comes along: a verdict of INVALID with its reasons, and its warnings.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from asyncload import store
from asyncload.call import Outcome
from asyncload.formats.bins import QUANTILES, Bins
from asyncload.formats.reading import Latency, Meaning, Reading, Row
from asyncload.repeats import Repeats, Together, is_whole
from asyncload.result import ModelResult, RunResult
from asyncload.statistics.ranks import needed

OWN = "asyncload"
"""The tool, as a `Reading` calls it."""
_JUDGED: Final = tuple(q for q in QUANTILES if q < 1)
"""Percentiles that take so many calls; the longest call is what it is."""
_OPEN = "open loop: each call is sent when it is due, whether or not others have been answered"


def read_run(path: Path) -> Reading:
    """
    Read a run directory, a result.json, or a directory of repeats.

    Raises:
        StoreError: If there is no run, or it cannot be read.
    """
    runs = store.runs_of(path)
    if not runs:
        return reading(store.read(path), str(path))
    results = [(run.name, store.read(run)) for run in runs]
    kept = [(name, result) for name, result in results if is_whole(result)] or results
    names, whole = zip(*kept, strict=True)
    return together(Repeats(whole, names), str(path))


def together(repeats: Repeats, source: str) -> Reading:
    """Put several runs of one scenario beside others: their calls are added up, their rates averaged."""
    first = reading(repeats.results[0], source)
    everything = repeats.total

    def row(each: Together) -> Row:
        parts = list(zip(repeats.results, each.parts, strict=True))
        return replace(_row(each.model, 0.0, parts), rate_per_s=each.rate_per_s.value)

    return replace(
        first,
        rows=tuple(map(row, repeats.models)),
        total=row(everything),
        meaning=replace(first.meaning, window=f"{first.meaning.window}; {len(repeats.results)} runs together"),
        notes=(*_dropped(everything.model), *repeats.verdict.warnings),
        invalid=() if repeats.verdict.valid else repeats.verdict.reasons,
    )


def reading(result: RunResult, source: str) -> Reading:
    """Put a result beside others."""
    seconds = result.rates.length_s
    verdict = result.verdict
    return Reading(
        source=source,
        tool=OWN,
        rows=tuple(_row(model, seconds, [(result, model)]) for model in result.models),
        total=_row(result.totals, seconds, [(result, result.totals)]),
        meaning=Meaning(
            arrivals=_arrivals(result.scenario),
            failures="left out of the latencies, but for calls that timed out",
            resolution="3 significant digits, 1 us at best",
            window="the measured phases, warm-up left out",
            counted="due, and sent",
        ),
        notes=(*_dropped(result.totals), *verdict.warnings),
        invalid=() if verdict.valid else verdict.reasons,
    )


_Parts: TypeAlias = Sequence[tuple[RunResult, ModelResult]]
"""What each run says of a target."""


def _row(model: ModelResult, seconds: float, parts: _Parts) -> Row:
    return Row(
        name=model.name,
        requests=model.sent,
        failures=model.sent - model.ok,
        rate_per_s=model.sent / seconds if seconds else None,
        latency={"due": _latency(model, "response", parts), "sent": _latency(model, "service", parts)},
    )


def _latency(model: ModelResult, metric: Literal["response", "service"], parts: _Parts) -> Latency:
    whole = Bins.of(model.response if metric == "response" else model.service).latency()
    untold = _untold(metric, parts) & whole.percentiles_ms.keys()
    return replace(
        whole,
        percentiles_ms={q: value_ms for q, value_ms in whole.percentiles_ms.items() if q not in untold},
        within_ms={q: ends_ms for q, ends_ms in whole.within_ms.items() if q not in untold},
        untold=untold,
    )


def _untold(metric: str, parts: _Parts) -> frozenset[float]:
    """Percentiles that so few calls cannot tell, as reports judge it: of several runs at least two must have some."""
    found = [result.estimates(model, metric, _JUDGED) for result, model in parts]
    if len(found) == 1:
        return frozenset(each.q for each in found[0] if not each.supported)
    if sum(each[0].calls > 0 for each in found) < 2:
        return frozenset(_JUDGED)
    worth = {q: math.fsum(each[place].effective_calls for each in found) for place, q in enumerate(_JUDGED)}
    return frozenset(q for q, calls in worth.items() if calls < needed(q))


def _arrivals(scenario: Mapping[str, Any]) -> str:
    """Say whether the measured phases waited for replies: a scenario's are all open or all closed."""
    measured = [phase for phase in scenario.get("phases", ()) if not phase.get("warmup")]
    users = [str(phase["users"]) for phase in measured if "users" in phase]
    if not users:
        return _OPEN
    return f"closed loop: {', then '.join(dict.fromkeys(users))} users, each waits for its reply before it calls again"


def _dropped(total: ModelResult) -> Iterator[str]:
    if dropped := total.outcomes[Outcome.DROPPED]:
        yield f"{dropped} calls were due and never sent; they stand in no number here"
