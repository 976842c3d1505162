"""
A directory of runs: which there are, and what each came to.

What a run came to is read from its result.json without its histograms, or from its seconds if it was cut, and once for
each state of its files.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from asyncload.errors import StoreError
from asyncload.live.finding import Found, look
from asyncload.result import SCHEMA, RunResult

State: TypeAlias = Literal["done", "under way", "cut", "unreadable"]
_FRESH_S: Final = 10.0
"""A run that has no result and was written to so lately is under way: it writes every second."""
_SHOWN: Final = {"p50": 0.5, "p99": 0.99}


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run came to; None where it is not known."""

    state: State
    why: str = ""
    """Why it is unreadable or invalid, in words."""
    name: str = ""
    started_unix_ms: int | None = None
    length_s: float | None = None
    valid: bool | None = None
    interrupted: bool = False
    """By somebody, before its plan ended."""
    stopped: str = ""
    """The stop rule that ended it, and why; empty if none did."""
    answers: tuple[str, ...] = ()
    """Of its objectives: MET, MISSED or UNDECIDED."""
    models: int | None = None
    calls: int | None = None
    errors: int | None = None
    asked_per_s: float | None = None
    achieved_per_s: float | None = None
    p50_ms: float | None = None
    """Of response; None too if the run's calls cannot tell it."""
    p99_ms: float | None = None


class _Verdict(msgspec.Struct):
    valid: bool
    reasons: tuple[str, ...] = ()


class _Health(msgspec.Struct):
    started_unix_ns: int
    measured_ns: int
    interrupted: bool = False
    stopped: str = ""


class _Interval(msgspec.Struct):
    high_ms: float | None


class _Totals(msgspec.Struct):
    ok: int
    outcomes: dict[str, int]
    response_ms: dict[str, float | None]
    response_intervals: dict[str, _Interval] | None = None
    """Of a result of an early version not known."""

    def told_ms(self, name: str) -> float | None:
        """A percentile; None if its interval says that so few calls do not support it."""
        interval = (self.response_intervals or {}).get(name)
        return None if interval is None or interval.high_ms is None else self.response_ms.get(name)


class _Model(msgspec.Struct):
    """One of them; only their number matters."""


class _Objective(msgspec.Struct):
    answer: str = ""


class _Scenario(msgspec.Struct):
    """Of a scenario.json."""

    name: str = ""


class _Document(msgspec.Struct):
    """What of a result.json is shown here; the rest is passed over."""

    schema: str
    name: str
    verdict: _Verdict
    health: _Health
    totals: _Totals
    models: list[_Model]
    achieved_per_s: float
    asked_per_s: float | None = None
    objectives: tuple[_Objective, ...] = ()


class Shelf:
    """The runs of one directory; may be used from several threads."""

    def __init__(self, root: Path, read: Callable[[Path], RunResult], now_s: Callable[[], float] = time.time) -> None:
        """
        Args:
            root: The directory.
            read: Reads a run that has no result, from its seconds, or an early result that has no intervals.
            now_s: The wall clock.

        Raises:
            StoreError: If it is not a directory.
        """
        if not root.is_dir():
            raise StoreError(f"{root}: not a directory; give the one that holds run directories, such as runs")
        self.root = root
        self._read = read
        self._now_s = now_s
        self._known: dict[str, tuple[Found, Summary]] = {}
        self._lock = threading.Lock()

    def look(self) -> list[Found]:
        """
        Return the runs that are there, the last by name first.

        Raises:
            StoreError: If the directory cannot be read.
        """
        return look(self.root)

    def find(self, id_: str) -> Found | None:
        """Return the run with an id, as it is now; None if there is none."""
        return next((found for found in self.look() if found.id == id_), None)

    def known(self, found: Found) -> Summary | None:
        """Return what is known of a run without reading it."""
        with self._lock:
            before, summary = self._known.get(found.id, (None, None))
        if before != found or summary is None:
            return None
        if summary.state == "under way" and not self._fresh(found):
            return None  # it has not been written to any more: it was cut
        return summary

    def summary(self, found: Found) -> Summary:
        """Return what a run came to; reads it unless that is known."""
        summary = self.known(found) or self._summed_up(found)
        with self._lock:
            self._known[found.id] = (found, summary)
        return summary

    def _summed_up(self, found: Found) -> Summary:
        if found.trouble:
            return Summary(state="unreadable", why=found.trouble)
        try:
            if found.ended:
                return _of_document((found.path / "result.json").read_bytes(), lambda: self._read(found.path))
            if self._fresh(found):
                return _under_way(found.path)
            return _of_result(self._read(found.path))
        except Exception as error:  # noqa: BLE001  # whatever a stranger's files do to a reader, the other runs are shown
            return Summary(state="unreadable", why=showable(str(error) or type(error).__name__))

    def _fresh(self, found: Found) -> bool:
        return self._now_s() - found.changed_s < _FRESH_S


