"""
Call, Reply, Outcome, Transport: the words that both sides of the wire share.

A transport takes calls and gives replies. It cannot be waited for: `send` returns at once, so whoever drives it has an
open loop by construction. It does not know when a call was due: whoever drives it binds the due time into `done`,
so no transport can hide queueing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, TypeAlias

import msgspec


class Outcome(IntEnum):
    """How a call ended. The numbers are stored in run directories and never change."""

    OK = 0
    THROTTLED = 1
    """ThrottlingException: the endpoint's concurrency limit."""
    NOT_READY = 2
    """ModelNotReadyException: the model is still being downloaded or loaded."""
    MODEL_ERROR = 3
    """ModelError (424): the container answered 4xx or 5xx."""
    SERVER_ERROR = 4
    """InternalFailure, ServiceUnavailable, InternalDependencyException, or another 5xx."""
    CLIENT_ERROR = 5
    """ValidationError, oversize body, or another 4xx."""
    AUTH = 6
    """InvalidSignatureException, AccessDeniedException, ExpiredTokenException, or another 403."""
    CONNECT = 7
    """No connection, or it was lost before the first byte of a reply."""
    TIMEOUT = 8
    """No whole reply within the limit, counted from the first attempt to send."""
    PROTOCOL = 9
    """A reply that is not HTTP, is cut short, or exceeds the limits on its head."""
    DROPPED = 10
    """Never sent: too many calls were in flight when it was due."""
    ABANDONED = 11
    """Still in flight when the run was ended."""


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """
    One request as data, made once per (model, payload) and sent many times. Equal only to itself.

    The header `Host`, the date, the token and the signature are added by the transport, at the moment of sending.
    """

    model: int
    """Index into the scenario's targets."""
    path: str
    """Percent-encoded path, such as /endpoints/my-mme/invocations."""
    headers: tuple[tuple[str, str], ...]
    """Names and values in the order of sending, such as ("Content-Type", "text/csv")."""
    body: bytes
    body_sha256: str
    """Lower-case hex digest of `body`, computed once per payload and never per call."""
    inference_id: bool = False
    """Whether each request carries a unique X-Amzn-SageMaker-Inference-Id."""


class Reply(msgspec.Struct, frozen=True, gc=False):
    """
    What became of one call.

    **Units**: times are CLOCK_MONOTONIC nanoseconds. A call that never reached the wire has sent_ns = 0; a reply of
    which no byte arrived has first_ns = 0. last_ns is always set: the last byte, or the moment of giving up.
    """

    sent_ns: int
    """Just before the first byte was handed to the kernel."""
    first_ns: int
    """Just after the first bytes of the reply were read."""
    last_ns: int
    """Just after the last bytes of the reply were read."""
    outcome: Outcome
    received: int
    """Bytes of the reply's body."""
    attempts: int = 1
    """Attempts that were made, more than one only under an explicit retry policy."""


Done: TypeAlias = Callable[[Reply], None]


class Transport(Protocol):
    """
    A way to the endpoint. All methods run on the event loop's thread.

    `send` never raises and never waits; `done` runs exactly once per call, on the loop, possibly before `send` returns.
    """

    async def open(self) -> None:
        """
        Resolve, connect and verify, so that the first call finds a warm connection.

        Raises:
            StartError: If the endpoint cannot be reached at all; the text says why and what to do.
        """

    def send(self, call: Call, done: Done) -> None:
        """Begin one call."""

    async def close(self) -> None:
        """End every connection. Calls still in flight end as ABANDONED before this returns."""

    def notes(self) -> "TransportNotes":
        """Return what the transport noticed so far about itself and its surroundings."""


class TransportNotes(msgspec.Struct, frozen=True):
    """Counts that a verdict needs, from the wire's point of view."""

    connects: int = 0
    """Connections opened, warm-up included."""
    connect_failures: int = 0
    exhausted: int = 0
    """Connects refused by this machine: no free port (EADDRNOTAVAIL) or file descriptor (EMFILE, ENFILE)."""
    clock_skew_s: float = 0.0
    """Server's `Date` minus the local clock, the reading furthest from zero; whole seconds, as the header is."""
    first_error: str = ""
    """The first failure in words, without any secret; empty if there was none."""
    examples: dict[Outcome, str] = msgspec.field(default_factory=dict)
    """The first failure of each kind in words, without any secret."""
