"""Two sides as one table: for each row and metric both numbers, where the difference lies, or why it cannot be told."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asyncload.difference.intervals import Drawn, Located, Shares
from asyncload.difference.measured import Floats64, Numbers
from asyncload.difference.resample import Resampled
from asyncload.difference.values import METRICS, QUANTILES, Metric
from asyncload.statistics.ranks import needed

_SLOT_VARIANCE: Final = (1 / 1024) ** 2 / 12
"""Of what a slot of the histogram hides, as a part of the value."""
_FEWEST: Final = 20
"""Calls of a row from which on its rate and its failures are compared."""
_NONE: Final = -math.log(0.025)
"""Answered calls that stand for none, for the logarithm of none is no number: if so many are to be expected, chance
leaves all of them out once in forty times (Poisson)."""


@dataclass(frozen=True, slots=True)
class Table:
    """All comparisons of two sides."""

    names: tuple[str, ...]
    """Of the rows; the first is empty, for all models together."""
    a: Mapping[Metric, Floats64]
    """What was measured: float64[rows]."""
    b: Mapping[Metric, Floats64]
    located: Mapping[Metric, Located]
    """Row by row; what stands there of one that is not told means nothing."""
    why: Mapping[Metric, Sequence[str]]
    """Why a row is not told; empty if it is."""

    def told(self, metric: Metric) -> NDArray[np.bool_]:
        """Rows that are told: bool[rows]."""
        return np.array([not why for why in self.why[metric]])


def table(names: Sequence[str], sides: tuple[Numbers, Numbers], drawn: tuple[Resampled, Resampled]) -> Table:
    """Put two sides together that were drawn anew independently of each other."""
    located: dict[Metric, Located] = {}
    for place, metric in enumerate(QUANTILES):
        first, second = (side.percentiles_us[:, place] for side in sides)
        located[metric] = _relative(first, second, (drawn[0].latencies[:, place], drawn[1].latencies[:, place]), drawn)
    located["error_rate"] = _shares(sides, drawn)
    first, second = (np.where(side.ok > 0, side.ok, _NONE) / side.seconds for side in sides)
    located["throughput"] = _relative(first, second, (drawn[0].throughput, drawn[1].throughput), drawn)
    whys = {metric: _whys(metric, sides, drawn) for metric in METRICS}
    return Table(("", *names), _values(sides[0]), _values(sides[1]), located, whys)


def untold(names: Sequence[str], sides: tuple[Numbers, Numbers], why: str) -> Table:
    """Put two sides together of which nothing can be told but the numbers."""
    whys = {metric: [why] * (len(names) + 1) for metric in METRICS}
    return Table(("", *names), _values(sides[0]), _values(sides[1]), {}, whys)


def _values(side: Numbers) -> dict[Metric, Floats64]:
    found: dict[Metric, Floats64] = {metric: side.percentiles_us[:, place] for place, metric in enumerate(QUANTILES)}
    return {**found, "error_rate": side.error_rate, "throughput": side.throughput}


def _relative(
    first: Floats64,
    second: Floats64,
    deviations: tuple[NDArray[np.float32], NDArray[np.float32]],
    drawn: tuple[Resampled, Resampled],
) -> Drawn:
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.log(second / first)
    value = np.where(np.isfinite(value), value, 0.0)
    spread = deviations[1] - deviations[0]
    error = np.sqrt(spread.var(axis=1, dtype=np.float64) + 2 * _SLOT_VARIANCE)
    variances = [each.var(axis=1, dtype=np.float64) + _SLOT_VARIANCE for each in deviations]
    draws = np.sort(value[:, None].astype(np.float32) + spread, axis=1)
    return Drawn(value, draws, error, _freedom(variances, drawn))


def _shares(sides: tuple[Numbers, Numbers], drawn: tuple[Resampled, Resampled]) -> Shares:
    """Failures come in bursts: how much less they tell than independent ones is taken from the side that has more."""
    shares = [np.nan_to_num(side.error_rate) for side in sides]
    calls = [np.maximum(side.calls, 1) for side in sides]
    independent = [share * (1 - share) / n for share, n in zip(shares, calls, strict=True)]
    variances = [each.errors for each in drawn]
    effects = [
        np.where(alone > 0, variance / np.where(alone > 0, alone, 1), 1.0)
        for alone, variance in zip(independent, variances, strict=True)
    ]
    effect = np.maximum(1.0, np.maximum(*effects))
    freedom = _freedom([np.maximum(each, 1e-12) for each in variances], drawn)
    return Shares(shares[0], shares[1], calls[0] / effect, calls[1] / effect, freedom)


def _freedom(variances: Sequence[Floats64], drawn: tuple[Resampled, Resampled]) -> Floats64:
    """Degrees of freedom of a difference (Welch, Biometrika 34, 1947); of pairs, those of one side."""
    if drawn[0].paired:
        return drawn[0].freedom
    a, b = variances
    found: Floats64 = (a + b) ** 2 / (a**2 / drawn[0].freedom + b**2 / drawn[1].freedom)
    return found


def _whys(metric: Metric, sides: tuple[Numbers, Numbers], drawn: tuple[Resampled, Resampled]) -> list[str]:
    if metric in QUANTILES:
        place = list(QUANTILES).index(metric)
        least = needed(QUANTILES[metric])
        effective = np.minimum(drawn[0].effective[:, place], drawn[1].effective[:, place]).tolist()
        timed = np.minimum(sides[0].timed, sides[1].timed).tolist()
        return ["" if n >= least else _few(int(all_), n, least) for n, all_ in zip(effective, timed, strict=True)]
    counts = np.minimum(sides[0].calls, sides[1].calls).tolist()
    whys = ["" if n >= _FEWEST else f"{int(n)} calls, needs {_FEWEST}" for n in counts]
    if metric == "error_rate":
        return whys
    pairs = zip(whys, sides[0].ok.tolist(), sides[1].ok.tolist(), strict=True)
    return [why or _unanswered(int(a), int(b)) for why, a, b in pairs]


def _unanswered(a: int, b: int) -> str:
    """Why the rates of so many answered calls are not compared; one side may have none, if that is not A."""
    if not a:
        return "A has no answered call, and nothing is a part of none"
    return "" if max(a, b) >= _FEWEST else f"{max(a, b)} answered calls, needs {_FEWEST}"


def _few(timed: int, effective: float, least: int) -> str:
    if timed < least:
        return f"{timed} calls with a latency, needs {least}"
    return f"{timed:,} calls tell as much as {math.floor(effective):,} independent ones, needs {least:,}"
