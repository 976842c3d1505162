"""
How many seconds in a row belong together, and drawing such blocks anew.

Seconds are not independent: a garbage collection, a full queue or a neighbour lasts. Blocks that are drawn as a whole
keep what belongs together. They begin anywhere and go on at the begin of the phase where it ends, so that each second
is as likely to be drawn as any other.

Source:
    Politis and Romano, A circular block-resampling procedure (1992). Length: Politis and White, Automatic block-length
    selection for the dependent bootstrap, Econometric Reviews 23 (2004), with the correction of Patton, Politis and
    White, ibid. 28 (2009); never below the n^(1/3) of Hall, Horowitz and Jing, Biometrika 82 (1995).
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats64 = NDArray[np.float64]

LADDER: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
"""Lengths that are used: so few that the draws can be shared by all models with one of them."""
_INSIDE: Final = 2.0
"""Standard errors within which an autocorrelation counts as none."""
_FEWEST_INSIDE: Final = 5
"""Autocorrelations in a row that are none, for those before them to be all that there is."""
_SAFER: Final = 1.5
"""The best length for a variance makes it too small; an interval bears less of that, and somewhat longer blocks."""
_FEWEST_BLOCKS: Final = 4


def lengths(series: Floats64, strata: Sequence[int]) -> NDArray[np.int64]:
    """
    Length of the blocks that each of several series asks for, in batches.

    Args:
        series: float64[rows, batches].
        strata: Batches in each part; what differs between parts is no dependence.

    Returns:
        int64[rows], each of LADDER.
    """
    n = series.shape[1]
    least, most = n ** (1 / 3), max(strata, default=1) / _FEWEST_BLOCKS
    longest = max(most, 1)
    asked = np.clip(_optimal(_centred(series, strata)), least, longest)
    ladder = np.array(LADDER)
    up = ladder[np.minimum(np.searchsorted(ladder, asked - 1e-9), ladder.size - 1)]
    fits: NDArray[np.int64] = np.minimum(up, ladder[np.searchsorted(ladder, longest, "right") - 1])
    return fits


def _centred(series: Floats64, strata: Sequence[int]) -> Floats64:
    ends = np.cumsum(strata)
    parts = np.split(series, ends[:-1], axis=1)
    return np.concatenate([part - part.mean(axis=1, keepdims=True) for part in parts], axis=1)


def _optimal(centred: Floats64) -> Floats64:
    """Optimal length for the variance of a mean by circular blocks, of each row."""
    rows, n = centred.shape
    inside = max(_FEWEST_INSIDE, math.ceil(math.sqrt(math.log10(max(n, 2)))))
    lags = min(math.ceil(math.sqrt(n)) + inside, n - 1)
    covariances = np.stack([(centred[:, lag:] * centred[:, : n - lag]).sum(axis=1) / n for lag in range(lags + 1)], 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        none = np.abs(covariances[:, 1:] / covariances[:, :1]) < _INSIDE * math.sqrt(math.log10(max(n, 2)) / n)
    bandwidths = 2 * _last_correlated(none, inside)
    lag = np.arange(1, lags + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = lag / bandwidths[:, None]
    window = np.where(share <= 0.5, 1.0, np.where(share <= 1, 2 * (1 - share), 0.0))
    tails = window * covariances[:, 1:]
    spectral, slope = covariances[:, 0] + 2 * tails.sum(axis=1), 2 * (lag * tails).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = _SAFER * (1.5 * (slope / spectral) ** 2) ** (1 / 3) * n ** (1 / 3)
    # No variance, or a spectrum that the noise made negative: as much dependence as there can be.
    return np.where(covariances[:, 0] > 0, np.where(spectral > 0, found, n), np.zeros(rows))


def _last_correlated(none: NDArray[np.bool_], inside: int) -> NDArray[np.int64]:
    """Lag behind which so many autocorrelations in a row are none, at least 1; the last lag if there is no such run."""
    windows: NDArray[np.bool_] = np.lib.stride_tricks.sliding_window_view(none, min(inside, none.shape[1]), axis=1)
    clear: NDArray[np.bool_] = np.logical_and.reduce(windows, axis=2)
    first = np.where(clear.any(axis=1), clear.argmax(axis=1), none.shape[1])
    found: NDArray[np.int64] = np.maximum(first, 1)
    return found


def weights(strata: Sequence[int], block: int, replicates: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """
    How often each batch was drawn in each of many draws.

    Args:
        strata: Batches in each part; a part is drawn from itself, as many as it has.
        block: Length of the blocks; in a part of fewer batches shorter ones.
        replicates: How many draws.
        rng: Where chance comes from.

    Returns:
        float32[replicates, batches].
    """
    return np.concatenate([_drawn(n, min(block, max(n // 2, 1)), replicates, rng) for n in strata], axis=1)


def _drawn(n: int, block: int, replicates: int, rng: np.random.Generator) -> NDArray[np.float32]:
    starts = rng.integers(0, n, (replicates, -(-n // block), 1))
    drawn = ((starts + np.arange(block)) % n).reshape(replicates, -1)[:, :n]
    flat = (drawn + n * np.arange(replicates)[:, None]).ravel()
    return np.bincount(flat, minlength=n * replicates).reshape(replicates, n).astype(np.float32)
