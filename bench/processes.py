"""Processes of the suite: found, started on a core, asked as JSON, ended by their id."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from bench.pin import pinned
from bench.rows import MissingToolError

_END_S = 10.0


def tool(name: str, package: str) -> str:
    """
    Find a program, beside this interpreter first.

    Args:
        name: Of the program.
        package: What to say if it is not there.

    Raises:
        MissingToolError: If it is not installed.
    """
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.is_file() else shutil.which(name, path="/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin")
    if found is None:
        raise MissingToolError(f"{name} is not installed; {package}")
    return found


def end(process: "subprocess.Popen[str]") -> None:
    """End a process that the suite started, and wait for it."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def started(
    command: Sequence[str],
    core: int,
    given: str = "",
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Iterator["subprocess.Popen[str]"]:
    """
    Start a process on a core, and end it on leaving.

    Args:
        command: Program and arguments.
        core: Where it and its threads stay.
        given: Written to its standard input, which is then closed.
        environment: Instead of this process's own.
        directory: Where it runs; here, if not said.
    """
    pipe = subprocess.PIPE
    with pinned(core):
        process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment, cwd=directory
        )
    try:
        assert process.stdin is not None
        process.stdin.write(given)
        process.stdin.close()
        process.stdin = None  # communicate() must not flush it again
        yield process
    finally:
        end(process)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def child(module: str) -> list[str]:
    """Command that runs one of the suite's modules in a process of its own."""
    return [sys.executable, "-m", f"bench.{module}"]


def answer_of(process: "subprocess.Popen[str]", limit_s: float) -> Any:
    """
    Wait for a child's answer, which is the JSON on its standard output.

    Raises:
        RuntimeError: If it failed; with what it said.
        subprocess.TimeoutExpired: If it took longer than `limit_s`.
    """
    said, errors = process.communicate(timeout=limit_s)
    if process.returncode:
        raise RuntimeError(f"{process.args!r} ended with {process.returncode}: {errors.strip()[-2000:]}")
    return msgspec.json.decode(said)


def ask(module: str, question: object, core: int, limit_s: float) -> Any:
    """Run one of the suite's modules on a core with a question as JSON, and return its answer."""
    with started(child(module), core, msgspec.json.encode(question).decode()) as process:
        return answer_of(process, limit_s)
