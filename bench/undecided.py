"""
Objectives: how often each of the three answers is given, and how often a bare comparison would be wrong.

    python -m bench.undecided

Runs of a minute on paper, from fixed seeds, so the figures are the same on every machine. Response times are lognormal
with sigma 0.4, calls fail at random, and all are independent of each other, which a result has to find out. The true
number lies below or above the limit by a known part of it. `bare` passes what was measured to be below the limit.
"""

import math
from collections import Counter
from collections.abc import Iterator
from statistics import NormalDist

import numpy as np

from asyncload.call import Outcome
from asyncload.histogram import Histogram, merge
from asyncload.measured import SecondResult
from asyncload.result import Health, ModelResult, RunResult, total
from bench.rows import Detail, show

OBJECTIVES = ("p99 < 250ms", "error_rate < 1%")
CALLS = (400, 1_000, 4_000, 16_000, 64_000)
DISTANCES = (-0.20, -0.05, 0.0, 0.05, 0.20)
"""True number over the limit, less 1."""
_RUNS = 400
_SIGMA = 0.4
_LIMIT_US = 250_000
_LIMIT_SHARE = 0.01
_LENGTH_S = 60
_S = 1_000_000_000
_HEADINGS = ("objective", "truth against limit", "calls", "MET", "UNDECIDED", "MISSED", "bare passes")


def run(calls: int, distance: float, rng: np.random.Generator) -> RunResult:
    """Draw one run whose p99 and error rate lie off their limits by `distance`."""
    median_us = _LIMIT_US * (1 + distance) / math.exp(_SIGMA * NormalDist().inv_cdf(0.99))
    rows = [_second(number, calls, median_us, distance, rng) for number in range(_LENGTH_S)]
    outcomes = tuple(sum(row.outcomes[outcome] for row in rows) for outcome in Outcome)
    times = merge([row.response for row in rows])
    model = ModelResult("a", outcomes, 0, times, times, Histogram.empty(), times)
    phases = [{"law": "constant", "rate": calls / _LENGTH_S, "for": _LENGTH_S}]
    health = Health(0, _LENGTH_S * _S, _LENGTH_S * _S, 0)
    return RunResult({"slo": OBJECTIVES, "phases": phases}, "", (model,), total("warm-up", ()), tuple(rows), health)


def _second(number: int, calls: int, median_us: float, distance: float, rng: np.random.Generator) -> SecondResult:
    """Draw one of a run's seconds; they have equally many calls, as far as these can be divided."""
    mine = calls * (number + 1) // _LENGTH_S - calls * number // _LENGTH_S
    failed = int(rng.binomial(mine, _LIMIT_SHARE * (1 + distance)))
    times = Histogram.of_us(rng.lognormal(math.log(median_us), _SIGMA, mine - failed).astype(np.int64))
    outcomes = [0] * len(Outcome)
    outcomes[Outcome.OK], outcomes[Outcome.MODEL_ERROR] = mine - failed, failed
    return SecondResult(number, mine, mine, 0, tuple(outcomes), times, Histogram.empty())


def answers(calls: int, distance: float, runs: int = _RUNS) -> dict[str, Counter[str]]:
    """How often each answer is given to each objective, and how often `bare` passes it."""
    rng = np.random.default_rng(22)
    found: dict[str, Counter[str]] = {objective: Counter() for objective in OBJECTIVES}
    for _ in range(runs):
        drawn = run(calls, distance, rng)
        for told in drawn.objectives:
            found[told.text][told.answer] += 1
        model = drawn.totals
        found[OBJECTIVES[0]]["bare"] += model.response.quantile_us(0.99) < _LIMIT_US
        found[OBJECTIVES[1]]["bare"] += model.calls - model.ok < _LIMIT_SHARE * model.calls
    return found


def cells() -> Iterator[list[str]]:
    """One row of text per objective, distance and number of calls."""
    for distance in DISTANCES:
        for calls in CALLS:
            for objective, found in answers(calls, distance).items():
                shares = (f"{found[word] / _RUNS:.1%}" for word in ("MET", "UNDECIDED", "MISSED", "bare"))
                yield [objective, f"{distance:+.0%}", f"{calls:,}", *shares]


if __name__ == "__main__":
    show(Detail(f"Answers to objectives, {_RUNS} runs each", _HEADINGS, sorted(cells(), reverse=True)))
