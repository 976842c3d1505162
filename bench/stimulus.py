"""The one scenario of the suite: two models, weights 3 : 1, one row of numbers, as much of it as is asked for."""

from dataclasses import dataclass, replace
from pathlib import Path

from asyncload.scenario import (
    Arrivals,
    Endpoint,
    Law,
    Limits,
    Model,
    Payload,
    RandomPayload,
    RandomRows,
    Scenario,
    TransportName,
    Users,
)
from bench.target import BODY, MODELS, Target

_S = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A run, as the suite asks a process of its own for it."""

    url: str
    ca: str = ""
    law: Law = "poisson"
    rate_per_s: float = 0.0
    """Of an open loop."""
    users: int = 0
    """Of a closed loop, in its place: so many who call and wait for the reply, without pausing to think."""
    pace_s: float = 0.0
    """Least time from one call of a user to its next; they begin spread over it."""
    length_s: float
    warmup_s: float = 1.0
    in_flight: int = 1000
    connections: int = 256
    payloads: int = 1
    """Different bodies per model."""
    out: str = ""
    """Run directory, for a process that may be ended early; without it one that is removed at the end."""
    samples: bool = False
    seed: int = 7
    transport: TransportName = "raw"
    traceparent: float | None = None
    """Share of the requests that are marked as sampled; None for none marked at all."""
    spans: bool = False
    """Keep the sampled ones."""


def ask_for(target: Target, rate_per_s: float, length_s: float, *, tls: bool = False) -> Ask:
    """Ask for Poisson arrivals at the target."""
    ask = Ask(url=target.url(tls=tls), rate_per_s=rate_per_s, length_s=length_s)
    return replace(ask, ca=str(target.ca)) if tls else ask


def scenario_of(ask: Ask) -> Scenario:
    """Build the scenario in code."""
    payload: Payload = BODY if ask.payloads == 1 else RandomPayload(random=RandomRows(columns=8, pool=ask.payloads))
    models = tuple(
        Model(name=name, weight=weight, payload=payload, content_type="text/csv")
        for name, weight in zip(MODELS, (3.0, 1.0), strict=True)
    )
    warmup, measured = _phase(ask, ask.warmup_s, warmup=True), _phase(ask, ask.length_s, warmup=False)
    return Scenario(
        name="bench",
        endpoint=Endpoint(name="xgboost-mme", region="us-east-1", url=ask.url, ca=Path(ask.ca) if ask.ca else None),
        models=models,
        phases=(warmup, measured) if ask.warmup_s else (measured,),
        limits=Limits(in_flight=ask.in_flight, connections=ask.connections),
        seed=ask.seed,
        transport=ask.transport,
    )


def _phase(ask: Ask, length_s: float, *, warmup: bool) -> Arrivals | Users:
    length_ns = round(length_s * _S)
    if not ask.users:
        return Arrivals(law=ask.law, rate=ask.rate_per_s, length_ns=length_ns, warmup=warmup)
    return Users(
        users=ask.users, pace_ns=round(ask.pace_s * _S) or None, length_ns=length_ns, warmup=warmup,
        spawn_per_s=ask.users / ask.pace_s if ask.pace_s else None,
    )  # fmt: skip
