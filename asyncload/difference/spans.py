"""
The measured seconds of a run in batches: a second each, or several of a long run; never across two phases.

A phase of another rate is another regime: what is drawn anew for the second phase is drawn from the second phase.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from asyncload.formats.recording import Recording
from asyncload.histogram import Int64s

MOST: Final = 240
"""Batches of a run; a longer one has longer batches."""
_FEWEST: Final = 8
"""Batches of a phase that is drawn by itself; where any has fewer, all phases are drawn together."""
_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Batches:
    """Where the measured seconds of one run belong."""

    begins_s: tuple[float, ...]
    """Of the measured phases, from the plan's zero."""
    lengths_s: tuple[float, ...]
    """What has passed of each."""
    counts: tuple[int, ...]
    """Batches of each."""
    alone: bool
    """Whether the seconds are of the measured phases alone; else those of the warm-up are to be left out."""

    @classmethod
    def of(cls, recording: Recording) -> "Batches":
        """Cut the measured phases of a run."""
        spans = [(begin / _S, (end - begin) / _S) for begin, end in _spans(recording) if end > begin]
        batch_s = max(1, math.ceil(sum(length for _, length in spans) / MOST))
        counts = tuple(max(1, round(length / batch_s)) for _, length in spans)
        return cls(
            tuple(begin for begin, _ in spans), tuple(length for _, length in spans), counts,
            recording.history is not None,
        )  # fmt: skip

    def __len__(self) -> int:
        return sum(self.counts)

    @property
    def seconds(self) -> float:
        """Length of all measured phases."""
        return math.fsum(self.lengths_s)

    @property
    def strata(self) -> tuple[int, ...]:
        """Batches that are drawn anew among themselves."""
        return self.counts if min(self.counts, default=0) >= _FEWEST else (len(self),) if len(self) else ()

    def holds(self, second: int) -> bool:
        """Whether a second is one of the measured phases, or of the replies to them."""
        return self.alone or not self.begins_s or second + 0.5 >= self.begins_s[0]

    def at(self, seconds: Int64s) -> Int64s:
        """Batch of each second, int64[n]; replies that come after a phase's end count to its last batch."""
        middle = seconds + 0.5
        begins, lengths = np.array(self.begins_s), np.array(self.lengths_s)
        counts = np.array(self.counts, np.int64)
        span = np.maximum(np.searchsorted(begins, middle, side="right") - 1, 0)
        inside = ((middle - begins[span]) / lengths[span] * counts[span]).astype(np.int64)
        first = np.cumsum(counts) - counts
        found: Int64s = first[span] + np.clip(inside, 0, counts[span] - 1)
        return found


def _spans(recording: Recording) -> list[tuple[int, int]]:
    """Measured spans, as far as they have passed; without a history the warm-up is taken to come before all others."""
    health = recording.result.health
    passed_ns = max(health.elapsed_ns - health.send_tail_ns, 0)
    if recording.history is None:
        return [(max(passed_ns - health.measured_ns, 0), passed_ns)]
    if health.measured_ns >= sum(end - begin for begin, end in recording.history.measured_ns):
        return list(recording.history.measured_ns)  # a plan that ended early still lasts its whole length
    return [(begin, min(end, passed_ns)) for begin, end in recording.history.measured_ns]
