"""What an objective or a stop rule cannot mean in one scenario, though it can be read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import translate

from asyncload.schema.kinds import Mistakes
from asyncload.schema.reader import nearest
from asyncload.slo.grammar import parse, parse_stop
from asyncload.slo.objective import Objective

_NAMES_SAID = 5
_LOOKED_THROUGH = 1000
"""Names among which the nearest one is looked for; of a million it would take minutes."""


def objective_mistake(text: str) -> str | None:
    """Say why a text is no objective; None if it is one."""
    try:
        parse(text)
    except ValueError as error:
        return str(error)
    return None


def stop_mistake(text: str) -> str | None:
    """Say why a text is no stop rule; None if it is one."""
    try:
        parse_stop(text)
    except ValueError as error:
        return str(error)
    return None


@dataclass(frozen=True, slots=True)
class Setting:
    """What of a scenario, or of a run, decides whether a sentence can be meant."""

    labels: Sequence[str]
    """Of the targets."""
    closed: bool
    """Whether arrivals wait for replies."""

    def mistakes(self, slo: Sequence[str], stop: Sequence[str]) -> Mistakes:
        """Yield what cannot be meant of a scenario's two lists, whose texts can be read."""
        for index, text in enumerate(slo):
            for mistake in self.misfits(parse(text)):
                yield f"slo[{index}]", mistake
        for index, text in enumerate(stop):
            for mistake in self.misfits(parse_stop(text).when):
                yield f"stop[{index}]", mistake

    def misfits(self, objective: Objective) -> Iterator[str]:
        """Yield what an objective cannot mean here."""
        metric, limit = objective.metric, objective.limit
        if metric.view == "corrected" and not self.closed:
            yield f"{metric.name!r}: an open loop omits no call, so nothing is corrected; write {metric.statistic}"
        if metric.family == "achieved" and limit.unit == "%" and self.closed:
            yield f"'{limit}': a closed loop is asked for no rate; expected a rate of its own, such as achieved >= 50/s"
        if objective.model is not None and not chosen(objective.model, self.labels):
            yield f"{objective.model!r}: matches no model; {self._nearest(objective.model)}"

    def _nearest(self, glob: str) -> str:
        by_lower = {label.lower(): label for label in self.labels[:_LOOKED_THROUGH]}
        near = nearest(glob, by_lower)
        if near:
            return f"did you mean {by_lower[near]!r}?"
        more = ", ..." if len(self.labels) > _NAMES_SAID else ""
        return f"there are {', '.join(map(repr, self.labels[:_NAMES_SAID]))}{more}"


def chosen(glob: str, labels: Sequence[str]) -> list[int]:
    """Indexes of the labels that a shell's pattern matches, case-sensitive."""
    match = re.compile(translate(glob)).match
    return [index for index, label in enumerate(labels) if match(label)]
