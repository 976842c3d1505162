"""The other process: started, bounded in time and output, and ended."""

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Final

import msgspec

import asyncload
from asyncload.errors import StartError
from asyncload.locust.importer.findings import Answer, Job

_MOST_BYTES: Final = 1 << 30
_LAST_WORDS_BYTES: Final = 4096
_GRACE_S: Final = 20.0
"""For starting, and for what comes after the time of the last job."""
_START: Final = """
import importlib.util, runpy, sys
spec = importlib.util.spec_from_file_location("asyncload", sys.argv.pop())
sys.modules["asyncload"] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
runpy.run_module("asyncload.locust.importer.probe", run_name="__main__")
"""
"""
Runs this package and no other, wherever it was found. -P keeps the current directory, which holds who knows what, from
standing before Python's own modules.
"""


def look_into(jobs: Sequence[Job]) -> list[Answer]:
    """
    Run locustfiles, each in a process of its own, one after the other.

    Raises:
        StartError: If the process that runs them fails, which is no fault of a locustfile.
    """
    # The order of sets is the order of an import's output; and nothing is written beside the locustfile.
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(  # noqa: S603  this interpreter, and a program of our own
        [sys.executable, "-P", "-c", _START, asyncload.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    ) as process:
        try:
            out, last_words = _talk(process, msgspec.json.encode(jobs), sum(job.limit_s for job in jobs) + _GRACE_S)
        finally:
            process.kill()
    try:
        answers = [msgspec.json.decode(line, type=Answer) for line in out.splitlines()]
    except msgspec.DecodeError:
        answers = []
    if len(answers) != len(jobs):
        raise StartError(f"the process that looks into locustfiles failed: {last_words or 'it ran out of time'}")
    return answers


def _talk(process: "subprocess.Popen[bytes]", said: bytes, limit_s: float) -> tuple[bytes, str]:
    """Write to a process and read what it writes, to its end or for so long; returns its output and last words."""
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise AssertionError("all three are pipes")
    until_s = time.monotonic() + limit_s
    out, errors = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, out)
        selector.register(process.stderr, selectors.EVENT_READ, errors)
        process.stdin.write(said)
        process.stdin.close()
        while selector.get_map() and (left_s := until_s - time.monotonic()) > 0 and len(out) < _MOST_BYTES:
            for key, _ in selector.select(left_s):
                part = os.read(key.fd, 1 << 16)
                if not part:
                    selector.unregister(key.fileobj)
                key.data.extend(part)
            del errors[:-_LAST_WORDS_BYTES]
    return bytes(out), errors.decode(errors="replace").strip()
