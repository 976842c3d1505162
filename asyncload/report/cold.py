"""The block on cold starts: the calls of each model by how they found it, as far as a client can tell."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from asyncload.histogram import Histogram
from asyncload.report.columns import Cell, Column, Table
from asyncload.report.estimates import cell, label, of_part, said, shortfall
from asyncload.report.numbers import count, ms, percent, things, wrapped
from asyncload.result import Classes, ColdStarts, ModelResult, RunResult
from asyncload.statistics.estimate import Estimate

ROWS = 10
"""Models shown: those with the most cold calls."""
_LABEL = "cold starts"
_INFERRED = "cold? is inferred, SageMaker does not tell: only a load explains it"
_UNKNOWN = "unknown: this was measured by a version that did not look for them"
_FIRST, _COLD, _WARM = "first, ms", "cold?, ms", "warm, ms"
_QUANTILES: Final = (0.5, 0.99)
_GAP = "  "


@dataclass(frozen=True, slots=True)
class _Row:
    classes: Classes
    cold: tuple[Estimate, ...]
    warm_calls: int
    warm: tuple[Estimate, ...]


def table(result: RunResult, width: int) -> Iterator[Text]:
    """Lines of the block; none for a run without calls."""
    starts = result.cold_starts
    if starts is None:
        if result.totals.calls:
            yield from _said(_UNKNOWN, width)
    elif starts.doubt:
        yield from _said(f"cold? cannot tell: {starts.doubt}", width)
        if starts.total.first.count:
            yield from _first_calls(result, starts.total.first, width)
    elif starts.total.first.count or starts.total.cold_calls:
        yield from _rows(result, starts, width)
    elif starts.total.calls:
        yield from _said(f"none: no call took so long that only a load explains it, of {starts.total.calls}", width)


def _said(words: str, width: int) -> Iterator[Text]:
    indent = " " * len(_LABEL)
    for number, line in enumerate(wrapped(words, width - len(_LABEL) - len(_GAP))):
        yield Text.assemble((_LABEL if not number else indent, "bold"), _GAP, line)


def _first_calls(result: RunResult, first: Histogram, width: int) -> Iterator[Text]:
    (p50,) = of_part(result.estimates(result.totals, "service", (0.5,)), first)
    indent = " " * len(_LABEL) + _GAP
    calls = things(first.count, "first call")
    yield Text(f"{indent}{calls}: service {said(p50)}, max {ms(first.quantile_us(1))} ms")
    for line in shortfall([("service", [p50])], width - len(indent)):
        yield Text(indent, "dim") + line


def _rows(result: RunResult, starts: ColdStarts, width: int) -> Iterator[Text]:
    pairs = zip(result.models, starts.models, strict=True)
    most = sorted((pair for pair in pairs if pair[1].cold_calls), key=lambda pair: pair[1].cold_calls, reverse=True)
    rows = [_row(result, model, classes) for model, classes in (*most[:ROWS], (result.totals, starts.total))]
    lines = Table("model", [row.classes.name for row in rows], list(_columns(rows)), width)
    yield Text.assemble((_LABEL, "bold"), _GAP, (_INFERRED, "dim"))
    yield from lines.heading()
    for i in range(len(rows)):
        yield lines.row(i, "bold" if i == len(rows) - 1 else "")
    heads = lines.heads
    for title, found in ((_COLD, [row.cold for row in rows]), (_WARM, [row.warm for row in rows])):
        printed = [[each for each in estimates if (title, label(each.q)) in heads] for estimates in found]
        yield from shortfall(zip((row.classes.name for row in rows), printed, strict=True), width)
    if len(most) > ROWS:
        yield Text(f"the {ROWS} models with the most cold calls, of {len(most)} that had any", "dim")


def _row(result: RunResult, model: ModelResult, classes: Classes) -> _Row:
    whole = result.estimates(model, "service", _QUANTILES)
    warm = classes.warm
    return _Row(classes, of_part(whole, classes.cold), warm.count, of_part(whole, warm))


def _columns(rows: Sequence[_Row]) -> Iterator[Column]:
    def of(text: Callable[[_Row], str]) -> tuple[Cell, ...]:
        return tuple((text(row), "") for row in rows)

    yield Column("calls", of(lambda row: count(row.classes.first.count)), _FIRST)
    yield Column("max", of(lambda row: ms(row.classes.first.quantile_us(1))), _FIRST)
    yield Column("calls", of(lambda row: count(row.classes.cold_calls)), _COLD)
    yield Column("%", of(lambda row: percent(row.classes.cold_calls, row.classes.calls)), _COLD)
    yield Column("p50", tuple(cell(row.cold[0]) for row in rows), _COLD)
    yield Column("p99", tuple(cell(row.cold[1]) for row in rows), _COLD, rank=4)
    yield Column("max", of(lambda row: ms(row.classes.cold.quantile_us(1))), _COLD, rank=1)
    yield Column("calls", of(lambda row: count(row.warm_calls)), _WARM, rank=3)
    yield Column("p50", tuple(cell(row.warm[0]) for row in rows), _WARM)
    yield Column("p99", tuple(cell(row.warm[1]) for row in rows), _WARM, rank=2)
