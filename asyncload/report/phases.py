"""
The phases of a run: what each asked for, and what happened in it.

Read from the scenario as data, which is what a result keeps of it. What happened is known by the second: a second
belongs to the phase in which its middle lies, so calls near an edge may count on its other side.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from rich.text import Text

from asyncload.report.columns import Column, Table
from asyncload.report.estimates import cell, label, of_part, shortfall
from asyncload.report.numbers import NOTHING, count, ms, percent, things, wrapped
from asyncload.report.spans import Span, together
from asyncload.result import RunResult
from asyncload.statistics.estimate import Estimate
from asyncload.units import format_duration, format_rate, parse_duration_ns, parse_rate_per_s

_QUANTILES: Final = {0.5: 0, 0.9: 1, 0.99: 0, 0.999: 4}
_MAX, _RATE = 2, 3
_TITLE: Final = "response, ms"
_HALF_NS: Final = 500_000_000
_SECOND_NS: Final = 1_000_000_000
_OPEN_END_NS: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the plan."""

    number: int
    """From 1."""
    words: str
    """What it asked for."""
    warmup: bool
    begin_ns: int
    end_ns: int
    """Span of its due times, from the plan's zero."""


def phases(result: RunResult, spans_ns: Sequence[tuple[int, int]] = ()) -> tuple[Phase, ...]:
    """
    Return the phases of a run's scenario.

    Args:
        result: The run.
        spans_ns: Of the measured phases, from the plan's zero, as a run directory tells them, without what
            `warmup: auto` cut: a trace's length is told nowhere else. Without them a trace is taken to last to the end
            of the run.
    """
    measured = iter(spans_ns)
    found = []
    begin_ns = 0
    for number, phase in enumerate(result.scenario.get("phases", ()), start=1):
        warmup = bool(phase.get("warmup", False))
        span_ns = None if warmup else next(measured, None)
        length_ns = parse_duration_ns(phase["for"]) if "for" in phase else None
        if span_ns is not None:
            # What `warmup: auto` cut is not in the span; that a trace before it is shorter than was thought is.
            begin_ns, end_ns = min(begin_ns, span_ns[0]), span_ns[1]
        else:
            end_ns = begin_ns + (max(result.health.elapsed_ns - begin_ns, 0) if length_ns is None else length_ns)
        found.append(Phase(number, _words(phase), warmup, begin_ns, end_ns))
        begin_ns = end_ns
    return tuple(part for phase in found for part in _settled(phase, result.health.settled_s * _SECOND_NS))


def _settled(phase: Phase, settled_ns: int) -> Iterator[Phase]:
    """Part a phase from what `warmup: auto` cut from its beginning."""
    if phase.warmup or not phase.begin_ns < settled_ns < phase.end_ns:
        yield phase
        return
    yield replace(phase, words=f"{phase.words} (unsettled)", warmup=True, end_ns=settled_ns)
    yield replace(phase, begin_ns=settled_ns)


def table(result: RunResult, width: int, spans_ns: Sequence[tuple[int, int]]) -> Iterator[Text]:
    """
    Lines of the table of phases.

    Args:
        result: The run.
        width: Of a line.
        spans_ns: As `phases` takes them.
    """
    found = phases(result, spans_ns)
    if not found:
        yield Text("its scenario has no phases", "dim")
        return
    spans = [_happened(result, phase, last=phase is found[-1]) for phase in found]
    whole = result.estimates(result.totals, "response", tuple(_QUANTILES))
    estimates = [of_part(whole, span.response) if span else () for span in spans]
    names = [f"{phase.number} {'warm-up, ' if phase.warmup else ''}{phase.words}" for phase in found]
    lines = Table("phase", names, list(_columns(found, spans, estimates, result.health.elapsed_ns)), width)
    yield from lines.heading()
    for i, (phase, span) in enumerate(zip(found, spans, strict=True)):
        yield lines.row(i, "dim" if phase.warmup else "yellow" if span and span.failed else "")
    heads = lines.heads
    printed = [[each for each in row if (_TITLE, label(each.q)) in heads] for row in estimates]
    yield from shortfall(((f"phase {phase.number}", row) for phase, row in zip(found, printed, strict=True)), width)
    words = (
        "a second belongs to the phase in which its middle lies: sent by when calls were sent, the others by when "
        "they ended; what ended behind the plan counts to the last phase"
    )
    for line in wrapped(words, width):
        yield Text(line, "dim")


def _happened(result: RunResult, phase: Phase, *, last: bool) -> Span | None:
    """What happened in the seconds of a phase; None if it has none."""
    end_ns = _OPEN_END_NS if last else phase.end_ns
    rows = [row for row in result.seconds if phase.begin_ns <= row.second * _SECOND_NS + _HALF_NS < end_ns]
    return together(rows) if rows else None


def _columns(
    found: Sequence[Phase], spans: Sequence[Span | None], estimates: Sequence[Sequence[Estimate]], elapsed_ns: int
) -> Iterator[Column]:
    yield Column("sent", tuple((count(span.sent) if span else NOTHING, "") for span in spans))
    yield Column("err %", tuple((percent(span.failed, span.ended) if span else NOTHING, "") for span in spans))
    rates = tuple((_achieved(phase, span, elapsed_ns), "") for phase, span in zip(found, spans, strict=True))
    yield Column("sent /s", rates, rank=_RATE)
    for i, (q, rank) in enumerate(_QUANTILES.items()):
        yield Column(label(q), tuple(cell(each[i]) if each else (NOTHING, "") for each in estimates), _TITLE, rank)
    longest = tuple((ms(span.response.quantile_us(1)) if span else NOTHING, "") for span in spans)
    yield Column("max", longest, _TITLE, _MAX)


def _achieved(phase: Phase, span: Span | None, elapsed_ns: int) -> str:
    """Calls sent over the part of the phase that has passed."""
    passed_ns = min(phase.end_ns, elapsed_ns) - phase.begin_ns
    if span is None or passed_ns <= 0:
        return NOTHING
    return format_rate(span.sent * _SECOND_NS / passed_ns).removesuffix("/s")


# -- what was asked for -----------------------------------------------------------------------------------------------


def _words(phase: Mapping[str, Any]) -> str:
    length = f", {format_duration(parse_duration_ns(phase['for']))}" if "for" in phase else ""
    if "trace" in phase:
        speed = phase.get("speed", 1)
        return f"trace{f' x{speed:g}' if speed != 1 else ''}"
    if "users" in phase:
        return f"{things(phase['users'], 'user')}{length}"
    return f"{phase.get('law', 'poisson')} {_curve(phase['rate'])}{length}"


def _curve(rate: object) -> str:
    """A rate, or how it changes, in a few words."""
    if not isinstance(rate, Mapping):
        return _rate(rate)
    match rate:
        case {"from": first, "to": last}:
            return f"{_rate(first)} to {_rate(last)}"
        case {"steps": [first, *rest]}:
            return f"{_rate(first)} to {_rate(rest[-1])} in {1 + len(rest)} steps" if rest else _rate(first)
        case {"sine": {"mean": mean, "amplitude": amplitude}}:
            return f"{_rate(mean)} +- {_rate(amplitude)}"
        case {"points": [[_, first], *rest]}:
            return f"{_rate(first)} to {_rate(rest[-1][1])} by points" if rest else _rate(first)
        case {"spike": {"base": base, "peak": peak}}:
            return f"{_rate(base)}, spike {_rate(peak)}"
        case _:
            return "a rate"


def _rate(value: object) -> str:
    return format_rate(parse_rate_per_s(value))
