"""What went wrong: outcomes other than OK, where most of each were, and one example in words."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from rich.text import Text

from asyncload.call import Outcome
from asyncload.report.numbers import count, percent, shorten, wrapped
from asyncload.result import RunResult
from asyncload.statistics.estimate import LEVEL

_NAME_MOST: Final = 60
_KNOWN: Final = MappingProxyType(
    {
        Outcome.DROPPED: "never sent: `limits.in_flight` calls were outstanding when it was due",
        Outcome.ABANDONED: "still in flight when the run ended",
    }
)
"""Of these there is nothing to tell but what they mean."""


def errors(result: RunResult, width: int) -> Iterator[Text]:
    """Lines of the block, the most frequent outcome first; none of a run in which nothing went wrong."""
    everything = result.totals
    found = [outcome for outcome in Outcome if outcome is not Outcome.OK and everything.outcomes[outcome]]
    if not found:
        return
    several = len(result.models) > 1
    yield Text(f"{'errors':<13}  {'calls':>7}  share, %{'  most of them' if several else ''}", "bold")
    for outcome in sorted(found, key=everything.outcomes.__getitem__, reverse=True):
        number = everything.outcomes[outcome]
        line = f"{outcome.name:<13}  {count(number):>7}  {percent(number, everything.calls):>8}"
        if several:
            line += _most_of_them(result, outcome, width - len(line))
        yield Text(line, "yellow")
        for words in wrapped(_example(result, outcome), width - 2):
            yield Text(f"  {words}")
    yield from _together(result, several=len(found) > 1)
    yield from _first(result, width)


def _example(result: RunResult, outcome: Outcome) -> str:
    example = result.health.examples.get(outcome.name) or _KNOWN.get(outcome, "")
    return f"such as: {example}" if outcome.name in result.health.examples else example


def _together(result: RunResult, *, several: bool) -> Iterator[Text]:
    """All of them, and the share of calls that fail, with its interval."""
    everything, share = result.totals, result.failures(result.totals)
    failed = everything.calls - everything.ok
    label = "all" if several else ""
    ends = f"{100 * LEVEL:g} % interval {_percent(share.low)} to {_percent(share.high)}"
    numbers = f"{count(failed):>7}  {percent(failed, everything.calls):>8}  " if several else " " * 19
    yield Text(f"{label:<13}  {numbers}{ends}", "dim")


def _percent(share: float) -> str:
    return "100" if share == 1 else f"{100 * share:.{1 if share >= 0.09995 else 2}f}"


def _first(result: RunResult, width: int) -> Iterator[Text]:
    """The first failure on the wire, of a version that kept no other, unless a warning tells it already."""
    first = result.health.first_error
    told = (*result.health.examples.values(), *result.verdict.warnings)
    if first and not any(first in words for words in told):
        for line in wrapped(f"first: {first}", width - 2):
            yield Text(f"  {line}", "yellow")


def _most_of_them(result: RunResult, outcome: Outcome, width: int) -> str:
    model = max(result.models, key=lambda model: model.outcomes[outcome])
    number = f"  {count(model.outcomes[outcome])} at "
    return number + shorten(model.name, min(width - len(number), _NAME_MOST))
