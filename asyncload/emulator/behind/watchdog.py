"""
A program that ends another one when its own starter is gone. It stands alone: Python's standard library, no asyncload.

    python watchdog.py LOG SCRATCH COMMAND...

It starts COMMAND in the folder SCRATCH as the leader of a process group, its output appended to LOG, and prints its
process id. Then it waits for the first of

    its standard input ends     whoever started it is gone, however that came, SIGKILL included, or wants an end
    COMMAND ends                so may have left processes of its own behind
    SIGTERM, SIGINT, SIGHUP

and ends the whole group: SIGTERM to COMMAND, SIGKILL to the group when COMMAND has ended or GRACE_S has passed. If its
standard input has ended it removes SCRATCH.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

GRACE_S = 2.0


def main() -> int:
    """Run, and return the exit code of the command."""
    log, scratch, *command = sys.argv[1:]
    wake, woken = os.pipe()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: _write(woken))
    with Path(log).open("ab") as output:
        child = subprocess.Popen(  # noqa: S603  the command is the starter's
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=scratch, process_group=0
        )
    print(child.pid, flush=True)  # noqa: T201  the starter reads it
    threading.Thread(target=_wait, args=(child, woken), daemon=True).start()
    starter = sys.stdin.fileno()
    gone = starter in select.select([starter, wake], [], [])[0]
    end(child)
    if gone:
        shutil.rmtree(scratch, ignore_errors=True)
    return child.returncode


def end(child: "subprocess.Popen[bytes]") -> None:
    """End a process and the whole group that it leads."""
    if child.poll() is None:
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_S)
    with suppress(ProcessLookupError):  # raised if the group is empty
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _wait(child: "subprocess.Popen[bytes]", woken: int) -> None:
    child.wait()
    _write(woken)


def _write(woken: int) -> None:
    os.write(woken, b".")


if __name__ == "__main__":
    sys.exit(main())
