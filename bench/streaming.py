"""
Child process: drive and record without a network while the metrics of a thousand models are scraped.

    off       nobody asks
    process   as `asyncload run --prometheus` serves them: a process of its own, on the generator's core or any other
    thread    the way that was not taken: the same answers from a thread of the generator's process

Prints what happened as JSON.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np

import asyncload.runner
from asyncload.calls import CallBook
from asyncload.options import Options, Stop
from asyncload.payload import pools
from asyncload.plan import Plan
from asyncload.result import RunResult
from asyncload.scenario import Scenario, targets
from asyncload.session import Parts, Session
from asyncload.snapshot import Snapshot
from asyncload.telemetry.families import read
from asyncload.telemetry.frames import Opening
from asyncload.telemetry.prometheus import Server
from asyncload.telemetry.stream import Stream, tick_of
from asyncload.telemetry.totals import Totals
from bench.nowhere import Echo, Nowhere, scenario_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Streaming:
    """What to drive, and who is asked meanwhile."""

    how: Literal["off", "process", "thread"]
    port: int
    apart: bool
    """Whether the serving process may leave the generator's core."""
    models: int
    rate_per_s: float
    length_s: float


@dataclass(frozen=True, slots=True)
class Streamed:
    """What happened."""

    sent: int
    lateness_p50_us: float
    lateness_p99_us: float
    lateness_p999_us: float
    longest_stall_ms: float
    stalls: int
    cpu_share: float
    started_unix_s: float
    seconds_p99_us: list[float]
    """Lateness p99 of each second of the plan; NaN of one without a call."""


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


@contextmanager
def served(ask: Streaming, scenario: Scenario) -> Iterator[Callable[[Snapshot], None] | None]:
    """Serve as it was asked; yields what is to be told of each second."""
    names = tuple(target.label for target in targets(scenario.models))
    opening = Opening(version="bench", scenario="bench", run="bench", models=names, labels=names, prometheus=ask.port)
    if ask.how == "off":
        yield None
    elif ask.how == "process":
        with Stream(opening, range(len(names)), _tell) as stream:
            if ask.apart:
                os.sched_setaffinity(stream.pid, range(os.cpu_count() or 1))
            yield stream.on_snapshot
    else:
        totals = Totals(np.arange(len(names) + 1), names)
        Server(opening, lambda: read(totals))

        def add(snapshot: Snapshot) -> None:
            second = snapshot.second
            columns = [second.keys, second.counts, second.outcomes.ravel(), second.received, second.retries]
            totals.add(tick_of(snapshot), columns)

        yield add


async def _run(scenario: Scenario, on_snapshot: Callable[[Snapshot], None] | None) -> RunResult:
    plan = Plan(scenario)
    transport = Echo()
    names = tuple(target.label for target in targets(scenario.models))
    parts = Parts(plan, "", CallBook(scenario, pools(scenario)), transport, names, scenario.to_dict())
    await transport.open()
    return await Session(parts, Options(on_snapshot=on_snapshot)).run(Stop())


def main() -> None:
    """Read the question, run, and print what happened."""
    ask = msgspec.json.decode(sys.stdin.buffer.read(), type=Streaming)
    scenario = scenario_of(
        Nowhere(answers="echo", law="poisson", rate_per_s=ask.rate_per_s, length_s=ask.length_s, models=ask.models)
    )
    with served(ask, scenario) as on_snapshot, asyncio.Runner(loop_factory=asyncload.runner.new_loop) as runner:
        result = runner.run(_run(scenario, on_snapshot))
    lateness, health = result.totals.lateness, result.health
    p50, p99, p999 = lateness.quantiles_us([0.5, 0.99, 0.999]).tolist()
    found = Streamed(
        result.totals.sent,
        p50,
        p99,
        p999,
        health.longest_stall_ns / 1e6,
        health.stalls,
        health.cpu_share,
        health.started_unix_ns / 1e9,
        [row.lateness.quantile_us(0.99) for row in result.seconds],
    )
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
