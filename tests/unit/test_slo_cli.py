"""`report` by other objectives than the run's own, and what `run` and `report` refuse, on the command line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from asyncload.cli.app import app
from asyncload.cli.overrides import Overrides, resolve
from asyncload.errors import ScenarioError
from tests.unit.test_slo_judging import HEALTH, model, result, spread


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A result of 400 calls of 10 to 20 ms, all of them fine, with one objective of its own."""
    whole = result(model("xgb-0", spread(400, 10_000, 20_000)), scenario={"slo": ["p50 < 1s"]})
    path = tmp_path / "result.json"
    path.write_bytes(replace(whole, health=HEALTH).to_json())
    return path


def asyncload(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "80"})


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 0, "1 met of 1"),  # its own
        (["--slo", "p50 < 1ms"], 4, "1 missed of 1"),  # instead of its own
        (["--slo", "p50 < 1s", "--slo", "calls == 400"], 0, "2 met of 2"),  # several
        (["--slo", "p99.9 < 1s"], 4, "1 undecided of 1"),  # 400 calls do not tell
        (["--slo", "p99.9 < 1s", "--allow-undecided"], 0, "1 undecided of 1"),  # and that is allowed
        (["--slo", "p50 < 1ms", "--allow-undecided"], 4, "1 missed of 1"),  # but this is missed
    ],
)
def test_a_run_of_before_is_judged_anew(run: Path, words: list[str], code: int, said: str) -> None:
    done = asyncload("report", run, *words)
    assert done.exit_code == code, done.output
    assert f"objectives  {said}" in done.stdout


def test_json_holds_the_objectives_that_were_asked_for(run: Path) -> None:
    done = asyncload("report", run, "--json", "--slo", "ok{model=*} == 400")
    assert done.exit_code == 0, done.output
    (told,) = json.loads(done.stdout)["objectives"]
    assert (told["text"], told["answer"], told["model"]) == ("ok{model=*} == 400", "MET", "xgb-0")


def test_an_export_tells_what_is_not_met_and_exits_alike(run: Path) -> None:
    done = asyncload(
        "report", run, "--format", "locust-json", "--out", "-", "--slo", "p50 < 1ms", "--slo", "p99.9 < 1s",
        "--slo", "ok > 1",
    )  # fmt: skip
    assert done.exit_code == 4
    assert "MISSED: p50 < 1ms: p50 is 14.99 ms" in done.stderr
    assert "UNDECIDED: p99.9 < 1s: p99.9 cannot be told" in done.stderr
    assert "ok > 1" not in done.stderr
    assert json.loads(done.stdout)


@pytest.mark.parametrize(
    ("slo", "said"),
    [
        (["p98x < 1s", "p99 < 1"], ["2 mistakes", "'p98x' (column 1)", "did you mean 1ms?"]),  # grammar
        (["p50{model=xgb-1} < 1s"], ["--slo[0]", "matches no model; did you mean 'xgb-0'?"]),  # not in the run
        (["corrected.p50 < 1s"], ["--slo[0]", "an open loop omits no call"]),  # not of this run
    ],
)
def test_objectives_that_cannot_be_meant_are_refused(run: Path, slo: list[str], said: list[str]) -> None:
    done = asyncload("report", run, *(word for text in slo for word in ("--slo", text)))
    assert isinstance(done.exception, ScenarioError)
    assert all(text in str(done.exception) for text in said), done.exception
    assert done.stdout == ""


def test_options_add_to_the_scenario(tmp_path: Path) -> None:
    """In their order behind its own, each once."""
    path = tmp_path / "scenario.json"
    path.write_text(
        json.dumps(
            {
                "endpoint": {"name": "mme"},
                "models": [{"name": "a"}],
                "phases": [{"rate": "1/s", "for": "1s"}],
                "slo": ["p99 < 1s"],
                "stop": ["errors > 5 for 3s"],
            }
        )
    )
    given = Overrides(slo=("errors == 0", "p99 < 1s"), stop=("in_flight > 5 for 3s",))
    scenario = resolve(path, given)
    assert scenario.slo == ("p99 < 1s", "errors == 0")
    assert scenario.stop == ("errors > 5 for 3s", "in_flight > 5 for 3s")
    assert resolve(path, Overrides()).slo == ("p99 < 1s",)
    with pytest.raises(ScenarioError, match=r"slo\[1\]: 'p9x'") as caught:
        resolve(path, Overrides(slo=("p9x < 1s",), stop=("errors > 1",)))
    assert "stop[1]: column 11: expected `for`" in str(caught.value)
