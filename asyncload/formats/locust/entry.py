"""
What Locust keeps of a run: an entry for each name and method, and all entries together.

An entry is what Locust's statistics hold of one row, as a value, with the numbers that Locust derives from it. Requests
include failed ones; `untimed` are requests of which no response time is known.

Source:
    StatsEntry in locust/stats.py, 2.47.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from asyncload.formats.buckets import Counts, percentile_ms, percentiles_ms

AGGREGATED: Final = "Aggregated"
"""Name of the row that stands for all entries."""
REPORTED: Final = (0.5, 0.66, 0.75, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999, 1.0)
"""Quantiles that Locust's files state, unless a locustfile sets others."""

_Key = TypeVar("_Key", int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of Locust's statistics."""

    method: str
    name: str
    requests: int = 0
    """That ended, failed ones included."""
    untimed: int = 0
    """Of these, those without a response time."""
    failures: int = 0
    total_ms: float = 0
    """Sum of the response times."""
    least_ms: float | None = None
    most_ms: float = 0
    received_bytes: int = 0
    start_s: float = 0.0
    """Wall clock: when Locust made the entry, which is when its first request ended, or when the run began."""
    last_s: float | None = None
    """Wall clock: when its last request ended."""
    response_times: Counts = field(default_factory=dict)
    per_second: Mapping[int, int] = field(default_factory=dict)
    """Requests by the second in which they ended, since 1970 UTC."""
    failures_per_second: Mapping[int, int] = field(default_factory=dict)

    @property
    def mean_ms(self) -> float:
        """Mean response time; 0 of none."""
        timed = self.requests - self.untimed
        return self.total_ms / timed if timed else 0.0

    @property
    def mean_bytes(self) -> float:
        """Mean length of a reply; 0 of none."""
        return self.received_bytes / self.requests if self.requests else 0

    @property
    def median_ms(self) -> float:
        """Median response time, which is a bucket's, or the least or the most if that bucket lies beyond; 0 of none."""
        if not self.response_times:
            return 0
        median = _plain(percentile_ms(self.response_times, 0.5))
        if median > self.most_ms:
            return self.most_ms
        return self.least_ms if self.least_ms is not None and median < self.least_ms else median

    def percentiles_ms(self, qs: Sequence[float] = REPORTED) -> list[float]:
        """Percentiles of the response times by Locust's rule; NaN of none."""
        return percentiles_ms(self.response_times, qs)


def together(entries: Sequence[Entry]) -> Entry:
    """Add entries up to what Locust would hold for all of them; an empty entry for none."""
    return Entry(
        method="",
        name=AGGREGATED,
        requests=sum(entry.requests for entry in entries),
        untimed=sum(entry.untimed for entry in entries),
        failures=sum(entry.failures for entry in entries),
        total_ms=sum(entry.total_ms for entry in entries),
        least_ms=min((entry.least_ms for entry in entries if entry.least_ms is not None), default=None),
        most_ms=max((entry.most_ms for entry in entries), default=0),
        received_bytes=sum(entry.received_bytes for entry in entries),
        start_s=min((entry.start_s for entry in entries), default=0.0),
        last_s=max((entry.last_s for entry in entries if entry.last_s is not None), default=None),
        response_times=_added([entry.response_times for entry in entries]),
        per_second=_added([entry.per_second for entry in entries]),
        failures_per_second=_added([entry.failures_per_second for entry in entries]),
    )


def rate_per_s(events: int, whole: Entry) -> float:
    """
    Events per second, as Locust computes it for every row: over the time from the start to the last reply of all rows.

    Returns:
        0 if nothing was received, or all of it at one moment.
    """
    length_s = whole.last_s - whole.start_s if whole.last_s and whole.start_s else 0.0
    return events / length_s if length_s else 0.0


def row_names(rows: Sequence[tuple[str, str]]) -> list[str]:
    """
    Name rows for a reader: by the name alone, with the method in front where several methods have that name.

    Args:
        rows: Method and name of each.
    """
    methods = Counter(name for _, name in rows)
    return [f"{method} {name}" if methods[name] > 1 else name for method, name in rows]


def _plain(bucket_ms: float) -> float:
    """Whole milliseconds as an int, which is what they are in Locust's files."""
    return int(bucket_ms) if bucket_ms == int(bucket_ms) else bucket_ms


def _added(parts: Sequence[Mapping[_Key, int]]) -> dict[_Key, int]:
    whole: Counter[_Key] = Counter()
    for part in parts:
        whole.update(part)
    return dict(sorted(whole.items()))
