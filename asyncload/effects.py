"""How far the calls of a run are from being independent, quantile by quantile: what its intervals are made of."""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np

from asyncload.call import Outcome
from asyncload.course import Course
from asyncload.spans import Stretch
from asyncload.statistics.batches import Batches, Effect, Float64s, effect, persistence, residuals

_TELLING: Final = (0.5, 0.75, 0.9)
"""Quantiles whose shares show best how long what happens lasts; in the tails chance outshouts it."""


class Effects:
    """Design effects of one kind of duration, of all targets together; each is computed once."""

    def __init__(self, course: Course, stretches: Sequence[Stretch]) -> None:
        """
        Args:
            course: The measured seconds.
            stretches: Those that its seconds lie in.
        """
        self._course = course
        self._stretches = stretches
        self._known: dict[float, Effect] = {}

    def at(self, q: float) -> Effect:
        """Return that of the calls up to a quantile; of targets by themselves the same, by `Effect.effective`."""
        if q not in self._known:
            self._known[q] = effect(self._course.up_to(q), self._batches(self._course.calls), self._persistence)
        return self._known[q]

    @cached_property
    def failures(self) -> Effect:
        """That of the share of calls that did not end OK."""
        outcomes = np.array([row.outcomes for row in self._course.rows], np.float64).reshape(-1, len(Outcome))
        calls = outcomes.sum(axis=1)
        return effect(calls - outcomes[:, Outcome.OK], self._batches(calls), 0.0)

    @cached_property
    def _persistence(self) -> float:
        batches = self._batches(self._course.calls)
        return max(persistence(residuals(self._course.up_to(q), batches)) for q in _TELLING)

    def _batches(self, calls: Float64s) -> Batches:
        used, stratum = np.unique(self._course.stretch, return_inverse=True)
        sloped = np.array([not self._stretches[index].constant for index in used.tolist()], bool)
        return Batches(calls, stratum.astype(np.int64), sloped)
