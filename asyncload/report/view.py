"""What a reader asks of the report: rows of what, in which order, and how many of them."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

By: TypeAlias = Literal["model", "phase", "second"]
Sort: TypeAlias = Literal["p99", "errors", "calls", "name", "scenario"]
ROWS: Final = 20
"""Models that are shown of an order, unless all are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The table in the middle of a report."""

    by: By = "model"
    sort: Sort | None = None
    """Order of the models; None is the scenario's, or of many models the worst ones by several orders."""
    everything: bool = False
    """All rows, however many there are."""
