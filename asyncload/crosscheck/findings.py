"""
What is compared, one finding per number: both values, their difference with its interval, what is allowed, an answer.

    AGREE         the 90 % interval of the difference lies inside what is allowed: either end is surpassed with 5 %
    DIFFER        the interval that is sure enough for seven numbers at once (98.6 %) lies outside of it
    CANNOT TELL   neither

Allowed are 5 %, for failures half a percentage point, and for latencies besides what Locust's own work adds. Of the
calls per model equality is asked, for there is no reason for any difference but chance.

Pure: values in, values out.

Source:
    Equivalence as an interval inside a margin: Schuirmann, J. Pharmacokinetics and Biopharmaceutics 15 (1987).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asyncload.crosscheck.latencies import RESOLUTION_MS
from asyncload.crosscheck.owntime import Work, own_time_ms
from asyncload.crosscheck.shares import ShareTest, against_weights, together
from asyncload.crosscheck.takes import Pair, Take, counted
from asyncload.locust.export import Client
from asyncload.statistics.intervals import Interval, mean, paired

Answer: TypeAlias = Literal["AGREE", "DIFFER", "CANNOT TELL"]

TOLERANCE: Final = 0.05
"""Of asyncload's number."""
FAILURES_POINTS: Final = 0.5
"""Percentage points."""
EFFECT: Final = 0.1
"""Of calls per model, Cohen's w."""
TRIFLE: Final = 0.01
"""An effect that is not worth a word, however sure."""
PERCENTILES: Final = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
RISK: Final = 0.05
"""Of an answer AGREE where the difference is just larger than allowed, and of any DIFFER where it is not."""
LEVEL: Final = 1 - 2 * RISK
"""Of the interval that must lie inside: each of its ends alone has the risk."""
COMPARED: Final = 3 + len(PERCENTILES)
"""Throughput, calls per model, failures, and the percentiles."""
SURE: Final = 1 - 2 * RISK / COMPARED
"""Of the interval that must lie outside, to one side of what is allowed or the other (Bonferroni)."""
FEWEST_BEYOND: Final = 10
"""Calls of each run above a percentile, for it to be compared."""
FAILED_MOST: Final = 0.01
"""Share of failed calls above which percentiles are of different calls: Locust counts failed ones among the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One number of both."""

    metric: str
    unit: str
    ours: float
    """Mean over the repeats."""
    theirs: float
    difference: float
    """Locust's less asyncload's, mean over the pairs."""
    interval: Interval
    """Of the difference, 90 %."""
    sure: Interval
    """Of the difference, sure enough for all numbers at once."""
    allowed: Interval
    answer: Answer
    why: str = ""
    """What to do where it cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsFinding:
    """Calls per model."""

    tests: tuple[ShareTest, ...]
    """asyncload and Locust, each against the weights, and against one another."""
    answer: Answer
    worst: str
    """The model whose shares are furthest apart."""
    ours: float
    """Its share of asyncload's calls."""
    theirs: float
    asked: float
    why: str = ""

    @property
    def p(self) -> float:
        """Smallest of the tests' p-values, corrected for their number."""
        return min(1.0, len(self.tests) * min(test.p for test in self.tests))


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What must be known to judge the numbers."""

    client: Client
    names: tuple[str, ...]
    """Models, in the scenario's order."""
    shares: NDArray[np.float64]
    """Of the calls that each is to have; sums to 1."""
    users: int
    """Who wait for replies, so that a generator's own time lowers its throughput; 0 if calls come on schedule."""


def compared(pairs: Sequence[Pair], under: Circumstances) -> tuple[Finding, ...]:
    """Compare throughput, failures and percentiles of at least two pairs."""
    return (
        _throughput(pairs, under),
        _failures(pairs),
        *(_percentile(pairs, under, name, q) for name, q in PERCENTILES.items()),
    )


def _throughput(pairs: Sequence[Pair], under: Circumstances) -> Finding:
    rates = _both(pairs, lambda take: take.rate_per_s)
    ours = mean(rates[0])
    slower = TOLERANCE
    if under.users and ours:
        slower += works(pairs)[0].whole_ms / (1000 * under.users / ours)
    allowed = Interval(ours / (1 + slower) - ours, TOLERANCE * ours)
    return _finding("throughput", "1/s", rates, allowed, resolution=1 / min(take.length_s for take in _takes(pairs)))


def _failures(pairs: Sequence[Pair]) -> Finding:
    allowed = Interval(-FAILURES_POINTS, FAILURES_POINTS)
    return _finding("failures", "%", _both(pairs, lambda take: 100 * take.failed_share), allowed, resolution=0.0)


def _percentile(pairs: Sequence[Pair], under: Circumstances, name: str, q: float) -> Finding:
    values = _both(pairs, lambda take: take.latencies.percentile_ms(q))
    slack = TOLERANCE * mean(values[0])
    own = own_time_ms(under.client, q, *works(pairs))
    allowed = Interval(own.low - slack, own.high + slack)
    return _finding(name, "ms", values, allowed, resolution=RESOLUTION_MS, doubt=_doubt(pairs, q))


