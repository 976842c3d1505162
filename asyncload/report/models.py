"""The per-model table of a result: which models are shown, how they are named, and what stands below them."""

import heapq
import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.text import Text

from asyncload.report.columns import Columns, Row, row
from asyncload.report.numbers import ms, printable
from asyncload.result import ModelResult, RunResult, total

ROWS = 20
"""Models shown; of more than that, those with the highest p99."""


def table(result: RunResult, width: int) -> Iterator[Text]:
    """
    Lines of the table: up to 20 models in the scenario's order, or the 20 with the highest p99 of response and a row
    for the others; then all models together; then the warm-up, which is counted in none of these. Of a closed loop,
    each row has the corrected view below it.
    """
    models, everything = result.models, result.totals
    shown = models if len(models) <= ROWS else _worst(models)
    rows = [row(model, everything.calls, result.corrected(model)) for model in shown]
    sums = [row(everything, everything.calls, result.corrected(everything))]
    if len(shown) < len(models):
        yield Text(f"{len(shown)} of {len(models)} models, those with the highest p99 of response:", "dim")
        others = _others(models, shown)
        sums.insert(0, row(others, everything.calls, result.corrected(others)))
    apart = row(result.warmup, 0)
    columns = Columns([*rows, *sums, apart], width)
    if not columns.fits:
        prefix, suffix = affixes([each.name for each in rows])
        rows = [replace(each, name=each.name[len(prefix) : len(each.name) - len(suffix)]) for each in rows]
        columns = Columns([*rows, *sums, apart], width)
        yield from _left_out(prefix, suffix)
    for heading in columns.heading():
        yield Text(heading.rstrip(), "bold")
    for each in rows:
        yield from _lines(columns, each, "yellow" if each.failed else "")
    for each in sums:
        yield from _lines(columns, each, "bold")
    if result.warmup.calls:
        yield Text()
        yield from _lines(columns, apart, "dim")
    if result.closed and everything.calls:
        yield Text()
        yield from _on_correction(result, width)


def _lines(columns: Columns, each: Row, style: str) -> Iterator[Text]:
    for line, kind in zip(columns.lines(each), (style, "dim"), strict=False):
        yield Text(line, kind)


def _on_correction(result: RunResult, width: int) -> Iterator[Text]:
    interval_us = result.expected_interval_us
    words = (
        "corrected: with the calls that each user would have made while it waited for a long one, for as a rule it "
        f"makes one every {ms(interval_us)} ms"
        if interval_us > 0
        else "corrected: cannot tell, for no call was answered"
    )
    for line in textwrap.wrap(words, width):
        yield Text(line, "dim")


def _worst(models: Sequence[ModelResult]) -> list[ModelResult]:
    """The models with the highest p99, highest first; one without replies has no p99 and comes last."""

    def p99_us(model: ModelResult) -> float:
        value_us = model.response.quantile_us(0.99)
        return -1.0 if math.isnan(value_us) else value_us

    return heapq.nlargest(ROWS, models, key=p99_us)


def _others(models: Sequence[ModelResult], shown: Sequence[ModelResult]) -> ModelResult:
    chosen = {id(model) for model in shown}
    rest = [model for model in models if id(model) not in chosen]
    return total(f"{len(rest)} others", rest)


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


def _left_out(prefix: str, suffix: str) -> Iterator[Text]:
    left_out = " and ".join(f'"{printable(affix)}"' for affix in (prefix, suffix) if affix)
    if left_out:
        yield Text(f"names of models are printed without {left_out}", "dim")
