"""
vegeta's results: one line per call as `vegeta encode --to csv` or `--to json` writes it, or `vegeta report -type=json`.

Lines are read as a stream: a latency is counted and forgotten, so a file of any length takes no more memory than some
million numbers and a histogram per row. A row is what tells calls apart: the name of the attack (`-name`) if it has
one, else method and URL. The model stands in a header of the request, and vegeta does not write those down.

Source:
    vegeta 12.13: lib/results.go, lib/metrics.go, lib/attack.go.
"""

import csv
import re
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np

from asyncload.errors import StoreError
from asyncload.formats.bins import Bins
from asyncload.formats.reading import Latency, Meaning, Reading, Row
from asyncload.histogram import Histogram, merge

Call: TypeAlias = tuple[float, int, int, str]
"""Timestamp in s, latency in ns, status, and the row it belongs to."""

COLUMNS: Final = 12
_FIRST: Final = re.compile(r"\d{16,20},\d{1,3},\d+,\d+,\d+,")
MOST_ROWS: Final = 10_000
"""Of a file with more, such as one with an URL per call, only the total is read."""
_MOST_WAITING = 1 << 20
"""Latencies that wait to be counted, all rows together: 8 MiB."""
_LINES = Meaning(
    arrivals="open loop at a set rate, unless -max-workers held it back; with -rate=0 a closed loop",
    failures="among the latencies",
    resolution="3 significant digits, 1 us at best (counted here); mean and max to the ns",
    counted="sent: from when a worker took the call, so waiting for a connection is part of it",
)
_REPORT = replace(_LINES, resolution="vegeta's estimate of percentiles (t-digest); mean and max to the ns")


class _Line(msgspec.Struct):
    """What is read of a JSON line."""

    code: int
    timestamp: datetime
    latency: int
    attack: str = ""
    method: str = ""
    url: str = ""


