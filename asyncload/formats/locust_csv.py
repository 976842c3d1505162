"""
Locust's `<prefix>_stats.csv` for a comparison, with the history and the failures that lie beside it.

Columns are found by their names, for these depend on Locust's version and on the percentiles that a locustfile has
reported. Known are those from 0.14 (2020) on.
"""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from asyncload.errors import StoreError
from asyncload.formats.buckets import LOCUST
from asyncload.formats.locust.entry import AGGREGATED, row_names
from asyncload.formats.locust_json import CLOSED_LOOP, FAILED_TOO
from asyncload.formats.reading import Latency, Meaning, Reading, Row

SUFFIX: Final = "_stats.csv"
_OLD: Final = {"# requests": "request count", "# failures": "failure count", "requests failed/s": "failures/s"}
"""Names of columns before 1.0, in small letters."""
_NEEDED: Final = ("type", "name", "request count", "failure count", "requests/s")
_PERCENTILE: Final = re.compile(r"(\d+(?:\.\d+)?)%?")
_OTHERS: Final = {"timestamp": "history", "error": "failures", "traceback": "exceptions"}
"""A column by which Locust's other files are known."""
_ERRORS_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class _Line:
    """One row of a file: its fields by the column's name in small letters."""

    place: str
    """File and line."""
    fields: Mapping[str, str]

    def number(self, column: str) -> float | None:
        """A number, or None where there is no such column or it is N/A."""
        text = self.fields.get(column, "N/A")
        if text == "N/A":
            return None
        with suppress(ValueError):
            if math.isfinite(number := float(text)):
                return number
        raise StoreError(f"{self.place}: `{column}`: expected a number, found {text!r}")

    def count(self, column: str) -> int:
        """A whole number, not negative."""
        text = self.fields[column]
        if not text.isdecimal():
            raise StoreError(f"{self.place}: `{column}`: expected a whole number, found {text!r}")
        return int(text)


def read_stats_csv(path: Path) -> Reading:
    """
    Read a `_stats.csv` of Locust, or of `asyncload report --format locust-csv`.

    `<prefix>_stats_history.csv` beside it tells how many users there were, `<prefix>_failures.csv` which errors.

    Raises:
        StoreError: If it cannot be read, is no such file, or was cut short; the text says what was expected, and where
            it is not so. Of what lies beside it a note tells that it cannot be read.
    """
    lines = list(_lines(path))
    if not lines or not _is_total(lines[-1]):
        raise StoreError(
            f"{path}: ends before its row {AGGREGATED}: Locust is still writing it, or was killed; "
            "a whole file is written when Locust ends by itself or by SIGTERM"
        )
    names = row_names([(line.fields["type"], line.fields["name"]) for line in lines[:-1]])
    rows = tuple(map(_row, lines[:-1], names))
    total = _row(lines[-1], AGGREGATED)
    users, notes = _users(path)
    return Reading(
        source=str(path),
        tool="Locust",
        rows=rows,
        total=total,
        meaning=Meaning(
            arrivals=f"{CLOSED_LOOP}{users}",
            failures=FAILED_TOO,
            resolution="1 ms below 100 ms, 2 digits above; mean, least and most exact",
        ),
        notes=(*(() if total.requests else ("no requests",)), *notes, *_errors(path)),
    )


def _row(line: _Line, name: str) -> Row:
    requests = line.count("request count")
    stated = {_quantile(column): line.number(column) for column in line.fields if _PERCENTILE.fullmatch(column)}
    percentiles_ms = {q: value for q, value in stated.items() if value is not None}
    median_ms = line.number("median response time")
    if requests and median_ms is not None:
        percentiles_ms.setdefault(0.5, median_ms)
    latency = Latency(
        percentiles_ms=dict(sorted(percentiles_ms.items())),
        mean_ms=line.number("average response time"),
        least_ms=line.number("min response time"),
        most_ms=line.number("max response time"),
        within_ms={q: LOCUST.within_ms(value_ms) for q, value_ms in percentiles_ms.items()},
    )
    timed = bool(percentiles_ms) and bool(latency.mean_ms or latency.most_ms)  # zeros stand for no time at all
    return Row(
        name=name,
        requests=requests,
        failures=line.count("failure count"),
        rate_per_s=line.number("requests/s"),
        latency={"sent": latency} if timed else {},
    )


