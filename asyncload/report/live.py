"""
Two ways to watch a run: a view that redraws itself on a terminal, and a line every few seconds anywhere else.

Both are called once a second on the loop that measures. They draw at that moment and at no other: there is no thread
that refreshes and no spinner that turns. A frame is a list of rich's segments, for laying out a rich table takes some
milliseconds, and that would be lateness.
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.live import Live
from rich.segment import Segment, Segments
from rich.style import Style

from asyncload.call import Outcome
from asyncload.report.estimates import UNTOLD
from asyncload.report.numbers import NOTHING, count, ms, pad, shorten
from asyncload.report.recent import SECONDS, Recent, busiest, errors_by_kind
from asyncload.snapshot import Snapshot
from asyncload.units import format_duration, format_rate

ROWS = 12
"""Models that get a row."""
_WIDTH: Final = 80
_NAME: Final = 44
_QUANTILES: Final = (0.5, 0.99)
_BOLD: Final = Style(bold=True)
_DIM: Final = Style(dim=True)
_GREEN: Final = Style(color="green")
_YELLOW: Final = Style(color="yellow")


class LiveView:
    """Redraws progress, rates and the busiest models in place; for a terminal."""

    def __init__(self, console: Console) -> None:
        """
        Args:
            console: A terminal; best that of stderr, so that stdout holds nothing but the result.
        """
        self._recent = Recent(SECONDS)
        self._outcomes = [0] * len(Outcome)
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._live.stop()

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Draw the run as it is now."""
        self._recent.add(snapshot)
        self._outcomes = [a + b for a, b in zip(self._outcomes, snapshot.row.outcomes, strict=True)]
        with suppress(OSError):  # a terminal that has gone away is no reason to end the run
            self._live.update(Segments(_frame(self._recent, self._outcomes)), refresh=True)


class LogLines:
    """Writes a line about every five seconds; for a pipe or a file."""

    def __init__(self, console: Console) -> None:
        """
        Args:
            console: Where to; best that of stderr.
        """
        self._recent = Recent()
        self._file = console.file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._write()

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Write a line if this is the fifth second since the last one."""
        self._recent.add(snapshot)
        if len(self._recent) == SECONDS:
            self._write()

    def _write(self) -> None:
        if not self._recent:
            return
        with suppress(OSError):  # a reader that has gone away is no reason to end the run
            self._file.write(log_line(self._recent) + "\n")
            self._file.flush()
        self._recent.clear()


def log_line(recent: Recent) -> str:
    """Some seconds of a run in one line."""
    last, outcomes = recent.last, recent.outcomes
    ok = outcomes[Outcome.OK]
    (p50_us, p99_us), (_, late_us) = recent.quantiles_us([], _QUANTILES).tolist()
    return (
        f"{_elapsed(last):>6}/{format_duration(last.length_ns)}"
        f"  {' '.join(_asked(recent))} sent {_rate(recent.sent_per_s)}"
        f"  ok {ok} errors {sum(outcomes) - ok}"
        f"  p50 {_told(p50_us)} p99 {_told(p99_us)} ms"
        f"  in flight {last.row.in_flight}"
        f"  late p99 {_told(late_us)} ms"
        f"{'  warm-up' if last.warmup else ''}"
    )


# -- the frame --------------------------------------------------------------------------------------------------------


def _frame(recent: Recent, outcomes: list[int]) -> list[Segment]:
    """All lines of the view, each ended by a new line."""
    newline = Segment.line()
    by_model = recent.by_model()
    shown = busiest(by_model.sum(axis=1), ROWS)
    *response_us, (_, late_us) = recent.quantiles_us(shown, _QUANTILES).tolist()
    models = _models(recent, by_model, shown, response_us)
    lines = [
        _progress(recent.last, sending=recent.sending),
        _rates(recent, late_us),
        [],
        *models,
        [],
        _errors(outcomes),
    ]
    return [segment for line in lines for segment in (*line, newline)][:-1]


def _progress(last: Snapshot, *, sending: bool) -> list[Segment]:
    share = min(max(last.elapsed_ns / last.length_ns, 0.0), 1.0) if last.length_ns else 1.0
    times = f"  {_elapsed(last)} of {format_duration(last.length_ns)}"
    state = "  warm-up" if last.warmup else "" if sending else "  waiting for replies"
    bar = _WIDTH - len(times) - len(state)
    done = round(share * bar)
    colour = _YELLOW if last.warmup else _GREEN
    return [Segment("━" * done, colour), Segment("─" * (bar - done), _DIM), Segment(times), Segment(state, _YELLOW)]


def _rates(recent: Recent, late_us: float) -> list[Segment]:
    last = recent.last
    asked, how_much = _asked(recent)
    pieces = (
        (f"{asked} ", how_much),
        ("sent ", _rate(recent.sent_per_s)),
        ("in flight ", count(last.row.in_flight)),
        ("lateness p99 ", f"{_told(late_us)} ms"),
        ("CPU ", f"{100 * last.health.cpu_share:.0f} %"),
    )
    line = []
    for label, value in pieces:
        line += [Segment(label, _DIM), Segment(f"{value}   ", _BOLD)]
    return line


def _models(
    recent: Recent, by_model: NDArray[np.int64], shown: Sequence[int], response_us: Sequence[Sequence[float]]
) -> list[list[Segment]]:
    """A row for each of the busiest models, one for the others, one for all together."""
    heading = f"{f'ended in the last {SECONDS} s':<{_NAME}}  {'calls':>7}  {'err':>7}  {'p50, ms':>7} {'p99, ms':>7}"
    lines = [[Segment(heading, _DIM)]]
    chosen = by_model[shown]
    *each_us, together_us = response_us
    for model, outcomes, quantiles_us in zip(shown, chosen.tolist(), each_us, strict=True):
        lines.append(_row(recent.name_of(model), outcomes, quantiles_us))
    everything = by_model.sum(axis=0)
    others = int(by_model.any(axis=1).sum()) - len(shown)
    if others:
        lines.append(_row(f"{others} others", (everything - chosen.sum(axis=0)).tolist()))
    lines.append(_row("total", everything.tolist(), together_us, _BOLD))
    return lines


def _row(
    name: str, outcomes: Sequence[int], quantiles_us: Sequence[float] = (), style: Style | None = None
) -> list[Segment]:
    ended = sum(outcomes)
    failed = ended - outcomes[Outcome.OK]
    p50, p99 = map(_told, quantiles_us) if quantiles_us else (NOTHING, NOTHING)
    text = f"{pad(shorten(name, _NAME), _NAME)}  {count(ended):>7}  {count(failed):>7}  {p50:>7} {p99:>7}"
    return [Segment(text, style or (_YELLOW if failed else None))]


def _errors(outcomes: list[int]) -> list[Segment]:
    kinds = errors_by_kind(outcomes)
    return [Segment("errors so far: ", _DIM), Segment(kinds, _YELLOW if kinds != "none" else None)]


def _asked(recent: Recent) -> tuple[str, str]:
    """What the plan asks for, and how much of it: a rate, or users who wait for their replies."""
    return ("asked", _rate(recent.asked_per_s)) if recent.users is None else ("users", count(recent.users))


def _rate(per_s: float) -> str:
    return NOTHING if math.isnan(per_s) else format_rate(per_s)


def _elapsed(snapshot: Snapshot) -> str:
    return format_duration(max(round(snapshot.elapsed_ns / 1e9), 0) * 1_000_000_000)


def _told(value_us: float) -> str:
    """Print a percentile of the last calls, without an interval: those are all the calls that it is of."""
    return UNTOLD if math.isinf(value_us) else ms(value_us)
