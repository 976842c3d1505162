"""
Rates: what one core carries with a VALID verdict, against nginx on another core.

Poisson arrivals, signed, with recording, per-model rows and a run directory. The promised rate is run several times and
counts as reached only if every run is VALID without a drop. The highest VALID rate is then searched for by bisection; a
rate gets a second try, since one pause of the machine is not the generator's limit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from bench.context import Context
from bench.processes import ask
from bench.rows import Detail, Findings, Row
from bench.stimulus import ask_for
from bench.target import Target, nginx

_LATENESS_P99_MS = 1.0
_LIMIT_S = 120.0
_STEP = 1.15
_PRECISION = 0.03


@dataclass(frozen=True, slots=True)
class _Promise:
    label: str
    tls: bool
    rate_per_s: float


_PROMISES = (
    _Promise("plaintext", tls=False, rate_per_s=50_000.0),
    _Promise("TLS", tls=True, rate_per_s=30_000.0),
)


def measure(context: Context) -> Findings:
    """Measure the promised rates, then search for the highest ones."""
    with nginx(context.cores.target) as target:
        for promise in _PROMISES:
            yield from _promised(context, target, promise)
        for promise in _PROMISES:
            yield from _highest(context, target, promise)


def _promised(context: Context, target: Target, promise: _Promise) -> Findings:
    runs = [
        _run(context, target, promise, promise.rate_per_s, context.pick(10.0, 3.0)) for _ in range(context.pick(3, 1))
    ]
    valid = sum(bool(run["verdict"]["valid"]) for run in runs)
    dropped = sum(run["health"]["dropped"] for run in runs)
    late_ms = median(run["health"]["lateness_ms"]["p99"] for run in runs)
    yield Row(
        f"raw, signed, open loop, Poisson, {promise.label}, one core",
        f"{promise.rate_per_s:,.0f}/s VALID, no drop, lateness p99 <= {_LATENESS_P99_MS:.0f} ms",
        f"{median(run['achieved_per_s'] for run in runs):,.0f}/s, {valid} of {len(runs)} runs VALID, "
        f"{dropped} dropped, lateness p99 {late_ms:.3f} ms, "
        f"CPU {median(run['health']['cpu_share'] for run in runs):.0%} of a core",
        reached=valid == len(runs) and not dropped and late_ms <= _LATENESS_P99_MS,
    )
    yield Detail(f"Each run at {promise.rate_per_s:,.0f}/s, {promise.label}", _HEADINGS, [_cells(run) for run in runs])


def _highest(context: Context, target: Target, promise: _Promise) -> Findings:
    """Climb in steps from the promised rate until a rate is INVALID (or down until one is VALID), then bisect."""
    tried: list[dict[str, Any]] = []

    def holds(rate_per_s: float) -> bool:
        for _ in range(context.pick(2, 1)):
            tried.append(_run(context, target, promise, rate_per_s, context.pick(4.0, 1.0)))
            if tried[-1]["verdict"]["valid"]:
                return True
        return False

    best = _search(holds, promise.rate_per_s, context.pick(10, 3), context.pick(_PRECISION, _STEP - 1))
    found = f"{best:,.0f}/s" if best else f"none above {min(run['asked_per_s'] for run in tried):,.0f}/s"
    yield Row(f"highest rate that is VALID, {promise.label}", "", found)
    yield Detail(f"Rates tried for the highest, {promise.label}", _HEADINGS, [_cells(run) for run in tried])


def _search(holds: Callable[[float], bool], start_per_s: float, most_tries: int, precision: float) -> float:
    """Return the highest rate that held, 0 if none did."""
    good, bad, rate = 0.0, 0.0, start_per_s
    for _ in range(most_tries):
        if holds(rate):
            good = rate
        else:
            bad = rate
        if good and bad and bad / good - 1 <= precision:
            break
        rate = (good * bad) ** 0.5 if good and bad else rate * _STEP if good else rate / _STEP
    return good


def _run(context: Context, target: Target, promise: _Promise, rate_per_s: float, length_s: float) -> dict[str, Any]:
    question = replace(ask_for(target, rate_per_s, length_s, tls=promise.tls), warmup_s=1.0)
    answer: dict[str, Any] = ask("generator", question, context.cores.generator, _LIMIT_S)
    return answer


_HEADINGS: Sequence[str] = (
    "asked /s", "achieved /s", "lateness p50 ms", "p99 ms", "max ms", "service p50 ms", "p99 ms", "CPU", "us/request",
    "dropped", "verdict",
)  # fmt: skip


def _cells(run: dict[str, Any]) -> list[str]:
    health, late, service = run["health"], run["health"]["lateness_ms"], run["totals"]["service_ms"]
    sent = health["sent"] + run["warmup"]["sent"]
    return [
        f"{run['asked_per_s']:,.0f}",
        f"{run['achieved_per_s']:,.0f}",
        *(f"{value:.3f}" for value in (late["p50"], late["p99"], late["max"], service["p50"], service["p99"])),
        f"{health['cpu_share']:.0%}",
        f"{health['cpu_ns'] / sent / 1000:.1f}" if sent else "-",
        str(health["dropped"]),
        "VALID" if run["verdict"]["valid"] else "INVALID: " + run["verdict"]["reasons"][0].split(";")[0],
    ]
