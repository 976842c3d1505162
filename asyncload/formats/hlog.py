"""
Interval logs of HdrHistogram (`.hlog`, versions 1.2 and 1.3): a histogram per interval, all added up; a row per tag.

    #[Histogram log format version 1.3]
    #[StartTime: 1795460000.000 (seconds since epoch), ...]
    "StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"
    Tag=xgboost-0,0.000,1.000,7.611,HISTFAAAA...

The file does not say the unit of its values. Writers divide the maximum by a ratio, by default 1,000,000, which makes
milliseconds of nanoseconds; so the ratio of the values to Interval_Max tells the unit, if Interval_Max is in ms.

Source:
    HdrHistogram (Java) 2.2: HistogramLogWriter, HistogramLogReader, HistogramLogScanner.
"""

import binascii
import math
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from asyncload.errors import StoreError
from asyncload.formats.bins import Bins
from asyncload.formats.hdr import Recorded, add, decode
from asyncload.formats.reading import Meaning, Reading, Row
from asyncload.formats.unit import PER_MS, Unit

_HEAD: Final = re.compile(r'#\[Histogram log format version |"StartTimestamp",')
_FIRST: Final = re.compile(r"^(?:Tag=[^, ]+[, ]+)?(?:[\d.]+[, ]+){3}D?HIST", re.MULTILINE)
_INTERVAL: Final = re.compile(r"(?:Tag=([^, ]+)[, ]+)?([\d.]+)[, ]+([\d.]+)[, ]+([\d.]+)[, ]+([A-Za-z0-9+/=]+)\s*")
_UNITS: Final[tuple[Unit, ...]] = ("ms", "us", "ns")
"""By the power of 1,000 that their values are divided by to be milliseconds."""
_AT_ONCE: Final = 64
"""Intervals that wait to be added up, of each tag."""
_MEANING = Meaning(
    arrivals="not said by the file",
    failures="not said by the file",
    resolution="that of the histograms, mostly 3 significant digits",
    counted="not said by the file; taken for sent",
)


@dataclass(slots=True)
class _Log:
    """What was read so far."""

    tags: dict[str, list[Recorded]] = field(default_factory=dict)
    """By tag; empty for intervals without one."""
    begin_s: float = math.inf
    end_s: float = -math.inf
    most: float = 0.0
    """The highest Interval_Max, and the highest value of that interval."""
    most_value: int = 0
    cut: bool = False

    def add(self, interval: re.Match[str]) -> None:
        tag, *times, text = interval.groups()
        begin_s, length_s, most = map(float, times)
        recorded = decode(b64decode(text, validate=True))
        parts = self.tags.setdefault(tag or "", [])
        parts.append(recorded)
        if len(parts) == _AT_ONCE:
            parts[:] = [add(parts)]
        self.begin_s, self.end_s = min(self.begin_s, begin_s), max(self.end_s, begin_s + length_s)
        if recorded.high.size and most > self.most:
            self.most, self.most_value = most, int(recorded.high[-1])

    def unit(self) -> Unit:
        """The unit, if Interval_Max is in milliseconds."""
        if not self.most:
            return "ns"
        thousands = round(math.log10(self.most_value / self.most) / 3)
        return _UNITS[min(max(thousands, 0), len(_UNITS) - 1)]


def is_log(head: str) -> bool:
    """Tell from its head whether a text is such a log; its comments and its legend may be missing."""
    return bool(_HEAD.search(head) or _FIRST.search(head))


def read_hlog(path: Path, unit: Unit | None = None) -> Reading:
    """
    Read a log.

    Args:
        path: The file.
        unit: Of the recorded values; None infers it from Interval_Max.

    Raises:
        StoreError: If a line is not an interval, or its histogram cannot be decoded; the text says which line.
    """
    log = _read(path)
    if not log.tags:
        raise StoreError(f"{path}: a log of HdrHistogram without any interval")
    chosen = unit or log.unit()
    seconds = log.end_s - log.begin_s
    tagged = {tag: add(parts) for tag, parts in log.tags.items() if tag}
    whole = add(log.tags[""]) if "" in log.tags else add(list(tagged.values()))
    return Reading(
        source=str(path),
        tool="HdrHistogram log",
        rows=tuple(_row(tag, recorded, chosen, seconds) for tag, recorded in tagged.items()),
        total=_row("total", whole, chosen, seconds),
        meaning=_MEANING,
        notes=tuple(_notes(log, chosen, asked=unit is not None)),
    )


def _read(path: Path) -> _Log:
    log = _Log()
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if line.startswith(("#", '"')) or line.isspace():
                continue
            try:
                interval = _INTERVAL.fullmatch(line)
                if interval is None:
                    raise ValueError("expected [Tag=...,] start, length, maximum and histogram")  # noqa: TRY301
                log.add(interval)
            except (ValueError, binascii.Error) as error:
                if not line.endswith("\n"):
                    log.cut = True  # its writer was killed in the middle of a line
                    break
                raise StoreError(f"{path}, line {number}: not an interval of a log of HdrHistogram: {error}") from error
    return log


def _notes(log: _Log, unit: Unit, *, asked: bool) -> Iterator[str]:
    if not asked:
        yield (
            f"its unit is not stated; taken for {unit}, so that Interval_Max is in ms. If it is another, say --unit"
            if log.most
            else f"its unit is not stated; taken for {unit}. If it is another, say --unit"
        )
    if log.cut:
        yield "its last line is cut short and left out"
    if "" in log.tags and len(log.tags) > 1:
        yield "the total is of the intervals without a tag, as HdrHistogram's own reader takes it"


def _row(name: str, recorded: Recorded, unit: Unit, seconds: float) -> Row:
    per_ms = PER_MS[unit]
    bins = Bins(recorded.low / per_ms, recorded.high / per_ms, recorded.counts)
    return Row(
        name=name,
        requests=bins.calls,
        failures=None,
        rate_per_s=bins.calls / seconds if seconds > 0 else None,
        latency={"sent": bins.latency()},
    )
