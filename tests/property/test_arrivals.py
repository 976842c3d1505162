"""arrivals and curve: what makes a Poisson stream Poisson, held by statistics; what must always hold, by Hypothesis."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from asyncload.arrivals import due_times, positions
from asyncload.curve import rate_curve
from asyncload.scenario import (
    Arrivals,
    Curve,
    Law,
    Points,
    Ramp,
    Sine,
    SineWave,
    Spike,
    SpikeShape,
    Steps,
)
from tests.property import strategies as any_

S = 1_000_000_000
Cdf = Callable[[float], float]


def phase(law: Law, rate: Curve = 1.0, length_s: float = 1.0, burstiness: float = 1.0, jitter: float = 1.0) -> Arrivals:
    return Arrivals(law=law, rate=rate, length_ns=round(length_s * S), burstiness=burstiness, jitter=jitter)


def due(value: Arrivals, seed: int, block: int = 65_536) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(0, dtype=np.int64), *due_times(value, seed, 0, block)])


def unit_positions(value: Arrivals, seed: int, count: int) -> NDArray[np.float64]:
    parts: list[NDArray[np.float64]] = []
    for part in positions(value, seed, 0):
        parts.append(part)
        if sum(map(len, parts)) >= count:
            break
    return np.concatenate(parts)[:count]


def kolmogorov(sample: NDArray[np.float64], cdf: Cdf, least: float = -math.inf) -> float:
    """sqrt(n) * D over x > least; beyond 1.95 with probability 0.001 if the sample follows the law."""
    x = np.sort(sample)
    ranks = np.arange(x.size)[x > least]
    right = np.array([cdf(value) for value in x[ranks].tolist()])
    above, below = (ranks + 1) / x.size - right, right - ranks / x.size
    return float(max(above.max(), below.max())) * math.sqrt(x.size)


def gamma_cdf(shape: float) -> Cdf:
    """Regularised lower incomplete gamma function, by its series: Abramowitz and Stegun (1964), 6.5.29."""

    def at(x: float) -> float:
        if x <= 0.0:
            return 0.0
        term = total = 1.0 / shape
        k = shape
        while term > total * 1e-14:
            k += 1.0
            term *= x / k
            total += term
        return total * math.exp(shape * math.log(x) - x - math.lgamma(shape))

    return at


# -- the laws, each at seeds fixed once -------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_poisson_gaps_are_exponential(seed: int) -> None:
    gaps = np.diff(unit_positions(phase("poisson"), seed, 20_001))
    assert kolmogorov(gaps, lambda x: 1 - math.exp(-x)) < 1.95


@pytest.mark.parametrize("burstiness", [0.1, 0.5, 1.0, 2.5, 20.0])
@pytest.mark.parametrize("seed", range(2))
def test_gamma_gaps_are_gamma(seed: int, burstiness: float) -> None:
    gaps = np.diff(unit_positions(phase("gamma", burstiness=burstiness), seed, 10_001))
    # Of the gaps with burstiness 0.1, 4 % are below 1e-13 of the mean, which differences of positions do not resolve.
    assert kolmogorov(gaps * burstiness, gamma_cdf(burstiness), least=1e-9) < 1.95


@pytest.mark.parametrize("seed", range(3))
def test_jitter_is_uniform_in_its_slot(seed: int) -> None:
    offsets = unit_positions(phase("uniform", jitter=0.4), seed, 10_000) - np.arange(10_000)
    assert kolmogorov(offsets / 0.4, lambda x: min(max(x, 0.0), 1.0)) < 1.95


@pytest.mark.parametrize(
    ("value", "dispersion"),
    [
        (phase("constant"), 0.0),
        (phase("uniform"), 0.0),
        (phase("poisson"), 1.0),
        (phase("gamma", burstiness=0.2), 5.0),
        (phase("gamma", burstiness=1.0), 1.0),
        (phase("gamma", burstiness=5.0), 0.2),
    ],
)
@pytest.mark.parametrize("seed", range(2))
def test_dispersion_of_counts(seed: int, value: Arrivals, dispersion: float) -> None:
    """Variance over mean of the counts in 2,000 windows of 100 mean gaps; a smeared schedule shows here first."""
    arrivals = unit_positions(value, seed, 230_000)
    counts = np.histogram(arrivals, bins=np.arange(2001) * 100.0)[0]
    assert counts.var() / counts.mean() == pytest.approx(dispersion, rel=0.13, abs=0.01)


@pytest.mark.parametrize("lag", [1, 2, 7])
@pytest.mark.parametrize("value", [phase("poisson"), phase("gamma", burstiness=0.3), phase("gamma", burstiness=4.0)])
def test_gaps_know_nothing_of_each_other(value: Arrivals, lag: int) -> None:
    """A schedule that repeats its gaps, or shares them between workers, fails here."""
    gaps = np.diff(unit_positions(value, 11, 100_001))
    assert abs(np.corrcoef(gaps[:-lag], gaps[lag:])[0, 1]) < 4 / math.sqrt(gaps.size)


@pytest.mark.parametrize("value", [phase("poisson", 20, 1), phase("gamma", 20, 1, burstiness=0.1)])
def test_mean_count_is_the_expected_count(value: Arrivals) -> None:
    """Over 1,000 seeds. A bursty law that began with an arrival would hold 4.5 too many: (1 / burstiness - 1) / 2."""
    counts = np.array([due(value, seed, 64).size for seed in range(1000)])
    assert abs(counts.mean() - 20) < 4 * counts.std() / math.sqrt(counts.size)


# -- the curves -------------------------------------------------------------------------------------------------------

CURVES: list[tuple[Curve, Callable[[float], float]]] = [
    (500.0, lambda _: 500.0),
    (Ramp(from_per_s=0.0, to_per_s=1000.0), lambda t: 100.0 * t),
    (Ramp(from_per_s=900.0, to_per_s=100.0), lambda t: 900.0 - 80.0 * t),
    (Steps(steps=(100.0, 0.0, 800.0, 300.0)), lambda t: (100.0, 0.0, 800.0, 300.0)[min(int(t / 2.5), 3)]),
    (
        Sine(sine=SineWave(mean_per_s=500.0, amplitude_per_s=500.0, period_ns=3 * S)),
        lambda t: 500.0 + 500.0 * math.sin(2 * math.pi * t / 3),
    ),
    (
        Points(points=((2 * S, 100.0), (6 * S, 900.0), (6 * S, 0.0), (8 * S, 400.0))),
        lambda t: 100.0 if t < 2 else 200.0 * t - 300.0 if t < 6 else 200.0 * (t - 6) if t < 8 else 400.0,
    ),
    (
        Spike(spike=SpikeShape(base_per_s=100.0, peak_per_s=4000.0, at_ns=4 * S, length_ns=S // 2)),
        lambda t: 4000.0 if 4 <= t < 4.5 else 100.0,
    ),
]


@pytest.mark.parametrize(("curve", "rate"), CURVES)
def test_due_times_follow_the_curve(curve: Curve, rate: Callable[[float], float]) -> None:
    """Given their number, Poisson arrivals are a sample of the density rate(t): here with an integral of our own."""
    grid_s = (np.arange(100_000) + 0.5) * 1e-4
    integral = np.concatenate([[0.0], np.cumsum([rate(t) for t in grid_s.tolist()])]) * 1e-4
    found = due(phase("poisson", curve, 10.0), 5) / S
    scaled = np.interp(found, np.arange(100_001) * 1e-4, integral / integral[-1])
    assert kolmogorov(scaled, lambda x: x) < 1.95
    assert abs(found.size - integral[-1]) < 4 * math.sqrt(integral[-1])
    assert rate_curve(curve, 10 * S).expected_count == pytest.approx(integral[-1], rel=1e-4)


@given(curve=any_.curves, length_ns=any_.lengths_ns, parts=st.lists(st.floats(0.0, 1.0, exclude_max=True), max_size=50))
@settings(deadline=None)
def test_inverse_undoes_the_integral(curve: Curve, length_ns: int, parts: list[float]) -> None:
    """L(L^-1(a)) = a, with L of a phase that ends there."""
    laid = rate_curve(curve, length_ns)
    if laid.total == 0.0:
        return
    areas = np.array(parts) * laid.total
    times_ns = np.rint(laid.inverse_ns(areas)).astype(np.int64)
    for area, time_ns in zip(areas.tolist(), times_ns.tolist(), strict=True):
        again = rate_curve_until(curve, length_ns, max(time_ns, 1))
        assert abs(again - area) <= 1.01 * laid.peak_per_s + 1e-9 * laid.total  # times are whole nanoseconds


def rate_curve_until(curve: Curve, length_ns: int, end_ns: int) -> float:
    """L(end_ns) of the curve that is laid over length_ns."""
    laid = rate_curve(curve, length_ns)
    return type(laid)(end_ns, laid.times_ns, laid.rates_per_s, laid.slopes, laid.areas, laid.period_ns).total


# -- what holds for every law over every curve ------------------------------------------------------------------------


@given(value=any_.phases, seed=any_.seeds)
@settings(deadline=None)
def test_due_times_are_in_order_and_inside(value: Arrivals, seed: int) -> None:
    found = due(value, seed)
    assert np.all(np.diff(found) >= 0)
    assert not found.size or 0 <= found[0] <= found[-1] < value.length_ns


@given(value=any_.phases, seed=any_.seeds, block=st.integers(2, 300))
@settings(max_examples=50, deadline=None)
def test_blocks_do_not_matter(value: Arrivals, seed: int, block: int) -> None:
    arrays = list(due_times(value, seed, 0, block))
    assert all(0 < array.size <= block for array in arrays)
    assert np.array_equal(np.concatenate([np.zeros(0, dtype=np.int64), *arrays]), due(value, seed))


@given(curve=any_.curves, length_ns=any_.lengths_ns, seed=any_.seeds, jitter=st.floats(0.0, 1.0))
@settings(deadline=None)
def test_counts_of_even_laws_are_certain(curve: Curve, length_ns: int, seed: int, jitter: float) -> None:
    """constant gives L rounded up, uniform L rounded up or down."""
    expected = rate_curve(curve, length_ns).expected_count
    least, most = math.ceil(expected * (1 - 1e-12)), math.ceil(expected * (1 + 1e-12))
    constant = Arrivals(law="constant", rate=curve, length_ns=length_ns)
    assert least <= due(constant, seed).size <= most
    uniform = Arrivals(law="uniform", rate=curve, length_ns=length_ns, jitter=jitter)
    assert least - 1 <= due(uniform, seed).size <= most


@given(curve=any_.curves, length_ns=any_.lengths_ns, seed=any_.seeds, burstiness=st.floats(0.3, 20.0))
@settings(deadline=None)
def test_counts_of_random_laws_are_near(curve: Curve, length_ns: int, seed: int, burstiness: float) -> None:
    """Within 8 standard deviations of L; the variance is L for poisson and about L / burstiness for gamma."""
    expected = rate_curve(curve, length_ns).expected_count
    poisson = Arrivals(law="poisson", rate=curve, length_ns=length_ns)
    assert abs(due(poisson, seed).size - expected) <= 8 * math.sqrt(expected + 1)
    gamma = Arrivals(law="gamma", rate=curve, length_ns=length_ns, burstiness=burstiness)
    assert abs(due(gamma, seed).size - expected) <= 8 * math.sqrt(expected / burstiness + 1 / burstiness**2 + 1)


@given(
    law=st.sampled_from(any_.LAWS),
    rate_per_s=st.floats(0.1, 500.0),
    length_ns=any_.lengths_ns,
    longer_ns=any_.lengths_ns,
    seed=any_.seeds,
)
@settings(deadline=None)
def test_a_longer_phase_begins_with_the_shorter(
    law: Law, rate_per_s: float, length_ns: int, longer_ns: int, seed: int
) -> None:
    short = due(Arrivals(law=law, rate=rate_per_s, length_ns=length_ns), seed)
    long = due(Arrivals(law=law, rate=rate_per_s, length_ns=length_ns + longer_ns), seed)
    inside = long[: short.size]
    # The last nanosecond of the shorter phase may hold an arrival that rounds to its end.
    assert np.array_equal(short, np.minimum(inside, length_ns - 1))
    assert not np.any(long[short.size :] < length_ns - 1)


@given(
    law=st.sampled_from(["poisson", "gamma", "uniform"]),
    seeds=st.lists(any_.seeds, min_size=2, max_size=5, unique=True),
)
@settings(max_examples=30, deadline=None)
def test_seeds_differ(law: Law, seeds: list[int]) -> None:
    """0 among them: a seed like any other."""
    value = phase(law, 100.0, 1.0, burstiness=0.5)
    found = [due(value, seed) for seed in [0, *(seed for seed in seeds if seed)]]
    assert not any(np.array_equal(one, other) for one, other in itertools.combinations(found, 2))
    assert np.array_equal(found[0], due(value, 0))
