"""
What it costs to write a large run in each format: `python -m bench.exports`, some eight minutes and 2 GB of disk.

A run directory is made as a run makes it, second by second, of calls that are made up: a thousand models, an hour at
1,000/s, with samples. Then the command writes it in each format, each time in a process of its own.
"""

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from asyncload.call import Outcome, Reply
from asyncload.record import METRICS, Recorder
from asyncload.result import WARMUP, Health, ModelResult, RunResult, SecondResult
from asyncload.store import Facts, RunDirectory

_S: Final = 1_000_000_000
_STARTED_NS: Final = 1_795_000_000 * _S
CASES: Final = (
    "json", "csv", "csv --by second", "csv --by second --full-history", "markdown", "junit", "hgrm", "hgrm --by model",
    "hlog", "openmetrics", "parquet", "k6-json", "k6-export",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one format."""

    case: str
    cpu_s: float
    memory_mb: float
    files: int
    size_mb: float


def write_run(path: Path, *, models: int, seconds: int, rate_per_s: int) -> None:
    """Make a run directory; every second has its calls, one in a thousand of which is throttled."""
    names = [f"models/xgboost-{i}.tar.gz" for i in range(models)]
    phases = [{"rate": f"{rate_per_s}/s", "for": f"{seconds}s"}]
    scenario = {"name": "hour", "models": [{"name": name} for name in names], "phases": phases}
    directory = RunDirectory(path, Facts(scenario, "ab" * 32, names, [(0, seconds * _S)], _STARTED_NS))
    recorder, rows = Recorder(models, samples=True), list[SecondResult]()
    with asyncio.Runner() as loop:
        for number, calls in enumerate(_calls(models, seconds, rate_per_s)):
            for model, due_ns, reply in calls:
                recorder.record(model, due_ns, reply)
            second, sent = recorder.tick(), len(calls)
            outcomes = tuple(second.outcomes.sum(axis=0).tolist())
            rows.append(SecondResult(number, sent, sent, 6, outcomes, second.overall(0), second.overall(2)))
            loop.run(directory.append(rows[-1], second, _health(number + 1)))
    found = [_model(recorder, index, name) for index, name in enumerate([*names, WARMUP])]
    directory.finish(RunResult(scenario, "ab" * 32, tuple(found[:-1]), found[-1], tuple(rows), _health(seconds)))


def _calls(models: int, seconds: int, rate_per_s: int) -> Iterator[list[tuple[int, int, Reply]]]:
    rng = np.random.default_rng(1)
    medians_ns = rng.lognormal(np.log(6e6), 0.3, models)
    for second in range(seconds):
        model = rng.integers(0, models, rate_per_s)
        due_ns = np.sort(rng.integers(second * _S, (second + 1) * _S, rate_per_s))
        sent_ns = due_ns + rng.integers(20_000, 150_000, rate_per_s)
        service_ns = (medians_ns[model] * rng.lognormal(0, 0.4, rate_per_s)).astype(np.int64)
        ends = np.where(rng.random(rate_per_s) < 0.001, Outcome.THROTTLED, Outcome.OK)
        columns = (model, due_ns, sent_ns, sent_ns + service_ns // 2, sent_ns + service_ns, ends)
        yield [
            (which, due, Reply(sent, first, last, Outcome(end), 40))
            for which, due, sent, first, last, end in zip(*(column.tolist() for column in columns), strict=True)
        ]


def _health(seconds: int) -> Health:
    return Health(_STARTED_NS, seconds * _S, seconds * _S, 0, cpu_share=0.2)


def _model(recorder: Recorder, index: int, name: str) -> ModelResult:
    histograms = (recorder.total(index, metric) for metric in range(len(METRICS)))
    outcomes, received = tuple(recorder.outcomes[index].tolist()), int(recorder.received[index])
    return ModelResult(name, outcomes, received, *histograms, signs=recorder.signs(index))


def cost(run: Path, case: str) -> Cost:
    """Write a run in a format, and measure the process that does it."""
    with TemporaryDirectory() as folder:
        words = ["report", str(run), "--format", *case.split(), "--out", folder]
        process = subprocess.Popen([sys.executable, "-m", "asyncload", *words], stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"bench: {case}: exit code {process.returncode}")
        sizes = [path.stat().st_size for path in Path(folder).iterdir()]
    return Cost(case, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, len(sizes), sum(sizes) / 1e6)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.exports", description=__doc__)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--rate", type=int, default=1000, help="calls a second")
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        write_run(run, models=asked.models, seconds=asked.seconds, rate_per_s=asked.rate)
        print("| format | CPU, s | memory, MB | files | size, MB |\n|---|---|---|---|---|")
        for case in CASES:
            found = cost(run, case)
            numbers = f"{found.cpu_s:.1f} | {found.memory_mb:.0f} | {found.files} | {found.size_mb:.3f}"
            print(f"| {found.case} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
