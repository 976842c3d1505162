"""Who is compared: Locust with boto3 and with signed FastHttpUser, and each transport of asyncload."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from asyncload.scenario import TransportName
from bench.locust.swarm import Swarm


@dataclass(frozen=True, slots=True)
class Client:
    """One of them: either a client of Locust, or a transport of asyncload."""

    name: str
    locust: Literal["boto3", "fasthttp"] | None = None
    transport: TransportName | None = None


BOTO3 = Client("Locust + boto3", locust="boto3")
FASTHTTP = Client("Locust FastHttpUser, signed", locust="fasthttp")
SDK = Client("asyncload sdk", transport="sdk")
AIOHTTP = Client("asyncload aiohttp", transport="aiohttp")
RAW = Client("asyncload raw", transport="raw")
ALL = (BOTO3, FASTHTTP, SDK, AIOHTTP, RAW)


def swarm(client: Client, home: Path, url: str, *, users: int, length_s: float, per_s: float = 0.0) -> Swarm:
    """
    Prepare a run of Locust.

    Args:
        client: Which of its clients.
        home: Where a folder for it is made.
        url: Base URL of the target.
        users: How many.
        length_s: For how long.
        per_s: Rate of all users together; 0 is as fast as they can, and then events are not written down.
    """
    folder = Path(tempfile.mkdtemp(dir=home))
    locustfile = Path(__file__).parent / "by_hand" / f"tasks_{client.locust}.py"
    return Swarm(
        home=folder, locustfile=locustfile, url=url, users=users, length_s=length_s, per_user_per_s=per_s / users,
        watched=per_s > 0,
    )  # fmt: skip
