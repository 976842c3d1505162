"""Which calls were cold: what a run says of each, against the emulator's log of who waited for a load."""

import json
from collections.abc import Callable
from pathlib import Path

from asyncload.options import Options
from asyncload.runner import run
from bench.cold_truth import Case, evaluate
from bench.coldness import Score
from bench.context import Context
from bench.pin import cores
from tests.real.runs import KEYS, scenario
from tests.real.servers import emulator

QUICK_LOADS = {"download": {"latency": {"fixed": "60ms"}}, "load": {"lognormal": {"median": "120ms", "sigma": 0.2}}}


def score(case: Case, holds: Callable[[Score], bool]) -> bool:
    """Best of three: a busy machine makes warm calls slow, which is not what is tested."""
    return any(holds(evaluate(Context(cores(), quick=False), case)) for _ in range(3))


def test_cold_calls_are_told_from_warm_ones_where_models_are_evicted_all_the_time() -> None:
    """40 models, memory for 6: of the calls behind each model's first, precision and recall are 0.95 at least."""
    case = Case("thrash", "thrash", 40, {"zipf": 1.1}, 20.0, 15.0, {"memory": "2000MiB", **QUICK_LOADS})

    def holds(found: Score) -> bool:
        cold = found.hits + found.misses
        assert 0.2 * found.calls < cold < 0.8 * found.calls, "the emulator does not do what this test is about"
        return not found.doubt and min(found.precision, found.recall) >= 0.95

    assert score(case, holds)


def test_nothing_is_called_cold_where_nothing_is_evicted_though_times_scatter_widely() -> None:
    """20 models that stay, lognormal service times of sigma 1: fewer than 0.1 % of the warm calls are false alarms."""
    service = {"service": {"lognormal": {"median": "3.1ms", "sigma": 1.0}}}
    case = Case("stays", "xgboost-ml.m5.xlarge", 20, "uniform", 240.0, 10.0, {**QUICK_LOADS, **service})
    assert score(case, lambda found: found.false_alarm_share < 0.001)


def test_a_refusal_that_is_followed_by_success_is_cold(tmp_path: Path) -> None:
    """Calls answered ModelNotReadyException at the (scaled) 60 s are counted once the model answers."""
    played = {
        "name": "xgboost-mme",
        "load": {"fixed": "90s"},
        "models": [{"name": "*.tar.gz", "service": {"fixed": "1ms"}}],
    }
    (tmp_path / "emulator.json").write_text(json.dumps({"endpoints": [played], "time_scale": 0.01}))
    with emulator(tmp_path / "emulator.json") as target:
        phases = [{"law": "constant", "rate": "50/s", "for": "2s"}]
        result = run(scenario(target.url, phases=phases), Options(credentials=KEYS))
        refused = sum(row["outcome"] == "ModelNotReadyException" for row in target.truth())
    assert result.cold_starts is not None
    assert result.cold_starts.total.refused == refused > 5
