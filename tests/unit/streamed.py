"""Seconds of a run as its watchers get them, from calls that a test makes up; no socket, no clock."""

from collections.abc import Sequence

from asyncload.call import Outcome
from asyncload.record import METRICS, Recorder
from asyncload.result import Health, SecondResult
from asyncload.snapshot import Snapshot
from asyncload.telemetry.stream import tick_of
from asyncload.telemetry.totals import Totals
from asyncload.traceparent import Span
from tests.unit.recordings import Made, S

NAMES = ("a.tar.gz", "b.tar.gz", "c.tar.gz")
STARTED_UNIX_NS = 1_795_000_000 * S


def snapshots(
    seconds: Sequence[Sequence[Made]], names: Sequence[str] = NAMES, *, warmup_s: int = 0, spans: Sequence[Span] = ()
) -> list[Snapshot]:
    """Snapshots of seconds, each given by the calls that ended in it."""
    recorder, found = Recorder(len(names), 0, [(0, warmup_s * S)] if warmup_s else []), []
    for number, calls in enumerate(seconds):
        for call in calls:
            recorder.record(call.model, call.due_ns, call.reply())
        second = recorder.tick()
        dropped = sum(call.outcome is Outcome.DROPPED for call in calls)
        response, lateness = (second.overall(METRICS.index(metric)) for metric in ("response", "lateness"))
        outcomes = tuple(second.outcomes.sum(axis=0).tolist())
        row = SecondResult(number, len(calls), len(calls) - dropped, 7, outcomes, response, lateness)
        health = Health(
            STARTED_UNIX_NS, (number + 1) * S, 0, 0, cpu_share=0.25, cpu_ns=S // 2, stalls=number, connects=8
        )
        snapshot = Snapshot(
            row, (number + 1) * S, 10 * S, 40.0, 0, number < warmup_s, health, tuple(names), second,
            digest="ab" * 32, spans=spans,
        )  # fmt: skip
        found.append(snapshot)
    return found


def add(totals: Totals, snapshot: Snapshot) -> None:
    """Add a second to totals, without the pipe between."""
    second = snapshot.second
    columns = [second.keys, second.counts, second.outcomes.ravel(), second.received, second.retries]
    totals.add(tick_of(snapshot), columns)
