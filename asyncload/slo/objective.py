"""An objective and a stop rule as values; their text is what `grammar` reads as the same value."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from asyncload.slo.limits import Limit
from asyncload.slo.metrics import Metric
from asyncload.units import format_duration

Class: TypeAlias = Literal["cold", "warm", "first"]
Op: TypeAlias = Literal["<", "<=", ">", ">=", "==", "!="]

CLASSES: Final[tuple[Class, ...]] = ("cold", "warm", "first")
OPS: Final[Mapping[Op, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
BARE: Final = re.compile(r"[^\s,{}\"]+")
"""Globs that need no quotes."""
_SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Objective:
    """One sentence about a run."""

    metric: Metric
    op: Op
    limit: Limit
    model: str | None = None
    """Glob of the models that are judged, each by itself; None for all calls together."""
    kind: Class | None = None
    """Only calls that found their model so."""

    def __str__(self) -> str:
        selectors = [] if self.model is None else [f"model={_written(self.model)}"]
        selectors += [] if self.kind is None else [f"class={self.kind}"]
        chosen = "{" + ", ".join(selectors) + "}" if selectors else ""
        return f"{self.metric.name}{chosen} {self.op} {self.limit}"

    def holds(self, value: float) -> bool:
        """Whether a number in the limit's unit is as it should be."""
        return OPS[self.op](value, self.limit.value)


@dataclass(frozen=True, slots=True)
class StopRule:
    """What ends a run early once it has been true for so long."""

    when: Objective
    seconds: int
    """In a row."""

    def __str__(self) -> str:
        return f"{self.when} for {format_duration(self.seconds * _SECOND_NS, None)}"


def _written(glob: str) -> str:
    if BARE.fullmatch(glob):
        return glob
    return '"' + glob.replace("\\", "\\\\").replace('"', '\\"') + '"'
