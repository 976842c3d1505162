"""`asyncload run --web`: a real run, its page's process, and programs that look on."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncload.errors import StartError
from asyncload.live.feed import Feed
from asyncload.live.words import Hello
from asyncload.store import read
from tests.real.servers import RunningEmulator, emulator
from tests.real.watched import SECRET, environment, events, gone, until, watched


@pytest.fixture(scope="module")
def target() -> Iterator[RunningEmulator]:
    with emulator() as running:
        yield running


def test_a_browser_sees_the_run_and_its_end(target: RunningEmulator, tmp_path: Path) -> None:
    """State, an update each second, the end; in sum they tell what the run's own result tells."""
    with watched(tmp_path, target) as run:
        told = list(run.address.told())
        code, out, errors = run.wait()
    result = read(tmp_path / "out")
    assert code in {0, 3}, errors
    assert out.startswith(("VALID", "INVALID"))
    assert [event.kind for event in (told[0], told[-1])] == ["state", "end"]
    assert {event.kind for event in told[1:-1]} == {"update"}
    rows = {row["at"]: row for event in told[:-1] for row in event.data["rows"]}
    assert [rows[row.second]["sent"] for row in result.seconds] == [row.sent for row in result.seconds]
    now = told[-2].data["now"]
    assert (now["calls"], now["ok"], now["lost"]) == (result.totals.calls, result.totals.ok, 0)
    assert now["models"]["calls"] == [model.calls for model in result.models]
    (p99,) = result.estimates(result.totals, "lateness", (0.99,))
    assert now["lateness"]["p99"]["ms"] == (pytest.approx(p99.value_us / 1000, rel=1e-3) if p99.supported else None)
    assert now["generator"]["latest_ms"] == pytest.approx(result.totals.lateness.quantile_us(1.0) / 1000, rel=1e-3)
    assert told[-1].data["valid"] == result.verdict.valid
    assert told[-1].data["directory"] == str(tmp_path / "out")


def test_who_comes_late_or_back_is_sent_what_it_lacks(target: RunningEmulator, tmp_path: Path) -> None:
    with watched(tmp_path, target, seconds=5) as run:
        seen = next(event for event in run.address.told() if event.data["rows"] and event.data["rows"][-1]["at"] >= 1)
        late = next(run.address.told())
        back = next(run.address.told(Last_Event_ID=seen.id))
        run.process.send_signal(signal.SIGINT)
        run.wait()
    assert late.kind == "state"
    assert late.data["rows"][0]["at"] == 0
    assert back.kind == "update"
    assert "run" not in back.data


def test_nobody_looks_on_and_nobody_is_waited_for(target: RunningEmulator, tmp_path: Path) -> None:
    with watched(tmp_path, target, seconds=1) as run:
        child = run.child()
        code, _, errors = run.wait()
    assert code in {0, 3}
    assert errors == ""
    assert gone(child)


def test_a_browser_that_never_leaves_is_not_waited_for_for_ever(target: RunningEmulator, tmp_path: Path) -> None:
    """It is sent the end, and has some seconds to fetch the report."""
    with watched(tmp_path, target, seconds=1) as run, run.address.asked("/events") as answer:
        child = run.child()
        assert [event.kind for event in events(answer)][-1] == "end"
        code, *_ = run.wait()
    assert code in {0, 3}
    assert gone(child)


def test_whoever_does_not_want_to_wait_for_browsers_presses_ctrl_c(target: RunningEmulator, tmp_path: Path) -> None:
    """The run is over by then: its exit code stays what it was."""
    with watched(tmp_path, target, seconds=1) as run, run.address.asked("/events") as answer:
        assert next(event for event in events(answer) if event.kind == "end")
        run.process.send_signal(signal.SIGINT)
        code, out, errors = run.wait()
    assert code in {0, 3}, errors
    assert errors == ""
    assert out.startswith(("VALID", "INVALID"))


