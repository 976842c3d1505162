"""
What else a run could have given: its numbers over blocks of seconds that are drawn anew, many times.

Several runs of one scenario are drawn first, and of each that was drawn its blocks: what differs between runs, such as
a warm cache or another host, is in no single one of them.

Source:
    Davison and Hinkley, Bootstrap Methods and their Application (1997), 3.8 (two stages), 8.2 (blocks).
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asyncload.difference.blocks import Floats64, lengths, weights
from asyncload.difference.course import Course, Row
from asyncload.difference.values import QUANTILES

REPLICATES: Final = 999
FEWEST_BATCHES: Final = 8
_SLOW: Final = 0.95
"""Part of a row's calls beyond which are those whose share is one of the series that blocks are chosen by."""


@dataclass(frozen=True, slots=True)
class Resampled:
    """How far the numbers of one side could have come out otherwise, row by row; row 0 is all models together."""

    latencies: NDArray[np.float32]
    """Of log latencies: deviations from what was measured, float32[rows, quantiles, replicates]."""
    effective: Floats64
    """Independent calls that would tell as much about a percentile as the row's: float64[rows, quantiles].

    How runs differ is in the interval and not in them: they say whether there is a percentile, not how sure it is.
    """
    throughput: NDArray[np.float32]
    """Of the log rate, float32[rows, replicates]."""
    errors: Floats64
    """Variance of the share of failed calls, float64[rows]."""
    freedom: Floats64
    """How many independent parts the deviations rest on, less 1: float64[rows]."""
    block_s: float
    """Length of the blocks of row 0."""
    paired: bool = False
    """Whether the runs of both sides were drawn in pairs."""


def resample(
    course: Course, rng: np.random.Generator, runs_rng: np.random.Generator, *, paired: bool = False
) -> Resampled:
    """
    Draw many times anew.

    Args:
        course: With at least FEWEST_BATCHES batches in all.
        rng: Where chance comes from; of two sides each has its own.
        runs_rng: Likewise for which runs are drawn.
        paired: Whether the other side has an equal `runs_rng`, for its runs and these are pairs.
    """
    draws = _Draws(course, rng, runs_rng)
    rows, n = len(course), course.length
    latencies = np.zeros((rows, len(QUANTILES), REPLICATES), np.float32)
    throughput = np.zeros((rows, REPLICATES), np.float32)
    effective = np.zeros((rows, len(QUANTILES)))
    errors, freedom = np.zeros(rows), np.zeros(rows)
    blocks = np.array([_block(course.row(number), draws.strata) for number in range(rows)])
    for number in range(rows):
        row, block = course.row(number), int(blocks[number])
        drawn, runs = draws.of(block), len(course.batches)
        # Blocks of b batches vary less than they should by b / n, and so do k runs by 1 / k.
        wider = math.sqrt(runs / (runs - 1)) if runs > 1 else math.sqrt(n / (n - block))
        everything = _cumulative(row, drawn)
        latencies[number] = wider * _latencies(row, everything)
        effective[number] = _effective(row, everything if runs == 1 else _cumulative(row, draws.within(block)))
        throughput[number] = wider * _throughput(row, drawn, draws.seconds)
        errors[number] = wider**2 * _errors(row, drawn)
        freedom[number] = runs - 1 if runs > 1 else max(n / block - 1, 1)
    batch_s = sum(each.seconds for each in course.batches) / max(n, 1)
    return Resampled(latencies, effective, throughput, errors, freedom, float(blocks[0]) * batch_s, paired)


class _Draws:
    """Draws of blocks of each length, made when they are first asked for and shared by all rows."""

    def __init__(self, course: Course, rng: np.random.Generator, runs_rng: np.random.Generator) -> None:
        self._runs = [batches.strata for batches in course.batches]
        self.strata = [n for strata in self._runs for n in strata]
        self.seconds = np.concatenate(
            [np.full(len(each), each.seconds / max(len(each), 1), np.float32) for each in course.batches]
        )
        self._rng = rng
        self._chosen = _chosen_runs(len(self._runs), runs_rng)
        self._rng_within = rng.spawn(1)[0]
        self._made: dict[int, NDArray[np.float32]] = {}
        self._made_within: dict[int, NDArray[np.float32]] = {}

    def of(self, block: int) -> NDArray[np.float32]:
        """Return how often each batch is in each draw: float32[replicates, batches]."""
        if block not in self._made:
            self._made[block] = np.concatenate([self._run(run, block) for run in range(len(self._runs))], axis=1)
        return self._made[block]

    def within(self, block: int) -> NDArray[np.float32]:
        """Likewise, with each run in each draw once."""
        if block not in self._made_within:
            each = [weights(run, block, REPLICATES, self._rng_within) for run in self._runs]
            self._made_within[block] = np.concatenate(each, axis=1)
        return self._made_within[block]

    def _run(self, run: int, block: int) -> NDArray[np.float32]:
        """A run that was drawn twice has its blocks drawn twice."""
        times = self._chosen[:, run]
        drawn = np.zeros((REPLICATES, sum(self._runs[run])), np.float32)
        for once in range(int(times.max())):
            drawn += (times > once)[:, None] * weights(self._runs[run], block, REPLICATES, self._rng)
        return drawn


