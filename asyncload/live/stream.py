"""
A run under way as server-sent events.

    state    everything so far; the first event, and whenever rows were put together or a browser was away for long
    update   the rows that are new or have changed, and what is true now
    end      how it ended; nothing follows

A browser has a position, which is the event's id, and is sent what it lacks: so a slow one gets fewer and larger
updates, and one that comes back says with `Last-Event-ID` where it was. Nothing is queued for anybody.

Source:
    HTML standard, section 9.2, server-sent events.
"""

import asyncio
import math
import re
import secrets
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import msgspec
import numpy as np

from asyncload.call import Outcome
from asyncload.histogram import SLOTS, Histogram, lowest_us
from asyncload.live.course import Row
from asyncload.live.progress import MODEL_QUANTILES, Progress
from asyncload.live.words import End, Tick
from asyncload.measured import ModelResult
from asyncload.report.page.curves import Curve, curve, estimated
from asyncload.report.page.digits import digits, rounded
from asyncload.result import RunResult
from asyncload.slo.answers import ObjectiveResult
from asyncload.statistics.batches import Effect
from asyncload.statistics.ranks import needed
from asyncload.verdict import CUT

Kind: TypeAlias = Literal["state", "update", "end"]
Document: TypeAlias = dict[str, object]

_BINS_PER_DECADE: Final = 24
_BIN_OF_SLOT: Final = np.floor(_BINS_PER_DECADE * np.log10(np.maximum(lowest_us(np.arange(SLOTS)), 1))).astype(np.int64)
_LONG_AWAY_S: Final = 120
"""Behind by so many seconds a browser is sent everything."""
_JUDGED_PER: Final = 100
"""After so many seconds, and again after each hundredth of the run so far, there is no judging in every second."""
_MODELS_JUDGED: Final = 200
"""Where there are objectives, models that are judged in a second."""
_OVER_TIME: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
_NEEDED: Final = {name: needed(q) for name, q in _OVER_TIME.items()}
"""Calls that a row must have for a percentile: of fifty the slowest is no p99."""
_QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99_9": 0.999}
_LATENESS: Final = {"p50": 0.5, "p99": 0.99}
_CURVES: Final = {
    "response": ("response (from due)", "blue", "solid"),
    "service": ("service (from sent)", "orange", "dash"),
}
"""Legend, colour and stroke."""
_ID: Final = re.compile(r"([0-9a-f]{8})-([0-9]{1,9})-([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Position:
    """What a browser has seen."""

    generation: int
    """Of the course."""
    seen: int
    """Seconds."""
    ended: bool = False


class Stream:
    """Events of one run for any number of browsers."""

    def __init__(self, progress: Progress) -> None:
        """
        Args:
            progress: What they tell of; `wake` says that it has changed.
        """
        self._progress = progress
        self._run = secrets.token_hex(4)
        self._news = asyncio.Condition()
        self._judged: Document = {}
        self._effects: Sequence[Effect] = ()
        self._judge_at = 0
        self._encoded: dict[Position | None, tuple[bytes, Position]] = {}

    @property
    def ended(self) -> bool:
        """Whether the end is known."""
        return self._progress.end is not None

    async def wake(self) -> None:
        """Tell everybody that there is something new."""
        self._encoded.clear()
        async with self._news:
            self._news.notify_all()

    async def wait(self, position: Position | None) -> None:
        """Return when there is something beyond a position."""
        async with self._news:
            await self._news.wait_for(lambda: self._beyond(position))

    def event(self, position: Position | None) -> tuple[bytes, Position]:
        """Return the next event behind a position, and the position behind it."""
        if position not in self._encoded:
            self._encoded[position] = self._event(position)
        return self._encoded[position]

    def position(self, event_id: str | None) -> Position | None:
        """Read an event's id; None if it is none of this run's."""
        found = _ID.fullmatch(event_id or "")
        if found is None or found[1] != self._run:
            return None
        return Position(int(found[2]), min(int(found[3]), self._progress.seen))

    def _beyond(self, position: Position | None) -> bool:
        if position is None:
            return True
        return position.seen < self._progress.seen or (self.ended and not position.ended)

    def _event(self, position: Position | None) -> tuple[bytes, Position]:
        progress = self._progress
        here = Position(progress.course.generation, progress.seen)
        if position is not None and position.seen == here.seen and progress.end is not None:
            return self._text("end", here, _end(progress.end)), Position(here.generation, here.seen, ended=True)
        far = position is None or position.generation != here.generation or here.seen - position.seen > _LONG_AWAY_S
        place = 0 if position is None or far else self._place(position.seen)
        document: Document = {
            "width_s": progress.course.width_s,
            "from": place,
            "rows": [_row(row) for row in progress.course.since(place)],
            "now": self._now(),
        }
        if far:
            document["run"] = _run(progress)
        return self._text("state" if far else "update", here, document), here

    def _now(self) -> Document:
        """What is true at this moment, and what was when it was judged last: after a while not every second."""
        progress = self._progress
        if progress.tick is None:
            return {"begun": False}
        result = progress.result()
        if progress.seen >= self._judge_at or self.ended:
            self._judged = _judged(progress, result, progress.tick)
            self._effects = [result.effect(q) for q in MODEL_QUANTILES]
            answering = len(progress.hello.names) if progress.hello.scenario.get("slo") else 0
            self._judge_at = progress.seen + 1 + progress.seen // _JUDGED_PER + answering // _MODELS_JUDGED
        models = _models(progress, self._effects)
        return {**_now(result, progress.tick), **self._judged, "models": models}

    def _place(self, seen: int) -> int:
        """Place of the first row that has changed since."""
        width = self._progress.course.width_s
        return bisect_left([row.second // width for row in self._progress.course], seen // width)

    def _text(self, kind: Kind, position: Position, document: Document) -> bytes:
        name = f"{self._run}-{position.generation}-{position.seen}"
        return b"id: %b\nevent: %b\ndata: %b\n\n" % (name.encode(), kind.encode(), msgspec.json.encode(document))


def _run(progress: Progress) -> Document:
    """What does not change."""
    hello = progress.hello
    name = str(hello.scenario.get("name", ""))
    return {"name": name, "names": hello.names, "control": hello.control, "needed": _NEEDED}


def _row(row: Row) -> Document:
    return {
        "at": row.second,
        "seconds": row.seconds,
        "planned": row.planned,
        "sent": row.sent,
        "sending_s": round(row.sending_s, 3),
        "asked_per_s": row.asked_per_s,
        "users": row.users,
        "in_flight": row.in_flight,
        "warmup": row.warmup,
        "response": _told_ms(row.response),
        "lateness": _told_ms(row.lateness),
        "errors": _errors(row.outcomes),
        "heat": _heat(row.response),
    }


def _told_ms(histogram: Histogram) -> list[float | None]:
    """Percentiles that so many calls can tell, and the longest."""
    values = digits(histogram.quantiles_us([*_OVER_TIME.values(), 1.0]) / 1000)
    told = [value if histogram.count >= least else None for value, least in zip(values, _NEEDED.values(), strict=False)]
    return [*told, values[-1]]


def _errors(outcomes: tuple[int, ...]) -> dict[str, int]:
    return {outcome.name: outcomes[outcome] for outcome in Outcome if outcome and outcomes[outcome]}


def _heat(histogram: Histogram) -> list[int]:
    """Bins with calls and how many, one after the other; bin k begins at 10^(k / 24) us."""
    counts = np.bincount(_BIN_OF_SLOT[histogram.slots], histogram.counts).astype(np.int64)
    bins = np.flatnonzero(counts)
    pairs: list[int] = np.column_stack([bins, counts[bins]]).ravel().tolist()
    return pairs


def _judged(progress: Progress, result: RunResult, tick: Tick) -> Document:
    """What rests on the statistics of all seconds, and costs more the more there are."""
    everything = result.totals
    return {
        "verdict": _verdict(result, tick),
        "objectives": [_objective(one) for one in progress.objectives()],
        "response": _estimates(result, everything, "response", _QUANTILES),
        "lateness": _estimates(result, everything, "lateness", _LATENESS),
        "curves": [_curve(result, everything, name) for name in _CURVES if everything.ok],
    }


def _now(result: RunResult, tick: Tick) -> Document:
    """What is true at this moment."""
    everything = result.totals
    return {
        "begun": True,
        **_clock(tick),
        "calls": everything.calls,
        "ok": everything.ok,
        "asked_per_s": rounded(result.asked_per_s),
        "achieved_per_s": rounded(result.achieved_per_s),
        "closed": result.closed,
        "users": tick.users,
        "in_flight": tick.in_flight,
        "errors": _errors(everything.outcomes),
        "first_error": result.health.first_error,
        "generator": _generator(result),
    }


def _clock(tick: Tick) -> Document:
    health = tick.health
    return {
        "started_unix_ms": health.started_unix_ns // 1_000_000,
        "elapsed_s": rounded(max(tick.elapsed_ns, 0) / 1e9),
        "length_s": tick.length_ns / 1e9,
        "warmup": tick.warmup,
        "stopping": health.interrupted,
        "sending": tick.elapsed_ns >= (tick.second + 1) * 1_000_000_000 - 500_000_000,
        "lost": tick.lost,
    }


def _verdict(result: RunResult, tick: Tick) -> Document | None:
    """Whether what was measured so far may be believed; None while that is nothing."""
    if not result.totals.calls or not tick.health.measured_ns:
        return None
    verdict = result.verdict
    warnings = [warning for warning in verdict.warnings if warning != CUT]
    return {"valid": verdict.valid, "reasons": verdict.reasons, "warnings": warnings}


def _objective(told: ObjectiveResult) -> Document:
    return {"text": told.text, "answer": told.answer, "why": told.why}


def _estimates(
    result: RunResult, everything: ModelResult, metric: str, quantiles: Mapping[str, float]
) -> Mapping[str, Document]:
    estimates = result.estimates(everything, metric, list(quantiles.values()))
    return {
        name: {
            "ms": rounded(estimate.value_us / 1000) if estimate.supported else None,
            "low": rounded(estimate.low_us / 1000),
            "high": rounded(estimate.high_us / 1000),
            "needed": needed(estimate.q),
            "independent": math.floor(estimate.effective_calls) if estimate.calls else 0,
        }
        for name, estimate in zip(quantiles, estimates, strict=True)
    }


def _curve(result: RunResult, everything: ModelResult, name: str) -> Curve:
    """Latency by percentile, as the report draws it."""
    histogram: Histogram = getattr(everything, name)
    estimates = result.estimates(everything, name, estimated(histogram.count))
    label, tone, dash = _CURVES[name]
    return replace(curve(label, histogram, tone, dash, estimates), shade=name == "response")


def _generator(result: RunResult) -> Document:
    health = result.health
    return {
        "latest_ms": rounded(result.totals.lateness.quantile_us(1.0) / 1000),
        "cpu_share": rounded(health.cpu_share),
        "stalls": health.stalls,
        "longest_stall_ms": rounded(health.longest_stall_ns / 1e6),
        "peak_in_flight": health.peak_in_flight,
        "dropped": result.totals.outcomes[Outcome.DROPPED],
        "connects": health.connects,
    }


def _models(progress: Progress, effects: Sequence[Effect]) -> Document:
    """Columns, in the order of the names; a percentile that a target's calls do not support is None."""
    outcomes = progress.outcomes[:-1]
    calls = outcomes.sum(axis=1)
    answered = progress.answered
    p50, p99 = (
        [
            rounded(value / 1000) if effect.effective(n) >= needed(q) else None
            for value, n in zip(column.tolist(), answered.tolist(), strict=True)
        ]
        for column, q, effect in zip(progress.models_us().T, MODEL_QUANTILES, effects, strict=True)
    )
    return {"calls": calls.tolist(), "errors": (calls - outcomes[:, Outcome.OK]).tolist(), "p50": p50, "p99": p99}


def _end(end: End) -> Document:
    return {
        "failed": end.failed,
        "valid": end.valid,
        "reasons": end.reasons,
        "warnings": end.warnings,
        "objectives": [_objective(one) for one in end.objectives],
        "stopped": end.stopped,
        "directory": end.directory,
        "report": end.report,
    }
