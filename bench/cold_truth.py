"""
Cold starts: how well a run tells cold calls from others, held against the emulator's own log of who waited for a load.

asyncload calls the emulator from the other core, and writes one row per call. Each is found again in the truth log: by
model, the n-th to be sent is the n-th to arrive. A call was cold if its model was not hot on arrival, however little of
its load was left. `coldness` says how the calls of an endpoint on paper are told apart; this is the whole path.
"""

import json
import sqlite3
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from asyncload.aws.credentials import StaticCredentials
from asyncload.emulator.config.emulator import PRESETS
from asyncload.options import Options
from asyncload.runner import run
from asyncload.scenario import Scenario
from bench.coldness import Score, judge
from bench.context import Context
from bench.emulator import emulated
from bench.generator import KEYS
from bench.pin import pinned
from bench.residency import Calls
from bench.rows import Detail, Findings, Row

_PAYLOAD = "0.345,0.224414,0.131102,0.042329,0.279923,-0.110329,-0.099358,0.0"
_FIRST_NS = 1_000_000_000
_SLACK = 0.01


@dataclass(frozen=True, slots=True)
class Case:
    """What is played and what is sent."""

    name: str
    preset: str
    models: int
    popularity: object
    rate_per_s: float
    length_s: float
    changes: dict[str, Any] = field(default_factory=dict)
    """To the preset's only model."""


_SIGMA_1 = {"service": {"lognormal": {"median": "3.1ms", "sigma": 1.0}}}
_ZIPF = {"zipf": 1.1}
_CASES = (
    Case("thrash, Zipf 1.1", "thrash", 990, _ZIPF, 12.0, 240.0),
    Case("thrash, uniform", "thrash", 990, "uniform", 6.0, 300.0),
    Case("never evicted", "xgboost-ml.m5.xlarge", 50, _ZIPF, 100.0, 60.0),
    Case("never evicted, sigma 1", "xgboost-ml.m5.xlarge", 50, _ZIPF, 100.0, 60.0, _SIGMA_1),
    Case("thrash, Zipf 1.1, sigma 1", "thrash", 990, _ZIPF, 12.0, 240.0, _SIGMA_1),
)
_EVICTED = _CASES[:2]
_RESIDENT = _CASES[2:4]


def measure(context: Context) -> Findings:
    """Run every case once."""
    scores: dict[str, Score] = {}
    cells = []
    for case in _CASES:
        score = scores[case.name] = evaluate(context, case)
        cold = (score.hits + score.misses) / score.calls
        cells.append(
            [
                case.name, f"{score.calls:,}", f"{cold:.1%}", f"{score.precision:.3f}", f"{score.recall:.3f}",
                f"{score.false_alarm_share:.3%}", score.doubt or "-",
            ]
        )  # fmt: skip
    for case in _EVICTED:
        score = scores[case.name]
        yield Row(
            f"cold?, {case.name}: precision; recall",
            ">= 0.95; >= 0.95",
            f"{score.precision:.3f}; {score.recall:.3f}",
            reached=not score.doubt and min(score.precision, score.recall) >= 0.95,
        )
    for case in _RESIDENT:
        share = scores[case.name].false_alarm_share
        yield Row(f"cold?, {case.name}: false alarms", "< 0.1 %", f"{share:.3%}", reached=share < 0.001)
    headings = (
        "calls behind each model's first",
        "calls",
        "cold",
        "precision",
        "recall",
        "false alarms",
        "cannot tell",
    )
    yield Detail("Cold calls told from others, against the emulator's truth log", headings, cells)


def evaluate(context: Context, case: Case) -> Score:
    """
    Run a case, and hold what is said about each call against the truth.

    Raises:
        RuntimeError: If the two logs do not have the same calls, or the result says something else than its calls do.
    """
    with tempfile.TemporaryDirectory(prefix="asyncload-bench-") as home:
        out, truth = Path(home) / "run", Path(home) / "truth.sqlite"
        with (
            emulated(context.cores.target, Path(home), truth, _config(case)) as (url, _),
            pinned(context.cores.generator),
        ):
            result = run(
                _scenario(context, case, url), Options(out=out, samples=True, credentials=StaticCredentials(KEYS))
            )
        calls = _calls(out / "run.sqlite", truth, case.models)
    score = judge(calls, case.models)
    told = result.cold_starts
    said = score.hits + score.false_alarms
    # A recorder looks at calls in other groups than `judge` does, so a few more or fewer are taken for held up.
    if told is None or abs(told.total.cold_calls - said) > _SLACK * score.calls:
        raise RuntimeError(f"{case.name}: the result counts other cold calls than its samples have: {said}")
    return score


def _config(case: Case) -> str:
    played: dict[str, Any] = yaml.safe_load((PRESETS / f"{case.preset}.yaml").read_text())
    played["endpoints"][0]["models"][0] |= case.changes
    return json.dumps(played)


def _scenario(context: Context, case: Case, url: str) -> Scenario:
    family = {"name": "xgb-{i}.tar.gz", "count": case.models, "popularity": case.popularity}
    return Scenario.from_dict(
        {
            "name": "coldness",
            "endpoint": {"name": "xgboost-mme", "region": "us-east-1", "url": url},
            "models": [{**family, "content_type": "text/csv", "payload": _PAYLOAD}],
            "phases": [
                {"law": "poisson", "rate": case.rate_per_s, "for": f"{context.pick(case.length_s, 20.0)}s"},
            ],
            "seed": 7,
        },
        source="bench",
    )


def _calls(samples: Path, truth: Path, models: int) -> Calls:
    with sqlite3.connect(samples) as database:
        rows = database.execute("SELECT model, sent_ns, last_ns, outcome FROM samples").fetchall()
    database.close()
    with sqlite3.connect(truth) as database:
        arrived = database.execute("SELECT model, tier FROM requests ORDER BY arrival_ns").fetchall()
    database.close()
    tiers: list[list[bool]] = [[] for _ in range(models)]
    for name, tier in arrived:
        tiers[int(name.removeprefix("xgb-").removesuffix(".tar.gz"))].append(tier != "hot")
    model, sent_ns, last_ns, outcome = np.array(rows, np.int64).T
    cold = np.zeros(model.size, bool)
    for number in range(models):
        (mine,) = np.nonzero((model == number) & (sent_ns > 0))
        if mine.size != len(tiers[number]):
            raise RuntimeError(f"model {number}: {mine.size} calls were sent, {len(tiers[number])} arrived")
        cold[mine[np.argsort(sent_ns[mine], kind="stable")]] = tiers[number]
    shift_ns = _FIRST_NS - int(sent_ns.min(initial=0))  # a time of 0 stands for "never sent"
    return Calls(model, sent_ns + shift_ns, last_ns + shift_ns, outcome, cold)
