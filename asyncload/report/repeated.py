"""Repeated runs as plain data, for JSON."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from asyncload.document import percentiles_ms
from asyncload.repeats import Answers, Mean, Repeats, Together
from asyncload.result import RunResult
from asyncload.slo.answers import WORSE
from asyncload.statistics.estimate import Estimate

SCHEMA: Final = "asyncload.repeats/1"


def document(repeats: Repeats, names: Sequence[str]) -> dict[str, Any]:
    """Put repeated runs into plain data: each in short, and all together; its result.json has the rest of a run."""
    verdict = repeats.verdict
    return {
        "schema": SCHEMA,
        "name": repeats.name,
        "verdict": {"valid": verdict.valid, "reasons": verdict.reasons, "warnings": verdict.warnings},
        "runs": [_run(name, result) for name, result in zip(names, repeats.results, strict=True)],
        "total": _together(repeats.total),
        "models": [_together(model) for model in repeats.models],
        "objectives": [_answers(each) for each in repeats.objectives],
    }


def _run(name: str, result: RunResult) -> dict[str, Any]:
    return {
        "name": name,
        "valid": result.verdict.valid,
        "reasons": result.verdict.reasons,
        "seed": result.scenario.get("seed", 0),
        "plan_digest": result.plan_digest,
        "calls": result.totals.calls,
        "ok": result.totals.ok,
        "achieved_per_s": _number(result.achieved_per_s),
        "response_ms": percentiles_ms(result.totals.response),
        "objectives": [asdict(answer) for answer in result.objectives],
    }


def _answers(answers: Answers) -> dict[str, Any]:
    """The worst answer, how many runs there are of each, and whose it is."""
    counts = Counter(one.answer for one in answers.each)
    return {
        **asdict(answers.told),
        "run": answers.runs[answers.worst],
        "counts": {answer: counts[answer] for answer in WORSE},
    }


def _together(row: Together) -> dict[str, Any]:
    return {
        "name": row.model.name,
        "calls": row.model.calls,
        "ok": row.model.ok,
        "error_rate": _mean(row.error_rate),
        "rate_per_s": _mean(row.rate_per_s),
        "response_ms": percentiles_ms(row.model.response),
        "response_intervals": {f"p{100 * each.q:g}": _estimate(each) for each in row.response},
    }


def _estimate(one: Estimate) -> dict[str, Any]:
    return {
        "low_ms": _number(one.low_us / 1000),
        "high_ms": _number(one.high_us / 1000),
        "effective_calls": _number(one.effective_calls),
        "supported": one.supported,
    }


def _mean(one: Mean) -> dict[str, float | None]:
    return {"value": _number(one.value), "low": _number(one.low), "high": _number(one.high)}


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None
