"""The table of models: their percentiles with intervals, and what stands below them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rich.text import Text

from asyncload.histogram import Histogram
from asyncload.report.choice import Choice, choose
from asyncload.report.columns import Cell, Column, Table
from asyncload.report.estimates import cell, label, shortfall, with_guesses
from asyncload.report.numbers import NOTHING, count, ms, percent, printable, wrapped
from asyncload.report.view import View
from asyncload.result import ModelResult, RunResult, total
from asyncload.statistics.estimate import Estimate

_RESPONSE: Final = {0.5: 0, 0.9: 1, 0.99: 0, 0.999: 3}
"""Percentiles, and the ranks of their columns."""
_SERVICE: Final = {0.5: 5, 0.99: 4}
_MAX, _SHARE = 2, 6
_TITLES: Final = ("response, ms", "service, ms")
_CORRECTED: Final = "  corrected"


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    style: str
    mark: str
    calls: str
    failed: str
    share: str
    response: tuple[Estimate, ...]
    most_us: float
    service: tuple[Estimate, ...]
    """None in a corrected row: of a corrected view there is only what callers saw."""


def table(result: RunResult, width: int, view: View) -> Iterator[Text]:
    """
    Lines of the table: models, a row for those that are not shown, all together; then the warm-up, which is counted in
    none of these. Of a closed loop, each row has the corrected view below it.
    """
    choice = choose(result, view)
    shown = list(_rows(result, choice.models, choice.marks))
    sums = list(_sums(result, choice))
    apart = [_row(result, result.warmup, 0, style="dim")] if result.warmup.calls else []
    lines, left_out = _laid_out(shown, [*sums, *apart], width)
    if choice.words:
        yield from _dim(choice.words, width)
    yield from _dim(left_out, width)
    yield from lines.heading()
    for number, row in enumerate((*shown, *sums, *apart)):
        if apart and row is apart[0]:
            yield Text()
        yield lines.row(number, row.style)
    yield from shortfall(_printed((*shown, *sums, *apart), lines), width)
    if result.closed and result.totals.calls:
        yield Text()
        yield from _on_correction(result, width)


# -- rows -------------------------------------------------------------------------------------------------------------


def _rows(result: RunResult, models: Sequence[ModelResult], marks: Sequence[str]) -> Iterator[_Row]:
    for model, mark in zip(models, marks or [""] * len(models), strict=True):
        style = "yellow" if model.ok < model.calls else ""
        row = _row(result, model, result.totals.calls, style=style)
        yield replace(row, mark=mark)
        yield from _corrected(result, model, row)


def _sums(result: RunResult, choice: Choice) -> Iterator[_Row]:
    everything = result.totals
    chosen = {id(model) for model in choice.models}
    rest = [model for model in result.models if id(model) not in chosen]
    parts = [everything] if not rest else [total(f"{len(rest)} others", rest), everything]
    for part in parts:
        row = _row(result, part, everything.calls, style="bold")
        yield row
        yield from _corrected(result, part, row)


def _row(result: RunResult, model: ModelResult, calls: int, *, style: str) -> _Row:
    return _Row(
        name=model.name,
        style=style,
        mark="",
        calls=count(model.calls),
        failed=percent(model.calls - model.ok, model.calls),
        share=percent(model.calls, calls) if calls else NOTHING,
        response=result.estimates(model, "response", tuple(_RESPONSE)),
        most_us=model.response.quantile_us(1),
        service=result.estimates(model, "service", tuple(_SERVICE)),
    )


def _corrected(result: RunResult, model: ModelResult, row: _Row) -> Iterator[_Row]:
    histogram: Histogram | None = result.corrected(model)
    if histogram is not None:
        yield _Row(
            _CORRECTED, "dim", "", count(histogram.count), "", "",
            with_guesses(row.response, histogram), histogram.quantile_us(1), (),
        )  # fmt: skip


# -- columns ----------------------------------------------------------------------------------------------------------


def _laid_out(shown: Sequence[_Row], others: Sequence[_Row], width: int) -> tuple[Table, str]:
    """Lay a table out; names that do not fit lose what all of them share, which the text tells."""
    rows = [*shown, *others]
    table_ = Table("model", [row.name for row in rows], list(_columns(rows)), width)
    names = [row.name for row in shown if row.name is not _CORRECTED]
    if table_.fits or not names:
        return table_, ""
    prefix, suffix = affixes(names)
    short = [
        row.name if row.name is _CORRECTED else row.name[len(prefix) : len(row.name) - len(suffix)] for row in shown
    ]
    left_out = " and ".join(f'"{printable(affix)}"' for affix in (prefix, suffix) if affix)
    words = f"names of models are printed without {left_out}" if left_out else ""
    return Table("model", [*short, *(row.name for row in others)], list(_columns(rows)), width), words


def _columns(rows: Sequence[_Row]) -> Iterator[Column]:
    def of(text: Callable[[_Row], str]) -> tuple[Cell, ...]:
        return tuple((text(row), "") for row in rows)

    if any(row.mark for row in rows):
        yield Column("why", of(lambda row: row.mark))
    yield Column("calls", of(lambda row: row.calls))
    yield Column("err %", of(lambda row: row.failed))
    yield Column("share %", of(lambda row: row.share), rank=_SHARE)
    for i, (q, rank) in enumerate(_RESPONSE.items()):
        yield Column(label(q), tuple(cell(row.response[i]) for row in rows), _TITLES[0], rank)
    yield Column("max", of(lambda row: ms(row.most_us)), _TITLES[0], _MAX)
    for i, (q, rank) in enumerate(_SERVICE.items()):
        cells = tuple(cell(row.service[i]) if row.service else ("", "") for row in rows)
        yield Column(label(q), cells, _TITLES[1], rank)


def _printed(rows: Sequence[_Row], table_: Table) -> Iterator[tuple[str, Sequence[Estimate]]]:
    """What of the estimates has a column, by the rows' names."""
    heads = table_.heads
    for row in rows:
        yield row.name, [each for each in row.response if (_TITLES[0], label(each.q)) in heads]
        yield row.name, [each for each in row.service if (_TITLES[1], label(each.q)) in heads]


# -- below and above it -----------------------------------------------------------------------------------------------


def _on_correction(result: RunResult, width: int) -> Iterator[Text]:
    interval_us = result.expected_interval_us
    words = (
        "corrected: with the calls that each user would have made while it waited for a long one, for as a rule it "
        f"makes one every {ms(interval_us)} ms"
        if interval_us > 0
        else "corrected: cannot tell, for no call was answered"
    )
    yield from _dim(words, width)


def _dim(words: str, width: int) -> Iterator[Text]:
    for line in wrapped(words, width):
        yield Text(line, "dim")


def affixes(names: Sequence[str]) -> tuple[str, str]:
    """
    What all names begin and end with and can be told apart without: a folder and an extension.

    Args:
        names: At least one.

    Returns:
        A prefix that ends with "/" and a suffix that begins with "."; either may be empty.
    """
    front = _common(names)
    prefix = front[: front.rfind("/") + 1]
    back = _common([name[len(prefix) :][::-1] for name in names])[::-1]
    suffix = back[back.find(".") :] if "." in back else ""
    return (prefix, suffix) if all(len(prefix) + len(suffix) < len(name) for name in names) else ("", "")


def _common(names: Sequence[str]) -> str:
    """Longest text that all names begin with."""
    first, last = min(names), max(names)
    differ = (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return first[: next(differ, min(len(first), len(last)))]