def _chosen_runs(runs: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """How often each run is in each draw: int64[replicates, runs]."""
    if runs == 1:
        return np.ones((REPLICATES, 1), np.int64)
    return rng.multinomial(runs, [1 / runs] * runs, REPLICATES)


def _block(row: Row, strata: list[int]) -> int:
    """The longest block that any of a row's series asks for: where its latencies lie, its slow calls, its failures."""
    sums = row.binned.sum(axis=1, dtype=np.float64)
    some = np.maximum(sums, 1)
    bins = row.bins.cuts.size
    place = row.binned @ np.arange(bins, dtype=np.float32) / some
    slow = row.binned[:, _slow_bin(row) :].sum(axis=1) / some
    # A batch without calls says nothing about their latency.
    kept = [np.where(sums > 0, one, one[sums > 0].mean() if sums.any() else 0.0) for one in (place, slow)]
    failed = (row.calls - row.ok).astype(np.float64)
    return int(lengths(np.stack([*kept, failed, row.ok.astype(np.float64)]), strata).max())


def _slow_bin(row: Row) -> int:
    """The first bin that holds slow calls only."""
    cumulative = np.cumsum(row.binned.sum(axis=0, dtype=np.float64))
    return int(np.searchsorted(cumulative, _SLOW * cumulative[-1])) + 1 if cumulative.size else 0


def _latencies(row: Row, everything: NDArray[np.float32]) -> Floats64:
    """Deviations of the logarithms of the percentiles, float64[quantiles, replicates]."""
    if not row.bins.cuts.size:
        return np.zeros((len(QUANTILES), REPLICATES))
    found = np.stack([_log_quantiles(everything, q, row.bins.log_edges) for q in QUANTILES.values()])
    deviations: Floats64 = found[:, :-1] - found[:, -1:]
    return deviations


def _effective(row: Row, everything: NDArray[np.float32]) -> Floats64:
    """How many independent calls would tell as much about each percentile, float64[quantiles]."""
    if not row.bins.cuts.size:
        return np.zeros(len(QUANTILES))
    return np.array([_effective_at(everything, q) for q in QUANTILES.values()])


def _cumulative(row: Row, drawn: NDArray[np.float32]) -> NDArray[np.float32]:
    """Calls up to each bin's end in each draw, and in the last row as they were measured; of no call nothing."""
    binned = np.cumsum(row.binned, axis=1)
    return np.vstack([drawn @ binned, binned.sum(axis=0, dtype=np.float64)])


def _effective_at(cumulative: NDArray[np.float32], q: float) -> float:
    """
    How many independent calls would make the share of those up to a percentile vary as it does from draw to draw; at
    most as many as there are. The last row is what was measured.
    """
    measured = cumulative[-1].astype(np.float64)
    calls = measured[-1]
    bin_ = int(np.abs(measured - q * calls).argmin())
    share = measured[bin_] / calls
    variance = float((cumulative[:-1, bin_] / np.maximum(cumulative[:-1, -1], 1)).var(dtype=np.float64))
    return float(min(share * (1 - share) / variance, calls)) if variance else float(calls)


def _log_quantiles(cumulative: NDArray[np.float32], q: float, log_edges: Floats64) -> Floats64:
    """Between the edges of the bin that has the rank, as if its calls were spread evenly on the log scale."""
    wanted = (q * cumulative[:, -1])[:, None]
    bin_ = np.minimum((cumulative < wanted).sum(axis=1), cumulative.shape[1] - 1)
    each = np.arange(cumulative.shape[0])
    below = np.where(bin_ > 0, cumulative[each, np.maximum(bin_ - 1, 0)], 0.0)
    inside = cumulative[each, bin_] - below
    share = np.clip((wanted[:, 0] - below) / np.where(inside > 0, inside, 1), 0, 1)
    found: Floats64 = log_edges[bin_] + share * (log_edges[bin_ + 1] - log_edges[bin_])
    return found


def _throughput(row: Row, drawn: NDArray[np.float32], seconds: NDArray[np.float32]) -> NDArray[np.float64]:
    if not row.ok.any():
        return np.zeros(drawn.shape[0])
    measured = row.ok.sum(dtype=np.float64) / seconds.sum(dtype=np.float64)
    # A draw in which nothing was answered is as far away as one with half an answer.
    rates = np.maximum(drawn @ row.ok, 0.5) / (drawn @ seconds)
    found: NDArray[np.float64] = np.log(rates / measured)
    return found


def _errors(row: Row, drawn: NDArray[np.float32]) -> float:
    calls = drawn @ row.calls
    shares = 1 - (drawn @ row.ok)[calls > 0] / calls[calls > 0]
    return float(shares.var()) if shares.size else 0.0