def showable(name: str) -> str:
    """Return a text with what is no UTF-8 in it, as a folder's name may have, spelt out."""
    return name.encode(errors="backslashreplace").decode()


def _of_document(data: bytes, read: Callable[[], RunResult]) -> Summary:
    """
    Sum up a result.json.

    Args:
        data: What it holds.
        read: Reads it as a whole, for what it does not say by itself.

    Raises:
        StoreError: If it is of another schema.
        MsgspecError: If it is not a result.
    """
    found = msgspec.json.decode(data, type=_Document)
    if found.schema != SCHEMA:
        raise StoreError(f"its result has the schema {found.schema!r}, this version of asyncload reads {SCHEMA!r}")
    calls = sum(found.totals.outcomes.values())
    times_ms = [found.totals.told_ms(name) for name in _SHOWN] if found.totals.response_intervals else _told_ms(read())
    return Summary(
        state="done",
        why=_reason(found.verdict.reasons),
        name=found.name,
        started_unix_ms=found.health.started_unix_ns // 1_000_000,
        length_s=found.health.measured_ns / 1e9,
        valid=found.verdict.valid,
        interrupted=found.health.interrupted and not found.health.stopped,
        stopped=found.health.stopped,
        answers=tuple(objective.answer for objective in found.objectives),
        models=len(found.models),
        calls=calls,
        errors=calls - found.totals.ok,
        asked_per_s=found.asked_per_s,
        achieved_per_s=found.achieved_per_s,
        p50_ms=times_ms[0],
        p99_ms=times_ms[1],
    )


def _of_result(result: RunResult) -> Summary:
    """Sum up what was read from a run's seconds."""
    everything, health = result.totals, result.health
    times_ms = _told_ms(result)
    return Summary(
        state="cut",
        why=_reason(result.verdict.reasons),
        name=result.name,
        started_unix_ms=health.started_unix_ns // 1_000_000,
        length_s=health.measured_ns / 1e9,
        valid=result.verdict.valid,
        interrupted=health.interrupted and not result.stopped,
        stopped=result.stopped,
        answers=tuple(objective.answer for objective in result.objectives),
        models=len(result.models),
        calls=everything.calls,
        errors=everything.calls - everything.ok,
        asked_per_s=None if result.closed else result.asked_per_s,
        achieved_per_s=result.achieved_per_s,
        p50_ms=times_ms[0],
        p99_ms=times_ms[1],
    )


def _told_ms(result: RunResult) -> list[float | None]:
    """What is shown of response, as far as the calls tell it."""
    estimates = result.estimates(result.totals, "response", list(_SHOWN.values()))
    return [round(each.value_us / 1000, 3) if each.supported else None for each in estimates]


def _under_way(path: Path) -> Summary:
    """Say what is known of a run that is being written: what it was asked to do, and since when."""
    scenario = path / "scenario.json"
    name = msgspec.json.decode(scenario.read_bytes(), type=_Scenario).name
    return Summary(state="under way", name=name, started_unix_ms=scenario.stat().st_mtime_ns // 1_000_000)


def _reason(reasons: Sequence[str]) -> str:
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"{reasons[0]}{more}" if reasons else ""
