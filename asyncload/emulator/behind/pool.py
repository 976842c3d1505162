"""
Workers with bounded queues in front of them, as arithmetic.

The service time of a request is known when it arrives, so the moment at which a worker is free for it is known too:
the earliest in a heap of the workers' free times. Nothing is scheduled here. A request whose caller has gone still
keeps its worker busy, as in a real container.
"""

from collections import deque
from heapq import heapreplace


class Queue:
    """The requests of one model that wait for a worker. Units: nanoseconds of work time (see `freeze`)."""

    __slots__ = ("_bound", "_starts_ns")

    def __init__(self, bound: int) -> None:
        """
        Args:
            bound: Requests that may wait.
        """
        self._bound = bound
        self._starts_ns: deque[int] = deque()

    def waiting(self, now_ns: int) -> int:
        """Return how many requests wait."""
        starts_ns = self._starts_ns
        while starts_ns and starts_ns[0] <= now_ns:
            starts_ns.popleft()
        return len(starts_ns)

    def full(self, now_ns: int) -> bool:
        """Say whether no more may wait."""
        return self.waiting(now_ns) >= self._bound

    def add(self, start_ns: int) -> None:
        """Put a request in; it leaves when its service begins."""
        self._starts_ns.append(start_ns)


class Pool:
    """First come, first served by a fixed number of workers. Units: nanoseconds of work time (see `freeze`)."""

    __slots__ = ("_free_ns",)

    def __init__(self, workers: int) -> None:
        """
        Args:
            workers: Requests in service at once; at least 1.
        """
        self._free_ns = [0] * workers

    def admit(self, queue: Queue, now_ns: int, service_ns: int, *, bounded: bool = True) -> int | None:
        """
        Take one request.

        Args:
            queue: Of its model.
            now_ns: When it arrives, not earlier than those before it.
            service_ns: How long a worker will be busy with it.
            bounded: Whether it needs a place in the queue. Requests that were held outside by a stall do not.

        Returns:
            When its service begins, or None if the queue is full.
        """
        start_ns = max(now_ns, self._free_ns[0])
        if start_ns > now_ns and bounded:
            if queue.full(now_ns):
                return None
            queue.add(start_ns)
        heapreplace(self._free_ns, start_ns + service_ns)
        return start_ns

    def busy(self, now_ns: int) -> int:
        """Return how many workers are in service."""
        return sum(free_ns > now_ns for free_ns in self._free_ns)
