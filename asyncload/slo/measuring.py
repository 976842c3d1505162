"""
The number of a result that an objective is about, for each model that it selects, with its interval.

    of the endpoint    percentiles, means and shares: estimates, with an interval at 95 %
    of the run         counts, the maximum, the achieved rate: facts, without one

A percentile rests on `RunResult.estimates`, a share on `RunResult.failures`, and with them on the number of independent
calls that would tell as much. Calls of one class, or of the corrected view, have that of all calls of their model, in
proportion; a mean has that of the median.

Calls that timed out would have taken longer than is known, so an interval that reaches them has no upper end; nor has a
mean, or a percentile of the corrected view, with any of them.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING

from asyncload.call import Outcome
from asyncload.histogram import Histogram, highest_us, lowest_us
from asyncload.measured import ModelResult
from asyncload.slo.answers import wants_less
from asyncload.slo.checking import chosen
from asyncload.slo.metrics import RATE
from asyncload.slo.objective import Objective
from asyncload.statistics.estimate import LEVEL, Share, percentiles, share
from asyncload.statistics.ranks import needed

if TYPE_CHECKING:
    from asyncload.cold import Classes
    from asyncload.result import RunResult

FEWEST_OF_A_MEAN = 30
"""Independent calls from which the mean of latencies is taken for normal."""
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)


@dataclass(frozen=True, slots=True)
class Measurement:
    """A number in the unit of an objective's limit."""

    model: str
    """Empty for all together."""
    value: float
    """NaN of nothing."""
    low: float
    high: float
    """Equal to `low` for a fact; infinite where it has no upper end."""
    doubt: str = ""
    """Why it cannot be told, if it cannot."""
    more: float = math.nan
    """By how much longer a run would likely decide, where the limit lies inside the interval, or calls are too few to
    have one; infinite for never, NaN where there is nothing to go by."""
    beyond: str = ""
    """Why it is surely above the limit, though the number itself is not known; `low` is what it is at least."""


def measure(result: "RunResult", objective: Objective) -> Iterator[Measurement]:
    """Measure all calls together, or each model that the objective selects."""
    if objective.model is None:
        yield _measured(result, objective, result.totals, None)
        return
    for index in chosen(objective.model, [model.name for model in result.models]):
        model = result.models[index]
        yield replace(_measured(result, objective, model, index), model=model.name)


def _measured(result: "RunResult", objective: Objective, model: ModelResult, index: int | None) -> Measurement:
    # Classes are worked out of all models together: only for who asks about them.
    about_classes = objective.kind is not None or objective.metric.name in {"cold_calls", "cold_rate"}
    classes = _classes(result, index) if about_classes else ""
    match objective.metric.family:
        case "duration":
            return _duration(result, objective, model, classes)
        case "share":
            return _share(result, objective, model, classes)
        case "count":
            return _count(result, objective.metric.name, model, classes)
        case "achieved":
            return _achieved(result, objective, model)


def _classes(result: "RunResult", index: int | None) -> "Classes | str":
    """The classes of a target's calls, or why they cannot be told."""
    starts = result.cold_starts
    if starts is None:
        return "this was measured by a version that did not look for cold starts"
    if starts.doubt:
        return starts.doubt
    return starts.total if index is None else starts.models[index]


# -- durations --------------------------------------------------------------------------------------------------------


