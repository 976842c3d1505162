"""Spans of a run's time: its seconds, folded into longer ones or into the phases of its scenario."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from asyncload.call import Outcome
from asyncload.histogram import Histogram, merge
from asyncload.measured import SecondResult

_LENGTHS_S = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600)


@dataclass(frozen=True, slots=True)
class Span:
    """What happened in some seconds, all targets together, warm-up included."""

    first: int
    last: int
    """Its seconds, from the start of the plan."""
    sent: int
    outcomes: tuple[int, ...]
    """Calls that ended in it, by `Outcome`."""
    in_flight: int
    """The most at the end of any of its seconds."""
    response: Histogram
    lateness: Histogram

    @property
    def ended(self) -> int:
        """Calls that ended in it."""
        return sum(self.outcomes)

    @property
    def failed(self) -> int:
        """Those of them that did not end OK."""
        return self.ended - self.outcomes[Outcome.OK]


def together(rows: Sequence[SecondResult]) -> Span:
    """
    Add seconds up.

    Args:
        rows: At least one, in the order of time.
    """
    return Span(
        first=rows[0].second,
        last=rows[-1].second,
        sent=sum(row.sent for row in rows),
        outcomes=tuple(sum(row.outcomes[outcome] for row in rows) for outcome in Outcome),
        in_flight=max(row.in_flight for row in rows),
        response=merge([row.response for row in rows]),
        lateness=merge([row.lateness for row in rows]),
    )


def folded(rows: Sequence[SecondResult], most: int) -> Iterator[Span]:
    """
    Yield spans of equal length, a round number of seconds, and as short as their number allows.

    Args:
        rows: In the order of time.
        most: How many spans there may be.
    """
    length_s = _length_s(rows[-1].second + 1 if rows else 1, most)
    for _, part in groupby(rows, key=lambda row: row.second // length_s):
        yield together(list(part))


def _length_s(seconds: int, most: int) -> int:
    fitting = (length_s for length_s in _LENGTHS_S if seconds <= length_s * most)
    return next(fitting, -(-seconds // most))
