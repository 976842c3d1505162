"""
What a generator adds to the latency that it reports: its own work between its two looks at the clock.

Locust stops the time in Python, around the whole call. So what it reports has in it its own CPU time, which scales with
the CPU time per call from machine to machine; the time for which a reply lay there while it was at work on another
call, which follows from how busy it is; and the time for which it was ready to run and its core was taken, which the
kernel counts. asyncload takes its times next to the system calls, and only its waits count.

Source:
    The shares are measured, `docs/decisions/0015-crosscheck.md`. The wait behind other calls is that of a queue with
    one server and equal service times (M/D/1): mean r S / (2 (1 - r)), and beyond a quantile q about
    S / (2 (1 - r)) ln(r / (1 - q)), with S the CPU time per call and r the share of the core in use; Kleinrock,
    Queueing Systems I (1975), ch. 5. Waits for the core with a mean of m may reach m q / (1 - q): a tail that falls as
    1 / x, and none falls more slowly (Markov).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from asyncload.locust.export import Client
from asyncload.statistics.intervals import Interval

_LEAST: Final[Mapping[Client, float]] = {"fasthttp": 0.3, "boto3": 0.7}
"""Share of Locust's CPU time per call beyond asyncload's that is surely in each of its latencies."""
_MOST: Final[Mapping[Client, tuple[tuple[float, float], ...]]] = {
    "fasthttp": ((0.5, 0.5), (0.9, 0.9), (0.95, 1.0), (0.99, 1.3)),
    "boto3": ((0.5, 1.1), (0.9, 1.3), (0.95, 1.5), (0.99, 1.8)),
}
"""By quantile, the share of its CPU time per call that its own work on one call may come to, waiting left out."""
_BUSIEST: Final = 0.9


@dataclass(frozen=True, slots=True)
class Work:
    """What a generator's calls cost it; means over its runs."""

    cpu_ms: float
    """CPU time per call."""
    busy: float
    """Share of its core."""
    kept_ms: float
    """Per call, for which it was kept from its core by others."""

    def wait_ms(self, q: float) -> float:
        """How long a reply may wait for the generator, at a quantile."""
        busy = min(self.busy, _BUSIEST)
        behind_ms = self.cpu_ms / (2 * (1 - busy)) * max(busy, math.log(busy / (1 - q))) if busy > 0 else 0.0
        return behind_ms + self.kept_ms * q / (1 - q)

    @property
    def whole_ms(self) -> float:
        """Its part of a whole turn of a user, from one call to the next, at most: work and waits on the average."""
        busy = min(self.busy, _BUSIEST)
        return self.cpu_ms * (1 + busy / (2 * (1 - busy))) + self.kept_ms


def own_time_ms(client: Client, q: float, theirs: Work, ours: Work) -> Interval:
    """
    How much higher Locust's latency at a quantile may be for the generators' own work alone.

    Args:
        client: What its calls are made with.
        q: The quantile.
        theirs: Locust's work.
        ours: asyncload's.
    """
    share = next((share for quantile, share in _MOST[client] if q <= quantile), _MOST[client][-1][1])
    least_ms = _LEAST[client] * max(theirs.cpu_ms - ours.cpu_ms, 0.0)
    return Interval(least_ms - ours.wait_ms(q), share * theirs.cpu_ms + theirs.wait_ms(q))
