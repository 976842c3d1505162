"""
The course of one or several runs as counts: for each model and batch of seconds its calls, and its latencies in bins.

The bins of a model are cut where its calls are: at ranks that lie densely about p50, p90 and p99, so that a percentile
of any mixture of the batches can be told between two cuts. Some hundred bins instead of thousands of slots, and at most
240 batches a run, keep a thousand models over an hour in some 120 MB, however many calls there were.

    cuts of a model   |    |   |  |  | | | | ||||   ranks from 5 % to 99.99 %
    batch 0           3    9   ...                  calls whose latency is in each bin
    batch 1           ...
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asyncload.call import Outcome
from asyncload.difference.batches import Batches
from asyncload.formats.recording import Recording
from asyncload.histogram import SLOTS, Histogram, Int64s, highest_us, lowest_us, merge
from asyncload.history import Columns
from asyncload.result import SecondResult

Floats = NDArray[np.float32]

_LOGITS: Final = np.linspace(-3.0, 9.25, 126)
_RANKS: Final = 1 / (1 + np.exp(-_LOGITS))
"""Where the cuts are: parts of a model's calls."""


@dataclass(frozen=True, slots=True)
class Bins:
    """Where one row's latencies are cut."""

    cuts: Int64s
    """The last slot of each bin, ascending; the last one is that of the longest call. Empty if there was no call."""
    log_edges: NDArray[np.float64]
    """Logarithms of the latencies between which the bins lie, in us: one more than cuts."""

    @classmethod
    def of(cls, histogram: Histogram) -> "Bins":
        """Cut where the values of a histogram are."""
        slots = histogram.slots
        if not slots.size:
            return cls(slots, np.zeros(1))
        cumulative = np.cumsum(histogram.counts)
        ranks = np.append(np.ceil(_RANKS * cumulative[-1]), cumulative[-1])
        cuts = slots[np.unique(np.searchsorted(cumulative, ranks))]
        edges = np.append(np.maximum(lowest_us(slots[:1]), 1), highest_us(cuts) + 1)
        return cls(cuts, np.log(edges.astype(np.float64)))


@dataclass(frozen=True, slots=True)
class Row:
    """One model, or all together, in the course of one or several runs."""

    bins: Bins
    calls: Floats
    """Calls that ended in each batch: float32[batches]."""
    ok: Floats
    binned: Floats
    """Of the calls with a response time, those in each batch and bin: float32[batches, bins]."""


class Course:
    """All rows of one or several runs; a run's batches follow those of the run before."""

    def __init__(self, recordings: Sequence[Recording], names: Sequence[str]) -> None:
        """
        Go through the runs.

        Args:
            recordings: At least one.
            names: Models that get a row of their own; all together get the first one. Needs histories if not empty.

        Raises:
            StoreError: If a history cannot be read.
        """
        self.batches = [Batches.of(recording.result) for recording in recordings]
        first = np.cumsum([0, *(len(each) for each in self.batches)])
        self.length = int(first[-1])
        self._bins = [Bins.of(merge([each.result.totals.response for each in recordings]))]
        self._bins += [Bins.of(merge(_responses(recordings, name))) for name in names]
        self._keys = np.concatenate([row * SLOTS + each.cuts for row, each in enumerate(self._bins)])
        sizes = np.array([each.cuts.size for each in self._bins])
        self._first = np.concatenate([[0], np.cumsum(sizes)])
        self._sizes = sizes
        self._binned = np.zeros(int(self._first[-1]) * self.length, np.float32)
        self._calls, self._ok = (np.zeros((len(self._bins), self.length), np.float32) for _ in range(2))
        rows = {name: row for row, name in enumerate(names, 1)}
        for recording, batches, offset in zip(recordings, self.batches, first.tolist(), strict=False):
            self._read(recording, batches, offset, rows)

    def __len__(self) -> int:
        return len(self._bins)

    def row(self, number: int) -> Row:
        """Return a row; 0 is that of all models together."""
        begin, end = self._first[number : number + 2] * self.length
        binned = self._binned[begin:end].reshape(self.length, -1)
        return Row(self._bins[number], self._calls[number], self._ok[number], binned)

    # -- reading ------------------------------------------------------------------------------------------------------

    def _read(self, recording: Recording, batches: Batches, offset: int, rows: Mapping[str, int]) -> None:
        if recording.history is None:
            self._add_seconds(recording.result.seconds, batches, offset)
            return
        models = [rows.get(model.name, -1) for model in recording.result.models]
        row_of = np.array([*models, -1], np.int64)  # the last one is the warm-up
        for columns in recording.history.columns("response"):
            self._add(_measured(columns, batches, len(models)), batches, offset, row_of)

    def _add(self, columns: Columns, batches: Batches, offset: int, row_of: Int64s) -> None:
        batch = offset + batches.at(columns.second)
        row = row_of[columns.model]
        calls, ok = columns.outcomes.sum(axis=1), columns.outcomes[:, Outcome.OK]
        for place, kept in ((np.zeros_like(row), slice(None)), (row, row >= 0)):
            for counted, more in ((self._calls, calls), (self._ok, ok)):
                np.add.at(counted, (place[kept], batch[kept]), more[kept].astype(np.float32))
        entry_row, entry_batch = row[columns.row], batch[columns.row]
        self._count(np.zeros_like(entry_row), entry_batch, columns.slot, columns.count)
        named = entry_row >= 0
        self._count(entry_row[named], entry_batch[named], columns.slot[named], columns.count[named])

    def _count(self, row: Int64s, batch: Int64s, slot: Int64s, count: Int64s) -> None:
        place = np.searchsorted(self._keys, row * SLOTS + slot)
        column = np.minimum(place - self._first[row], self._sizes[row] - 1)
        flat = self._first[row] * self.length + batch * self._sizes[row] + column
        np.add.at(self._binned, flat, count.astype(np.float32))

    def _add_seconds(self, seconds: Sequence[SecondResult], batches: Batches, offset: int) -> None:
        """Without a history there are the seconds of all models together, in which the warm-up's calls are too."""
        for second in seconds:
            number = np.array([second.second])
            if not batches.measured(number)[0]:
                continue
            batch = offset + int(batches.at(number)[0])
            self._calls[0, batch] += sum(second.outcomes)
            self._ok[0, batch] += second.outcomes[Outcome.OK]
            slots, counts = second.response.slots, second.response.counts
            self._count(np.zeros_like(slots), np.full_like(slots, batch), slots, counts)


def _responses(recordings: Sequence[Recording], name: str) -> list[Histogram]:
    return [model.response for each in recordings for model in each.result.models if model.name == name]


def _measured(columns: Columns, batches: Batches, models: int) -> Columns:
    """Leave the warm-up out."""
    kept = (columns.model < models) & batches.measured(columns.second)
    if kept.all():
        return columns
    place = np.cumsum(kept) - 1
    entries = kept[columns.row]
    return Columns(
        columns.second[kept], columns.model[kept], columns.outcomes[kept],
        place[columns.row[entries]], columns.slot[entries], columns.count[entries],
    )  # fmt: skip
