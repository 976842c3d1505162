"""
Differences as values: what differs, by how much, how surely, and what a reader must know first.

    Differences
    ├── a, b            Side                what was compared
    ├── total           Difference *        all models together, one per metric
    ├── models          ModelDifferences *  likewise for each model that both sides have
    └── conditions      Judged *            what --fail-if asked
"""

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Metric: TypeAlias = Literal["p50", "p90", "p99", "error_rate", "throughput"]

METRICS: Final[tuple[Metric, ...]] = ("p50", "p90", "p99", "error_rate", "throughput")
QUANTILES: Final[dict[Metric, float]] = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
"""Of the response time: from when a call was due to its last byte."""
LEVEL: Final = 0.95
"""At which no difference at all is called sure that is none, all comparisons together."""
POINT: Final = 0.1
"""As what relative difference a percentage point of failed calls counts where differences are put in order."""


LEAST, MOST, MOST_POINTS = -0.5, 1.0, 0.5
"""An interval with 0 in it that reaches below half of A's number or beyond twice as much, or farther than 50 points of
failed calls, does not tell whether there is a difference: hardly any that somebody would look for is ruled out."""


def vague(metric: Metric, low: float, high: float) -> str:
    """Say why an interval with 0 in it tells nothing; empty if it tells something."""
    few = "too few calls, seconds or runs to rule out"
    if metric == "error_rate":
        return f"{few} {100 * MOST_POINTS:g} points" if low < -MOST_POINTS or high > MOST_POINTS else ""
    return f"{few} half or twice as much" if low < LEAST or high > MOST else ""


def change(metric: Metric, a: float, b: float) -> float:
    """What a number of B differs by from that of A: a part of it, of failed calls the points; NaN of nothing."""
    return b - a if metric == "error_rate" else b / a - 1 if a else math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two: a run, or several of one scenario."""

    label: str
    """"A" or "B"."""
    sources: tuple[str, ...]
    """What was read, one for each run; empty if nothing was."""
    runs: int
    calls: int
    """In the measured phases."""
    seconds: float
    """Of the measured phases, all runs together."""
    block_s: float
    """Length of the blocks of seconds that were drawn together for the total."""
    invalid: tuple[str, ...]
    """Why its numbers must not be believed; empty if all runs are VALID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """
    How one number of B differs from that of A.

    Latencies and throughput differ by a part of A's number, 0.31 for 31 % more; shares of failed calls by what lies
    between them, 0.012 for 1.2 percentage points.
    """

    model: str
    """Empty for all models together."""
    metric: Metric
    a: float
    """Of latencies in us, of failed calls a share, of throughput per second; NaN of nothing."""
    b: float
    value: float
    """The difference; NaN if either is missing, or a part of nothing."""
    low: float
    """Its interval, as wide as the correction for all comparisons makes it; NaN if there is none."""
    high: float
    alone_low: float
    """Its interval at 95 % if it were the only comparison."""
    alone_high: float
    p: float
    """How often chance alone makes a difference as large, if this were the only comparison; NaN without interval."""
    p_holm: float
    """Likewise any as large as this, corrected for all comparisons (Holm)."""
    why: str
    """Why it cannot be told, as one that has no interval, or too wide a one; empty if it can."""

    @property
    def told(self) -> bool:
        """Whether the runs support this comparison."""
        return not self.why

    @property
    def sure(self) -> bool:
        """Whether there is a difference, all comparisons considered; the interval does not reach 0 then."""
        return self.told and self.p_holm <= 1 - LEVEL

    @property
    def worse(self) -> bool:
        """Whether B is the worse one: slower, with more failures, or with less throughput."""
        return (self.value < 0) == (self.metric == "throughput") and self.value != 0

    @property
    def size(self) -> float:
        """How large the difference is at least, on a scale on which twice is as far as half; 0 if it may be none."""
        if not self.sure:
            return 0.0
        nearest = min(abs(self.low), abs(self.high)) * math.copysign(1, self.value)
        return abs(nearest) / 0.01 * POINT if self.metric == "error_rate" else abs(math.log1p(max(nearest, -1 + 1e-12)))


@dataclass(frozen=True, slots=True)
class ModelDifferences:
    """The differences of one model."""

    name: str
    differences: tuple[Difference, ...]
    """One per metric, in the order of METRICS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of a condition that should fail a comparison."""

    text: str
    """As it was written."""
    answer: Literal["failed", "passed", "undecided"]
    """Undecided if anything it asks for cannot be told, and nothing else fails it."""
    why: str
    """One sentence, whichever way it went."""

    @property
    def failed(self) -> bool:
        """Whether the change is sure."""
        return self.answer == "failed"

    @property
    def undecided(self) -> bool:
        """Whether the runs do not tell."""
        return self.answer == "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """Everything that two sides differ in."""

    a: Side
    b: Side
    notes: tuple[str, ...]
    """What must be known before any number is read: INVALID runs first, then plans, rates and what is missing."""
    total: tuple[Difference, ...]
    """One per metric, in the order of METRICS."""
    models: tuple[ModelDifferences, ...]
    """In the order of A; empty if only the total can be compared."""
    only_a: tuple[str, ...]
    """Models that B does not have."""
    only_b: tuple[str, ...]
    comparisons: int
    """How many were made, for which all are corrected."""
    conditions: tuple[Judged, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether any condition says that the comparison failed."""
        return any(condition.failed for condition in self.conditions)

    @property
    def undecided(self) -> bool:
        """Whether any condition could not be told."""
        return any(condition.undecided for condition in self.conditions)

    @property
    def every(self) -> tuple[Difference, ...]:
        """All differences: those of the total, then those of the models."""
        return (*self.total, *(one for model in self.models for one in model.differences))

    @property
    def ranked(self) -> tuple[Difference, ...]:
        """Those that are sure, the largest first, by how large they are at least."""
        return tuple(sorted((one for one in self.every if one.sure), key=lambda one: -one.size))
