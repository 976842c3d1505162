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

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import msgspec

from asyncload import document
from asyncload.balance import LittlesLaw, Reconciliation, littles_law, reconcile
from asyncload.call import Outcome
from asyncload.closed import ClosedPhase, closed_phases, expected_interval_us
from asyncload.cold import Classes, ColdStarts, tell_apart
from asyncload.course import Course, Recorded
from asyncload.document import SCHEMA, percentiles_ms
from asyncload.effects import Effects
from asyncload.errors import StoreError
from asyncload.histogram import Histogram
from asyncload.measured import WARMUP, Health, ModelResult, SecondResult, Signs, total
from asyncload.omission import corrected
from asyncload.rates import Rates, rates
from asyncload.slo.answers import ObjectiveResult
from asyncload.slo.judging import judged
from asyncload.spans import Stretch, stretches
from asyncload.statistics.batches import Effect
from asyncload.statistics.estimate import Estimate, Share, percentiles, share
from asyncload.steadiness import Steady, steadiness
from asyncload.verdict import Evidence, Verdict, judge

__all__ = [
    "SCHEMA",
    "WARMUP",
    "Classes",
    "ColdStarts",
    "Health",
    "ModelResult",
    "ObjectiveResult",
    "RunResult",
    "SecondResult",
    "Signs",
    "percentiles_ms",
    "total",
]

