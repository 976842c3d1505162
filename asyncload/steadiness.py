"""
Was it one state that was measured? What `warmup: auto` cut, and whether latency still drifts behind it.

Only stretches of constant load are looked at: behind a ramp latency rises by intent. Of each, two questions: does the
median of its seconds trend, and do its two halves have the same median. Either is a warning if chance does not explain
it and it is large enough to matter.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from asyncload.course import Course
from asyncload.measured import Health
from asyncload.spans import Stretch, first_measured_ns
from asyncload.statistics.batches import Batches, effect, persistence, residuals
from asyncload.statistics.estimate import Estimate, percentiles
from asyncload.statistics.steady import batch_of
from asyncload.statistics.trend import mann_kendall

_S: Final = 1_000_000_000
_LEAST_SECONDS: Final = 20
_SURE: Final = 0.01
_MATTERS: Final = 0.05
"""Of the median: a smaller drift is told by nobody's objective."""
_99_OVER_95: Final = 1.5
"""Width of an interval at 99 % over that at 95 %, where few seconds are independent: Student's t with 6 of them."""
_NAN: Final = math.nan


@dataclass(frozen=True, slots=True)
class Steady:
    """Whether what was measured was in a steady state."""

    seconds: int
    """Measured seconds of the stretch that drifts most, or of the longest; 0 if none is long enough to look at."""
    trend_p: float
    """Mann-Kendall's, of the medians of its seconds; NaN if not looked at."""
    trend_share: float
    """Their slope over the stretch, as a share of their median."""
    halves_share: float
    """Median of its second half over that of the first, less 1; NaN if not looked at."""
    halves_low: float
    halves_high: float
    """Its interval at 95 %; NaN if the halves do not support one."""
    drifts: bool
    drift: str
    """In words; empty if it does not drift."""
    warmup_s: float = 0.0
    """What `warmup: auto` cut from the first measured phase."""
    settled: bool = True
    """False only if `warmup: auto` found that it never settled."""
    warmup: str = ""
    """In words; empty if it was not asked for."""


def steadiness(scenario: Mapping[str, Any], health: Health, course: Course, stretches: Sequence[Stretch]) -> Steady:
    """
    Judge a run.

    Args:
        scenario: As data.
        health: Of the run.
        course: The response times of the measured seconds.
        stretches: Those that its seconds lie in.
    """
    found = list(_looked_at(course, stretches))
    worst = max(found, key=lambda one: (one.drifts, one.seconds), default=None)
    steady = worst or Steady(0, _NAN, _NAN, _NAN, _NAN, _NAN, drifts=False, drift="")
    if scenario.get("warmup") != "auto":
        return steady
    cut_s = _cut_s(scenario, health)
    return replace(steady, warmup_s=cut_s, settled=not health.unsettled, warmup=_warmup_words(scenario, health, cut_s))


def _looked_at(course: Course, stretches: Sequence[Stretch]) -> Iterator[Steady]:
    """
    Judge each stretch of constant load that is long enough, by itself.

    Of what comes behind the last phase nothing is looked at: the slowest calls end there, and no others.
    """
    used = course.loaded & (course.calls > 0)
    chosen = [
        inside
        for index, stretch in enumerate(stretches)
        if stretch.constant and (inside := (course.stretch == index) & used).sum() * course.length_s >= _LEAST_SECONDS
    ]
    for inside in chosen:
        yield _drift(course, inside, _SURE / len(chosen))


def _drift(course: Course, inside: NDArray[np.bool_], sure: float) -> Steady:
    trend = mann_kendall(np.log(np.maximum(course.medians_us[inside], 1.0)))
    share, (low, high) = _halves(course, inside)
    logs = [math.log1p(value) for value in (share, low, high)]
    further = [logs[0] + _99_OVER_95 * (end - logs[0]) for end in logs[1:]]
    differ = abs(share) >= _MATTERS and (further[0] > 0 or further[1] < 0)
    trend_share = math.expm1(trend.change)
    trends = trend.p < sure and abs(trend_share) >= _MATTERS
    words = ""
    if differ:
        halves = f"[{100 * low:.0f}, {100 * high:.0f}]"
        words = f"p50 of the second half is {_turned(share, 'above', 'below')} the first {halves}"
    elif trends:
        words = f"p50 {_turned(trend_share, 'up', 'down')} from beginning to end (Mann-Kendall, p {_p(trend.p)})"
    return Steady(
        int(inside.sum()) * course.length_s, trend.p, trend_share, share, low, high,
        drifts=bool(words), drift=words and f"latency drifts: {words}",
    )  # fmt: skip


def _turned(share: float, up: str, down: str) -> str:
    return f"{abs(100 * share):.0f} % {up if share > 0 else down}"


def _p(p: float) -> str:
    return f"= {p:.1g}" if p >= 1e-4 else "< 0.0001"  # as everybody prints it


def _halves(course: Course, inside: NDArray[np.bool_]) -> tuple[float, tuple[float, float]]:
    """
    Median of the second half over that of the first, less 1, with its interval.

    Source:
        Zou and Donner, Statistics in Medicine 27 (2008): the interval of a difference, here of logarithms, from those
        of its parts.
    """
    seconds = np.flatnonzero(inside)
    parts = seconds[: seconds.size // 2], seconds[seconds.size // 2 :]
    # How long things last is seen better in both halves, each about its own median.
    apart = [residuals(course.up_to(0.5, part), _batches(course, part)) for part in parts]
    first, second = (_median(course, part, persistence(np.concatenate(apart))) for part in parts)
    a, a_low, a_high = (math.log(max(value, 1.0)) for value in (first.value_us, first.low_us, first.high_us))
    b, b_low, b_high = (math.log(max(value, 1.0)) for value in (second.value_us, second.low_us, second.high_us))
    low = b - a - math.hypot(b - b_low, a_high - a)
    high = b - a + math.hypot(b_high - b, a - a_low)
    return math.expm1(b - a), (math.expm1(low), math.expm1(high))


def _median(course: Course, seconds: NDArray[np.int64], persistent: float) -> Estimate:
    """Median of some of the seconds, its interval widened by how alike their calls are."""
    histogram = course.together(seconds)
    found = effect(course.up_to(0.5, seconds), _batches(course, seconds), persistent)
    (median,) = percentiles(histogram, [0.5], [found.effective(histogram.count)])
    return median


def _batches(course: Course, seconds: NDArray[np.int64]) -> Batches:
    return Batches(course.calls[seconds], np.zeros(seconds.size, np.int64), np.zeros(1, bool))


# -- what `warmup: auto` cut ------------------------------------------------------------------------------------------


def _cut_s(scenario: Mapping[str, Any], health: Health) -> float:
    start_ns, _ = first_measured_ns(scenario, health)
    return max(health.settled_s * _S - start_ns, 0) / _S if health.settled_s else 0.0


def _warmup_words(scenario: Mapping[str, Any], health: Health, cut_s: float) -> str:
    start_ns, end_ns = first_measured_ns(scenario, health)
    batch = batch_of(min(end_ns - start_ns, health.measured_ns + round(cut_s * _S)) // _S)
    if not batch:
        return "warm-up: nothing was cut, for the first measured phase is too short to tell"
    cut = f"the first {cut_s:.3g} s" if cut_s else "nothing to cut"
    tail = "" if not health.unsettled else ", as much as may be cut: it had not settled by then"
    counted = "; behind it calls count by when they ended, rates by when they were due" if cut_s else ""
    return f"warm-up: {cut}, by MSER-{batch}{tail}{counted}"
