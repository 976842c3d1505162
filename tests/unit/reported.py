"""
Results to be reported, and the reports that tests compare with.

    python -m tests.unit.reported      writes tests/unit/reports anew; look at what changed before it is committed
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from asyncload.call import Outcome
from asyncload.histogram import Histogram
from asyncload.report.terminal import show
from asyncload.report.view import View
from asyncload.result import Health, ModelResult, RunResult, Signs
from tests.unit.recordings import Made, S, recording

HERE = Path(__file__).parent / "reports"
HEALTH = Health(
    1_795_460_000 * S, 130 * S, 120 * S, 0, cpu_share=0.312, stalls=2, longest_stall_ns=12_300_000,
    connects=20, connect_failures=1, peak_in_flight=31,
)  # fmt: skip
CLOSED: Mapping[str, Any] = {
    "name": "xgboost-mme", "transport": "raw", "phases": [{"users": 8, "think": "10ms", "for": "2m"}],
}  # fmt: skip
PHASES: Mapping[str, Any] = {
    "name": "xgboost-mme",
    "transport": "raw",
    "phases": [
        {"law": "poisson", "rate": "50/s", "for": "2s", "warmup": True},
        {"law": "constant", "rate": {"from": "100/s", "to": "300/s"}, "for": "6s"},
        {"law": "poisson", "rate": {"spike": {"base": "100/s", "peak": "1k/s", "at": "1s", "for": "1s"}}, "for": "4s"},
    ],
}


def model_of(name: str, ok: int, failed: Mapping[Outcome, int] | None = None, service_us: int = 7_600) -> ModelResult:
    """A model whose replies took all the same time, and whose calls were sent 20 us late."""
    outcomes = [0] * len(Outcome)
    outcomes[Outcome.OK] = ok
    for outcome, number in (failed or {}).items():
        outcomes[outcome] = number
    metrics = [Histogram.of_us(np.full(ok, value_us)) for value_us in (service_us + 20, service_us, 20, service_us)]
    return ModelResult(name, tuple(outcomes), 20 * ok, *metrics)


def result_of(*models: ModelResult, health: Health = HEALTH, warmup: int = 500) -> RunResult:
    scenario = {"name": "xgboost-mme", "transport": "raw"}
    return RunResult(scenario, "3f2ab1c0" * 8, models, model_of("warm-up", warmup), (), health)


def shown(
    result: RunResult, width: int = 80, view: View | None = None, spans_ns: Sequence[tuple[int, int]] = ()
) -> str:
    """A report as a pipe gets it."""
    file = StringIO()
    show(result, Console(width=width, file=file, color_system=None), view, spans_ns)
    return file.getvalue()


def lines_of(result: RunResult, width: int = 80, view: View | None = None) -> list[str]:
    return shown(result, width, view).splitlines()


def cells(lines: Sequence[str], name: str) -> list[str]:
    """Numbers of the first row that begins with a name."""
    return next(line for line in lines if line.startswith(name + " "))[len(name) :].split()


def block(lines: Sequence[str], head: str) -> list[str]:
    """Lines from the one that begins with some words to the next empty one."""
    begin = next(i for i, line in enumerate(lines) if line.startswith(head))
    return list(lines[begin : lines.index("", begin)] if "" in lines[begin:] else lines[begin:])


# -- results ----------------------------------------------------------------------------------------------------------


@cache
def steady() -> RunResult:
    """Three models over 12 s: a tail, a stall of 300 ms, throttles and time limits, a warm-up of 2 s."""
    rng = np.random.default_rng(7)
    calls = []
    for number, due_s in enumerate(np.sort(rng.uniform(0, 12, 3_000)).tolist()):
        model = (0, 0, 0, 0, 1, 2)[number % 6]
        service_us = int(rng.lognormal(np.log(6_000 + 2_000 * model), 0.35))
        late_us = int(rng.exponential(150))
        if 7.0 <= due_s < 7.3:
            service_us += int((7.3 - due_s) * 1e6)
        outcome = Outcome.THROTTLED if number % 97 == 0 else Outcome.TIMEOUT if number % 701 == 0 else Outcome.OK
        calls.append(Made(int(due_s * S), model, service_us, late_us, outcome))
    names = ("xgboost-0.tar.gz", "xgboost-1.tar.gz", "catboost-large.tar.gz")
    result = recording(calls, names, length_s=12, warmup_s=2, scenario=PHASES).result
    sent = np.bincount([call.due_ns // S for call in calls], minlength=len(result.seconds)).tolist()
    seconds = tuple(replace(row, sent=n) for row, n in zip(result.seconds, sent, strict=True))
    examples = {"THROTTLED": "400 ThrottlingException: Rate exceeded", "TIMEOUT": "no reply in 30s"}
    health = replace(
        HEALTH, elapsed_ns=result.health.elapsed_ns, measured_ns=result.health.measured_ns, examples=examples
    )
    return replace(result, seconds=seconds, health=health)


@cache
def many() -> RunResult:
    """A thousand models, whose popularity falls with their number, and of which a few are slow or fail."""
    models = []
    for number in range(1000):
        calls = max(4_000 // (number + 1), 8)
        failed = {Outcome.MODEL_ERROR: number // 100} if number % 100 == 50 else {}
        models.append(model_of(f"family/of/xgb-{number}.tar.gz", calls, failed, 4_000 + 17 * (number * 37 % 1000)))
    return result_of(*models)


def thrashed(name: str, cold: int) -> ModelResult:
    """A model of 500 warm calls of 5 ms and some cold ones of 700 ms, of which the first."""
    times = Histogram.of_us(np.array([5_000] * 500 + [700_000] * (cold + 1)))
    first = Histogram.of_us(np.array([700_000]))
    one = model_of(name, 501 + cold)
    return replace(one, response=times, service=times, signs=Signs(first, Histogram.empty(), 0))


def stalled(name: str) -> ModelResult:
    """A thousand calls, of which three met a stall."""
    times_us = np.repeat([7_600, 1_000_000], [997, 3])
    return replace(model_of(name, 1000), response=Histogram.of_us(times_us), service=Histogram.of_us(times_us))


STALLED = replace(result_of(stalled("xgboost-0.tar.gz"), stalled("xgboost-1.tar.gz")), scenario=CLOSED)
LOADS = result_of(*(thrashed(f"family/xgb-{i}.tar.gz", i) for i in range(30)))
NO_CALLS = result_of(model_of("a.tar.gz", 0), health=Health(0, 0, 0, 0), warmup=0)
ALL_FAILED = result_of(
    model_of("a.tar.gz", 0, {Outcome.CONNECT: 123}),
    model_of("b", 0, {Outcome.CONNECT: 12_345_678, Outcome.DROPPED: 5}),
    health=replace(
        HEALTH, first_error="refused \x1b[2J", examples={"CONNECT": "ConnectionRefusedError: refused \x1b[2J"}
    ),
    warmup=0,
)
WIDEST = result_of(
    model_of("long-name-" * 9, 4_999_999, {Outcome.MODEL_ERROR: 4_999_999}, 69_999_999),
    model_of("模型" * 30, 4_999_999, {Outcome.MODEL_ERROR: 4_999_999}, 110),
    health=replace(
        HEALTH, first_error="word " * 40 + "x" * 200, clock_jump_ns=-(10**15), longest_stall_ns=10**12,
        examples={"MODEL_ERROR": "424 ModelError: " + "模型" * 100 + "\x1b]0;title\x07"},
    ),
)  # fmt: skip

REPORTS: Mapping[str, tuple[RunResult, int, View]] = {
    "steady-80": (steady(), 80, View()),
    "steady-120": (steady(), 120, View()),
    "phases-80": (steady(), 80, View(by="phase")),
    "seconds-80": (steady(), 80, View(by="second")),
    "many-80": (many(), 80, View()),
    "closed-80": (STALLED, 80, View()),
    "loads-120": (LOADS, 120, View()),
    "cut-80": (replace(steady(), health=replace(steady().health, cut=True)), 80, View()),
    "empty-80": (NO_CALLS, 80, View()),
}
"""Whole reports that are kept beside this file."""


if __name__ == "__main__":
    for name, (result, width, view) in REPORTS.items():
        (HERE / f"{name}.txt").write_text(shown(result, width, view), encoding="utf-8")
