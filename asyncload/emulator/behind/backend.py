"""
What stands behind one instance of an endpoint: the laws of a configuration, or a real model server.

The platform (`instance`) decides what is loaded where and when; a backend carries it out. Times are work time, see
`freeze`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

ANSWER_LIMIT_NS: Final = 60_000_000_000
"""What the platform gives a request: to have its model loaded, and then again for the container's answer."""
LOAD_LIMIT_NS: Final = 360_000_000_000
"""
What it gives a download and a load together.

Source: docs.aws.amazon.com/sagemaker/latest/dg/multi-model-endpoints.html; SageMaker Runtime API reference.
"""


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a model takes on an instance."""

    disk_bytes: int
    """Its artefact, unpacked."""
    memory_bytes: int
    """While it is loaded; 0 if nobody knows beforehand, then the container says so with a 507."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the container gets of a request."""

    body: bytes
    content_type: str = "application/octet-stream"
    accept: str = ""
    custom_attributes: str | None = None
    at_ns: int = 0
    """When it reaches the container."""
    extra_ns: int = 0
    """A fault's: keep the worker busy for that much longer."""
    held: bool = False
    """Whether a stall held it outside; then the bound of the container's queue does not count it."""


@dataclass(frozen=True, slots=True)
class Inferred:
    """What the container gave back."""

    status: int
    """2xx, or what the platform wraps into a ModelError."""
    body: bytes
    content_type: str
    custom_attributes: str | None = None
    queue_ns: int = 0
    """Wait for a worker, where the backend knows it: then queue and service together end when the answer was due."""
    service_ns: int = 0
    """What the container took, the queue apart; all of it where the backend cannot tell."""


class LoadError(Exception):
    """A model could not be loaded."""

    def __init__(self, status: int, message: str) -> None:
        """
        Args:
            status: What the container answered.
            message: Its words.
        """
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class NoMemoryError(LoadError):
    """The container has no memory for the model (507); with another model unloaded it may have."""


class DeadError(Exception):
    """The container does not answer any more: its process is gone, or its connection was lost."""


class LateError(TimeoutError):
    """The container has not answered within the platform's limit, and it is known what it did meanwhile."""

    def __init__(self, queue_ns: int, service_ns: int) -> None:
        """
        Args:
            queue_ns: Wait for a worker, up to the limit.
            service_ns: Time with a worker, up to the limit.
        """
        super().__init__("the container has not answered in time")
        self.queue_ns = queue_ns
        self.service_ns = service_ns


class Backend(Protocol):
    """One container with its disk. The asynchronous methods take their time, and any of them may raise DeadError."""

    def footprint(self, model: str) -> Footprint | None:
        """Return what the model takes, or None if there is no artefact of that name."""

    async def download(self, model: str) -> None:
        """Bring the artefact to the instance's disk."""

    async def delete(self, model: str) -> None:
        """Remove the artefact from the disk."""

    async def load(self, model: str) -> None:
        """
        Load a model whose artefact is on disk.

        Raises:
            NoMemoryError: If the container answers 507.
            LoadError: If it answers another error.
        """

    async def unload(self, model: str) -> None:
        """Free the model's memory."""

    async def invoke(self, model: str, sent: Sent) -> Inferred:
        """
        Run one inference on a loaded model.

        Raises:
            TimeoutError: If the container has not answered within the platform's limit; its worker stays busy. It is a
                LateError where the backend knows how long the request waited for that worker.
        """

    def kill(self) -> None:
        """Die: whoever waits for the container sees DeadError at once, and so does everybody after."""

    def on_death(self, tell: Callable[[], None]) -> None:
        """Have `tell` called when the container is found dead while nobody is waiting for it."""

    async def revive(self) -> bool:
        """Return True once the container is back, nothing loaded and nothing on disk; False if it never will be."""

    def busy(self) -> int | None:
        """Return how many workers are in service now; None where nobody knows."""

    async def close(self) -> None:
        """Give everything back."""
