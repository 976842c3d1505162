"""
Run the benchmark suite, or some of its groups of rows.

    python -m bench                    everything; writes bench/RESULTS.md
    python -m bench rate cpu           these groups; prints only, unless --out says where
    python -m bench --quick            everything, too short to be believed; prints only, unless --out says where

What is written replaces the sections of these groups and leaves the rest of the page alone, see `bench.page`. Nothing
here asserts: a figure that misses its target is printed as such, and the exit code stays 0.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bench import (
    browser,
    cold_truth,
    cpu,
    crosscheck,
    difference,
    emulator,
    live,
    locust,
    memory,
    null,
    rate,
    startup,
    streams,
    wire,
)  # fmt: skip
from bench.context import Context
from bench.machine import describe, versions
from bench.page import Section, renewed
from bench.pin import cores
from bench.rows import FAILURES, Finding, Findings, MissingToolError, score, show, skipped


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that are measured together."""

    title: str
    measure: Callable[[Context], Findings]
    packages: Sequence[str] = ()
    """Whose versions matter, beside those that always do."""


GROUPS: MappingProxyType[str, Group] = MappingProxyType(
    {
        "rate": Group("Rates on one core", rate.measure),
        "cpu": Group("CPU per request at saturation", cpu.measure),
        "wire": Group("The stimulus on the wire", wire.measure),
        "null": Group("Without a network", null.measure),
        "memory": Group("Memory", memory.measure),
        "emulator": Group("The emulator", emulator.measure),
        "coldness": Group("Cold starts", cold_truth.measure),
        "startup": Group("Start-up", startup.measure),
        "page": Group("The page of a run", browser.measure, browser.PACKAGES),
        "live": Group("A page while it lasts", live.measure, ("aiohttp", "playwright")),
        "streams": Group("Streams of a run", streams.measure, ("prometheus_client",)),
        "locust-cpu": Group("Beside Locust: requests per CPU second", locust.saturation.measure, locust.PACKAGES),
        "locust-truth": Group("Beside Locust: latency against the truth", locust.truth.measure, locust.PACKAGES),
        "locust-stall": Group("Beside Locust: a stall of 2 s", locust.stall.measure, locust.PACKAGES),
        "locust-wire": Group("Beside Locust: gaps on the wire", locust.gaps.measure, locust.PACKAGES),
        "difference": Group("Differences between two runs", difference.measure),
        "crosscheck": Group("The crosscheck", crosscheck.measure, locust.PACKAGES),
    }
)
RESULTS = Path(__file__).parent / "RESULTS.md"


def main(arguments: Sequence[str]) -> None:
    """Measure what was asked for, and write it down."""
    parser = argparse.ArgumentParser("python -m bench", description="Measure asyncload; see bench/RESULTS.md.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"groups of rows: {', '.join(GROUPS)}; default all")
    parser.add_argument("--quick", action="store_true", help="short windows and single repeats; not to be believed")
    parser.add_argument("--out", type=Path, help="page to renew; a full suite renews bench/RESULTS.md by default")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - set(GROUPS):
        parser.error(f"no such group: {', '.join(sorted(unknown))}; choose from {', '.join(GROUPS)}")
    context, began_s = Context(cores(), asked.quick), time.monotonic()
    facts = describe(context)
    for fact, value in facts:
        print(f"{fact}: {value}")
    out = asked.out or (RESULTS if not asked.names and not asked.quick else None)
    findings: list[Finding] = []
    for name in asked.names or GROUPS:
        section = _measure(name, context, facts)
        findings += section.findings
        if out is not None:  # at once, so that an interruption does not lose it
            out.write_text(renewed(out.read_text() if out.exists() else "", [section]))
            print(f"  written to {out}")
    print(f"\n{score(findings)}; {(time.monotonic() - began_s) / 60:.1f} minutes")


def _measure(name: str, context: Context, facts: Sequence[tuple[str, str]]) -> Section:
    """Measure one group, printing as it goes; what cannot be measured becomes a row that says so."""
    group = GROUPS[name]
    print(f"\n{name}: {group.title}", flush=True)
    if group.packages:
        facts = [*facts, ("beside", versions(group.packages))]
    findings: list[Finding] = []
    try:
        for finding in group.measure(context):
            show(finding)
            findings.append(finding)
    except (MissingToolError, OSError, *FAILURES) as why:
        # What the other groups measured must not be lost with this one.
        findings.append(skipped(group.title, why))
        show(findings[-1])
    command = f"python -m bench {name}{' --quick' if context.quick else ''}"
    return Section(title=group.title, command=command, facts=facts, findings=findings, quick=context.quick)


if __name__ == "__main__":
    main(sys.argv[1:])
