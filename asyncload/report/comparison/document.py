"""A comparison as JSON: every number of every source, and how it compares with the first."""

from collections.abc import Sequence
from typing import Any, Final

from asyncload.formats.reading import Reading, Row, Since
from asyncload.report.comparison.quantity import COUNTS, LATENCIES, Change, Metric, change, is_untold, quantity
from asyncload.report.comparison.sides import Sides

SCHEMA: Final = "asyncload.comparison/1"
_KEYS: Final = {"requests": "requests", "failed, %": "failed_percent", "rate, /s": "rate_per_s", "p99.9": "p99_9"}


def document(sides: Sides) -> dict[str, Any]:
    """Put a comparison into plain data; a number that a source does not have, or cannot tell, is null."""
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
    """The numbers of the first source, which is compared with none, and then those of the others."""
    first, *others = rows
    return [
        None if first is None else _row(first, views),
        *(None if row is None else _row(row, views, [first]) for row in others),
    ]


def _row(row: Row, views: Sequence[Since], against: Sequence[Row | None] = ()) -> dict[str, Any]:
    """Numbers of a row, and how they compare with another one, if any."""
    return {
        "requests": row.requests,
        "failures": row.failures,
        "rate_per_s": row.rate_per_s,
        "difference": _differences(row, [Metric(name) for name in COUNTS], against),
        "latency": {since: _view(row, since, against) for since in views if since in row.latency},
    }


def _view(row: Row, since: Since, against: Sequence[Row | None]) -> dict[str, Any]:
    metrics = [Metric(name, since) for name in LATENCIES]
    found = {_key(metric): quantity(row, metric) for metric in metrics}
    return {
        "ms": {key: value and value.value for key, value in found.items()},
        "untold": [_key(metric) for metric in metrics if is_untold(row, metric)],
        "within_ms": {key: [value.low, value.high] for key, value in found.items() if value and value.low < value.high},
        "difference": _differences(row, metrics, against),
    }


def _differences(
    row: Row, metrics: Sequence[Metric], against: Sequence[Row | None]
) -> dict[str, dict[str, object] | None]:
    return {
        _key(metric): _difference(change(quantity(first, metric), quantity(row, metric), metric))
        for first in against
        for metric in metrics
    }


def _difference(found: Change | None) -> dict[str, object] | None:
    return None if found is None else {"share": found.share, "alike": found.alike}


def _key(metric: Metric) -> str:
    return _KEYS.get(metric.name, metric.name)
