"""
(c) What each client says when the endpoint stands still once, for 2 s.

The emulator answers in 5 ms, and 200 calls a second arrive at equal distances. In the middle of the run all of its work
and replies stand still for 2 s. What that implies for a caller who comes when the plan says is arithmetic, see
`implied`. asyncload's response times, from the moment on at which a call was due, must show it.

Locust's users wait for their reply before they call again, so each of them meets the stall once, and the calls that
they would have made meanwhile are missing from its statistics. How much that hides depends on how many users share the
rate: the export's 200, who call once a second, hide half of the stall; 4 who do not think hide nearly all of it. The
same 4 of asyncload are shown as measured, and in the corrected view, see docs/measuring.md.
"""

import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from subprocess import Popen

import msgspec

from bench.context import Context
from bench.locust.clients import AIOHTTP, BOTO3, FASTHTTP, RAW, REPLAY, SDK, Client, swarm
from bench.locust.implied import implied_ms
from bench.locust.played import Arrived, Played, played
from bench.processes import answer_of, child, started
from bench.rows import FAILURES, Detail, Findings, Row, skipped, tell
from bench.stimulus import Ask

_RATE_PER_S = 200.0
_STALL_S = 2.0
_WARMUP_S = 1.0
_USERS = 4
_CALLS = 1000
"""In flight at most: more than arrive during the stall."""
_BEGIN_LIMIT_S = 30.0
_LIMIT_S = 120.0
_MOST = 0.03
_QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
_ENDPOINT = {
    "endpoints": [
        {
            "name": "xgboost-mme",
            "models": [{"name": "*", "service": {"fixed": "5ms"}}],
            "variants": [{"instance": {"workers": 2000, "queue": 2000}}],
        }
    ]
}


@dataclass(frozen=True, slots=True)
class _Case:
    """A client, and the users that it has."""

    client: Client
    users: int = 0
    """Who call without thinking; 0 means that a rate is asked for."""

    @property
    def name(self) -> str:
        """As it is printed."""
        return f"{self.client.name}, {self.users} users, no think time" if self.users else self.client.name

    def question(self, url: str, length_s: float) -> Ask:
        """Return what it is asked for."""
        whole = Ask(
            url=url, law="constant", length_s=length_s, warmup_s=_WARMUP_S, in_flight=_CALLS, connections=_CALLS,
            transport=self.client.transport or "raw",
        )  # fmt: skip
        return replace(whole, users=self.users) if self.users else replace(whole, rate_per_s=_RATE_PER_S)


_CASES = (
    *map(_Case, (BOTO3, FASTHTTP)),
    _Case(BOTO3, _USERS),
    _Case(REPLAY),
    *map(_Case, (SDK, AIOHTTP, RAW)),
    _Case(RAW, _USERS),
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a client says, and what the server knows."""

    case: _Case
    what: str
    said_ms: Mapping[str, float]
    """By the names of the quantiles."""
    truth: Sequence[Arrived]
    length_s: float

    @property
    def promised(self) -> bool:
        """Whether it must show the stall as it is."""
        return self.case.client.transport is not None and not self.case.users and self.what == "response"

    @property
    def usual_ms(self) -> float:
        """What the server took for a call that met no stall."""
        return median(row.sent_ns - row.arrival_ns for row in self.truth) / 1e6

    def implied_ms(self, name: str) -> float:
        """Return a quantile of arrivals that do not wait for anybody."""
        return implied_ms(_QUANTILES[name], self.length_s * 1000, _STALL_S * 1000, self.usual_ms)

    @property
    def off(self) -> float:
        """How far p99 lies from that, as a part of it."""
        return self.said_ms["p99"] / self.implied_ms("p99") - 1

    @property
    def held_up(self) -> int:
        """Calls that the stall made wait."""
        return sum(row.sent_ns - row.arrival_ns > 2e6 * self.usual_ms for row in self.truth)


def measure(context: Context) -> Findings:
    """Stall once for each client."""
    length_s = context.pick(20.0, 8.0)
    seen: list[_Seen] = []
    with (
        played(context.cores, json.dumps(_ENDPOINT)) as target,
        tempfile.TemporaryDirectory(prefix="asyncload-bench-") as home,
    ):
        for case in _CASES:
            tell(case.name)
            question, before = case.question(target.url, length_s), target.count()
            run = _ours if case.client.transport else _locust
            try:
                said_ms = run(context, target, case, question, Path(home))
            except FAILURES as why:
                yield skipped(f"a stall: {case.name}", why)
                continue
            truth = target.truth(before)
            seen += [_Seen(case, what, said, truth, length_s) for what, said in said_ms.items()]
    for one in seen:
        yield Row(
            f"p99 with a stall of {_STALL_S:.0f} s in {length_s:.0f} s: {one.case.name}, {one.what}",
            f"within {_MOST:.0%} of {one.implied_ms('p99'):,.0f} ms" if one.promised else "",
            f"{one.said_ms['p99']:,.1f} ms ({one.off:+.1%})",
            reached=abs(one.off) <= _MOST if one.promised else None,
        )
    yield Detail(
        f"What clients say of {length_s:.0f} s with a stall of {_STALL_S:.0f} s, and what it implies; ms",
        ("client", "what", "calls", "held up", "p50", "implied", "p95", "implied", "p99", "implied", "max", "implied"),
        [_cells(one) for one in seen],
    )


def _ours(
    context: Context, target: Played, case: _Case, question: Ask, _home: Path
) -> Mapping[str, Mapping[str, float]]:
    before = target.count()
    with started(child("generator"), context.cores.generator, msgspec.json.encode(question).decode()) as process:
        _stall(target, before, process, _WARMUP_S + (question.length_s - _STALL_S) / 2)
        total = answer_of(process, _LIMIT_S)["totals"]
    shown = ("response", "corrected") if case.users else ("response", "service")
    return {what: total[f"{what}_ms"] for what in shown}


def _locust(
    context: Context, target: Played, case: _Case, question: Ask, home: Path
) -> Mapping[str, Mapping[str, float]]:
    users, before = swarm(case.client, home, question), target.count()
    with users.started(context.cores.generator) as process:
        _stall(target, before, process, _WARMUP_S + (question.length_s - _STALL_S) / 2)
        printed = users.ended(process)
    return {
        "its statistics": {
            "p50": printed.p50_ms, "p95": printed.p95_ms, "p99": printed.p99_ms, "max": printed.most_ms,
        }
    }  # fmt: skip


def _stall(target: Played, before: int, process: "Popen[str]", after_s: float) -> None:
    """
    Stall the target some time after the first request of a client.

    Raises:
        RuntimeError: If none comes.
    """
    deadline_s = time.monotonic() + _BEGIN_LIMIT_S
    while target.count() == before:
        if process.poll() is not None or time.monotonic() > deadline_s:
            raise RuntimeError(f"{process.args!r} sent nothing")
        time.sleep(0.05)
    time.sleep(after_s)
    target.stall(_STALL_S)


def _cells(one: _Seen) -> list[str]:
    pairs = ((one.said_ms[name], one.implied_ms(name)) for name in _QUANTILES)
    values = [f"{value:,.1f}" for pair in pairs for value in pair]
    return [one.case.name, one.what, f"{len(one.truth):,}", f"{one.held_up:,}", *values]
