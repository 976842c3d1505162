"""
How often the crosscheck is right, over thousands of simulated ones at a fixed seed.

Each has five pairs of runs with some 800 calls a side: lognormal latencies, a drift that both runs of a pair share, a
scatter that they do not, and on each side the generator's own work as it was measured.
"""

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from asyncload.crosscheck.judging import judge
from asyncload.crosscheck.takes import Pair, Take, Tool
from tests.unit.crosschecks import NAMES, REPLAYED, SHARES, take

DRIFT, SCATTER = 0.02, 0.005
OWN_MS = {"asyncload": (0.05, 0.03), "Locust": (0.15, 0.12)}
"""A fixed part and the mean of an exponential one."""


def simulated(rng: np.random.Generator, median_ms: float, factor: float, weights: tuple[float, float]) -> list[Pair]:
    pairs = []
    for number in range(1, 6):
        drift = float(np.exp(rng.normal(0, DRIFT)))
        ours = run(rng, "asyncload", median_ms * drift, SHARES)
        theirs = run(rng, "Locust", median_ms * drift * factor, weights)
        pairs.append(Pair(number, ours, theirs, "asyncload" if number % 2 else "Locust"))
    return pairs


def run(rng: np.random.Generator, tool: Tool, median_ms: float, weights: tuple[float, float]) -> Take:
    count = int(rng.integers(796, 805))
    fixed_ms, mean_ms = OWN_MS[tool]
    scatter = float(np.exp(rng.normal(0, SCATTER)))
    values_ms: NDArray[np.float64] = median_ms * scatter * np.exp(rng.normal(0, 0.15, count))
    calls = dict(zip(NAMES, rng.multinomial(count, weights).tolist(), strict=True))
    return take(tool, values_ms + fixed_ms + rng.exponential(mean_ms, count), calls)


def answers(
    seed: int, count: int, median_ms: float, factor: float = 1.0, weights: tuple[float, float] = SHARES
) -> Counter[str]:
    rng = np.random.default_rng(seed)
    return Counter(judge(simulated(rng, median_ms, factor, weights), REPLAYED).answer for _ in range(count))


@pytest.mark.parametrize("median_ms", [5.0, 20.0])
def test_a_healthy_endpoint_agrees_and_hardly_ever_differs(median_ms: float) -> None:
    """Of 1,000: AGREE in at least 98 %, DIFFER in at most 1 %."""
    found = answers(1, 1000, median_ms)
    assert found["AGREE"] >= 980
    assert found["DIFFER"] <= 10


@pytest.mark.parametrize("factor", [1.1, 1 / 1.1])
def test_ten_per_cent_of_latency_differ(factor: float) -> None:
    """Of 400 with one side's endpoint of 20 ms slower by a tenth: DIFFER in at least 95 %, AGREE never."""
    found = answers(2, 400, 20.0, factor)
    assert found["DIFFER"] >= 380
    assert found["AGREE"] == 0


def test_two_to_one_instead_of_three_to_one_differs() -> None:
    """Of 400: DIFFER in all."""
    assert answers(3, 400, 20.0, weights=(2 / 3, 1 / 3)) == {"DIFFER": 400}


def test_what_is_at_the_edge_seldom_differs() -> None:
    """A difference that is just what is allowed, 5 % and Locust's own work, is called DIFFER in at most 5 %."""
    found = answers(4, 400, 20.0, 1.055)
    assert found["DIFFER"] <= 20
