"""Start-up: how long `asyncload --help` takes at a terminal. The first call, which compiles, is not counted."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from bench.context import Context
from bench.pin import pinned
from bench.rows import Findings, Row

_MOST_S = 0.3


def measure(context: Context) -> Findings:
    """Time the command, from its start to its end."""
    installed = Path(sys.executable).parent / "asyncload"
    command = (
        [str(installed)] if installed.is_file() else [sys.executable, "-c", "from asyncload.cli import main; main()"]
    )
    _time(command, context)
    several_s = [_time(command, context) for _ in range(context.pick(10, 3))]
    middle_s = median(several_s)
    yield Row(
        "`asyncload --help`", f"< {_MOST_S} s",
        f"{middle_s:.3f} s, median of {len(several_s)} ({min(several_s):.3f} to {max(several_s):.3f})",
        reached=middle_s < _MOST_S,
    )  # fmt: skip


def _time(command: list[str], context: Context) -> float:
    with pinned(context.cores.generator):
        began_s = time.perf_counter()
        subprocess.run([*command, "--help"], check=True, capture_output=True, timeout=60)
        return time.perf_counter() - began_s
