"""Which models a report shows, in which order, and why those of many."""

import heapq
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from asyncload.report.estimates import label
from asyncload.report.view import ROWS, Sort, View
from asyncload.result import ModelResult, RunResult
from asyncload.statistics.estimate import Estimate

_TAIL: Final = (0.99, 0.9, 0.5)
"""What models are ranked by, as far as their calls can tell it."""
_DIGITS: Final = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Choice:
    """The models of a table."""

    models: tuple[ModelResult, ...]
    marks: tuple[str, ...]
    """Why each is shown, a letter for each reason; empty where there is only one."""
    words: str
    """What is shown of how many; empty if it is all of them in the scenario's order."""


@dataclass(frozen=True, slots=True)
class Slowness:
    """How slow the models of a run are beside each other."""

    q: float
    """The percentile that they are compared by."""
    estimates: tuple[Estimate, ...]
    """That of each model's response, in the scenario's order."""

    @property
    def by(self) -> str:
        """Name of the percentile."""
        return label(self.q)

    @property
    def why(self) -> str:
        """Why it is that one, to follow its name; empty of the p99."""
        return "" if self.q == _TAIL[0] else f", for most have too few calls for {label(_TAIL[0])}"

    def rank(self, place: int) -> tuple[float, float]:
        """What a model goes by, the slowest having the highest."""
        estimate = self.estimates[place]
        return float(estimate.supported), -1.0 if math.isnan(estimate.value_us) else estimate.value_us


def choose(result: RunResult, view: View) -> Choice:
    """
    Choose the models that a table shows.

    All of them if they are few or if all are asked for; of many the first of an order, or by default the first of
    three: the slowest, those with the most errors, and the busiest.
    """
    models = result.models
    few = view.everything or len(models) <= ROWS
    if few and view.sort in {None, "scenario"}:
        return Choice(models, (), "")
    if not few and view.sort is None:
        return _worst(result)
    by, found = _ordered(result, view.sort or "scenario")
    if few:
        return Choice(tuple(found), (), f"sorted by {by}")
    return Choice(tuple(found[:ROWS]), (), f"{ROWS} of {len(models)} models, the first by {by}")


def _ordered(result: RunResult, sort: Sort) -> tuple[str, Sequence[ModelResult]]:
    """The models in an order, and what it goes by."""
    models = result.models
    if sort == "scenario":
        return "the scenario's order", models
    if sort == "name":
        return "name", sorted(models, key=lambda model: _natural(model.name))
    if sort == "p99":
        slow, ranks = _ranks(result)
        return f"{slow.by}{slow.why}", sorted(models, key=lambda model: ranks[id(model)], reverse=True)
    return sort, sorted(models, key=_errors if sort == "errors" else lambda model: model.calls, reverse=True)


def _worst(result: RunResult) -> Choice:
    """The worst of many models by three orders, each model once."""
    models = result.models
    slow, ranks = _ranks(result)
    orders: Mapping[str, Callable[[ModelResult], tuple[float, float]]] = {
        "P": lambda model: ranks[id(model)],
        "E": lambda model: (_errors(model), 0),
        "T": lambda model: (model.calls, 0),
    }
    marks: dict[int, str] = {}
    shown: dict[int, ModelResult] = {}
    for letter, key in orders.items():
        candidates = [model for model in models if letter != "E" or _errors(model)]
        for model in heapq.nlargest(ROWS, candidates, key=key):
            shown.setdefault(id(model), model)
            marks[id(model)] = marks.get(id(model), "") + letter
    words = f"worst {ROWS} of {len(models)} models by {slow.by} (P{slow.why}), by errors (E), by traffic (T)"
    return Choice(tuple(shown.values()), tuple(marks[number] for number in shown), words)


def slowness(result: RunResult) -> Slowness:
    """
    Rank models by how slow they are, those first whose calls can tell it.

    The percentile is the highest of p99, p90 and p50 that half of the models that were called have calls enough for: of
    two calls the slower one is no p99, and a ranking by it would show those with the fewest calls.
    """
    found = [result.estimates(model, "response", _TAIL) for model in result.models]
    called = [estimates for estimates in found if estimates[0].calls]
    told = [sum(estimates[i].supported for estimates in called) for i in range(len(_TAIL))]
    chosen = next((i for i, number in enumerate(told) if 2 * number >= len(called)), len(_TAIL) - 1)
    return Slowness(_TAIL[chosen], tuple(estimates[chosen] for estimates in found))


def _ranks(result: RunResult) -> tuple[Slowness, dict[int, tuple[float, float]]]:
    """How slow models are, and what each goes by."""
    slow = slowness(result)
    return slow, {id(model): slow.rank(place) for place, model in enumerate(result.models)}


def _errors(model: ModelResult) -> int:
    return model.calls - model.ok


def _natural(name: str) -> list[tuple[int, str]]:
    """So that model 10 comes behind model 9."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(name) if part]
