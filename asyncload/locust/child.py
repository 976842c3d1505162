"""
A generator as a process of its own: kept on one core, watched while it runs, its CPU time counted, ended by its handle.

The process has a session of its own, so that Ctrl-C at the terminal reaches only whoever watches it: a run that was
stopped half-way is no measurement, and its numbers must not be mistaken for one.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_POLL_S = 0.05
_END_S = 5.0
_AGAIN_S = 1.0


class Stopped(Exception):  # noqa: N818  # not an error: somebody asked for it
    """The watching was ended before the process was."""


class Overdue(Exception):  # noqa: N818  # the text says what is wrong
    """The process did not end in time, and was ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """What is started, and how."""

    command: Sequence[str]
    log: Path
    """Where its standard output and standard error go."""
    directory: Path | None = None
    """Where it runs; here, if not said."""
    core: int | None = None
    """The only core that it may use."""
    environment: Mapping[str, str] | None = field(default=None, repr=False)
    """Instead of this process's own."""
    limit_s: float
    """It is ended when it has run so long."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended."""

    code: int
    """Its exit code, or minus the signal that ended it."""
    cpu_s: float
    """User and system time of its whole life, start-up and children included (getrusage)."""
    kept: tuple[tuple[float, float], ...]
    """Readings of (wall clock, time so far for which it was ready and others had its core), s; none without /proc."""

    def kept_s(self, begin_unix_s: float, end_unix_s: float) -> float:
        """How long it was kept from its core between two moments; 0 where that cannot be read."""
        inside = [kept for moment, kept in self.kept if begin_unix_s <= moment <= end_unix_s]
        return inside[-1] - inside[0] if inside else 0.0


def spare_core() -> int | None:
    """The last of several cores that this process may use; None if there is one only, or they cannot be chosen."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[-1] if len(allowed) > 1 else None


def run_child(child: Child, stop: Callable[[], bool] = lambda: False) -> Ended:
    """
    Start a process, wait for its end, and say what it used.

    Raises:
        Stopped: If `stop` became true; the process has ended then.
        Overdue: If it took longer than its limit; likewise.
        OSError: If it cannot be started.
    """
    kept: list[tuple[float, float]] = []
    with child.log.open("wb") as log, _started(child, log.fileno()) as process:
        deadline_s = time.monotonic() + child.limit_s
        while (usage := _ended(process)) is None:
            if stop():
                raise Stopped
            if time.monotonic() > deadline_s:
                raise Overdue(f"it did not end within {child.limit_s:.0f} s")
            kept.extend(_kept_so_far(process.pid))
            time.sleep(_POLL_S)
    assert process.returncode is not None  # noqa: S101  # _ended has set it
    return Ended(process.returncode, usage, tuple(kept))


@contextmanager
def _started(child: Child, log: int) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(  # noqa: S603  # our own command
        child.command,
        cwd=child.directory,
        env=child.environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        if child.core is not None:
            os.sched_setaffinity(process.pid, {child.core})
        yield process
    finally:
        _end(process)


def _ended(process: "subprocess.Popen[bytes]") -> float | None:
    """CPU time of a process that has ended, s; None while it runs."""
    pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    if not pid:
        return None
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask twice, for an asyncload run waits for replies when it is asked once; then do not ask."""
    if process.returncode is not None:
        return
    for patience_s in (_AGAIN_S, _END_S):
        process.terminate()
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue
        return
    process.kill()
    process.wait()


def _kept_so_far(pid: int) -> list[tuple[float, float]]:
    """
    Read how long a process was ready to run and did not: its first thread, in which both generators have their loop.

    Source:
        Documentation/scheduler/sched-stats.rst of Linux: the second number of /proc/<pid>/schedstat, ns.
    """
    try:
        kept_ns = int(Path(f"/proc/{pid}/schedstat").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return []  # no /proc, a kernel without schedstat, or a process that has just ended
    return [(time.time(), kept_ns / 1e9)]
