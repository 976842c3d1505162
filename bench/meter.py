"""
The meter: CPU time of a process over a window, and the requests that the target began in it.

Both are read from outside, so every client is measured by the same two witnesses: the kernel for the CPU time (user
and system, all threads, in ticks of 10 ms), nginx for the requests. Start-up and shutdown lie outside the window.
What others took of the client's core meanwhile is read too: where that is more than a few per cent, the figure is not
to be believed.
"""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.target import Target

_FLOWS = 1000
"""So many requests show that a client has begun."""
_BEGIN_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What a client used over the window."""

    requests: int
    elapsed_s: float
    user_s: float
    system_s: float
    core_s: float
    """For how long the client's core was busy, with whatever."""

    @property
    def cpu_us(self) -> float:
        """CPU time per request, us."""
        return (self.user_s + self.system_s) / self.requests * 1e6

    @property
    def user_us(self) -> float:
        """User time per request, us."""
        return self.user_s / self.requests * 1e6

    @property
    def system_us(self) -> float:
        """System time per request, us."""
        return self.system_s / self.requests * 1e6

    @property
    def share(self) -> float:
        """CPU time over elapsed time: near 1 if the client was the bottleneck."""
        return (self.user_s + self.system_s) / self.elapsed_s

    @property
    def others_share(self) -> float:
        """What others, the hypervisor included, took of the client's core."""
        return max(self.core_s - self.user_s - self.system_s, 0.0) / self.elapsed_s


def meter(process: "subprocess.Popen[str]", target: Target, settle_s: float, window_s: float) -> Usage:
    """
    Wait until requests flow, let them settle, then measure over a window.

    Args:
        process: The client, on one core.
        target: Where its requests are counted.
        settle_s: Between the first requests and the window.
        window_s: Length of the window.

    Raises:
        RuntimeError: If none flow, or the process ended before the window did.
    """
    _wait_for_requests(process, target)
    time.sleep(settle_s)
    (core,) = os.sched_getaffinity(process.pid)
    begin = _read(process.pid, core, target)
    time.sleep(window_s)
    if process.poll() is not None:
        raise RuntimeError(f"{process.args!r} ended within the window, with {process.returncode}")
    end = _read(process.pid, core, target)
    # The question at the end counts itself; the one at the beginning was counted in it already.
    requests = int(end[0] - begin[0]) - 1
    if requests <= 0:
        raise RuntimeError(f"{process.args!r} sent nothing within the window")
    return Usage(requests, *(after - before for before, after in zip(begin[1:], end[1:], strict=True)))


def _wait_for_requests(process: "subprocess.Popen[str]", target: Target) -> None:
    deadline_s = time.monotonic() + _BEGIN_LIMIT_S
    before = target.requests()
    while target.requests() < before + _FLOWS:
        if process.poll() is not None or time.monotonic() > deadline_s:
            process.terminate()
            said, errors = process.communicate(timeout=_BEGIN_LIMIT_S)
            raise RuntimeError(f"{process.args!r} sent nothing: {(errors or said).strip()[-1000:]}")
        time.sleep(0.05)


def _read(pid: int, core: int, target: Target) -> tuple[int, float, float, float, float]:
    """Requests so far, time, user and system time of a process, and busy time of a core, s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    now_s, tick_s = time.monotonic(), 1 / os.sysconf("SC_CLK_TCK")
    return target.requests(), now_s, int(fields[11]) * tick_s, int(fields[12]) * tick_s, _busy_ticks(core) * tick_s


def _busy_ticks(core: int) -> int:
    """Ticks that a core was not idle: user, nice, system, irq, softirq and steal of proc(5)."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            return sum(int(ticks[i]) for i in (0, 1, 2, 5, 6, 7))
    raise RuntimeError(f"/proc/stat has no cpu{core}")
