"""
Locust's statistics as JSON, what `locust --json` prints and `--json-file` writes: read and written.

A list with an object for each name and method that had a request, in the order in which they had their first. There is
no object for all of them together.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import msgspec

from asyncload.errors import StoreError
from asyncload.formats.buckets import LOCUST, Counts, Rule
from asyncload.formats.locust.entry import REPORTED, Entry, rate_per_s, row_names, together
from asyncload.formats.reading import Latency, Meaning, Reading, Row

CLOSED_LOOP: Final = "closed loop: users wait for replies, unless the locustfile does otherwise"
FAILED_TOO: Final = "latencies of failed requests are among the others"
_COARSE: Final = "1 ms below 100 ms, 2 digits above"
_EXPECTED: Final = "expected what `locust --json-file` writes, a list with an object per name and method"

_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]


class _Stored(msgspec.Struct):
    """An object of the file, its keys in Locust's order."""

    name: str
    method: str | None
    last_request_timestamp: float | None
    start_time: float
    num_requests: _Count
    num_none_requests: _Count
    num_failures: _Count
    total_response_time: float
    max_response_time: float
    min_response_time: float | None
    total_content_length: float
    response_times: dict[str, _Count]
    num_reqs_per_sec: dict[str, _Count]
    num_fail_per_sec: dict[str, _Count]


def read_entries(path: Path) -> tuple[Entry, ...]:
    """
    Read the entries of a file that Locust, or `asyncload report --format locust-json`, wrote.

    Raises:
        StoreError: If it cannot be read or is no such file; the text says what was expected, and where it is not so.
    """
    try:
        stored = msgspec.json.decode(path.read_bytes(), type=list[_Stored])
        return tuple(map(_entry, stored))
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise StoreError(f"{path}: {_EXPECTED}: {error}") from error


def read_json(path: Path) -> Reading:
    """
    Read such a file for a comparison.

    Raises:
        StoreError: As `read_entries`.
    """
    entries = read_entries(path)
    whole = together(entries)
    names = row_names([(entry.method, entry.name) for entry in entries])
    rule = _rule(whole.response_times)
    return Reading(
        source=str(path),
        tool="Locust",
        rows=tuple(_row(entry, name, whole, rule) for entry, name in zip(entries, names, strict=True)),
        total=_row(whole, whole.name, whole, rule),
        meaning=Meaning(
            arrivals=CLOSED_LOOP,
            failures=FAILED_TOO,
            resolution="finer than Locust's own, as the locustfile sets it" if rule is not LOCUST else _COARSE,
        ),
        notes=() if whole.requests else ("no requests",),
    )


def to_json(entries: Sequence[Entry]) -> str:
    """Write entries as Locust does, byte for byte; those without requests and failures are left out."""
    return json.dumps([_object(entry) for entry in entries if entry.requests or entry.failures], indent=4)


def _entry(stored: _Stored) -> Entry:
    return Entry(
        method=stored.method or "",
        name=stored.name,
        requests=stored.num_requests,
        untimed=stored.num_none_requests,
        failures=stored.num_failures,
        total_ms=stored.total_response_time,
        least_ms=stored.min_response_time,
        most_ms=stored.max_response_time,
        received_bytes=int(stored.total_content_length),
        start_s=stored.start_time,
        last_s=stored.last_request_timestamp,
        response_times={_bucket_ms(key): count for key, count in stored.response_times.items() if count},
        per_second={int(key): count for key, count in stored.num_reqs_per_sec.items()},
        failures_per_second={int(key): count for key, count in stored.num_fail_per_sec.items()},
    )


def _bucket_ms(key: str) -> float:
    bucket = float(key)
    if not math.isfinite(bucket):
        raise ValueError(f"`response_times` has {key!r}, which is no time")
    return bucket


def _object(entry: Entry) -> Mapping[str, object]:
    values = (
        entry.name, entry.method, entry.last_s, entry.start_s, entry.requests, entry.untimed, entry.failures,
        entry.total_ms, entry.most_ms, entry.least_ms, entry.received_bytes,
        {_key(bucket): count for bucket, count in entry.response_times.items()}, entry.per_second,
        entry.failures_per_second,
    )  # fmt: skip
    return dict(zip(_Stored.__struct_fields__, values, strict=True))


def _key(bucket_ms: float) -> str:
    return str(int(bucket_ms)) if bucket_ms == int(bucket_ms) else repr(bucket_ms)


def _rule(counts: Counts) -> Rule:
    """Locust's own rounding, or if any bucket is no whole millisecond, to as many digits as the buckets have."""
    digits = max((len(repr(float(bucket)).partition(".")[2]) for bucket in counts if bucket != int(bucket)), default=0)
    return Rule((), (10 ** max(3 - digits, 0),)) if digits else LOCUST


def _row(entry: Entry, name: str, whole: Entry, rule: Rule) -> Row:
    percentiles_ms = dict(zip(REPORTED, entry.percentiles_ms(), strict=True))
    latency = Latency(
        percentiles_ms=percentiles_ms,
        mean_ms=entry.mean_ms,
        least_ms=entry.least_ms,
        most_ms=entry.most_ms,
        within_ms={q: rule.within_ms(value_ms) for q, value_ms in percentiles_ms.items()},
    )
    return Row(
        name=name,
        requests=entry.requests,
        failures=entry.failures,
        rate_per_s=rate_per_s(entry.requests, whole) or None,
        latency={"sent": latency} if entry.response_times else {},
    )
