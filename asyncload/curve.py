"""
Rate curves: how many arrivals a second are asked for, when.

Strategy: every curve is piecewise linear, so its integral, the cumulative rate L(t), is piecewise quadratic, and both L
and its inverse have a closed form. Arrivals u of unit rate become due times t = L^-1(u): any law works with any curve,
and the expected count of a phase is L(length).

To keep whole numbers whole (200/s for 120 s are 24,000 arrivals and not 24,000.000000000004), L is kept in arrivals
times 1e9: rates per second times nanoseconds.

Source: change of time, Çinlar, Introduction to Stochastic Processes (1975), ch. 4; for simulation, Lewis and Shedler,
Naval Research Logistics Quarterly 26 (1979).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asyncload.errors import Problem, ScenarioError
from asyncload.exact import sine
from asyncload.scenario import Curve, Points, Ramp, Sine, SineWave, Spike, SpikeShape, Steps

NS_PER_S: Final = 1_000_000_000
SINE_SAMPLES: Final = 256
"""Straight lines per period; the rate is off by at most amplitude * (2 pi / 256)**2 / 8 = 7.6e-5 * amplitude."""


@dataclass(frozen=True, slots=True, eq=False)
class RateCurve:
    """
    A piecewise-linear rate on [0, length_ns).

    **Shape**: times_ns, rates_per_s, slopes and areas have one entry per knot. Behind the last knot the rate holds; a
    curve with `period_ns` starts again instead.
    """

    length_ns: int
    times_ns: NDArray[np.float64]
    """Knots, non-decreasing, the first at 0; two at one time are a jump."""
    rates_per_s: NDArray[np.float64]
    slopes: NDArray[np.float64]
    """Change of the rate behind each knot, in 1/s per ns."""
    areas: NDArray[np.float64]
    """L at each knot, in arrivals * 1e9."""
    period_ns: int | None = None

    @property
    def total(self) -> float:
        """L at the end of the phase, in arrivals * 1e9."""
        cycles, rest_ns = divmod(self.length_ns, self.period_ns or self.length_ns + 1)
        knot = int(np.searchsorted(self.times_ns, rest_ns, side="right")) - 1
        since = rest_ns - float(self.times_ns[knot])
        rate = float(self.rates_per_s[knot]) + 0.5 * float(self.slopes[knot]) * since
        return cycles * float(self.areas[-1]) + (float(self.areas[knot]) + rate * since)

    @property
    def expected_count(self) -> float:
        """Mean number of arrivals in the phase."""
        return self.total / NS_PER_S

    @property
    def peak_per_s(self) -> float:
        """Highest rate within the phase."""
        inside = self.rates_per_s[self.times_ns <= self.length_ns]
        return float(max(inside.max(), self.rate_per_s(np.array([self.length_ns]))[0]))

    def rate_per_s(self, t_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """
        The rate at times from the start of the phase.

        Shape:
            As `t_ns`.
        """
        rest = (t_ns % self.period_ns if self.period_ns else t_ns).astype(np.float64)
        knots = np.searchsorted(self.times_ns, rest, side="right") - 1
        rates: NDArray[np.float64] = self.rates_per_s[knots] + self.slopes[knots] * (rest - self.times_ns[knots])
        return rates

    def inverse_ns(self, area: NDArray[np.float64]) -> NDArray[np.float64]:
        """
        L^-1: when the cumulative rate reaches each of `area`.

        With a = area behind knot i, rate r there and slope s, tau solves r tau + s tau**2 / 2 = a. The form below loses
        no digits when s is small or negative, and is a / r when s = 0, since sqrt(r * r) == r in IEEE 754.

        Args:
            area: Arrivals * 1e9, below `total`.

        Shape:
            As `area`.
        """
        start = np.float64(0.0)
        if self.period_ns:
            cycles = np.floor(area / self.areas[-1])
            start = cycles * float(self.period_ns)
            area = np.maximum(area - cycles * self.areas[-1], 0.0)
        elif self.times_ns.size == 1:
            return area / float(self.rates_per_s[0])
        # side="right" steps over segments without area: those of rate 0, and jumps.
        knots = np.searchsorted(self.areas, area, side="right") - 1
        area = area - self.areas[knots]
        rate = self.rates_per_s[knots]
        root = np.sqrt(np.maximum(rate * rate + 2.0 * self.slopes[knots] * area, 0.0))
        tau = np.divide(2.0 * area, rate + root, out=np.zeros_like(area), where=area > 0.0)
        times: NDArray[np.float64] = start + (self.times_ns[knots] + tau)
        return times


def rate_curve(curve: Curve, length_ns: int, path: str = "rate") -> RateCurve:
    """
    Lay a scenario's curve over a phase.

    Args:
        curve: A rate per second, or one of the shapes.
        length_ns: Length of the phase.
        path: Place in the scenario, for the error's text.

    Raises:
        ScenarioError: If a rate is negative or not finite, times run backwards, or the curve is empty.
    """
    period_ns = None
    match curve:
        case Ramp():
            knots = [(0.0, curve.from_per_s), (float(length_ns), curve.to_per_s)]
        case Steps():
            knots = _step_knots(curve.steps, length_ns)
        case Points():
            knots = [(float(t_ns), rate) for t_ns, rate in curve.points]
            knots = [(0.0, knots[0][1]), *knots] if knots and knots[0][0] > 0 else knots
        case Spike():
            knots = _spike_knots(curve.spike)
        case Sine():
            knots, period_ns = _sine_knots(curve.sine), curve.sine.period_ns
        case _:
            knots = [(0.0, float(curve))]
    _check(knots, length_ns, period_ns, path)
    return _integrated(knots, length_ns, period_ns)


def _step_knots(rates: Sequence[float], length_ns: int) -> list[tuple[float, float]]:
    count = len(rates)
    return [(length_ns * edge / count, rate) for i, rate in enumerate(rates) for edge in (i, i + 1)]


def _spike_knots(shape: SpikeShape) -> list[tuple[float, float]]:
    begin, end = float(shape.at_ns), float(shape.at_ns + shape.length_ns)
    base, peak = shape.base_per_s, shape.peak_per_s
    return [(0.0, base), (begin, base), (begin, peak), (end, peak), (end, base)]


def _sine_knots(wave: SineWave) -> list[tuple[float, float]]:
    swing = sine(np.arange(SINE_SAMPLES + 1, dtype=np.float64) / SINE_SAMPLES)
    # When the amplitude equals the mean, the trough is 0 up to rounding, which must not make it negative.
    floor = 0.0 if wave.amplitude_per_s <= wave.mean_per_s else -math.inf
    rates = np.maximum(wave.mean_per_s + wave.amplitude_per_s * swing, floor)
    return [(wave.period_ns * k / SINE_SAMPLES, float(rate)) for k, rate in enumerate(rates)]


def _check(knots: Sequence[tuple[float, float]], length_ns: int, period_ns: int | None, path: str) -> None:
    problems = []
    if not knots:
        problems.append("needs at least one rate")
    if any(not math.isfinite(rate) or rate < 0 for _, rate in knots):
        problems.append("rates must be finite and not negative at any time of the phase")
    if any(after[0] < before[0] for before, after in pairwise(knots)):
        problems.append("times must not run backwards")
    if length_ns <= 0 or (period_ns is not None and period_ns <= 0) or any(t < 0 for t, _ in knots):
        problems.append("times must be positive")
    if problems:
        raise ScenarioError("scenario", [Problem(path, text) for text in problems])


def _integrated(knots: Sequence[tuple[float, float]], length_ns: int, period_ns: int | None) -> RateCurve:
    times, rates = np.array(knots, dtype=np.float64).T.copy()
    widths, rises = times[1:] - times[:-1], rates[1:] - rates[:-1]
    slopes = np.divide(rises, widths, out=np.zeros_like(widths), where=widths > 0)
    areas = np.cumsum(np.concatenate([[0.0], (rates[:-1] + rates[1:]) * 0.5 * widths]))
    if period_ns is not None:
        # Trapezoids over a whole period of a sine add up to the mean; say so without their rounding errors.
        areas[-1] = np.float64(rates[0]) * float(period_ns)
    return RateCurve(length_ns, times, rates, np.append(slopes, 0.0), areas, period_ns)
