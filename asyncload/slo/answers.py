"""
What a run answers to an objective.

    MET         the whole interval of what was measured is as it should be; of a fact, the fact is
    MISSED      nothing of the interval is
    UNDECIDED   the limit lies inside the interval, or the sample does not tell: more calls may
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from asyncload.slo.objective import Objective, Op

Answer: TypeAlias = Literal["MET", "MISSED", "UNDECIDED"]


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
    """The interval at 95 %; None for a fact, and for an end that is not known."""
    unit: str
    """ms, % (0 to 100), calls or /s; empty if the text cannot be read."""
    why: str
    """The number and how it stands to the limit, in words."""
    limit: float = 0.0
    """In `unit`."""
    op: str = ""
    model: str = ""
    """Whose number it is, where the objective selects models: that of the worst; else empty."""


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
    return op in {"<", "<=", "=="}