def _doubt(pairs: Sequence[Pair], q: float) -> str:
    """Why a percentile is not compared; empty if it is."""
    failed = max(take.failed_share for take in _takes(pairs))
    if failed > FAILED_MOST:
        return f"{failed:.1%} of the calls of a run failed: Locust counts their latencies among the others"
    fewest = min(_takes(pairs), key=lambda take: take.latencies.count)
    beyond = fewest.latencies.count * (1 - q)
    if beyond < FEWEST_BEYOND - 1e-6:
        longer_s = math.ceil(fewest.length_s * FEWEST_BEYOND / max(beyond, 0.1))
        return f"it rests on {int(beyond)} calls of a run: measure {longer_s} s at least in each"
    return ""


def _finding(
    metric: str,
    unit: str,
    values: tuple[list[float], list[float]],
    allowed: Interval,
    *,
    resolution: float,
    doubt: str = "",
) -> Finding:
    differences = [theirs - ours for ours, theirs in zip(*values, strict=True)]
    interval, sure = (paired(differences, level, resolution) for level in (LEVEL, SURE))
    told: Answer = "AGREE" if interval.within(allowed) else "DIFFER" if sure.beside(allowed) else "CANNOT TELL"
    answer: Answer = "CANNOT TELL" if doubt else told
    return Finding(
        metric=metric,
        unit=unit,
        ours=mean(values[0]),
        theirs=mean(values[1]),
        difference=mean(differences),
        interval=interval,
        sure=sure,
        allowed=allowed,
        answer=answer,
        why=doubt or (_advice(differences, allowed, resolution) if answer == "CANNOT TELL" else ""),
    )


_MOST_REPEATS = 30


def _advice(differences: Sequence[float], allowed: Interval, resolution: float) -> str:
    """How many repeats, or how much longer runs, would tell, if they go on to scatter like this."""
    centre, n = mean(differences), len(differences)
    inside = min(centre - allowed.low, allowed.high - centre)
    level = LEVEL if inside > 0 else SURE
    interval = paired(differences, level, resolution)
    half = (interval.high - interval.low) / 2
    longer = (half / abs(inside)) ** 2 if inside else float("inf")
    if n * longer <= _MOST_REPEATS:
        return f"about {max(round(n * longer) + 1, n + 1)} repeats, or runs {longer:.1f} times as long, would tell"
    if inside > 0:
        return "the repeats scatter too widely: let nothing else run on this machine, or make the runs much longer"
    return "it lies at the edge of what is allowed: make the runs much longer"


def compared_models(pairs: Sequence[Pair], under: Circumstances) -> ModelsFinding:
    """Hold the calls per model against the weights and against one another."""
    unknown = sorted({name for take in _takes(pairs) for name in take.calls} - set(under.names))
    names = (*under.names, *unknown)
    shares = np.concatenate([under.shares, np.zeros(len(unknown))])
    ours, theirs = (counted(takes, names) for takes in zip(*((pair.ours, pair.theirs) for pair in pairs), strict=True))
    tests = (
        against_weights("asyncload against the weights", ours, shares),
        against_weights("Locust against the weights", theirs, shares),
        together("one against the other", ours, theirs),
    )
    known = max(float(ours.sum()), 1.0), max(float(theirs.sum()), 1.0)
    apart = np.abs(ours / known[0] - theirs / known[1]) + np.abs(theirs / known[1] - shares)
    worst = int(np.argmax(apart))
    answer, why = _models_answer(tests)
    return ModelsFinding(
        tests=tests,
        answer=answer,
        worst=names[worst],
        ours=float(ours[worst]) / known[0],
        theirs=float(theirs[worst]) / known[1],
        asked=float(shares[worst]),
        why=why,
    )


def _models_answer(tests: Sequence[ShareTest]) -> tuple[Answer, str]:
    limit = RISK / COMPARED / len(tests)
    if any(test.p < limit and test.effect > TRIFLE for test in tests):
        return "DIFFER", ""
    widest = max(test.most for test in tests[:2])  # both near the weights are near one another
    if widest <= EFFECT:
        return "AGREE", ""
    return "CANNOT TELL", f"so few calls leave room for an effect of {widest:.2g}: make the runs longer"


def _both(pairs: Sequence[Pair], number: Callable[[Take], float]) -> tuple[list[float], list[float]]:
    return [number(pair.ours) for pair in pairs], [number(pair.theirs) for pair in pairs]


def _takes(pairs: Sequence[Pair]) -> list[Take]:
    return [take for pair in pairs for take in (pair.ours, pair.theirs)]


def works(pairs: Sequence[Pair]) -> tuple[Work, Work]:
    """Return what their calls cost them: Locust, asyncload."""
    return _work([pair.theirs for pair in pairs]), _work([pair.ours for pair in pairs])


def _work(takes: Sequence[Take]) -> Work:
    return Work(
        cpu_ms=mean([take.cpu_ms for take in takes]),
        busy=mean([take.cpu_share for take in takes]),
        kept_ms=mean([take.kept_ms for take in takes]),
    )
