"""
What a client says of its calls, held against what the server says of the same ones.

Of each model, the n-th call to be sent is taken for the n-th to arrive. Two calls of one model that overtook each other
on the way are thereby exchanged, which changes no quantile of either side, only the call-by-call errors, by what lay
between them. Quantiles are those of rank ceil(q n), of both sides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc

import numpy as np
from numpy.typing import NDArray

from bench.locust.played import Arrived
from bench.locust.said import Said
from bench.target import MODELS

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Held:
    """The calls that are compared, by both sides; units: ms, one entry a call, in one order."""

    said_ms: Floats
    truth_ms: Floats

    def error_ms(self, q: float) -> float:
        """Return the quantile that the client says less the true one."""
        return quantile(self.said_ms, q) - quantile(self.truth_ms, q)

    def each_ms(self, q: float) -> float:
        """Return the quantile of the errors of single calls."""
        return quantile(self.said_ms - self.truth_ms, q)


def hold(said: Said, truth: Sequence[Arrived]) -> Held:
    """
    Put the two sides together.

    Args:
        said: By the client, of all its calls.
        truth: Of the same calls, in any order; a few more, at the end, are calls that the client gave up.

    Raises:
        RuntimeError: If the client says that it made calls which never arrived.
    """
    pairs: list[Floats] = []
    for number, name in enumerate(MODELS):
        rows = sorted((row.arrival_ns, row.sent_ns) for row in truth if row.model == name)
        (mine,) = np.nonzero(said.model == number)
        mine = mine[np.argsort(said.sent_ns[mine], kind="stable")]
        if mine.size > len(rows):
            raise RuntimeError(f"{name}: {mine.size} calls were made, {len(rows)} arrived")
        took = np.array(rows[: mine.size], np.int64).reshape(-1, 2)
        pair = np.stack([said.took_ns[mine], took[:, 1] - took[:, 0]])[:, said.counted[mine]]
        pairs.append(pair / 1e6)
    said_ms, truth_ms = np.concatenate(pairs, axis=1)
    return Held(said_ms, truth_ms)


def quantile(values: Floats, q: float) -> float:
    """Return the value of rank ceil(q n); NaN of none."""
    return float(np.quantile(values, q, method="inverted_cdf")) if values.size else float("nan")


def chi_square(counts: Sequence[float], weights: Sequence[float]) -> tuple[float, float]:
    """
    Hold counts of two kinds against their weights.

    Returns:
        Pearson's chi-square, and how often chance alone gives as much or more.
    Source:
        With one degree of freedom the square of a standard normal: P(X > x) = erfc(sqrt(x / 2)).
    """
    expected = [sum(counts) * weight / sum(weights) for weight in weights]
    value = sum((count - mean) ** 2 / mean for count, mean in zip(counts, expected, strict=True))
    return value, erfc((value / 2) ** 0.5)
