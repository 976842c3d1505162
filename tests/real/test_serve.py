"""`asyncload serve`: past runs over HTTP, to whoever knows the token, and nothing else."""

import json
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.served import NAMES, Served, runs, served
from tests.real.watched import END_S, environment, until


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("serve")
    (root / "secret").mkdir()
    (root / "secret" / "result.json").write_text("secret")
    with served(runs(root / "runs")) as server:
        yield server


def listed(server: Served) -> dict[str, Any]:
    with server.address.asked("/runs") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/json"
        return {run["folder"]: run for run in json.load(answer)["runs"]}


def all_read(server: Served) -> dict[str, Any]:
    until(lambda: all(run["summary"] for run in listed(server).values()), "every run to be read")
    return listed(server)


def test_runs_are_told_with_what_they_came_to(shelf: Served) -> None:
    """The list comes at once; runs are read meanwhile."""
    assert list(listed(shelf)) == list(reversed(NAMES))
    golden, slow, broken, young = (all_read(shelf)[name]["summary"] for name in NAMES)
    assert golden["state"] == "cut"
    assert (slow["state"], slow["name"], slow["calls"]) == ("done", "slow", 1200)
    assert slow["p50_ms"] == pytest.approx(80.1, rel=1e-3)
    assert broken["state"] == "unreadable"
    assert "truncated" in broken["why"]
    assert (young["state"], young["name"]) == ("under way", "<b>young</b>")


def test_a_run_is_shown_in_a_sandbox(shelf: Served) -> None:
    """Its report, which may hold whatever a scenario was called, can ask the server for nothing."""
    id_ = listed(shelf)[NAMES[1]]["id"]
    with shelf.address.asked(f"/run/{id_}") as answer:
        assert answer.status == 200
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert "slow" in answer.read().decode()


def test_a_run_that_cannot_be_read_says_so(shelf: Served) -> None:
    id_ = listed(shelf)[NAMES[2]]["id"]
    with shelf.address.asked(f"/run/{id_}") as answer:
        assert answer.status == 500
        assert "truncated" in answer.read().decode()


@pytest.mark.parametrize(
    "path",
    [
        "/run/..", "/run/../secret", "/run/..%2fsecret", "/run/%2e%2e%2fsecret", "/run/0123456789abcdef", "/run/",
        "/run/20261102T000000Z-slow", "/secret/result.json", "/../secret/result.json", "//secret/result.json",
        "/assets/..%2f..%2fguard.py", "/assets/%2e%2e/guard.py", "/assets/", "/runs/../../secret/result.json",
    ],
)  # fmt: skip
def test_no_path_leads_anywhere_else(shelf: Served, path: str) -> None:
    with shelf.address.asked(path) as answer:
        assert answer.status == 404
        assert "secret" not in answer.read().decode().replace(path, "")


def test_only_who_knows_the_token_is_let_in(shelf: Served) -> None:
    address = shelf.address
    id_ = listed(shelf)[NAMES[1]]["id"]
    for path in ("/", "/runs", f"/run/{id_}", "/assets/runs.js", "/nothing"):
        assert address.status(path, Authorization="") == 403, path
        assert address.status(path, Authorization="Bearer x") == 403, path
        assert address.status(path, Host=f"evil.example:{address.port}") == 403, path
    assert address.status("/") == 200


def test_nothing_can_be_changed(shelf: Served) -> None:
    id_ = listed(shelf)[NAMES[1]]["id"]
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert shelf.address.status(f"/run/{id_}", method) == 405, method
        assert shelf.address.status("/runs", method, Origin="http://evil.example") == 403, method


def test_new_runs_appear_and_removed_ones_go(tmp_path: Path) -> None:
    """On the next look, without starting anew."""
    with served(runs(tmp_path / "runs")) as server:
        id_ = all_read(server)[NAMES[1]]["id"]
        shutil.copytree(tmp_path / "runs" / NAMES[1], tmp_path / "runs" / "20261105T000000Z-new")
        assert next(iter(listed(server))) == "20261105T000000Z-new"
        shutil.rmtree(tmp_path / "runs" / NAMES[1])
        assert NAMES[1] not in listed(server)
        assert server.address.status(f"/run/{id_}") == 404


def test_repeated_runs_are_listed_one_by_one_and_open(tmp_path: Path) -> None:
    """By their path below the directory; by that path itself nobody can ask for them."""
    with served(runs(tmp_path / "runs")) as server:
        for name in ("change/A/01", "change/B/01"):
            shutil.copytree(tmp_path / "runs" / NAMES[1], tmp_path / "runs" / name)
        found = all_read(server)
        a, b = (found[f"change/{side}/01"] for side in "AB")
        assert (a["summary"]["state"], a["summary"]["calls"]) == ("done", 1200)
        assert server.address.status(f"/run/{a['id']}") == 200
        assert server.address.status(f"/compare/{a['id']}/{b['id']}") == 200
        assert server.address.status("/run/change/A/01") == 404
        assert server.address.status("/run/change%2FA%2F01") == 404


def test_ctrl_c_ends_it(tmp_path: Path) -> None:
    with served(runs(tmp_path / "runs")) as server:
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(END_S) == 0
        assert server.process.stderr is not None
        assert server.process.stderr.read() == ""


@pytest.mark.parametrize("words", [["absent"], ["file"]])
def test_a_directory_that_is_none_is_refused(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "file").write_text("")
    done = asyncload("serve", *words, cwd=tmp_path)
    assert done.returncode == 1
    assert "not a directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = asyncload("serve", ".", "--port", str(taken.getsockname()[1]), cwd=tmp_path)
    assert done.returncode == 1
    assert "cannot listen on" in done.stderr


def asyncload(*words: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "asyncload", *words],
        cwd=cwd, env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
