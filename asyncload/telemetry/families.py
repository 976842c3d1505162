"""
Every metric: its name in both worlds, what it counts, and how it is read. docs/telemetry.md shows this table.

Names of Prometheus follow its conventions: base units, `_total` behind what only grows. Names of OpenTelemetry are its
semantic conventions' where there is one for the thing, else begin with `asyncload.`.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, TypeAlias

from asyncload.call import Outcome
from asyncload.result import Health
from asyncload.telemetry.frames import Tick
from asyncload.telemetry.spread import Spread
from asyncload.telemetry.totals import Totals

Kind: TypeAlias = Literal["counter", "gauge", "sum", "histogram"]
"""A counter only grows; a sum may shrink, but those of several generators may be added up; a gauge's may not."""
Point: TypeAlias = tuple[tuple[str, ...], float | Spread]
"""Values of the labels, in the family's order, and what was read."""


@dataclass(frozen=True, slots=True)
class Family:
    """One metric."""

    prometheus: str
    opentelemetry: str
    kind: Kind
    unit: str
    """As UCUM writes it: s, By, 1, {request}."""
    labels: tuple[str, ...]
    """As Prometheus has them; for OpenTelemetry `asyncload.` stands before each."""
    text: str
    """What it is."""
    read: Callable[[Totals], Iterator[Point]]
    """Yields nothing where there is nothing to be known yet."""

    @property
    def http(self) -> bool:
        """Whether it is one of the semantic conventions for HTTP clients, and carries their attributes."""
        return self.opentelemetry.startswith("http.")


def _requests(totals: Totals) -> Iterator[Point]:
    for label, counts in zip(totals.labels, totals.outcomes[:-1].tolist(), strict=True):
        for outcome, count in zip(Outcome, counts, strict=True):
            yield (label, outcome.name), count


def _warmup_requests(totals: Totals) -> Iterator[Point]:
    for outcome, count in zip(Outcome, totals.outcomes[totals.warmup].tolist(), strict=True):
        yield (outcome.name,), count


def _by_model(metric: str, totals: Totals) -> Iterator[Point]:
    spreads = totals.durations[metric]
    for row, label in enumerate(totals.labels):
        yield (label,), spreads.spread(row)


def _together(metric: str, totals: Totals) -> Iterator[Point]:
    yield (), totals.durations[metric].spread(slice(0, totals.warmup))


def _warmup_response(totals: Totals) -> Iterator[Point]:
    yield (), totals.durations["response"].spread(totals.warmup)


def _received(totals: Totals) -> Iterator[Point]:
    yield from (((label,), count) for label, count in zip(totals.labels, totals.received.tolist(), strict=False))


def _retries(totals: Totals) -> Iterator[Point]:
    yield from (((label,), count) for label, count in zip(totals.labels, totals.retries.tolist(), strict=False))


def _run(read: Callable[[Totals], float], totals: Totals) -> Iterator[Point]:
    yield (), read(totals)


def _last(read: Callable[[Tick], float], totals: Totals) -> Iterator[Point]:
    if totals.last is not None and not math.isnan(value := read(totals.last)):
        yield (), value


def _health(read: Callable[[Health], float], totals: Totals) -> Iterator[Point]:
    yield from _last(lambda tick: read(tick.health), totals)


_MODEL: Final = ("model",)
_REQUEST: Final = "{request}"

