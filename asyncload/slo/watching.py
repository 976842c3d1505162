"""
Stop rules, held against each second of a run under way.

A rule that selects models watches each of them by itself. A second in which there is nothing to go by, such as an error
rate of no calls, neither confirms nor breaks a row of seconds; nor does one of a warm-up, which is not shown to them.
Values of all models are worked out at once, by the operations of a vector: a thousand models take half a millisecond.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from asyncload.call import Outcome
from asyncload.histogram import Int64s, highest_us, lowest_us
from asyncload.measured import SecondResult
from asyncload.record import METRICS, Second
from asyncload.slo.checking import chosen
from asyncload.slo.judging import number
from asyncload.slo.metrics import RATE
from asyncload.slo.objective import Objective, StopRule

Float64s = NDArray[np.float64]
_VALUES_SAID = 5


@dataclass(frozen=True, slots=True)
class Moment:
    """One second that has ended, in a measured phase."""

    row: SecondResult
    second: Second
    rate_per_s: float
    """What the plan asks of this rank in the second's middle; NaN in a closed loop."""


class StopWatch:
    """The rules of one run."""

    def __init__(self, rules: Sequence[StopRule], names: Sequence[str]) -> None:
        """
        Args:
            rules: At least one.
            names: Labels of the targets.
        """
        self._watches = [_Watch(rule, _selected(rule, names)) for rule in rules]
        self._names = names

    def look(self, moment: Moment) -> Iterator[str]:
        """
        Hold one rule after the other against a second.

        Yields:
            For each, once it has been true for long enough, the rule, when, and on which values; else an empty text.
        """
        for watch in self._watches:
            place = watch.look(moment)
            if place is None:
                yield ""
                continue
            of = "" if watch.models is None else f" of {self._names[watch.models[place]]}"
            yield f"{watch.rule}: in second {moment.row.second}{of}, after {watch.last_values(place)}"


def _selected(rule: StopRule, names: Sequence[str]) -> Int64s | None:
    return None if rule.when.model is None else np.array(chosen(rule.when.model, names), np.int64)


@dataclass(slots=True)
class _Watch:
    """One rule, and for how many seconds it has been true: of each model, or of all together as of one."""

    rule: StopRule
    models: Int64s | None
    row: Int64s = field(init=False)
    values: deque[Float64s] = field(default_factory=lambda: deque(maxlen=_VALUES_SAID))

    def __post_init__(self) -> None:
        self.row = np.zeros(1 if self.models is None else self.models.size, np.int64)

    def look(self, moment: Moment) -> int | None:
        """Go on by a second; return the place of what has been true for long enough."""
        when = self.rule.when
        values = (
            np.array([_overall(when, moment)]) if self.models is None else _by_model(when, moment.second, self.models)
        )
        self.values.append(values)
        known = ~np.isnan(values)
        true = known & np.array([when.holds(value) for value in values.tolist()], bool)
        self.row[known & ~true] = 0
        self.row[true] += 1
        over = np.flatnonzero(true & (self.row >= self.rule.seconds))
        return int(over[0]) if over.size else None

    def last_values(self, place: int) -> str:
        """Return the last values in words."""
        unit = self.rule.when.limit.unit
        shown = [number(values[place]) for values in self.values if not math.isnan(values[place])]
        return ", ".join(shown) + {"calls": "", "/s": "/s"}.get(unit, f" {unit}")


def _overall(when: Objective, moment: Moment) -> float:
    """The value of one second, all models and the warm-up's last replies together; NaN of nothing."""
    metric, row = when.metric, moment.row
    match metric.family:
        case "duration":
            known = {"response": row.response, "lateness": row.lateness}
            overall = known.get(metric.view) or moment.second.overall(METRICS.index(metric.view))
            return (overall.quantile_us(metric.q) if metric.q else overall.mean_us()) / 1e3
        case "achieved":
            if when.limit.unit == "/s":
                return float(row.sent)
            return 100 * row.sent / moment.rate_per_s if moment.rate_per_s > 0 else math.nan
    plain = {"in_flight": row.in_flight, "sent": row.sent, "retries": int(moment.second.retries.sum())}
    if metric.name in plain:
        return float(plain[metric.name])
    return float(_counted(metric.name, np.array([row.outcomes]))[0])


def _by_model(when: Objective, second: Second, models: Int64s) -> Float64s:
    metric = when.metric
    if metric.family == "duration":
        return _durations(second, METRICS.index(metric.view), metric.q)[models] / 1e3
    if metric.name == "retries":
        return second.retries[models].astype(np.float64)
    return _counted(metric.name, second.outcomes[models])


def _counted(name: str, outcomes: Int64s) -> Float64s:
    """Counts, or shares in %, of rows of outcomes."""
    calls = outcomes.sum(axis=1)
    counts = {"calls": calls, "errors": calls - outcomes[:, Outcome.OK], "error": calls - outcomes[:, Outcome.OK]}
    base = name.removesuffix(RATE)
    part = counts[base] if base in counts else outcomes[:, Outcome[base.upper()]]
    if not name.endswith(RATE):
        return part.astype(np.float64)
    shares = np.full(calls.size, np.nan)
    np.divide(100.0 * part, calls, out=shares, where=calls > 0)
    return shares


def _durations(second: Second, metric: int, q: float) -> Float64s:
    """
    A percentile, or for q = 0 the mean, of each model's durations in a second.

    Shape:
        float64[models + 1], us; NaN of no calls.
    """
    groups, slots = second.groups()
    mine = groups % len(METRICS) == metric
    models, slots, counts = groups[mine] // len(METRICS), slots[mine], second.counts[mine]
    found = np.full(second.outcomes.shape[0], np.nan)
    if not models.size:
        return found
    first = np.flatnonzero(np.concatenate([[True], models[1:] != models[:-1]]))
    totals = np.add.reduceat(counts, first)
    if q:
        through = np.cumsum(counts)
        ranks = np.clip(np.ceil(q * totals * (1 - 1e-15)), 1, totals)
        before = through[first] - counts[first]
        found[models[first]] = highest_us(slots[np.searchsorted(through, before + ranks)])
    else:
        middles = (lowest_us(slots) + highest_us(slots)) / 2
        found[models[first]] = np.add.reduceat(middles * counts, first) / totals
    return found
