"""
(b) What each client says of latency, and how it shares its calls among the models, against the emulator's ground truth.

The endpoint is the one that started all this, as the emulator's preset plays it: 7.6 ms at the median, four workers.
Then a real Multi Model Server stands behind the emulator. The rate is one that every client carries easily. The truth
of a call is the time from its last byte read to its reply handed to the socket, by the server's clock; what a client
says is more by the way there and back, and by what the client adds itself. Both are taken over the same calls, see
`held`; each client brings its own arrivals, so the truth is not the same for all.

Locust says two things: what its statistics show, of all calls, with response times rounded to 1 ms below 100 ms; and
what its request events carry before that. Those, and asyncload, leave the first seconds out on both sides. asyncload
says two things too: service, from sending on, which is what Locust calls response time; and response, from the moment
on at which the call was due. What `sdk` calls service has the SDK's own work in it, signing above all, as for those who
call through an SDK.
"""

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from asyncload.emulator.config.emulator import PRESETS
from bench.context import Context
from bench.locust.clients import ALL, Client, swarm
from bench.locust.held import Held, chi_square, hold, quantile
from bench.locust.played import Played, played, shares
from bench.locust.said import by_asyncload, by_locust
from bench.processes import ask
from bench.rows import Detail, Finding, Findings, Row, tell
from bench.stimulus import Ask
from bench.target import MODELS

_WEIGHTS = (3.0, 1.0)
_WARMUP_S = 2.0
_LIMIT_S = 120.0
_MOST_MS = 0.5
_USERS = 20
_QUANTILES = (0.5, 0.99)


@dataclass(frozen=True, slots=True)
class _Server:
    """One endpoint, and the rate at which it is called."""

    name: str
    config: str
    rate_per_s: float
    mms: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    """One thing that a client says."""

    what: str
    said_ms: Sequence[float]
    """p50 and p99."""
    held: Held

    @property
    def errors_ms(self) -> list[float]:
        """What p50 and p99 say more than the truth."""
        truth = self.held.truth_ms
        return [said_ms - quantile(truth, q) for said_ms, q in zip(self.said_ms, _QUANTILES, strict=True)]


@dataclass(frozen=True, slots=True)
class _Spoken:
    """All that is known of one client's run."""

    client: Client
    lines: Sequence[_Line]
    counts: Sequence[int]
    """Requests for each model, as they arrived."""
    rows: int
    """Of its report: one a model or not."""
    failed: int


def measure(context: Context) -> Findings:
    """Measure every client against the emulator, then against Multi Model Server behind it."""
    preset = (PRESETS / "xgboost-ml.m5.xlarge.yaml").read_text()
    plain = json.dumps({"endpoints": [{"name": "xgboost-mme"}]})
    for server in (_Server("emulator", preset, 300.0), _Server("MMS", plain, 200.0, mms=True)):
        spoken: list[_Spoken] = []
        with played(context.cores, server.config, mms=server.mms) as target:
            for client in ALL:
                tell(f"{server.name}, {server.rate_per_s:.0f}/s: {client.name}")
                with tempfile.TemporaryDirectory(prefix="asyncload-bench-") as home:
                    run = _ours if client.transport else _locust
                    spoken.append(run(context, server, target, client, Path(home)))
        yield from _findings(server, spoken)


def _length_s(context: Context) -> float:
    """Of what is compared."""
    return context.pick(15.0, 4.0)


def _ours(context: Context, server: _Server, target: Played, client: Client, home: Path) -> _Spoken:
    assert client.transport is not None
    before, out = target.count(), home / "run"
    question = Ask(
        url=target.url, rate_per_s=server.rate_per_s, length_s=_length_s(context), warmup_s=_WARMUP_S,
        transport=client.transport, samples=True, out=str(out),
    )  # fmt: skip
    result = ask("generator", question, context.cores.generator, _LIMIT_S)
    truth, total = target.truth(before), result["totals"]
    held = hold(by_asyncload(out / "run.sqlite", _WARMUP_S), truth)
    lines = [_Line(what, [total[f"{what}_ms"][q] for q in ("p50", "p99")], held) for what in ("service", "response")]
    return _Spoken(client, lines, shares(truth), len(result["models"]), total["sent"] - total["ok"])


def _locust(context: Context, server: _Server, target: Played, client: Client, home: Path) -> _Spoken:
    before, length_s = target.count(), _length_s(context) + _WARMUP_S
    users = swarm(client, home, target.url, users=_USERS, length_s=length_s, per_s=server.rate_per_s)
    printed = users.run(context.cores.generator)
    truth, events = target.truth(before), users.events()
    later = hold(by_locust(events, _WARMUP_S), truth)
    lines = [
        _Line("its statistics", [printed.p50_ms, printed.p99_ms], hold(by_locust(events, 0.0), truth)),
        _Line("its events, not rounded", [quantile(later.said_ms, q) for q in _QUANTILES], later),
    ]
    return _Spoken(client, lines, shares(truth), len(printed.rows), printed.failures)


def _findings(server: _Server, spoken: Sequence[_Spoken]) -> Iterator[Finding]:
    for one in spoken:
        ours = one.client.transport is not None
        errors_ms = [error_ms for line in one.lines for error_ms in line.errors_ms]
        yield Row(
            f"{server.name}: {one.client.name}, p50 and p99 more than the truth, ms",
            f"within {_MOST_MS} ms" if ours else "",
            "; ".join(f"{line.what} {', '.join(f'{each:+.3f}' for each in line.errors_ms)}" for line in one.lines),
            reached=max(map(abs, errors_ms)) <= _MOST_MS if ours else None,
        )
    yield Detail(
        f"{server.name}, {server.rate_per_s:.0f}/s: what clients say, and the truth of the same calls, ms; the error of"
        " a call is what the client says of it less its truth",
        ("client", "what", "calls", "p50 true", "said", "p99 true", "said", "error of a call p1", "p50", "p99"),
        [_cells(one.client, line) for one in spoken for line in one.lines],
    )
    yield Detail(
        f"{server.name}: calls for each model, 3 : 1 asked for",
        ("client", "arrived", *MODELS, "share", "chi-square", "by chance", "rows in its report", "failed"),
        [_weights(one) for one in spoken],
    )


def _cells(client: Client, line: _Line) -> list[str]:
    held = line.held
    pairs = zip((quantile(held.truth_ms, q) for q in _QUANTILES), line.said_ms, strict=True)
    return [
        client.name, line.what, f"{held.truth_ms.size:,}",
        *(f"{value:.3f}" for pair in pairs for value in pair),
        *(f"{held.each_ms(q):.3f}" for q in (0.01, 0.5, 0.99)),
    ]  # fmt: skip


def _weights(one: _Spoken) -> list[str]:
    value, chance = chi_square(one.counts, _WEIGHTS)
    calls = sum(one.counts)
    return [
        one.client.name, f"{calls:,}", *(f"{count:,}" for count in one.counts), f"{one.counts[0] / calls:.1%}",
        f"{value:.2f}", f"p = {chance:.2f}", str(one.rows), str(one.failed),
    ]  # fmt: skip
