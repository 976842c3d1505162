"""plan: the stimulus as data, held against digests that were written down."""

import hashlib
import io
import json
import os
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asyncload.errors import ScenarioError, UsageError
from asyncload.payload import pools
from asyncload.plan import Plan, write_csv
from asyncload.scenario import (
    Arrivals,
    Curve,
    Endpoint,
    Law,
    Model,
    Phase,
    Points,
    Ramp,
    RandomPayload,
    RandomRows,
    Scenario,
    Sine,
    SineWave,
    Spike,
    SpikeShape,
    Steps,
    ThinkTime,
    Top,
    Trace,
    Users,
    Zipf,
)
from asyncload.stages import Block, ClosedStage, OpenStage
from asyncload.users import Habits

S = 1_000_000_000
ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "plans.json"
TRACE_CSV = "timestamp,model\n" + "".join(
    f"{i * i / 977:.9f},{'xgboost-1.tar.gz' if i % 3 else ''}\n" for i in range(500)
)

TWO = (Model(name="xgboost-0.tar.gz", weight=3, payload="1,2,3"), Model(name="xgboost-1.tar.gz", payload="4"))
POOL = RandomPayload(random=RandomRows(columns=8, pool=1000))
FAMILY = Model(name="xgb-{i}.tar.gz", count=990, popularity=Zipf(zipf=1.1), payload=POOL)
CLOSED = Users(users=200, think=ThinkTime(from_ns=S, to_ns=3 * S), pace_ns=4 * S, spawn_per_s=50.0, length_ns=120 * S)
TOP = Model(name="top-{i}", count=50, weight=2.5, popularity=Top(top=11, share=0.9))


def scenario(*phases: Phase, models: tuple[Model, ...] = TWO, seed: int = 7) -> Scenario:
    return Scenario(endpoint=Endpoint(name="mme"), models=models, phases=phases, seed=seed)


def phase(law: Law, rate: Curve, length_s: int = 20, **settings: float) -> Arrivals:
    return Arrivals(law=law, rate=rate, length_ns=length_s * S, **settings)  # type: ignore[arg-type]


def golden_scenarios(trace: Path) -> dict[str, Scenario]:
    """The scenarios whose digests are kept in tests/golden/plans.json."""
    sine = Sine(sine=SineWave(mean_per_s=300.0, amplitude_per_s=300.0, period_ns=7 * S))
    spike = Spike(spike=SpikeShape(base_per_s=10.0, peak_per_s=2000.0, at_ns=5 * S, length_ns=2 * S))
    points = Points(points=((0, 0.0), (5 * S, 500.0), (5 * S, 50.0), (9 * S, 0.0), (12 * S, 333.3)))
    ramp = Ramp(from_per_s=200.0, to_per_s=600.0)
    warmup = replace(phase("poisson", 50.0), warmup=True)
    return {
        "constant": scenario(phase("constant", 200.0)),
        "poisson": scenario(phase("poisson", 200.0)),
        "poisson, seed 0": scenario(phase("poisson", 200.0), seed=0),
        "poisson, seed 2**64": scenario(phase("poisson", 200.0), seed=2**64),
        "uniform": scenario(phase("uniform", 200.0, jitter=0.3)),
        "bursty gamma": scenario(phase("gamma", 1000.0, burstiness=0.2)),
        "even gamma": scenario(phase("gamma", 1000.0, burstiness=7.5)),
        "ramp": scenario(phase("constant", ramp)),
        "steps": scenario(phase("poisson", Steps(steps=(100.0, 0.0, 400.0)))),
        "sine": scenario(phase("gamma", sine, 30, burstiness=0.5)),
        "points": scenario(phase("uniform", points)),
        "spike": scenario(phase("poisson", spike)),
        "thousand models": scenario(phase("poisson", 5000.0), models=(*TWO, FAMILY, TOP)),
        "three phases": scenario(warmup, phase("poisson", 200.0), phase("constant", ramp), models=(*TWO, FAMILY)),
        "trace": scenario(phase("constant", 3.3), Trace(trace=trace, speed=2.0)),
        "closed": scenario(CLOSED, models=(*TWO, FAMILY)),
        "closed, warm-up open": scenario(warmup, replace(CLOSED, think=0, pace_ns=None, spawn_per_s=None)),
    }


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "trace.csv"
    path.write_text(TRACE_CSV)
    return path


