"""A closed loop against the emulator: users who wait for their replies."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncload.call import Outcome
from asyncload.options import Options
from asyncload.runner import run
from tests.real.runs import KEYS, scenario, steady_emulator
from tests.real.servers import RunningEmulator, emulator
from tests.real.test_cli import asyncload, environment
from tests.real.watched import until

SERVICE_MS = 10.0


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    with emulator(steady_emulator(tmp_path_factory.mktemp("closed") / "em.yaml", SERVICE_MS)) as running:
        yield running


def test_the_report_says_so_first(target: RunningEmulator, tmp_path: Path) -> None:
    """On its first line, when it is made and when it is read again; JSON has both views, null in an open loop."""
    closed = scenario(target.url, phases=[{"users": 3, "for": "1s"}])
    (tmp_path / "closed.json").write_text(json.dumps(closed.to_dict()))
    done = asyncload("run", "closed.json", "--out", "run", "-q", cwd=tmp_path)
    again = asyncload("report", "run", cwd=tmp_path)
    for text in (done.stdout, again.stdout):
        assert "closed loop: arrivals waited for replies" in text.splitlines()[0], done.stderr
        assert "  corrected  " in text
    totals = json.loads(asyncload("report", "run", "--json", cwd=tmp_path).stdout)["totals"]
    assert totals["corrected_ms"]["calls"] >= totals["ok"]
    open_ = run(scenario(target.url, phases=[{"rate": "50/s", "for": "500ms"}]), Options(credentials=KEYS))
    assert json.loads(open_.to_json())["totals"]["corrected_ms"] is None


def test_an_interrupted_one_keeps_what_was_measured(target: RunningEmulator, tmp_path: Path) -> None:
    """Ctrl-C in the middle: exit code 130, and a result that says so."""
    given = scenario(target.url, phases=[{"users": 5, "think": "5ms", "for": "30s"}])
    (tmp_path / "s.json").write_text(json.dumps(given.to_dict()))
    since = len(target.truth())
    process = subprocess.Popen(
        [sys.executable, "-m", "asyncload", "run", "s.json", "--out", "run", "--json", "-q"],
        cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    until(lambda: len(target.truth(since)) > 400, "calls are made")
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    document = json.loads(said)
    assert document["health"]["interrupted"]
    assert document["totals"]["ok"] > 100


def test_users_go_on_when_nobody_answers() -> None:
    """Refused connections end as CONNECT, again and again until the phase is over, and the run ends in time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        gone = threading.Timer(0.7, listener.close)
        gone.start()
        began_s = time.monotonic()
        given = scenario(
            f"http://127.0.0.1:{port}", phases=[{"users": 2, "think": "1ms", "for": "2s"}], limits={"timeout": "300ms"}
        )
        result = run(given, Options(credentials=KEYS))
        gone.join()
    assert time.monotonic() - began_s < 8
    assert result.totals.ok == 0
    assert result.totals.outcomes[Outcome.CONNECT] + result.totals.outcomes[Outcome.TIMEOUT] == result.totals.sent
    assert result.totals.sent > 4
