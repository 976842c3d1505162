"""
What a generator adds to the latency that it reports: its own work between its two looks at the clock.

Locust stops the time in Python, around the whole call. So part of what it reports is its own CPU time, and the time for
which a reply lay there while it was at work on another call. The first is measured as a share of the CPU time per call,
which it scales with from machine to machine; the second follows from how busy it is. asyncload takes its times next to
the system calls, and its share is small beside the tolerance.

Source:
    The shares are measured, `docs/decisions/0015-crosscheck.md`. The wait is that of a queue with one server and equal
    service times (M/D/1): mean r S / (2 (1 - r)), and beyond a quantile q about S / (2 (1 - r)) ln(r / (1 - q)), with S
    the CPU time per call and r the share of the core in use; Kleinrock, Queueing Systems I (1975), ch. 5.
"""

import math
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from asyncload.crosscheck.intervals import Interval

Client: TypeAlias = Literal["fasthttp", "boto3"]

_LEAST: Final[Mapping[Client, float]] = {"fasthttp": 0.15, "boto3": 0.5}
"""Share of Locust's CPU time per call beyond asyncload's that is surely in each of its latencies."""
_MOST: Final[Mapping[Client, tuple[tuple[float, float], ...]]] = {
    "fasthttp": ((0.5, 0.6), (0.9, 0.9), (0.95, 1.0), (0.99, 1.3)),
    "boto3": ((0.5, 1.1), (0.9, 1.3), (0.95, 1.5), (0.99, 1.8)),
}
"""By quantile, the share of its CPU time per call that its own work on one call may come to, waiting left out."""
_BUSIEST: Final = 0.9


def own_time_ms(client: Client, q: float, theirs: tuple[float, float], ours: tuple[float, float]) -> Interval:
    """
    How much higher Locust's latency at a quantile may be for its own work alone.

    Args:
        client: What its calls are made with.
        q: The quantile.
        theirs: Locust's CPU time per call, ms, and the share of its core that it used.
        ours: asyncload's.
    """
    share = next((share for quantile, share in _MOST[client] if q <= quantile), _MOST[client][-1][1])
    least = _LEAST[client] * max(theirs[0] - ours[0], 0.0) - wait_ms(q, *ours)
    return Interval(least, share * theirs[0] + wait_ms(q, *theirs))


def wait_ms(q: float, cpu_ms: float, busy: float) -> float:
    """Wait of a reply for a generator that is at work on others, at a quantile."""
    busy = min(busy, _BUSIEST)
    if busy <= 0:
        return 0.0
    return cpu_ms / (2 * (1 - busy)) * max(busy, math.log(busy / (1 - q)))
