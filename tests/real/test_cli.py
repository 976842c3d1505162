"""The command as a person, a pipe and a program use it: real processes, real exit codes."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.real.runs import scenario, steady_emulator
from tests.real.servers import RunningEmulator, emulator
from tests.real.watched import until

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def environment(**more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "VIRTUAL_ENV") if name in os.environ}
    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_EC2_METADATA_DISABLED": "true"}
    return {**kept, **keys, "HOME": "/nonexistent", "COLUMNS": "80", **more}


def asyncload(*words: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "asyncload", *words],
        cwd=cwd, env=environment(**more), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def scenario_file(folder: Path, target: RunningEmulator, **changes: object) -> str:
    path = folder / "scenario.yaml"
    path.write_text(yaml.safe_dump(scenario(target.url, **changes).to_dict()))
    return str(path)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    with emulator(steady_emulator(tmp_path_factory.mktemp("emulator") / "emulator.yaml")) as running:
        yield running


def test_a_run_reports_per_model_and_leaves_its_directory(target: RunningEmulator, tmp_path: Path) -> None:
    """
    `run` prints the verdict first and a row per model; `report` prints the same from the directory. A second run into
    it is refused before anything is sent, and the first one's result stays.
    """
    path = scenario_file(tmp_path, target)
    done = asyncload("run", path, "--out", "out", cwd=tmp_path)
    assert done.returncode in (0, 3), done.stderr
    assert re.match(r"(VALID|INVALID)", done.stdout)
    assert "xgboost-0.tar.gz" in done.stdout
    assert "xgboost-1.tar.gz" in done.stdout
    again = asyncload("report", "out", cwd=tmp_path)
    assert again.returncode == done.returncode
    assert again.stdout.strip() in done.stdout
    before, rows = (tmp_path / "out" / "result.json").read_bytes(), target.health()
    refused = asyncload("run", path, "--out", "out", cwd=tmp_path)
    assert target.health() == rows
    assert refused.returncode == 1
    assert "holds a run already" in refused.stderr
    assert (tmp_path / "out" / "result.json").read_bytes() == before


def test_json_is_the_result_and_nothing_else(target: RunningEmulator, tmp_path: Path) -> None:
    """`--json` prints one JSON document with the promised keys on standard output."""
    done = asyncload("run", scenario_file(tmp_path, target), "--json", "--out", "out", cwd=tmp_path)
    result = json.loads(done.stdout)
    assert result["schema"] == "asyncload.result/1"
    assert set(result["verdict"]) >= {"valid", "reasons"}
    assert set(result["health"]) >= {"planned", "sent", "dropped", "abandoned", "lateness_ms"}
    assert set(result["health"]["lateness_ms"]) >= {"p50", "p99", "max"}
    for row in (result["totals"], *result["models"]):
        assert set(row) >= {"name", "sent", "ok", "outcomes"}
        for metric in ("response_ms", "service_ms", "lateness_ms", "ttfb_ms"):
            assert set(row[metric]) == {"p50", "p90", "p95", "p99", "p99_9", "max", "mean"}
    assert sum(model["sent"] for model in result["models"]) == result["totals"]["sent"] == result["health"]["sent"]


def test_a_run_needs_no_file(target: RunningEmulator, tmp_path: Path) -> None:
    """Endpoint, models, payload, rate and duration may all be options."""
    (tmp_path / "row.csv").write_text("1,2,3,4,5,6,7,8\n")
    target.reset()
    done = asyncload(
        "run", "--endpoint", "xgboost-mme", "--endpoint-url", target.url, "--region", "us-east-1",
        "--model", "a.tar.gz=3", "--model", "b.tar.gz=1", "--payload", "row.csv", "--content-type", "text/csv",
        "--rate", "100", "--duration", "1s", "--json", cwd=tmp_path,
    )  # fmt: skip
    bodies = {(row["model"], row["body_bytes"]) for row in target.truth()}
    assert done.returncode in (0, 3), done.stderr
    assert [model["name"] for model in json.loads(done.stdout)["models"]] == ["a.tar.gz", "b.tar.gz"]
    assert bodies == {("a.tar.gz", 16), ("b.tar.gz", 16)}
    assert len(list((tmp_path / "runs").iterdir())) == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "absent.yaml"], 2, "absent.yaml"),  # no such file
        (["run"], 2, "--endpoint, --model, --rate, --duration"),  # nothing to run
        (["run", "bad.yaml"], 2, "3 mistakes"),  # all of them at once
        (["report", "."], 1, "no run here"),  # not a run directory
        (["report", ".", "--format", "locust-cvs", "--json"], 2, "did you mean locust-csv"),  # misspelt
        (["report", ".", "--since", "due", "--out", "x"], 2, "2 mistakes"),  # about files that nothing writes
        (
            ["report", ".", "--format", "locust-json", "--full-history"],
            2,
            "expected csv, locust-csv",
        ),  # leaves no choice
        (["report", ".", "--format", "locust-csv", "--out", "-"], 2, "4 files"),  # standard output is one
        (["run", "good.yaml", "--model", "xgboost-0.tar.gs=2"], 2, "did you mean xgboost-0.tar.gz"),  # misspelt
        (["run", "good.yaml", "--rate", "fast"], 2, "fast"),  # not a rate
        (["run", "good.yaml", "--transport", "rwa"], 2, "raw"),  # the nearest name
        (["run", "good.yaml", "--endpoint-url", "http://example.com"], 2, "--allow-plaintext"),  # readable on the way
        (["run", "good.yaml", "--endpoint-url", "http://127.0.0.1:9"], 1, "127.0.0.1:9"),  # nobody listens
        (["frobnicate"], 2, "frobnicate"),  # no such command
    ],
)
def test_wrong_use_says_what_to_do(words: list[str], code: int, said: str, tmp_path: Path) -> None:
    """A mistake ends with its exit code, a message that names it, no traceback, and nothing written."""
    data = scenario("http://127.0.0.1:8089").to_dict()
    (tmp_path / "good.yaml").write_text(yaml.safe_dump(data))
    bad = {**data, "seeed": 1, "transport": "rwa", "phases": [{"law": "poison", "rate": "200/s", "for": "1s"}]}
    (tmp_path / "bad.yaml").write_text(yaml.safe_dump(bad))
    done = asyncload(*words, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "runs").exists()


def test_ctrl_c_keeps_what_was_measured(target: RunningEmulator, tmp_path: Path) -> None:
    """The first Ctrl-C ends the sending, waits for replies, prints the result and exits 130."""
    path = scenario_file(tmp_path, target, phases=[{"law": "poisson", "rate": "100/s", "for": "60s"}])
    target.reset()
    process = subprocess.Popen(
        [sys.executable, "-m", "asyncload", "run", path, "--json", "--out", "out"],
        cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until(lambda: len(target.truth()) > 120, "more than a second to be measured")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    result = json.loads(out)
    assert result["health"]["interrupted"]
    assert result["totals"]["ok"] > 50
    assert json.loads((tmp_path / "out" / "result.json").read_bytes()) == result


@pytest.mark.parametrize("transport", ["raw", "aiohttp", "sdk"])
def test_no_secret_reaches_any_artefact(target: RunningEmulator, transport: str, tmp_path: Path) -> None:
    """Secret key, session token and signatures occur in no file, no output and no error text, also when calls fail."""
    token = "FwoGZXIvYXdzEXAMPLETOKEN"
    phases = [{"law": "poisson", "rate": "200/s", "for": "300ms"}]
    path = scenario_file(tmp_path, target, transport=transport, phases=phases)
    wrong = {"AWS_SECRET_ACCESS_KEY": "wrong/SECRETEXAMPLE", "AWS_SESSION_TOKEN": token}
    outputs = [
        asyncload("run", path, "--out", "good", "--samples", cwd=tmp_path),
        asyncload("run", path, "--out", "refused", "--samples", cwd=tmp_path, **wrong),
        asyncload("run", path, "--out", "down", "--endpoint-url", "http://127.0.0.1:9", cwd=tmp_path, **wrong),
    ]
    assert json.loads((tmp_path / "refused" / "result.json").read_bytes())["totals"]["outcomes"].keys() == {"AUTH"}
    assert re.search(r"such as: 403 \w+: ", outputs[1].stdout)
    texts = [text.encode() for done in outputs for text in (done.stdout, done.stderr)]
    files = [file.read_bytes() for folder in ("good", "refused") for file in (tmp_path / folder).iterdir()]
    for text in (*texts, *files):
        for secret in (SECRET, "wrong/SECRETEXAMPLE", token, "Signature=", "AWS4-HMAC"):
            assert secret.encode() not in text


def test_plan_shows_before_anything_is_paid(tmp_path: Path) -> None:
    """`plan` prints counts, shares and the digest; `--json` and `--csv` agree with each other."""
    path = tmp_path / "scenario.yaml"
    path.write_text(yaml.safe_dump(scenario("http://127.0.0.1:8089").to_dict()))
    shown = asyncload("plan", str(path), cwd=tmp_path)
    summary = json.loads(asyncload("plan", str(path), "--json", "--csv", "plan.csv", cwd=tmp_path).stdout)
    lines = (tmp_path / "plan.csv").read_text().splitlines()
    assert lines[0] == "due_ns,model,payload"
    assert len(lines) - 1 == summary["total"]
    assert summary["digest"] in shown.stdout
    assert str(summary["total"]) in shown.stdout


def test_schema_accepts_its_own_examples(tmp_path: Path) -> None:
    """`schema` prints a JSON Schema that names every top-level key of a scenario."""
    schema = json.loads(asyncload("schema", cwd=tmp_path).stdout)
    keys = {"name", "endpoint", "models", "phases", "limits", "retries", "seed", "transport"}
    assert set(schema["properties"]) >= keys


@pytest.mark.parametrize("command", [[], ["run"], ["plan"], ["report"], ["emulate"], ["demo"], ["schema"]])
def test_help_of_each_command(command: list[str], tmp_path: Path) -> None:
    """Each command explains itself, and its help ends with lines to paste."""
    done = asyncload(*command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    if command:
        assert "Examples:" in done.stdout
        assert f"asyncload {command[0]}" in done.stdout.split("Examples:")[1]
