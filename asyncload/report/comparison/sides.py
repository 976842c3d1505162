"""
Which rows stand side by side: those of one name in several sources.

Names are compared as they are. What only one source has cannot be compared and is named, so that a row that was meant
to match and is called otherwise there is noticed.
"""

import math
import string
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from asyncload.formats.reading import Reading, Row, Since
from asyncload.report.comparison.quantity import Change, Metric, change, has, quantity

LABELS: Final = string.ascii_uppercase
"""Sources are called by a letter, in their order."""
MOST: Final = len(LABELS)
SHOWN: Final = 20
"""Models shown; of more than that, those that differ most."""
_TAILS: Final = ("p99", "p95", "p90", "max", "p50", "mean")
"""By which models are ranked: the first of these that two sources have."""


@dataclass(frozen=True, slots=True)
class Model:
    """Rows of one name."""

    name: str
    rows: tuple[Row | None, ...]
    """In the order of the sources; None where a source has none."""

    def changes(self, metric: Metric) -> list[Change]:
        """How the others compare with the first source that is compared with, where both have the number."""
        first, *others = (quantity(row, metric) for row in self.rows)
        return [found for other in others if (found := change(first, other, metric)) is not None]

    def distance(self, metric: Metric) -> float:
        """How far the furthest source is from the first one, on a scale on which twice is as far as half."""
        apart = [found.share for found in self.changes(metric) if found.share is not None and not found.alike]
        return max((abs(math.log1p(share)) if share > -1 else math.inf for share in apart), default=0)


@dataclass(frozen=True)
class Sides:
    """Readings side by side."""

    readings: tuple[Reading, ...]
    """At least two; the others are compared with the first."""

    @property
    def labels(self) -> str:
        """A letter for each."""
        return LABELS[: len(self.readings)]

    @property
    def totals(self) -> tuple[Row, ...]:
        """The total of each."""
        return tuple(reading.total for reading in self.readings)

    @cached_property
    def models(self) -> tuple[Model, ...]:
        """Names that several sources have, in the order in which they come up."""
        by_name = [{row.name: row for row in reading.rows} for reading in self.readings]
        names = dict.fromkeys(name for rows in by_name for name in rows)
        models = (Model(name, tuple(rows.get(name) for rows in by_name)) for name in names)
        return tuple(model for model in models if sum(row is not None for row in model.rows) > 1)

    @cached_property
    def alone(self) -> tuple[tuple[str, ...], ...]:
        """For each source, names that no other has."""
        together = {model.name for model in self.models}
        return tuple(tuple(row.name for row in reading.rows if row.name not in together) for reading in self.readings)

    @cached_property
    def views(self) -> tuple[Since, ...]:
        """From when latencies count: the view that most sources have first, and of two as common the one from due."""

        def have(since: Since) -> int:
            return sum(bool(row.latency.get(since) and row.latency[since].percentiles_ms) for row in self.totals)

        views: tuple[Since, ...] = ("due", "sent")
        return tuple(sorted((since for since in views if have(since)), key=lambda since: -have(since)))

    @cached_property
    def tail(self) -> Metric | None:
        """The number by which models are ranked; None if no two rows have any in common."""
        metrics = (Metric(name, since) for since in self.views[:1] for name in _TAILS)
        return next((metric for metric in metrics if any(model.changes(metric) for model in self.models)), None)

    @cached_property
    def shown(self) -> tuple[Model, ...]:
        """All models, or of many those that differ most, furthest first."""
        if len(self.models) <= SHOWN or self.tail is None:
            return self.models[:SHOWN]
        tail = self.tail
        return tuple(sorted(self.models, key=lambda model: -model.distance(tail))[:SHOWN])

    def having(self, rows: Sequence[Sequence[Row | None]], metric: Metric) -> list[int]:
        """Sources of which any row has a number, by their place."""
        return [place for place, column in enumerate(zip(*rows, strict=True)) if has(column, metric)]
