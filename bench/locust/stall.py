"""
(c) What each client says when the endpoint stands still once, for 2 s.

The emulator answers in 5 ms, and 200 calls a second arrive at equal distances. In the middle of the run all of its work
and replies stand still for 2 s. What that implies for a caller who comes when the plan says is arithmetic, see
`implied`. asyncload's response times, from the moment on at which a call was due, must show it. Users of Locust wait
for their reply before they call again, so each of them meets the stall once, and the calls that they would have made
meanwhile are missing from its statistics.
"""

import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from subprocess import Popen

import msgspec

from bench.context import Context
from bench.locust.clients import ALL, Client, swarm
from bench.locust.implied import implied_ms
from bench.locust.played import Arrived, Played, played
from bench.processes import answer_of, child, started
from bench.rows import Detail, Findings, Row, tell
from bench.stimulus import Ask

_RATE_PER_S = 200.0
_STALL_S = 2.0
_WARMUP_S = 1.0
_USERS = 20
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
class _Seen:
    """What a client says, and what the server knows."""

    client: Client
    what: str
    said_ms: Mapping[str, float]
    """By the names of the quantiles."""
    truth: Sequence[Arrived]
    length_s: float

    @property
    def usual_ms(self) -> float:
        """What the server took for a call that met no stall."""
        return median(row.sent_ns - row.arrival_ns for row in self.truth) / 1e6

    def implied_ms(self, name: str) -> float:
        """Return a quantile of arrivals that do not wait for anybody."""
        return implied_ms(_QUANTILES[name], self.length_s * 1000, _STALL_S * 1000, self.usual_ms)

    @property
    def off(self) -> float:
        """How far p99 lies from what is implied, as a part of that."""
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
        for client in ALL:
            tell(client.name)
            run = _ours if client.transport else _locust
            seen += run(context, target, client, Path(home), length_s)
    for one in seen:
        promised = one.client.transport is not None and one.what == "response"
        yield Row(
            f"p99 with a stall of {_STALL_S:.0f} s in {length_s:.0f} s: {one.client.name}, {one.what}",
            f"within {_MOST:.0%} of {one.implied_ms('p99'):,.0f} ms" if promised else "",
            f"{one.said_ms['p99']:,.1f} ms ({one.off:+.1%})",
            reached=abs(one.off) <= _MOST if promised else None,
        )
    yield Detail(
        f"What clients say of {length_s:.0f} s at {_RATE_PER_S:.0f}/s with a stall of {_STALL_S:.0f} s, and what it "
        "implies; ms",
        ("client", "what", "calls", "held up", "p50", "implied", "p95", "implied", "p99", "implied", "max", "implied"),
        [_cells(one) for one in seen],
    )


def _ours(context: Context, target: Played, client: Client, _home: Path, length_s: float) -> list[_Seen]:
    assert client.transport is not None
    question = Ask(
        url=target.url, law="constant", rate_per_s=_RATE_PER_S, length_s=length_s, warmup_s=_WARMUP_S, in_flight=_CALLS,
        connections=_CALLS, transport=client.transport,
    )  # fmt: skip
    before = target.count()
    with started(child("generator"), context.cores.generator, msgspec.json.encode(question).decode()) as process:
        _stall(target, before, process, _WARMUP_S + (length_s - _STALL_S) / 2)
        total = answer_of(process, _LIMIT_S)["totals"]
    truth = target.truth(before)
    return [_Seen(client, what, total[f"{what}_ms"], truth, length_s) for what in ("response", "service")]


def _locust(context: Context, target: Played, client: Client, home: Path, length_s: float) -> list[_Seen]:
    users = swarm(client, home, target.url, users=_USERS, length_s=length_s, per_s=_RATE_PER_S)
    before = target.count()
    with users.started(context.cores.generator) as process:
        _stall(target, before, process, (length_s - _STALL_S) / 2)
        printed = users.ended(process)
    said_ms = {"p50": printed.p50_ms, "p95": printed.p95_ms, "p99": printed.p99_ms, "max": printed.most_ms}
    return [_Seen(client, f"its statistics, {_USERS} users", said_ms, target.truth(before), length_s)]


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
    return [one.client.name, one.what, f"{len(one.truth):,}", f"{one.held_up:,}", *values]
