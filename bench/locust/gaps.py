"""
(d) How even 500 calls a second are on the wire, seen by a packet capture of the loopback, see `bench.wire`.

Every client is asked for a constant rate: asyncload by its law, Locust by 500 users with `constant_throughput`, which
begin at random, and by replaying asyncload's own plan; asyncload's own users who wait run beside. The coefficient of
variation of the gaps is 0 for equal gaps, and 1 for arrivals at random.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

from bench.context import Context
from bench.locust.clients import ALL, REPLAY, WAITING, Client, asked_of, swarm
from bench.pcap import Int64s
from bench.rows import FAILURES, Detail, Findings, Row, skipped, tell
from bench.stimulus import Ask, ask_for
from bench.target import nginx
from bench.wire import HEADINGS, Wire, cells_of, cv, gaps_of

_RATE_PER_S = 500.0
_CLIENTS = (*ALL, REPLAY, WAITING)


def measure(context: Context) -> Findings:
    """Capture every client."""
    gaps: dict[Client, Int64s] = {}
    with nginx(context.cores.target) as target, tempfile.TemporaryDirectory(prefix="asyncload-bench-") as home:
        wire = Wire(context, target, Path(home))
        question = replace(ask_for(target, _RATE_PER_S, wire.length_s), law="constant", warmup_s=0.0)
        for client in _CLIENTS:
            tell(client.name)
            try:
                gaps[client] = _gaps(wire, client, question)
            except FAILURES as why:
                yield skipped(f"gaps: {client.name}", why)
    for client, several in gaps.items():
        yield Row(f"gap CV of {_RATE_PER_S:.0f}/s: {client.name}", "", f"{cv(several):.3f}")
    yield Detail(
        f"Gaps between requests on the wire, {_RATE_PER_S:.0f}/s",
        HEADINGS,
        [cells_of(client.name, several) for client, several in gaps.items()],
    )


def _gaps(wire: Wire, client: Client, question: Ask) -> Int64s:
    if client.transport is not None:
        return gaps_of(wire.ours(asked_of(client, question))[0])
    users = swarm(client, wire.home, question)
    return gaps_of(wire.capture(lambda: users.run(wire.context.cores.generator))[0])