def test_only_who_knows_the_token_is_let_in(target: RunningEmulator, tmp_path: Path) -> None:
    """Every address of the server, without the token, with a wrong one, and with a Host that is not ours."""
    with watched(tmp_path, target, "--web-control", seconds=60) as run:
        address = run.address
        for path in ("/", "/events", "/report", "/assets/live.js", "/nothing", "/../scenario.yaml"):
            assert address.status(path, Authorization="") == 403, path
            assert address.status(path, Authorization="Bearer wrong") == 403, path
            assert address.status(f"{path}?token=wrong", Authorization="") == 403, path
            assert address.status(path, Host=f"evil.example:{address.port}") == 403, path
            assert address.status(path, Host="127.0.0.1") == 403, path
        assert address.status("/stop", "POST", Authorization="") == 403
        assert address.status("/stop", "POST", Origin="http://evil.example") == 403
        assert address.status("/") == 200
        assert address.status("/assets/plotly.js") == 200
        assert address.status("/assets/..%2flive.html") == 404
        assert address.status("/assets/child.py") == 404
        assert address.status("/report") == 404, "there is none yet"


def test_the_token_is_exchanged_for_a_cookie(target: RunningEmulator, tmp_path: Path) -> None:
    with watched(tmp_path, target, seconds=60) as run:
        with run.address.asked(f"/?token={run.address.token}", Authorization="") as answer:
            cookie = answer.headers["Set-Cookie"]
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert run.address.token not in answer.read().decode()
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert run.address.token not in cookie
        assert run.address.status("/", Authorization="", Cookie=cookie.split(";")[0]) == 200


def test_the_page_may_stop_the_run_if_it_was_allowed_to(target: RunningEmulator, tmp_path: Path) -> None:
    """As Ctrl-C does: replies are waited for, and the result is printed and kept."""
    with watched(tmp_path, target, "--web-control", seconds=60) as run:
        told = run.address.told()
        next(event for event in told if event.data["rows"])
        assert run.address.status("/stop", "POST") == 204
        last = list(told)[-1]
        code, out, _ = run.wait()
    result = read(tmp_path / "out")
    assert code == 130
    assert result.health.interrupted
    assert not result.health.cut
    assert "interrupted" in out
    assert any("interrupted" in warning for warning in last.data["warnings"])


def test_without_control_there_is_nothing_to_press(target: RunningEmulator, tmp_path: Path) -> None:
    with watched(tmp_path, target, seconds=1) as run:
        assert run.address.status("/stop", "POST") == 404
        code, *_ = run.wait()
    assert code in {0, 3}


def test_a_run_goes_on_without_its_page(target: RunningEmulator, tmp_path: Path) -> None:
    """The page's process is killed: that is told once, and the run ends as it would have."""
    with watched(tmp_path, target, seconds=3) as run:
        next(event for event in run.address.told() if event.data["rows"])
        os.kill(run.child(), signal.SIGKILL)
        code, _, errors = run.wait()
    assert code in {0, 3}
    assert errors.count("the page") == 1, errors
    assert len(read(tmp_path / "out").seconds) >= 3


def test_a_page_that_hangs_is_not_waited_for(target: RunningEmulator, tmp_path: Path) -> None:
    """Its process is stopped while the run lasts, and never goes on: the run ends, and ends it."""
    with watched(tmp_path, target, seconds=2) as run:
        child = run.child()
        os.kill(child, signal.SIGSTOP)
        code, out, _ = run.wait()
    assert code in {0, 3}
    assert out.startswith(("VALID", "INVALID"))
    assert gone(child)
    assert read(tmp_path / "out").totals.sent == 200


def test_a_page_that_cannot_start_says_why(tmp_path: Path) -> None:
    """Before the run: whoever asked for a page learns that there is none."""
    (tmp_path / "msgspec.py").write_text("raise ImportError('it is broken')")
    hello = Hello({"name": "none"}, [], 0, control=False)
    broken = {"PYTHONPATH": str(tmp_path)}
    with pytest.raises(StartError, match=r"did not start: ImportError: it is broken"), Feed(hello, print, broken):
        pass


