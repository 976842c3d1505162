"""What is known of one request on its way through the emulator; what the truth log and the metrics are made from."""

from dataclasses import dataclass


@dataclass(slots=True)
class Visit:
    """One request. Filled in as it goes; what it does not reach stays empty."""

    id: str
    """x-amzn-RequestId."""
    arrival_ns: int
    """CLOCK_MONOTONIC at which its last bytes were read."""
    endpoint: str
    model: str = ""
    """What its headers name as target, whether or not there is such a model."""
    body_sha256: str = ""
    """Of the body that arrived; empty if that was too large to be kept."""
    body_bytes: int = 0
    inference_id: str = ""
    """X-Amzn-SageMaker-Inference-Id."""
    variant: str = ""
    instance: str = ""
    tier: str = ""
    """Where its model was when it reached the instance, see `residency.Tier`."""
    arrived_ns: int = 0
    """Its arrival in work time."""
    load_ns: int = 0
    """Wait until its model was loaded."""
    queue_ns: int = 0
    """Wait for a worker, or for a container that was lost meanwhile; stalls are added when it has ended."""
    service_ns: int = 0
    """What the container took."""
    overhead_ns: int = 0
    """What the platform's own law took."""
    container_status: int | None = None
    """What the container answered to a load that failed or to the request, 0 if it did not in time; else None."""
    inferred: bool = False
    """Whether the container had the request itself, in time or not."""
    fault: str = ""
    """The fault it met."""

    @property
    def due_ns(self) -> int:
        """When its reply is due, in work time, as far as is known."""
        return self.arrived_ns + self.load_ns + self.queue_ns + self.service_ns + self.overhead_ns
