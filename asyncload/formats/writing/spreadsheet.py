"""
CSV for spreadsheets and data frames: a row per model, or per second.

The unit stands at the end of each column's name. An empty field is a number that does not exist, or that the calls
cannot tell: a percentile stands here only with its interval.

A spreadsheet takes a field that begins with =, +, -, @, a tab or a carriage return for a formula, and a name comes from
a scenario that somebody else may have written. Such a name gets an apostrophe in front, as does one that begins with an
apostrophe itself, so that taking one away gives the name in any case. Numbers are left alone.

Source:
    RFC 4180. OWASP, CSV Injection, for what a formula begins with.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from asyncload.call import Outcome
from asyncload.cold import Classes
from asyncload.formats.csv_lines import csv_lines
from asyncload.formats.recording import Recording
from asyncload.histogram import Histogram
from asyncload.measured import DURATIONS
from asyncload.result import ModelResult, RunResult, SecondResult, total
from asyncload.statistics.summaries import summaries_us

Field: TypeAlias = str | int | None
_QUANTILES: Final[Mapping[str, float]] = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99_9": 0.999}
_ENDS: Final = (*_QUANTILES.values(), 1.0)
_NONE: Final[Sequence[Field]] = (None,) * (1 + len(_ENDS) + 1)
"""What stands for a count, values and a mean that nobody knows."""
_FAILED: Final = tuple(outcome for outcome in Outcome if outcome is not Outcome.OK)
_OUTCOMES: Final = ("ok_calls", *(f"{outcome.name.lower()}_calls" for outcome in _FAILED))
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "'")
_S: Final = 1_000_000_000


def by_model(recording: Recording) -> Iterator[str]:
    """Write a row for each model in the scenario's order, then one for all of them, and one for the warm-up."""
    result = recording.result
    starts = result.cold_starts
    known = starts is not None and not starts.doubt
    classes = [*starts.models, starts.total] if starts and known else [None] * (len(result.models) + 1)
    rows = [("model", model) for model in result.models]
    rows += [("total", result.totals), ("warm-up", result.warmup)]
    return csv_lines(
        _model_columns(),
        (_model_row(result, kind, model, row) for (kind, model), row in zip(rows, [*classes, None], strict=True)),
    )


def by_second(recording: Recording, *, full: bool) -> Iterator[str]:
    """
    Write a row for each second of the run, in which all calls count, those of the warm-up too.

    Args:
        recording: The run.
        full: Behind it also a row for each model of which a call ended in it, and one for the warm-up.
    """
    rows = _full_rows(recording) if full else (_second_row(recording, row) for row in recording.result.seconds)
    return csv_lines(_second_columns(), rows)


# -- by model ---------------------------------------------------------------------------------------------------------


def _model_columns() -> Sequence[str]:
    share = [f"failed_share{end}" for end in ("", "_low", "_high")]
    durations = [column for metric in DURATIONS for column in _estimate_columns(metric)]
    corrected = ["corrected_calls", *_value_columns("corrected")]
    return [
        "kind", "model", "calls", "sent_calls", "failed_calls", *_OUTCOMES, *share, "sent_per_s", "received_bytes",
        "retries", "first_calls", "cold_calls", "warm_calls", *durations, *corrected,
    ]  # fmt: skip


def _model_row(result: RunResult, kind: str, model: ModelResult, classes: Classes | None) -> Sequence[Field]:
    failed = result.failures(model)
    rate_per_s = _rate_per_s(result, model) if kind != "warm-up" else math.nan
    durations = [field for metric in DURATIONS for field in _estimates(result, model, metric)]
    return [
        kind, _guarded(model.name), model.calls, model.sent, model.calls - model.ok, *model.outcomes,
        *(_number(share, 6) for share in (failed.value, failed.low, failed.high)), _number(rate_per_s, 3),
        model.received_bytes, model.retries, *_class_counts(classes), *durations,
        *_corrected(result.corrected(model) if kind != "warm-up" else None),
    ]  # fmt: skip


def _rate_per_s(result: RunResult, model: ModelResult) -> float:
    length_s = result.rates.length_s
    return model.sent / length_s if length_s else math.nan


def _class_counts(classes: Classes | None) -> Sequence[Field]:
    return (None,) * 3 if classes is None else (classes.first.count, classes.cold_calls, classes.warm.count)