def _duration(result: "RunResult", objective: Objective, model: ModelResult, classes: "Classes | str") -> Measurement:
    metric = objective.metric
    histogram = _histogram(result, objective, model, classes)
    if isinstance(histogram, str):
        return _unknown(histogram)
    if not histogram.count:
        return _unknown(f"there is no call of which {metric.view} time counts")
    endless_us = _endless_us(model, metric.view)
    if metric.q == 1:
        highest = histogram.quantile_us(1)
        return Measurement("", highest / 1e3, highest / 1e3, math.inf if highest >= endless_us else highest / 1e3)
    base = metric.view if metric.view != "corrected" else "response"
    (estimate,) = result.estimates(model, base, [metric.q or 0.5])
    effective = estimate.effective_calls * min(histogram.count / max(estimate.calls, 1), 1.0)
    if not metric.q:
        return _mean(objective, histogram, effective, math.isfinite(endless_us))
    if not _is_all(objective):
        (estimate,) = percentiles(histogram, [metric.q], [effective])
    if not estimate.supported:
        return _unsupported(objective, histogram, effective)
    high = math.inf if estimate.high_us >= endless_us else estimate.high_us / 1e3
    more = _more(metric.q, _share_within(objective, histogram), effective)
    return Measurement("", estimate.value_us / 1e3, estimate.low_us / 1e3, high, more=more)


def _is_all(objective: Objective) -> bool:
    """Whether an objective is about all calls as they were measured."""
    return objective.kind is None and objective.metric.view != "corrected"


def _histogram(
    result: "RunResult", objective: Objective, model: ModelResult, classes: "Classes | str"
) -> Histogram | str:
    """The durations that an objective is about, or why there are none."""
    view = objective.metric.view
    if objective.kind is not None:
        if isinstance(classes, str):
            return classes
        of_class: Histogram = getattr(classes, objective.kind)
        return of_class
    if view == "corrected":
        corrected = result.corrected(model)
        return "in an open loop nothing is omitted, so nothing is corrected" if corrected is None else corrected
    histogram: Histogram = getattr(model, view)
    return histogram


def _endless_us(model: ModelResult, view: str) -> float:
    """From where on durations are those of calls that were given up; infinite if none was."""
    given_up = model.outcomes[Outcome.TIMEOUT]
    if not given_up or view in {"lateness", "ttfb"}:
        return math.inf
    if view == "corrected":
        return 0.0  # the longer it would have taken, the more calls were omitted, of any length
    histogram = model.service if view == "service" else model.response
    count = histogram.count
    return histogram.quantile_us((count - min(given_up, count) + 0.5) / count) if count else math.inf


def _unsupported(objective: Objective, histogram: Histogram, effective: float) -> Measurement:
    """Too few calls for this percentile; but many that are too long are enough to say so."""
    q, count = objective.metric.q, histogram.count
    longer = round((1 - _share_within(objective, histogram)) * count)
    if effective > 0 and share(longer, count, effective).low > 1 - q:
        part = f"{100 * (1 - q):.4g} %"
        rule = f"{part} may" if wants_less(objective.op) else f"more than {part} must"
        words = f"{longer:,} of {count:,} calls took longer than {objective.limit}, and {rule}"
        return Measurement("", math.nan, _at_least_us(histogram, q, effective) / 1e3, math.inf, beyond=words)
    calls = math.ceil(needed(q) * count / effective) if effective > 0 else needed(q)
    what = "are" if objective.kind is None else f"{objective.kind} ones are"
    return _unknown(f"it needs {calls:,} calls, and there {what} {count:,}", more=calls / count)


def _at_least_us(histogram: Histogram, q: float, effective: float) -> float:
    """Above which surely too many calls are for a percentile to be below it, where any are too many."""
    count = histogram.count
    enough = bisect_right(range(count + 1), 1 - q, key=lambda part: share(part, count, effective).low)
    return histogram.quantile_us((count - enough + 0.5) / count)


def _share_within(objective: Objective, histogram: Histogram) -> float:
    """Share of the durations that are not above the limit."""
    return 1 - histogram.count_above_us(round(objective.limit.value * 1e3)) / histogram.count


