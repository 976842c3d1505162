"""
Percentile distributions (`.hgrm`): of HdrHistogram, as text or CSV, of wrk2, and of `vegeta report -type=hdrplot`.

       Value   Percentile   TotalCount 1/(1-Percentile)

       6.671     0.500000        19783         2.00
      11.135     0.989062        39070        91.43
      11.207     0.990625        39135       106.67
    #[Mean    =        6.602, StdDeviation   =        1.919]
    #[Max     =       12.496, Total count    =        39500]

A line says: the value at this percentile, and how many values are up to it. So for every rank between a line's
percentile and its count the value is known; for the ranks before, up to the line above, only that it lies between the
two values. p99 is seldom a line; what the file does not know exactly keeps its bounds.

wrk2 prints more around it: percentiles in short, requests, errors, and with -U a second distribution, of the latencies
as it did not correct them.

Source:
    HdrHistogram (Java) 2.2: AbstractHistogram.outputPercentileDistribution. wrk2 4.0: src/wrk.c, src/hdr_histogram.c,
    src/units.c. vegeta 12.13: lib/reporters.go, NewHDRHistogramPlotReporter.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeAlias, cast

import numpy as np

from asyncload.errors import StoreError
from asyncload.formats.bins import QUANTILES, Bins
from asyncload.formats.reading import Latency, Meaning, Reading, Row, Since
from asyncload.formats.unit import PER_MS, Unit

HEAD: Final = re.compile(
    r'^\s*"?Value(?:\((\w+)\))?"?[\s,]+"?Percentile"?[\s,]+"?TotalCount"?[\s,]+"?1/\(1-Percentile\)"?\s*$', re.MULTILINE
)
_LINE = re.compile(r"\s*([\d.]+)[\s,]+([\d.]+)[\s,]+(\d+)(?:[\s,]+(?:[\d.]+|inf|Infinity))?\s*")
_MEAN = re.compile(r"#\[Mean\s*=\s*([\d.]+),")
_DISTRIBUTION = re.compile(r"\s*Latency Distribution \(HdrHistogram - (Recorded|Uncorrected) Latency")
_SHORT = re.compile(r"\s*([\d.]+)%\s+([\d.]+)(us|ms|s|m|h)\s*")
_WRK2_MS: Final = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 60e3, "h": 3_600e3}
_SINCE: Final[Mapping[str, Since]] = {"Recorded": "due", "Uncorrected": "sent"}
_REQUESTS = re.compile(r"^\s*(\d+) requests in ", re.MULTILINE)
_RATE = re.compile(r"^Requests/sec:\s+([\d.]+)", re.MULTILINE)
_FAILED = re.compile(r"^\s*Non-2xx or 3xx responses: (\d+)", re.MULTILINE)
_SOCKETS = re.compile(r"^\s*Socket errors: (.*)", re.MULTILINE)
_MOST_BYTES: Final = 1 << 24
"""No distribution comes near it: five digits with a hundred ticks are 2 MB."""

_FILE = Meaning(
    arrivals="not said by the file",
    failures="not said by the file",
    resolution="that of the histogram; between two lines only bounds",
    counted="not said by the file; taken for sent",
)
_WRK2 = Meaning(
    arrivals="a set rate on each connection; a call that is behind is sent after the reply before it",
    failures="among the latencies, where there was a reply",
    resolution="3 significant digits; between two lines only bounds",
    window="after the first 10 s, in which wrk2 calibrates",
    counted="due",
)
_VEGETA = Meaning(
    arrivals="open loop at a set rate, unless -max-workers held it back; with -rate=0 a closed loop",
    failures="among the latencies",
    resolution="vegeta's estimate of percentiles (t-digest)",
    counted="sent: from when a worker took the call, so waiting for a connection is part of it",
)


_Known: TypeAlias = tuple[float, float, float]
"""A percentile, and from where to where it may lie, in ms."""


@dataclass(slots=True)
class _Distribution:
    """One table of a file."""

    since: Since = "sent"
    unit: str = ""
    """That of wrk2, or as its head states it; empty if unknown."""
    estimated: bool = False
    """Whether its counts are made from its quantiles, as vegeta's are, and so tell nothing more."""
    short_ms: dict[float, tuple[float, float]] = field(default_factory=dict)
    """By quantile: percentiles that wrk2 prints above the table, and how far they may be rounded."""
    lines: list[tuple[float, float, int, int]] = field(default_factory=list)
    """Value, quantile, count up to it, and digits behind the point of the value."""
    mean: float | None = None

    @property
    def calls(self) -> int:
        return self.lines[-1][2] if self.lines else 0


def read_hgrm(path: Path, unit: Unit | None = None) -> Reading:
    """
    Read a percentile distribution: a total without rows.

    Args:
        path: The file.
        unit: Of its values, where the file does not say it; None takes them for milliseconds, as its plotter does.

    Raises:
        StoreError: If it has no line, or lines that do not ascend.
    """
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    text = data.decode("utf-8", errors="replace")
    try:
        if len(data) > _MOST_BYTES:
            raise ValueError(f"it is longer than {_MOST_BYTES} bytes")  # noqa: TRY301  # told with the path, as the others
        tables = list(_distributions(text.splitlines()))
        if not any(table.lines for table in tables):
            raise ValueError("it has no line with a value")  # noqa: TRY301  # told with the path, as the others
        latency = {table.since: _latency(table, unit) for table in tables if table.lines}
    except (ValueError, OverflowError) as error:
        raise StoreError(f"{path}: looks like a percentile distribution, but cannot be read: {error}") from error
    calls = next(table.calls for table in tables if table.lines)
    if _DISTRIBUTION.search(text):
        return _of_wrk2(path, text, latency)
    if any(table.estimated for table in tables):
        return Reading(source=str(path), tool="vegeta", rows=(), total=_row(calls, latency), meaning=_VEGETA)
    notes = () if unit else ("its unit is not stated; taken for ms. If it is another, say --unit",)
    return Reading(
        source=str(path), tool="HdrHistogram", rows=(), total=_row(calls, latency), meaning=_FILE, notes=notes
    )


