"""Objectives and stop rules from end to end: real processes, the emulator's faults, exit codes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncload import store
from tests.real.runs import steady_emulator
from tests.real.servers import RunningEmulator, emulator
from tests.real.test_cli import asyncload, scenario_file


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """One emulator that answers after 5 ms, until a test gives it faults."""
    with emulator(steady_emulator(tmp_path_factory.mktemp("emulator") / "emulator.yaml")) as each:
        yield each


@pytest.fixture(autouse=True)
def _without_faults(target: RunningEmulator) -> None:
    target.faults()


def expected(valid: int, directory: Path) -> int:
    """An exit code, unless this machine was too busy for a valid run."""
    return valid if store.read(directory).verdict.valid else 3


def test_a_run_tells_its_objectives_and_adds_those_of_the_command_line(target: RunningEmulator, tmp_path: Path) -> None:
    """Of the scenario first; one is MISSED, so it exits 4; the directory says the same."""
    target.faults({"error": "ModelError", "models": "xgboost-1.tar.gz", "ratio": 0.5})
    file = scenario_file(tmp_path, target, slo=["p50 < 1s", "model_error == 0"])
    done = asyncload(
        "run", file, "--out", "out", "--slo", "error_rate{model=*} < 10%", "--slo", "p50 < 1s", "--json", cwd=tmp_path
    )
    assert done.returncode == expected(4, tmp_path / "out"), done.stderr
    answers = [(told["text"], told["answer"], told["model"]) for told in json.loads(done.stdout)["objectives"]]
    assert answers == [
        ("p50 < 1s", "MET", ""),
        ("model_error == 0", "MISSED", ""),
        ("error_rate{model=*} < 10%", "MISSED", "xgboost-1.tar.gz"),
    ]
    again = asyncload("report", "out", cwd=tmp_path)
    assert again.returncode == done.returncode
    assert re.search(r"^objectives  2 missed, 1 met of 3", again.stdout, re.MULTILINE)


def test_a_stop_rule_ends_the_run_and_says_so(target: RunningEmulator, tmp_path: Path) -> None:
    """Half of the calls fail from the third second on; a minute is planned, and six seconds are run at the most."""
    target.faults({"error": "ModelError", "ratio": 0.5, "after": "2s"})
    file = scenario_file(
        tmp_path, target, phases=[{"law": "constant", "rate": "100/s", "for": "60s"}], stop=["error_rate > 20% for 2s"]
    )
    done = asyncload("run", file, "--out", "out", "--stop", "in_flight > 900 for 5s", cwd=tmp_path)
    result = store.read(tmp_path / "out")
    assert done.returncode == expected(4, tmp_path / "out"), done.stderr
    assert result.stopped.startswith("error_rate > 20% for 2s: in second ")
    assert result.health.interrupted
    assert len(result.seconds) < 12
    assert sum(row.sent for row in result.seconds) == result.totals.calls
    head = " ".join(done.stdout.partition("\n\n")[0].split())
    assert f"warning: the run was stopped by its rule {result.stopped}" in head
    again = asyncload("report", "out", cwd=tmp_path)
    assert (again.returncode, again.stdout.strip() in done.stdout) == (done.returncode, True)
