"""`asyncload import locust` as a person uses it, and what comes of the scenario that it writes."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from asyncload.cli.app import app
from asyncload.errors import StartError, UsageError
from asyncload.locust.importer.conversion import Request, convert
from asyncload.locust.importer.findings import Answer
from asyncload.scenario import Scenario, Users
from tests.real.importing import HEAD
from tests.real.runs import ROW, steady_emulator
from tests.real.servers import emulator
from tests.real.test_cli import asyncload
from tests.real.test_import_tasks import BEGINNING

NAMED = ("--env", "ENDPOINT_NAME=xgboost-mme")


@pytest.fixture
def beginning(tmp_path: Path) -> Path:
    (tmp_path / "locustfile.py").write_text(BEGINNING)
    return tmp_path


def test_an_imported_file_runs_against_the_emulator(beginning: Path) -> None:
    """
    The file that this project began with is imported with -H at the emulator, run, and the emulator's own log shows
    both models 3 : 1 with the file's row.
    """
    with emulator(steady_emulator(beginning / "emulator.yaml")) as target:
        done = asyncload(
            "import", "locust", "locustfile.py", "-H", target.url, *NAMED, "--rate", "400/s", "--duration", "3s",
            "-o", "scenario.yaml", cwd=beginning,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        run = asyncload("run", "scenario.yaml", "--json", "--out", "out", cwd=beginning)
        rows = target.truth()
    assert run.returncode in (0, 3), run.stderr
    assert json.loads(run.stdout)["totals"]["ok"] == json.loads(run.stdout)["totals"]["sent"] > 900
    counts = Counter(row["model"] for row in rows)
    assert set(counts) == {"xgboost-0.tar.gz", "xgboost-1.tar.gz"}
    assert counts["xgboost-0.tar.gz"] / counts.total() == pytest.approx(0.75, abs=0.06)
    assert {row["body_bytes"] for row in rows} == {len(ROW)}


def test_what_is_written_and_what_is_told(beginning: Path) -> None:
    """The scenario begins with the notes as comments, and the same notes are printed, with what to do next."""
    done = asyncload("import", "locust", "locustfile.py", *NAMED, "-o", "s.yaml", cwd=beginning)
    assert done.returncode == 0, done.stderr
    text = (beginning / "s.yaml").read_text()
    head = text[: text.index("\nname: ")]
    assert all(line.startswith("#") for line in head.splitlines())
    assert "Imported from locustfile.py (Locust " in head
    for topic in ("rate", "rows", "retries"):
        assert f"# - {topic}: " in head
        assert f"  - {topic}: " in done.stdout
    assert done.stdout.startswith("s.yaml: 2 targets, from locustfile.py")
    assert done.stdout.endswith("next: asyncload plan s.yaml, then asyncload run s.yaml\n")
    assert asyncload("plan", "s.yaml", cwd=beginning).returncode == 0


def test_nothing_is_overwritten_unless_told(beginning: Path) -> None:
    """A scenario or payloads that are there stay, before the file has even run; --force replaces both."""
    (beginning / "locustfile.py").write_text(
        HEAD + "class A(User):\n    @task\n    def t(self): call('a', b'x' * 600)\n"
    )
    words = ("import", "locust", "locustfile.py", "-o", "s.yaml")
    assert asyncload(*words, cwd=beginning).returncode == 0
    assert (beginning / "s-payloads" / "a.csv").read_bytes() == b"x" * 600
    again = asyncload(*words, cwd=beginning)
    assert (again.returncode, again.stderr) == (2, "asyncload: s.yaml: is there already; --force replaces it\n")
    (beginning / "s.yaml").unlink()
    folder = asyncload(*words, cwd=beginning)
    assert (folder.returncode, folder.stderr) == (2, "asyncload: s-payloads: is there already; --force replaces it\n")
    (beginning / "s-payloads" / "old.csv").write_text("old")
    assert asyncload(*words, "--force", cwd=beginning).returncode == 0
    assert [file.name for file in (beginning / "s-payloads").iterdir()] == ["a.csv"]


def test_users_make_a_closed_loop(beginning: Path) -> None:
    words = ("--users", "200", "--spawn-rate", "20", "--duration", "2m")
    done = asyncload("import", "locust", "locustfile.py", *NAMED, *words, "-o", "s.yaml", cwd=beginning)
    assert done.returncode == 0, done.stderr
    [phase] = Scenario.load(beginning / "s.yaml").phases
    assert phase == Users(users=200, spawn_per_s=20.0, length_ns=120_000_000_000)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--env", "SECRET"), "--env SECRET: expected NAME=VALUE"),
        (("--rate", "fast"), "--rate: expected a rate"),
        (("--rate", "0"), "--rate 0: expected more than 0"),
        (("--duration", "soon", "--timeout", "never"), "--timeout: expected a duration"),
        (("--spawn-rate", "5"), "--spawn-rate goes with --users"),
        (("--users", "5", "--rate", "5", "--spawn-rate", "5"), "--spawn-rate goes with --users, and not with --rate"),
        (("--users", "0"), "--users 0: expected at least 1"),
        (("--reply", "none.json"), "--reply none.json: is no file"),
        (("-o", "s.toml"), "-o s.toml: expected a file whose name ends in .yaml or .yml"),
        (("-o", "none/s.yaml"), "-o none/s.yaml: there is no folder none"),
    ],
)
def test_options_that_do_not_fit(
    beginning: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    """Each is refused by its name before the file is run."""
    monkeypatch.chdir(beginning)
    done = CliRunner().invoke(app, ["import", "locust", "locustfile.py", "-o", "s.yaml", *words])
    assert isinstance(done.exception, UsageError)
    assert said in str(done.exception)
    assert not (beginning / "s.yaml").exists()


def test_what_is_not_in_the_file_is_refused(beginning: Path) -> None:
    """A class or an endpoint that the file does not have ends with 2, and nothing is written."""
    words = ("import", "locust", "locustfile.py", *NAMED, "-o", "s.yaml")
    for more, said in (
        (("--endpoint", "other"), "does not call the endpoint other, but xgboost-mme"),
        (("NoClass",), "has no user class NoClass; it has ModelUser"),
    ):
        done = asyncload(*words, *more, cwd=beginning)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert not (beginning / "s.yaml").exists()


def test_a_reply_file_makes_a_task_go_on(tmp_path: Path) -> None:
    """Without the endpoint's answer a task that reads it fails; with it, the call behind it is found."""
    (tmp_path / "locustfile.py").write_text(
        HEAD
        + "class A(User):\n    @task\n    def t(self):\n"
        + "        label = json.loads(call('first')['Body'].read())['label']\n        call(label)\n"
    )
    words = ("import", "locust", "locustfile.py", "-o", "s.yaml")
    assert "--reply FILE" in asyncload(*words, cwd=tmp_path).stderr
    (tmp_path / "reply.json").write_text('{"label": "second"}')
    assert asyncload(*words, "--reply", "reply.json", cwd=tmp_path).returncode == 0
    assert [model.name for model in Scenario.load(tmp_path / "s.yaml").models] == ["first", "second"]


def test_the_current_directory_does_not_get_in_the_way(beginning: Path) -> None:
    """A file there that is called like a module that is needed is not imported in its place."""
    for name in ("random.py", "gevent.py", "msgspec.py"):
        (beginning / name).write_text("raise SystemExit('the wrong one')\n")
    code = "from asyncload.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, "import", "locust", "locustfile.py",
         *NAMED, "-o", "s.yaml"],
        cwd=beginning, env=dict(os.environ), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_fault_of_the_importer_is_not_the_files(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"f.py: the import failed, which is no fault of the file's: Traceback"):
        convert(Request(file=tmp_path / "f.py"), Answer(fault="Traceback ..."), "s")


def test_locust_that_is_not_installed_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"locust is not installed: pip install 'asyncload-mme\[locust\]'"):
        convert(Request(file=tmp_path / "f.py"), Answer(missing="locust"), "s")
