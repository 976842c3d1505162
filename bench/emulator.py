"""
The emulator: what one core of it carries, and how late it is itself.

asyncload calls it from the other core, Poisson, every request different from those of its second, so that each
signature is verified. The emulator's own overhead is, in its truth log, what lies between the moment at which a reply
was due and the moment at which it was sent. The presets are called by as many callers as the published figures had, and
stand beside those: arrivals at three times the ceiling with so many in flight at most keep that many callers waiting.
"""

import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from asyncload.emulator.config.emulator import PRESETS
from bench.context import Context
from bench.processes import ask, end, started
from bench.rows import Detail, Findings, Row
from bench.stimulus import Ask

_LIMIT_S = 120.0
_PROMISED_PER_S = 5_000.0
_QUIET_PER_S = 1_000.0
_OVERHEAD_MS = 2.0
_PAYLOADS = 20_000
_FAST = {
    "endpoints": [
        {
            "name": "xgboost-mme",
            "models": [{"name": "*", "service": {"fixed": "2ms"}}],
            "variants": [{"instance": {"workers": 2000, "queue": 2000}}],
        }
    ]
}


@dataclass(frozen=True, slots=True)
class _Published:
    preset: str
    callers: int
    per_s: str
    p50_ms: str
    ceiling_per_s: float


_PUBLISHED = (
    _Published("xgboost-ml.m5.xlarge", 1, "", "7.6", 130),
    _Published("xgboost-ml.m5.xlarge", 200, "1,100 to 1,280", "", 1_300),
    _Published("catboost-small", 14, "460", "30", 460),
    _Published("catboost-70mb", 14, "238", "59", 238),
)


def measure(context: Context) -> Findings:
    """Measure the promised rate, the highest one, the overhead at a quiet rate, and the presets."""
    yield from _promised(context)
    yield from _highest(context)
    yield from _quiet(context)
    yield from _presets(context)


def _promised(context: Context) -> Findings:
    runs = [_run(context, _PROMISED_PER_S, context.pick(10.0, 2.0)) for _ in range(context.pick(3, 1))]
    achieved = median(run.per_s for run in runs)
    yield Row(
        "emulator: signed, distinct requests for hot models, one core",
        f"{_PROMISED_PER_S:,.0f}/s, all answered",
        f"{achieved:,.0f}/s, {sum(run.failed for run in runs)} failed, CPU {median(run.cpu for run in runs):.0%}, "
        f"own overhead p50 {median(run.late_ms(0.5) for run in runs):.2f} ms, p99 {_p99(runs):.2f} ms",
        reached=achieved >= 0.99 * _PROMISED_PER_S and not any(run.failed for run in runs),
    )


def _highest(context: Context) -> Findings:
    runs = [_run(context, 30_000.0, context.pick(5.0, 2.0), in_flight=200) for _ in range(context.pick(3, 1))]
    yield Row("emulator: highest rate with 200 in flight", "", f"{median(run.per_s for run in runs):,.0f}/s")


def _quiet(context: Context) -> Findings:
    runs = [_run(context, _QUIET_PER_S, context.pick(10.0, 2.0)) for _ in range(context.pick(3, 1))]
    yield Row(
        f"emulator: own overhead at {_QUIET_PER_S:,.0f}/s",
        f"p99 < {_OVERHEAD_MS:.0f} ms",
        f"p50 {median(run.late_ms(0.5) for run in runs):.3f} ms, p99 {_p99(runs):.3f} ms (medians of {len(runs)} runs)",
        reached=_p99(runs) < _OVERHEAD_MS,
    )


def _presets(context: Context) -> Findings:
    cells = []
    for each in _PUBLISHED:
        run = _run(context, 3 * each.ceiling_per_s, context.pick(10.0, 3.0), in_flight=each.callers, preset=each.preset)
        service = run.result["totals"]["service_ms"]
        measured = (f"{run.per_s:,.0f}", f"{service['p50']:.1f}", f"{service['p99']:.1f}")
        cells.append(
            [each.preset, str(each.callers), each.per_s or "-", measured[0], each.p50_ms or "-", *measured[1:]]
        )
    headings = ("preset", "callers", "published /s", "emulated /s", "published p50 ms", "emulated p50 ms", "p99 ms")
    yield Detail("Presets beside what was published", headings, cells)


@dataclass(frozen=True, slots=True)
class _Run:
    result: dict[str, Any]
    lateness_ns: Sequence[int]
    cpu: float

    @property
    def per_s(self) -> float:
        totals = self.result["totals"]
        return float(self.result["achieved_per_s"] * totals["ok"] / max(1, totals["sent"]))

    @property
    def failed(self) -> int:
        totals = self.result["totals"]
        return int(totals["sent"] - totals["ok"])

    def late_ms(self, q: float) -> float:
        return float(np.quantile(self.lateness_ns, q)) / 1e6


def _p99(runs: Sequence[_Run]) -> float:
    return median(run.late_ms(0.99) for run in runs)


def _run(context: Context, rate_per_s: float, length_s: float, *, in_flight: int = 2000, preset: str = "") -> _Run:
    with tempfile.TemporaryDirectory(prefix="asyncload-bench-") as home:
        truth = Path(home) / "truth.sqlite"
        with emulated(context.cores.target, Path(home), truth, _config(preset)) as (url, pid):
            question = Ask(
                url=url, rate_per_s=rate_per_s, length_s=length_s, warmup_s=2.0, in_flight=in_flight,
                connections=min(in_flight, 1000), payloads=_PAYLOADS,
            )  # fmt: skip
            before_s = _cpu_s(pid)
            result: dict[str, Any] = ask("generator", question, context.cores.generator, _LIMIT_S)
            cpu = (_cpu_s(pid) - before_s) / (length_s + question.warmup_s)
        with sqlite3.connect(truth) as database:
            rows = database.execute(
                "SELECT sent_ns - arrival_ns - overhead_ns - load_ns - queue_ns - service_ns - paced_ns FROM requests "
                "WHERE outcome != 'LOST'"
            ).fetchall()
        database.close()
    return _Run(result, [row[0] for row in rows], cpu)


def _config(preset: str) -> str:
    if not preset:
        return json.dumps(_FAST)
    return (PRESETS / f"{preset}.yaml").read_text().replace("catboost-mme", "xgboost-mme")  # which `stimulus` calls


@contextmanager
def emulated(
    core: int, home: Path, truth: Path | None, config: str, words: Sequence[str] = ()
) -> Iterator[tuple[str, int]]:
    """
    Start an emulator on a core; yields its URL and its process id, and ends it, so that the truth file is whole.

    Args:
        core: Where it, and what it starts, stays.
        home: A folder for its configuration.
        truth: File for the ground truth; without it the truth is in its memory only.
        config: What it plays.
        words: More options of `asyncload emulate`.

    Raises:
        RuntimeError: If it did not start; with what it said.
    """
    (home / "emulator.yaml").write_text(config)
    written = [] if truth is None else ["--truth", str(truth)]
    command = [sys.executable, "-m", "asyncload", "emulate", "--port", "0", *written, *words]
    with started([*command, str(home / "emulator.yaml")], core) as process:
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith("listening on "):
            process.terminate()
            _, errors = process.communicate(timeout=10)
            raise RuntimeError(f"the emulator did not start: {errors.strip()[-2000:]}")
        yield line.split()[2], process.pid
        end(process)


def _cpu_s(pid: int) -> float:
    """CPU time of a process so far, s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