_ALONE = "one user called at a time, so nobody could overtake a slow call, which may have met a load or a stall"


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
    served: int | None = field(default=None, kw_only=True, compare=False)
    """What the target says that it served, if somebody asked it; not stored."""

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

    @cached_property
    def cold_starts(self) -> ColdStarts | None:
        """The calls of the measured phases by how they found their model; None if an older version measured them."""
        alone = self.closed and max(crowd.users for crowd in self.crowds) <= self.health.ranks
        return tell_apart(self.models, _ALONE if alone else "")

    @cached_property
    def crowds(self) -> tuple[ClosedPhase, ...]:
        """The measured phases of a closed loop, in which arrivals waited for replies; none of an open one."""
        return closed_phases(self.scenario)

    @property
    def closed(self) -> bool:
        """Whether arrivals waited for replies."""
        return bool(self.crowds)

    @cached_property
    def expected_interval_us(self) -> float:
        """Time from one call of a user to its next as a rule, what the corrected view rests on; NaN of an open loop."""
        return expected_interval_us(self.crowds, self.totals.service.quantile_us(0.5))

    def corrected(self, model: ModelResult) -> Histogram | None:
        """
        Response times of a target's calls and of those that its users would have made while they waited for too long.

        Args:
            model: One of this result's, or several of them together.

        Returns:
            None of an open loop, in which nobody waits; an empty histogram if there is nothing to go by.
        """
        if not self.closed or math.isnan(self.expected_interval_us):
            return Histogram.empty() if self.closed else None
        usual_us = self.totals.service.quantile_us(0.5)
        return corrected(model.response, max(round(self.expected_interval_us), 1), max(round(usual_us), 1))

    def estimates(self, model: ModelResult, metric: str, quantiles: Sequence[float]) -> tuple[Estimate, ...]:
        """
        Percentiles of a target's durations, each with its interval.

        How far calls are from being independent is taken from the seconds of all targets together, of lateness its
        own and of the others those of response.

        Args:
            model: One of this result's, or several of them together.
            metric: "response", "service", "lateness" or "ttfb".
            quantiles: In (0, 1).
        """
        histogram: Histogram = getattr(model, metric)
        effects = self._effects["lateness" if metric == "lateness" else "response"]
        return percentiles(histogram, quantiles, [effects.at(q).effective(histogram.count) for q in quantiles])

    def failures(self, model: ModelResult) -> Share:
        """Share of a target's calls that did not end OK, dropped ones included, with its interval."""
        effective = self._effects["response"].failures.effective(model.calls)
        return share(model.calls - model.ok, model.calls, effective)

    def effect(self, q: float) -> Effect:
        """How far the calls up to a quantile of response are from being independent, of all targets together."""
        return self._effects["response"].at(q)

    @cached_property
    def steady(self) -> Steady:
        """Whether one state was measured: what `warmup: auto` cut, and whether latency drifts behind it."""
        return steadiness(self.scenario, self.health, self._courses["response"], self._stretches)

    @cached_property
    def reconciliation(self) -> Reconciliation | None:
        """What became of every arrival, warm-up included; None if the seconds do not say what was planned."""
        everything = total("everything", [self.totals, self.warmup])
        return reconcile(self.seconds, everything, self.health, self.served)

    @cached_property
    def littles_law(self) -> LittlesLaw | None:
        """Calls in flight against rate times response; None of fewer than ten seconds."""
        return littles_law(self._courses["response"], self._courses["lateness"], self.health.ranks)

    def with_served(self, served: int) -> "RunResult":
        """Return the same result, held against how many calls the target says that it served."""
        return replace(self, served=served)

    @cached_property
    def _stretches(self) -> tuple[Stretch, ...]:
        return stretches(self.scenario, self.health)

    @cached_property
    def _courses(self) -> dict[Recorded, Course]:
        metrics: tuple[Recorded, ...] = ("response", "lateness")
        return {metric: Course(self.seconds, self._stretches, metric) for metric in metrics}

    @cached_property
    def _effects(self) -> dict[Recorded, Effects]:
        return {metric: Effects(course, self._stretches) for metric, course in self._courses.items()}

    @property
    def asked_per_s(self) -> float:
        """
        Arrivals of the measured phases over their length; 0 before any of it has passed. NaN of a closed loop: what is
        asked there is a number of users.
        """
        return math.nan if self.closed else self.rates.asked_per_s

    @property
    def achieved_per_s(self) -> float:
        """Calls sent in the measured phases, over their length and what was needed beyond it."""
        return self.rates.achieved_per_s

    @cached_property
    def rates(self) -> Rates:
        """What was asked for and achieved, and the length that the rates of targets are over."""
        return rates(self.totals, self.health, self.seconds, self._stretches)

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the numbers may be believed, and why not."""
        health, everything = self.health, self.totals
        steady, balance, little = self.steady, self.reconciliation, self.littles_law
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
                stopped=health.stopped,
                closed=self.closed,
                drift=steady.drift,
                unsettled="" if steady.settled else steady.warmup,
                little=little.why if little else "",
                unbalanced=balance.why if balance and not balance.balanced else "",
            )
        )

    @cached_property
    def objectives(self) -> tuple[ObjectiveResult, ...]:
        """The answer to each objective of the scenario, in its order."""
        return judged(self, self.scenario.get("slo", ()))

    @property
    def stopped(self) -> str:
        """The stop rule that ended the run early, when, and on which values; empty if none did."""
        return self.health.stopped

    def judged_by(self, slo: Sequence[str]) -> "RunResult":
        """Return this result with other objectives than those that the run had."""
        return replace(self, scenario={**self.scenario, "slo": list(slo)})

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
        return msgspec.json.format(msgspec.json.encode(document.write(self)), indent=1)

    @classmethod
    def from_json(cls, data: bytes) -> "RunResult":
        """
        Read what `to_json` wrote.

        Raises:
            StoreError: If it is not such a result, or of a newer schema.
        """
        try:
            found = msgspec.json.decode(data)
            if found["schema"] != SCHEMA:
                raise StoreError(
                    f"the result has the schema {found['schema']!r}, this version of asyncload reads {SCHEMA!r}; "
                    "read it with the version that wrote it"
                )
            result = cls(*document.read(found))
            stretches(result.scenario, result.health)  # told here, once, rather than by whoever asks for a number
            return result  # noqa: TRY300  # what is wrong with either is told in the same words
        except KeyError as error:
            raise StoreError(f"not a result of asyncload: it has no `{error.args[0]}`") from error
        except (
            msgspec.MsgspecError,
            ArithmeticError,
            AttributeError,
            LookupError,
            RecursionError,
            TypeError,
            ValueError,
        ) as error:
            raise StoreError(f"not a result of asyncload: {error}") from error


def _canonical(scenario: Mapping[str, Any]) -> bytes:
    """Order of scenarios that does not depend on the order of their keys."""
    return msgspec.json.encode(scenario, order="deterministic")
