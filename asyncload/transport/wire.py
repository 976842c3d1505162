"""What a transport is made from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from asyncload.address import EndpointAddress
from asyncload.sigv4 import Credentials
from asyncload.traceparent import Marks


@dataclass(frozen=True, slots=True)
class Wire:
    """Everything that a transport needs to know; each of the three takes exactly one."""

    address: EndpointAddress
    endpoint_name: str
    region: str
    """Region that requests are signed for."""
    credentials: Callable[[], Credentials] = field(repr=False)
    """Returns what to sign with now: cheap, on the loop's thread, never raises. A new object means new credentials."""
    connections: int
    in_flight: int
    """Calls outstanding at once; the driver keeps to it."""
    timeout_ns: int
    """From `send` to the last byte."""
    response_bytes: int
    """Largest reply body that is read; beyond it the call ends as PROTOCOL."""
    ca: Path | None = None
    """PEM file of certificate authorities to trust instead of the system's."""
    warm: int = 1
    """Connections to open before the first call."""
    idle_ns: int = 15_000_000_000
    """Longest idle time of a connection that is used again; SageMaker closes at about 20 s."""
    age_ns: int = 300_000_000_000
    """Longest life of a connection, so that a changed address is noticed."""
    marks: Marks | None = None
    """What a `traceparent` is made from; without it no request has one."""


def unreachable(address: EndpointAddress, why: str) -> str:
    """Say that no connection could be made, why, and on this machine what may be missing."""
    hint = "; nothing may be listening there: `asyncload emulate` plays an endpoint" if address.loopback else ""
    return f"endpoint {address.url}: cannot connect: {why}{hint}"
