"""Readings for tests of comparisons, made up from a few numbers."""

from collections.abc import Mapping
from pathlib import Path

from asyncload.formats.reading import Latency, Meaning, Reading, Row, Since

RESULTS = Path(__file__).parents[1] / "results"
"""Files of other tools."""
QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999, 1.0)
MEANING = Meaning(arrivals="open loop", failures="left out", resolution="exact")


def latency(p50_ms: float, within_ms: float = 0.0, quantiles: tuple[float, ...] = QUANTILES) -> Latency:
    """Percentiles that grow from a median, each to be off by so much to either side."""
    values = {q: p50_ms * (1 + place) for place, q in enumerate(quantiles)}
    return Latency(
        percentiles_ms=values,
        mean_ms=p50_ms,
        within_ms={q: (value - within_ms, value + within_ms) for q, value in values.items()},
    )


def row(name: str, requests: int | None = 100, failures: int | None = 0, **latencies: Latency) -> Row:
    """A row with latencies by keyword: due, sent."""
    by_since: Mapping[Since, Latency] = latencies  # type: ignore[assignment]  # keywords are plain texts
    return Row(name=name, requests=requests, failures=failures, rate_per_s=10.0, latency=by_since)


def reading(*rows: Row, total: Row | None = None, meaning: Meaning = MEANING, **more: str | tuple[str, ...]) -> Reading:
    """A source with some rows."""
    return Reading(
        source=str(more.get("source", "results/a")),
        tool=str(more.get("tool", "tool")),
        rows=rows,
        total=total or row("total", sent=latency(8)),
        meaning=meaning,
        notes=tuple(more.get("notes", ())),
        invalid=tuple(more.get("invalid", ())),
    )
