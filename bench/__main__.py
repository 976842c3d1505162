"""
Run the benchmark suite, or some of its groups of rows.

    python -m bench                    everything; writes bench/RESULTS.md
    python -m bench rate cpu           these groups; prints only, unless --out says where
    python -m bench --quick            everything, too short to be believed; prints only, unless --out says where

Nothing here asserts: a figure that misses its target is printed as such, and the exit code stays 0.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import MappingProxyType

from bench import cold_truth, cpu, emulator, memory, null, rate, startup, wire
from bench.context import Context
from bench.machine import describe
from bench.pin import cores
from bench.rows import Finding, Findings, MissingToolError, Row, markdown, show, skipped

GROUPS: MappingProxyType[str, tuple[str, Callable[[Context], Findings]]] = MappingProxyType(
    {
        "rate": ("Rates on one core", rate.measure),
        "cpu": ("CPU per request at saturation", cpu.measure),
        "wire": ("The stimulus on the wire", wire.measure),
        "null": ("Without a network", null.measure),
        "memory": ("Memory", memory.measure),
        "emulator": ("The emulator", emulator.measure),
        "coldness": ("Cold starts", cold_truth.measure),
        "startup": ("Start-up", startup.measure),
    }
)
RESULTS = Path(__file__).parent / "RESULTS.md"


def main(arguments: Sequence[str]) -> None:
    """Measure what was asked for, and write it down."""
    parser = argparse.ArgumentParser("python -m bench", description="Measure asyncload; see bench/RESULTS.md.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"groups of rows: {', '.join(GROUPS)}; default all")
    parser.add_argument("--quick", action="store_true", help="short windows and single repeats; not to be believed")
    parser.add_argument("--out", type=Path, help="file to write; a full suite writes bench/RESULTS.md by default")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - set(GROUPS):
        parser.error(f"no such group: {', '.join(sorted(unknown))}; choose from {', '.join(GROUPS)}")
    context = Context(cores(), asked.quick)
    began_s, machine = time.monotonic(), describe(context)
    for fact, value in machine:
        print(f"{fact}: {value}")
    found = {name: _measure(name, context) for name in asked.names or GROUPS}
    minutes = (time.monotonic() - began_s) / 60
    print(f"\n{_score(found)}; {minutes:.1f} minutes")
    out = asked.out or (RESULTS if not asked.names and not asked.quick else None)
    if out is not None:
        command = " ".join(["python -m bench", *asked.names, *(["--quick"] if asked.quick else [])])
        out.write_text(_document(machine, found, f"`{command}`, {minutes:.1f} minutes", quick=asked.quick))
        print(f"written to {out}")


def _measure(name: str, context: Context) -> list[Finding]:
    """Measure one group, printing as it goes; what cannot be measured becomes a row that says so."""
    title, measure = GROUPS[name]
    print(f"\n{name}: {title}", flush=True)
    findings: list[Finding] = []
    try:
        for finding in measure(context):
            show(finding)
            findings.append(finding)
    except (MissingToolError, RuntimeError, OSError, subprocess.TimeoutExpired) as why:
        # What the other groups measured must not be lost with this one.
        findings.append(skipped(title, why))
        show(findings[-1])
    return findings


def _score(found: dict[str, list[Finding]]) -> str:
    rows = [finding for findings in found.values() for finding in findings if isinstance(finding, Row)]
    promised = [row for row in rows if row.reached is not None]
    missed = [row.what for row in promised if not row.reached]
    text = f"{len(promised) - len(missed)} of {len(promised)} targets reached"
    return text + (f"; not: {'; '.join(missed)}" if missed else "")


def _document(machine: Sequence[tuple[str, str]], found: dict[str, list[Finding]], command: str, *, quick: bool) -> str:
    facts = "\n".join(f"| {fact} | {value.replace('|', '/')} |" for fact, value in machine)
    warning = "\n**A quick run: too short to be believed.**\n" if quick else ""
    groups = "\n\n".join(f"## {GROUPS[name][0]}\n\n{markdown(findings)}" for name, findings in found.items())
    return f"""# What was measured

Written by {command}. Each group of rows says in the head of its file (`bench/<name>.py`) how it is measured.
{warning}
{_score(found)}.

## On what

| | |
| --- | --- |
{facts}

{groups}
"""


if __name__ == "__main__":
    main(sys.argv[1:])
