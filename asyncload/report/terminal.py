"""
The report of a run for a terminal, in the order in which its questions are asked:

    may I believe it?          verdict, whether arrivals waited for replies, reasons, warnings
    did it hold?               each objective: what was measured, and the answer
    what was done?             one line of totals
    what did callers see?      a row per model, phase or second; all models in detail, and the distribution
    who met a cold model?      first, cold? and warm calls
    what went wrong?           outcomes other than OK, with one example each
    when?                      rate, latency and calls in flight over time
    what did the generator?    its own lateness, stalls, connections, clocks

Whatever somebody else wrote, such as names and messages, is stripped of what a terminal would obey.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from asyncload.report import cold, letters, models, objectives, phases, seconds
from asyncload.report.errors import errors
from asyncload.report.health import health, joined
from asyncload.report.numbers import NOTHING, percent, shorten, things, wrapped
from asyncload.report.total import total
from asyncload.report.view import View
from asyncload.result import RunResult
from asyncload.units import format_duration, format_rate

LEAST_WIDTH = 80
"""Numbers are laid out for so many columns; a narrower terminal wraps them by itself."""
_TRANSPORT_MOST = 24
_CLOSED = "closed loop: arrivals waited for replies"


def show(
    result: RunResult, console: Console, view: View | None = None, spans_ns: Sequence[tuple[int, int]] = ()
) -> None:
    """
    Print a result.

    Args:
        result: Of one run, or of several merged ones.
        console: Where to; its width is used from 80 columns on, and colour only if it is a terminal.
        view: The table in the middle; by default that of models.
        spans_ns: Of the measured phases, from the plan's zero, if they are known; the length of a trace is told
            nowhere else.
    """
    width = max(console.width, LEAST_WIDTH)
    parts = (
        chain(_verdict(result, width), _totals(result, width)),
        objectives.table(result, width),
        _table(result, width, view or View(), spans_ns),
        total(result, width),
        cold.table(result, width),
        errors(result, width),
        seconds.over_time(result),
        health(result, width),
    )
    for number, part in enumerate(parts):
        lines = list(part)
        # Not cropped: on a narrower terminal a line of numbers is wrapped by the terminal and stays whole.
        for line in [Text(), *lines] if number and lines else lines:
            line.plain = letters.shown(line.plain, console.encoding)
            console.print(line, no_wrap=True, crop=False, overflow="ignore", highlight=False)


def _verdict(result: RunResult, width: int) -> Iterator[Text]:
    verdict = result.verdict
    word, style = ("VALID", "bold green") if verdict.valid else ("INVALID", "bold red")
    loop = f" · {_CLOSED}" if result.closed else ""
    yield Text.assemble((word, style), "  ", shorten(result.name, width - len(word) - 2 - len(loop)), loop)
    for reason in verdict.reasons:
        yield from _said("reason: ", reason, width, "red")
    for warning in verdict.warnings:
        yield from _said("warning: ", warning, width, "yellow")


def _said(label: str, words: str, width: int, style: str) -> Iterator[Text]:
    """Print a sentence behind a label, in as many lines as it takes."""
    for number, line in enumerate(wrapped(words, width - 2 - cell_len(label))):
        yield Text.assemble("  ", (" " * len(label) if number else label, style), line)


def _totals(result: RunResult, width: int) -> Iterator[Text]:
    everything, measured_ns = result.totals, result.health.measured_ns
    sent, calls = everything.sent, everything.calls
    pieces = (
        f"{things(sent, 'call')} sent" if sent == calls else f"{sent} of {things(calls, 'call')} sent",
        f"{percent(everything.ok, calls)} % OK",
        _rate(result),
        format_duration(measured_ns),
        shorten(str(result.scenario.get("transport", NOTHING)), _TRANSPORT_MOST),
    )
    yield Text()
    for line in joined(pieces, width):
        yield Text(line)


def _rate(result: RunResult) -> str:
    achieved = f"achieved {format_rate(result.achieved_per_s)}"
    if not result.closed:
        return f"asked {format_rate(result.asked_per_s)}, {achieved}"
    fewest, most = (pick(crowd.users for crowd in result.crowds) for pick in (min, max))
    return f"{achieved} by {things(most, 'user') if fewest == most else f'{fewest} to {most} users'}"


def _table(result: RunResult, width: int, view: View, spans_ns: Sequence[tuple[int, int]]) -> Iterator[Text]:
    if view.by == "phase":
        return phases.table(result, width, spans_ns)
    if view.by == "second":
        return seconds.table(result, width, view, spans_ns)
    return models.table(result, width, view)