def rows(plan: Plan, most: int = 65_536) -> list[tuple[int, int, int]]:
    blocks = [zip(*(column.tolist() for column in block), strict=True) for block in plan.blocks(most)]
    return [row for block in blocks for row in block]


def test_digests_are_these(trace: Path) -> None:
    """A failure here means that users' seeds now name other arrivals: a new major version, or a mistake."""
    found = {
        name: {"arrivals": Plan(value).summary().total, "digest": Plan(value).digest()}
        for name, value in golden_scenarios(trace).items()
    }
    assert found == json.loads(GOLDEN.read_text())


@pytest.mark.skipif(sys.platform != "linux", reason="numpy's switch for SIMD paths is tried on Linux")
def test_digest_does_not_depend_on_the_processor() -> None:
    """The same bits with every SIMD path of numpy switched off."""
    features = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    code = (
        "from tests.unit.test_plan import *;"
        "print(*(Plan(s).digest() for n, s in golden_scenarios(Path()).items() if n != 'trace'))"
    )
    env = {**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(features), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        entry["digest"] for n, entry in json.loads(GOLDEN.read_text()).items() if n != "trace"
    ]


def test_digest_is_what_it_says() -> None:
    """SHA-256 over rows of due_ns, model and payload: 8, 4 and 4 bytes, little-endian."""
    plan = Plan(scenario(phase("poisson", 100.0), models=(*TWO, FAMILY)))
    assert plan.digest() == hashlib.sha256(b"".join(struct.pack("<qII", *row) for row in rows(plan))).hexdigest()
    assert plan.summary().digest == plan.digest()


def test_blocks_are_columns_of_one_length() -> None:
    plan = Plan(scenario(phase("constant", 10_000.0), models=(FAMILY,)))
    blocks = list(plan.blocks())
    assert [block.due_ns.size for block in blocks] == [65_536, 65_536, 65_536, 3392]
    for block in blocks:
        assert isinstance(block, Block)
        assert [column.dtype for column in block] == [np.int64, np.uint32, np.uint32]
        assert len({column.shape for column in block}) == 1
        assert all(column.flags.c_contiguous for column in block)


def test_phases_draw_apart() -> None:
    """Two phases of one law and one rate are not each other's copy, in times, targets or payloads."""
    plan = Plan(scenario(phase("poisson", 500.0), phase("poisson", 500.0), models=(*TWO, FAMILY)))
    found = np.array(rows(plan))
    second = int(np.searchsorted(found[:, 0], 20 * S))
    one, two = found[:second][:9000], found[second:][:9000]
    assert not np.any((two[:, 0] - 20 * S == one[:, 0]) & (one[:, 0] > 0))
    for column in (1, 2):
        assert abs(np.corrcoef(one[:, column], two[:, column])[0, 1]) < 0.05


