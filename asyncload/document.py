"""
A result as JSON: numbers for readers, histograms for whoever merges or reads it back.

What is derived, such as percentiles and the verdict, is written and never read: a reader computes it anew.
"""

import math
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, fields
from typing import TYPE_CHECKING, Any, TypeAlias

from asyncload.balance import LittlesLaw, Reconciliation
from asyncload.call import Outcome
from asyncload.cold import Classes
from asyncload.histogram import Histogram
from asyncload.measured import DURATIONS, Health, ModelResult, SecondResult, Signs
from asyncload.steadiness import Steady

if TYPE_CHECKING:
    from asyncload.result import RunResult

SCHEMA = "asyncload.result/1"
Parts: TypeAlias = tuple[Mapping[str, Any], str, tuple[ModelResult, ...], ModelResult, tuple[SecondResult, ...], Health]
"""The fields of a `RunResult`, in their order."""
_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99_9": 0.999, "max": 1.0}


def percentiles_ms(histogram: Histogram) -> dict[str, float | None]:
    """p50, p90, p95, p99, p99_9, max and mean in ms; None if the histogram is empty."""
    if not histogram.count:
        return dict.fromkeys([*_QUANTILES, "mean"])
    values = histogram.quantiles_us(list(_QUANTILES.values())) / 1000
    return {
        **{name: round(value, 3) for name, value in zip(_QUANTILES, values.tolist(), strict=True)},
        "mean": round(histogram.mean_us() / 1000, 4),
    }


def write(result: "RunResult") -> dict[str, Any]:
    """Put a result into plain data."""
    verdict, health, everything, starts = result.verdict, result.health, result.totals, result.cold_starts
    rows = [*starts.models, starts.total] if starts else [None] * (len(result.models) + 1)
    classes = [row and _classes_document(row, told=bool(starts and not starts.doubt)) for row in rows]
    return {
        "schema": SCHEMA,
        "name": result.name,
        "verdict": {"valid": verdict.valid, "reasons": verdict.reasons, "warnings": verdict.warnings},
        "plan_digest": result.plan_digest,
        "loop": "closed" if result.closed else "open",
        "asked_per_s": _number(result.asked_per_s, 3),
        "achieved_per_s": round(result.achieved_per_s, 3),
        "expected_interval_ms": _number(result.expected_interval_us / 1000, 3),
        "health": {
            "planned": everything.calls,
            "sent": everything.sent,
            "dropped": everything.outcomes[Outcome.DROPPED],
            "abandoned": everything.outcomes[Outcome.ABANDONED],
            "lateness_ms": percentiles_ms(everything.lateness),
            **{field.name: getattr(health, field.name) for field in fields(health)},
        },
        "objectives": [asdict(answer) for answer in result.objectives],
        "steady": _plain(result.steady),
        "reconciliation": result.reconciliation and _plain(result.reconciliation),
        "littles_law": result.littles_law and _plain(result.littles_law),
        "cold_starts": starts and {"told": not starts.doubt, "doubt": starts.doubt},
        "totals": _model_document(everything, histograms=False)
        | _corrected(result, everything)
        | _certainty(result, everything)
        | {"classes": classes[-1]},
        "models": [
            _model_document(model) | _corrected(result, model) | _certainty(result, model) | {"classes": row}
            for model, row in zip(result.models, classes[:-1], strict=True)
        ],
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
        **{f"{metric}_ms": percentiles_ms(getattr(model, metric)) for metric in DURATIONS},
    }
    if histograms:
        document["histograms"] = {metric: _text(getattr(model, metric)) for metric in DURATIONS}
        document["signs"] = model.signs and _signs_document(model.signs)
    return document


def _corrected(result: "RunResult", model: ModelResult) -> dict[str, Any]:
    """The corrected view of a closed loop's response times; null of an open loop, which needs none."""
    histogram = result.corrected(model)
    if histogram is None:
        return {"corrected_ms": None}
    return {"corrected_ms": {"calls": histogram.count, **percentiles_ms(histogram)}}


def _certainty(result: "RunResult", model: ModelResult) -> dict[str, Any]:
    """Intervals of a target's percentiles, and of the share of its calls that failed."""
    inside = {name: q for name, q in _QUANTILES.items() if q < 1}
    failures = result.failures(model)
    return {
        **{
            f"{metric}_intervals": {
                name: {
                    "low_ms": _number(estimate.low_us / 1000, 3),
                    "high_ms": _number(estimate.high_us / 1000, 3),
                    "effective_calls": round(estimate.effective_calls, 1),
                }
                for name, estimate in zip(inside, result.estimates(model, metric, [*inside.values()]), strict=True)
            }
            for metric in DURATIONS
        },
        "failures": {
            "share": _number(failures.value, 6),
            "low": _number(failures.low, 6),
            "high": _number(failures.high, 6),
            "effective_calls": round(failures.effective_calls, 1),
        },
    }


def _plain(value: Steady | Reconciliation | LittlesLaw) -> dict[str, Any]:
    """The fields of a value; what is not known is null."""
    return {name: _number(field, 6) if isinstance(field, float) else field for name, field in asdict(value).items()}


def _number(value: float, digits: int) -> float | None:
    return round(value, digits) if math.isfinite(value) else None


def _classes_document(row: Classes, *, told: bool) -> dict[str, Any]:
    """Counts, shares and service times of first, cold and warm calls; null for what cannot be told."""
    later = {"cold": _class_document(row.cold_calls, row.calls, row.cold) | {"refused": row.refused}}
    warm = row.warm
    later["warm"] = _class_document(warm.count, row.calls, warm)
    return {
        "limit_ms": round(row.limit_us / 1000, 3) if math.isfinite(row.limit_us) else None,
        "first": _class_document(row.first.count, row.calls, row.first),
        **(later if told else dict.fromkeys(later)),
    }


def _class_document(calls: int, of: int, service: Histogram) -> dict[str, Any]:
    return {"calls": calls, "share": round(calls / of, 6) if of else None, "service_ms": percentiles_ms(service)}


def _signs_document(signs: Signs) -> dict[str, Any]:
    return {"first": _text(signs.first), "held": _text(signs.held), "refused": signs.refused}


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


def read(document: Mapping[str, Any]) -> Parts:
    """Take from plain data what a `RunResult` is made of; KeyError, TypeError or ValueError if it is not there."""
    return (
        document["scenario"],
        document["plan_digest"],
        tuple(_model(model) for model in document["models"]),
        _model(document["warmup"]),
        tuple(_second(row) for row in document["seconds"]),
        _health(document["health"]),
    )


def _model(document: Mapping[str, Any]) -> ModelResult:
    histograms = (_histogram(document["histograms"][metric]) for metric in DURATIONS)
    return ModelResult(
        document["name"],
        _outcomes(document["outcomes"]),
        document["received_bytes"],
        *histograms,
        retries=document.get("retries", 0),
        signs=_signs(document.get("signs")),
    )


def _signs(document: Mapping[str, Any] | None) -> Signs | None:
    """Signs that an older version did not look for yet are unknown."""
    if document is None:
        return None
    return Signs(_histogram(document["first"]), _histogram(document["held"]), document["refused"])


def _health(document: Mapping[str, Any]) -> Health:
    """Readings that an older version did not take yet have their defaults."""
    required = (MISSING, MISSING)
    known = (
        field
        for field in fields(Health)
        if (field.default, field.default_factory) == required or field.name in document
    )
    found = {field.name: document[field.name] for field in known}
    examples = dict(document.get("examples", {}))  # printed as they are, so that they must be words
    return Health(**found | {"examples": {str(name): str(words) for name, words in examples.items()}})


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
