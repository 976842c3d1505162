"""arrivals: each law as it is defined, on small cases that can be checked by hand."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from asyncload.arrivals import constant, due_times, gamma, jittered, poisson
from asyncload.errors import ScenarioError
from asyncload.exact import log, uniform, words
from asyncload.scenario import Arrivals, Curve, Law, Ramp

S = 1_000_000_000


def due(law: Law, rate: Curve, length_s: float, **settings: float) -> NDArray[np.int64]:
    phase = Arrivals(law=law, rate=rate, length_ns=round(length_s * S), **settings)  # type: ignore[arg-type]
    return np.concatenate([np.array([], dtype=np.int64), *due_times(phase, 0, 0)])


def test_constant_is_a_comb() -> None:
    """The first arrival at once, the last one gap before the end."""
    assert due("constant", 4.0, 1).tolist() == [0, S // 4, S // 2, 3 * S // 4]


def test_constant_over_a_ramp() -> None:
    """0 to 2/s in 10 s: L(t) = t**2 / 10, so arrival k is due at sqrt(10 k)."""
    assert due("constant", Ramp(from_per_s=0.0, to_per_s=2.0), 10).tolist() == [
        round((10 * k) ** 0.5 * S) for k in range(10)
    ]


def test_a_rate_of_zero_is_silence() -> None:
    assert due("poisson", 0.0, 3600).size == 0


def test_arrivals_faster_than_the_clock_share_a_nanosecond() -> None:
    """Rounding neither disorders them nor pushes them out of the phase."""
    found = due("constant", 4e9, 1e-8)
    assert found.size == 40
    assert found[-1] == 9
    assert np.all(np.diff(found) >= 0)


def test_uniform_stays_in_its_slot() -> None:
    """With jitter 0.5, arrival k lies in the first half of slot k."""
    offsets = due("uniform", 1000.0, 5, jitter=0.5) / (S / 1000) - np.arange(5000)
    assert offsets.min() >= 0.0
    assert 0.49 < offsets.max() <= 0.5


def test_uniform_without_jitter_is_constant() -> None:
    assert np.array_equal(due("uniform", 123.0, 5, jitter=0.0), due("constant", 123.0, 5))


def test_poisson_gaps_are_logarithms() -> None:
    raw = words(3, 0, 0)(1000)
    found = next(poisson(words(3, 0, 0), 1000))
    assert np.array_equal(found, np.cumsum(-log(uniform(raw))))


def test_gamma_of_one_has_the_moments_of_poisson() -> None:
    gaps = np.diff(np.concatenate(list(itertools.islice(gamma(words(1), words(2), 1.0), 5))))
    assert gaps.mean() == pytest.approx(1.0, abs=0.01)
    assert gaps.var() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("burstiness", [0.05, 0.25, 0.999, 1.5, 4.0, 100.0])
def test_gamma_gaps_have_the_stated_variation(burstiness: float) -> None:
    """Coefficient of variation 1 / sqrt(burstiness), mean 1."""
    gaps = np.diff(np.concatenate(list(itertools.islice(gamma(words(5), words(6), burstiness), 8))))
    assert gaps.mean() == pytest.approx(1.0, abs=5 / (burstiness * gaps.size) ** 0.5)
    assert gaps.std() == pytest.approx(burstiness**-0.5, rel=0.05)


@pytest.mark.parametrize("burstiness", [0.1, 3.0])
def test_gamma_starts_at_a_random_moment(burstiness: float) -> None:
    """
    The mean wait for the first arrival is (1 + 1 / burstiness) / 2 gaps, not one gap.

    Otherwise a bursty phase would hold more arrivals than its rate says, and a regular one fewer.
    """
    waits = [next(gamma(words(seed, 0), words(seed, 1), burstiness))[0] for seed in range(2000)]
    assert np.mean(waits) == pytest.approx((1 + 1 / burstiness) / 2, rel=0.1)


@pytest.mark.parametrize("burstiness", [0.1, 1.0, 3.0])
def test_portions_do_not_matter(burstiness: float) -> None:
    """The same positions to the last bit, in arrays of 4 or of 65,536."""
    for one, other in [
        (constant(4), constant()),
        (jittered(words(0), 1.0, 4), jittered(words(0), 1.0)),
        (poisson(words(0), 4), poisson(words(0))),
        (gamma(words(0), words(1), burstiness, 4), gamma(words(0), words(1), burstiness)),
    ]:
        small = np.concatenate(list(itertools.islice(one, 3000)))
        large = np.concatenate(list(itertools.islice(other, 2)))
        assert np.array_equal(small, large[: small.size])
        assert small.size > 4000


@pytest.mark.parametrize(
    ("law", "settings", "path"),
    [
        ("gamma", {"burstiness": 0.0}, "phases[0].burstiness"),
        ("gamma", {"burstiness": float("inf")}, "phases[0].burstiness"),
        ("uniform", {"jitter": 1.5}, "phases[0].jitter"),
        ("uniform", {"jitter": float("nan")}, "phases[0].jitter"),
        ("poisson", {"rate": -1.0}, "phases[0].rate"),
    ],
)
def test_what_is_not_a_law(law: Law, settings: dict[str, float], path: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        due(law, settings.pop("rate", 10.0), 1, **settings)
    assert caught.value.problems[0].path == path
