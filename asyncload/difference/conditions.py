"""
What should fail a comparison, such as "p99 > +10%": reading it, and judging it by what is sure.

    condition  =  metric [ "{" "model" "=" glob "}" ] ( ">" | "<" ) sign number unit
    metric     =  "p50" | "p90" | "p99" | "error_rate" | "throughput"
    unit       =  "%" of a latency or of throughput, "points" of error_rate

It fails if the interval leaves out every smaller change: the interval of 95 % for a single question, wider if many are
asked, for one condition on a thousand models asks a thousand. Holm's correction is over all that the conditions ask.
If none fails it and one cannot be told, such as the p99 of a model that stopped answering, it is undecided.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Final, Literal, TypeAlias, cast

import numpy as np

from asyncload.difference.holm import corrected
from asyncload.difference.table import Table
from asyncload.difference.values import LEVEL, METRICS, Judged, Metric, change, vague
from asyncload.errors import UsageError

Direction: TypeAlias = Literal[">", "<"]

_SHAPE: Final = re.compile(
    r"\s*(?P<metric>[\w.]*)\s*(?:\{(?P<selector>[^}]*)\})?\s*(?P<op>[<>=!]*)\s*(?P<number>[-+]?[\d.]+(?:e[-+]?\d+)?)?"
    r"\s*(?P<unit>\S*(?:\s\S+)*)\s*"
)
_POINTS: Final = ("points", "point", "pp")
_SHOWN: Final = 3
_TAIL: Final = (1 - LEVEL) / 2


@dataclass(frozen=True, slots=True)
class Condition:
    """A change that fails a comparison."""

    text: str
    """As it was written."""
    metric: Metric
    op: Direction
    limit: float
    """A part of A's number, 0.1 for +10%; of error_rate what is added, 0.005 for half a point."""
    model: str | None = None
    """Glob of the models that are asked, each by itself; None for all together."""

    @property
    def scaled(self) -> float:
        """The limit on the scale on which differences are judged."""
        return self.limit if self.metric == "error_rate" else math.log1p(self.limit)


def parse(text: str) -> Condition:
    """
    Read a condition.

    Raises:
        UsageError: With every mistake, and what is legal.
    """
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise UsageError(f'--fail-if {text!r}: expected a condition such as "p99 > +10%" or "error_rate > +0.5 points"')
    mistakes = list(_mistakes(match))
    if mistakes:
        raise UsageError(f"--fail-if {text!r}: {'; '.join(mistakes)}")
    selector = match["selector"]
    model = None if selector is None else selector.partition("=")[2].strip().strip('"')
    metric, op = cast("Metric", match["metric"]), cast("Direction", match["op"])
    return Condition(text.strip(), metric, op, float(match["number"]) / 100, model)


