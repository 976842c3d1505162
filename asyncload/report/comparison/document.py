"""A comparison as JSON: every number of every source, and how it compares with the first."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from asyncload.formats.reading import Reading, Row, Since
from asyncload.report.comparison.quantity import LATENCIES, Metric, Quantity, change, quantity
from asyncload.report.comparison.sides import Sides

SCHEMA: Final = "asyncload.comparison/1"
_KEYS: Final = {"requests": "requests", "failed, %": "failed_percent", "rate, /s": "rate_per_s", "p99.9": "p99_9"}


def document(sides: Sides) -> dict[str, Any]:
    """Put a comparison into plain data; a number that a source does not have is null."""
    return {
        "schema": SCHEMA,
        "sources": [_source(*each) for each in zip(sides.labels, sides.readings, sides.alone, strict=True)],
        "total": _side_by_side(sides.totals, sides.views),
        "models": [{"name": model.name, "sources": _side_by_side(model.rows, sides.views)} for model in sides.models],
    }


def _source(label: str, reading: Reading, alone: Sequence[str]) -> dict[str, Any]:
    meaning = reading.meaning
    return {
        "label": label,
        "source": reading.source,
        "tool": reading.tool,
        "valid": not reading.invalid,
        "reasons": reading.invalid,
        "notes": reading.notes,
        "meaning": {
            "counted": meaning.counted,
            "arrivals": meaning.arrivals,
            "failures": meaning.failures,
            "resolution": meaning.resolution,
            "window": meaning.window,
        },
        "alone": alone,
    }


def _side_by_side(rows: Sequence[Row | None], views: Sequence[Since]) -> list[dict[str, Any] | None]:
    return [None if row is None else _row(rows[0], row, views) for row in rows]


def _row(first: Row | None, row: Row, views: Sequence[Since]) -> dict[str, Any]:
    counts = [Metric(name) for name in ("requests", "failed, %", "rate, /s")]
    return {
        "requests": row.requests,
        "failures": row.failures,
        "rate_per_s": row.rate_per_s,
        "difference": _differences(first, row, counts),
        "latency": {since: _view(first, row, since) for since in views if since in row.latency},
    }


def _view(first: Row | None, row: Row, since: Since) -> dict[str, Any]:
    metrics = [Metric(name, since) for name in LATENCIES]
    found = {_key(metric): quantity(row, metric) for metric in metrics}
    return {
        "ms": {key: value and value.value for key, value in found.items()},
        "within_ms": {key: [value.low, value.high] for key, value in found.items() if value and value.low < value.high},
        "difference": _differences(first, row, metrics),
    }


def _differences(first: Row | None, row: Row, metrics: Sequence[Metric]) -> Mapping[str, Mapping[str, object] | None]:
    """How far each number is from the first source's; none of the first source itself."""
    if first is row:
        return {}
    changes = {_key(metric): change(*_both(first, row, metric), metric) for metric in metrics}
    return {key: None if each is None else {"share": each.share, "alike": each.alike} for key, each in changes.items()}


def _both(first: Row | None, row: Row, metric: Metric) -> tuple[Quantity | None, Quantity | None]:
    return quantity(first, metric), quantity(row, metric)


def _key(metric: Metric) -> str:
    return _KEYS.get(metric.name, metric.name)
