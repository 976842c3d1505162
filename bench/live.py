"""
What a page costs a run: lateness p99 at 5,000/s with the page open in a browser, against nobody watching.

The ways take turns. The target, the browser and the process that serves the page are on one core, the generator is on
the other. The browser is headless Chromium: it is started before the run, and opens the page during the warm-up. With
a browser elsewhere only the page's own process has work here.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import msgspec

from bench.context import Context
from bench.looking import Chromium, Elsewhere, Eyes, looking
from bench.processes import ask
from bench.rows import Detail, Finding, Findings, Row
from bench.stimulus import ask_for
from bench.target import Target, nginx
from bench.watching import Watched, Watching

_MODELS = 1000
_RATE_PER_S = 5000.0
_WARMUP_S = 5.0
"""In which the browser opens the page."""
_LIMIT_S = 180.0
_MOST_MORE = 1.10
_MOST_MORE_US = 50.0


@dataclass(frozen=True, slots=True)
class _Way:
    name: str
    how: str
    eyes: Eyes | None = None


_ALONE = _Way("nobody watches", "off")
_ELSEWHERE = _Way("a process of its own, page open in a browser elsewhere", "process", Elsewhere())
_BESIDE = _Way("a process of its own, page open in Chromium beside it", "process", Chromium())
_WAYS = (
    _ALONE,
    _Way("a process of its own, nobody looks on", "process"),
    _ELSEWHERE,
    _BESIDE,
    _Way("the generator's loop, page open in Chromium", "inside", Chromium()),
)


def measure(context: Context) -> Findings:
    """Measure each way in turns, with two models and with a thousand."""
    with nginx(context.cores.target) as target:
        for models in (2, _MODELS):
            yield from _compared(context, target, models)


def _compared(context: Context, target: Target, models: int) -> Iterator[Finding]:
    turns: dict[_Way, list[Watched]] = {way: [] for way in _WAYS}
    for turn in range(context.pick(5, 1)):
        order = _WAYS if turn % 2 == 0 else _WAYS[::-1]
        for way in order:
            turns[way].append(_turn(context, target, way, models))
    p99_us = {way: median(one.lateness_p99_us for one in several) for way, several in turns.items()}
    limit_us = max(p99_us[_ALONE] * _MOST_MORE, p99_us[_ALONE] + _MOST_MORE_US)
    for way, where in ((_BESIDE, "in Chromium beside it"), (_ELSEWHERE, "in a browser elsewhere")):
        yield Row(
            f"lateness p99 at {_RATE_PER_S:,.0f}/s, {models:,} models, page open {where}",
            f"+{_MOST_MORE - 1:.0%} or +{_MOST_MORE_US:.0f} us at most",
            f"{p99_us[way]:.0f} us against {p99_us[_ALONE]:.0f} us",
            reached=p99_us[way] <= limit_us,
        )
    cells = [[way.name, *_cells(several)] for way, several in turns.items()]
    yield Detail(f"{models:,} models, {_RATE_PER_S:,.0f}/s; medians of the runs", _HEADINGS, cells)


_HEADINGS: Sequence[str] = (
    "who serves the page", "late p50 us", "p99 us", "p99.9 us", "stalls", "longest ms", "CPU", "on_snapshot us",
    "max us",
)  # fmt: skip


def _cells(runs: Sequence[Watched]) -> list[str]:
    handing_us = [took_us for one in runs for took_us in one.handing_us]
    return [
        f"{median(one.lateness_p50_us for one in runs):.0f}",
        f"{median(one.lateness_p99_us for one in runs):.0f}",
        f"{median(one.lateness_p999_us for one in runs):.0f}",
        f"{median(one.stalls for one in runs):.0f}",
        f"{median(one.longest_stall_ms for one in runs):.1f}",
        f"{median(one.cpu_share for one in runs):.0%}",
        f"{median(handing_us):.0f}" if handing_us else "-",
        f"{max(handing_us):.0f}" if handing_us else "-",
    ]


def _turn(context: Context, target: Target, way: _Way, models: int) -> Watched:
    question = ask_for(target, _RATE_PER_S, context.pick(20.0, 5.0))
    with tempfile.TemporaryDirectory(prefix="asyncload-bench-") as home:
        url_file = Path(home) / "url"
        asked = {
            "how": way.how, "ask": replace(question, warmup_s=_WARMUP_S), "models": models, "url_file": str(url_file),
        }  # fmt: skip
        if way.eyes is None:
            return _watched(context, asked)
        with looking(way.eyes, context.cores.target, url_file):
            return _watched(context, asked)


def _watched(context: Context, asked: dict[str, object]) -> Watched:
    question = msgspec.convert(asked, Watching, from_attributes=True)
    return msgspec.convert(ask("watching", question, context.cores.generator, _LIMIT_S), Watched)
