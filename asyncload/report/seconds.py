"""A run over time: a row per second or per span of seconds, and a picture of it in a few lines of bars."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.text import Text

from asyncload.report.columns import Column, Table
from asyncload.report.estimates import cell, label, of_part, said, shortfall
from asyncload.report.numbers import count, ms, things, wrapped
from asyncload.report.phases import Phase, phases
from asyncload.report.picture import sparkline
from asyncload.report.spans import Span, folded
from asyncload.report.view import View
from asyncload.result import RunResult, SecondResult
from asyncload.statistics.estimate import Estimate

_ROWS: Final = 40
"""Spans shown, unless all seconds are asked for."""
_RESPONSE: Final = (0.5, 0.99)
_LATENESS: Final = (0.99,)
_LABEL, _PICTURE = 16, 46
_FEWEST_SECONDS: Final = 3
"""A picture of fewer says nothing."""
_WARMUP: Final = " w"


def table(result: RunResult, width: int, view: View, spans_ns: Sequence[tuple[int, int]]) -> Iterator[Text]:
    """
    Lines of the table of seconds.

    Args:
        result: The run.
        width: Of a line.
        view: Whether all seconds are asked for; else they are folded into 40 spans at most.
        spans_ns: Of the measured phases, as `phases` takes them.
    """
    seconds = result.seconds
    if not seconds:
        yield Text("no second of it was recorded", "dim")
        return
    spans = list(folded(seconds, len(seconds) + seconds[-1].second if view.everything else _ROWS))
    warm = [_in_warmup(span, phases(result, spans_ns)) for span in spans]
    names = [_name(span) + (_WARMUP if w else "") for span, w in zip(spans, warm, strict=True)]
    response = [of_part(result.estimates(result.totals, "response", _RESPONSE), span.response) for span in spans]
    lateness = [of_part(result.estimates(result.totals, "lateness", _LATENESS), span.lateness) for span in spans]
    rows = Table("second", names, list(_columns(spans, response, lateness)), width)
    yield from rows.heading()
    for i, span in enumerate(spans):
        yield rows.row(i, "yellow" if span.failed else "dim" if warm[i] else "")
    yield from shortfall(zip(names, response, strict=True), width)
    words = "sent by when a call was sent, the others by when it ended"
    if any(warm):
        words += ";" + _WARMUP + " warm-up"
    if len(spans) < len(seconds):
        words += f"; {len(seconds)} seconds folded, in flight is the highest of each row; --all shows them all"
    for line in wrapped(words, width):
        yield Text(line, "dim")


def _columns(
    spans: Sequence[Span], response: Sequence[Sequence[Estimate]], lateness: Sequence[Sequence[Estimate]]
) -> Iterator[Column]:
    yield Column("sent", tuple((count(span.sent), "") for span in spans))
    yield Column("ok", tuple((count(span.ended - span.failed), "") for span in spans))
    yield Column("err", tuple((count(span.failed), "") for span in spans))
    for i, q in enumerate(_RESPONSE):
        yield Column(label(q), tuple(cell(each[i]) for each in response), "response, ms")
    yield Column("max", tuple((ms(span.response.quantile_us(1)), "") for span in spans), "response, ms")
    yield Column("in flight", tuple((count(span.in_flight), "") for span in spans), rank=1)
    yield Column("p99", tuple(cell(each[0]) for each in lateness), "lateness, ms", rank=2)


def _name(span: Span) -> str:
    return str(span.first) if span.first == span.last else f"{span.first}..{span.last}"


def _in_warmup(span: Span, found: Sequence[Phase]) -> bool:
    middle_ns = (span.first + span.last + 1) * 500_000_000
    return any(phase.warmup and phase.begin_ns <= middle_ns < phase.end_ns for phase in found)


# -- the picture ------------------------------------------------------------------------------------------------------


def over_time(result: RunResult) -> Iterator[Text]:
    """Bars from zero to the highest second; the warm-up is in them."""
    seconds = result.seconds
    if len(seconds) < _FEWEST_SECONDS:
        return
    failed = [sum(row.outcomes) - row.outcomes[0] for row in seconds]
    rows = (
        ("calls sent", [row.sent for row in seconds], "{} /s"),
        ("in flight", [row.in_flight for row in seconds], "{}"),
        ("errors", failed, "{} /s"),
    )
    yield Text(f"{'by second':<{_LABEL}}{things(len(seconds), 'second')}, warm-up included; highest:", "bold")
    drawn = [(label_, values, unit.format(count(max(values)))) for label_, values, unit in rows]
    for label_, values, highest in (drawn[0], _slowness(result, seconds), *drawn[1:]):
        if any(value > 0 for value in values):
            yield Text(f"  {label_:<{_LABEL - 2}}{sparkline(values, _PICTURE):<{_PICTURE}}  {highest}")


def _slowness(result: RunResult, seconds: Sequence[SecondResult]) -> tuple[str, Sequence[float], str]:
    """p99 of each second's replies if all of them can tell it, else the slowest."""
    whole = result.estimates(result.totals, "response", (0.99,))
    found = [of_part(whole, row.response)[0] for row in seconds if row.response.count]
    if found and all(estimate.supported for estimate in found):
        values = [row.response.quantile_us(0.99) for row in seconds]
        return "response p99", values, said(max(found, key=lambda each: each.value_us)).removeprefix("p99 ")
    values = [row.response.quantile_us(1) for row in seconds]
    known = [value_us for value_us in values if value_us >= 0]
    return "slowest reply", values, f"{ms(max(known, default=float('nan')))} ms"
