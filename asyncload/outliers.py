"""
Which service times are no model's warm ones: a limit for each model, above which only a load explains a call.

Strategy, in logarithms of the service time, for there it scatters alike at 4 ms and at 400 ms:

1.  A model's warm calls are its lowest cluster. It begins at the model's 5 % quantile and grows for as long as a next
    call lies within 2.75 standard deviations; it ends at a gap. Models with few calls borrow their spread from all
    others, those with many have their own.
2.  A model's limit is 4.25 standard deviations above its mean, and at least 50 ms above: no load is quicker.
    Network and platform add a floor to what a model takes, and on a floor the tail is longer than the spread of the
    whole tells. So the tail that all well-known models have in common is reckoned from its upper quantiles, and where
    it is longer than a lognormal law's, all limits lie farther away by as much.
3.  Where so many calls are above their limits that loads go on in this run, a model may have had no warm call at all:
    its lowest cluster is a cold one. It is taken for such a model if no warm mean of the others explains that cluster,
    and if it was called so rarely that it may have been evicted before each call. Its limit is then the others'.

Source:
    Chance to find a model that is called at rate r evicted: exp(-r T), with one T for all models. Che, Tung, Wang:
    Hierarchical Web Caching Systems (IEEE JSAC, 2002), for a cache that evicts what was used least recently, as a
    multi-model endpoint does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from asyncload.histogram import SLOTS, Histogram, Int64s, highest_us, lowest_us
from asyncload.signs import LEAST_LOAD_US

Floats = NDArray[np.float64]

_FAR = 4.25
"""Standard deviations: of a lognormal law one call in 94,000 lies above."""
_REACH = 2.75
"""Standard deviations: with less than 2 or so a cluster ends inside a lognormal law; with as many as `_FAR` cold calls
not far above the limit are taken in, which widens the spread, which takes in more of them."""
_SPREAD_AT_FIRST = 0.5
_LEAST_SPREAD = 0.35
"""exp(4.25 * 0.35) = 4.4: steady models may still be slowed down fourfold by a busy endpoint."""
_BORROWED = 10.0
"""The common spread weighs as much as so many calls of a model's own."""
_WIDEST = 100.0
"""Limit over mean: above it a load of half a second would not stand out from 5 ms."""
_FEWEST_CALLS = 100
_LOADS_CALLS, _LOADS_SHARE, _LOADS_MODELS = 10, 0.01, 5
"""Calls above their limits, their share, and the models they are of: as many show that loads go on."""
_QUICKEST_LOADS = 0.05
_UNLIKELY = 1e-3
_WELL_KNOWN = 30
"""Calls of a model from which on its own law can be told."""
_ENOUGH = 300
"""Calls of well-known models from which on their common tail can be told."""
_STEP = 0.9
"""Standard deviations: higher quantiles lie where clusters end, lower ones say little of the tail."""
_UPPER_HALF = (0.5, 0.81594, 0.96407)
"""Quantiles that are 0, 1 and 2 steps above the mean of a normal law."""
_LEAST_STEP = 0.01
_MOST_WIDENED = 1.4
_MOST_STRETCH = 2.0
"""A floor stretches by up to 1.7; two kinds of requests look like more, and the clusters would take loads in."""
_STRETCHES = 2
"""Times that clusters grow anew with a longer tail: the first ones end within it."""
_FEWEST_FIRSTS = 10
_MOST = 0.6
_BINS = 64
"""Bins per factor e: 1.6 % wide."""
_EVERY_SLOT = np.arange(SLOTS)
_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class _Calls:
    """Logarithms of service times, counted in bins; sorted by owner and value."""

    owner: Int64s
    value: Floats
    count: Floats
    models: int

    def per_model(self, weights: Floats) -> Floats:
        return np.bincount(self.owner, weights, self.models).astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Clusters:
    """The lowest cluster of each model's calls."""

    mean: Floats
    """NaN of a model without calls."""
    spread: Floats
    calls: Floats
    common_spread: float
    stretch: float = 1.0
    """How much longer the tail is that the models have in common than a lognormal law's."""

    def limit(self) -> Floats:
        """Above which a next call does not belong to it."""
        return self._at(_FAR)

    def reach(self) -> Floats:
        """Up to where a next call would belong to it."""
        return self._at(_REACH)

    def _at(self, far: float) -> Floats:
        return self.mean + far * self.stretch * self.spread * np.sqrt(1 + 1 / np.maximum(self.calls, 1))