FAMILIES: Final[tuple[Family, ...]] = (
    Family(
        "asyncload_requests_total", "asyncload.requests", "counter", _REQUEST, ("model", "outcome"),
        "Calls of the measured phases that have ended, dropped ones included.", _requests,
    ),
    Family(
        "asyncload_response_seconds", "asyncload.response.duration", "histogram", "s", _MODEL,
        "Last byte minus due time, of calls that ended OK or TIMEOUT: what a caller waited.",
        partial(_by_model, "response"),
    ),
    Family(
        "asyncload_service_seconds", "http.client.request.duration", "histogram", "s", _MODEL,
        "Last byte minus sending, of calls that ended OK or TIMEOUT: what the endpoint took.",
        partial(_by_model, "service"),
    ),
    Family(
        "asyncload_lateness_seconds", "asyncload.lateness.duration", "histogram", "s", (),
        "Sending minus due time, of all calls sent: what the generator took.", partial(_together, "lateness"),
    ),
    Family(
        "asyncload_received_bytes_total", "asyncload.received", "counter", "By", _MODEL,
        "Bytes of the replies' bodies.", _received,
    ),
    Family(
        "asyncload_retries_total", "asyncload.retries", "counter", "{attempt}", _MODEL,
        "Attempts beyond the first, under a retry policy.", _retries,
    ),
    Family(
        "asyncload_warmup_requests_total", "asyncload.warmup.requests", "counter", _REQUEST, ("outcome",),
        "Calls of the warm-up that have ended, all models together; they count in no metric by model.",
        _warmup_requests,
    ),
    Family(
        "asyncload_warmup_response_seconds", "asyncload.warmup.response.duration", "histogram", "s", (),
        "The same as response, of the warm-up of all models.", _warmup_response,
    ),
    Family(
        "asyncload_planned_total", "asyncload.planned", "counter", _REQUEST, (),
        "Arrivals whose time has come, warm-up included.", partial(_run, lambda totals: totals.planned),
    ),
    Family(
        "asyncload_sent_total", "asyncload.sent", "counter", _REQUEST, (),
        "Calls sent, warm-up included.", partial(_run, lambda totals: totals.sent),
    ),
    Family(
        "asyncload_in_flight", "http.client.active_requests", "sum", _REQUEST, (),
        "Calls sent and not yet answered, at the end of the last second.", partial(_last, lambda tick: tick.in_flight),
    ),
    Family(
        "asyncload_asked_rate", "asyncload.asked_rate", "sum", "{request}/s", (),
        "Calls per second that the plan asks of this generator; absent in a closed phase, which asks for none.",
        partial(_last, lambda tick: tick.rate_per_s),
    ),
    Family(
        "asyncload_users", "asyncload.users", "sum", "{user}", (),
        "Users of this generator who take part; 0 but in a closed phase.", partial(_last, lambda tick: tick.users),
    ),
    Family(
        "asyncload_warmup", "asyncload.warmup", "gauge", "1", (),
        "1 in a warm-up phase, else 0.", partial(_last, lambda tick: int(tick.warmup)),
    ),
    Family(
        "asyncload_ended", "asyncload.ended", "gauge", "1", (),
        "1 when the run is over and the values are its last, else 0.", partial(_run, lambda totals: int(totals.ended)),
    ),
    Family(
        "asyncload_elapsed_seconds", "asyncload.elapsed", "gauge", "s", (),
        "Since the plan's zero, until the last call was sent.", partial(_last, lambda tick: tick.elapsed_ns / 1e9),
    ),
    Family(
        "asyncload_length_seconds", "asyncload.length", "gauge", "s", (),
        "Length of the plan.", partial(_last, lambda tick: tick.length_ns / 1e9),
    ),
    Family(
        "asyncload_cpu_ratio", "asyncload.cpu.utilization", "gauge", "1", (),
        "CPU of the loop's thread as a share of one core, as the verdict sees it.",
        partial(_health, lambda health: health.cpu_share),
    ),
    Family(
        "asyncload_cpu_seconds_total", "asyncload.cpu.time", "counter", "s", (),
        "CPU time of the generator's process.", partial(_health, lambda health: health.cpu_ns / 1e9),
    ),
    Family(
        "asyncload_stalls_total", "asyncload.stalls", "counter", "{stall}", (),
        "Times that the loop stood still for over 10 ms.", partial(_health, lambda health: health.stalls),
    ),
    Family(
        "asyncload_longest_stall_seconds", "asyncload.stall.longest", "gauge", "s", (),
        "The longest of them.", partial(_health, lambda health: health.longest_stall_ns / 1e9),
    ),
    Family(
        "asyncload_peak_in_flight", "asyncload.peak_in_flight", "gauge", _REQUEST, (),
        "The most calls that were outstanding at once.", partial(_health, lambda health: health.peak_in_flight),
    ),
    Family(
        "asyncload_connects_total", "asyncload.connects", "counter", "{connection}", (),
        "Connections opened.", partial(_health, lambda health: health.connects),
    ),
    Family(
        "asyncload_connect_failures_total", "asyncload.connect_failures", "counter", "{connection}", (),
        "Connections that could not be opened.", partial(_health, lambda health: health.connect_failures),
    ),
    Family(
        "asyncload_exhausted_total", "asyncload.exhausted", "counter", "{connection}", (),
        "Connections that this machine refused: no free port or file descriptor.",
        partial(_health, lambda health: health.exhausted),
    ),
    Family(
        "asyncload_clock_jump_seconds", "asyncload.clock.jump", "gauge", "s", (),
        "Wall clock minus monotonic clock, the change furthest from zero.",
        partial(_health, lambda health: health.clock_jump_ns / 1e9),
    ),
    Family(
        "asyncload_clock_skew_seconds", "asyncload.clock.skew", "gauge", "s", (),
        "The endpoint's clock minus this one, the reading furthest from zero.",
        partial(_health, lambda health: health.clock_skew_s),
    ),
    Family(
        "asyncload_spans_left_out_total", "asyncload.spans.left_out", "counter", "{span}", (),
        "Sampled calls that ended faster than their spans may be kept.",
        partial(_last, lambda tick: tick.spans_left_out),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """All that can be read at one moment."""

    families: Sequence[tuple[Family, Sequence[Point]]]
    digest: str
    """The plan's; empty before the first second has ended."""
    ended: bool
    """Whether these are the last values."""


def read(totals: Totals) -> Reading:
    """Read every family."""
    families = [(family, list(family.read(totals))) for family in FAMILIES]
    return Reading(families, totals.last.digest if totals.last else "", totals.ended)
