"""
What one run of one generator measured, as a value; and two of them, which followed one another, as a pair.

    Take ── calls per model, failures, latencies, rate, CPU per call
    Pair ── asyncload's take and Locust's, and which came first
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from asyncload.crosscheck.latencies import Latencies, merged
from asyncload.locust.headless import HeadlessRun
from asyncload.result import RunResult, SecondResult
from asyncload.verdict import BUSY_SHARE, LATE

Tool: TypeAlias = Literal["asyncload", "Locust"]

BUSIEST_SHARE = 0.90
"""Of a core, from which on Locust itself warns that its numbers may be wrong."""
KEPT_SHARE = 0.05
"""Of the time: a generator that was kept from its core for longer measured its neighbours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One run of one generator."""

    tool: Tool
    calls: Mapping[str, int]
    """Sent, by model, failed ones included."""
    failed: int
    latencies: Latencies
    """Service time: from sending to the last byte, by the tool's own clock."""
    length_s: float
    """In which the calls were made."""
    rate_per_s: float
    cpu_ms: float
    """CPU time per call, start-up left out."""
    cpu_share: float
    """Of one core, over the same time."""
    kept_share: float = 0.0
    """Of that time, for which it was ready to run and others had its core."""
    doubt: str = ""
    """Why its numbers are not the endpoint's; empty if they are."""
    callers: Latencies | None = None
    """
    What callers would have seen who come on schedule: of asyncload's replay its response times, of its closed loop the
    corrected view. Locust does not say.
    """
    seconds: tuple[SecondResult, ...] = field(default=(), repr=False)
    """What asyncload saw second by second; Locust does not say."""

    @property
    def count(self) -> int:
        """Calls of all models."""
        return sum(self.calls.values())

    @property
    def kept_ms(self) -> float:
        """Time for which it was kept from its core, per call."""
        return 1e3 * self.kept_share * self.length_s / self.count if self.count else 0.0

    @property
    def failed_share(self) -> float:
        """Failed calls over all; 0 of none."""
        return self.failed / self.count if self.count else 0.0


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs that followed one another, with one seed."""

    number: int
    """From 1."""
    ours: Take
    theirs: Take
    first: Tool

    @property
    def doubt(self) -> str:
        """Why the pair cannot be used; empty if it can."""
        return "; ".join(f"{take.tool}: {take.doubt}" for take in (self.ours, self.theirs) if take.doubt)


def take_of_result(result: RunResult, kept_share: float = 0.0) -> Take:
    """
    Take from a run's result what is compared.

    A run whose calls were sent late for others' sake is INVALID, and its service times are compared nevertheless: the
    time for which it was kept from its core is known, and counts as its own.
    """
    everything, health = result.totals, result.health
    sent = everything.sent + result.warmup.sent
    idle = health.cpu_share <= BUSY_SHARE
    doubts = [reason for reason in result.verdict.reasons if not (idle and reason.startswith(LATE))]
    return Take(
        tool="asyncload",
        calls={model.name: model.sent for model in result.models},
        failed=everything.sent - everything.ok,
        latencies=Latencies.of_histogram(everything.service),
        length_s=(health.measured_ns + health.send_tail_ns) / 1e9,
        rate_per_s=result.achieved_per_s,
        cpu_ms=health.cpu_ns / 1e6 / sent if sent else 0.0,
        cpu_share=health.cpu_share,
        kept_share=kept_share,
        doubt=doubts[0] if doubts else _disturbed(kept_share),
        callers=Latencies.of_histogram(result.corrected(everything) or everything.response),
        seconds=result.seconds,
    )


def take_of_locust(run: HeadlessRun) -> Take:
    """Take from Locust's own results what is compared."""
    calls: dict[str, int] = {}
    for entry in run.entries:
        calls[entry.name] = calls.get(entry.name, 0) + entry.requests
    window = run.window
    busy = f"it used {window.cpu_share:.0%} of its core, and from {BUSIEST_SHARE:.0%} on it waits for itself"
    return Take(
        tool="Locust",
        calls=calls,
        failed=sum(entry.failures for entry in run.entries),
        latencies=merged([Latencies(entry.response_times) for entry in run.entries]),
        length_s=window.length_s,
        rate_per_s=window.calls / window.length_s,
        cpu_ms=1e3 * window.cpu_s / window.calls,
        cpu_share=window.cpu_share,
        kept_share=window.kept_share,
        doubt=busy if window.cpu_share > BUSIEST_SHARE else _disturbed(window.kept_share),
    )


def _disturbed(kept_share: float) -> str:
    if kept_share <= KEPT_SHARE:
        return ""
    return f"others kept it from its core for {kept_share:.0%} of the time; free a core for it"


def usable(pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs in which both generators measured the endpoint and not themselves."""
    return [pair for pair in pairs if not pair.doubt]


def counted(takes: Sequence[Take], names: Sequence[str]) -> np.ndarray:
    """Calls by model of several takes together, in the order of the names: float64[len(names)]."""
    return np.array([float(sum(take.calls.get(name, 0) for take in takes)) for name in names])
