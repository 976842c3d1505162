"""What surely differs between two runs of ours, for a terminal: below the tables, for it answers what they ask."""

from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.text import Text

from asyncload.difference import Differences
from asyncload.difference.words import lines
from asyncload.report.comparison.words import said
from asyncload.report.terminal import LEAST_WIDTH

_ANSWERS: Final = {
    "failed": ("FAILED", "bold red"),
    "passed": ("passed", "green"),
    "undecided": ("UNDECIDED", "bold yellow"),
}


def show(differences: Differences, console: Console) -> None:
    """
    Print differences, and what became of conditions.

    Args:
        differences: Of B from A.
        console: Where to; its width is used from 80 columns on.
    """
    width = max(console.width, LEAST_WIDTH)
    for line in _lines(differences, width):
        console.print(line, no_wrap=True, crop=False, overflow="ignore", highlight=False)


def _lines(differences: Differences, width: int) -> Iterator[Text]:
    yield Text()
    yield Text("what differs, B against A", "bold")
    for note in differences.notes:
        yield from said("  note: ", note, width, label="yellow")
    *told, how = lines(differences) or ("",)
    if not differences.comparisons:
        told, how = [*told, how], ""
    for line in told:
        yield from said("  ", line, width)
    if how:
        yield from said("  ", how, width, style="dim")
    for judged in differences.conditions:
        yield Text()
        answer, style = _ANSWERS[judged.answer]
        yield from said(f"--fail-if {judged.text}: {answer}, ", judged.why, width, label=style)
