"""
Child process: drive and record with a transport that has no network, wired as `asyncload.runner` wires a real one.

    at once    `send` answers before it returns: what is left is the plan, the drive and the recorder
    echo       answers after a latency drawn from a seed, 0.2 to 50 ms, in batches once a millisecond

Prints what happened as JSON.
"""

import asyncio
import gc
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

import asyncload.runner
from asyncload.call import Call, Done, Outcome, Reply, Transport, TransportNotes
from asyncload.calls import CallBook
from asyncload.clock import monotonic_ns
from asyncload.options import Options, Stop
from asyncload.payload import pools
from asyncload.plan import Plan
from asyncload.result import RunResult
from asyncload.scenario import Arrivals, Endpoint, Law, Limits, Model, Scenario, Zipf, targets
from asyncload.session import Parts, Session

_LEAST_NS, _MEDIAN_NS, _MOST_NS = 200_000, 4_000_000, 50_000_000
_MS_NS = 1_000_000
_WHEEL = 64
"""Milliseconds that the wheel spans, more than the longest latency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nowhere:
    """What to drive."""

    answers: Literal["at once", "echo"]
    law: Law
    rate_per_s: float
    length_s: float
    models: int = 2


@dataclass(frozen=True, slots=True)
class Driven:
    """What happened."""

    sent: int
    dropped: int
    elapsed_s: float
    """From the plan's zero to the last call sent."""
    cpu_s: float
    lateness_p99_ms: float
    valid: bool


class AtOnce:
    """A `Transport` that answers before `send` returns."""

    async def open(self) -> None:
        """Nothing is to be opened."""

    def send(self, call: Call, done: Done) -> None:
        """Answer. HOT."""
        now = monotonic_ns()
        done(Reply(now, now, now, Outcome.OK, len(call.body)))

    async def close(self) -> None:
        """Nothing is to be closed."""

    def notes(self) -> TransportNotes:
        """Nothing was noticed."""
        return TransportNotes()


class Echo:
    """A `Transport` that answers later: a wheel of milliseconds, of which one is answered at a time."""

    def __init__(self) -> None:
        draws = np.random.default_rng(7).lognormal(np.log(_MEDIAN_NS), 0.8, 65_536)
        self._latencies_ns = np.clip(draws, _LEAST_NS, _MOST_NS).astype(np.int64).tolist()
        self._drawn = 0
        self._wheel: list[list[tuple[int, Done]]] = [[] for _ in range(_WHEEL)]
        self._turned_ms = 0
        self._closed = False

    async def open(self) -> None:
        """Begin to turn."""
        self._loop = asyncio.get_running_loop()
        self._turned_ms = monotonic_ns() // _MS_NS
        self._turn()

    def send(self, call: Call, done: Done) -> None:  # noqa: ARG002  # an echo looks at nothing
        """Put the answer on the wheel. HOT."""
        now = monotonic_ns()
        self._drawn = (self._drawn + 1) & 65_535
        # What falls due in a millisecond that has passed meanwhile is answered with the next one.
        slot = max((now + self._latencies_ns[self._drawn]) // _MS_NS, self._turned_ms + 1)
        self._wheel[slot % _WHEEL].append((now, done))

    async def close(self) -> None:
        """Stop turning, and answer what is left."""
        self._closed = True
        for slot in self._wheel:
            self._answer(slot, Outcome.ABANDONED)

    def notes(self) -> TransportNotes:
        """Nothing was noticed."""
        return TransportNotes()

    def _turn(self) -> None:
        if self._closed:
            return
        now_ms = monotonic_ns() // _MS_NS
        while self._turned_ms < now_ms:
            self._turned_ms += 1
            self._answer(self._wheel[self._turned_ms % _WHEEL], Outcome.OK)
        self._loop.call_later(0.001, self._turn)

    def _answer(self, slot: list[tuple[int, Done]], outcome: Outcome) -> None:
        for sent_ns, done in slot:
            now = monotonic_ns()
            done(Reply(sent_ns, now, now, outcome, 17))
        slot.clear()


def scenario_of(ask: Nowhere) -> Scenario:
    """Build the scenario: one family of models, Zipf popularity."""
    family = Model(name="m-{i}.tar.gz", count=ask.models, popularity=Zipf(zipf=0.5), payload="1,2,3")
    return Scenario(
        name="nowhere",
        endpoint=Endpoint(name="nowhere", region="us-east-1", url="http://127.0.0.1:9"),
        models=(family,),
        phases=(Arrivals(law=ask.law, rate=ask.rate_per_s, length_ns=round(ask.length_s * 1e9)),),
        limits=Limits(in_flight=100_000),
        seed=7,
    )


async def _run(ask: Nowhere, out: Path) -> Driven:
    scenario = scenario_of(ask)
    plan = Plan(scenario)
    digest = plan.digest()
    transport: Transport = AtOnce() if ask.answers == "at once" else Echo()
    names = tuple(target.label for target in targets(scenario.models))
    parts = Parts(plan, digest, CallBook(scenario, pools(scenario)), transport, names, scenario.to_dict())
    await transport.open()
    gc.collect()
    gc.freeze()
    gc.disable()  # as the runner does
    began_s = time.process_time()
    result = await Session(parts, Options(out=out)).run(Stop())
    return _driven(result, time.process_time() - began_s)


def _driven(result: RunResult, cpu_s: float) -> Driven:
    everything, health = result.totals, result.health
    return Driven(
        sent=everything.sent,
        dropped=everything.outcomes[Outcome.DROPPED],
        elapsed_s=health.elapsed_ns / 1e9,
        cpu_s=cpu_s,
        lateness_p99_ms=everything.lateness.quantile_us(0.99) / 1000,
        valid=result.verdict.valid,
    )


def main() -> None:
    """Read the question, run, and print what happened."""
    ask = msgspec.json.decode(sys.stdin.buffer.read(), type=Nowhere)
    with (
        tempfile.TemporaryDirectory(prefix="asyncload-bench-") as scratch,
        asyncio.Runner(loop_factory=asyncload.runner.new_loop) as runner,
    ):
        driven = runner.run(_run(ask, Path(scratch) / "run"))
    sys.stdout.buffer.write(msgspec.json.encode(driven))


if __name__ == "__main__":
    main()
