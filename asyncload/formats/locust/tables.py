"""
CSV files in Locust's columns and formatting, row for row: 2.44 and later.

Numbers stand as Python prints them, current rates with six places, percentiles in whole milliseconds, cut and not
rounded; N/A where there was no request. Lines end in CR LF. Text comes in pieces of a row each.

Source:
    StatsCSV and StatsCSVFileWriter in locust/stats.py, 2.47.
"""

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from asyncload.formats.csv_lines import csv_lines
from asyncload.formats.locust.course import Moment
from asyncload.formats.locust.entry import REPORTED, Entry, rate_per_s, together
from asyncload.formats.locust.run import METHOD, Failure

_PERCENTILES: Final = ("50%", "66%", "75%", "80%", "90%", "95%", "98%", "99%", "99.9%", "99.99%", "100%")
_TOTALS: Final = (
    "Request Count", "Failure Count", "Median Response Time", "Average Response Time", "Min Response Time",
    "Max Response Time", "Average Content Size",
)  # fmt: skip
_STATS: Final = ("Type", "Name", *_TOTALS, "Requests/s", "Failures/s", *_PERCENTILES)
_HISTORY: Final = (
    "Timestamp", "User Count", "Type", "Name", "Requests/s", "Failures/s", *_PERCENTILES,
    *(f"Total {column}" for column in _TOTALS),
)  # fmt: skip
_FAILURES: Final = ("Method", "Name", "Error", "Occurrences", "First Seen", "Last Seen")
_EXCEPTIONS: Final = ("Count", "Message", "Traceback", "Nodes")


def stats_csv(entries: Sequence[Entry]) -> Iterator[str]:
    """Write `_stats.csv`: entries by name, and all of them together."""
    whole = together(entries)
    return csv_lines(_STATS, (_stats_row(entry, whole) for entry in (*sorted(entries, key=_order), whole)))


def history_csv(moments: Iterable[Moment], *, full: bool) -> Iterator[str]:
    """
    Write `_stats_history.csv`.

    Args:
        moments: Those of the run.
        full: Whether percentiles are of the last ten seconds, as with Locust's `--csv-full-history`, or of all so far.
    """
    return csv_lines(_HISTORY, (_history_row(moment, full=full) for moment in moments))


def failures_csv(failures: Iterable[Failure]) -> Iterator[str]:
    """Write `_failures.csv`, in Locust's order: by the SHA-256 of what names a row."""
    rows = (
        (METHOD, failure.name, failure.error, failure.occurrences, _moment(failure.first_s), _moment(failure.last_s))
        for failure in sorted(failures, key=_digest)
    )
    return csv_lines(_FAILURES, rows)


def exceptions_csv(messages: Iterable[str]) -> Iterator[str]:
    """Write `_exceptions.csv`: each message once, without a traceback."""
    return csv_lines(_EXCEPTIONS, ((1, message, "", "local") for message in messages))


def _order(entry: Entry) -> tuple[str, str]:
    return entry.name, entry.method


def _stats_row(entry: Entry, whole: Entry) -> Sequence[object]:
    rates = (rate_per_s(entry.requests, whole), rate_per_s(entry.failures, whole))
    return (entry.method, entry.name, *_totals(entry), *rates, *_percentiles(entry, entry))


def _history_row(moment: Moment, *, full: bool) -> Sequence[object]:
    entry = moment.entry
    rates = (f"{moment.rate_per_s:2f}", f"{moment.failure_rate_per_s:2f}")
    percentiles = _percentiles(entry, moment.window if full else entry)
    return (moment.time_s, moment.users, entry.method, entry.name, *rates, *percentiles, *_totals(entry))


def _totals(entry: Entry) -> Sequence[object]:
    return (
        entry.requests, entry.failures, entry.median_ms, entry.mean_ms, entry.least_ms or 0, entry.most_ms or 0,
        entry.mean_bytes,
    )  # fmt: skip


def _percentiles(entry: Entry, of: Entry) -> Sequence[object]:
    if not entry.requests:
        return ("N/A",) * len(_PERCENTILES)
    return [0 if math.isnan(value) else int(value) for value in of.percentiles_ms(REPORTED)]


def _digest(failure: Failure) -> str:
    return hashlib.sha256(f"{METHOD}.{failure.name}.{failure.error!r}".encode()).hexdigest()


def _moment(time_s: int | None) -> str:
    return "" if time_s is None else datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
