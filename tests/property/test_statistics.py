"""Intervals cover the truth as often as they say, on simulated runs; decision 16 has the figures of many more."""

import math
from collections import defaultdict

import numpy as np
import pytest
from numpy.typing import NDArray

from asyncload.result import RunResult
from tests.unit.seconds import flat, result, scenario, second

QUANTILES = (0.5, 0.9, 0.99)
RUNS = 60
LENGTH_S = 120


def correlated(phi: float, length: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """An AR(1) series of variance 1."""
    noise = rng.normal(size=length) * math.sqrt(1 - phi * phi)
    noise[0] = rng.normal()
    for i in range(1, length):
        noise[i] += phi * noise[i - 1]
    return noise


def latencies(
    length_s: int, phi: float, spread: float, stalls_per_s: float, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """
    Response times by second: 100 a second, lognormal about 8 ms, with a level that wanders from second to second, and
    stalls of 0.3 to 1 s that hold up all that is due meanwhile.
    """
    levels = np.exp(spread * correlated(phi, length_s, rng))
    counts = rng.poisson(100, length_s)
    due_s = np.repeat(np.arange(length_s), counts) + rng.random(counts.sum())
    times_us = 8000 * np.repeat(levels, counts) * rng.lognormal(0, 0.4, counts.sum())
    for _ in range(rng.poisson(stalls_per_s * length_s)):
        begin_s, stall_s = rng.random() * length_s, rng.uniform(0.3, 1)
        held = (due_s >= begin_s) & (due_s < begin_s + stall_s)
        times_us[held] += 1e6 * (begin_s + stall_s - due_s[held])
    return np.split(times_us.astype(np.int64), np.cumsum(counts)[:-1])


def simulated(length_s: int, phi: float, spread: float, stalls_per_s: float, rng: np.random.Generator) -> RunResult:
    rows = [second(n, us) for n, us in enumerate(latencies(length_s, phi, spread, stalls_per_s, rng))]
    return result(rows, scenario(flat(length_s)))


@pytest.mark.parametrize(
    ("phi", "spread", "stalls_per_s"), [(0.0, 0.0, 0.0), (0.5, 0.2, 0.0), (0.8, 0.1, 0.0), (0.5, 0.2, 0.05)]
)
def test_nine_in_ten_intervals_cover_the_true_percentile(phi: float, spread: float, stalls_per_s: float) -> None:
    """Of 60 runs of two minutes: of independent calls, of correlated seconds, and with stalls."""
    rng = np.random.default_rng(2)
    truth = np.quantile(np.concatenate(latencies(40_000, phi, spread, stalls_per_s, rng)), QUANTILES)
    covered: dict[float, list[bool]] = defaultdict(list)
    for _ in range(RUNS):
        of = simulated(LENGTH_S, phi, spread, stalls_per_s, rng)
        for estimate, true_us in zip(of.estimates(of.totals, "response", QUANTILES), truth, strict=True):
            if estimate.supported:
                covered[estimate.q].append(estimate.low_us * (1 - 1 / 1024) <= true_us <= estimate.high_us)
    assert len(covered[0.5]) == RUNS
    # A coverage of 92 % falls short of 85 % in 60 runs once in 20 times, and the seed does not change.
    for q, hits in covered.items():
        if len(hits) >= RUNS / 2:
            assert sum(hits) / len(hits) >= 0.85, q


def test_steady_runs_are_seldom_said_to_drift() -> None:
    """Of 100 of two minutes, half of them correlated from second to second."""
    rng = np.random.default_rng(3)
    runs = [simulated(LENGTH_S, phi, 0.1, 0.0, rng) for phi in (0.0, 0.5) for _ in range(50)]
    assert sum(run.steady.drifts for run in runs) <= 4
