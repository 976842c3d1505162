"""What a run has come to so far, in rows: one for each model that has series of its own, one for the others."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from asyncload.buckets import DURATION_BOUNDS_S, LATENESS_BOUNDS_S
from asyncload.call import Outcome
from asyncload.histogram import Int64s
from asyncload.record import METRICS
from asyncload.telemetry.frames import Tick
from asyncload.telemetry.spread import Spreads

_SLOT_BITS: Final = 15
_BOUNDS_S: Final = {"response": DURATION_BOUNDS_S, "service": DURATION_BOUNDS_S, "lateness": LATENESS_BOUNDS_S}


class Totals:
    """Sums of all seconds that have ended; every count in it only grows."""

    def __init__(self, rows: Int64s, labels: Sequence[str]) -> None:
        """
        Args:
            rows: Row of each model, and last that of the warm-up, which is `len(labels)`.
            labels: Of the rows but for the warm-up's.
        """
        self._rows = rows
        self.labels = tuple(labels)
        self.warmup = len(self.labels)
        """Row of the warm-up of all models."""
        self.outcomes = np.zeros((self.warmup + 1, len(Outcome)), np.int64)
        self.received = np.zeros(self.warmup + 1, np.int64)
        self.retries = np.zeros(self.warmup + 1, np.int64)
        self.durations = {metric: Spreads(self.warmup + 1, bounds) for metric, bounds in _BOUNDS_S.items()}
        self.planned = self.sent = 0
        self.last: Tick | None = None
        """The newest second; None before the first has ended."""
        self.ended = False
        """Whether the run is over."""

    def add(self, tick: Tick, columns: Sequence[Int64s]) -> None:
        """
        Add a second.

        Args:
            tick: What is not by model.
            columns: Keys, counts, outcomes, received bytes and retries, as `record.Second` has them.
        """
        keys, counts, outcomes, received, retries = columns
        np.add.at(self.outcomes, self._rows, outcomes.reshape(-1, len(Outcome)))
        np.add.at(self.received, self._rows, received)
        np.add.at(self.retries, self._rows, retries)
        groups, slots = keys >> _SLOT_BITS, keys & ((1 << _SLOT_BITS) - 1)
        rows, metrics = self._rows[groups // len(METRICS)], groups % len(METRICS)
        for metric, spreads in self.durations.items():
            mine = metrics == METRICS.index(metric)
            spreads.add(rows[mine], slots[mine], counts[mine])
        self.planned += tick.planned
        self.sent += tick.sent
        self.last = tick
