"""
Which format a file has is told by its content, never by its name.

Only the head of a file is looked at; what it turns out to be reads the rest in its own way. A file that is known and
yet not what is read, such as a history of Locust or a compressed file, is told what to give instead.
"""

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from asyncload.errors import AsyncloadError, StoreError
from asyncload.formats import hgrm, hlog, k6, locust_csv, locust_json, vegeta
from asyncload.formats.own import read_run
from asyncload.formats.reading import Reading
from asyncload.formats.unit import Unit

READ: Final = (
    "asyncload: a run directory, or its result.json",
    "Locust: the _stats.csv of --csv, or the file of --json-file",
    "k6: the file of --summary-export, or the object of handleSummary, of either schema",
    "vegeta: encode --to csv or json; report -type=json or -type=hdrplot",
    "wrk2: its output with --latency",
    "HdrHistogram: a percentile distribution (.hgrm), or an interval log (.hlog)",
)
_HEAD_BYTES: Final = 1 << 16
_SHOWN: Final = 60
_BINARY: Final = (
    (re.compile(rb"\x1f\x8b"), "is compressed with gzip; unpack it first"),
    (re.compile(rb"\x28\xb5\x2f\xfd"), "is compressed with zstd; unpack it first"),
    (re.compile(rb"PK\x03\x04"), "is a ZIP archive; unpack it first"),
    (re.compile(rb"SQLite format 3\x00"), "is a database; give the run directory that it is in"),
    (re.compile(rb"\xff\xfe|\xfe\xff"), "is text in UTF-16; write it as UTF-8"),
    (re.compile(rb"\xef\xbb\xbf"), "begins with a byte order mark; write it as plain UTF-8"),
    # A type definition of Go's gob, whose first name is that of vegeta's type.
    (re.compile(rb".{0,12}\x06Result\x01\xff", re.DOTALL), "is vegeta's own encoding; give `vegeta encode --to csv`"),
)
_TEXTS: Final = (
    (re.compile(r"Timestamp,User Count,"), "is Locust's history; give the _stats.csv beside it"),
    (re.compile(r"Method,Name,Error,"), "lists Locust's failures; give the _stats.csv beside it"),
    (re.compile(r"Count,Message,Traceback,"), "lists Locust's exceptions; give the _stats.csv beside it"),
    (
        re.compile(r'metric_name,timestamp,metric_value,|\{"(type":"(Metric|Point)"|metric":")'),
        "holds k6's samples; give its summary, from --summary-export",
    ),
    (
        re.compile(r"(?s)Running .* test @ .*Thread Stats"),
        "is of wrk, or of wrk2 without --latency: it has no percentile distribution",
    ),
)
_VEGETA_LINE: Final = re.compile(r'\{\s*"attack"\s*:')
_LOCUST_CSV: Final = re.compile(r'"?(Type|Method)"?,"?Name"?,"?(Request Count|# requests)"?,')


def open_all(paths: Sequence[Path], unit: Unit | None = None) -> tuple[Reading, ...]:
    """
    Read several sources.

    Args:
        paths: Files, or run directories.
        unit: Of values in files that do not say it.

    Raises:
        StoreError: If any cannot be read; the text says of each one why.
    """
    readings, mistakes = [], []
    for path in paths:
        try:
            readings.append(open_any(path, unit))
        except AsyncloadError as error:
            mistakes.append(str(error))
    if mistakes:
        raise StoreError("\n".join(dict.fromkeys(mistakes)))
    return tuple(readings)


def open_any(path: Path, unit: Unit | None = None) -> Reading:
    """
    Read one source, whatever it is.

    Raises:
        StoreError: If it is nothing that is read, or is damaged.
    """
    try:
        if path.is_dir():
            return read_run(path)
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        return _reader(path, head, unit)()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror or error}") from error


def _reader(path: Path, head: bytes, unit: Unit | None) -> Callable[[], Reading]:
    """Look at a head, and return what reads such a file."""
    for known, told in _BINARY:
        if known.match(head):
            raise StoreError(f"{path}: {told}")
    text = head.decode("utf-8", errors="replace").lstrip()
    if not text:
        raise StoreError(f"{path}: is empty")
    for pattern, told in _TEXTS:
        if pattern.match(text) and not hgrm.HEAD.search(text):
            raise StoreError(f"{path}: {told}")
    if _VEGETA_LINE.match(text):
        return partial(vegeta.read_json_lines, path)
    if text[0] in "{[":
        return partial(_json, path)
    if hlog.is_log(text):
        return partial(hlog.read_hlog, path, unit)
    if hgrm.HEAD.search(text):
        return partial(hgrm.read_hgrm, path, unit)
    if _LOCUST_CSV.match(text):
        return partial(locust_csv.read_stats_csv, path)
    if vegeta.is_csv(text):
        return partial(vegeta.read_csv, path)
    raise _unknown(path, text)


def _json(path: Path) -> Reading:
    """Read a file that is one JSON document."""
    data = path.read_bytes()
    try:
        document: Any = msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise StoreError(f"{path}: is JSON that is cut short or damaged: {error}") from error
    if isinstance(document, list) and all(isinstance(one, dict) and "response_times" in one for one in document):
        return locust_json.read_json(path)
    if k6.is_summary(document):
        return k6.read_summary(document, path)
    if isinstance(document, dict) and "latencies" in document and "status_codes" in document:
        return vegeta.read_report(document, path)
    if isinstance(document, dict) and str(document.get("schema", "")).startswith("asyncload.result/"):
        return read_run(path)
    raise _unknown(path, data[:_HEAD_BYTES].decode("utf-8", errors="replace"))


def _unknown(path: Path, text: str) -> StoreError:
    """Say what is read, and what was found."""
    begin = " ".join(text[: 4 * _SHOWN].split())[:_SHOWN]
    lines = [f"{path}: is no result that is read; it begins with {begin!r}. These are:", *(f"  {one}" for one in READ)]
    return StoreError("\n".join(lines))