def _row(calls: int, latency: Mapping[Since, Latency]) -> Row:
    return Row(name="total", requests=calls, failures=None, rate_per_s=None, latency=latency)


def _of_wrk2(path: Path, text: str, latency: Mapping[Since, Latency]) -> Reading:
    """wrk2 says around its tables how many calls there were: in all, where the tables begin after the calibration."""
    requests, rate, failed = (pattern.search(text) for pattern in (_REQUESTS, _RATE, _FAILED))
    total = Row(
        name="total",
        requests=int(requests[1]) if requests else None,
        # Nothing is printed of no failures; but if the output was cut before its end, nothing is known.
        failures=int(failed[1]) if failed else 0 if rate else None,
        rate_per_s=float(rate[1]) if rate else None,
        latency=latency,
    )
    sockets = _SOCKETS.search(text)
    notes = (f"socket errors, which are in no number: {sockets[1].strip()}",) if sockets else ()
    counted = "due, and sent" if "sent" in latency else "due"
    return Reading(
        source=str(path), tool="wrk2", rows=(), total=total, meaning=replace(_WRK2, counted=counted), notes=notes
    )


def _distributions(lines: Iterable[str]) -> Iterator[_Distribution]:
    """Tables in their order, each with what stands above it."""
    table, inside = _Distribution(), False
    for line in lines:
        if named := _DISTRIBUTION.match(line):
            table = _Distribution(_SINCE[named[1]], "ms")
        elif (short := _SHORT.fullmatch(line)) and not inside:
            scale = _WRK2_MS[short[3]]
            half = 0.5 * 10.0 ** -_digits(short[2])
            table.short_ms[round(float(short[1]) / 100, 9)] = (float(short[2]) * scale, half * scale)
        elif head := HEAD.fullmatch(line):
            table.unit, table.estimated, inside = head[1] or table.unit, bool(head[1]), True
        elif inside and (found := _LINE.fullmatch(line)):
            table.lines.append((float(found[1]), float(found[2]), int(found[3]), _digits(found[1])))
        elif inside and (mean := _MEAN.match(line)):
            table.mean = float(mean[1])
        elif inside and line.strip() and not line.startswith("#["):
            yield table
            table, inside = _Distribution(), False
    if inside:
        yield table


def _digits(number: str) -> int:
    return len(number.partition(".")[2])


def _latency(table: _Distribution, unit: Unit | None) -> Latency:
    if table.unit and table.unit not in PER_MS:
        raise ValueError(f"its values are in {table.unit!r}; expected one of {', '.join(PER_MS)}")
    per_ms = PER_MS[cast("Unit", table.unit or unit or "ms")]
    counted = {} if table.estimated else _bins(table, per_ms).within_ms()
    found = {q: _best(counted.get(q), table.short_ms.get(q)) for q in QUANTILES} | _stated(table, per_ms)
    known = {q: each for q, each in found.items() if each is not None}
    return Latency(
        percentiles_ms={q: value for q, (value, _, _) in known.items()},
        mean_ms=None if table.mean is None else table.mean / per_ms,
        within_ms={q: (low, high) for q, (_, low, high) in known.items()},
    )


def _best(counted: tuple[float, float] | None, short: tuple[float, float] | None) -> _Known | None:
    """What is known of a percentile by the lines around it, and by its value in short with half of its last digit."""
    if short is None or (counted and counted[1] - counted[0] <= 2 * short[1]):
        return counted and (counted[1], *counted)
    value, half = short
    low, high = counted or (0.0, math.inf)
    low, high = max(low, value - half), min(high, value + half)
    return min(max(value, low), high), low, high


def _stated(table: _Distribution, per_ms: float) -> dict[float, _Known]:
    """Quantiles that have a line of their own; a slot is as wide as the digits behind the point say."""
    return {
        q: (value / per_ms, value * (1 - 10.0**-digits) / per_ms, value / per_ms)
        for q in QUANTILES
        for value, quantile, _, digits in table.lines
        if quantile == q
    }


def _bins(table: _Distribution, per_ms: float) -> Bins:
    """
    What the lines say of every rank.

    A line at quantile p with count c, under one with count b: ranks above b and below p * n lie between the two values;
    those from p * n up to c have the line's value. That p is printed rounded does not matter to quantiles of three
    digits, for it has six or more.
    """
    calls, before, below = table.calls, 0, 0.0
    low: list[float] = []
    high: list[float] = []
    counts: list[int] = []
    for value, quantile, upto, digits in table.lines:
        if upto < before or value < below:
            raise ValueError(f"after {below} with {before} values comes {value} with {upto}; expected ascending lines")
        exact = max(1, math.ceil(quantile * calls))
        between = min(max(exact - 1 - before, 0), upto - before)
        low += [below, value * (1 - 10.0**-digits)]
        high += [value, value]
        counts += [between, upto - before - between]
        before, below = upto, value
    return Bins(np.array(low) / per_ms, np.array(high) / per_ms, np.array(counts, np.int64))
