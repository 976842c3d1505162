"""
The last seconds of a run in sum: what a live view shows.

It is asked once a second on the loop that measures, so it computes what is shown and nothing else: sums of arrays over
all models, and histograms for the few models that get a row.
"""

import math
from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from asyncload.call import Outcome
from asyncload.histogram import Histogram, Int64s, highest_us
from asyncload.record import METRICS
from asyncload.result import WARMUP
from asyncload.snapshot import Snapshot
from asyncload.statistics.ranks import needed

SECONDS = 5
"""What "the last seconds" are."""

_RESPONSE = METRICS.index("response")
_NONE = np.empty(0, np.int64)


class Recent:
    """Some snapshots that follow one another, as if they were one."""

    def __init__(self, seconds: int | None = None) -> None:
        """
        Args:
            seconds: Snapshots kept; by default all since `clear`.
        """
        self._snapshots: deque[Snapshot] = deque(maxlen=seconds)
        self._spans_ns: deque[int] = deque(maxlen=seconds)
        self._counted: deque[tuple[Int64s, Int64s, Int64s]] = deque(maxlen=seconds)
        self._elapsed_ns = 0

    def __len__(self) -> int:
        return len(self._snapshots)

    def add(self, snapshot: Snapshot) -> None:
        """Take the next snapshot, and let the oldest go where only some are kept."""
        self._spans_ns.append(max(snapshot.elapsed_ns - self._elapsed_ns, 0))
        self._snapshots.append(snapshot)
        self._counted.append((*snapshot.second.groups(), snapshot.second.counts))
        self._elapsed_ns = max(snapshot.elapsed_ns, 0)

    def clear(self) -> None:
        """Forget all snapshots."""
        self._snapshots.clear()
        self._spans_ns.clear()
        self._counted.clear()

    @property
    def last(self) -> Snapshot:
        """The newest snapshot."""
        return self._snapshots[-1]

    @property
    def sending(self) -> bool:
        """Whether the plan was still going on in the newest second."""
        return self._spans_ns[-1] > 0

    @property
    def users(self) -> int | None:
        """Users who take part now; None if no second of these was in a closed phase."""
        closed = any(math.isnan(snapshot.rate_per_s) for snapshot in self._snapshots)
        return self.last.users if closed else None

    @property
    def asked_per_s(self) -> float:
        """The plan's rate over the time in which calls were sent; NaN if that was none, or if nothing was asked."""
        arrivals = sum(
            snapshot.rate_per_s * span for snapshot, span in zip(self._snapshots, self._spans_ns, strict=True)
        )
        return arrivals / sum(self._spans_ns) if any(self._spans_ns) else float("nan")

    @property
    def sent_per_s(self) -> float:
        """Calls sent over the time in which they were; NaN if that was none."""
        span_ns = sum(self._spans_ns)
        return sum(snapshot.row.sent for snapshot in self._snapshots) * 1e9 / span_ns if span_ns else float("nan")

    @property
    def outcomes(self) -> tuple[int, ...]:
        """Calls that ended, by `Outcome`, of all models and the warm-up."""
        return tuple(map(sum, zip(*(snapshot.row.outcomes for snapshot in self._snapshots), strict=True)))

    def by_model(self) -> NDArray[np.int64]:
        """
        Calls that ended, per model and outcome.

        Shape:
            int64[models + 1, 12]; the last row is the warm-up of all models.
        """
        outcomes: NDArray[np.int64] = np.sum([snapshot.second.outcomes for snapshot in self._snapshots], axis=0)
        return outcomes

    def quantiles_us(self, models: Sequence[int], qs: Sequence[float]) -> NDArray[np.float64]:
        """
        Quantiles of the response of some models, and of everything.

        Shape:
            float64[len(models) + 2, len(qs)], NaN of no calls, infinite of too few. The last rows are response and
            lateness of all models and the warm-up.
        """
        wanted = np.asarray(models, np.int64) * len(METRICS) + _RESPONSE
        parts: list[list[Histogram]] = [[] for _ in models]
        for groups, slots, counts in self._counted:
            begins, ends = (np.searchsorted(groups, wanted, side).tolist() for side in ("left", "right"))
            for part, begin, end in zip(parts, begins, ends, strict=True):
                part.append(Histogram(slots[begin:end], counts[begin:end]))
        rows = [snapshot.row for snapshot in self._snapshots]
        return quantiles_us([*parts, [row.response for row in rows], [row.lateness for row in rows]], qs)

    def name_of(self, model: int) -> str:
        """Label of a model, or the warm-up's."""
        names = self.last.names
        return names[model] if model < len(names) else WARMUP


def quantiles_us(groups: Sequence[Sequence[Histogram]], qs: Sequence[float]) -> NDArray[np.float64]:
    """
    Quantiles of many merged histograms at once.

    Args:
        groups: The histograms to be merged, for each group.
        qs: In (0, 1).

    Shape:
        float64[len(groups), len(qs)]; NaN where a group is empty, infinite where it has too few calls: no value of
        theirs bounds the quantile.
    """
    # All groups side by side in one dense array, counted and summed up in two calls; merging each would sort each.
    histograms = [histogram for group in groups for histogram in group]
    lengths = [sum(histogram.slots.size for histogram in group) for group in groups]
    slots = np.concatenate([_NONE, *(histogram.slots for histogram in histograms)])
    counts = np.concatenate([_NONE, *(histogram.counts for histogram in histograms)])
    if not slots.size:
        return np.full((len(groups), len(qs)), np.nan)
    lowest = int(slots.min())
    width = int(slots.max()) - lowest + 1
    keys = slots + np.repeat(np.arange(len(groups)) * width - lowest, lengths)
    cumulative = np.cumsum(np.bincount(keys, counts, len(groups) * width))
    behind = cumulative[width - 1 :: width]
    before = np.concatenate([[0.0], behind[:-1]])
    calls = behind - before
    ranks = np.maximum(np.ceil(np.outer(calls, qs) - 1e-9), 1)
    found = np.searchsorted(cumulative, np.minimum(ranks + before[:, None], cumulative[-1]))
    values = highest_us(found % width + lowest).astype(np.float64)
    values[calls[:, None] < np.asarray([needed(q) for q in qs])] = np.inf
    values[calls == 0] = np.nan
    return values


def busiest(calls: NDArray[np.int64], most: int) -> list[int]:
    """Indexes of the highest counts above zero, in ascending order of the index."""
    chosen = np.argpartition(calls, -most)[-most:] if calls.size > most else np.arange(calls.size)
    indexes: list[int] = np.sort(chosen[calls[chosen] > 0]).tolist()
    return indexes


def errors_by_kind(outcomes: Sequence[int]) -> str:
    """Print counts of what did not end OK: "THROTTLED 12, TIMEOUT 3", or "none"."""
    found = [f"{outcome.name} {outcomes[outcome]}" for outcome in Outcome if outcome and outcomes[outcome]]
    return ", ".join(found) or "none"
