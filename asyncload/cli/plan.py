"""Show a plan before anything is sent."""

import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from asyncload.errors import StoreError
from asyncload.plan import PhaseSpan, Plan, PlanSummary, write_csv
from asyncload.report.picture import plan_picture
from asyncload.scenario import Scenario, Users, targets
from asyncload.units import format_bytes, format_duration, format_rate
from asyncload.users import in_words, think_range_ns

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
    for line in chain(_totals(scenario.name, plan), _closed_phases(summary)):
        console.print(line, soft_wrap=True, highlight=False)
    if summary.total:
        console.print()
        times = np.linspace(0, max(plan.length_ns - 1, 0), _POINTS).astype(np.int64)
        rates = np.nan_to_num(plan.rate_per_s(times)).tolist()
        for line in plan_picture(rates, min(console.width, 80), _HEIGHT, plan.length_ns):
            console.print(line, highlight=False)
    console.print()
    console.print(_shares(summary, names))


def _totals(name: str, plan: Plan) -> Iterator[str]:
    summary = plan.summary()
    length = format_duration(summary.length_ns)
    if summary.total or not summary.closed:
        yield (
            f"{name}: {summary.total} arrivals in {length}, "
            f"{summary.warmup} of them warm-up; peak rate {format_rate(summary.peak_per_s)}"
        )
        yield f"request bodies: {format_bytes(summary.body_bytes)}"
    else:
        yield f"{name}: a closed loop of {length}"
    yield f"digest: {summary.digest}"


def _closed_phases(summary: PlanSummary) -> Iterator[str]:
    """Say what is known of phases in which arrivals wait for replies."""
    for span in summary.closed:
        if span.users is not None:
            times = f"{format_duration(span.start_ns)} to {format_duration(span.end_ns)}"
            yield f"closed loop from {times}{', warm-up' if span.warmup else ''}: {in_words(span.users)}"
    if summary.closed:
        yield "how many calls a closed loop makes depends on the endpoint: each user waits for its reply"


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
        "closed": [_closed_document(span, span.users) for span in summary.closed if span.users is not None],
        "models": models,
    }


def _closed_document(span: PhaseSpan, phase: Users) -> dict[str, Any]:
    """A closed phase; `calls` is null because it depends on the endpoint."""
    least_ns, most_ns = think_range_ns(phase)
    return {
        "start_s": span.start_ns / 1e9,
        "length_s": phase.length_ns / 1e9,
        "warmup": span.warmup,
        "users": phase.users,
        "think_s": {"from": least_ns / 1e9, "to": most_ns / 1e9},
        "pace_s": phase.pace_ns and phase.pace_ns / 1e9,
        "spawn_per_s": phase.spawn_per_s,
        "calls": None,
    }


def _shares(summary: PlanSummary, names: list[str]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("model")
    headings = ("arrivals", "share", "asked") if summary.total or not summary.closed else ("asked",)
    for heading in headings:
        table.add_column(heading, justify="right")
    order = sorted(range(len(names)), key=lambda index: -summary.per_target[index])
    if len(names) <= _MOST_ROWS:
        order.sort()
    total = max(summary.total, 1)
    for index in order[:_MOST_ROWS]:
        arrivals = summary.per_target[index]
        cells = (str(arrivals), f"{arrivals / total:.2%}", f"{summary.shares[index]:.2%}")
        table.add_row(names[index], *cells[-len(headings) :])
    if rest := order[_MOST_ROWS:]:
        arrivals = sum(summary.per_target[index] for index in rest)
        share = sum(summary.shares[index] for index in rest)
        cells = (str(arrivals), f"{arrivals / total:.2%}", f"{share:.2%}")
        table.add_row(f"{len(rest)} more", *cells[-len(headings) :])
    return table


def _write(plan: Plan, path: Path) -> None:
    try:
        with path.open("w", encoding="ascii", newline="\n") as file:
            write_csv(plan, file)
    except OSError as error:
        raise StoreError(f"{path}: the plan cannot be written: {error.strerror}") from error