def limits(later: Iterable[Histogram], firsts: Sequence[Histogram]) -> tuple[Floats, str]:
    """
    Service time of each model above which only a load explains it.

    Args:
        later: Service times of the calls of each model, without its first one and those that were held; taken one by
            one.
        firsts: Service times of each model's first call.

    Returns:
        float64[len(firsts)], us, infinite where nothing can be told; and why nothing can be told, or an empty text.
    """
    nothing = np.full(len(firsts), np.inf)
    calls = _binned(later, len(firsts))
    number = int(calls.count.sum())
    if number < _FEWEST_CALLS:
        return nothing, f"too few calls to know what is warm: {number} after each model's first"
    clusters = _stretched(calls, _grow(calls, _seeds(calls)))
    mean, limit = _settle(calls, clusters)
    weight = calls.per_model(calls.count)
    called = weight > 0
    limit = np.maximum(limit, np.log(np.exp(mean) + LEAST_LOAD_US))
    far = _FAR * clusters.stretch
    width = float(np.exp(np.average(far * clusters.spread[called], weights=weight[called])))
    if width > _WIDEST:
        return (
            nothing,
            f"service times scatter too widely: a load would stand out only above {width:.0f} times the mean",
        )
    if _loads_are_quick(_binned(firsts, len(firsts)), clusters, limit):
        return nothing, "first calls took longer than later ones, but not by so much that a later load would stand out"
    return np.where(called, np.exp(limit), np.inf), ""


def _binned(histograms: Iterable[Histogram], models: int) -> _Calls:
    """Take histograms one after the other: of thousands of models they need not all be there at once."""
    bin_of = np.round(np.log(np.maximum((lowest_us(_EVERY_SLOT) + highest_us(_EVERY_SLOT)) / 2, 1)) * _BINS)
    bins, counts = [np.empty(0)], [np.empty(0)]
    for histogram in histograms:
        mine = bin_of[histogram.slots]
        first = np.flatnonzero(np.diff(mine, prepend=-1.0))  # slots ascend, and so do bins
        bins.append(mine[first])
        counts.append(np.add.reduceat(histogram.counts, first).astype(np.float64) if first.size else np.empty(0))
    owner = np.repeat(np.arange(models), [part.size for part in bins[1:]])
    return _Calls(owner, np.concatenate(bins) / _BINS, np.concatenate(counts), models)


def _grow(calls: _Calls, clusters: _Clusters) -> _Clusters:
    inside: NDArray[np.bool_] | None = None
    for _ in range(_ROUNDS):
        before, inside = inside, calls.value <= clusters.reach()[calls.owner]
        if before is not None and np.array_equal(before, inside):
            break
        clusters = _cluster(calls, calls.count * inside, clusters)
    return clusters


def _stretched(calls: _Calls, first: _Clusters) -> _Clusters:
    """Let clusters reach as far as their common tail, as long as they do not take loads in, which widens them."""
    clusters = first
    for _ in range(_STRETCHES):
        longer = _grow(calls, replace(clusters, stretch=_stretch(calls, clusters)))
        if longer.common_spread > _MOST_WIDENED * first.common_spread:
            break
        clusters = longer
    return clusters


def _seeds(calls: _Calls) -> _Clusters:
    """A single call of each model: its 5 % quantile, so that one odd quick reply does not make all others slow."""
    number = calls.per_model(calls.count)
    called = number > 0
    mean = np.full(calls.models, np.nan)
    ranks = (np.cumsum(number) - number)[called] + np.maximum(np.ceil(0.05 * number[called]), 1)
    mean[called] = calls.value[np.searchsorted(np.cumsum(calls.count), ranks)]
    ones = np.ones(calls.models)
    return _Clusters(mean, ones * _SPREAD_AT_FIRST, ones, _SPREAD_AT_FIRST)


def _cluster(calls: _Calls, weights: Floats, before: _Clusters) -> _Clusters:
    number = calls.per_model(weights)
    mean = np.where(number > 0, calls.per_model(weights * calls.value) / np.maximum(number, 1), before.mean)
    squares = calls.per_model(weights * (calls.value - mean[calls.owner]) ** 2)
    freedom = np.maximum(number - 1, 0)
    common = squares.sum() / max(freedom.sum(), 1)
    spread = np.sqrt((_BORROWED * common + squares) / (_BORROWED + freedom))
    return _Clusters(
        mean, np.maximum(spread, _LEAST_SPREAD), number, max(float(np.sqrt(common)), _LEAST_SPREAD), before.stretch
    )


