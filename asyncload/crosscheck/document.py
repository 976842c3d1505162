"""A crosscheck as JSON, what `--json` prints and `crosscheck.json` holds; `docs/measuring.md` explains each key."""

import math
from dataclasses import asdict
from typing import Any, Final

import msgspec

from asyncload.crosscheck.findings import PERCENTILES, Finding, ModelsFinding, works
from asyncload.crosscheck.latencies import Latencies
from asyncload.crosscheck.outcome import Crosscheck
from asyncload.crosscheck.takes import Pair, Take
from asyncload.statistics.intervals import Interval

SCHEMA: Final = "asyncload.crosscheck/1"


def to_json(found: Crosscheck) -> bytes:
    """
    Write a crosscheck as JSON.

    **Units**: *_ms in milliseconds, *_s in seconds, *_per_s per second; what does not exist is null.
    """
    return msgspec.json.format(msgspec.json.encode(document(found)), indent=1)


def document(found: Crosscheck) -> dict[str, Any]:
    """Put a crosscheck into plain data."""
    course, options, judgement = found.course, found.options, found.judgement
    return {
        "schema": SCHEMA,
        "name": found.name,
        "answer": judgement.answer,
        "why": judgement.why,
        "ended": found.ended,
        "interrupted": found.interrupted,
        "trouble": found.trouble,
        "versions": {"asyncload": found.asyncload, "locust": found.locust},
        "client": options.client,
        "loop": "closed" if course.users else "open",
        "users": course.users or None,
        "repeats": options.repeats,
        "warmup_s": course.warmup_s,
        "length_s": course.length_s,
        "locust_host": course.host or None,
        "core": found.core,
        "began_unix_s": round(found.began_unix_s, 3),
        "directory": str(found.directory),
        "findings": [_finding(one) for one in judgement.findings],
        "models": judgement.models and _models(judgement.models),
        "work": _work(found),
        "hidden": found.hidden and asdict(found.hidden),
        "pairs": [_pair(pair) for pair in found.pairs],
        "scenario": course.ours.to_dict(),
    }


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "metric": one.metric,
        "unit": one.unit,
        "asyncload": _number(one.ours),
        "locust": _number(one.theirs),
        "difference": _number(one.difference),
        "interval": _interval(one.interval),
        "sure": _interval(one.sure),
        "allowed": _interval(one.allowed),
        "answer": one.answer,
        "why": one.why,
    }


def _models(models: ModelsFinding) -> dict[str, Any]:
    return {
        "answer": models.answer,
        "why": models.why,
        "worst": {
            "name": models.worst,
            "asyncload": _number(models.ours),
            "locust": _number(models.theirs),
            "asked": _number(models.asked),
        },
        "tests": [
            {
                "what": test.what,
                "chi_square": _number(test.chi_square),
                "df": test.df,
                "p": _number(test.p),
                "effect": _number(test.effect),
                "most": _number(test.most),
            }
            for test in models.tests
        ],
    }


def _work(found: Crosscheck) -> dict[str, Any] | None:
    """CPU time per call and share of the core of each side, means over the pairs that count."""
    if not found.compared:
        return None
    theirs, ours = works(found.compared)
    return {
        name: {"cpu_ms": _number(work.cpu_ms), "cpu_share": _number(work.busy), "kept_ms": _number(work.kept_ms)}
        for name, work in (("asyncload", ours), ("locust", theirs))
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "number": pair.number,
        "first": pair.first.lower(),
        "doubt": pair.doubt,
        "asyncload": _take(pair.ours),
        "locust": _take(pair.theirs),
    }


def _take(take: Take) -> dict[str, Any]:
    return {
        "calls": dict(take.calls),
        "failed": take.failed,
        "length_s": _number(take.length_s),
        "rate_per_s": _number(take.rate_per_s),
        "service_ms": percentiles_ms(take.latencies),
        "as_locust_prints_ms": percentiles_ms(take.latencies.as_locust_rounds()),
        "callers_ms": percentiles_ms(take.callers) if take.callers else None,
        "cpu_ms": _number(take.cpu_ms),
        "cpu_share": _number(take.cpu_share),
        "kept_share": _number(take.kept_share),
        "doubt": take.doubt,
    }


def percentiles_ms(latencies: Latencies) -> dict[str, float | None]:
    """p50 to p99 by Locust's rule, and the highest; None of no calls."""
    values = [*latencies.percentiles_ms(list(PERCENTILES.values())), latencies.most_ms]
    return dict(zip([*PERCENTILES, "max"], map(_number, values), strict=True))


def _interval(interval: Interval) -> list[float | None]:
    return [_number(interval.low), _number(interval.high)]


def _number(value: float) -> float | None:
    """Six digits; JSON knows neither NaN nor infinity."""
    return float(f"{value:.6g}") if math.isfinite(value) else None
