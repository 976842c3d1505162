"""
How a percentile stands in the report: with the interval in which the true one lies, or not at all.

A percentile that the calls cannot support is printed as "n/a", and a line below says how many it takes.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.text import Text

from asyncload.histogram import Histogram
from asyncload.report.columns import Cell
from asyncload.report.numbers import NOTHING, interval, ms, wrapped
from asyncload.statistics.estimate import Estimate, percentiles
from asyncload.statistics.ranks import needed

UNTOLD: Final = "n/a"
"""Stands for a percentile of too few calls."""


def label(q: float) -> str:
    """Name of a percentile: "p50", "p99.9"."""
    return f"p{100 * q:g}"


def cell(estimate: Estimate) -> Cell:
    """Put an estimate into a table."""
    if not estimate.calls:
        return NOTHING, ""
    return (ms(estimate.value_us), interval(estimate.low_us, estimate.high_us)) if estimate.supported else (UNTOLD, "")


def said(estimate: Estimate) -> str:
    """Put an estimate into a sentence: "p99 9.33 ms (9.11-9.71)"."""
    number, span = cell(estimate)
    unit = f" ms ({span})" if span else ""
    return f"{label(estimate.q)} {number}{unit}"


def of_part(whole: Sequence[Estimate], part: Histogram) -> tuple[Estimate, ...]:
    """
    Percentiles of some of the calls whose percentiles are known: each of them tells as much as one of all.

    Args:
        whole: Of all calls, or of the calls that are taken for a sample of what these tell.
        part: Those to be estimated.
    """
    worth = (estimate.effective_calls / estimate.calls if estimate.calls else 1.0 for estimate in whole)
    return percentiles(part, [estimate.q for estimate in whole], [part.count * each for each in worth])


def with_guesses(measured: Sequence[Estimate], corrected: Histogram) -> tuple[Estimate, ...]:
    """
    Percentiles of measured calls and of those that were added to them, which tell nothing new.

    Args:
        measured: Of the measured calls.
        corrected: Both.
    """
    qs, effective = zip(*((estimate.q, estimate.effective_calls) for estimate in measured), strict=True)
    return percentiles(corrected, qs, effective)


def shortfall(rows: Iterable[tuple[str, Sequence[Estimate]]], width: int) -> Iterator[Text]:
    """Say of the rows of a table what its "n/a" takes; nothing if there is none."""
    lacking = [(name, each) for name, found in rows for each in found if each.calls and not each.supported]
    if not lacking:
        return
    names = {name for name, _ in lacking}
    who = f"; {next(iter(names))} has" if len(names) == 1 else ":"
    counts = ", ".join(
        _too_few([each for _, each in lacking if each.q == q]) for q in sorted({e.q for _, e in lacking})
    )
    for line in wrapped(f"{UNTOLD}: too few calls that tell as much as independent ones{who} {counts}", width):
        yield Text(line, "dim")


def _too_few(lacking: Sequence[Estimate]) -> str:
    """How many effective calls the rows have of those that a percentile takes: "94 to 131 of 368 for p99"."""
    worth = [int(each.effective_calls) for each in lacking]
    least, most, q = min(worth), max(worth), lacking[0].q
    have = f"{least} to {most}" if least < most else str(most) if most else "less than 1"
    return f"{have} of {needed(q)} for {label(q)}"
