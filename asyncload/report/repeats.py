"""
Repeated runs for a terminal: whether they may be believed, a line for each, and what all of them say together.

    VALID  xgboost-mme, 5 runs
    run   calls  err %   p50 ms   ...     each by itself, with the interval of its own calls
    together                              intervals of how the runs differ from one another
    objectives                            of each the worst answer of a run, and how many answer so
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from rich.console import Console
from rich.text import Text

from asyncload.repeats import QUANTILES, Mean, Repeats, Together
from asyncload.report import letters
from asyncload.report.columns import Cell, Column, Table
from asyncload.report.estimates import UNTOLD, cell, label, shortfall
from asyncload.report.numbers import NOTHING, TO, count, percent, percent_of, shorten, things, wrapped
from asyncload.report.objectives import table_of_repeats
from asyncload.report.terminal import LEAST_WIDTH
from asyncload.result import RunResult
from asyncload.statistics.estimate import Estimate
from asyncload.statistics.ranks import needed
from asyncload.units import format_rate

_SHOWN: Final = 20
_LATENCY: Final = "response, ms"


def show(repeats: Repeats, names: Sequence[str], console: Console, label_: str = "") -> None:
    """
    Print what repeated runs say.

    Args:
        repeats: The runs.
        names: What each is called, such as "01".
        console: Where to; its width is used from 80 columns on.
        label_: "A" or "B" of two that alternated.
    """
    width = max(console.width, LEAST_WIDTH)
    parts = (
        list(_verdict(repeats, width, label_)),
        list(_runs(repeats.results, names, width)),
        list(_together(repeats, width)),
        list(table_of_repeats(repeats, width)),
    )
    for number, part in enumerate(filter(None, parts)):
        for line in [Text(), *part] if number else part:
            line.plain = letters.shown(line.plain, console.encoding)
            console.print(line, no_wrap=True, crop=False, overflow="ignore", highlight=False)


def line_of(result: RunResult, name: str) -> str:
    """One run in a line, as soon as it has ended."""
    everything = result.totals
    word = "VALID" if result.verdict.valid else "INVALID"
    estimates = result.estimates(everything, "response", QUANTILES)
    latencies = ", ".join(f"{label(each.q)} {cell(each)[0]}" for each in estimates)
    failed = percent(everything.calls - everything.ok, everything.calls)
    return (
        f"{name}  {word}  {things(everything.calls, 'call')}, {failed} % failed, "
        f"{format_rate(result.achieved_per_s)}, {latencies} ms"
    )


def _verdict(repeats: Repeats, width: int, label_: str) -> Iterator[Text]:
    verdict, runs = repeats.verdict, len(repeats.results)
    word, style = ("VALID", "bold green") if verdict.valid else ("INVALID", "bold red")
    front = f"{label_}  " if label_ else ""
    words = f"{repeats.name}, {things(runs, 'run')}"
    yield Text.assemble((front, "bold"), (word, style), "  ", shorten(words, width - len(word) - len(front) - 2))
    for what, sentences, colour in (("reason", verdict.reasons, "red"), ("warning", verdict.warnings, "yellow")):
        for sentence in sentences:
            for number, line in enumerate(wrapped(sentence, width - len(what) - 4)):
                yield Text.assemble("  ", (" " * (len(what) + 2) if number else f"{what}: ", colour), line)


def _runs(results: Sequence[RunResult], names: Sequence[str], width: int) -> Iterator[Text]:
    estimates = [result.estimates(result.totals, "response", QUANTILES) for result in results]
    everything = [result.totals for result in results]
    columns = [
        Column("calls", tuple((count(each.calls), "") for each in everything)),
        Column("err %", tuple((percent(each.calls - each.ok, each.calls), "") for each in everything)),
        *_latencies(estimates),
        Column("per s", tuple((_rate(result.achieved_per_s), "") for result in results)),
    ]
    table = Table("run", names, columns, width)
    yield from table.heading()
    for index, result in enumerate(results):
        yield table.row(index, "" if result.verdict.valid else "red")


def _together(repeats: Repeats, width: int) -> Iterator[Text]:
    """All runs together: of many models the slowest."""
    models = list(repeats.models)
    shown = models if len(models) <= _SHOWN else sorted(models, key=_slowness, reverse=True)[:_SHOWN]
    rows = [*shown, repeats.total]
    if len(shown) < len(models):
        yield Text(f"{len(shown)} of {len(models)} models, the first by p99", "dim")
    names = [row.model.name for row in rows]
    for number, table in enumerate(_tables(rows, names, width)):
        yield from [Text()] if number else []
        yield from table.heading()
        for index in range(len(rows)):
            yield table.row(index, "bold" if index == len(shown) else "")
    if len(repeats.results) > 1:
        words = "intervals of all together: how the runs differ from one another, each left out once"
        yield from (Text(line, "dim") for line in wrapped(words, width))
    yield from _untold(rows, len(repeats.results), width)


def _tables(rows: Sequence[Together], names: Sequence[str], width: int) -> Iterator[Table]:
    """One table, or two where a line is too narrow: none of these numbers is left out."""
    counts = [
        Column("calls", tuple((count(row.model.calls), "") for row in rows)),
        Column("err %", tuple(_percent(row) for row in rows)),
    ]
    latencies = _latencies([row.response for row in rows])
    rates = [Column("per s", tuple(_rates(row.rate_per_s) for row in rows))]
    whole = Table("together", names, [*counts, *latencies, *rates], width)
    if len(whole.heads) == len(counts) + len(latencies) + len(rates):
        yield whole
        return
    yield Table("together", names, [*counts, *rates], width)
    yield Table("together", names, [replace(each, rank=0) for each in latencies], width)


def _untold(rows: Sequence[Together], runs: int, width: int) -> Iterator[Text]:
    """Say why a percentile is "n/a": too few calls of all runs, or too few runs for how much they differ."""
    lacking = [(row.model.name, each) for row in rows for each in row.response if each.calls and not each.supported]
    few = [(name, [each]) for name, each in lacking if each.effective_calls < needed(each.q)]
    yield from shortfall(few, width)
    if len(few) < len(lacking):
        single = "a single run does not tell how runs differ; repeats would"
        several = "so few runs, so far apart, do not tell within which bounds runs lie; more repeats would"
        words = f"{UNTOLD}: {single if runs == 1 else several}"
        yield from (Text(line, "dim") for line in wrapped(words, width))


def _slowness(row: Together) -> tuple[bool, float]:
    tail = row.response[-1]
    return tail.supported, tail.value_us if tail.calls else 0.0


def _latencies(rows: Sequence[Sequence[Estimate]]) -> list[Column]:
    ranks = (2, 1, 0)  # a narrow line keeps the tail
    return [
        Column(label(q), tuple(cell(estimates[place]) for estimates in rows), _LATENCY, rank)
        for place, (q, rank) in enumerate(zip(QUANTILES, ranks, strict=True))
    ]


def _percent(row: Together) -> Cell:
    """As of each run by itself, with the interval of how they differ."""
    share = row.error_rate
    span = f"{percent_of(share.low)}{TO}{percent_of(share.high)}" if share.low < share.high else ""
    return percent(row.model.calls - row.model.ok, row.model.calls), span


def _rates(rate: Mean) -> Cell:
    span = f"{_rate(rate.low)}{TO}{_rate(rate.high)}" if rate.low < rate.high else ""
    return _rate(rate.value), span


def _rate(per_s: float) -> str:
    return NOTHING if math.isnan(per_s) else format_rate(per_s).removesuffix("/s")
