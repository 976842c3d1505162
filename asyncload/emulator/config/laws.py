"""
Laws of how long something takes, each given as its quantile function.

A law maps u in [0, 1) to nanoseconds. A draw is the law at a uniform u, so a law can be tested without any draw.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from itertools import pairwise
from math import exp
from statistics import NormalDist
from typing import Annotated, TypeAlias

from asyncload.schema import Check, Key, Mistakes
from asyncload.units import DurationNs

QuantileFunction: TypeAlias = Callable[[float], int]

_STANDARD_NORMAL = NormalDist()
_SMALLEST_U = 2.0**-53
"""The normal law has no quantile at 0; a uniform double in [0, 1) that is not 0 is at least this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNormalShape:
    """exp(N(ln median, sigma ** 2))."""

    median_ns: Annotated[DurationNs, Key("median"), Check(above=0, legal="a median of more than 0")]
    sigma: Annotated[float, Check(at_least=0, at_most=10, legal="a sigma from 0 to 10")]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileShape:
    """
    Known quantiles of a law; straight lines lie between them.

    Below the lowest given quantile the law is flat, and above the highest likewise: give `p0` and `p100` to say more.
    """

    p0_ns: Annotated[DurationNs | None, Key("p0")] = None
    p10_ns: Annotated[DurationNs | None, Key("p10")] = None
    p25_ns: Annotated[DurationNs | None, Key("p25")] = None
    p50_ns: Annotated[DurationNs | None, Key("p50")] = None
    p75_ns: Annotated[DurationNs | None, Key("p75")] = None
    p90_ns: Annotated[DurationNs | None, Key("p90")] = None
    p95_ns: Annotated[DurationNs | None, Key("p95")] = None
    p99_ns: Annotated[DurationNs | None, Key("p99")] = None
    p99_9_ns: Annotated[DurationNs | None, Key("p99_9")] = None
    p99_99_ns: Annotated[DurationNs | None, Key("p99_99")] = None
    p100_ns: Annotated[DurationNs | None, Key("p100")] = None

    def mistakes(self) -> Mistakes:
        """Say what the annotations cannot: there are quantiles, and none is less than one before it."""
        times_ns = [ns for _, ns in self.points()]
        if not times_ns:
            yield "", "needs at least one quantile, such as p50"
        if times_ns != sorted(times_ns):
            yield "", "must not fall from one quantile to the next"

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
    """The same time whenever; 0 takes none."""

    fixed_ns: Annotated[DurationNs, Key("fixed")]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNormal:
    """Most times near the median, a long tail above it."""

    lognormal: LogNormalShape


@dataclass(frozen=True, slots=True, kw_only=True)
class FromQuantiles:
    """A law known by measured quantiles."""

    quantiles: QuantileShape


Law: TypeAlias = Fixed | LogNormal | FromQuantiles


def quantile_function(law: Law) -> QuantileFunction:
    """Return the law's quantile function: u in [0, 1) to nanoseconds."""
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