def _mistakes(match: re.Match[str]) -> Iterator[str]:
    metric, selector, op, number, unit = match.group("metric", "selector", "op", "number", "unit")
    if metric not in METRICS:
        near = get_close_matches(metric, METRICS, 1)
        yield f"{metric!r} is no metric{f'; did you mean {near[0]}?' if near else ''}; expected {', '.join(METRICS)}"
    if selector is not None and not re.fullmatch(r"\s*model\s*=\s*(?:\"[^\"]+\"|[^\s\"]+)\s*", selector):
        yield f"{{{selector}}}: expected {{model=NAME}}, in which * stands for anything"
    if op not in (">", "<"):
        yield f"expected > or < behind the metric, found {op or 'nothing'!r}"
    if number is None or not re.fullmatch(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?", number):
        yield "expected a change with its sign, such as +10%"
        return
    if number[0] not in "+-" and float(number):
        yield f"{number}: is it more or less? expected a sign, +{number} or -{number}"
    yield from _unit_mistakes(metric, unit, float(number))


def _unit_mistakes(metric: str, unit: str, number: float) -> Iterator[str]:
    if metric == "error_rate":
        if unit not in _POINTS:
            yield (
                f"a share differs by points, found {unit or 'nothing'!r}; expected such as +0.5 points, "
                "which is from 1 % to 1.5 %"
            )
        return
    if unit != "%":
        yield f"expected % behind the number, found {unit or 'nothing'!r}"
    elif number <= -100:
        yield f"{number:g}%: nothing becomes smaller by as much as it is"


# -- judging ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Question:
    """A condition, and the comparisons that it asks for."""

    condition: Condition
    rows: tuple[int, ...]
    """That are told."""
    p: tuple[float, ...]
    """Of each, that the change is not beyond the limit; one-sided."""
    untold: tuple[str, ...]
    """Why others are not told."""


def judge(conditions: Sequence[Condition], compared: Table) -> tuple[Judged, ...]:
    """
    Judge conditions, all together.

    Raises:
        UsageError: If one is about a model that is not compared; all of them at once.
    """
    unknown = [_unknown(each, compared.names) for each in conditions if not _rows(each, compared.names)]
    if unknown:
        raise UsageError("\n".join(unknown))
    questions = [_question(condition, compared) for condition in conditions]
    flat = np.array([p for question in questions for p in question.p])
    if not flat.size:
        return tuple(_judged(question, compared, [], []) for question in questions)
    # Half of what the level leaves is beyond either end of an interval.
    family = corrected(flat, np.ones(flat.size), _TAIL)
    ends = np.cumsum([len(question.p) for question in questions])[:-1]
    parts = zip(questions, np.split(2 * family.level, ends), np.split(family.p <= _TAIL, ends), strict=True)
    return tuple(_judged(question, compared, level.tolist(), sure.tolist()) for question, level, sure in parts)


def _rows(condition: Condition, names: Sequence[str]) -> list[int]:
    if condition.model is None:
        return [0]
    return [row for row, name in enumerate(names) if row and fnmatchcase(name, condition.model)]


def _unknown(condition: Condition, names: Sequence[str]) -> str:
    near = get_close_matches(condition.model or "", names[1:], 1)
    known = ", ".join(names[1 : 1 + _SHOWN]) + (", ..." if len(names) > 1 + _SHOWN else "")
    hint = f"did you mean {near[0]!r}?" if near else f"compared are {known or 'no models, only their total'}"
    return f"--fail-if {condition.text!r}: no model that is compared is called {condition.model!r}; {hint}"


def _question(condition: Condition, compared: Table) -> _Question:
    rows, whys = _rows(condition, compared.names), compared.why[condition.metric]
    told = tuple(row for row in rows if not whys[row])
    untold = tuple(whys[row] for row in rows if whys[row])
    if not told:
        return _Question(condition, (), (), untold)
    both = compared.located[condition.metric].p(condition.scaled)
    beyond = [(_value(condition, compared, row) > condition.limit) == (condition.op == ">") for row in told]
    p = (float(both[row]) / 2 for row in told)
    return _Question(
        condition, told, tuple(one if is_beyond else 1 - one for one, is_beyond in zip(p, beyond, strict=True)), untold
    )


def _value(condition: Condition, compared: Table, row: int) -> float:
    metric = condition.metric
    return change(metric, float(compared.a[metric][row]), float(compared.b[metric][row]))


def _judged(question: _Question, compared: Table, levels: Sequence[float], sure: Sequence[bool]) -> Judged:
    text, rows, untold = question.condition.text, question.rows, question.untold
    if not rows:
        return Judged(text=text, answer="undecided", why=f"cannot be told: {untold[0]}")
    order = sorted(range(len(rows)), key=lambda place: (not sure[place], question.p[place]))
    failing, ends = sum(sure), _ends(question, compared, levels)
    said = [
        _said(question.condition, compared, rows[place], ends[place]) for place in order[: max(failing, 1)][:_SHOWN]
    ]
    if failing:
        more = [f"and {failing - _SHOWN} more models"] if failing > _SHOWN else []
        return Judged(text=text, answer="failed", why="; ".join([*said, *more]))
    others = f", the nearest of {len(rows)} models" if len(rows) > 1 else ""
    why = f"{said[0]}{others}: smaller changes are possible"
    if not untold:
        return Judged(text=text, answer="passed", why=_hardly(question.condition, ends) + why)
    rest = "1 model" if len(untold) == 1 else f"{len(untold):,} models"
    return Judged(text=text, answer="undecided", why=f"{rest} cannot be told: {untold[0]}; {why}")


def _hardly(condition: Condition, ends: Sequence[tuple[float, float]]) -> str:
    """Say what a condition did not fail for, as intervals that hold its limit are too wide to tell anything."""
    inside = [(low, high) for low, high in ends if low < condition.limit < high]
    whys = [why for low, high in inside for why in [vague(condition.metric, low, high)] if why]
    if not whys:
        return ""
    who = "it" if len(ends) == 1 else "1 model" if len(whys) == 1 else f"{len(whys):,} models"
    return f"but {who} cannot be told, {whys[0]}: "


def _ends(question: _Question, compared: Table, levels: Sequence[float]) -> list[tuple[float, float]]:
    """Intervals of the rows that are told, as parts of A's number, or as what is added to a share."""
    metric, rows = question.condition.metric, list(question.rows)
    level = np.full(len(compared.names), 1 - LEVEL)
    level[rows] = levels
    ends = [end[rows] for end in compared.located[metric].interval(level)]
    if metric == "error_rate":
        return list(zip(*(end.tolist() for end in ends), strict=True))
    values = [_value(question.condition, compared, row) for row in rows]
    lows, highs = (np.expm1(end).tolist() for end in ends)
    return [(min(low, value), high) for low, high, value in zip(lows, highs, values, strict=True)]


def _said(condition: Condition, compared: Table, row: int, ends: tuple[float, float]) -> str:
    metric, name = condition.metric, compared.names[row] or "all models"
    value = _value(condition, compared, row)
    low, high = ends
    if metric == "error_rate":
        return f"{metric} of {name} {100 * value:+.3g} points [{100 * low:+.3g}, {100 * high:+.3g}]"
    return f"{metric} of {name} {value:+.1%} [{low:+.1%}, {high:+.1%}]"
