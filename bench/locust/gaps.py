"""
(d) How even 500 calls a second are on the wire, seen by a packet capture of the loopback, see `bench.wire`.

Every client is asked for a constant rate: asyncload by its law, Locust by users with `constant_throughput`, and by
users that replay asyncload's own plan. The coefficient of variation of the gaps is 0 for equal gaps, and 1 for arrivals
at random.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

from bench.context import Context
from bench.locust.clients import ALL, Client, swarm
from bench.pcap import Int64s
from bench.rows import Detail, Findings, Row, tell
from bench.stimulus import ask_for
from bench.target import nginx
from bench.wire import HEADINGS, Wire, cells_of, cv, gaps_of

_RATE_PER_S = 500.0
_USERS = 50


def measure(context: Context) -> Findings:
    """Capture every client."""
    with nginx(context.cores.target) as target, tempfile.TemporaryDirectory(prefix="asyncload-bench-") as home:
        wire = Wire(context, target, Path(home))
        gaps: dict[str, Int64s] = {}
        for client in ALL:
            tell(client.name)
            gaps[_name(client)] = _gaps(wire, client)
    for name, several in gaps.items():
        yield Row(f"gap CV of constant {_RATE_PER_S:.0f}/s: {name}", "", f"{cv(several):.3f}")
    yield Detail(
        f"Gaps between requests on the wire, {_RATE_PER_S:.0f}/s", HEADINGS, [cells_of(*each) for each in gaps.items()]
    )


def _gaps(wire: Wire, client: Client) -> Int64s:
    if client.transport is None:
        users = swarm(client, wire.home, wire.target.url(), users=_USERS, length_s=wire.length_s, per_s=_RATE_PER_S)
        return gaps_of(wire.capture(lambda: users.run(wire.context.cores.generator))[0])
    question = replace(ask_for(wire.target, _RATE_PER_S, wire.length_s), law="constant", warmup_s=0.0)
    return gaps_of(wire.ours(replace(question, transport=client.transport))[0])


def _name(client: Client) -> str:
    return client.name if client.transport else f"{client.name}, {_USERS} users, constant_throughput"
