"""Request, Reply and Limits: what the HTTP face and everything behind it share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from asyncload.emulator.wire.mangle import Mangle

BODY_LIMIT_BYTES: Final = 6_291_456
"""AWS's limit for InvokeEndpoint. Source: SageMaker Runtime API reference, InvokeEndpoint, Body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much and how long the face puts up with."""

    head_bytes: int = 16_384
    """Larger heads are refused with 431."""
    body_bytes: int = BODY_LIMIT_BYTES
    """Of a larger body nothing is kept."""
    head_s: float = 10.0
    """A head must be whole so long after its first byte, and a TLS handshake after its connection; else 408."""
    body_s: float = 60.0
    """A body must grow within that, else 408; and a reply must be taken further by its client, else it is cut off."""
    idle_close_s: float = 20.0
    """A connection without requests for that long is closed."""


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One request, read whole."""

    method: str
    target: str
    """Path and query exactly as on the wire."""
    headers: tuple[tuple[bytes, bytes], ...]
    """All headers in their order, undecoded, without the blanks around their values."""
    body: bytes
    """Empty if it was larger than the face's limit."""
    whole: bool
    """Whether the body was within the limit."""
    arrival_ns: int
    """CLOCK_MONOTONIC at which its last bytes were read."""
    peer: str | None
    """Address of the client, without its port."""
    values: dict[str, str] = field(default_factory=dict)
    """First value of each header by lower-case name, decoded as UTF-8, bytes that are not being replaced."""

    @property
    def path(self) -> str:
        """The target up to its query, still percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The target's query without its question mark."""
        return self.target.partition("?")[2]


@dataclass(frozen=True, slots=True)
class Left:
    """How a reply left. Units: CLOCK_MONOTONIC nanoseconds, and nanoseconds."""

    sent_ns: int
    """When the whole of it had been handed to the socket; 0 if the client was gone before."""
    paced_ns: int = 0
    """What it took that is not ours: until the client had taken what the socket does not hold, and the pace of a reply
    that is spoilt on purpose."""


Sent: TypeAlias = Callable[[Left], None]


@dataclass(slots=True)
class Reply:
    """What is to be sent back."""

    status: int
    body: bytes
    headers: dict[str, str]
    """Without Content-Length, Date and Connection, which the face adds."""
    close: bool = False
    """Whether the connection ends with it."""
    mangle: Mangle | None = None
    """How it is to be spoilt on its way; None sends it as it is."""
    sent: Sent | None = None
    """Called once, when the whole reply, or the last of a spoilt one, has been handed to the socket, or when its client
    has gone."""


Handler: TypeAlias = Callable[[Request], Awaitable[Reply]]
"""Answers one request. It is never cancelled because its client has gone: a worker would not notice either."""