def test_phases_follow_one_another(trace: Path) -> None:
    warm = replace(phase("constant", 10.0, 2), warmup=True)
    plan = Plan(scenario(warm, Trace(trace=trace), phase("constant", Ramp(from_per_s=0.0, to_per_s=4.0), 1)))
    trace_ns = round(499 * 499 / 977 * S)
    spans = plan.phases()
    assert [span.start_ns for span in spans] == [0, 2 * S, 2 * S + trace_ns + trace_ns // 499]
    assert [span.end_ns for span in spans] == [*(span.start_ns for span in spans[1:]), plan.length_ns]
    assert [span.warmup for span in spans] == [True, False, False]
    assert [span.expected_count for span in spans] == [20.0, 500.0, 2.0]
    assert spans[2].peak_per_s == 4.0
    assert plan.expected_count == 522.0
    due = np.array([row[0] for row in rows(plan)])
    assert [int(np.sum((due >= span.start_ns) & (due < span.end_ns))) for span in spans] == [20, 500, 2]


def test_rate_over_the_run() -> None:
    plan = Plan(scenario(phase("constant", 10.0, 2), phase("poisson", Ramp(from_per_s=0.0, to_per_s=4.0), 2)))
    assert plan.rate_per_s(np.array([-1, 0, 2 * S - 1, 2 * S, 3 * S, 4 * S])).tolist() == [
        0.0,
        10.0,
        10.0,
        0.0,
        2.0,
        0.0,
    ]


def test_a_trace_names_its_targets(trace: Path) -> None:
    """Rows with a name go there; the others are drawn by weight, here 3 : 1."""
    found = rows(Plan(scenario(Trace(trace=trace))))
    assert [model for i, (_, model, _) in enumerate(found) if i % 3] == [1] * 333
    drawn = [model for i, (_, model, _) in enumerate(found) if not i % 3]
    assert 100 < drawn.count(0) < 150


def test_summary_counts(trace: Path) -> None:
    warm = replace(phase("poisson", 50.0), warmup=True)
    plan = Plan(scenario(warm, phase("constant", 200.0), Trace(trace=trace), models=(*TWO, FAMILY)))
    found, all_rows = plan.summary(), rows(plan)
    assert found.total == len(all_rows) == sum(found.per_target)
    assert found.warmup == sum(due < 20 * S for due, _, _ in all_rows)
    assert found.measured == 4000 + 500 == found.total - found.warmup
    assert list(found.per_target) == np.bincount([model for _, model, _ in all_rows], minlength=992).tolist()
    assert found.shares[:2] == (3 / 5, 1 / 5)
    bodies = [pool_of[0] for pool_of in pools(plan.scenario)[:2]]
    rows_of_family = pools(plan.scenario)[2]
    assert found.body_bytes == sum(
        len((bodies[model] if model < 2 else rows_of_family[payload]).body) for _, model, payload in all_rows
    )
    assert found.peak_per_s == max(span.peak_per_s for span in plan.phases())
    assert (found.length_ns, found.expected_count) == (plan.length_ns, plan.expected_count)


def test_payloads_cover_the_pool_of_their_family() -> None:
    """Models without a pool always send payload 0; the others all of theirs, evenly."""
    found = rows(Plan(scenario(phase("poisson", 10_000.0), models=(TWO[0], FAMILY))))
    assert {payload for _, model, payload in found if model == 0} == {0}
    counts = np.bincount([payload for _, model, payload in found if model > 0])
    assert counts.size == 1000
    assert 850 < np.sum((counts - counts.mean()) ** 2 / counts.mean()) < 1150


def test_the_digest_of_a_closed_phase_is_what_it_says() -> None:
    """Its numbers, its first draws, and the first pauses of its users, little-endian."""
    plan = Plan(scenario(CLOSED, models=(*TWO, FAMILY)))
    numbers = struct.pack("<6sqqqqqqd", b"closed", 0, 120 * S, 200, S, 3 * S, 4 * S, 50.0)
    draws = next(plan.draws(0))
    pairs = zip(draws.model.tolist(), draws.payload.tolist(), strict=True)
    habits = Habits(CLOSED, 7, 0)
    pauses = struct.pack("<200q", *(habits.think_ns(user) for user in range(200)))
    rows = b"".join(struct.pack("<II", *pair) for pair in pairs)
    assert plan.digest() == plan.summary().digest == hashlib.sha256(numbers + rows + pauses).hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        {"users": 201},
        {"think": 2 * S},
        {"think": ThinkTime(from_ns=S, to_ns=3 * S + 1)},
        {"pace_ns": None},
        {"spawn_per_s": None},
        {"length_ns": 121 * S},
    ],
)
def test_every_number_of_a_closed_phase_is_in_its_digest(other: dict[str, Any]) -> None:
    """And the seed, the weights and what is before it; not whether it is a warm-up, as of any phase."""
    digest = Plan(scenario(CLOSED)).digest()
    assert Plan(scenario(replace(CLOSED, **other))).digest() != digest
    assert Plan(scenario(CLOSED, seed=8)).digest() != digest
    assert Plan(scenario(CLOSED, models=(replace(TWO[0], weight=2.0), TWO[1]))).digest() != digest
    assert Plan(scenario(phase("constant", 0.0, 1), CLOSED)).digest() != digest
    assert Plan(scenario(replace(CLOSED, warmup=True))).digest() == digest


