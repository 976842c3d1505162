"""What a run has measured so far, put together from its seconds; for the page's process, which has the time for it."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asyncload.call import Outcome
from asyncload.histogram import SLOTS, Histogram, Int64s
from asyncload.live.course import Course, Row
from asyncload.live.words import End, Hello, Tick
from asyncload.record import METRICS, SIGNS, Second
from asyncload.result import WARMUP, Health, ModelResult, RunResult, SecondResult, Signs
from asyncload.slo.answers import ObjectiveResult
from asyncload.totals import Pages

_N: Final = len(METRICS)
_RESPONSE: Final = METRICS.index("response")
_LATENESS: Final = METRICS.index("lateness")
_SECONDS: Final = 3600
"""From the last so many it is told how far calls are from being independent; more would need too much memory."""
MODEL_QUANTILES: Final = (0.5, 0.99)


class Progress:
    """A run under way: its course, its totals, and its models."""

    def __init__(self, hello: Hello) -> None:
        """
        Args:
            hello: What is known before the run begins.
        """
        self.hello = hello
        self.course = Course()
        self._seconds: deque[SecondResult] = deque(maxlen=_SECONDS)
        self.tick: Tick | None = None
        """The last one."""
        self.end: End | None = None
        models = len(hello.names)
        self.outcomes = np.zeros((models + 1, len(Outcome)), np.int64)
        """By target; the last row is the warm-up."""
        self._received = np.zeros(models + 1, np.int64)
        self._refused = np.zeros(models + 1, np.int64)
        self._pages = Pages((models + 1) * _N)
        self._signs = Pages((models + 1) * len(SIGNS))
        self._everything = np.zeros((_N, SLOTS), np.int64)
        self._stale = np.zeros(models, bool)
        self._quantiles_us = np.full((models, len(MODEL_QUANTILES)), np.nan)

    def add(self, tick: Tick, second: Second) -> None:
        """Take the next second."""
        self.tick = tick
        self.outcomes += second.outcomes
        self._received += second.received
        self._refused += second.refused
        self._stale |= second.outcomes[:-1].any(axis=1)
        self._pages.add(second.keys, second.counts)
        self._signs.add(second.sign_keys, second.sign_counts)
        groups, slots = second.groups()
        measured = groups < len(self.hello.names) * _N
        np.add.at(self._everything, (groups[measured] % _N, slots[measured]), second.counts[measured])
        row = SecondResult(
            tick.second, tick.planned, tick.sent, tick.in_flight, tuple(second.outcomes.sum(axis=0).tolist()),
            second.overall(_RESPONSE), second.overall(_LATENESS),
        )  # fmt: skip
        self._seconds.append(row)
        told = Row.of(row, asked_per_s=tick.rate_per_s, users=tick.users, warmup=tick.warmup, sending_s=tick.sending_s)
        self.course.add(told)

    @property
    def seen(self) -> int:
        """Seconds that were told."""
        return 0 if self.tick is None else self.tick.second + 1

    def result(self) -> RunResult:
        """
        Return the result that the run would have if it ended now, without its models.

        All of them stand in one, called `total`: what is said of a run so far is said of all of them together.
        """
        # What was in flight at the end of the last second has not ended, as in a run that was cut.
        health = replace(Health(0, 0, 0, 0) if self.tick is None else self.tick.health, cut=self.end is None)
        outcomes = self.outcomes[:-1].sum(axis=0)
        together = ModelResult("total", tuple(outcomes.tolist()), int(self._received[:-1].sum()), *self._histograms())
        nothing = (Histogram.empty(),) * _N
        warmup = ModelResult(WARMUP, tuple(self.outcomes[-1].tolist()), 0, *nothing)
        return RunResult(self.hello.scenario, "", (together,), warmup, tuple(self._seconds), health)

    @property
    def answered(self) -> Int64s:
        """Calls of each target that have a response time: those that ended OK or timed out."""
        return self.outcomes[:-1, Outcome.OK] + self.outcomes[:-1, Outcome.TIMEOUT]

    def objectives(self) -> tuple[ObjectiveResult, ...]:
        """Answer the scenario's objectives by what was measured so far, model by model where they ask for that."""
        if not self.hello.scenario.get("slo"):
            return ()
        return replace(self.result(), models=tuple(map(self._model, range(len(self.hello.names))))).objectives

    def models_us(self) -> NDArray[np.float64]:
        """
        Quantiles of each target's response so far; those with a new reply are looked at anew.

        Shape:
            float64[models, len(MODEL_QUANTILES)], us; NaN where there was no reply.
        """
        for model in np.flatnonzero(self._stale).tolist():
            histogram = self._pages.histogram(model * _N + _RESPONSE)
            self._quantiles_us[model] = histogram.quantiles_us(MODEL_QUANTILES)
        self._stale[:] = False
        return self._quantiles_us

    def _model(self, model: int) -> ModelResult:
        histograms = (self._pages.histogram(model * _N + metric) for metric in range(_N))
        first, held = (self._signs.histogram(model * len(SIGNS) + sign) for sign in range(len(SIGNS)))
        return ModelResult(
            self.hello.names[model], tuple(self.outcomes[model].tolist()), int(self._received[model]), *histograms,
            signs=Signs(first, held, int(self._refused[model])),
        )  # fmt: skip

    def _histograms(self) -> Sequence[Histogram]:
        return [_sparse(dense) for dense in self._everything]


def _sparse(dense: Int64s) -> Histogram:
    slots = np.flatnonzero(dense)
    return Histogram(slots, dense[slots])
