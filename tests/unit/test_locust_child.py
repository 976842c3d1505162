"""locust.child: a process that is watched, pinned and ended; the processes here are Python's own."""

import os
import sys
import time
from pathlib import Path

import pytest

from asyncload.locust.child import Child, Ended, Overdue, Stopped, run_child, spare_core

IGNORES = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def python(code: str, log: Path, **changes: object) -> Child:
    return Child(command=[sys.executable, "-c", code], log=log, **{"limit_s": 30.0, **changes})  # type: ignore[arg-type]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_its_exit_code_its_words_and_its_cpu_time_are_known(tmp_path: Path) -> None:
    """CPU time is that of its whole life, by the kernel's count."""
    code = "import time\nwhile time.process_time() < 0.3: pass\nprint('done'); raise SystemExit(7)"
    ended = run_child(python(code, tmp_path / "log"))
    assert ended.code == 7
    assert (tmp_path / "log").read_text() == "done\n"
    assert 0.3 <= ended.cpu_s < 5


@pytest.mark.skipif(spare_core() is None, reason="needs a second core, and an operating system that lets one choose")
def test_it_stays_on_its_core(tmp_path: Path) -> None:
    """The core that is named, and no other; this process stays where it is."""
    before = os.sched_getaffinity(0)
    code = "import os, time; time.sleep(0.2); print(*os.sched_getaffinity(0))"
    run_child(python(code, tmp_path / "log", core=spare_core()))
    assert (tmp_path / "log").read_text().split() == [str(spare_core())]
    assert os.sched_getaffinity(0) == before


def test_it_is_ended_when_it_takes_too_long(tmp_path: Path) -> None:
    """By SIGTERM, and by SIGKILL if it does not care."""
    code = "import os; print(os.getpid(), flush=True); " + IGNORES
    with pytest.raises(Overdue, match="within 1 s"):
        run_child(python(code, tmp_path / "log", limit_s=1.0))
    assert gone(int((tmp_path / "log").read_text().split()[0]))


def test_it_is_ended_when_whoever_watches_it_wants_to_stop(tmp_path: Path) -> None:
    """Within a second, and nothing is left of it."""
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    log = tmp_path / "log"
    began_s = time.monotonic()
    with pytest.raises(Stopped):
        run_child(python(code, log), stop=lambda: bool(log.exists() and log.read_text()))
    assert time.monotonic() - began_s < 20
    assert gone(int(log.read_text()))


def test_it_has_the_environment_and_the_folder_that_it_is_given(tmp_path: Path) -> None:
    """And nothing of this process's own; its standard input is empty."""
    code = "import os, sys; print(sorted(os.environ)[:1], os.getcwd(), repr(sys.stdin.read()))"
    child = python(code, tmp_path / "log", environment={"A_KEY": "x"}, directory=tmp_path)
    run_child(child)
    assert (tmp_path / "log").read_text() == f"['A_KEY'] {tmp_path} ''\n"


def test_the_time_for_which_others_had_its_core_is_that_between_two_moments() -> None:
    """From the first reading inside to the last; none without readings."""
    ended = Ended(0, 1.0, ((10.0, 0.1), (11.0, 0.2), (12.0, 0.5), (13.0, 0.9)))
    assert ended.kept_s(10.5, 12.5) == pytest.approx(0.3)
    assert ended.kept_s(20.0, 30.0) == 0.0
