"""
Without a network: how many calls a second the plan, the drive and the recorder carry on one core.

The transport answers before `send` returns. Asked for more than it can do, the drive sends as fast as it can; the
figure is calls over the time that it took, run directory included.
"""

from statistics import median

import msgspec

from bench.context import Context
from bench.nowhere import Driven, Nowhere
from bench.processes import ask
from bench.rows import Detail, Findings, Row

_TARGET_PER_S = 200_000.0
_LIMIT_S = 180.0


def measure(context: Context) -> Findings:
    """Measure the ceiling, and how the target rate looks when it is asked for."""
    length_s = context.pick(5.0, 1.0)
    ceilings = [_drive(context, 1_000_000.0, length_s / 2) for _ in range(context.pick(3, 1))]
    most_per_s = median(one.sent / one.elapsed_s for one in ceilings)
    yield Row(
        "null transport: drive + record, no network",
        f">= {_TARGET_PER_S:,.0f}/s",
        f"{most_per_s:,.0f}/s, CPU {median(one.cpu_s / one.sent for one in ceilings) * 1e6:.2f} us per call",
        reached=most_per_s >= _TARGET_PER_S,
    )
    asked = [_drive(context, rate_per_s, length_s) for rate_per_s in (100_000.0, _TARGET_PER_S, 300_000.0)]
    yield Detail("Poisson arrivals with the null transport", ("sent", "in s", "/s", "lateness p99 ms", "verdict"), [
        [
            f"{one.sent:,}", f"{one.elapsed_s:.2f}", f"{one.sent / one.elapsed_s:,.0f}",
            f"{one.lateness_p99_ms:.3f}", "VALID" if one.valid else "INVALID",
        ]
        for one in asked
    ])  # fmt: skip


def _drive(context: Context, rate_per_s: float, length_s: float) -> Driven:
    question = Nowhere(answers="at once", law="poisson", rate_per_s=rate_per_s, length_s=length_s)
    return msgspec.convert(ask("nowhere", question, context.cores.generator, _LIMIT_S), Driven)