def test_phases_that_are_alike_are_one_stage() -> None:
    """Open ones, closed ones; a closed one's users of the rank, where it lies, and who begins when."""
    opened, more = phase("constant", 10.0, 1), replace(CLOSED, users=220)
    plan = Plan(scenario(opened, opened, CLOSED, more, opened, CLOSED), rank=1, world=3)
    first, second, third, fourth = plan.stages()
    assert isinstance(first, OpenStage)
    assert isinstance(third, OpenStage)
    assert [due for block in first.blocks for due in block.due_ns.tolist()] == [k * S // 10 for k in range(1, 20, 3)]
    assert [due for block in third.blocks for due in block.due_ns.tolist()] == [
        242 * S + k * S // 10 for k in range(1, 10, 3)
    ]
    assert isinstance(second, ClosedStage)
    assert isinstance(fourth, ClosedStage)
    assert [(stint.start_ns, stint.end_ns) for stint in second.stints] == [(2 * S, 122 * S), (122 * S, 242 * S)]
    assert [stint.habits.users for stint in second.stints] == [67, 73]
    new = [number - 200 for number in range(1, 220, 3) if number >= 200]
    assert second.stints[1].begins_ns.tolist() == [122 * S + k * S // 50 for k in new]
    assert len(fourth.stints[0].begins_ns) == 67
    assert [(span.start_ns, span.users) for span in plan.phases()][2:4] == [(2 * S, CLOSED), (122 * S, more)]


def test_what_a_closed_phase_asks_for_is_no_rate_and_no_count() -> None:
    """Only what is open is counted."""
    plan = Plan(scenario(phase("constant", 10.0, 2), CLOSED))
    rates = plan.rate_per_s(np.array([S, 3 * S, 122 * S]))
    assert (rates[0], np.isnan(rates[1]), rates[2]) == (10.0, True, 0.0)
    found = plan.summary()
    assert (found.total, found.length_ns, found.expected_count, found.peak_per_s) == (20, 122 * S, 20.0, 10.0)
    assert [(span.users, span.expected_count) for span in found.closed] == [(CLOSED, 0.0)]
    assert sum(found.per_target) == 20


def test_csv_says_what_it_cannot_list() -> None:
    """A closed phase is a line by itself, at its place."""
    file = io.StringIO()
    write_csv(Plan(scenario(phase("constant", 1.0, 1), CLOSED, phase("constant", 1.0, 1))), file)
    _, first, said, last = file.getvalue().splitlines()
    assert first.startswith("0,")
    assert said == (
        "# from 1000000000 ns to 121000000000 ns: 200 users, 50/s begin, pause 1s to 3s, a call every 4s at most; "
        "how many calls they make depends on the endpoint"
    )
    assert last.startswith("121000000000,")


def test_csv_is_the_plan() -> None:
    plan, file = Plan(scenario(phase("poisson", 200.0), models=(*TWO, FAMILY)), rank=1, world=3), io.StringIO()
    write_csv(plan, file)
    header, *lines = file.getvalue().splitlines()
    assert header == "due_ns,model,payload"
    assert [tuple(map(int, line.split(","))) for line in lines] == rows(plan)


@pytest.mark.parametrize(("rank", "world"), [(-1, 1), (1, 1), (0, 0), (7, 3)])
def test_a_rank_that_is_none(rank: int, world: int) -> None:
    with pytest.raises(UsageError, match="rank must be from 0"):
        Plan(scenario(phase("poisson", 1.0)), rank, world)


def test_a_wrong_phase_is_named() -> None:
    plan = Plan(scenario(phase("poisson", 1.0), phase("poisson", -1.0)))
    with pytest.raises(ScenarioError) as caught:
        plan.phases()
    assert caught.value.problems[0].path == "phases[1].rate"
