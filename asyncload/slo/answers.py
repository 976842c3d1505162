"""
What a run answers to an objective.

    MET         the whole interval of what was measured is as it should be; of a fact, the fact is
    MISSED      nothing of the interval is
    UNDECIDED   the limit lies inside the interval, or the sample does not tell: more calls may
"""

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from asyncload.slo.objective import Objective, Op

Answer: TypeAlias = Literal["MET", "MISSED", "UNDECIDED"]

WORSE: Final[dict[Answer, int]] = {"MET": 0, "UNDECIDED": 1, "MISSED": 2}
"""Answers in their order, the worst last."""
_LESS: Final = frozenset({"<", "<=", "=="})


@dataclass(frozen=True, slots=True)
class ObjectiveResult:
    """The answer to one objective, with the number that it rests on."""

    text: str
    """The objective as it was written."""
    answer: Answer
    value: float | None
    """In `unit`; None of nothing, or where the sample does not support it."""
    low: float | None
    high: float | None
    """The interval at 95 %; None for a fact, and for an end that is not known; `low` may be where `value` is not."""
    unit: str
    """ms, % (0 to 100), calls or /s; empty if the text cannot be read."""
    why: str
    """The number and how it stands to the limit, in words."""
    limit: float = 0.0
    """In `unit`."""
    op: str = ""
    model: str = ""
    """Whose number it is, where the objective selects models: that of the worst; else empty."""
    times: float | None = None
    """Of what is UNDECIDED, how many times the calls would likely decide; None where no number of calls would."""

    @property
    def hopeless(self) -> bool:
        """Whether it is UNDECIDED with nothing to go by, such as a percentile of no calls."""
        return self.answer == "UNDECIDED" and self.value is None and self.times is None

    @property
    def badness(self) -> tuple[int, float]:
        """
        What puts answers to one objective in order, the worst last.

        MISSED comes behind UNDECIDED and that behind MET; among numbers the one furthest on the wrong side is last, by
        what it is at least if that is all that is known; among what is UNDECIDED, that which takes the most calls, and
        what has nothing to go by is first.
        """
        if self.answer == "UNDECIDED":
            never = -math.inf if self.hopeless else math.inf
            return WORSE[self.answer], never if self.times is None else self.times
        number = self.low if self.value is None else self.value
        if number is None:
            return WORSE[self.answer], -math.inf
        return WORSE[self.answer], number if self.op in _LESS else -number


def decide(objective: Objective, low: float, high: float) -> Answer:
    """
    Hold an interval against a limit.

    Args:
        objective: What should be.
        low: Lower end, in the limit's unit; equal to `high` for a fact.
        high: Upper end; infinite where there is none.
    """
    if low == high:
        return "MET" if objective.holds(low) else "MISSED"
    ends = [objective.holds(low), objective.holds(high)]
    # For == and !=, which only facts are held against, both ends would say nothing about what lies between.
    return "MET" if all(ends) else "UNDECIDED" if any(ends) else "MISSED"


def wants_less(op: Op) -> bool:
    """Whether a smaller number is the better one."""
    return op in _LESS
