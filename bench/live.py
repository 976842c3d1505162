"""
What a page costs a run: lateness p99 at 5,000/s with the page open in a browser, against nobody watching.

The ways take turns. The target, the browser and the process that serves the page are on one core, the generator is on
the other. The browser is headless Chromium: it is started before the run, and opens the page during the warm-up. In
headless mode a page counts as visible, so it draws what is in its window each second.
"""

import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import msgspec

from bench.context import Context
from bench.pin import pinned
from bench.processes import ask, tool
from bench.rows import Detail, Finding, Findings, MissingToolError, Row
from bench.stimulus import ask_for
from bench.target import Target, nginx
from bench.watching import Watched, Watching

_MODELS = 1000
_RATE_PER_S = 5000.0
_WARMUP_S = 5.0
"""In which the browser opens the page."""
_LIMIT_S = 180.0
_BEGIN_S = 60.0
_LOOK_S = 0.05
_MOST_MORE = 1.10
_MOST_MORE_US = 50.0
_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Way:
    name: str
    how: str
    open: bool


_ALONE = _Way("nobody watches", "off", open=False)
_BESIDE = _Way("a process of its own, page open in Chromium", "process", open=True)
_WAYS = (
    _ALONE,
    _Way("a process of its own, nobody looks on", "process", open=False),
    _BESIDE,
    _Way("the generator's loop, page open in Chromium", "inside", open=True),
)


@dataclass
class Looking:
    """What a browser saw."""

    url_file: Path
    rows: int = 0
    """Of the run's course, drawn at the end."""
    trouble: str = ""
    _ready: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)

    def look(self, core: int) -> None:
        """Start Chromium, open the page when there is one, and look until told to stop; a thread's work."""
        try:
            self._look(core)
        except Exception as error:  # noqa: BLE001  # told by whoever waits for this thread
            self.trouble = f"{type(error).__name__}: {error}"
        finally:
            self._ready.set()

    def _look(self, core: int) -> None:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415  # not needed by the other groups

        program = tool("chromium", "install the Debian package chromium")
        with pinned(core), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=list(_ARGUMENTS))
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            self._ready.set()
            while not self._over.is_set() and not self.url_file.exists():
                time.sleep(_LOOK_S)
            if self.url_file.exists():
                page.goto(self.url_file.read_text())
                while not self._over.wait(_LOOK_S):
                    pass
                drawn = "document.querySelector('#lateness-chart .plot')?.data?.at(-1)?.x?.length ?? 0"
                self.rows = page.evaluate(drawn)
            browser.close()

    @contextmanager
    def while_it_lasts(self, core: int) -> Iterator[None]:
        """Look on during a block."""
        thread = threading.Thread(target=self.look, args=(core,))
        thread.start()
        try:
            if not self._ready.wait(_BEGIN_S):
                raise RuntimeError("Chromium did not start")
            if self.trouble:
                raise MissingToolError(self.trouble)
            yield
        finally:
            self._over.set()
            thread.join(_BEGIN_S)
        if self.trouble or not self.rows:
            raise RuntimeError(f"the browser saw nothing: {self.trouble or 'no chart was drawn'}")


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
    alone, beside = (median(one.lateness_p99_us for one in turns[way]) for way in (_ALONE, _BESIDE))
    yield Row(
        f"lateness p99 at {_RATE_PER_S:,.0f}/s, {models:,} models, page open in Chromium",
        f"+{_MOST_MORE - 1:.0%} or +{_MOST_MORE_US:.0f} us at most",
        f"{beside:.0f} us against {alone:.0f} us",
        reached=beside <= max(alone * _MOST_MORE, alone + _MOST_MORE_US),
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
        looking = Looking(Path(home) / "url")
        asked = {
            "how": way.how, "ask": replace(question, warmup_s=_WARMUP_S), "models": models,
            "url_file": str(looking.url_file),
        }  # fmt: skip
        if not way.open:
            return _watched(context, asked)
        with looking.while_it_lasts(context.cores.target):
            return _watched(context, asked)


def _watched(context: Context, asked: dict[str, object]) -> Watched:
    question = msgspec.convert(asked, Watching, from_attributes=True)
    return msgspec.convert(ask("watching", question, context.cores.generator, _LIMIT_S), Watched)
