"""
The summary of k6, in two of its shapes: the object that handleSummary is given, and the file of `--summary-export`.

    http_reqs, iterations    calls that were sent
    http_req_failed          of these, those that did not end OK; "passes" are the failures, as with k6 itself
    http_req_duration        service time; with `--since due` response time
    http_req_waiting         ttfb; sending is part of it, which k6 leaves out
    data_received            bytes of replies' bodies
    dropped_iterations       calls that were due and never sent
    asyncload_response,
    asyncload_lateness       what k6 has no name for, as metrics of one's own
    asyncload_verdict        share of what should hold that does: that the result is VALID, each objective, and that
                             no stop rule ended the run; each is a threshold

The first three stand also for each model, as `http_reqs{model:NAME}`. What k6 measures and we do not is left out.

Source:
    k6 2.2: internal/js/summary.go and summary-wrapper.js, metrics/sink.go; our reader is `formats.k6`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from asyncload.call import Outcome
from asyncload.formats.reading import Since
from asyncload.formats.recording import Recording
from asyncload.histogram import Histogram, lowest_us
from asyncload.result import ModelResult, RunResult

_QUANTILES: Final[Mapping[str, float]] = {
    "med": 0.5, "max": 1.0, "p(90)": 0.9, "p(95)": 0.95, "p(99)": 0.99, "p(99.9)": 0.999,
}  # fmt: skip
_STATISTICS: Final = ("avg", "min", *_QUANTILES, "count")
_ROOT: Final = {"name": "", "path": "", "id": "d41d8cd98f00b204e9800998ecf8427e"}
"""The group that stands for the whole script; its id is the MD5 of its empty path."""


@dataclass(frozen=True, slots=True)
class _Metric:
    type: Literal["counter", "rate", "trend"]
    contains: Literal["default", "time", "data"]
    values: Mapping[str, float]
    thresholds: Mapping[str, bool] = field(default_factory=dict)
    """Whether each holds."""


def handle_summary(recording: Recording, since: Since, *, allow_undecided: bool) -> str:
    """
    Write the object that handleSummary is given, as JSON.

    Args:
        recording: The run.
        since: Whether a request's duration counts from when a call was sent, or due.
        allow_undecided: Whether an objective that the run cannot decide holds.
    """
    metrics: dict[str, dict[str, object]] = {}
    for name, metric in _metrics(recording, since, allow_undecided=allow_undecided):
        metrics[name] = {"type": metric.type, "contains": metric.contains, "values": metric.values}
        if metric.thresholds:
            metrics[name]["thresholds"] = {text: {"ok": holds} for text, holds in metric.thresholds.items()}
    length_ms = recording.result.rates.length_s * 1000
    return _json(
        {
            "root_group": {**_ROOT, "groups": [], "checks": []},
            "options": {"summaryTrendStats": _STATISTICS, "summaryTimeUnit": "", "noColor": False},
            "state": {"isStdOutTTY": False, "isStdErrTTY": False, "testRunDurationMs": length_ms},
            "metrics": metrics,
        }
    )


def summary_export(recording: Recording, since: Since, *, allow_undecided: bool) -> str:
    """
    Write the file of `--summary-export`: the same numbers without the types.

    There a rate's value has that name, and a threshold is true if it was crossed.
    """
    metrics: dict[str, dict[str, object]] = {}
    for name, metric in _metrics(recording, since, allow_undecided=allow_undecided):
        renamed = {"rate": "value"} if metric.type == "rate" else {}
        metrics[name] = {renamed.get(key, key): value for key, value in metric.values.items()}
        if metric.thresholds:
            metrics[name]["thresholds"] = {text: not holds for text, holds in metric.thresholds.items()}
    return _json({"root_group": {**_ROOT, "groups": {}, "checks": {}}, "metrics": metrics})


def _json(document: object) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _metrics(recording: Recording, since: Since, *, allow_undecided: bool) -> Iterator[tuple[str, _Metric]]:
    everything, seconds = recording.result.totals, recording.result.rates.length_s
    yield from _requests(everything, since, seconds, "")
    yield "iterations", _counter(everything.sent, seconds)
    yield "data_received", _counter(everything.received_bytes, seconds, "data")
    if dropped := everything.outcomes[Outcome.DROPPED]:
        yield "dropped_iterations", _counter(dropped, seconds)
    for name in ("http_req_waiting", "asyncload_response", "asyncload_lateness"):
        metric = {"http_req_waiting": "ttfb"}.get(name, name.removeprefix("asyncload_"))
        yield name, _trend(getattr(everything, metric))
    yield "asyncload_verdict", _verdict(recording.result, allow_undecided=allow_undecided)
    for model in recording.result.models:
        yield from _requests(model, since, seconds, f"{{model:{model.name}}}")


def _requests(model: ModelResult, since: Since, seconds: float, tags: str) -> Iterator[tuple[str, _Metric]]:
    failed = model.sent - model.ok
    share = failed / model.sent if model.sent else 0.0
    yield f"http_reqs{tags}", _counter(model.sent, seconds)
    yield (
        f"http_req_failed{tags}",
        _Metric("rate", "default", {"rate": share, "passes": failed, "fails": model.ok}),
    )
    yield f"http_req_duration{tags}", _trend(model.response if since == "due" else model.service)


def _verdict(result: RunResult, *, allow_undecided: bool) -> _Metric:
    good = {"MET", "UNDECIDED"} if allow_undecided else {"MET"}
    holds = {"VALID": result.verdict.valid} | {each.text: each.answer in good for each in result.objectives}
    if result.stopped:
        holds[f"stopped: {result.stopped}"] = False
    met = sum(holds.values())
    values = {"rate": met / len(holds), "passes": met, "fails": len(holds) - met}
    return _Metric("rate", "default", values, holds)


def _counter(count: int, seconds: float, contains: Literal["default", "data"] = "default") -> _Metric:
    return _Metric("counter", contains, {"count": count, "rate": count / seconds if seconds else 0.0})


def _trend(histogram: Histogram) -> _Metric:
    """Statistics in ms; of no calls all are 0, as k6 writes it."""
    if not histogram.count:
        return _Metric("trend", "time", dict.fromkeys(_STATISTICS, 0))
    found_us = dict(zip(_QUANTILES, histogram.quantiles_us(list(_QUANTILES.values())).tolist(), strict=True))
    found_us |= {"avg": histogram.mean_us(), "min": float(lowest_us(histogram.slots[:1])[0])}
    values = {key: found_us[key] / 1000 for key in _STATISTICS if key != "count"}
    return _Metric("trend", "time", {**values, "count": histogram.count})
