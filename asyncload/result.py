"""
The result of a run: frozen, mergeable, and the same whether it was just measured or read back years later.

    RunResult
    ├── models          ModelResult *   outcomes, bytes and four histograms per target
    ├── warmup          ModelResult     the warm-up of all targets together, kept out of everything else
    ├── seconds         SecondResult *  what happened in each second of the plan's time
    └── health          Health          what the generator noticed about itself

Merging adds counts and histograms and takes the worst of each health reading. It is associative and commutative, so the
results of many ranks may be merged in any order; numbers such as percentiles and the verdict are computed from what was
merged, never merged themselves. Seconds are counted from each rank's own start of the plan, so ranks that started at
different times still line up.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from functools import cached_property
from typing import Any

import msgspec

from asyncload.call import Outcome
from asyncload.errors import StoreError
from asyncload.histogram import Histogram, merge
from asyncload.verdict import Evidence, Verdict, judge

SCHEMA = "asyncload.result/1"
WARMUP = "warm-up"
"""Name of the row that stands for the warm-up of all targets together."""
_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99_9": 0.999, "max": 1.0}
_METRICS = ("response", "service", "lateness", "ttfb")


@dataclass(frozen=True, slots=True)
class ModelResult:
    """What the callers of one target saw."""

    name: str
    outcomes: tuple[int, ...]
    """Calls by `Outcome`, dropped ones included."""
    received_bytes: int
    response: Histogram
    """Last byte minus due time, of calls that ended OK or timed out: what a caller waited."""
    service: Histogram
    """Last byte minus sending: what the endpoint took."""
    lateness: Histogram
    """Sending minus due time, of all calls sent: what the generator took."""
    ttfb: Histogram
    """First byte minus sending, of calls that ended OK."""
    retries: int = field(default=0, kw_only=True)
    """Attempts beyond the first, under an explicit retry policy."""

    @property
    def calls(self) -> int:
        """Arrivals whose time came."""
        return sum(self.outcomes)

    @property
    def sent(self) -> int:
        """Calls that were not dropped."""
        return self.calls - self.outcomes[Outcome.DROPPED]

    @property
    def ok(self) -> int:
        """Calls that ended OK."""
        return self.outcomes[Outcome.OK]

    def merge(self, other: "ModelResult") -> "ModelResult":
        """Add two results of one target."""
        return total(self.name, (self, other))


def total(name: str, parts: Sequence[ModelResult]) -> ModelResult:
    """Add the results of several targets, or of one target on several ranks, under a new name."""
    return ModelResult(
        name,
        tuple(sum(part.outcomes[outcome] for part in parts) for outcome in Outcome),
        sum(part.received_bytes for part in parts),
        *(merge([getattr(part, metric) for part in parts]) for metric in _METRICS),
        retries=sum(part.retries for part in parts),
    )


@dataclass(frozen=True, slots=True)
class SecondResult:
    """One second of the run, all targets together, warm-up included."""

    second: int
    """From the start of the plan."""
    planned: int
    """Arrivals whose time came."""
    sent: int
    in_flight: int
    """At the end of the second."""
    outcomes: tuple[int, ...]
    """Calls that ended in this second, by `Outcome`."""
    response: Histogram
    lateness: Histogram

    def merge(self, other: "SecondResult") -> "SecondResult":
        """Add the same second of another rank."""
        return SecondResult(
            self.second,
            self.planned + other.planned,
            self.sent + other.sent,
            self.in_flight + other.in_flight,
            tuple(map(sum, zip(self.outcomes, other.outcomes, strict=True))),
            merge([self.response, other.response]),
            merge([self.lateness, other.lateness]),
        )


@dataclass(frozen=True, slots=True)
class Health:
    """What the generator noticed about itself; for several ranks the worst or the sum, as each field says."""

    started_unix_ns: int
    """Wall clock at the plan's zero; the earliest rank's."""
    elapsed_ns: int
    """From the plan's zero to the last call sent or the stop; the longest rank's."""
    measured_ns: int
    """Part of the measured phases that had passed by then; the longest rank's."""
    send_tail_ns: int
    """How long after the plan's end the last arrival was sent; the longest rank's."""
    ranks: int = 1
    cpu_share: float = 0.0
    """CPU time of the loop's thread over elapsed time, less what it spent on awaiting due times; the highest rank's."""
    cpu_ns: int = 0
    """CPU time of the whole process, all ranks."""
    stalls: int = 0
    """Times that the loop stood still for over 10 ms, all ranks."""
    longest_stall_ns: int = 0
    clock_jump_ns: int = 0
    """Wall clock minus monotonic clock, the change furthest from zero of any rank."""
    peak_in_flight: int = 0
    """The highest of each rank, added up."""
    connects: int = 0
    connect_failures: int = 0
    exhausted: int = 0
    """Connects that this machine refused: no free port or file descriptor; all ranks."""
    clock_skew_s: float = 0.0
    """Endpoint's clock minus this one, the reading furthest from zero."""
    first_error: str = ""
    """The first failure in words; of several ranks' the first in alphabetical order."""
    store_error: str = ""
    """Why the run directory could not be written to the end; empty if it was."""
    interrupted: bool = False
    cut: bool = False
    """Whether the run died before it could write its result."""

    def merge(self, other: "Health") -> "Health":
        """Combine two ranks."""
        return Health(
            started_unix_ns=min(self.started_unix_ns, other.started_unix_ns),
            elapsed_ns=max(self.elapsed_ns, other.elapsed_ns),
            measured_ns=max(self.measured_ns, other.measured_ns),
            send_tail_ns=max(self.send_tail_ns, other.send_tail_ns),
            ranks=self.ranks + other.ranks,
            cpu_share=max(self.cpu_share, other.cpu_share),
            cpu_ns=self.cpu_ns + other.cpu_ns,
            stalls=self.stalls + other.stalls,
            longest_stall_ns=max(self.longest_stall_ns, other.longest_stall_ns),
            clock_jump_ns=max(self.clock_jump_ns, other.clock_jump_ns, key=_distance),
            peak_in_flight=self.peak_in_flight + other.peak_in_flight,
            connects=self.connects + other.connects,
            connect_failures=self.connect_failures + other.connect_failures,
            exhausted=self.exhausted + other.exhausted,
            clock_skew_s=max(self.clock_skew_s, other.clock_skew_s, key=_distance),
            first_error=min(filter(None, (self.first_error, other.first_error)), default=""),
            store_error=min(filter(None, (self.store_error, other.store_error)), default=""),
            interrupted=self.interrupted or other.interrupted,
            cut=self.cut or other.cut,
        )


