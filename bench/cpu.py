"""
CPU per request at saturation: asyncload beside wrk (C), k6 (Go) and aiobotocore, in turns, in one run.

Each client runs alone on the generator's core, as fast as it can, with 64 connections. The rounds alternate, so a
change of the machine's mood meets all clients alike; the figures are medians over the rounds and ratios of such
medians.

asyncload stays an open loop, see `beyond`.
"""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from subprocess import Popen

import msgspec

from bench import rivals
from bench.beyond import Beyond
from bench.context import Context
from bench.meter import Usage, meter
from bench.processes import child, started
from bench.rows import Detail, Findings, MissingToolError, Row, skipped
from bench.sdk_loop import Loop
from bench.stimulus import ask_for
from bench.target import Target, nginx

_PROBE_PER_S = 150_000.0
_SETTLE_S = 1.0
_DISTURBED = 0.05
_OURS, _OURS_TLS, _OURS_POOL = "asyncload", "asyncload, TLS", "asyncload, 1,000 payloads"
_WRK, _WRK_TLS, _K6, _SDK = "wrk", "wrk, TLS", "k6", "aiobotocore"


@dataclass(frozen=True, slots=True)
class _Ratio:
    what: str
    ours: str
    theirs: str
    target: str
    most: float


_RATIOS = (
    _Ratio("CPU per request over wrk's, unsigned", _OURS, _WRK, "<= 1.6", 1.6),
    _Ratio("CPU per request over wrk's, TLS", _OURS_TLS, _WRK_TLS, "<= 1.6", 1.6),
    _Ratio("CPU per request over aiobotocore's invoke_endpoint", _OURS, _SDK, "<= 1/50", 1 / 50),
    _Ratio("CPU per request over k6's, unsigned", _OURS, _K6, "<= 1/6", 1 / 6),
)


def measure(context: Context) -> Findings:
    """Run all clients in turns, then compare."""
    with nginx(context.cores.target) as target, tempfile.TemporaryDirectory(prefix="asyncload-bench-") as home:
        contest = _Contest(context, target, Path(home))
        usages: dict[str, list[Usage]] = {name: [] for name in contest.clients}
        for _ in range(context.pick(5, 1)):
            for name in list(usages):
                try:
                    usages[name].append(contest.turn(name))
                except MissingToolError as why:
                    del usages[name]
                    yield skipped(f"CPU per request of {name}", why)
    for ratio in _RATIOS:
        if ratio.ours in usages and ratio.theirs in usages:
            yield _compare(ratio, usages)
    for name, several in usages.items():
        if name.startswith(_OURS):
            yield Row(f"CPU per request at saturation, {name}", "", _summary(several))
    disturbed = max(one.others_share for several in usages.values() for one in several)
    if disturbed > _DISTURBED:
        yield Row("DISTURBED: others took so much of the generator's core in some round", "", f"{disturbed:.0%}")
    yield Detail("CPU per request at saturation, medians over the rounds", _HEADINGS, list(map(_cells, usages.items())))
    rounds = [[name, *(f"{one.cpu_us:.2f}" for one in several)] for name, several in usages.items()]
    headings = ["client, us per request", *(f"round {i + 1}" for i in range(len(rounds[0]) - 1))]
    yield Detail("Each round", headings, rounds)


class _Contest:
    """The clients, and a turn of each."""

    def __init__(self, context: Context, target: Target, home: Path) -> None:
        self._context, self._target, self._home = context, target, home
        self._window_s = context.pick(5.0, 2.0)
        # A client ends by itself only after the window, however slowly it starts.
        self._length_s = _SETTLE_S + self._window_s + 3.0
        self._beyond = Beyond(context.cores.generator)
        length_s = self._length_s
        self.clients: dict[str, Callable[[], AbstractContextManager[Popen[str]]]] = {
            _OURS: lambda: self._ours(_OURS),
            _WRK: lambda: self._rival(rivals.wrk(home, target, length_s)),
            _OURS_TLS: lambda: self._ours(_OURS_TLS, tls=True),
            _WRK_TLS: lambda: self._rival(rivals.wrk(home, target, length_s, tls=True)),
            _OURS_POOL: lambda: self._ours(_OURS_POOL, payloads=1000),
            _K6: lambda: self._rival(rivals.k6_closed(home, target, length_s)),
            _SDK: self._sdk,
        }

    def turn(self, name: str) -> Usage:
        """Run one client and measure it."""
        with self.clients[name]() as process:
            usage = meter(process, self._target, _SETTLE_S, self._window_s)
        self._beyond.learn(name, usage)
        return usage

    def _rival(self, command: Sequence[str]) -> AbstractContextManager[Popen[str]]:
        return started(command, self._context.cores.generator)

    def _sdk(self) -> AbstractContextManager[Popen[str]]:
        question = msgspec.json.encode(Loop(self._target.url(), self._length_s)).decode()
        return started(child("sdk_loop"), self._context.cores.generator, question)

    def _ours(self, name: str, *, tls: bool = False, payloads: int = 1) -> AbstractContextManager[Popen[str]]:
        question = replace(ask_for(self._target, _PROBE_PER_S, self._length_s, tls=tls), payloads=payloads)
        return self._beyond.run(name, question)


def _compare(ratio: _Ratio, usages: dict[str, list[Usage]]) -> Row:
    ours, theirs = (median(one.cpu_us for one in usages[name]) for name in (ratio.ours, ratio.theirs))
    value = ours / theirs
    shown = f"{value:.2f}" if ratio.most >= 1 else f"1/{1 / value:.1f}"
    measured = f"{shown} ({ours:.2f} us against {theirs:.2f} us)"
    return Row(ratio.what, ratio.target, measured, reached=value <= ratio.most)


_HEADINGS = ("client", "requests /s", "CPU us", "user us", "system us", "its core", "others on it")


def _cells(entry: tuple[str, list[Usage]]) -> list[str]:
    name, several = entry
    rate_per_s = median(one.requests / one.elapsed_s for one in several)
    times_us = (median(getattr(one, part) for one in several) for part in ("cpu_us", "user_us", "system_us"))
    shares = (median(one.share for one in several), max(one.others_share for one in several))
    return [name, f"{rate_per_s:,.0f}", *(f"{t:.2f}" for t in times_us), *(f"{share:.0%}" for share in shares)]


def _summary(several: list[Usage]) -> str:
    _, rate_per_s, cpu_us, user_us, system_us, *_ = _cells(("", several))
    return f"{cpu_us} us (user {user_us}, system {system_us}) at {rate_per_s}/s"
