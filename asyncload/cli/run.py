"""Carry out a run with a person, a pipe or a program watching."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

from rich.console import Console

from asyncload.aws.credentials import CredentialSource
from asyncload.options import Options, Stop
from asyncload.report.live import LiveView, LogLines
from asyncload.report.terminal import show
from asyncload.result import RunResult
from asyncload.runner import arun, new_loop
from asyncload.scenario import Scenario
from asyncload.snapshot import Snapshot
from asyncload.store import new_directory

DONE, FAILED, INVALID, MISSED, INTERRUPTED = 0, 1, 3, 4, 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Printing:
    """What is printed, and for whom."""

    as_json: bool = False
    """Only the result, as JSON, on standard output."""
    quiet: bool = False
    """Nothing while the run lasts."""


class Watcher(Protocol):
    """Somebody who watches a run: entered before it, told of each second on the loop that measures, left after it."""

    def __enter__(self) -> object: ...

    def on_snapshot(self, snapshot: Snapshot) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None: ...


def execute(
    scenario: Scenario,
    printing: Printing,
    *,
    watchers: Sequence[Callable[[Stop], Watcher]] = (),
    out: Path | None,
    rank: int = 0,
    world: int = 1,
    samples: bool = False,
    allow_plaintext: bool = False,
    credentials: CredentialSource | None = None,
) -> int:
    """Run a scenario, print its result, and return the exit code."""
    directory = out or new_directory(scenario.name, time.time())
    notes = Console(stderr=True)
    stop = Stop()
    watching: list[Watcher] = [*_views(printing, notes), *(watcher(stop) for watcher in watchers)]

    def on_snapshot(snapshot: Snapshot) -> None:
        for watcher in watching:
            watcher.on_snapshot(snapshot)

    options = Options(
        rank=rank, world=world, out=directory, samples=samples, allow_plaintext=allow_plaintext,
        credentials=credentials, on_snapshot=on_snapshot if watching else None,
    )  # fmt: skip
    with asyncio.Runner(loop_factory=new_loop) as runner, ExitStack() as stack:
        for watcher in watching:
            stack.enter_context(watcher)
        result = runner.run(_until_interrupted(scenario, options, stop, notes))
    code = print_result(result, printing)
    if not printing.as_json:
        sys.stdout.write(f"\nRun directory: {directory}\n")
    return INTERRUPTED if result.health.interrupted else FAILED if result.health.store_error else code


def print_result(result: RunResult, printing: Printing) -> int:
    """Print a result and return the exit code of its verdict."""
    if printing.as_json:
        sys.stdout.write(result.to_json().decode() + "\n")
    else:
        show(result, Console())
    return DONE if result.verdict.valid else INVALID


def _views(printing: Printing, notes: Console) -> list[Watcher]:
    if printing.quiet:
        return []
    return [LiveView(notes) if notes.is_terminal and not printing.as_json else LogLines(notes)]


async def _until_interrupted(scenario: Scenario, options: Options, stop: Stop, notes: Console) -> RunResult:
    """Run; the first Ctrl-C ends the sending, the second the waiting."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(arun(scenario, options, stop))

    def interrupt() -> None:
        stop.ask()
        if stop.asked == 1:
            notes.print("stopping: waiting for replies; press Ctrl-C again to end at once")
        else:
            task.cancel() if stop.asked > 2 else None

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt)
    return await task
