"""
The runner: the one place where the parts are wired together.

    Scenario ─> Plan ─> Drive ─> Transport ─> Recorder ─┬─> RunDirectory, every second
                                                        ├─> on_snapshot, every second
                                                        └─> RunResult, at the end
"""

import asyncio
import gc
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from asyncload.aws.credentials import ChainCredentials
from asyncload.aws.endpoint import Place, find_place
from asyncload.call import Transport
from asyncload.calls import CallBook
from asyncload.options import Options, Stop
from asyncload.payload import pools
from asyncload.plan import Plan
from asyncload.result import RunResult
from asyncload.scenario import Scenario, TransportName, targets
from asyncload.session import Parts, Session
from asyncload.sigv4 import Credentials
from asyncload.snapshot import Snapshot
from asyncload.traceparent import Marks
from asyncload.transport.aio import Aio
from asyncload.transport.raw import Raw
from asyncload.transport.retry import Retrying
from asyncload.transport.sdk import Sdk
from asyncload.transport.traced import TracedRaw
from asyncload.transport.wire import Wire

TRANSPORTS: Final[dict[TransportName, type[Raw] | type[Aio] | type[Sdk]]] = {"raw": Raw, "aiohttp": Aio, "sdk": Sdk}
TRACED: Final[dict[TransportName, type[Raw] | type[Aio] | type[Sdk]]] = {**TRANSPORTS, "raw": TracedRaw}
"""Those that put a `traceparent` on each request."""
_WARM_S = 0.1
"""Connections are opened ahead for replies that take this long at the plan's highest rate (Little's law)."""
_WARM_LEAST = 8


def run(
    scenario: Scenario,
    options: Options | None = None,
    *,
    out: Path | None = None,
    on_snapshot: Callable[[Snapshot], None] | None = None,
) -> RunResult:
    """
    Run a scenario and return its result; from a notebook too, where a loop is running already.

    Args:
        scenario: What to send.
        options: How; by default one rank, and nothing written.
        out: Short for `Options(out=...)`: the run directory to create.
        on_snapshot: Short for `Options(on_snapshot=...)`: called at the end of each second.

    Raises:
        ScenarioError: If a file that the scenario names cannot be used.
        StartError: If the run could not begin; nothing was sent.
        StoreError: If the run directory cannot be created.
    """
    options = options or Options()
    options = replace(options, out=out or options.out, on_snapshot=on_snapshot or options.on_snapshot)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _run(scenario, options)
    with ThreadPoolExecutor(1, "asyncload") as thread:
        return thread.submit(_run, scenario, options).result()


def _run(scenario: Scenario, options: Options) -> RunResult:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(arun(scenario, options))


def new_loop() -> asyncio.AbstractEventLoop:
    """Make the fastest event loop that is installed."""
    try:
        import uvloop  # noqa: PLC0415  # optional where there is no wheel for it
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def arun(scenario: Scenario, options: Options | None = None, stop: Stop | None = None) -> RunResult:
    """
    Run a scenario on the running loop.

    Args:
        scenario: What to send.
        options: How; by default one rank, and nothing written.
        stop: Ask it to end the run early; the result then covers what was sent.

    Raises:
        ScenarioError: If a file that the scenario names cannot be used.
        StartError: If the run could not begin; nothing was sent.
        StoreError: If the run directory cannot be created.
    """
    options = options or Options()
    scenario.checked()
    plan = Plan(scenario, options.rank, options.world)
    digest = await asyncio.to_thread(plan.digest)
    calls = CallBook(scenario, await asyncio.to_thread(pools, scenario))
    place = await find_place(scenario.endpoint.region, scenario.endpoint.url, allow_plaintext=options.allow_plaintext)
    credentials = options.credentials or ChainCredentials()
    await credentials.open()
    try:
        marks = _marks(plan, options)
        transport = _transport(plan, place, credentials.current, marks)
        await transport.open()
        try:
            names = tuple(target.label for target in targets(scenario.models))
            parts = Parts(plan, digest, calls, transport, names, scenario.to_dict(), marks)
            with _no_collection():
                return await Session(parts, options).run(stop or Stop())
        finally:
            await transport.close()
    finally:
        await credentials.close()


def _marks(plan: Plan, options: Options) -> Marks | None:
    if options.traceparent is None:
        return None
    return Marks(options.traceparent, plan.scenario.seed, plan.rank, options.lane, spans=options.spans)


def _transport(plan: Plan, place: Place, credentials: Callable[[], Credentials], marks: Marks | None) -> Transport:
    scenario = plan.scenario
    limits = scenario.limits
    wire = Wire(
        address=place.address,
        endpoint_name=scenario.endpoint.name,
        region=place.region,
        credentials=credentials,
        connections=limits.connections,
        in_flight=limits.in_flight,
        timeout_ns=limits.timeout_ns,
        response_bytes=limits.response_bytes,
        ca=scenario.endpoint.ca,
        warm=min(limits.connections, max(_WARM_LEAST, _expected_in_flight(plan))),
        marks=marks,
    )
    kinds = TRANSPORTS if marks is None else TRACED
    transport = kinds[scenario.transport](wire)
    return Retrying(transport, scenario.retries, scenario.seed) if scenario.retries else transport


def _expected_in_flight(plan: Plan) -> int:
    """Calls of one rank that will be outstanding at once: one per user; of arrivals, by Little's law."""
    peak_per_s = max((span.peak_per_s for span in plan.phases()), default=0.0)
    users = max((span.users.users for span in plan.phases() if span.users is not None), default=0)
    return math.ceil(max(peak_per_s * _WARM_S, users) / plan.world)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep Python's cyclic collector still: its pauses show as lateness, and the hot path makes no cycles."""
    enabled = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if enabled:
            gc.enable()
