"""curve: rates, their integrals, and the inverses of these."""

import numpy as np
import pytest

from asyncload.curve import SINE_SAMPLES, RateCurve, rate_curve
from asyncload.errors import ScenarioError
from asyncload.scenario import Curve, Points, Ramp, Sine, SineWave, Spike, SpikeShape, Steps

S = 1_000_000_000


def sine_of(mean: float, amplitude: float, period_s: float) -> Sine:
    return Sine(sine=SineWave(mean_per_s=mean, amplitude_per_s=amplitude, period_ns=round(period_s * S)))


def spike_of(base: float, peak: float, at_s: int, for_s: int) -> Spike:
    return Spike(spike=SpikeShape(base_per_s=base, peak_per_s=peak, at_ns=at_s * S, length_ns=for_s * S))


def due_s(curve: RateCurve, arrivals: list[float]) -> list[float]:
    """Seconds at which the curve has asked for so many arrivals."""
    due: list[float] = (curve.inverse_ns(np.array(arrivals) * float(S)) / S).tolist()
    return due


@pytest.mark.parametrize(
    ("curve", "length_s", "count", "why"),
    [
        (200.0, 120, 24_000, "flat: rate times length, without a rounding error"),
        (33.3, 10, 333, "flat, with a rate that is no binary fraction"),
        (0.1, 10, 1, "flat, slower than one a second"),
        (0.0, 10, 0, "silence is a curve too"),
        (Ramp(from_per_s=200.0, to_per_s=600.0), 300, 120_000, "mean of both ends"),
        (Ramp(from_per_s=100.0, to_per_s=0.0), 10, 500, "down to nothing"),
        (Steps(steps=(10.0, 20.0, 60.0)), 30, 900, "each holds for a third"),
        (Points(points=((0, 10.0), (60 * S, 80.0))), 60, 2700, "a trapezoid"),
        (Points(points=((0, 10.0), (60 * S, 80.0))), 90, 5100, "the last rate holds"),
        (Points(points=((0, 0.0), (10 * S, 100.0))), 5, 125, "cut inside a straight line"),
        (Points(points=((5 * S, 10.0), (10 * S, 10.0))), 10, 100, "the first rate holds before its time"),
        (Points(points=((0, 10.0), (5 * S, 10.0), (5 * S, 50.0))), 10, 300, "a jump"),
        (spike_of(10.0, 100.0, 5, 2), 10, 280, "base and rectangle"),
        (spike_of(10.0, 100.0, 5, 20), 10, 550, "a peak that outlasts the phase"),
        (spike_of(10.0, 100.0, 20, 5), 10, 100, "a peak that the phase does not reach"),
        (sine_of(100.0, 50.0, 2.0), 10, 1000, "whole periods: the mean"),
        (sine_of(100.0, 100.0, 0.5), 86_400, 8_640_000, "a day of half seconds, with few knots"),
    ],
)
def test_expected_count_has_a_closed_form(curve: Curve, length_s: int, count: float, why: str) -> None:
    assert rate_curve(curve, length_s * S).expected_count == count, why


def test_part_of_a_sine() -> None:
    """Half a period of a sine holds mean * T / 2 + amplitude * T / pi, to the error of its straight lines."""
    found = rate_curve(sine_of(100.0, 80.0, 10.0), 5 * S).expected_count
    assert found == pytest.approx(500 + 80 * 10 / np.pi, rel=5e-5)


def test_sine_is_near_the_sine() -> None:
    """The stated bound on the rate: amplitude * (2 pi / 256)**2 / 8."""
    t_ns = np.linspace(0, 3 * S, 10_001).astype(np.int64)
    found = rate_curve(sine_of(100.0, 80.0, 1.0), 3 * S).rate_per_s(t_ns)
    error = np.abs(found - (100.0 + 80.0 * np.sin(2 * np.pi * t_ns / S)))
    assert 0.5 < error.max() / (80.0 * (2 * np.pi / SINE_SAMPLES) ** 2 / 8) <= 1.0001


def test_inverse_of_a_ramp() -> None:
    """From 0 to 100/s in 10 s: L(t) = 5 t**2."""
    curve = rate_curve(Ramp(from_per_s=0.0, to_per_s=100.0), 10 * S)
    assert due_s(curve, [0.0, 5.0, 20.0, 245.0]) == pytest.approx([0.0, 1.0, 2.0, 7.0], rel=1e-15)


def test_inverse_steps_over_silence() -> None:
    """An arrival that would fall into a second without rate comes at its end."""
    curve = rate_curve(Steps(steps=(10.0, 0.0, 10.0)), 3 * S)
    assert due_s(curve, [9.0, 10.0, 11.0]) == [0.9, 2.0, 2.1]


def test_inverse_of_a_flat_rate_is_to_the_nanosecond() -> None:
    """The 999,999th arrival of 1,000/s is due after 999.999 s, not one nanosecond before."""
    curve = rate_curve(1000.0, 1000 * S)
    k = np.arange(1_000_000, dtype=np.float64)
    assert np.array_equal(np.rint(curve.inverse_ns(k * float(S))), k * 1_000_000)


def test_inverse_of_a_nearly_flat_ramp() -> None:
    """The textbook form of the root loses its digits here."""
    curve = rate_curve(Ramp(from_per_s=1000.0, to_per_s=1000.0000001), 1000 * S)
    k = np.arange(0, 1_000_000, 997, dtype=np.float64)
    assert np.max(np.abs(curve.inverse_ns(k * float(S)) - k * 1_000_000)) < 60


def test_rate_and_peak() -> None:
    curve = rate_curve(spike_of(10.0, 100.0, 5, 2), 10 * S)
    t_ns = np.array([0, 5 * S - 1, 5 * S, 7 * S - 1, 7 * S])
    assert curve.rate_per_s(t_ns).tolist() == [10.0, 10.0, 100.0, 100.0, 10.0]
    assert curve.peak_per_s == 100.0


def test_peak_is_that_of_the_phase() -> None:
    """Not of the part of a curve that lies beyond the end."""
    assert rate_curve(Points(points=((0, 0.0), (10 * S, 100.0))), 5 * S).peak_per_s == 50.0
    assert rate_curve(spike_of(10.0, 100.0, 20, 5), 10 * S).peak_per_s == 10.0


@pytest.mark.parametrize(
    ("curve", "words"),
    [
        (-1.0, "not negative"),
        (float("nan"), "finite"),
        (float("inf"), "finite"),
        (Steps(steps=()), "at least one"),
        (Points(points=()), "at least one"),
        (Points(points=((S, 1.0), (0, 1.0))), "backwards"),
        (sine_of(10.0, 11.0, 1.0), "not negative"),
        (sine_of(10.0, 10.0, 0.0), "positive"),
    ],
)
def test_what_is_not_a_curve(curve: Curve, words: str) -> None:
    """Says where in the scenario it stands."""
    with pytest.raises(ScenarioError, match=words) as caught:
        rate_curve(curve, 10 * S, "phases[1].rate")
    assert caught.value.problems[0].path == "phases[1].rate"
