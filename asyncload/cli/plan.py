"""Show a plan before anything is sent."""

import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from asyncload.errors import StoreError
from asyncload.plan import Plan, PlanSummary, write_csv
from asyncload.report.picture import plan_picture
from asyncload.scenario import Scenario, targets
from asyncload.units import format_bytes, format_duration, format_rate

_MOST_ROWS = 20
_POINTS = 512
_HEIGHT = 10


def describe(scenario: Scenario, *, as_json: bool, csv: Path | None) -> None:
    """
    Print counts, shares, the rate curve, expected bytes and the digest of a scenario's plan.

    Args:
        scenario: What to plan.
        as_json: Print JSON instead.
        csv: File for every arrival.

    Raises:
        StoreError: If the file cannot be written.
    """
    plan = Plan(scenario)
    summary = plan.summary()
    names = [target.label for target in targets(scenario.models)]
    if csv is not None:
        _write(plan, csv)
    if as_json:
        document = msgspec.json.encode(_document(summary, names))
        sys.stdout.write(msgspec.json.format(document).decode() + "\n")
        return
    console = Console()
    console.print(
        f"{scenario.name}: {summary.total} arrivals in {format_duration(summary.length_ns)}, "
        f"{summary.warmup} of them warm-up; peak rate {format_rate(summary.peak_per_s)}"
    )
    console.print(f"request bodies: {format_bytes(summary.body_bytes)}")
    console.print(f"digest: {summary.digest}", soft_wrap=True)
    console.print()
    times = np.linspace(0, max(plan.length_ns - 1, 0), _POINTS).astype(np.int64)
    for line in plan_picture(plan.rate_per_s(times).tolist(), min(console.width, 80), _HEIGHT, plan.length_ns):
        console.print(line, highlight=False)
    console.print()
    console.print(_shares(summary, names))


def _document(summary: PlanSummary, names: list[str]) -> dict[str, Any]:
    models = [
        {"name": name, "arrivals": arrivals, "share": round(share, 6)}
        for name, arrivals, share in zip(names, summary.per_target, summary.shares, strict=True)
    ]
    return {
        "digest": summary.digest,
        "total": summary.total,
        "warmup": summary.warmup,
        "measured": summary.measured,
        "expected_count": round(summary.expected_count, 3),
        "length_s": summary.length_ns / 1e9,
        "peak_per_s": summary.peak_per_s,
        "body_bytes": summary.body_bytes,
        "models": models,
    }


def _shares(summary: PlanSummary, names: list[str]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("model")
    for heading in ("arrivals", "share", "asked"):
        table.add_column(heading, justify="right")
    order = sorted(range(len(names)), key=lambda index: -summary.per_target[index])
    if len(names) <= _MOST_ROWS:
        order.sort()
    total = max(summary.total, 1)
    for index in order[:_MOST_ROWS]:
        arrivals = summary.per_target[index]
        table.add_row(names[index], str(arrivals), f"{arrivals / total:.2%}", f"{summary.shares[index]:.2%}")
    if rest := order[_MOST_ROWS:]:
        arrivals = sum(summary.per_target[index] for index in rest)
        share = sum(summary.shares[index] for index in rest)
        table.add_row(f"{len(rest)} more", str(arrivals), f"{arrivals / total:.2%}", f"{share:.2%}")
    return table


def _write(plan: Plan, path: Path) -> None:
    try:
        with path.open("w", encoding="ascii", newline="\n") as file:
            write_csv(plan, file)
    except OSError as error:
        raise StoreError(f"{path}: the plan cannot be written: {error.strerror}") from error