def _mean(objective: Objective, histogram: Histogram, effective: float, endless: bool) -> Measurement:  # noqa: FBT001
    if effective < FEWEST_OF_A_MEAN:
        more = FEWEST_OF_A_MEAN / effective if effective > 0 else math.nan
        return _unknown(f"a mean needs {FEWEST_OF_A_MEAN} calls, and there are {histogram.count}", more=more)
    middles_us = (lowest_us(histogram.slots) + highest_us(histogram.slots)) / 2
    mean_us = histogram.mean_us()
    spread_us = math.sqrt(float(histogram.counts @ (middles_us - mean_us) ** 2) / max(histogram.count - 1, 1))
    half_us = Z * spread_us / math.sqrt(effective)
    distance_us = abs(objective.limit.value * 1e3 - mean_us)
    more = (half_us / distance_us) ** 2 if distance_us else math.inf
    high = math.inf if endless else (mean_us + half_us) / 1e3
    return Measurement("", mean_us / 1e3, (mean_us - half_us) / 1e3, high, more=more)


# -- shares, counts, rates --------------------------------------------------------------------------------------------


def _share(result: "RunResult", objective: Objective, model: ModelResult, classes: "Classes | str") -> Measurement:
    name, failures = objective.metric.name, result.failures(model)
    if not model.calls:
        return _unknown("there is no call")
    if name == "error_rate":
        return _of_share(objective, failures)
    per_call = failures.effective_calls / failures.calls
    if name != "cold_rate":
        part = model.outcomes[Outcome[name.removesuffix(RATE).upper()]]
        return _of_share(objective, share(part, model.calls, failures.effective_calls))
    if isinstance(classes, str):
        return _unknown(classes)
    if not classes.calls:
        return _unknown("there is no call of any class")
    return _of_share(objective, share(classes.cold_calls, classes.calls, classes.calls * per_call))


def _of_share(objective: Objective, found: Share) -> Measurement:
    more = _more(found.value, objective.limit.value / 100, found.effective_calls)
    # None and all are ends of their intervals, which floating point misses by a hair.
    low = 0.0 if not found.value else 100 * found.low
    high = 100.0 if found.value == 1 else 100 * found.high
    return Measurement("", 100 * found.value, low, high, more=more)


def _more(seen: float, limit: float, effective: float) -> float:
    """
    How many times as many calls would likely have a limit outside of Wilson's interval, if shares stay as they are.

    Source:
        The interval is all x with (seen - x)^2 <= z^2 x (1 - x) / n, solved for n.
    """
    distance = abs(seen - limit)
    if not distance or not effective > 0:
        return math.inf
    return Z * Z * limit * (1 - limit) / distance**2 / effective


def _count(result: "RunResult", name: str, model: ModelResult, classes: "Classes | str") -> Measurement:
    if name == "cold_calls":
        return _unknown(classes) if isinstance(classes, str) else _fact(classes.cold_calls)
    plain = {
        "calls": model.calls,
        "sent": model.sent,
        "errors": model.calls - model.ok,
        "retries": model.retries,
        "in_flight": result.health.peak_in_flight,
    }
    return _fact(plain[name] if name in plain else model.outcomes[Outcome[name.upper()]])


def _achieved(result: "RunResult", objective: Objective, model: ModelResult) -> Measurement:
    health, rates = result.health, result.rates
    if not health.measured_ns:
        return _unknown("nothing of the measured phases had passed")
    if objective.limit.unit == "/s":
        return _fact(model.sent / rates.length_s)
    if result.closed:
        return _unknown("a closed loop is asked for no rate")
    if not model.calls:
        return _unknown("there is no call")
    if health.settled_s:
        totals = result.totals
        return _fact(rates.achieved_percent * (model.sent * totals.calls / (model.calls * max(totals.sent, 1))))
    # Whole numbers up to one division: what is exactly 99 % must not come out below it.
    measured_ns, length_ns = health.measured_ns, health.measured_ns + health.send_tail_ns
    return _fact(100 * model.sent * measured_ns / (model.calls * length_ns))


def _fact(number: float) -> Measurement:
    return Measurement("", number, number, number)


def _unknown(doubt: str, more: float = math.nan) -> Measurement:
    return Measurement("", math.nan, math.nan, math.nan, doubt, more)


__all__ = ["FEWEST_OF_A_MEAN", "Measurement", "measure"]
