"""
A run of ours in Locust's terms: entries, failures, exceptions.

    request         a call that was sent; its type is POST, its name the target's label
    failure         a request that did not end OK; its error is the outcome
    response time   service time, from sending, or response, from the due time: of calls that ended OK or timed out. The
                    others have none, like requests that a locustfile fires with a response time of None
    exception       a reason why the verdict is INVALID: it is the generator in which something went wrong
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Final

from asyncload.call import Outcome
from asyncload.formats.buckets import counts_of
from asyncload.formats.locust.clock import Clock
from asyncload.formats.locust.entry import Entry
from asyncload.formats.reading import Since
from asyncload.formats.recording import Recording
from asyncload.histogram import highest_us, lowest_us
from asyncload.result import ModelResult

METHOD: Final = "POST"
_FAILED: Final = tuple(outcome for outcome in Outcome if outcome not in {Outcome.OK, Outcome.DROPPED})


@dataclass(frozen=True, slots=True)
class Failure:
    """Failed requests of one target and kind."""

    name: str
    error: str
    occurrences: int
    first_s: int | None
    """Second since 1970 UTC; None where the run has no history."""
    last_s: int | None


def entry_of(model: ModelResult, since: Since, clock: Clock) -> Entry:
    """Put a target, or several together, into Locust's terms."""
    histogram = model.response if since == "due" else model.service
    slots, timed = histogram.slots, histogram.count
    return Entry(
        method=METHOD,
        name=model.name,
        requests=model.sent,
        untimed=model.sent - timed,
        failures=_failed(model),
        total_ms=round(histogram.mean_us() * timed / 1000, 4) if timed else 0,
        least_ms=float(lowest_us(slots[:1])[0]) / 1000 if timed else None,
        most_ms=float(highest_us(slots[-1:])[0]) / 1000 if timed else 0,
        received_bytes=model.received_bytes,
        start_s=clock.start_s,
        last_s=clock.end_s,
        response_times=counts_of(histogram),
    )


def entries(recording: Recording, since: Since, *, by_second: bool = False) -> tuple[Entry, ...]:
    """
    Return an entry for each target that was sent a request, in the scenario's order.

    Args:
        recording: The run.
        since: From when its response times count.
        by_second: Also count by second, which goes through the whole history.
    """
    clock = Clock(recording)
    found = {i: entry_of(model, since, clock) for i, model in enumerate(recording.result.models) if model.sent}
    if not by_second:
        return tuple(found.values())
    requests, failed = defaultdict[int, dict[int, int]](dict), defaultdict[int, dict[int, int]](dict)
    for second, targets in clock.seconds():
        for i, model in targets.items():
            for counts, count in ((requests, model.sent), (failed, _failed(model))):
                if count:
                    counts[i][clock.key(second)] = count
    return tuple(replace(entry, per_second=requests[i], failures_per_second=failed[i]) for i, entry in found.items())


def failures(recording: Recording) -> tuple[Failure, ...]:
    """Return the failed requests, by target and outcome."""
    clock = Clock(recording)
    seen: dict[tuple[int, Outcome], tuple[int, int]] = {}
    for second, targets in clock.seconds():
        key = clock.key(second)
        for i, model in targets.items():
            for outcome in _FAILED:
                if model.outcomes[outcome]:
                    seen[i, outcome] = (seen.get((i, outcome), (key, key))[0], key)
    return tuple(
        Failure(model.name, outcome.name, model.outcomes[outcome], *seen.get((i, outcome), (None, None)))
        for i, model in enumerate(recording.result.models)
        for outcome in _FAILED
        if model.outcomes[outcome]
    )


def exceptions(recording: Recording) -> tuple[str, ...]:
    """Return why the result may not be believed, if it may not."""
    return tuple(f"INVALID: {reason}" for reason in recording.result.verdict.reasons)


def _failed(model: ModelResult) -> int:
    return model.sent - model.ok
