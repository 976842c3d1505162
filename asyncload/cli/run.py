"""Carry out a run with a person, a pipe or a program watching."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Protocol

from rich.console import Console

from asyncload.cli.page import leave_page
from asyncload.cli.view import AskedView, mistakes, spans_of
from asyncload.errors import Problem, ScenarioError
from asyncload.options import Options, Stop
from asyncload.report.live import LiveView, LogLines
from asyncload.report.terminal import show
from asyncload.result import RunResult
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
    allow_undecided: bool = False
    """Whether an objective that the run cannot decide is as good as one that is met."""
    asked: AskedView = field(default_factory=AskedView)
    """The table in the middle of the report."""


class Watcher(Protocol):
    """Somebody who watches a run: entered before it, told of each second on the loop that measures, left after it."""

    def __enter__(self) -> object: ...

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Take a second of the run; what this raises ends it."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None: ...


def execute(
    scenario: Scenario,
    printing: Printing,
    options: Options,
    *,
    watchers: Sequence[Callable[[Stop], Watcher]] = (),
    ended: Sequence[Callable[[RunResult, Path], None]] = (),
    html: bool = True,
) -> int:
    """
    Run a scenario, print its result, and return the exit code.

    Args:
        scenario: What to send.
        printing: What to print.
        options: How; without a run directory it gets one.
        watchers: Who watches, beside whoever reads the terminal.
        ended: Are told of the result and of the run directory when all is in there.
        html: Whether the run directory gets its page.

    Raises:
        ScenarioError: If what is to be printed cannot be meant; nothing was sent.
    """
    problems = [Problem("", words) for words in mistakes(printing.asked, "--json" if printing.as_json else "")]
    if problems:
        raise ScenarioError("options", problems)
    directory = options.out or new_directory(scenario.name, time.time())
    options = replace(options, out=directory)
    notes = Console(stderr=True)
    stop = Stop()
    guests = [watcher(stop) for watcher in watchers]
    with ExitStack() as staying:  # guests stay until the result is printed: some wait for theirs to fetch it
        for guest in guests:
            staying.enter_context(guest)
        result = carried_out(scenario, options, stop, notes, own=views(printing, notes), guests=guests)
        code = print_result(result, printing, directory)
        if not printing.as_json:
            sys.stdout.write(f"\nRun directory: {directory}\n")
        sys.stdout.flush()
        if html and not result.health.store_error:
            leave_page(result, directory, told=not printing.as_json)
        sys.stdout.flush()
        for tell in ended:
            tell(result, directory)
    if result.health.interrupted and not result.stopped:
        return INTERRUPTED
    return FAILED if result.health.store_error else code


def print_result(result: RunResult, printing: Printing, directory: Path | None = None) -> int:
    """Print the result of a run directory, or of a result.json, and return its exit code."""
    if printing.as_json:
        sys.stdout.write(result.to_json().decode() + "\n")
    else:
        view = printing.asked.view
        show(result, Console(), view, spans_of(directory, view))
    return exit_code(result, allow_undecided=printing.allow_undecided)


def exit_code(result: RunResult, *, allow_undecided: bool = False) -> int:
    """
    What a result says to a program: whether it may be believed, and then whether it shows what it should.

    Args:
        result: Of one run, or of several merged ones.
        allow_undecided: Whether an objective that it cannot decide is as good as one that is met.
    """
    if not result.verdict.valid:
        return INVALID
    good = {"MET", "UNDECIDED"} if allow_undecided else {"MET"}
    met = all(objective.answer in good for objective in result.objectives)
    return DONE if met and not result.stopped else MISSED


def carried_out(
    scenario: Scenario,
    options: Options,
    stop: Stop,
    notes: Console,
    *,
    own: Sequence[Watcher],
    guests: Sequence[Watcher],
) -> RunResult:
    """
    Carry out a run on a loop of its own.

    Args:
        scenario: What to send.
        options: How; who is told of each second is put in.
        stop: Ends it early; Ctrl-C asks it too.
        notes: Where it is said that it ends.
        own: Who watches, and goes when the run has ended.
        guests: Who watches besides, and is there already.
    """
    watching = [*own, *guests]

    def on_snapshot(snapshot: Snapshot) -> None:
        for watcher in watching:
            watcher.on_snapshot(snapshot)

    told = replace(options, on_snapshot=on_snapshot if watching else None)
    from asyncload.runner import new_loop  # noqa: PLC0415  # transports take their time, and a report needs none

    with asyncio.Runner(loop_factory=new_loop) as runner, ExitStack() as stack:
        for watcher in own:
            stack.enter_context(watcher)
        return runner.run(_until_interrupted(scenario, told, stop, notes))


def views(printing: Printing, notes: Console) -> list[Watcher]:
    """Return what is shown of a run while it lasts."""
    if printing.quiet:
        return []
    return [LiveView(notes) if notes.is_terminal and not printing.as_json else LogLines(notes)]


async def _until_interrupted(scenario: Scenario, options: Options, stop: Stop, notes: Console) -> RunResult:
    """Run; the first Ctrl-C ends the sending, the second the waiting."""
    loop = asyncio.get_running_loop()
    from asyncload.runner import arun  # noqa: PLC0415  # likewise

    task = asyncio.ensure_future(arun(scenario, options, stop))

    def interrupt() -> None:
        stop.ask()
        if stop.asked == 1:
            notes.print("stopping: waiting for replies; press Ctrl-C again to end at once")
        else:
            task.cancel() if stop.asked > 2 else None

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt)
    try:
        return await task
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):  # the loop forgets to give them back, and somebody may yet wait
            loop.remove_signal_handler(number)
