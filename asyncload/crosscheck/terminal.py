"""
A crosscheck for a terminal, in the order in which its questions are asked:

    do they agree?             the answer and why
    what was compared?         one line
    in which number?           a row per number: both values, the difference, its interval, what is allowed
    on the right models?       shares of the model that is furthest off, chi-square
    at which cost?             CPU time per call of each
    may I believe it?          pairs that were left out, where it ended early
    what does a loop hide?     one paragraph
"""

import math
import textwrap
from collections.abc import Iterator
from itertools import chain

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from asyncload.crosscheck.findings import PERCENTILES, Answer, Finding, ModelsFinding, works
from asyncload.crosscheck.latencies import Latencies, merged
from asyncload.crosscheck.outcome import Crosscheck
from asyncload.crosscheck.takes import Take
from asyncload.report.numbers import NOTHING, printable, shorten, things
from asyncload.statistics.intervals import Interval
from asyncload.units import format_duration

LEAST_WIDTH = 80
STYLES: dict[Answer, str] = {"AGREE": "bold green", "DIFFER": "bold red", "CANNOT TELL": "bold yellow"}
_MARKS: dict[Answer, str] = {"AGREE": "agree", "DIFFER": "DIFFER", "CANNOT TELL": "?"}
_LABEL, _NUMBER, _RANGE = 13, 9, 16
_CLIENTS = {"fasthttp": "FastHttpUser", "boto3": "boto3"}


def show(found: Crosscheck, console: Console) -> None:
    """Print a crosscheck; the console's width is used from 80 columns on."""
    width = max(console.width, LEAST_WIDTH)
    parts = (
        chain(_answer(found, width), _what(found, width)), _numbers(found, width), _models(found, width),
        _rest(found, width), _hidden(found, width),
    )  # fmt: skip
    for number, part in enumerate(parts):
        lines = list(part)
        for line in [Text(), *lines] if number and lines else lines:
            console.print(line, no_wrap=True, crop=False, overflow="ignore", highlight=False)


def _answer(found: Crosscheck, width: int) -> Iterator[Text]:
    judgement = found.judgement
    head = Text.assemble((judgement.answer, STYLES[judgement.answer]), "  ")
    name = shorten(found.name, width - head.cell_len)
    yield head + Text(name)
    yield from _wrapped(judgement.why, width, "  ")
    if found.interrupted:
        yield from _wrapped("interrupted: what was measured by then is judged", width, "  ", "yellow")
    if found.trouble:
        yield from _wrapped(f"it ended early: {found.trouble}", width, "  ", "yellow")


def _what(found: Crosscheck, width: int) -> Iterator[Text]:
    course = found.course
    loop = f"closed loop of {things(course.users, 'user')}" if course.users else "the same due times (replay)"
    pieces = (
        f"{things(len(found.pairs), 'pair')} of runs of {format_duration(round(course.length_s * 1e9))}",
        loop,
        f"Locust {found.locust} with {_CLIENTS[found.options.client]}",
        f"asyncload {found.asyncload}",
        f"both on core {found.core}" if found.core is not None else "cores not pinned: one only, or not Linux",
    )
    yield Text()
    yield from _wrapped(" · ".join(pieces), width, "")
    if course.without_retries:
        yield from _wrapped("The scenario's retries are off on both sides: they hide errors.", width, "")


# -- the table --------------------------------------------------------------------------------------------------------


def _numbers(found: Crosscheck, width: int) -> Iterator[Text]:
    findings = found.judgement.findings
    if not findings:
        return
    heads = ("asyncload", "Locust", "diff."), ("90 % interval", "allowed")
    yield Text(
        f"{'':<{_LABEL}}"
        + "".join(f"{head:>{_NUMBER}}" for head in heads[0])
        + "".join(f"{head:>{_RANGE}}" for head in heads[1]),
        "bold",
    )
    for one in findings:
        yield _row(one)
    for one in findings:
        if one.why:
            yield from _wrapped(f"{one.metric}: {one.why}", width, "  ", "dim")
    yield from _printed_by_locust(found, width)


