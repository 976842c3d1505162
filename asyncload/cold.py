"""
Which calls were cold? SageMaker does not tell its clients, so this is inferred from what they saw.

    first    the first call of a model to be answered, whatever it took
    cold?    a later call that took longer than warm calls of its model explain (`outliers`), and was not held up for
             another reason (`signs`); or one that was refused because its model was not ready, which then answered
    warm     every other later call

The order of calls is not needed for it: classes follow from merged histograms, so it does not matter how a run was cut
into ranks or seconds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from asyncload.histogram import Histogram, less, merge, split
from asyncload.measured import ModelResult
from asyncload.outliers import limits


@dataclass(frozen=True, slots=True)
class Classes:
    """Service times of the calls of one target, or of all together, by how they found it."""

    name: str
    first: Histogram
    cold: Histogram
    """Inferred."""
    service: Histogram
    """All calls; of a thousand models' warm ones a copy would be as large as the result itself."""
    refused: int
    """Calls that ended NOT_READY before a later one succeeded: they are `cold?` too, but have no service time."""
    limit_us: float
    """Service time above which a later call counts as cold; infinite where none can, and of all together."""

    @property
    def warm(self) -> Histogram:
        """The other calls, worked out each time."""
        return less(less(self.service, self.first), self.cold)

    @property
    def cold_calls(self) -> int:
        """Calls that count as cold."""
        return self.cold.count + self.refused

    @property
    def calls(self) -> int:
        """Calls of all three classes."""
        return max(self.service.count, self.first.count + self.cold.count) + self.refused


@dataclass(frozen=True, slots=True)
class ColdStarts:
    """The calls of a run by class; `doubt` says why they cannot be told apart, where they cannot."""

    models: tuple[Classes, ...]
    """One per target. With a doubt every later call counts as warm."""
    total: Classes
    doubt: str


def tell_apart(models: Sequence[ModelResult], doubt: str = "") -> ColdStarts | None:
    """
    Sort the calls of a run's targets into classes.

    Args:
        models: One per target.
        doubt: Why they cannot be told apart, if that is known from elsewhere.

    Returns:
        None if the results are of a version that did not look for signs of loads.
    """
    signs = [model.signs for model in models if model.signs is not None]
    if len(signs) < len(models):
        return None
    known = list(zip(models, signs, strict=True))
    if doubt:
        limits_us = np.full(len(models), np.inf)
    else:
        open_ = (less(less(model.service, sign.first), sign.held) for model, sign in known)
        limits_us, doubt = limits(open_, [sign.first for sign in signs])
    rows = []
    for (model, sign), limit_us in zip(known, limits_us.tolist(), strict=True):
        _, above = split(less(model.service, sign.first), limit_us)
        rows.append(Classes(model.name, sign.first, less(above, sign.held), model.service, sign.refused, limit_us))
    return ColdStarts(tuple(rows), _total(rows), doubt)


def _total(rows: Sequence[Classes]) -> Classes:
    first, cold, service = (merge([getattr(row, part) for row in rows]) for part in ("first", "cold", "service"))
    return Classes("total", first, cold, service, sum(row.refused for row in rows), math.inf)