def _estimate_columns(metric: str) -> Iterator[str]:
    yield f"{metric}_calls"
    for name in _QUANTILES:
        yield from (f"{metric}_{name}{end}_ms" for end in ("", "_low", "_high"))
    yield from (f"{metric}_max_ms", f"{metric}_mean_ms")


def _estimates(result: RunResult, model: ModelResult, metric: str) -> Iterator[Field]:
    histogram: Histogram = getattr(model, metric)
    yield histogram.count
    for estimate in result.estimates(model, metric, tuple(_QUANTILES.values())):
        known = (estimate.value_us, estimate.low_us, estimate.high_us) if estimate.supported else (math.nan,) * 3
        yield from map(_ms, known)
    yield from (_ms(histogram.quantile_us(1.0)), _ms(histogram.mean_us()))


def _corrected(histogram: Histogram | None) -> Sequence[Field]:
    """The corrected view of a closed loop; an open one has none."""
    return _NONE if histogram is None else next(_numbers([histogram]))


# -- by second --------------------------------------------------------------------------------------------------------


def _second_columns() -> Sequence[str]:
    durations = [column for metric in DURATIONS for column in (f"{metric}_calls", *_value_columns(metric))]
    return [
        "kind", "model", "second_s", "begin_unix_s", "planned_calls", "sent_calls", "in_flight_calls", *_OUTCOMES,
        "received_bytes", "retries", *durations,
    ]  # fmt: skip


def _second_row(recording: Recording, row: SecondResult, everyone: ModelResult | None = None) -> Sequence[Field]:
    """All calls of a second; what only the targets' rows tell is empty without them."""
    response, lateness = _numbers([row.response, row.lateness])
    service, ttfb = _numbers([everyone.service, everyone.ttfb]) if everyone else (_NONE, _NONE)
    ended = (None, None) if everyone is None else (everyone.received_bytes, everyone.retries)
    return [
        "all", None, *_when(recording, row.second), row.planned, row.sent, row.in_flight, *row.outcomes, *ended,
        *response, *service, *lateness, *ttfb,
    ]  # fmt: skip


def _full_rows(recording: Recording) -> Iterator[Sequence[Field]]:
    """A second in which nothing ended has no targets, and its row of all stands by itself."""
    left = sorted(recording.result.seconds, key=lambda row: row.second, reverse=True)
    for second, targets in recording.history.seconds if recording.history else ():
        while left and left[-1].second < second:
            yield _second_row(recording, left.pop())
        if left and left[-1].second == second:
            yield _second_row(recording, left.pop(), total("", list(targets.values())))
        yield from _target_rows(recording, second, targets)
    yield from (_second_row(recording, row) for row in reversed(left))


def _target_rows(recording: Recording, second: int, targets: Mapping[int, ModelResult]) -> Iterator[Sequence[Field]]:
    when, warmup = _when(recording, second), len(recording.result.models)
    numbers = _numbers([getattr(model, metric) for model in targets.values() for metric in DURATIONS])
    for i, model in targets.items():
        durations = [field for _ in DURATIONS for field in next(numbers)]
        yield [
            "warm-up" if i == warmup else "model", _guarded(model.name), *when, None, None, None, *model.outcomes,
            model.received_bytes, model.retries, *durations,
        ]  # fmt: skip


def _when(recording: Recording, second: int) -> tuple[Field, Field]:
    return second, f"{recording.result.health.started_unix_ns / _S + second:.3f}"


# -- numbers ----------------------------------------------------------------------------------------------------------


def _value_columns(metric: str) -> Iterator[str]:
    yield from (f"{metric}_{name}_ms" for name in (*_QUANTILES, "max", "mean"))


def _numbers(histograms: Sequence[Histogram]) -> Iterator[Sequence[Field]]:
    """Of each how many values there are, and what `_value_columns` names."""
    for histogram, values_us in zip(histograms, summaries_us(histograms, _ENDS).tolist(), strict=True):
        yield [histogram.count, *map(_ms, values_us)]


def _ms(value_us: float) -> Field:
    return _number(value_us / 1000, 4)


def _number(value: float, digits: int) -> Field:
    """Print a number with so many digits behind the point, zeros at its end left out; None of NaN."""
    if not math.isfinite(value):
        return None
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _guarded(name: str) -> str:
    return f"'{name}" if name.startswith(_FORMULA) else name