@dataclass(slots=True)
class _Counts:
    """The calls of one row, or of several, while they are read."""

    waiting_ns: "array[int]" = field(default_factory=lambda: array("q"))
    histogram: Histogram = field(default_factory=Histogram.empty)
    calls: int = 0
    failures: int = 0
    total_ns: int = 0
    least_ns: int = sys.maxsize
    most_ns: int = 0

    def fold(self) -> "_Counts":
        """Count the latencies that wait."""
        if self.waiting_ns:
            values = np.array(self.waiting_ns, np.int64)
            self.waiting_ns = array("q")
            self.calls += values.size
            self.total_ns += int(values.sum())
            self.least_ns = min(self.least_ns, int(values.min()))
            self.most_ns = max(self.most_ns, int(values.max()))
            self.histogram = merge([self.histogram, Histogram.of_us((values + 500) // 1000)])
        return self

    def row(self, name: str, seconds: float) -> Row:
        """Put it into words; it has at least one call, and none that waits."""
        latency = replace(
            Bins.of(self.histogram).latency(),
            mean_ms=self.total_ns / self.calls / 1e6,
            least_ms=self.least_ns / 1e6,
            most_ms=self.most_ns / 1e6,
        )
        return Row(
            name=name,
            requests=self.calls,
            failures=self.failures,
            rate_per_s=self.calls / seconds if seconds else None,
            latency={"sent": latency},
        )


class _Rows:
    """Rows by name while a file is read."""

    def __init__(self) -> None:
        self._counts: dict[str, _Counts] = {}
        self._waiting = 0
        self.too_many = False

    def add(self, name: str, latency_ns: int, *, failed: bool) -> None:
        counts = self._counts.get(name)
        if counts is None:
            counts = self._new(name)
        counts.waiting_ns.append(latency_ns)
        counts.failures += failed
        self._waiting += 1
        if self._waiting == _MOST_WAITING:
            self.folded()

    def folded(self) -> Mapping[str, _Counts]:
        """Count what waits, and return all rows."""
        self._waiting = 0
        return {name: counts.fold() for name, counts in self._counts.items()}

    def _new(self, name: str) -> _Counts:
        if self.too_many:
            return self._counts[""]
        if len(self._counts) == MOST_ROWS:
            self.too_many = True
            self._counts = {"": _added(self.folded().values())}
            return self._counts[""]
        return self._counts.setdefault(name, _Counts())


def is_csv(head: str) -> bool:
    """Tell from its head whether a text has vegeta's columns: three numbers, then two, in front of the error."""
    return _FIRST.match(head) is not None


def read_csv(path: Path) -> Reading:
    """
    Read `vegeta encode --to csv`.

    Raises:
        StoreError: If a line has not 12 columns, or no number where one belongs; the text says which line.
    """
    limit = csv.field_size_limit(sys.maxsize)  # a body of any length stands in its line, in base64
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            lines = csv.reader(file)
            return _reading(path, _of_csv(lines), lambda: lines.line_num)
    finally:
        csv.field_size_limit(limit)


def read_json_lines(path: Path) -> Reading:
    """
    Read `vegeta encode --to json`.

    Raises:
        StoreError: If a line is not such a result; the text says which line.
    """
    number = 0

    def counted(lines: Iterable[bytes]) -> Iterator[bytes]:
        nonlocal number
        for line in lines:
            number += 1
            yield line

    with path.open("rb") as file:
        return _reading(path, _of_json(counted(file)), lambda: number)


def read_report(document: Mapping[str, Any], path: Path) -> Reading:
    """
    Read `vegeta report -type=json`: a total without rows.

    Raises:
        StoreError: If it is not one.
    """
    try:
        failures = sum(count for code, count in document["status_codes"].items() if not _succeeded(int(code)))
        total = Row(
            name="total",
            requests=document["requests"],
            failures=failures,
            rate_per_s=document["rate"],
            latency={"sent": _stated(document) if document["requests"] else Latency(percentiles_ms={})},
        )
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise StoreError(f"{path}: looks like a report of vegeta, but cannot be read: {error!r}") from error
    return Reading(source=str(path), tool="vegeta", rows=(), total=total, meaning=_REPORT)


def _stated(document: Mapping[str, Any]) -> Latency:
    """Percentiles as vegeta estimated them, and what its buckets, if it was asked for some, say of the others."""
    stated = document["latencies"]
    percentiles = {int(key.removesuffix("th")) / 100: stated[key] / 1e6 for key in ("50th", "90th", "95th", "99th")}
    bounds = _buckets(document["buckets"], stated["max"]).within_ms() if "buckets" in document else {}
    return Latency(
        percentiles_ms={q: high for q, (_, high) in bounds.items()} | percentiles,
        mean_ms=stated["mean"] / 1e6,
        least_ms=stated["min"] / 1e6,
        most_ms=stated["max"] / 1e6,
        within_ms={q: ends for q, ends in bounds.items() if q not in percentiles},
    )


def _buckets(buckets: Mapping[str, int], most_ns: int) -> Bins:
    """Counts by the lower end of each bucket in ns; the last one has no upper end but the longest call."""
    lows = np.array([int(low) for low in buckets], np.float64)
    highs = np.maximum(np.append(lows[1:], most_ns), lows)
    return Bins(lows / 1e6, np.minimum(highs, most_ns) / 1e6, np.array(list(buckets.values()), np.int64))


def _of_csv(lines: Iterable[Sequence[str]]) -> Iterator[Call]:
    for line in lines:
        if len(line) != COLUMNS:
            raise ValueError(f"it has {len(line)} columns, expected {COLUMNS}")
        yield int(line[0]) / 1e9, int(line[2]), int(line[1]), line[7] or f"{line[9]} {line[10]}"


def _of_json(lines: Iterable[bytes]) -> Iterator[Call]:
    decoder = msgspec.json.Decoder(_Line)
    for line in lines:
        one = decoder.decode(line)
        yield one.timestamp.timestamp(), one.latency, one.code, one.attack or f"{one.method} {one.url}"


def _reading(path: Path, calls: Iterator[Call], line_number: Callable[[], int]) -> Reading:
    """Count calls by row; `line_number` says where a mistake is."""
    rows = _Rows()
    first_s, last_s = float("inf"), float("-inf")
    try:
        for at_s, latency_ns, code, name in calls:
            rows.add(name, latency_ns, failed=not _succeeded(code))
            first_s = min(first_s, at_s)
            last_s = max(last_s, at_s)
    except (ValueError, csv.Error, msgspec.MsgspecError, OverflowError) as error:
        raise StoreError(f"{path}, line {line_number()}: not a result of vegeta: {error}") from error
    seconds, counts = last_s - first_s, rows.folded()
    return Reading(
        source=str(path),
        tool="vegeta",
        rows=() if rows.too_many else tuple(row.row(name, seconds) for name, row in counts.items()),
        total=_added(counts.values()).row("total", seconds),
        meaning=_LINES,
        notes=(f"more than {MOST_ROWS} different URLs: only the total is read",) if rows.too_many else (),
    )


def _added(rows: Iterable[_Counts]) -> _Counts:
    """Add rows up that have no latencies waiting; at least one."""
    rows = list(rows)
    return _Counts(
        histogram=merge([row.histogram for row in rows]),
        calls=sum(row.calls for row in rows),
        failures=sum(row.failures for row in rows),
        total_ns=sum(row.total_ns for row in rows),
        least_ns=min(row.least_ns for row in rows),
        most_ns=max(row.most_ns for row in rows),
    )


def _succeeded(code: int) -> bool:
    """What vegeta takes for a success; 0 is a call without a reply."""
    return 200 <= code < 400
