"""
Service-time laws, each given as its quantile function.

A law maps u in [0, 1) to nanoseconds. A draw is the law at a uniform u, so a law can be tested without any draw.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from itertools import pairwise
from math import exp
from statistics import NormalDist
from typing import TypeAlias

from asyncload.errors import Problem

QuantileFunction: TypeAlias = Callable[[float], int]

_STANDARD_NORMAL = NormalDist()
_SMALLEST_U = 2.0**-53
"""The normal law has no quantile at 0; a uniform double in [0, 1) that is not 0 is at least this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNormalShape:
    """exp(N(ln median, sigma ** 2))."""

    median_ns: int
    sigma: float


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileShape:
    """
    Known quantiles of a law; straight lines lie between them.

    Below the lowest given quantile the law is flat, and above the highest likewise: give `p0` and `p100` to say more.
    """

    p0_ns: int | None = None
    p10_ns: int | None = None
    p25_ns: int | None = None
    p50_ns: int | None = None
    p75_ns: int | None = None
    p90_ns: int | None = None
    p95_ns: int | None = None
    p99_ns: int | None = None
    p99_9_ns: int | None = None
    p99_99_ns: int | None = None
    p100_ns: int | None = None

    def points(self) -> list[tuple[float, int]]:
        """Return the (u, ns) pairs that are given, in the order of u."""
        given = []
        for field in fields(self):
            value: int | None = getattr(self, field.name)
            if value is not None:
                given.append((_probability(field.name), value))
        return given


def _probability(name: str) -> float:
    """Read p99_9_ns as 0.999."""
    return float(name.removeprefix("p").removesuffix("_ns").replace("_", ".")) / 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """The same time for every request; 0 answers at once."""

    fixed_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNormal:
    """Most answers near the median, a long tail above it."""

    lognormal: LogNormalShape


@dataclass(frozen=True, slots=True, kw_only=True)
class FromQuantiles:
    """A law known by measured quantiles."""

    quantiles: QuantileShape


Law: TypeAlias = Fixed | LogNormal | FromQuantiles


def quantile_function(law: Law) -> QuantileFunction:
    """
    Return the law's quantile function: u in [0, 1) to nanoseconds.

    Raises:
        ValueError: If the law has mistakes; `mistakes` names them.
    """
    if problems := mistakes(law, "service"):
        raise ValueError("; ".join(map(str, problems)))
    if isinstance(law, Fixed):
        fixed_ns = law.fixed_ns
        return lambda _u: fixed_ns
    if isinstance(law, LogNormal):
        return _lognormal(law.lognormal)
    return _interpolated(law.quantiles.points())


def _lognormal(shape: LogNormalShape) -> QuantileFunction:
    def at(u: float) -> int:
        return round(shape.median_ns * exp(shape.sigma * _STANDARD_NORMAL.inv_cdf(max(u, _SMALLEST_U))))

    return at


def _interpolated(points: list[tuple[float, int]]) -> QuantileFunction:
    lowest_ns, highest_ns = points[0][1], points[-1][1]

    def at(u: float) -> int:
        if u <= points[0][0]:
            return lowest_ns
        for (left, left_ns), (right, right_ns) in pairwise(points):
            if u <= right:
                return round(left_ns + (right_ns - left_ns) * (u - left) / (right - left))
        return highest_ns

    return at


def mistakes(law: Law, path: str) -> list[Problem]:
    """Return every mistake in a law's numbers; `path` is its place in the document."""
    if isinstance(law, Fixed):
        return [] if law.fixed_ns >= 0 else [Problem(f"{path}.fixed", "must be at least 0")]
    if isinstance(law, LogNormal):
        shape, found = law.lognormal, []
        if shape.median_ns <= 0:
            found.append(Problem(f"{path}.lognormal.median", "must be more than 0"))
        if not 0 <= shape.sigma <= 10:
            found.append(Problem(f"{path}.lognormal.sigma", "must be from 0 to 10"))
        return found
    times_ns = [ns for _, ns in law.quantiles.points()]
    if not times_ns:
        return [Problem(f"{path}.quantiles", "needs at least one quantile, such as p50")]
    if times_ns != sorted(times_ns) or times_ns[0] < 0:
        return [Problem(f"{path}.quantiles", "must not fall from one quantile to the next, nor be negative")]
    return []
