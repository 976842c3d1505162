"""Differences as plain data, for JSON."""

import math
from collections.abc import Mapping
from typing import Any, Final

from asyncload.difference.values import LEVEL, Difference, Differences, Judged, Metric, Side
from asyncload.difference.words import lines, sentence

_DIGITS: Final = 6
_UNITS: Final[Mapping[Metric, str]] = {"error_rate": "share", "throughput": "per_s"}


def document(differences: Differences) -> dict[str, Any]:
    """Put differences into plain data; what cannot be told is null, and says why."""
    return {
        "level": LEVEL,
        "comparisons": differences.comparisons,
        "notes": list(differences.notes),
        "words": list(lines(differences)),
        "a": _side(differences.a),
        "b": _side(differences.b),
        "total": [_difference(one) for one in differences.total],
        "models": [
            {"name": model.name, "differences": [_difference(one) for one in model.differences]}
            for model in differences.models
        ],
        "only_a": list(differences.only_a),
        "only_b": list(differences.only_b),
        "conditions": [_judged(one) for one in differences.conditions],
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "sources": list(side.sources),
        "runs": side.runs,
        "calls": side.calls,
        "seconds": _number(side.seconds),
        "block_s": _number(side.block_s),
        "valid": not side.invalid,
        "reasons": list(side.invalid),
    }


def _difference(one: Difference) -> dict[str, Any]:
    scale = 1 if one.metric in _UNITS else 1e-3
    return {
        "metric": one.metric,
        "unit": _UNITS.get(one.metric, "ms"),
        "a": _number(one.a * scale),
        "b": _number(one.b * scale),
        "value": _number(one.value),
        "low": _number(one.low),
        "high": _number(one.high),
        "alone_low": _number(one.alone_low),
        "alone_high": _number(one.alone_high),
        "p": _number(one.p),
        "p_holm": _number(one.p_holm),
        "sure": one.sure,
        "why": one.why,
        "words": sentence(one),
    }


def _judged(one: Judged) -> dict[str, Any]:
    return {"condition": one.text, "failed": one.failed, "undecided": one.undecided, "why": one.why}


def _number(value: float) -> float | None:
    """Six significant digits; a p-value may be tiny."""
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
