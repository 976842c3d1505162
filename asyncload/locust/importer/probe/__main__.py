"""The process: reads jobs, runs each in a process of its own, writes an answer for each, one JSON document a line."""

import os
import re
import select
import signal
import sys
import time
import traceback
from contextlib import suppress
from typing import Final, Literal

import msgspec

from asyncload.locust.importer.findings import Answer, Ended, Findings, Job
from asyncload.locust.importer.probe.confine import take_network_away
from asyncload.locust.importer.probe.places import Places

# gevent replaces these when Locust is imported; what is needed here are the true ones.
_fork, _waitpid, _close, _poll, _clock_s = os.fork, os.waitpid, os.close, select.poll, time.monotonic

_GRACE_S: Final = 5.0
"""How long after its time a job's process is waited for: it ends itself, and says where it stood."""
_MOST_BYTES: Final = 1 << 30
_STAGE: Final = b"S"
_FINDINGS: Final = b"F"
_FAULT: Final = b"E"
_LAST_WORDS: Final = 2000
_FRAME: Final = re.compile(r' *File "(?P<file>.*)", line (?P<line>[0-9]+) in ')


def main() -> int:
    """Run every job of standard input."""
    answers = os.dup(1)
    os.dup2(2, 1)  # what a locustfile prints is no answer
    jobs = msgspec.json.decode(sys.stdin.buffer.read(), type=list[Job])
    take_network_away()
    missing = _missing()
    for job in jobs:
        answer = Answer(missing=missing) if missing else _answer(job)
        with os.fdopen(os.dup(answers), "wb") as file:
            file.write(msgspec.json.encode(answer) + b"\n")
    return 0


def _missing() -> str:
    """Import what every job needs, before processes part; returns the name of what is not there."""
    try:
        import locust  # noqa: F401, PLC0415  the first import, for gevent patches what others import
    except ModuleNotFoundError as error:
        return error.name or "locust"
    with suppress(ModuleNotFoundError):
        import boto3  # noqa: F401, PLC0415  a locustfile may do without
    return ""


def _answer(job: Job) -> Answer:
    """Run one job in a process of its own."""
    reading, writing = os.pipe()
    stacks_reading, stacks_writing = os.pipe()
    pid = _fork()
    if not pid:
        _run(job, writing, stacks_writing)
    _close(writing)
    _close(stacks_writing)
    told = _read(reading, _clock_s() + job.limit_s + _GRACE_S)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)  # it has said all; what its threads and exit handlers would do is not wanted
    _, status = _waitpid(pid, 0)
    stacks = _read(stacks_reading, _clock_s() + _GRACE_S)
    return _judged(job, told, stacks.decode(errors="replace"), status)


def _run(job: Job, writing: int, stacks: int) -> None:
    """Run a job in this process, which ends with it."""
    code = 70
    try:
        from asyncload.locust.importer.probe.job import look_into  # noqa: PLC0415  it imports Locust

        def announce(stage: str) -> None:
            os.write(writing, _STAGE + msgspec.json.encode(stage) + b"\n")

        findings = _FINDINGS + msgspec.json.encode(look_into(job, announce, stacks)) + b"\n"
        with os.fdopen(writing, "wb", closefd=False) as file:
            file.write(findings)
        code = 0
    except BaseException:  # noqa: BLE001  a fault of ours, which must not be taken for the file's
        os.write(writing, _FAULT + msgspec.json.encode(traceback.format_exc()[-_LAST_WORDS:]) + b"\n")
    finally:
        os._exit(code)  # exit handlers are the file's, and it is done


def _judged(job: Job, told: bytes, stacks: str, status: int) -> Answer:
    """Return the answer that a process gave, or how it ended without one."""
    stage = ""
    for line in told.splitlines():
        if line[:1] == _FINDINGS:
            return Answer(findings=msgspec.json.decode(line[1:], type=Findings))
        stage = msgspec.json.decode(line[1:], type=str)
        if line[:1] == _FAULT:
            return Answer(fault=stage)
    where = _where(job, stacks)
    code = os.waitstatus_to_exitcode(status)
    late = stacks.startswith("Timeout") or code == -signal.SIGKILL
    how: Literal["time", "exit", "signal"] = "time" if late else "exit" if code >= 0 else "signal"
    return Answer(ended=Ended(how=how, number=abs(code), stage=stage, where=where))


def _where(job: Job, stacks: str) -> str:
    """Return the innermost line of the file's own in the stacks that a process left, the thread that ran it first."""
    places = Places(job.file)
    lines = [found for text in stacks.splitlines() if (found := _FRAME.match(text))]
    own = [places.at(found["file"], int(found["line"])) for found in lines if places.is_own(found["file"])]
    return own[0] if own else ""


def _read(descriptor: int, until_s: float) -> bytes:
    """Read a pipe to its end, until that time, or until there is too much of it."""
    parts: list[bytes] = []
    size = 0
    waiting = _poll()
    waiting.register(descriptor, select.POLLIN)
    while size < _MOST_BYTES and waiting.poll(max((until_s - _clock_s()) * 1000, 0)):
        part = os.read(descriptor, 1 << 20)
        if not part:
            break
        parts.append(part)
        size += len(part)
    _close(descriptor)
    return b"".join(parts)


if __name__ == "__main__":
    sys.exit(main())
