"""
Traces: arrivals that were once observed, read from a CSV or JSON Lines file.

    timestamp,model                 {"timestamp": 1700000000.25, "model": "xgboost-0.tar.gz"}
    1700000000.25,xgboost-0.tar.gz

`timestamp` is in seconds and never decreases; the first one is the start of the phase. `model` is a target's name;
where it is missing or empty, the target is drawn by weight. Timestamps are decimals and not floats, because a float of
the seconds since 1970 has no nanoseconds. The file is read line by line, once to learn its outline and once per replay,
so memory does not grow with its length.
"""

import csv
import difflib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asyncload.curve import NS_PER_S
from asyncload.errors import Problem, ScenarioError
from asyncload.scenario import Trace

DRAWN: Final = -1
"""Stands for a target that the trace does not name."""
_COLUMNS: Final = ("timestamp", "model")
_BINS: Final = 1024
_FIRST_BIN_NS: Final = 1_000_000
_MOST_PROBLEMS: Final = 20
_MOST_SECONDS: Final = Decimal(10) ** 12
_EXACT: Final = Context(prec=60)

_Row: TypeAlias = tuple[int, object, object]
"""Line number, timestamp, model's name or None."""


@dataclass(frozen=True, slots=True, eq=False)
class TraceOutline:
    """What a trace amounts to, without its arrivals."""

    count: int
    length_ns: int
    """From the first arrival to one mean gap after the last, so that count / length is the mean rate."""
    bin_ns: int
    counts: NDArray[np.int64]
    """Arrivals per bin of `bin_ns`: int64[1024]."""

    @property
    def expected_count(self) -> float:
        """Number of arrivals; a trace leaves nothing to chance."""
        return float(self.count)

    @property
    def peak_per_s(self) -> float:
        """Highest mean rate over one bin."""
        return float(self.counts.max()) * NS_PER_S / min(self.bin_ns, self.length_ns)

    def rate_per_s(self, t_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """
        Mean rate over the bin that holds each time.

        Shape:
            As `t_ns`.
        """
        arrivals = self.counts[np.minimum(t_ns // self.bin_ns, _BINS - 1)].astype(np.float64)
        return arrivals * (NS_PER_S / self.bin_ns)


def outline(trace: Trace, labels: Mapping[str, int]) -> TraceOutline:
    """
    Read a whole trace once.

    Args:
        trace: File and speed.
        labels: Target's name to target's index.

    Raises:
        ScenarioError: With up to 20 mistakes of the file, each with its line.
    """
    counts, bin_ns, total, last_ns = np.zeros(_BINS, dtype=np.int64), _FIRST_BIN_NS, 0, 0
    for due, _ in replay(trace, labels):
        total, last_ns = total + due.size, int(due[-1])
        while last_ns >= _BINS * bin_ns:
            counts = np.concatenate([counts.reshape(-1, 2).sum(axis=1), np.zeros(_BINS // 2, dtype=np.int64)])
            bin_ns *= 2
        counts += np.bincount(due // bin_ns, minlength=_BINS)
    if not total:
        raise ScenarioError(str(trace.trace), [Problem("", "holds no arrivals")])
    mean_gap_ns = last_ns // (total - 1) if last_ns else NS_PER_S
    return TraceOutline(total, last_ns + max(mean_gap_ns, 1), bin_ns, counts)


def replay(
    trace: Trace, labels: Mapping[str, int], block: int = 65_536
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """
    The arrivals of a trace.

    Yields:
        Due times (int64[n], ns from the start of the phase, non-decreasing) and targets (int64[n], DRAWN where the
        trace names none), 0 < n <= block.

    Raises:
        ScenarioError: As `outline`; after the good arrivals that came before.
    """
    arrivals = _arrivals(trace, labels)
    while rows := list(islice(arrivals, block)):
        due, model = np.array(rows, dtype=np.int64).T
        yield due, model


def _arrivals(trace: Trace, labels: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    if not 0.0 < trace.speed < math.inf:
        raise ScenarioError("scenario", [Problem("speed", "must be finite and greater than 0")])
    speed = Fraction(str(trace.speed))  # the decimal that was written: 0.1, not the binary fraction next to it
    problems: list[Problem] = []
    first = latest = None
    for line, stamp, name in _rows(trace.trace):
        try:
            ticks, model = _ticks_ns(stamp, latest), _target(name, labels)
        except ValueError as error:
            problems.append(Problem(f"line {line}", str(error)))
            if len(problems) == _MOST_PROBLEMS:
                break
        else:
            first, latest = ticks if first is None else first, ticks
            yield (ticks - first) * speed.denominator // speed.numerator, model
    if problems:
        raise ScenarioError(str(trace.trace), problems)


def _rows(path: Path) -> Iterator[_Row]:
    """Lines of either format; the first character that is not space tells them apart."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = next((line for line in file if line.strip()), "")
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _json_rows(path, file) if head.lstrip().startswith("{") else _csv_rows(path, file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScenarioError(str(path), [Problem("", f"cannot be read: {error}")]) from error


def _csv_rows(path: Path, file: Iterable[str]) -> Iterator[_Row]:
    reader = csv.reader(file, strict=True)
    header = [name.strip() for name in next((row for row in reader if row), [])]
    _check_columns(path, reader.line_num, header)
    width, stamp, model = len(header), header.index("timestamp"), header.index("model") if "model" in header else None
    for row in reader:
        if len(row) == width:
            yield reader.line_num, row[stamp], None if model is None else row[model]
        elif row:
            raise _problem(path, reader.line_num, f"has {len(row)} columns, the header {width}")


def _json_rows(path: Path, file: Iterable[str]) -> Iterator[_Row]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            raise _problem(path, number, f"is not JSON: {error}") from error
        if not isinstance(row, dict):
            raise _problem(path, number, "is not a JSON object")
        _check_columns(path, number, row)
        yield number, row["timestamp"], row.get("model")


def _check_columns(path: Path, line: int, names: Iterable[str]) -> None:
    """A misspelt column would silently be another stimulus, so unknown ones are mistakes."""
    found = list(names)
    wrong = [name for name in found if name not in _COLUMNS]
    if wrong or "timestamp" not in found:
        listed = ", ".join(repr(name) for name in found)
        raise _problem(path, line, f"columns are timestamp and optionally model; found {listed or 'none'}")


def _ticks_ns(stamp: object, latest: int | None) -> int:
    """Seconds as whole nanoseconds, to the nearest."""
    try:
        # A JSON number comes as int or Decimal, a CSV field as text; a float would already have lost its digits.
        seconds = Decimal(stamp) if isinstance(stamp, str | int | Decimal) and stamp is not True else Decimal("NaN")
    except InvalidOperation:
        seconds = Decimal("NaN")
    if not seconds.is_finite() or abs(seconds) > _MOST_SECONDS:
        raise ValueError(f"timestamp {stamp!r} is not a number of seconds")
    ticks = int(seconds.scaleb(9, _EXACT).to_integral_value(ROUND_HALF_EVEN, _EXACT))
    if latest is not None and ticks < latest:
        raise ValueError(f"timestamp {stamp} is before that of an earlier line")
    return ticks


def _target(name: object, labels: Mapping[str, int]) -> int:
    if name is None or name == "":
        return DRAWN
    if isinstance(name, str) and name in labels:
        return labels[name]
    nearest = difflib.get_close_matches(str(name), labels, n=1)
    raise ValueError(f"unknown model {name!r}" + (f"; did you mean {nearest[0]!r}?" if nearest else ""))


def _problem(path: Path, line: int, message: str) -> ScenarioError:
    return ScenarioError(str(path), [Problem(f"line {line}", message)])
