"""
The course of a run: its seconds one after the other, at most some hundred rows of them.

When there would be more, rows are put together in pairs and each new one takes twice as long: after an hour a row is
eight seconds. Counts and histograms are added, so nothing is lost but the times within a row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from asyncload.histogram import Histogram, merge
from asyncload.measured import SecondResult

MOST: Final = 600
"""Rows at most."""


@dataclass(frozen=True, slots=True)
class Row:
    """Some seconds of a run, all targets together, warm-up included."""

    second: int
    """The first of them."""
    seconds: int
    """How many of them were told."""
    planned: int
    sent: int
    in_flight: int
    """At the end of the last."""
    outcomes: tuple[int, ...]
    asked_per_s: float | None
    """By the plan's rate, on average; None where a closed phase asked for none."""
    users: int
    warmup: bool
    """Whether all of them lie in the warm-up."""
    response: Histogram
    lateness: Histogram
    sending_s: float = 1.0
    """How much of its seconds calls were sent in."""

    def then(self, later: "Row") -> "Row":
        """Put a row and the next one together."""
        seconds = self.seconds + later.seconds
        asked = None
        if self.asked_per_s is not None and later.asked_per_s is not None:
            mine, theirs = (self.sending_s, later.sending_s) if self.sending_s else (self.seconds, later.seconds)
            asked = (self.asked_per_s * mine + later.asked_per_s * theirs) / (mine + theirs)
        return replace(
            later,
            second=self.second,
            seconds=seconds,
            planned=self.planned + later.planned,
            sent=self.sent + later.sent,
            outcomes=tuple(map(sum, zip(self.outcomes, later.outcomes, strict=True))),
            asked_per_s=asked,
            warmup=self.warmup and later.warmup,
            response=merge([self.response, later.response]),
            lateness=merge([self.lateness, later.lateness]),
            sending_s=self.sending_s + later.sending_s,
        )

    @classmethod
    def of(
        cls, row: SecondResult, *, asked_per_s: float | None, users: int, warmup: bool, sending_s: float = 1.0
    ) -> "Row":
        """Make a row of one second."""
        return cls(
            row.second, 1, row.planned, row.sent, row.in_flight, row.outcomes, asked_per_s, users, warmup,
            row.response, row.lateness, sending_s,
        )  # fmt: skip


class Course:
    """The rows so far."""

    def __init__(self, most: int = MOST) -> None:
        """
        Args:
            most: Rows kept; even.
        """
        self._most = most
        self._rows: list[Row] = []
        self.width_s = 1
        """Seconds that a row is for."""
        self.generation = 0
        """How often rows were put together: of two generations no row is the same."""

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def since(self, place: int) -> Sequence[Row]:
        """Return the rows from a place on."""
        return self._rows[place:]

    def add(self, row: Row) -> None:
        """Take the next second."""
        if self._rows and row.second // self.width_s == self._rows[-1].second // self.width_s:
            self._rows[-1] = self._rows[-1].then(row)
            return
        if len(self._rows) == self._most:
            self._halve()
            self.add(row)
            return
        self._rows.append(row)

    def _halve(self) -> None:
        self.width_s *= 2
        self.generation += 1
        rows: list[Row] = []
        for row in self._rows:
            if rows and row.second // self.width_s == rows[-1].second // self.width_s:
                rows[-1] = rows[-1].then(row)
            else:
                rows.append(row)
        self._rows = rows