def test_a_file_that_lies_about_is_not_taken_for_a_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may write into the current directory does not say what the page's process runs."""
    (tmp_path / "aiohttp.py").write_text("raise ImportError('poisoned')")
    monkeypatch.chdir(tmp_path)
    with Feed(Hello({"name": "none"}, [], 0, control=False), print) as feed:
        assert feed.url.startswith("http://127.0.0.1:")


def test_the_page_ends_by_itself() -> None:
    """Nobody has to kill it when the run has nothing more to say."""
    with Feed(Hello({"name": "none"}, [], 0, control=False), print) as feed:
        process = feed._process
    assert process.returncode == 0


def test_the_page_does_not_outlive_a_run_that_is_killed(target: RunningEmulator, tmp_path: Path) -> None:
    """Browsers are told first."""
    with watched(tmp_path, target, seconds=60) as run:
        told = run.address.told()
        next(event for event in told if event.data["rows"])
        child = run.child()
        run.process.kill()
        last = list(told)[-1]
        until(lambda: gone(child), "the page's process to end")
    assert last.kind == "end"
    assert "has gone" in last.data["failed"]


def test_ctrl_c_at_a_terminal_is_not_meant_for_the_page(target: RunningEmulator, tmp_path: Path) -> None:
    """The whole process group is interrupted: the page stays, and tells how the run ended."""
    with watched(tmp_path, target, seconds=60) as run:
        told = run.address.told()
        next(event for event in told if event.data["rows"])
        os.killpg(run.process.pid, signal.SIGINT)
        os.kill(run.child(), signal.SIGINT)
        last = list(told)[-1]
        code, _, errors = run.wait()
    assert code == 130
    assert last.kind == "end"
    assert not last.data["failed"]
    assert "the page" not in errors


def test_the_page_has_no_use_for_secrets(
    target: RunningEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither those of AWS nor those of a collector."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=s3cr3t")
    with watched(tmp_path, target, seconds=60) as run:
        known = Path(f"/proc/{run.child()}/environ").read_text()
        words = Path(f"/proc/{run.child()}/cmdline").read_text()
    assert SECRET not in known
    assert "s3cr3t" not in known
    assert run.address.token not in words + known


def test_the_page_keeps_off_the_core_on_which_the_run_is_kept(target: RunningEmulator, tmp_path: Path) -> None:
    """It waits for a core rather than take one from the run."""
    allowed = os.sched_getaffinity(0)
    with watched(tmp_path, target, seconds=60) as run:
        nice = os.getpriority(os.PRIO_PROCESS, run.child())
    assert nice > os.getpriority(os.PRIO_PROCESS, 0)
    if len(allowed) == 1:
        pytest.skip("this machine has one core")
    (tmp_path / "again").mkdir()
    os.sched_setaffinity(0, {max(allowed)})
    try:
        with watched(tmp_path / "again", target, seconds=60) as run:
            kept = os.sched_getaffinity(run.child())
    finally:
        os.sched_setaffinity(0, allowed)
    assert max(allowed) not in kept


def test_a_port_that_is_taken_ends_it_before_it_begins(target: RunningEmulator, tmp_path: Path) -> None:
    """Nothing is sent, and nothing is written."""
    target.reset()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(AssertionError, match=r"cannot listen on 127\.0\.0\.1"), watched(tmp_path, target, port):
            pass
    assert not (tmp_path / "out").exists()
    assert target.truth() == []


def test_control_needs_a_page(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "asyncload", "run", "--web-control", "--endpoint", "x", "--region", "us-east-1",
         "--model", "a", "--rate", "1", "--duration", "1s"],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--web-control" in done.stderr
    assert "Traceback" not in done.stderr


def test_seconds_are_told_as_they_pass(target: RunningEmulator, tmp_path: Path) -> None:
    """Not all at the end: two updates come while the run has no result yet."""
    with watched(tmp_path, target, seconds=60) as run:
        told = run.address.told()
        seen = [next(event for event in told if event.kind == "update") for _ in range(2)]
        assert run.process.poll() is None
        assert not (tmp_path / "out" / "result.json").exists()
        told.close()
        run.process.send_signal(signal.SIGINT)
        run.wait()
    assert seen[0].data["rows"][-1]["at"] < seen[1].data["rows"][-1]["at"]