def _settle(calls: _Calls, clusters: _Clusters) -> tuple[Floats, Floats]:
    """Warm mean and limit of each model, after what the models tell about one another."""
    number = calls.per_model(calls.count)
    far = _FAR * clusters.stretch
    above = calls.value > clusters.limit()[calls.owner]
    loads = _show_loads(calls, above)
    warm = number > 0
    if loads:
        quickest = _quantile(calls.value[above], calls.count[above], _QUICKEST_LOADS)
        warm &= clusters.mean + clusters.spread < quickest
    typical, between = _between(clusters, warm)
    # A warm model's mean is known the less, the fewer its calls; it is drawn towards the others' accordingly.
    uncertain = clusters.spread**2 / np.maximum(clusters.calls, 1)
    own = np.where(warm, between / (between + uncertain), 1.0)
    mean = np.where(warm, typical + own * (clusters.mean - typical), clusters.mean)
    limit = mean + far * np.sqrt(clusters.spread**2 + own * uncertain)
    if loads:
        foreign = typical + far * np.sqrt(clusters.common_spread**2 + between)
        suspects = (number > 0) & ~warm & (clusters.mean > foreign)
        never_warm = _never_warm(number, float(calls.count[above].sum()), suspects)
        mean, limit = np.where(never_warm, typical, mean), np.where(never_warm, foreign, limit)
    return mean, limit


def _stretch(calls: _Calls, clusters: _Clusters) -> float:
    """
    How much longer the tail is that all well-known models have in common than a lognormal law's; at least 1.

    Three quantiles of the upper half, a step of z apart, give floor, scale and spread of a lognormal law on a floor,
    x(z) = floor + scale exp(spread z): exp(spread step) = (x2 - x1) / (x1 - x0).
    """
    known = (calls.value <= clusters.reach()[calls.owner]) & (clusters.calls >= _WELL_KNOWN)[calls.owner]
    owner, count, common = calls.owner[known], calls.count[known], clusters.common_spread
    if count.sum() < _ENOUGH:
        return 1.0
    scatter = common * (calls.value[known] - clusters.mean[owner]) / clusters.spread[owner]
    x0, x1, x2 = (np.exp(_quantile(scatter, count, q)) for q in _UPPER_HALF)
    spread = np.log(max((x2 - x1) / max(x1 - x0, _LEAST_STEP), 1 + _LEAST_STEP)) / _STEP
    scale = (x1 - x0) / np.expm1(spread * _STEP)
    stretch = float(np.log(x0 + scale * np.expm1(_FAR * spread))) / (_FAR * common)
    return min(max(stretch, 1.0), _MOST_STRETCH)


def _loads_are_quick(firsts: _Calls, clusters: _Clusters, limit: Floats) -> bool:
    """Whether most first calls took longer than later ones by a load's time at least, and yet stay below the limits."""
    known = clusters.calls[firsts.owner] >= _WELL_KNOWN
    owner, value, count = firsts.owner[known], firsts.value[known], firsts.count[known]
    slower = count[value > np.log(np.exp(clusters.mean) + LEAST_LOAD_US)[owner]].sum()
    told = count[value > limit[owner]].sum()
    return bool(count.sum() >= _FEWEST_FIRSTS and slower > _MOST * count.sum() and told < count.sum() / 2)


def _show_loads(calls: _Calls, above: NDArray[np.bool_]) -> bool:
    number = calls.count[above].sum()
    enough = number >= max(_LOADS_CALLS, _LOADS_SHARE * calls.count.sum())
    return bool(enough and np.unique(calls.owner[above]).size >= _LOADS_MODELS)


def _quantile(values: Floats, counts: Floats, q: float) -> float:
    order = np.argsort(values)
    cumulative = np.cumsum(counts[order])
    return float(values[order][np.searchsorted(cumulative, q * cumulative[-1])])


def _between(clusters: _Clusters, warm: NDArray[np.bool_]) -> tuple[float, float]:
    """Mean and variance of the models' own warm means, less what scatter of their calls adds to it."""
    if not warm.any():
        return float(np.nanmin(clusters.mean)), 0.0
    by_chance = np.mean(clusters.spread[warm] ** 2 / clusters.calls[warm])
    return float(clusters.mean[warm].mean()), max(float(clusters.mean[warm].var() - by_chance), 0.0)


def _never_warm(number: Floats, above: float, suspects: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """
    Which of the models that show only slow calls may have been evicted before each of them.

    The time T after which a model is gone is the one that explains all calls taken for cold, sum n exp(-n T) of them; a
    model that then found itself evicted n times in a row less than once in a thousand is slow by itself.
    """
    found = suspects
    for _ in range(_ROUNDS):
        gone = _eviction(number, above + number[found].sum())
        before, found = found, suspects & (number * number * gone <= -np.log(_UNLIKELY))
        if np.array_equal(before, found):
            break
    return found


def _eviction(number: Floats, cold: float) -> float:
    """T as a share of the run, by bisection."""
    low, high = 0.0, 100.0
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        low, high = (middle, high) if (number * np.exp(-number * middle)).sum() > cold else (low, middle)
    return high
