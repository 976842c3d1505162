"""
(a) Requests per second of CPU time at saturation, against nginx with a canned answer.

Each client runs alone on the generator's core, as fast as it can, with 64 calls at once: 64 users of Locust that do not
think, or asyncload with 64 calls in flight, see `bench.beyond`. CPU time is the kernel's count for the process,
requests are nginx's count, both over the same window, see `bench.meter`; start-up and the start of all users lie before
it. The clients take turns, and the figures are medians over the rounds.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from subprocess import Popen

from bench.beyond import CALLERS, Beyond
from bench.context import Context
from bench.locust.clients import ALL, BOTO3, FASTHTTP, RAW, Client, swarm
from bench.meter import Usage, meter
from bench.rows import Detail, Findings, Row, tell
from bench.stimulus import ask_for
from bench.target import Target, nginx

_PROBES_PER_S = {"raw": 150_000.0, "aiohttp": 15_000.0, "sdk": 3_000.0}
"""More than each transport can carry."""
_OURS_SETTLE_S = 1.0
_LOCUST_SETTLE_S = 4.0
"""Until every user has begun, and been through its first call."""
_AFTER_S = 10.0
_DISTURBED = 0.05
_TARGETS = ((BOTO3, 60.0), (FASTHTTP, 10.0))
"""Whose requests per CPU second `raw` is to have how many times at least."""


@dataclass(frozen=True, slots=True)
class _Contest:
    """The clients in turns."""

    context: Context
    target: Target
    home: Path
    beyond: Beyond

    def turn(self, client: Client) -> Usage:
        """Run one client and measure it."""
        settle_s = _LOCUST_SETTLE_S if client.locust else _OURS_SETTLE_S
        window_s = self.context.pick(6.0, 2.0)
        with self._run(client, settle_s + window_s + _AFTER_S) as process:
            usage = meter(process, self.target, settle_s, window_s)
        self.beyond.learn(client.name, usage)
        return usage

    @contextmanager
    def _run(self, client: Client, length_s: float) -> Iterator["Popen[str]"]:
        if client.transport is not None:
            question = ask_for(self.target, _PROBES_PER_S[client.transport], length_s)
            with self.beyond.run(client.name, replace(question, transport=client.transport)) as process:
                yield process
            return
        users = swarm(client, self.home, self.target.url(), users=CALLERS, length_s=length_s)
        with users.started(self.context.cores.generator) as process:
            yield process


def measure(context: Context) -> Findings:
    """Run all clients in turns, then compare."""
    usages: dict[Client, list[Usage]] = {client: [] for client in ALL}
    with nginx(context.cores.target) as target, tempfile.TemporaryDirectory(prefix="asyncload-bench-") as home:
        contest = _Contest(context, target, Path(home), Beyond(context.cores.generator))
        rounds = context.pick(3, 1)
        for number in range(rounds):
            for client, several in usages.items():
                tell(f"round {number + 1} of {rounds}: {client.name}")
                several.append(contest.turn(client))
    for theirs, least in _TARGETS:
        yield _compare(theirs, usages, least)
    disturbed = max(one.others_share for several in usages.values() for one in several)
    if disturbed > _DISTURBED:
        yield Row("DISTURBED: others took so much of the generator's core in some round", "", f"{disturbed:.0%}")
    yield Detail(
        f"Requests per CPU second at saturation, {CALLERS} calls at once; medians over the rounds",
        ("client", "requests per CPU second", "CPU us per request", "user us", "system us", "requests /s", "its core"),
        [_cells(client, several) for client, several in usages.items()],
    )
    yield Detail(
        "Requests per CPU second in each round",
        ("client", *(f"round {number + 1}" for number in range(rounds))),
        [[client.name, *(f"{_per_cpu_s(one):,.0f}" for one in several)] for client, several in usages.items()],
    )


def _compare(theirs: Client, usages: dict[Client, list[Usage]], least: float) -> Row:
    ours_per_s, theirs_per_s = (median(map(_per_cpu_s, usages[client])) for client in (RAW, theirs))
    ratio = ours_per_s / theirs_per_s
    return Row(
        f"requests per CPU second: {RAW.name} over {theirs.name}",
        f">= {least:.0f}",
        f"{ratio:.1f} ({ours_per_s:,.0f} against {theirs_per_s:,.0f})",
        reached=ratio >= least,
    )


def _per_cpu_s(usage: Usage) -> float:
    return 1e6 / usage.cpu_us


def _cells(client: Client, several: Sequence[Usage]) -> list[str]:
    times_us = (median(getattr(one, part) for one in several) for part in ("cpu_us", "user_us", "system_us"))
    return [
        client.name,
        f"{median(map(_per_cpu_s, several)):,.0f}",
        *(f"{time_us:,.1f}" for time_us in times_us),
        f"{median(one.requests / one.elapsed_s for one in several):,.0f}",
        f"{median(one.share for one in several):.0%}",
    ]
