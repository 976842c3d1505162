"""The block on cold starts: the calls of each model by how they found it, as far as a client can tell."""

import textwrap
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from asyncload.report.numbers import count, ms, pad, percent, shorten, things
from asyncload.result import Classes, ColdStarts, RunResult

ROWS = 10
"""Models shown: those with the most cold calls."""
_LABEL = "cold starts"
_INFERRED = "cold? is inferred, SageMaker does not tell: only a load explains it"
_UNKNOWN = "unknown: this was measured by a version that did not look for them"
_TITLES = ("first", "cold?", "warm")
_HEADS = (("calls", "%", "p50"), ("calls", "%", "p50", "p99"), ("calls", "%", "p50", "p99"))
"""Percentiles of service time."""
_NAME_LEAST = 5
"""What eighty columns leave beside the widest numbers."""
_GAP = "  "


def table(result: RunResult, width: int) -> Iterator[Text]:
    """Lines of the block; none for a run without calls."""
    starts = result.cold_starts
    if starts is None:
        if result.totals.calls:
            yield from _said(_UNKNOWN, width)
    elif starts.doubt:
        yield from _said(f"cold? cannot tell: {starts.doubt}", width)
        if starts.total.first.count:
            p50 = ms(starts.total.first.quantile_us(0.5))
            first = things(starts.total.first.count, "first call")
            yield Text(f"{' ' * len(_LABEL)}{_GAP}{first}, service p50 {p50} ms")
    elif starts.total.first.count or starts.total.cold_calls:
        yield from _rows(starts, width)
    elif starts.total.calls:
        yield from _said(f"none: no call took so long that only a load explains it, of {starts.total.calls}", width)


def _said(words: str, width: int) -> Iterator[Text]:
    lines = textwrap.wrap(words, width - len(_LABEL) - len(_GAP))
    for number, line in enumerate(lines):
        yield Text.assemble((_LABEL if not number else " " * len(_LABEL), "bold"), _GAP, line)


def _rows(starts: ColdStarts, width: int) -> Iterator[Text]:
    most = sorted((row for row in starts.models if row.cold_calls), key=lambda row: row.cold_calls, reverse=True)
    shown = most[:ROWS]
    cells = [_cells(row) for row in (*shown, starts.total)]
    widths = [
        [max(map(len, column)) for column in zip(heads, *(row[group] for row in cells), strict=True)]
        for group, heads in enumerate(_HEADS)
    ]
    left = width - sum(len(_GAP) + _span(group) for group in widths)
    name = max(min(left, max(cell_len(row.name) for row in (*shown, starts.total))), _NAME_LEAST)
    titles = [f"{title}, ms".center(_span(group), "─") for title, group in zip(_TITLES, widths, strict=True)]
    yield Text.assemble((_LABEL, "bold"), _GAP, (_INFERRED, "dim"))
    yield Text(_GAP.join([pad("model", name), *titles]), "bold")
    yield Text(_GAP.join([pad("", name), *_line(_HEADS, widths)]), "bold")
    for row, groups in zip((*shown, starts.total), cells, strict=True):
        style = "bold" if row is starts.total else ""
        yield Text(_GAP.join([pad(shorten(row.name, name), name), *_line(groups, widths)]), style)
    if len(shown) < len(most):
        yield Text(f"the {len(shown)} models with the most cold calls, of {len(most)} that had any", "dim")


def _cells(row: Classes) -> tuple[tuple[str, ...], ...]:
    warm = row.warm
    cold_us, warm_us = (part.quantiles_us([0.5, 0.99]).tolist() for part in (row.cold, warm))
    return (
        (count(row.first.count), percent(row.first.count, row.calls), ms(row.first.quantile_us(0.5))),
        (count(row.cold_calls), percent(row.cold_calls, row.calls), *map(ms, cold_us)),
        (count(warm.count), percent(warm.count, row.calls), *map(ms, warm_us)),
    )


def _line(groups: Sequence[Sequence[str]], widths: Sequence[Sequence[int]]) -> list[str]:
    return [
        " ".join(f"{cell:>{width}}" for cell, width in zip(cells, group, strict=True))
        for cells, group in zip(groups, widths, strict=True)
    ]


def _span(widths: Sequence[int]) -> int:
    """Width of a group with the spaces between its columns."""
    return sum(widths) + len(widths) - 1
