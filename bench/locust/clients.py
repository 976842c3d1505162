"""Who is compared: Locust with boto3 and with signed FastHttpUser, and each transport of asyncload."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from asyncload.locust.export import export
from asyncload.locust.export.export import WITHIN_NS
from asyncload.scenario import Scenario, TransportName
from bench.locust.swarm import Swarm
from bench.target import BODY, MODELS


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
    Prepare a run of Locust, on the file that `asyncload export locust` writes.

    Args:
        client: Which of its clients.
        home: Where a folder for it is made.
        url: Base URL of the target.
        users: How many.
        length_s: For how long.
        per_s: Rate of all users together; 0 is as fast as they can, and then events are not written down.
    """
    folder = Path(tempfile.mkdtemp(dir=home))
    rate: dict[str, object] = {"law": "constant", "rate": per_s} if per_s else {"users": users}
    scenario = Scenario.from_dict(
        {
            "endpoint": {"name": "xgboost-mme", "region": "us-east-1", "url": url},
            "models": [
                {"name": name, "weight": weight, "content_type": "text/csv", "payload": BODY}
                for name, weight in zip(MODELS, (3, 1), strict=True)
            ],
            "phases": [{**rate, "for": length_s}],
            "limits": {"in_flight": max(users, 1000), "connections": max(users, 256)},
        }
    )
    within_ns = round(users / per_s * 1e9) if per_s else WITHIN_NS
    made = export(scenario, client=client.locust or "boto3", within_ns=within_ns)
    locustfile = folder / "locustfile.py"
    locustfile.write_text(made.text)
    return Swarm(home=folder, locustfile=locustfile, url=url, users=users, length_s=length_s, watched=per_s > 0)
