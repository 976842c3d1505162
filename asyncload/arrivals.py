"""
Arrival laws: how arrivals scatter around the rate that is asked for.

A law yields positions u_0 <= u_1 <= ... of unit rate; the rate curve maps them to due times (see curve). Law and curve
know nothing of each other.

    constant   u_k = k                      the first arrival at the start
    uniform    u_k = k + jitter * U         each arrival somewhere in its own slot
    poisson    gaps -log U                  callers that know nothing of one another
    gamma      gaps Gamma(b) / b            renewal process; b = 1 is Poisson, a smaller b is burstier

Positions come in arrays, and do not depend on the size of these: a draw belongs to its arrival, and sums run in order.
So a longer phase of the same rate begins with the same arrivals.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asyncload.curve import NS_PER_S, rate_curve
from asyncload.errors import Problem, ScenarioError
from asyncload.exact import Words, exp, log, uniform, words
from asyncload.scenario import Arrivals

BLOCK: Final = 65_536
"""Most arrivals in one array."""
_LAW_STREAM: Final = 0
_FIRST_STREAM: Final = 1


def due_times(phase: Arrivals, seed: int, index: int, block: int = BLOCK) -> Iterator[NDArray[np.int64]]:
    """
    Due times of one phase, in constant memory.

    Args:
        phase: Law, rate curve and length.
        seed: The scenario's.
        index: Number of the phase in the scenario; phases draw from independent streams.
        block: Most arrivals in one array, at least 2; the arrivals do not depend on it.

    Yields:
        int64[n], 0 < n <= block, non-decreasing, ns from the start of the phase, below its length.

    Raises:
        ScenarioError: If the law or the curve is not one.
    """
    curve = rate_curve(phase.rate, phase.length_ns, f"phases[{index}].rate")
    total = curve.total
    latest_ns = np.int64(0)
    for unit in positions(phase, seed, index, block) if total > 0 else ():
        area = unit * NS_PER_S
        inside = int(np.searchsorted(area, total, side="left"))
        due = np.rint(curve.inverse_ns(area[:inside])).astype(np.int64)
        np.minimum(due, phase.length_ns - 1, out=due)
        # Two areas closer than a rounding error could swap around half a nanosecond.
        np.maximum(due, latest_ns, out=due)
        np.maximum.accumulate(due, out=due)
        if inside:
            latest_ns = due[-1]
            yield due
        if inside < unit.size:
            return


def positions(phase: Arrivals, seed: int, index: int, block: int = BLOCK) -> Iterator[NDArray[np.float64]]:
    """
    Endless positions of unit rate by the phase's law.

    Yields:
        float64[n], 0 < n <= block, non-decreasing, across arrays too.

    Raises:
        ScenarioError: If burstiness is not positive and finite, or jitter not in [0, 1].
    """
    draw = words(seed, index, _LAW_STREAM)
    match phase.law:
        case "constant":
            return constant(block)
        case "uniform":
            _require(0.0 <= phase.jitter <= 1.0, f"phases[{index}].jitter", "must be from 0 to 1")
            return jittered(draw, phase.jitter, block)
        case "poisson":
            return poisson(draw, block)
        case "gamma":
            legal = 0.0 < phase.burstiness < float("inf")
            _require(legal, f"phases[{index}].burstiness", "must be positive and finite")
            return gamma(draw, words(seed, index, _FIRST_STREAM), phase.burstiness, block)


def constant(block: int = BLOCK) -> Iterator[NDArray[np.float64]]:
    """Evenly spaced positions 0, 1, 2, ..."""
    start = 0
    while True:
        yield np.arange(start, start + block, dtype=np.float64)
        start += block


def jittered(draw: Words, jitter: float, block: int = BLOCK) -> Iterator[NDArray[np.float64]]:
    """Positions k + jitter * U with U uniform on [0, 1): gaps from 1 - jitter to 1 + jitter."""
    for slots in constant(block):
        yield slots + jitter * (1.0 - uniform(draw(block)))


def poisson(draw: Words, block: int = BLOCK) -> Iterator[NDArray[np.float64]]:
    """
    A Poisson process of unit rate.

    Source:
        Gaps are Exp(1): Kingman, Poisson Processes (1993), ch. 4; drawn by inversion, -log U.
    """
    reached = 0.0
    while True:
        gaps = log(uniform(draw(block)))
        np.negative(gaps, out=gaps)
        yield (running := _cumulative(gaps, reached))
        reached = running[-1]


def gamma(draw: Words, first: Words, burstiness: float, block: int = BLOCK) -> Iterator[NDArray[np.float64]]:
    """
    A stationary renewal process of unit rate whose gaps are Gamma(burstiness) / burstiness.

    The coefficient of variation of the gaps is 1 / sqrt(burstiness). Time 0 is a random moment of the process, not one
    of its arrivals: the wait for the first one is a uniform part of the gap that contains that moment, and such a gap
    is Gamma(burstiness + 1) / burstiness. So the mean count up to u is u exactly, for every burstiness.

    Source:
        Cox, Renewal Theory (1962), ch. 2 and 5 (equilibrium renewal process).
    """
    residual = 1.0 - uniform(first(1))
    enclosing = next(_gamma_variates(first, burstiness + 1.0, 64))[:1] / burstiness
    reached = float((residual * enclosing)[0])
    yield np.array([reached])
    for variates in _gamma_variates(draw, burstiness, block // 2):
        yield (running := _cumulative(variates / burstiness, reached))
        reached = running[-1]


def _cumulative(gaps: NDArray[np.float64], reached: float | np.float64) -> NDArray[np.float64]:
    """Running sum that starts from `reached`: the same bits as one sum over all gaps so far."""
    gaps[0] += reached
    return np.cumsum(gaps, out=gaps)


def _gamma_variates(draw: Words, shape: float, pairs: int) -> Iterator[NDArray[np.float64]]:
    """
    Endless Gamma(shape, 1) variates, in arrays of at most 2 * pairs.

    Each attempt owns six words, whatever becomes of it: two for a point in the square, and for each of the two normals
    that the point gives one for the acceptance test and one for the boost. So the sequence does not depend on `pairs`.

    Source:
        Marsaglia and Tsang, ACM TOMS 26 (2000), with their boost Gamma(a + 1) * U**(1/a) for a < 1; normals by
        Marsaglia's polar method, SIAM Review 6 (1964).
    """
    boosted = shape < 1.0
    d = (shape + 1.0 if boosted else shape) - 1.0 / 3.0
    c = 1.0 / float(np.sqrt(9.0 * d))
    while True:
        raw = draw(6 * pairs).reshape(pairs, 6)
        normal, uniforms = _polar(raw)
        v = 1.0 + c * normal
        v *= v * v
        accepted = np.flatnonzero(_accepts(normal, v, uniforms[:, 0], d))
        variates = d * v[accepted]
        if boosted:
            variates *= exp(log(uniforms[accepted, 1]) / shape)
        if accepted.size:
            yield variates


def _polar(raw: NDArray[np.uint64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Standard normals from uint64[n, 6], and the two further uniforms that belong to each.

    Shape:
        float64[m] and float64[m, 2], m <= 2 n, both normals of a point next to each other.
    """
    point = uniform(raw[:, :2]) * 2.0 - 1.0
    square = point[:, 0] * point[:, 0] + point[:, 1] * point[:, 1]
    inside = np.flatnonzero((square < 1.0) & (square > 0.0))
    square = square[inside]
    scale = np.sqrt(log(square) * -2.0 / square)
    normal = point[inside] * scale[:, np.newaxis]
    return normal.reshape(-1), uniform(raw[inside, 2:]).reshape(-1, 2)


def _accepts(
    normal: NDArray[np.float64], v: NDArray[np.float64], draw: NDArray[np.float64], d: float
) -> NDArray[np.bool_]:
    """Marsaglia and Tsang's test; logarithms only where the squeeze does not decide."""
    squared = normal * normal
    accepted = (v > 0.0) & (draw < 1.0 - 0.0331 * (squared * squared))
    unsure = np.flatnonzero((v > 0.0) & ~accepted)
    near = v[unsure]
    accepted[unsure] = log(draw[unsure]) < 0.5 * squared[unsure] + d * (1.0 - near + log(near))
    return accepted


def _require(legal: bool, path: str, message: str) -> None:  # noqa: FBT001  # a condition, not a switch
    if not legal:
        raise ScenarioError("scenario", [Problem(path, message)])
