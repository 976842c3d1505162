"""
k6's summaries: `--summary-export`, the object that handleSummary is given, and `--new-machine-readable-summary`.

Three shapes of the same numbers, which are told apart by their keys:

    legacy export       metrics: {name: {count, rate} | {passes, fails, value} | {avg, med, p(95), ...}}
    handleSummary       metrics: {name: {type, contains, values: {the same, but rate for value}}}, options, state
    machine-readable    results: {metrics: [{name, type, values: {count} | {matches, total, rate} | {...}}]}, config

A metric of some of the calls stands beside its parent as `http_req_duration{model:a}`. k6 has it only if the script
names it in a threshold (which the legacy export states inverted: true means failed; thresholds are not read here).

Source:
    k6 2.2: internal/js/summary.go and summary-wrapper.js, internal/lib/summary/machine_readable.go, metrics/sink.go.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from asyncload.errors import StoreError
from asyncload.formats.reading import Latency, Meaning, Reading, Row

Values: TypeAlias = Mapping[str, float]

DURATION: Final = "http_req_duration"
_PERCENTILE = re.compile(r"p\((\d+(?:\.\d+)?)\)")
_ALWAYS = "expected_response:true"
"""k6 has this part of the durations by itself: those of calls that did not fail."""
_SCHEMA_MAJOR = "1"

_MEANING = Meaning(
    arrivals="not said: the executors with an arrival rate are an open loop, all others a closed one",
    failures="among the latencies, connections that were refused too",
    resolution="not rounded; a percentile between two calls is interpolated",
    counted="sent; waiting for a connection and connecting are left out",
)


@dataclass(frozen=True, slots=True)
class _Summary:
    """The metrics of a summary by name, whatever shape it had."""

    metrics: Mapping[str, Values]
    seconds: float | None
    """Length of the test, if stated."""

    def values(self, metric: str, tags: str = "") -> Values:
        return self.metrics.get(f"{metric}{{{tags}}}" if tags else metric, {})


def is_summary(document: object) -> bool:
    """Tell whether a JSON document has one of the three shapes."""
    return isinstance(document, dict) and (_is_legacy(document) or _is_machine_readable(document))


def read_summary(document: Mapping[str, Any], path: Path) -> Reading:
    """
    Read a summary.

    Args:
        document: Its JSON, for which `is_summary` is true.
        path: Where it was read, for messages.

    Raises:
        StoreError: If it is of an unknown schema, or of a test that made no HTTP request.
    """
    try:
        summary = _machine_readable(document, path) if _is_machine_readable(document) else _legacy(document)
        return _reading(summary, path)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise StoreError(f"{path}: looks like a summary of k6, but cannot be read: {error!r}") from error


def _reading(summary: _Summary, path: Path) -> Reading:
    if not summary.values(DURATION):
        raise StoreError(f"{path}: k6's summary has no `{DURATION}`: the test made no HTTP request")
    return Reading(
        source=str(path),
        tool="k6",
        rows=tuple(sorted(_rows(summary), key=lambda row: row.name)),  # k6 writes them in no order
        total=_row(summary, "total", ""),
        meaning=_MEANING,
        notes=tuple(_notes(summary)),
    )


def _notes(summary: _Summary) -> Iterator[str]:
    if dropped := summary.values("dropped_iterations").get("count"):
        yield f"{dropped:.0f} iterations were dropped: k6 had no virtual user free when they were due"


def _rows(summary: _Summary) -> Iterator[Row]:
    """One row for each part of the durations that the script asked for, by its tags."""
    parts = [name[len(DURATION) + 1 : -1] for name in summary.metrics if name.startswith(DURATION + "{")]
    tags = [part for part in parts if part.replace(" ", "") != _ALWAYS]
    values = [part.partition(":")[2] for part in tags]
    for part, value in zip(tags, values, strict=True):
        alone = "," not in part and values.count(value) == 1
        yield _row(summary, value.strip() if alone else part, part)


def _row(summary: _Summary, name: str, tags: str) -> Row:
    requests, failed = summary.values("http_reqs", tags), summary.values("http_req_failed", tags)
    trend = summary.values(DURATION, tags)
    # Of this rate "true" is a failed call, so its passes are the failures.
    failures = failed.get("passes", failed.get("matches"))
    total = requests.get("count", trend.get("count"))
    if total is None and failed:
        total = failed["total"] if "total" in failed else failed["passes"] + failed["fails"]
    rate = requests.get("rate")
    if rate is None and total is not None and summary.seconds:
        rate = total / summary.seconds
    return Row(
        name=name,
        requests=None if total is None else round(total),
        failures=None if failures is None else round(failures),
        rate_per_s=rate,
        latency={"sent": _latency(trend)},
    )


def _latency(trend: Values) -> Latency:
    """Percentiles that were asked for; a trend without calls is all zeros, and has none."""
    if not any(trend.values()):
        return Latency(percentiles_ms={})
    percentiles = {float(found[1]) / 100: ms for key, ms in trend.items() if (found := _PERCENTILE.fullmatch(key))}
    if "med" in trend:
        percentiles[0.5] = trend["med"]
    return Latency(
        percentiles_ms={round(q, 9): ms for q, ms in percentiles.items()},
        mean_ms=trend.get("avg"),
        least_ms=trend.get("min"),
        most_ms=trend.get("max"),
    )


def _is_legacy(document: Mapping[str, Any]) -> bool:
    return "root_group" in document and isinstance(document.get("metrics"), dict)


def _legacy(document: Mapping[str, Any]) -> _Summary:
    metrics = {
        name: _numbers(metric["values"] if isinstance(metric.get("values"), dict) else metric)
        for name, metric in document["metrics"].items()
    }
    length_ms = document.get("state", {}).get("testRunDurationMs")
    return _Summary(metrics, length_ms / 1000 if length_ms else None)


def _is_machine_readable(document: Mapping[str, Any]) -> bool:
    results = document.get("results")
    return "version" in document and isinstance(results, dict) and isinstance(results.get("metrics"), list)


def _machine_readable(document: Mapping[str, Any], path: Path) -> _Summary:
    version = str(document["version"])
    if version.partition(".")[0] != _SCHEMA_MAJOR:
        raise StoreError(f"{path}: k6's summary has the schema {version!r}; this version reads {_SCHEMA_MAJOR}.x")
    metrics = {metric["name"]: _numbers(metric["values"]) for metric in document["results"]["metrics"]}
    return _Summary(metrics, document.get("config", {}).get("duration"))


def _numbers(values: Mapping[str, Any]) -> Values:
    return {
        key: float(value)
        for key, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
