"""
What watching costs: lateness while the metrics of a thousand models are scraped, against seconds of the same run
without a scrape, and the CPU of a `traceparent` on each request.

The way that was not taken, a thread in the generator's process, runs beside the process of its own, with the same
answers. Traceparents are measured as `cpu` measures clients: at saturation, in turns.
"""

import math
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from statistics import median
from urllib.request import urlopen

import msgspec

from bench.beyond import Beyond
from bench.context import Context
from bench.meter import Usage, meter
from bench.processes import ask
from bench.rows import Detail, Finding, Findings, MissingToolError, Row, skipped
from bench.stimulus import ask_for
from bench.streaming import Streamed, Streaming
from bench.target import Target, nginx

_MODELS = 1000
_RATE_PER_S = 5000.0
_LIMIT_S = 120.0
_EVERY_S = 2.0
"""From the end of a scrape to the next: some seconds have one, others have none."""
_EDGE_S = 2
"""Seconds left out at the beginning, when everything is done for the first time."""
_MOST_MORE_US = 50.0
_SETTLE_S = 1.0
_PROBE_PER_S = 150_000.0
_WAYS = (
    ("nobody asks", "off", True),
    ("a process of its own, on another core", "process", True),
    ("a process of its own, on the generator's core", "process", False),
    ("a thread of the generator's process", "thread", True),
)


@dataclass
class Scrapes:
    """How long scrapes took."""

    spans_unix_s: list[tuple[float, float]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def met(self, second_unix_s: float) -> bool:
        """Whether a scrape was under way in a second."""
        return any(begin < second_unix_s + 1 and end > second_unix_s for begin, end in self.spans_unix_s)


def measure(context: Context) -> Findings:
    """Scrape in each way, then mark requests."""
    yield from _scraped(context)
    try:
        with nginx(context.cores.target) as target:
            yield from _marked(context, target)
    except MissingToolError as why:
        yield skipped("CPU per request with a traceparent", why)


def _scraped(context: Context) -> Iterator[Finding]:
    turns: dict[str, list[tuple[Streamed, Scrapes]]] = {name: [] for name, *_ in _WAYS}
    for _ in range(context.pick(3, 1)):
        for name, how, apart in _WAYS:
            turns[name].append(_turn(context, how, apart=apart))
    beside, alone = _during_and_between(turns[_WAYS[1][0]])
    yield Row(
        f"lateness p99 at {_RATE_PER_S:,.0f}/s, seconds with a scrape of {_MODELS:,} models against those between",
        f"+10 % or +{_MOST_MORE_US:.0f} us at most",
        f"{beside:.0f} us against {alone:.0f} us",
        reached=beside <= max(alone * 1.1, alone + _MOST_MORE_US),
    )
    headings = ("who answers", "late p50 us", "p99 us", "p99.9 us", "stalls", "longest ms", "CPU", "scrape s", "MB")
    cells = [
        [name, *_cells([one for one, _ in several], [each for _, each in several])] for name, several in turns.items()
    ]
    yield Detail(
        f"{_MODELS:,} models, {_RATE_PER_S:,.0f}/s, a scrape every other second or third, no network; medians",
        headings,
        cells,
    )


def _cells(runs: list[Streamed], scrapes: list[Scrapes]) -> list[str]:
    took = [end - begin for each in scrapes for begin, end in each.spans_unix_s]
    sizes = [size for each in scrapes for size in each.sizes]
    return [
        f"{median(one.lateness_p50_us for one in runs):.0f}",
        f"{median(one.lateness_p99_us for one in runs):.0f}",
        f"{median(one.lateness_p999_us for one in runs):.0f}",
        f"{median(one.stalls for one in runs):.0f}",
        f"{median(one.longest_stall_ms for one in runs):.0f}",
        f"{median(one.cpu_share for one in runs):.0%}",
        f"{median(took):.2f}" if took else "-",
        f"{max(sizes) / 1e6:.1f}" if sizes else "-",
    ]


def _during_and_between(turns: Sequence[tuple[Streamed, Scrapes]]) -> tuple[float, float]:
    """Median of the seconds' p99, of those with a scrape and of those without, in the same runs."""
    parts: dict[bool, list[float]] = {True: [], False: []}
    for streamed, scrapes in turns:
        for second, p99_us in enumerate(streamed.seconds_p99_us[_EDGE_S:-2], start=_EDGE_S):
            if not math.isnan(p99_us):
                parts[scrapes.met(streamed.started_unix_s + second)].append(p99_us)
    return median(parts[True] or [math.nan]), median(parts[False] or [math.nan])


def _turn(context: Context, how: str, *, apart: bool) -> tuple[Streamed, Scrapes]:
    port = _free_port()
    question = {
        "how": how, "port": port, "apart": apart, "models": _MODELS, "rate_per_s": _RATE_PER_S,
        "length_s": context.pick(30.0, 8.0),
    }  # fmt: skip
    with _scraping(port) as scrapes:
        answer = ask("streaming", msgspec.convert(question, Streaming), context.cores.generator, _LIMIT_S)
    return msgspec.convert(answer, Streamed), scrapes


@contextmanager
def _scraping(port: int) -> Iterator[Scrapes]:
    scrapes, over = Scrapes(), threading.Event()

    def scrape() -> None:
        while not over.wait(_EVERY_S):
            began_s = time.time()
            try:
                with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as reply:
                    scrapes.sizes.append(len(reply.read()))
            except OSError:
                continue  # nobody listens, not yet or not any more
            scrapes.spans_unix_s.append((began_s, time.time()))

    scraper = threading.Thread(target=scrape)
    scraper.start()
    try:
        yield scrapes
    finally:
        over.set()
        scraper.join()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _marked(context: Context, target: Target) -> Iterator[Finding]:
    """CPU per request without, with none sampled, with all sampled and their spans kept."""
    ways: dict[str, tuple[float | None, bool]] = {
        "no traceparent": (None, False),
        "1 % sampled": (0.01, False),
        "all sampled, spans kept": (1.0, True),
    }
    window_s, beyond = context.pick(5.0, 2.0), Beyond(context.cores.generator)
    usages: dict[str, list[Usage]] = {name: [] for name in ways}
    plain = ask_for(target, _PROBE_PER_S, _SETTLE_S + window_s + 3.0)
    for _ in range(context.pick(5, 1)):
        for name, (ratio, spans) in ways.items():
            with beyond.run(name, replace(plain, traceparent=ratio, spans=spans)) as process:
                usage = meter(process, target, _SETTLE_S, window_s)
            beyond.learn(name, usage)
            usages[name].append(usage)
    cells = [
        [name, f"{median(one.cpu_us for one in several):.2f}", f"{max(one.others_share for one in several):.0%}"]
        for name, several in usages.items()
    ]
    yield Detail(
        "CPU per request at saturation with a traceparent", ("requests", "CPU us", "others on its core"), cells
    )
