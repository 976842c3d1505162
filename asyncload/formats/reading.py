"""
What one source says of a run: a row per model where it has such rows, their total, and what its numbers mean.

    Reading
    ├── rows, total     Row         counts, rates and latencies
    │   └── latency     Latency *   by the moment from which it counts: due, or sent
    └── meaning         Meaning     what a reader must know before two columns are compared

A number that the source does not have is None; nothing is made up to fill a column. What a run of ours measured too few
calls to tell is named as such.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Since: TypeAlias = Literal["due", "sent"]
"""due: from when the call should have been sent, waiting included; sent: from when it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """The latencies of one row, counted from one moment."""

    percentiles_ms: Mapping[float, float]
    """By quantile in [0, 1]; those that the source states or that follow from its counts."""
    mean_ms: float | None = None
    least_ms: float | None = None
    most_ms: float | None = None
    within_ms: Mapping[float, tuple[float, float]] = field(default_factory=dict)
    """By quantile: from where to where the call of that rank may lie, where the source rounds, bins or skips."""
    untold: frozenset[float] = frozenset()
    """Quantiles that the source would state, had it calls enough to tell them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One model, or whatever the source has a row for."""

    name: str
    requests: int | None
    """Sent, failed ones included."""
    failures: int | None
    rate_per_s: float | None
    """Requests over the time that the source took them in."""
    latency: Mapping[Since, Latency]
    """What the source has of the two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """How the source came by its numbers, in words for a table."""

    arrivals: str
    """Such as "open loop, on schedule" or "closed loop: users wait for replies"."""
    failures: str
    """Whether latencies of failed calls are among the others."""
    resolution: str
    """Of its latencies, such as "3 significant digits" or "1 ms below 100 ms, 2 digits above"."""
    window: str = "the whole run"
    """What its percentiles are taken over."""
    counted: str = ""
    """From when its latencies count, where the keys of `Row.latency` do not say it all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One source."""

    source: str
    """Path that was given."""
    tool: str
    """Such as "asyncload" or "Locust"."""
    rows: tuple[Row, ...]
    """Per model, in the source's order; empty if it has only a total."""
    total: Row
    meaning: Meaning
    notes: tuple[str, ...] = ()
    """What else a reader must know."""
    invalid: tuple[str, ...] = ()
    """Why its numbers must not be believed, by its own verdict; empty if they may, or if it has none."""