def _row(one: Finding) -> Text:
    places = _places(max(abs(one.ours), abs(one.theirs)))
    label = f"{one.metric}, {one.unit}"
    ours, theirs = (NOTHING if math.isnan(value) else f"{value:.{places}f}" for value in (one.ours, one.theirs))
    text = f"{label:<{_LABEL + 2}}{ours:>{_NUMBER - 2}}{theirs:>{_NUMBER}}"
    text += f"{_signed(one.difference):>{_NUMBER}}{_range(one.interval):>{_RANGE}}{_range(one.allowed):>{_RANGE}}"
    return Text.assemble(text, "  ", (_MARKS[one.answer], STYLES[one.answer].removeprefix("bold ")))


def _range(interval: Interval) -> str:
    if math.isnan(interval.low) or math.isnan(interval.high):
        return NOTHING
    return f"{_signed(interval.low)}..{_signed(interval.high)}"


def _signed(value: float) -> str:
    """At most 6 characters, with its sign."""
    if math.isnan(value):
        return NOTHING
    if not abs(value) >= 0.0005:
        return "0"
    text = f"{value:+.{max(0, min(3, 2 - _magnitude(value)))}f}"
    return text if len(text) <= 6 else f"{value / 1000:+.0f}k"


def _magnitude(value: float) -> int:
    return len(str(int(abs(value)))) - 1


def _places(value: float) -> int:
    return 0 if value >= 1000 else 1 if value >= 100 else 2 if value >= 10 else 3


def _printed_by_locust(found: Crosscheck, width: int) -> Iterator[Text]:
    """What Locust itself would print of either, in its own buckets."""
    ours, theirs = (merged([take.latencies for take in takes]) for takes in _sides(found))
    if not (ours.count and theirs.count):
        return
    cells = [
        f"{name} {a:.0f} / {b:.0f}" for name, a, b in zip(PERCENTILES, _rounded(ours), _rounded(theirs), strict=True)
    ]
    yield from _wrapped(f"in Locust's own buckets, ms: {', '.join(cells)}", width, "  ", "dim")


def _rounded(latencies: Latencies) -> list[float]:
    return latencies.as_locust_rounds().percentiles_ms(list(PERCENTILES.values()))


def _sides(found: Crosscheck) -> tuple[list[Take], list[Take]]:
    return [pair.ours for pair in found.compared], [pair.theirs for pair in found.compared]


# -- below it ---------------------------------------------------------------------------------------------------------


def _models(found: Crosscheck, width: int) -> Iterator[Text]:
    models = found.judgement.models
    if models is None:
        return
    yield Text("calls per model", "bold")
    if len(found.course.names) > 1:
        name = shorten(models.worst, width - 50)
        yield Text(f"  {name}: asked {models.asked:.1%}, asyncload {models.ours:.1%}, Locust {models.theirs:.1%}")
    yield _chi_square(models)
    if models.why:
        yield from _wrapped(models.why, width, "  ", "dim")


def _chi_square(models: ModelsFinding) -> Text:
    ours, theirs, both = (_p(test.p) if test.df else NOTHING for test in models.tests)
    text = f"  chi-square, p: asyncload {ours}, Locust {theirs}, one against the other {both}"
    return Text.assemble(text, "  ", (_MARKS[models.answer], STYLES[models.answer].removeprefix("bold ")))


def _p(p: float) -> str:
    return f"{p:.2f}" if p >= 0.005 else f"{p:.0e}" if p else "0"


def _rest(found: Crosscheck, width: int) -> Iterator[Text]:
    if not found.compared:
        return
    theirs, ours = works(found.compared)
    times = f", {theirs.cpu_ms / ours.cpu_ms:.1f} times as much" if ours.cpu_ms else ""
    yield from _wrapped(
        f"CPU per call: asyncload {ours.cpu_ms:.3f} ms ({ours.busy:.0%} of its core), Locust {theirs.cpu_ms:.3f} ms "
        f"({theirs.busy:.0%}){times}",
        width,
        "",
    )
    for pair in found.pairs:
        if pair.doubt:
            yield from _wrapped(f"left out: pair {pair.number}, {pair.doubt}", width, "  ", "yellow")


def _hidden(found: Crosscheck, width: int) -> Iterator[Text]:
    if found.hidden is None:
        return
    yield Text("what a closed loop hides", "bold")
    yield from _wrapped(found.hidden.words, width, "  ")


def _wrapped(words: str, width: int, indent: str, style: str = "") -> Iterator[Text]:
    for line in textwrap.wrap(printable(words), width - cell_len(indent), break_on_hyphens=False):
        yield Text(f"{indent}{line}", style)
