"""
May the numbers be believed? One rule per line, each from what the generator measured about itself.

A reason makes a result INVALID: the generator, not the endpoint, shaped what was measured. A warning does not: it names
something that the reader must know to read the result rightly.
"""

from dataclasses import dataclass

LATENESS_FLOOR_MS = 1.0
LATENESS_SHARE = 0.05
"""Of the median service time."""
RATE_SHARE = 0.99
CPU_SHARE = 0.95
STALL_MS = 100.0
"""A loop that stood still for so long was not measuring; shorter stalls show in the lateness."""
CLOCK_JUMP_MS = 100.0
CLOCK_SKEW_S = 60.0
CPU_WARNING_SHARE = 0.80
BUSY_SHARE = 0.50
"""Above it lateness is put down to the generator's own work, below it to this machine's other work."""
FAILURE_WARNING_SHARE = 0.01
FEW_CALLS = 1000
LATE = "calls were sent late"
"""How that reason begins."""
CUT = "the run was cut, or is still under way: what is shown ends with its last full second"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the verdict is drawn from; all of it about the measured phases, unless said."""

    calls: int
    sent: int
    ok: int
    dropped: int
    abandoned: int
    asked_per_s: float
    """NaN in a closed loop."""
    achieved_per_s: float
    lateness_p99_ms: float
    service_p50_ms: float
    cpu_share: float
    longest_stall_ms: float
    clock_jump_ms: float
    clock_skew_s: float
    exhausted: int
    cut: bool
    """Whether the run died before it could write its result."""
    interrupted: bool
    first_error: str
    store_error: str
    stopped: str = ""
    """The stop rule that ended the run, and why."""
    closed: bool = False
    """Whether arrivals waited for replies, so that no rate was asked for."""
    drift: str = ""
    """How latency drifts; empty if it does not."""
    unsettled: str = ""
    """What `warmup: auto` cut, if that was not enough."""
    little: str = ""
    """How calls in flight do not fit rate and response times."""
    unbalanced: str = ""
    """Which counts do not add up."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """VALID, or INVALID with reasons; and warnings either way."""

    valid: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]


def judge(e: Evidence) -> Verdict:
    """Apply every rule; the verdict is VALID if no reason was found."""
    limit_ms = max(LATENESS_FLOOR_MS, LATENESS_SHARE * e.service_p50_ms if e.ok else 0.0)
    rules = (
        (not e.sent, "no call was sent in the measured phases"),
        (
            e.lateness_p99_ms > limit_ms,
            (
                f"{LATE}: the latest 1 % of them by {e.lateness_p99_ms:.3g} ms or more, the limit {limit_ms:.3g} ms; "
                f"{_why_late(e.cpu_share, 'let fewer users call' if e.closed else 'lower the rate')}"
            ),
        ),
        (
            e.dropped > 0,
            (
                f"{e.dropped} arrivals were dropped, for `limits.in_flight` calls were outstanding; "
                "raise it, or read this as the endpoint falling behind"
            ),
        ),
        (
            e.sent > 0 and e.achieved_per_s < RATE_SHARE * e.asked_per_s,
            f"the rate was not achieved: {e.achieved_per_s:.6g}/s of {e.asked_per_s:.6g}/s",
        ),
        (
            e.longest_stall_ms > STALL_MS,
            f"the generator stood still for {e.longest_stall_ms:.0f} ms: this machine may be shared, or was asleep",
        ),
        (e.cpu_share > CPU_SHARE, f"the generator used {e.cpu_share:.0%} of its core; it was the bottleneck"),
        (
            e.exhausted > 0,
            (
                f"this machine ran out of ports or file descriptors {e.exhausted} times; "
                "lower `limits.connections`, or raise `ulimit -n` and net.ipv4.ip_local_port_range"
            ),
        ),
        (abs(e.clock_jump_ms) > CLOCK_JUMP_MS, f"the wall clock jumped by {e.clock_jump_ms:.0f} ms during the run"),
    )
    return Verdict(
        valid=not any(broken for broken, _ in rules),
        reasons=tuple(text for broken, text in rules if broken),
        warnings=tuple(_warnings(e)),
    )


def _why_late(cpu_share: float, ask_less: str) -> str:
    """Say what lateness comes from: a loop that is busy, or one that is not given its core."""
    if cpu_share > BUSY_SHARE:
        return f"the generator is busy ({cpu_share:.0%} of its core): {ask_less}, or split it over several ranks"
    return f"the generator is idle ({cpu_share:.0%} of its core) but not woken in time: free a core for it"


def _warnings(e: Evidence) -> list[str]:
    failed = e.sent - e.ok - e.abandoned
    first = f"; first error: {e.first_error}" if e.first_error else ""
    rules = (
        (e.cut, CUT),
        (bool(e.stopped), f"the run was stopped by its rule {e.stopped}"),
        (e.interrupted and not e.stopped, "the run was interrupted before its plan ended"),
        (
            e.sent > 0 and failed > FAILURE_WARNING_SHARE * e.sent,
            f"{failed} of {e.sent} calls failed; latencies describe those that succeeded or timed out{first}",
        ),
        (bool(e.store_error), f"the run directory ends early: {e.store_error}"),
        (e.abandoned > 0, f"{e.abandoned} calls were still in flight at the end and were abandoned"),
        (
            CPU_WARNING_SHARE < e.cpu_share <= CPU_SHARE,
            f"the generator used {e.cpu_share:.0%} of its core; little is left for a higher rate",
        ),
        (
            abs(e.clock_skew_s) > CLOCK_SKEW_S,
            f"the endpoint's clock differs by {e.clock_skew_s:.0f} s; signatures are refused at 300 s: set this clock",
        ),
        (0 < e.sent < FEW_CALLS, f"only {e.sent} calls: p99 and above rest on few of them"),
        *((bool(words), words) for words in (e.unsettled, e.drift, e.unbalanced, e.little)),
    )
    return [text for true, text in rules if true]
