"""
Who is compared, and what each is given: one scenario, for asyncload as it is, for Locust as the exported locustfile.

Users who wait for replies are Locust's way; asyncload has them too, for a like-for-like comparison. Where a rate is
asked for, there are as many as Little's law says for one call of each per second, which is what an export does by
itself.
"""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from asyncload.locust.export import Client as LocustClient
from asyncload.locust.export import Style, export, write
from asyncload.scenario import TransportName
from bench.locust.swarm import Swarm
from bench.stimulus import Ask, scenario_of

_PACE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One of them: either a client of Locust, or a transport of asyncload."""

    name: str
    locust: LocustClient | None = None
    style: Style = "tasks"
    """Of Locust."""
    transport: TransportName | None = None
    waits: bool = False
    """Whether asyncload is asked for users who wait for replies, where a rate is meant."""


BOTO3 = Client(name="Locust + boto3", locust="boto3")
FASTHTTP = Client(name="Locust FastHttpUser, signed", locust="fasthttp")
REPLAY = Client(name="Locust FastHttpUser, replay of the plan", locust="fasthttp", style="replay")
SDK = Client(name="asyncload sdk", transport="sdk")
AIOHTTP = Client(name="asyncload aiohttp", transport="aiohttp")
RAW = Client(name="asyncload raw", transport="raw")
WAITING = Client(name="asyncload raw, users who wait", transport="raw", waits=True)
ALL = (BOTO3, FASTHTTP, SDK, AIOHTTP, RAW)


def asked_of(client: Client, question: Ask) -> Ask:
    """Return what one of asyncload's is asked for, where a rate is meant."""
    assert client.transport is not None
    asked = replace(question, transport=client.transport)
    if not client.waits:
        return asked
    users = round(question.rate_per_s * _PACE_S)
    connections = max(users, question.connections)
    return replace(asked, rate_per_s=0.0, users=users, pace_s=_PACE_S, connections=connections)


def swarm(client: Client, home: Path, question: Ask, *, watched: bool = False) -> Swarm:
    """
    Prepare a run of Locust on what `asyncload export locust` writes, with that command's defaults.

    Args:
        client: Which of its clients, and in which style.
        home: Where a folder for it is made.
        question: What it is to send; its warm-up is forgotten by Locust's statistics too.
        watched: Whether each request event is written down.
    """
    assert client.locust is not None
    folder = Path(tempfile.mkdtemp(dir=home))
    locustfile = folder / "locustfile.py"
    exported = export(scenario_of(question), style=client.style, client=client.locust, out=locustfile)
    write(exported, locustfile)
    return Swarm(folder, locustfile, question.warmup_s + question.length_s, watched)