def _quantile(column: str) -> float:
    """Quantile that a column such as "99.9%" is of; in decimals, for 99.9 / 100 is not 0.999."""
    return float(Decimal(column.rstrip("%")) / 100)


def _is_total(line: _Line) -> bool:
    return line.fields["type"] in {"", "None"} and line.fields["name"] == AGGREGATED


# -- what lies beside it ----------------------------------------------------------------------------------------------


def _users(path: Path) -> tuple[str, tuple[str, ...]]:
    """How many users there were at most, as part of a sentence; and what to note."""
    beside = _beside(path, "_stats_history.csv")
    if beside is None:
        return "", ()
    try:
        # A history that was cut short still tells; its last row may be half a row.
        users = max((int(row.get("user count") or 0) for row in _table(beside)[1]), default=0)
    except (StoreError, ValueError) as error:
        return "", (f"its history was not read: {error}",)
    return f"; up to {users} users" if users else "", ()


def _errors(path: Path) -> tuple[str, ...]:
    """The most frequent errors, as notes."""
    beside = _beside(path, "_failures.csv")
    if beside is None:
        return ()
    try:
        header, rows = _table(beside)
        if not {"method", "name", "error", "occurrences"} <= set(header):
            return (f"its failures were not read: {beside}: expected the columns Method, Name, Error, Occurrences",)
        by_error = Counter[str]()
        for row in rows:
            by_error[row["error"]] += int(row["occurrences"])
    except (StoreError, ValueError, KeyError) as error:
        return (f"its failures were not read: {error}",)
    shown = [f"{count} failed with {error[:200]}" for error, count in by_error.most_common(_ERRORS_SHOWN)]
    more = len(by_error) - len(shown)
    return (*shown, *([f"{more} more kinds of errors"] if more else []))


def _beside(path: Path, suffix: str) -> Path | None:
    if not path.name.endswith(SUFFIX):
        return None
    beside = path.with_name(path.name.removesuffix(SUFFIX) + suffix)
    return beside if beside.is_file() else None


# -- tables -----------------------------------------------------------------------------------------------------------


def _lines(path: Path) -> Iterator[_Line]:
    header, rows = _table(path)
    missing = [column for column in _NEEDED if column not in header]
    if missing:
        other = next((name for column, name in _OTHERS.items() if column in header), None)
        told = f"it is Locust's {other}, give the {SUFFIX} beside it" if other else f"it has no {', '.join(missing)}"
        raise StoreError(
            f"{path}: expected Locust's <prefix>{SUFFIX}, with a header Type,Name,Request Count,...: {told}"
        )
    for number, row in enumerate(rows, start=2):
        if len(row) < len(header):
            raise StoreError(
                f"{path}: row {number} ends after {len(row)} of {len(header)} columns: Locust is still writing the "
                "file, or was killed"
            )
        yield _Line(f"{path}: row {number}", row)


def _table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Header, in small letters and by today's names, and rows; a row that is cut short lacks its last columns."""
    try:
        header, *rows = list(csv.reader(io.StringIO(_whole_lines(path.read_bytes().decode()), newline=""))) or [[]]
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (csv.Error, ValueError) as error:
        raise StoreError(f"{path}: expected a CSV file of Locust: {error}") from error
    if not header:
        raise StoreError(f"{path}: is empty; expected a CSV file of Locust, which begins with the names of its columns")
    columns = [_OLD.get(column.lower(), column.lower()) for column in header]
    return columns, [dict(zip(columns, row, strict=False)) for row in rows if row]


def _whole_lines(text: str) -> str:
    """Leave out a last line that is not ended, for its last number may lack digits; 0.14 ended none with CR LF."""
    return text[: text.rfind("\r\n") + 2] if "\r\n" in text else text
