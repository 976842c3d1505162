"""
Several runs of one scenario taken together: percentiles of all their calls, rates that are averaged, the worst verdict.

    Repeats ── total, models    Together *    what all runs say of one target, or of all
            ── objectives       Answers *     what each run by itself answers to an objective

Calls of one run share a warm cache, a host and an hour; those of another run do not. So the interval of a number is
that of how it changes from run to run, each left out once, and not that of so many calls. Few runs that differ much
make one that reaches beyond what a histogram can hold: it bounds nothing, and they do not support the percentile.

Source:
    Shao and Tu, The Jackknife and Bootstrap (1995), 2.3: groups that are left out one by one; Student's t with one
    degree of freedom less than there are groups.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, TypeVar

from asyncload.histogram import HIGHEST_US, Histogram, less
from asyncload.result import ModelResult, ObjectiveResult, RunResult, total
from asyncload.slo.judging import tally
from asyncload.statistics.distributions import t_quantile
from asyncload.statistics.estimate import LEVEL, Estimate
from asyncload.statistics.ranks import needed
from asyncload.verdict import Verdict

QUANTILES: Final = (0.5, 0.9, 0.99)
_Part = TypeVar("_Part", ModelResult, float)


def is_whole(result: RunResult) -> bool:
    """Whether a run reached the end of its plan, or one that a stop rule set; others were cut or interrupted."""
    return not result.health.cut and (not result.health.interrupted or bool(result.stopped))


@dataclass(frozen=True, slots=True)
class Mean:
    """A number that each run has, averaged; and the interval in which that of all such runs lies."""

    value: float
    low: float
    """NaN of a single run, which does not say how runs differ."""
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """One target, or all, in all runs."""

    model: ModelResult
    """Counts and histograms added up."""
    parts: tuple[ModelResult, ...]
    """What each run says, in their order."""
    response: tuple[Estimate, ...]
    """One of each of QUANTILES; not supported by too few calls of all, or too few runs for how much they differ."""
    error_rate: Mean
    """Share of calls that did not end OK, from 0 to 1: of all calls, not a mean of shares."""
    rate_per_s: Mean
    """Calls sent per second, as each run achieved it."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What each run answers to one objective, by itself."""

    runs: tuple[str, ...]
    """What each is called."""
    each: tuple[ObjectiveResult, ...]
    """In the order of the runs; at least one."""

    @property
    def worst(self) -> int:
        """The place of the run whose answer is the worst, the first of equals."""
        return max(range(len(self.each)), key=lambda place: self.each[place].badness)

    @property
    def told(self) -> ObjectiveResult:
        """The answer of the worst run; in its words, which that is, and how many runs answer so."""
        worst = self.each[self.worst]
        if len(self.each) == 1:
            return worst
        counted = tally([one.answer for one in self.each], "runs")
        return replace(worst, why=f"{counted}: run {self.runs[self.worst]}: {worst.why}")


@dataclass(frozen=True)
class Repeats:
    """Runs of one scenario."""

    results: tuple[RunResult, ...]
    """At least one."""
    names: tuple[str, ...] = ()
    """What each is called, such as "03" where the second was left out; empty for their numbers."""

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.results[0].name

    @cached_property
    def verdict(self) -> Verdict:
        """The worst of all: INVALID if any run is, with every reason and warning and how many runs have it."""
        verdicts = [result.verdict for result in self.results]
        return Verdict(
            all(verdict.valid for verdict in verdicts),
            self._counted([verdict.reasons for verdict in verdicts]),
            self._counted([verdict.warnings for verdict in verdicts]),
        )

    @cached_property
    def objectives(self) -> tuple[Answers, ...]:
        """Answers to each objective that the runs have, in the order of the first."""
        found: dict[str, list[tuple[str, ObjectiveResult]]] = {}
        for name, result in zip(self._names, self.results, strict=True):
            for one in {each.text: each for each in result.objectives}.values():
                found.setdefault(one.text, []).append((name, one))
        return tuple(Answers(tuple(name for name, _ in each), tuple(one for _, one in each)) for each in found.values())

    @cached_property
    def total(self) -> Together:
        """All targets together."""
        return self._together([result.totals for result in self.results], "total")

    @cached_property
    def models(self) -> tuple[Together, ...]:
        """Targets that all runs have, in the order of the first."""
        by_name = [{model.name: model for model in result.models} for result in self.results]
        shared = [name for name in by_name[0] if all(name in models for models in by_name)]
        return tuple(self._together([models[name] for models in by_name], name) for name in shared)

    def _together(self, parts: Sequence[ModelResult], name: str) -> Together:
        everything = total(name, parts)
        lengths_s = [each.rates.length_s for each in self.results]
        rates = [part.sent / length for part, length in zip(parts, lengths_s, strict=True) if length]
        return Together(
            model=everything,
            parts=tuple(parts),
            response=tuple(self._estimate(parts, everything.response, q) for q in QUANTILES),
            error_rate=_left_out(list(parts), _error_rate, most=1.0),
            rate_per_s=_left_out(rates, _mean),
        )

    def _estimate(self, parts: Sequence[ModelResult], whole: Histogram, q: float) -> Estimate:
        """A percentile of all calls; its interval on the log scale, for it cannot be negative."""
        each = zip(self.results, parts, strict=True)
        effective = math.fsum(result.estimates(part, "response", [q])[0].effective_calls for result, part in each)
        found = Estimate(q, whole.quantile_us(q), math.nan, math.nan, whole.count, effective)
        responses = [part.response for part in parts if part.response.count]
        if effective < needed(q) or len(responses) < 2:
            return found
        others = [math.log(max(less(whole, one).quantile_us(q), 1.0)) for one in responses]
        half = _half(others)
        low_us, high_us = found.value_us * math.exp(-half), found.value_us * math.exp(half)
        return replace(found, low_us=low_us, high_us=high_us) if low_us >= 1 and high_us <= HIGHEST_US else found

    def _counted(self, several: Sequence[Sequence[str]]) -> tuple[str, ...]:
        """Words of all runs, each once, with the name of the run that says so."""
        if len(self.results) == 1:
            return tuple(several[0])
        pairs = zip(self._names, several, strict=True)
        return tuple(f"run {name}: {words}" for name, each in pairs for words in each)

    @property
    def _names(self) -> tuple[str, ...]:
        return self.names or tuple(str(number) for number in range(1, len(self.results) + 1))


def _error_rate(parts: Sequence[ModelResult]) -> float:
    calls = sum(part.calls for part in parts)
    return 1 - sum(part.ok for part in parts) / calls if calls else math.nan


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def _left_out(parts: list[_Part], number: Callable[[Sequence[_Part]], float], *, most: float = math.inf) -> Mean:
    """A number of all parts, from 0 to `most`, and how far it moves as each part is left out."""
    value = number(parts)
    others = [number(parts[:place] + parts[place + 1 :]) for place in range(len(parts))]
    if len(parts) < 2 or any(map(math.isnan, others)):
        return Mean(value, math.nan, math.nan)
    half = _half(others)
    return Mean(value, max(value - half, 0.0), min(value + half, most))


def _half(others: Sequence[float]) -> float:
    """Half of an interval, from the numbers with each part left out."""
    n = len(others)
    centre = math.fsum(others) / n
    error = math.sqrt((n - 1) / n * math.fsum((other - centre) ** 2 for other in others))
    return t_quantile((1 + LEVEL) / 2, n - 1) * error
