"""Results of older versions still load, with the numbers that they had."""

import json
import shutil
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from asyncload import store
from asyncload.call import Outcome
from asyncload.histogram import Histogram
from asyncload.result import Health, RunResult, Signs

HERE = Path(__file__).parent
VERSIONS = (1,)


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


@pytest.fixture
def cut_run(tmp_path: Path, version: int) -> Path:
    """A copy, for reading a database may tidy its files up."""
    return shutil.copytree(HERE / f"run-{version}", tmp_path / "run")


def numbers(version: int) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((HERE / f"numbers-{version}.json").read_bytes())
    return read


def found(result: RunResult) -> dict[str, Any]:
    totals = result.totals
    return {
        "calls": totals.calls,
        "ok": totals.ok,
        "throttled": totals.outcomes[Outcome.THROTTLED],
        "dropped": totals.outcomes[Outcome.DROPPED],
        "warmup_calls": result.warmup.calls,
        "received_bytes": totals.received_bytes,
        "response_p50_us": pytest.approx(totals.response.quantile_us(0.5), rel=1 / 1000),
        "response_max_us": pytest.approx(totals.response.quantile_us(1), rel=1 / 1000),
        "seconds": len(result.seconds),
        "asked_per_s": result.asked_per_s,
    }


def test_an_old_result_loads(version: int) -> None:
    result = store.read(HERE / f"result-{version}.json")
    assert found(result) == numbers(version)
    assert [model.name for model in result.models] == ["xgboost-0.tar.gz", "xgboost-1.tar.gz"]
    assert (result.name, result.plan_digest) == ("golden", "90" * 32)
    assert (result.health.cpu_share, result.health.connects, result.health.cut) == (0.125, 8, False)
    assert RunResult.from_json(result.to_json()) == result


def test_an_old_run_that_was_cut_loads(version: int, cut_run: Path) -> None:
    """From its database alone, and to the same numbers as its result."""
    assert not (cut_run / "result.json").exists()
    result = store.read(cut_run)
    assert result.health.cut
    assert found(result) == numbers(version)
    whole = store.read(HERE / f"result-{version}.json")
    assert replace(result, health=whole.health) == whole


def test_an_old_result_does_not_know_its_cold_starts(version: int, cut_run: Path) -> None:
    """Version 1 began without them: unknown, and not none; merged with one that knows, it stays unknown."""
    for result in (store.read(HERE / f"result-{version}.json"), store.read(cut_run)):
        assert result.cold_starts is None
        assert json.loads(result.to_json())["cold_starts"] is None
        nothing = Signs(Histogram.empty(), Histogram.empty(), 0)
        knows = replace(result, models=tuple(replace(model, signs=nothing) for model in result.models))
        assert knows.cold_starts is not None
        assert knows.merge(result).cold_starts is None


def test_old_outcomes_keep_their_numbers() -> None:
    """They stand in databases as numbers and in results as names."""
    words = (
        "OK THROTTLED NOT_READY MODEL_ERROR SERVER_ERROR CLIENT_ERROR AUTH CONNECT TIMEOUT PROTOCOL DROPPED ABANDONED"
    )
    assert [outcome.name for outcome in sorted(Outcome)][:12] == words.split()
    assert [int(outcome) for outcome in sorted(Outcome)] == list(range(len(Outcome)))


def test_new_health_readings_have_defaults() -> None:
    """A field without one would lock every older result out."""
    required = [field.name for field in fields(Health)][:4]
    assert required == ["started_unix_ns", "elapsed_ns", "measured_ns", "send_tail_ns"]
    Health(0, 0, 0, 0)
