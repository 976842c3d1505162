"""
The crosscheck: how often its answer is right, with real Locust against the emulator.

Healthy: both sides call the same emulator, one half on the plan's due times, the other in a closed loop. Sick: one side
has an emulator that takes 10 % longer, or weights of 2 : 1 instead of 3 : 1. Each crosscheck has five pairs of runs of
4 s, about 200 calls a second; the emulators are on one core, both generators on the other. `tests/property` holds the
same rates over thousands of simulated crosschecks.
"""

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from asyncload.crosscheck import Crosscheck, CrosscheckOptions, crosscheck
from asyncload.emulator.config.emulator import PRESETS
from asyncload.scenario import Scenario
from bench.context import Context
from bench.emulator import emulated
from bench.generator import KEYS
from bench.rows import Detail, Finding, Findings, Row
from bench.target import BODY, MODELS

_LENGTH = "4s"
_PRESET = "xgboost-ml.m5.xlarge"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    name: str
    times: int
    right: str
    """The answer that is right."""
    users: int | None = None
    """Of a closed loop; None replays the plan."""
    ours: float | None = None
    """Median service time of asyncload's endpoint, ms; None is the preset."""
    theirs: float | None = None
    """Of Locust's, if it has another."""
    weights: tuple[float, float] | None = None
    """On Locust's side, if they are others."""


_CASES = (
    _Case(name="healthy, 20 ms, replay", times=5, right="AGREE", ours=20.0),
    _Case(name="healthy, 20 ms, 4 users", times=5, right="AGREE", ours=20.0, users=4),
    _Case(name=f"healthy, {_PRESET}, replay", times=5, right="AGREE"),
    _Case(name=f"healthy, {_PRESET}, 2 users", times=5, right="AGREE", users=2),
    _Case(name="Locust's endpoint 10 % slower, replay", times=5, right="DIFFER", ours=20.0, theirs=22.0),
    _Case(name="asyncload's endpoint 10 % slower, replay", times=5, right="DIFFER", ours=22.0, theirs=20.0),
    _Case(
        name="Locust's endpoint 10 % slower, 4 users", times=5, right="DIFFER", ours=20.0, theirs=22.0, users=4
    ),
    _Case(
        name="Locust's weights 2 : 1 instead of 3 : 1, 4 users", times=5, right="DIFFER", ours=20.0, users=4,
        weights=(2.0, 1.0),
    ),
)  # fmt: skip


def measure(context: Context) -> Findings:
    """Run every case as often as it says; a quick suite runs each once."""
    healthy: Counter[str] = Counter()
    cells: list[Sequence[str]] = []
    for case in _CASES:
        found = list(_answers(context, case, context.pick(case.times, 1)))
        answers: Counter[str] = Counter(one.judgement.answer for one in found)
        cells.append([case.name, str(len(found)), *(str(answers[word]) for word in ("AGREE", "DIFFER", "CANNOT TELL"))])
        if case.right == "AGREE":
            healthy += answers
        else:
            yield _row(case.name, case.right, answers, len(found))
        yield _runs(case, found)
    yield _row("healthy crosschecks", "AGREE", healthy, max(1, healthy.total() * 19 // 20))
    yield Detail("Answers by case", ("case", "crosschecks", "AGREE", "DIFFER", "CANNOT TELL"), cells)


def _row(what: str, right: str, answers: Counter[str], least: int) -> Finding:
    measured = ", ".join(f"{count} {answer}" for answer, count in sorted(answers.items()))
    return Row(what, f"{right} in {least} of {answers.total()}", measured, reached=answers[right] >= least)


def _runs(case: _Case, found: Sequence[Crosscheck]) -> Detail:
    """What each crosscheck of a case said, for whoever wants to know why."""
    headings = ("answer", "pairs", "p50 ours ms", "difference ms", "90 % interval", "allowed", "why")
    return Detail(case.name, headings, [_cells(one) for one in found])


def _cells(found: Crosscheck) -> list[str]:
    p50 = next((one for one in found.judgement.findings if one.metric == "p50"), None)
    numbers = ["-"] * 4
    if p50 is not None:
        ranges = (p50.interval, p50.allowed)
        numbers = [f"{p50.ours:.3f}", f"{p50.difference:+.3f}", *(f"{r.low:+.3f} to {r.high:+.3f}" for r in ranges)]
    return [found.judgement.answer, str(len(found.pairs)), *numbers, found.judgement.why]


def _answers(context: Context, case: _Case, times: int) -> Iterator[Crosscheck]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="asyncload-bench-")))
        ours, _ = stack.enter_context(emulated(context.cores.target, home, None, _config(case.ours)))
        theirs = None
        if case.theirs:
            theirs, _ = stack.enter_context(emulated(context.cores.target, home, None, _config(case.theirs)))
        for number in range(times):
            scenario = _scenario(ours, seed=100 * number)
            yield crosscheck(scenario, _options(case, scenario, theirs, home / str(number)))


def _options(case: _Case, scenario: Scenario, theirs: str | None, out: Path) -> CrosscheckOptions:
    keys = {"AWS_ACCESS_KEY_ID": KEYS.access_key, "AWS_SECRET_ACCESS_KEY": KEYS.secret_key}
    other = None
    if case.weights:
        models = zip(scenario.models, case.weights, strict=True)
        other = replace(scenario, models=tuple(replace(model, weight=weight) for model, weight in models))
    return CrosscheckOptions(
        users=case.users, out=out, locust_host=theirs, locust_scenario=other, environment={**os.environ, **keys}
    )


def _scenario(url: str, seed: int) -> Scenario:
    model = {"content_type": "text/csv", "payload": BODY}
    return Scenario.from_dict(
        {
            "name": "crosscheck",
            "endpoint": {"name": "xgboost-mme", "region": "us-east-1", "url": url},
            "models": [{"name": name, "weight": weight, **model} for name, weight in zip(MODELS, (3, 1), strict=True)],
            "phases": [{"law": "poisson", "rate": "200/s", "for": _LENGTH}],
            "seed": seed,
        },
        source="bench",
    )


def _config(median_ms: float | None) -> str:
    if median_ms is None:
        return (PRESETS / f"{_PRESET}.yaml").read_text()
    endpoint: dict[str, Any] = {
        "name": "xgboost-mme",
        "models": [{"name": "*", "service": {"lognormal": {"median": f"{median_ms}ms", "sigma": 0.2}}}],
        "variants": [{"instance": {"workers": 2000, "queue": 2000}}],
    }
    return json.dumps({"endpoints": [endpoint]})
