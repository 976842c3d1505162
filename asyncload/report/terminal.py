"""
The report of a run for a terminal, in the order in which its questions are asked:

    may I believe it?          verdict, whether arrivals waited for replies, reasons, warnings
    did it hold?               each objective: what was measured, and the answer
    what was done?             one line of totals
    what did callers see?      a row per model, their total, the warm-up apart; of a closed loop the corrected view too
    who met a cold model?      first, cold? and warm calls
    what went wrong?           outcomes other than OK
    when?                      rate, latency and calls in flight over time
    what did the generator?    its own lateness, stalls, connections, clocks
"""

import textwrap
import time
from collections.abc import Iterable, Iterator
from itertools import chain

from rich.console import Console
from rich.text import Text

from asyncload.call import Outcome
from asyncload.report import cold, objectives
from asyncload.report.models import table
from asyncload.report.numbers import NOTHING, count, ms, percent, printable, shorten, things
from asyncload.report.picture import sparkline
from asyncload.result import RunResult
from asyncload.units import format_bytes, format_duration, format_rate

LEAST_WIDTH = 80
"""Numbers are laid out for so many columns; a narrower terminal wraps them by itself."""
_NAME_MOST = 60
_LABEL = 13
_PICTURE = 48
_CLOSED = "closed loop: arrivals waited for replies"
_FEWEST_SECONDS = 3
"""A picture of fewer says nothing."""


def show(result: RunResult, console: Console) -> None:
    """
    Print a result.

    Args:
        result: Of one run, or of several merged ones.
        console: Where to; its width is used from 80 columns on, and colour only if it is a terminal.
    """
    width = max(console.width, LEAST_WIDTH)
    head = chain(_verdict(result, width), _totals(result, width))
    parts = (
        objectives.table(result, width),
        table(result, width), cold.table(result, width), _errors(result, width), _over_time(result),
        _generator(result, width),
    )  # fmt: skip
    for number, part in enumerate((head, *parts)):
        lines = list(part)
        # Not cropped: on a narrower terminal a line of numbers is wrapped by the terminal and stays whole.
        for line in [Text(), *lines] if number and lines else lines:
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
    for number, line in enumerate(textwrap.wrap(printable(words), width - 2 - len(label))):
        yield Text.assemble("  ", (" " * len(label) if number else label, style), line)


def _totals(result: RunResult, width: int) -> Iterator[Text]:
    everything, health = result.totals, result.health
    sent, calls = everything.sent, everything.calls
    pieces = (
        f"{things(sent, 'call')} sent" if sent == calls else f"{sent} of {things(calls, 'call')} sent",
        f"{percent(everything.ok, calls)} % OK",
        _rate(result),
        format_duration(health.measured_ns),
        str(result.scenario.get("transport", NOTHING)),
    )
    yield Text()
    for line in _joined(pieces, width):
        yield Text(line)


def _rate(result: RunResult) -> str:
    achieved = f"achieved {format_rate(result.achieved_per_s)}"
    if not result.closed:
        return f"asked {format_rate(result.asked_per_s)}, {achieved}"
    fewest, most = (pick(crowd.users for crowd in result.crowds) for pick in (min, max))
    return f"{achieved} by {things(most, 'user') if fewest == most else f'{fewest} to {most} users'}"


def _joined(pieces: Iterable[str], width: int) -> Iterator[str]:
    """Join pieces by a dot, in as few lines as fit."""
    line = ""
    for piece in pieces:
        longer = f"{line} · {piece}" if line else piece
        if line and len(longer) > width:
            yield line
            longer = piece
        line = longer
    yield line


def _errors(result: RunResult, width: int) -> Iterator[Text]:
    """Outcomes other than OK, most frequent first, each with the model that met it most often."""
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
    first = result.health.first_error
    if first and not any(first in warning for warning in result.verdict.warnings):
        yield from _said("first: ", first, width, "yellow")


def _most_of_them(result: RunResult, outcome: Outcome, width: int) -> str:
    model = max(result.models, key=lambda model: model.outcomes[outcome])
    number = f"  {count(model.outcomes[outcome])} at "
    return number + shorten(model.name, min(width - len(number), _NAME_MOST))


def _over_time(result: RunResult) -> Iterator[Text]:
    """Bars from zero to the highest second; the warm-up is in them."""
    seconds = result.seconds
    if len(seconds) < _FEWEST_SECONDS:
        return
    p99_us = [row.response.quantile_us(0.99) for row in seconds]
    known_us = [value_us for value_us in p99_us if value_us >= 0]
    sent, in_flight = [row.sent for row in seconds], [row.in_flight for row in seconds]
    failed = [sum(row.outcomes) - row.outcomes[Outcome.OK] for row in seconds]
    rows = (
        ("calls sent", sent, f"{count(max(sent))} /s"),
        ("response p99", p99_us, f"{ms(max(known_us, default=float('nan')))} ms"),
        ("in flight", in_flight, count(max(in_flight))),
        ("errors", failed, f"{count(max(failed))} /s"),
    )
    yield Text(f"{'by second':<{_LABEL + 2}}{things(len(seconds), 'second')}, warm-up included; highest:", "bold")
    for label, values, highest in rows:
        if any(value > 0 for value in values):
            yield Text(f"  {label:<{_LABEL}}{sparkline(values, _PICTURE):<{_PICTURE}}  {highest}")


# -- the generator ----------------------------------------------------------------------------------------------------


def _generator(result: RunResult, width: int) -> Iterator[Text]:
    yield Text("generator", "bold")
    for label, pieces in _readings(result).items():
        for number, line in enumerate(_joined(pieces, width - _LABEL - 2)):
            yield Text(f"  {'' if number else label:<{_LABEL}}{line}")


def _readings(result: RunResult) -> dict[str, list[str]]:
    health, everything = result.health, result.totals
    p50, p99, highest = map(ms, everything.lateness.quantiles_us([0.5, 0.99, 1.0]).tolist())
    return {
        "lateness": [f"p50 {p50} ms", f"p99 {p99} ms", f"max {highest} ms"],
        "calls": [
            f"{count(everything.outcomes[Outcome.DROPPED])} dropped",
            f"{count(everything.outcomes[Outcome.ABANDONED])} abandoned",
            f"{count(health.peak_in_flight)} in flight at the peak",
        ]
        + ([f"{count(everything.retries)} retries"] if everything.retries else []),
        "loop": [
            f"CPU {100 * health.cpu_share:.1f} % of a core",
            f"{things(health.stalls, 'stall')} over 10 ms, the longest {ms(health.longest_stall_ns / 1000)} ms",
        ],
        "connections": [
            f"{count(health.connects)} opened",
            f"{count(health.connect_failures)} failed",
            f"{count(health.exhausted)} refused by this machine",
        ],
        "clocks": [
            f"the endpoint's differs by {health.clock_skew_s:.0f} s",
            f"this one jumped by {round(health.clock_jump_ns / 1e6, 1) or 0:.6g} ms",
        ],
        "replies": [f"{format_bytes(everything.received_bytes)} of bodies"],
        "plan": [f"digest {result.plan_digest[:12] or NOTHING}", f"started {_utc(health.started_unix_ns)}"]
        + ([f"{health.ranks} ranks"] if health.ranks > 1 else []),
    }


def _utc(unix_ns: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(unix_ns / 1e9))
