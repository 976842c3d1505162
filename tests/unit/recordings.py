"""Runs as they would have been recorded, from calls that a test makes up; no socket, no clock, no file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from asyncload.call import Outcome, Reply
from asyncload.formats.recording import Recording
from asyncload.history import History
from asyncload.record import METRICS, Recorder
from asyncload.result import WARMUP, Health, ModelResult, RunResult, SecondResult, total

S = 1_000_000_000
US = 1_000
ZERO_UNIX_NS = 1_795_000_000 * S + 250_000_000
"""Wall clock at the plan's zero: a quarter of a second behind a whole one, so second k counts as 1795000000 + k."""
EPOCH_S = 1_795_000_000


@dataclass(frozen=True)
class Made:
    """One call: when it was due, whom it went to, how late it was sent, how long it took, how it ended."""

    due_ns: int
    model: int
    service_us: int = 5_000
    late_us: int = 100
    outcome: Outcome = Outcome.OK
    received: int = 17

    @property
    def last_ns(self) -> int:
        return self.due_ns + (self.late_us + self.service_us) * US

    def reply(self) -> Reply:
        sent = 0 if self.outcome is Outcome.DROPPED else self.due_ns + self.late_us * US
        return Reply(sent, sent and sent + 1, self.last_ns, self.outcome, self.received)


def recording(
    calls: Sequence[Made],
    names: Sequence[str] = ("b.tar.gz", "a.tar.gz"),
    *,
    length_s: int = 3,
    warmup_s: int = 0,
    scenario: Mapping[str, Any] | None = None,
    send_tail_ns: int = 0,
) -> Recording:
    """Record calls, each in the second in which it ends, and the history beside the result."""
    recorder = Recorder(len(names), 0, [(0, warmup_s * S)] if warmup_s else [])
    last_second = max([call.last_ns // S for call in calls], default=0)
    rows, seconds = [], []
    for number in range(last_second + 1):
        for call in calls:
            if call.last_ns // S == number:
                recorder.record(call.model, call.due_ns, call.reply())
        second = recorder.tick()
        outcomes = tuple(second.outcomes.sum(axis=0).tolist())
        in_flight = sum(call.due_ns < (number + 1) * S <= call.last_ns for call in calls)
        rows.append(SecondResult(number, 0, 0, in_flight, outcomes, second.overall(0), second.overall(2)))
        targets = {
            index: ModelResult(
                [*names, WARMUP][index],
                tuple(second.outcomes[index].tolist()),
                int(second.received[index]),
                *(second.histogram(index, metric) for metric in range(len(METRICS))),
            )
            for index in np.flatnonzero(second.outcomes.any(axis=1)).tolist()
        }
        if targets:
            seconds.append((number, targets))
    models = [
        ModelResult(
            name,
            tuple(recorder.outcomes[index].tolist()),
            int(recorder.received[index]),
            *(recorder.total(index, metric) for metric in range(len(METRICS))),
        )
        for index, name in enumerate([*names, WARMUP])
    ]
    measured_ns = (length_s - warmup_s) * S
    health = Health(ZERO_UNIX_NS, length_s * S + send_tail_ns, measured_ns, send_tail_ns)
    result = RunResult(scenario or {"name": "made"}, "ab" * 32, tuple(models[:-1]), models[-1], tuple(rows), health)
    return Recording(result, History(((warmup_s * S, length_s * S),), 0, 1, seconds))


def settled(run: Recording, second: int) -> Recording:
    """The same run as `warmup: auto` leaves it, which counts what ended before a second to the warm-up."""
    assert run.history is not None
    warmup = len(run.result.models)
    seconds = [
        (number, {warmup: total(WARMUP, list(targets.values()))} if number < second else targets)
        for number, targets in run.history.seconds
    ]
    models = [
        replace(total(name, [targets[index] for _, targets in seconds if index in targets]), signs=None)
        for index, name in enumerate([*(model.name for model in run.result.models), WARMUP])
    ]
    spans_ns = tuple((max(begin, second * S), end) for begin, end in run.history.measured_ns if end > second * S)
    health = replace(run.result.health, settled_s=second, measured_ns=sum(end - begin for begin, end in spans_ns))
    result = replace(run.result, models=tuple(models[:-1]), warmup=models[-1], health=health)
    return Recording(result, replace(run.history, measured_ns=spans_ns, seconds=seconds))
