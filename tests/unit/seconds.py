"""Results made of seconds, from the response times of each; everything in them agrees with everything else."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncload.call import Outcome
from asyncload.histogram import Histogram, merge
from asyncload.result import WARMUP, Health, ModelResult, RunResult, SecondResult

S = 1_000_000_000
NONE = Histogram.empty()


def outcomes(**counts: int) -> tuple[int, ...]:
    return tuple(counts.get(outcome.name, 0) for outcome in Outcome)


def scenario(*phases: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    return {"name": "made of seconds", "phases": list(phases), **others}


def flat(length_s: float, **others: Any) -> dict[str, Any]:
    return {"law": "poisson", "rate": "100/s", "for": f"{length_s}s", **others}


def second(number: int, times_us: Sequence[int] | NDArray[np.int64], in_flight: int = 0) -> SecondResult:
    """A second in which so many calls were sent and ended OK, sent when they were due."""
    histogram = Histogram.of_us(np.asarray(times_us, np.int64))
    calls = histogram.count
    zero = Histogram.of_us(np.zeros(calls, np.int64))
    return SecondResult(number, calls, calls, in_flight, outcomes(OK=calls), histogram, zero)


def result(seconds: Sequence[SecondResult], asked: Mapping[str, Any], **health: Any) -> RunResult:
    """A run of one model, all of whose seconds were measured."""
    length_ns = len(seconds) * S
    readings = {"started_unix_ns": 10**18, "elapsed_ns": length_ns, "measured_ns": length_ns, "send_tail_ns": 0}
    times, zero = merge([row.response for row in seconds]), merge([row.lateness for row in seconds])
    sums = tuple(sum(row.outcomes[outcome] for row in seconds) for outcome in Outcome)
    nothing = ModelResult(WARMUP, outcomes(), 0, NONE, NONE, NONE, NONE)
    return RunResult(
        asked,
        "ab" * 32,
        (ModelResult("a.tar.gz", sums, 0, times, times, zero, times),),
        nothing,
        tuple(seconds),
        Health(**{**readings, **health}),
    )