def _canonical(scenario: Mapping[str, Any]) -> bytes:
    """Order of scenarios that does not depend on the order of their keys."""
    return msgspec.json.encode(scenario, order="deterministic")


def _distance(x: float) -> tuple[float, float]:
    """Order by distance from zero; of two as far, the positive one is the further."""
    return abs(x), x


@dataclass(frozen=True, repr=False)
class RunResult:
    """Everything that one run, or several merged ones, measured."""

    scenario: Mapping[str, Any]
    """The scenario as data, as `Scenario.to_dict` gives it."""
    plan_digest: str
    """SHA-256 of the global plan, equal on all ranks; empty if not computed."""
    models: tuple[ModelResult, ...]
    """One per target, in the order of the scenario."""
    warmup: ModelResult
    seconds: tuple[SecondResult, ...]
    health: Health

    def __repr__(self) -> str:
        # Short: asyncio formats a finished task's result in places where nobody reads it.
        return f"RunResult({self.name!r}, {len(self.models)} models, {self.plan_digest[:12]})"

    @property
    def name(self) -> str:
        """The scenario's name."""
        return str(self.scenario.get("name", "scenario"))

    @cached_property
    def totals(self) -> ModelResult:
        """All targets together, warm-up left out."""
        return total("total", self.models)

    @property
    def asked_per_s(self) -> float:
        """Arrivals of the measured phases over their length; 0 before any of it has passed."""
        return self.totals.calls / (self.health.measured_ns / 1e9) if self.health.measured_ns else 0.0

    @property
    def achieved_per_s(self) -> float:
        """Calls sent in the measured phases, over their length and what was needed beyond it."""
        length_ns = self.health.measured_ns + self.health.send_tail_ns
        return self.totals.sent / (length_ns / 1e9) if self.health.measured_ns else 0.0

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the numbers may be believed, and why not."""
        health, everything = self.health, self.totals
        return judge(
            Evidence(
                calls=everything.calls,
                sent=everything.sent,
                ok=everything.ok,
                dropped=everything.outcomes[Outcome.DROPPED],
                abandoned=everything.outcomes[Outcome.ABANDONED],
                asked_per_s=self.asked_per_s,
                achieved_per_s=self.achieved_per_s,
                lateness_p99_ms=everything.lateness.quantile_us(0.99) / 1000,
                service_p50_ms=everything.service.quantile_us(0.5) / 1000,
                cpu_share=health.cpu_share,
                longest_stall_ms=health.longest_stall_ns / 1e6,
                clock_jump_ms=health.clock_jump_ns / 1e6,
                clock_skew_s=health.clock_skew_s,
                exhausted=health.exhausted,
                cut=health.cut,
                interrupted=health.interrupted,
                first_error=health.first_error,
                store_error=health.store_error,
            )
        )

    def merge(self, other: "RunResult") -> "RunResult":
        """
        Combine the results of two ranks, or of two runs of one scenario.

        Where the scenarios differ in what does not change the plan, such as the endpoint's URL, the first in the order
        of their JSON is kept.

        Raises:
            StoreError: If they are of different plans.
        """
        if self.plan_digest != other.plan_digest or [m.name for m in self.models] != [m.name for m in other.models]:
            raise StoreError("these results are of different plans: their digests or their models differ")
        seconds = {row.second: row for row in self.seconds}
        for row in other.seconds:
            seconds[row.second] = seconds[row.second].merge(row) if row.second in seconds else row
        return RunResult(
            min(self.scenario, other.scenario, key=_canonical),
            self.plan_digest,
            tuple(mine.merge(theirs) for mine, theirs in zip(self.models, other.models, strict=True)),
            self.warmup.merge(other.warmup),
            tuple(seconds[second] for second in sorted(seconds)),
            self.health.merge(other.health),
        )

    def to_json(self) -> bytes:
        """
        Write the result as JSON: numbers for readers, histograms for `from_json` and for merging.

        **Units**: *_ms in milliseconds; a percentile of nothing is null.
        """
        return msgspec.json.format(msgspec.json.encode(_document(self)), indent=1)

    @classmethod
    def from_json(cls, data: bytes) -> "RunResult":
        """
        Read what `to_json` wrote.

        Raises:
            StoreError: If it is not such a result, or of a newer schema.
        """
        try:
            document = msgspec.json.decode(data)
            if document["schema"] != SCHEMA:
                raise StoreError(
                    f"the result has the schema {document['schema']!r}, this version of asyncload reads {SCHEMA!r}; "
                    "read it with the version that wrote it"
                )
            return _result(document)
        except KeyError as error:
            raise StoreError(f"not a result of asyncload: it has no `{error.args[0]}`") from error
        except (msgspec.MsgspecError, AttributeError, RecursionError, TypeError, ValueError) as error:
            raise StoreError(f"not a result of asyncload: {error}") from error


# -- as JSON ----------------------------------------------------------------------------------------------------------


def percentiles_ms(histogram: Histogram) -> dict[str, float | None]:
    """p50, p90, p95, p99, p99_9, max and mean in ms; None if the histogram is empty."""
    if not histogram.count:
        return dict.fromkeys([*_QUANTILES, "mean"])
    values = histogram.quantiles_us(list(_QUANTILES.values())) / 1000
    return {
        **{name: round(value, 3) for name, value in zip(_QUANTILES, values.tolist(), strict=True)},
        "mean": round(histogram.mean_us() / 1000, 4),
    }


def _document(result: RunResult) -> dict[str, Any]:
    verdict, health, everything = result.verdict, result.health, result.totals
    return {
        "schema": SCHEMA,
        "name": result.name,
        "verdict": {"valid": verdict.valid, "reasons": verdict.reasons, "warnings": verdict.warnings},
        "plan_digest": result.plan_digest,
        "asked_per_s": round(result.asked_per_s, 3),
        "achieved_per_s": round(result.achieved_per_s, 3),
        "health": {
            "planned": everything.calls,
            "sent": everything.sent,
            "dropped": everything.outcomes[Outcome.DROPPED],
            "abandoned": everything.outcomes[Outcome.ABANDONED],
            "lateness_ms": percentiles_ms(everything.lateness),
            **{field.name: getattr(health, field.name) for field in fields(health)},
        },
        "totals": _model_document(everything, histograms=False),
        "models": [_model_document(model) for model in result.models],
        "warmup": _model_document(result.warmup),
        "seconds": [_second_document(row) for row in result.seconds],
        "scenario": result.scenario,
    }


def _model_document(model: ModelResult, *, histograms: bool = True) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": model.name,
        "sent": model.sent,
        "ok": model.ok,
        "outcomes": _outcomes_document(model.outcomes),
        "received_bytes": model.received_bytes,
        "retries": model.retries,
        **{f"{metric}_ms": percentiles_ms(getattr(model, metric)) for metric in _METRICS},
    }
    if histograms:
        document["histograms"] = {metric: _text(getattr(model, metric)) for metric in _METRICS}
    return document


def _second_document(row: SecondResult) -> dict[str, Any]:
    return {
        "second": row.second,
        "planned": row.planned,
        "sent": row.sent,
        "in_flight": row.in_flight,
        "outcomes": _outcomes_document(row.outcomes),
        "histograms": {"response": _text(row.response), "lateness": _text(row.lateness)},
    }


def _outcomes_document(outcomes: Sequence[int]) -> dict[str, int]:
    return {outcome.name: outcomes[outcome] for outcome in Outcome if outcomes[outcome]}


def _text(histogram: Histogram) -> str:
    return b64encode(histogram.encode()).decode() if histogram.count else ""


def _result(document: Mapping[str, Any]) -> RunResult:
    return RunResult(
        document["scenario"],
        document["plan_digest"],
        tuple(_model(model) for model in document["models"]),
        _model(document["warmup"]),
        tuple(_second(row) for row in document["seconds"]),
        _health(document["health"]),
    )


def _model(document: Mapping[str, Any]) -> ModelResult:
    histograms = (_histogram(document["histograms"][metric]) for metric in _METRICS)
    return ModelResult(
        document["name"],
        _outcomes(document["outcomes"]),
        document["received_bytes"],
        *histograms,
        retries=document.get("retries", 0),
    )


def _health(document: Mapping[str, Any]) -> Health:
    """Readings that an older version did not take yet have their defaults."""
    known = (field for field in fields(Health) if field.default is MISSING or field.name in document)
    return Health(**{field.name: document[field.name] for field in known})


def _second(document: Mapping[str, Any]) -> SecondResult:
    return SecondResult(
        second=document["second"],
        planned=document["planned"],
        sent=document["sent"],
        in_flight=document["in_flight"],
        outcomes=_outcomes(document["outcomes"]),
        response=_histogram(document["histograms"]["response"]),
        lateness=_histogram(document["histograms"]["lateness"]),
    )


def _outcomes(document: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(document.get(outcome.name, 0) for outcome in Outcome)


def _histogram(text: str) -> Histogram:
    return Histogram.decode(b64decode(text, validate=True)) if text else Histogram.empty()
