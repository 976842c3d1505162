"""What a run directory has beyond its result: the seconds of every target, and the calls if they were kept."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from asyncload.histogram import Int64s
from asyncload.measured import ModelResult


class Samples(NamedTuple):
    """
    A block of calls, in the order in which they ended.

    **Shape**: int64[n] each.
    **Units**: times are ns from the plan's zero; a time that never came is 0.
    """

    model: Int64s
    """Index of the target; calls of the warm-up have theirs too."""
    due_ns: Int64s
    sent_ns: Int64s
    first_ns: Int64s
    last_ns: Int64s
    outcome: Int64s
    """As `Outcome` numbers them."""
    received_bytes: Int64s
    attempts: Int64s


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows of some seconds, of one duration, as columns: a thousand targets over an hour have some millions of rows."""

    second: Int64s
    """int64[n], ascending."""
    model: Int64s
    """Index of the target of each row; the warm-up's is behind the last. int64[n]."""
    outcomes: NDArray[np.int64]
    """Calls that ended, by `Outcome`: int64[n, outcomes]."""
    row: Int64s
    """Row of each entry of the histograms, int64[k], ascending."""
    slot: Int64s
    """int64[k]."""
    count: Int64s
    """int64[k]."""


@dataclass(frozen=True, slots=True)
class History:
    """The course of a run, target by target; a thousand of them over an hour do not fit into memory at once."""

    measured_ns: tuple[tuple[int, int], ...]
    """Spans of the measured phases, from the plan's zero."""
    rank: int
    world: int
    """Into how many shares the plan was cut; these are the seconds of the share `rank`."""
    seconds: Iterable[tuple[int, Mapping[int, ModelResult]]]
    """
    Seconds in which a call ended, ascending, each with the targets of which one did, by their index; the warm-up of
    all targets has the index behind the last. May be gone through more than once. Signs are None.
    """
    stored: Callable[[str], Iterator[Columns]] | None = field(default=None, repr=False, compare=False)
    """Where the seconds are kept as columns: reads those of one duration, which is ten times as fast."""
    samples: Iterable[Samples] | None = None
    """Every call, in blocks that fit into memory, if the run kept them. May be gone through more than once."""

    def columns(self, metric: str) -> Iterator[Columns]:
        """
        Go through the seconds as columns.

        Args:
            metric: "response", "service", "lateness" or "ttfb".
        """
        if self.stored is not None:
            yield from self.stored(metric)
            return
        for second, targets in self.seconds:
            histograms = [getattr(model, metric) for model in targets.values()]
            sizes = [histogram.slots.size for histogram in histograms]
            yield Columns(
                np.full(len(targets), second, np.int64),
                np.array(list(targets), np.int64),
                np.array([model.outcomes for model in targets.values()], np.int64),
                np.repeat(np.arange(len(targets)), sizes),
                np.concatenate([histogram.slots for histogram in histograms]),
                np.concatenate([histogram.counts for histogram in histograms]),
            )
