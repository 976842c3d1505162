"""
The answers of a result to its objectives.

Of an objective that selects models, each is judged by itself, and the worst is told: MISSED before UNDECIDED before
MET, and among equals the one that is furthest on the wrong side, or that most calls would have to decide.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from asyncload.slo.answers import WORSE, Answer, ObjectiveResult, decide, wants_less
from asyncload.slo.grammar import parse
from asyncload.slo.measuring import Measurement, measure
from asyncload.slo.objective import Objective
from asyncload.units import format_count

if TYPE_CHECKING:
    from asyncload.result import RunResult

_HARDLY = 100.0
"""Times the calls from which on nobody would wait for an answer."""


def judged(result: "RunResult", texts: Sequence[str]) -> tuple[ObjectiveResult, ...]:
    """Answer each objective, in their order; one that this version cannot read is UNDECIDED."""
    return tuple(_answer_to(result, text) for text in texts)


def _answer_to(result: "RunResult", text: str) -> ObjectiveResult:
    try:
        objective = parse(text)
    except ValueError as error:
        return ObjectiveResult(text, "UNDECIDED", None, None, None, "", f"this version cannot read it: {error}")
    rows = [_told(text, objective, found) for found in measure(result, objective)]
    if not rows:
        return ObjectiveResult(
            text, "UNDECIDED", None, None, None, objective.limit.unit, "no model of this run is selected",
            limit=objective.limit.value, op=objective.op,
        )  # fmt: skip
    worst = max(rows, key=lambda row: row.badness)
    if objective.model is None or (len(rows) == 1 and worst.model == objective.model):
        return worst
    counted = f"{tally([row.answer for row in rows], 'models')}: " if len(rows) > 1 else ""
    return replace(worst, why=f"{counted}{worst.model}: {worst.why}{_others(worst, rows)}")


def _answer(objective: Objective, found: Measurement) -> Answer:
    if found.doubt:
        return "UNDECIDED"
    if found.beyond:
        return "MISSED" if wants_less(objective.op) else "MET"
    return decide(objective, found.low, found.high)


def _told(text: str, objective: Objective, found: Measurement) -> ObjectiveResult:
    answer = _answer(objective, found)
    low, high = (None, None) if found.low == found.high else (_known(found.low), _known(found.high))
    return ObjectiveResult(
        text, answer, _known(found.value), low, high, objective.limit.unit, _why(objective, answer, found),
        limit=objective.limit.value, op=objective.op, model=found.model,
        times=_times(answer, found),
    )  # fmt: skip


def _times(answer: Answer, found: Measurement) -> float | None:
    """How many times the calls would decide; calls that timed out would time out again."""
    endless = not found.doubt and math.isinf(found.high)
    return _known(found.more) if answer == "UNDECIDED" and not endless else None


def _known(number: float) -> float | None:
    return number if math.isfinite(number) else None


# -- in words ---------------------------------------------------------------------------------------------------------


def _why(objective: Objective, answer: Answer, found: Measurement) -> str:
    name, unit = _name(objective), objective.limit.unit
    if found.doubt:
        return f"{name} cannot be told: {found.doubt}"
    if found.beyond:
        return f"{name}: {found.beyond}"
    said = f"{name} is {number(found.value)}{_suffix(unit)}"
    if found.low == found.high:
        return said
    if math.isinf(found.high):
        said += f" or more: the limit {objective.limit} is beyond what calls that timed out can tell"
        return said if answer == "UNDECIDED" else said.partition(":")[0]
    said += f" [{number(found.low)}, {number(found.high)}]"
    return f"{said}: the limit {objective.limit} lies inside; {_remedy(found.more)}" if answer == "UNDECIDED" else said


def _name(objective: Objective) -> str:
    return f"{objective.kind} {objective.metric.name}" if objective.kind else objective.metric.name


def _remedy(more: float) -> str:
    if not more <= _HARDLY:
        return "it is so near that more calls would hardly decide it"
    return f"about {max(more, 1.1):.2g} times the calls would decide, if the rest stays as it is"


def tally(answers: Sequence[Answer], things: str) -> str:
    """Say how many of several models or runs there were of each answer, the bad ones first."""
    one = {"MISSED": "misses it", "UNDECIDED": "is undecided", "MET": "meets it"}
    several = {"MISSED": "miss it", "UNDECIDED": "are undecided", "MET": "meet it"}
    counts = [(answers.count(answer), answer) for answer in sorted(set(answers), key=WORSE.__getitem__)[::-1]]
    parts = [f"{count:,} {(one if count == 1 else several)[answer]}" for count, answer in counts]
    return f"of {len(answers):,} {things} {', '.join(parts)}"


def _others(worst: ObjectiveResult, rows: Sequence[ObjectiveResult]) -> str:
    """Of what is undecided, say how the models stand that are not told: nearer to an answer, or without any."""
    others = [row for row in rows if row.answer == "UNDECIDED" and row is not worst]
    if worst.answer != "UNDECIDED" or not others:
        return ""
    if worst.hopeless:
        return (
            f"; nor can {len(others):,} others be told" if len(others) > 1 else f"; nor can {others[0].model} be told"
        )
    dark = [row for row in others if row.hopeless]
    near = len(others) - len(dark)
    said = f"; {near:,} other{'s are' if near > 1 else ' is'} nearer to an answer" if near else ""
    if not dark:
        return said
    which = f"{len(dark):,} have nothing to go by, such as" if len(dark) > 1 else "nothing to go by has"
    return f"{said}; {which} {dark[0].model}: {dark[0].why}"


def number(value: float) -> str:
    """Print a number with four digits, and thousands whole."""
    return f"{value:,.0f}" if abs(value) >= 1000 else format_count(value, 4)


def _suffix(unit: str) -> str:
    return unit if unit == "/s" else "" if unit == "calls" else f" {unit}"
