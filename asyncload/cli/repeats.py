"""
Run a scenario several times, alternating with another one if asked to, and tell what all runs say together.

    OUT/01, OUT/02, ...              the repeats of one scenario
    OUT/A/01, OUT/B/01, OUT/B/02...  those of two that alternate: A B, B A, A B, ...

Each repeat has the next seed, so that their arrivals are independent of one another; the two of a pair have the same
one, so that they meet the same arrivals. A run's directory is complete when the next begins: whatever ends the whole,
what is done stays, and is read back by `report` and `compare`.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.console import Console

from asyncload.cli.judged import judged
from asyncload.cli.page import leave_page
from asyncload.cli.run import (
    DONE,
    FAILED,
    INTERRUPTED,
    INVALID,
    MISSED,
    Printing,
    Watcher,
    carried_out,
    exit_code,
    views,
)
from asyncload.cli.view import mistakes
from asyncload.difference import Differences, differences
from asyncload.difference.document import document as differences_document
from asyncload.errors import AsyncloadError, Problem, ScenarioError, StoreError
from asyncload.formats.recording import Recording
from asyncload.options import Options, Stop
from asyncload.repeats import Repeats, is_whole
from asyncload.report.comparison.differences import show as show_differences
from asyncload.report.repeated import document
from asyncload.report.repeats import line_of, show
from asyncload.result import RunResult
from asyncload.scenario import Scenario
from asyncload.store import numbered, read, read_history, runs_of, sides_of
from asyncload.store.repeats import SIDES
from asyncload.units import parse_duration_ns

Watchers = Callable[[Scenario, Path], Sequence[Callable[[Stop], Watcher]]]
"""Who watches a run, made anew for each."""
_SEEDS: Final = 1 << 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How often, and beside what."""

    repeats: int | None
    against: Scenario | None = None
    pause: str | None = None
    """Between two runs; none if not said."""
    out: Path
    options: Options
    """Of each run; its directory is put in."""
    html: bool = True
    """Whether each run directory gets its page."""
    web: bool = False
    """Whether a page was asked for that shows a run while it lasts."""


@dataclass(frozen=True, slots=True)
class _Turn:
    scenario: Scenario
    directory: Path
    lane: int = 0
    """Both runs of a pair have one seed, and each is a trace of its own."""


def execute_repeats(scenario: Scenario, printing: Printing, asked: Asked, watchers: Watchers) -> int:
    """
    Run, print a line for each run and then what they say together; return the exit code.

    Raises:
        UsageError: If the options cannot be meant together; nothing was sent.
        StoreError: If there are runs in the directory already; likewise.
        StartError: If a run could not begin; those before it are kept.
    """
    problems = [Problem("", words) for words in (*_mistakes(asked), *mistakes(printing.asked, "--repeats"))]
    if problems:
        raise ScenarioError("options", problems)
    pause_s = _pause_s(asked)
    turns = list(_turns(scenario, asked))
    taken = next((turn.directory for turn in turns if turn.directory.exists()), None)
    if taken is not None:
        raise StoreError(f"{taken}: is there already; give another --out, or remove it")
    notes, results = Console(stderr=True), list[RunResult]()
    try:
        for number, turn in enumerate(turns):
            if number and not _paused(pause_s):
                break
            results.append(_run(turn, printing, asked, watchers))
            if not printing.as_json:
                sys.stdout.write(f"{line_of(results[-1], _name(turn.directory, asked.out))}\n")
                sys.stdout.flush()
            if not is_whole(results[-1]):  # a stop rule stops its own run only
                break
    except AsyncloadError:
        if results:
            notes.print(f"the first {len(results)} of {len(turns)} runs are in {asked.out}")
        raise
    code = tell(asked.out, printing)
    interrupted = len(results) < len(turns) or not all(map(is_whole, results))
    return INTERRUPTED if interrupted and not any(result.health.store_error for result in results) else code


def _turns(scenario: Scenario, asked: Asked) -> Iterator[_Turn]:
    """Yield the runs in their order; of two that alternate, whose turn is first alternates too."""
    for number in range(1, (asked.repeats or 0) + 1):
        if asked.against is None:
            yield _Turn(_seeded(scenario, number), numbered(asked.out, number))
            continue
        pair = [
            _Turn(_seeded(each, number), numbered(asked.out / side, number), lane)
            for lane, (each, side) in enumerate(zip((scenario, asked.against), SIDES, strict=True))
        ]
        yield from pair if number % 2 else reversed(pair)


def _seeded(scenario: Scenario, number: int) -> Scenario:
    """The first run has the scenario's own seed, each other the next one."""
    return replace(scenario, seed=(scenario.seed + number - 1) % _SEEDS)


def _mistakes(asked: Asked) -> Iterator[str]:
    """Yield what cannot be meant."""
    if asked.repeats is None:
        given = " and ".join(
            name for name, value in (("--against", asked.against), ("--pause", asked.pause)) if value is not None
        )
        yield f"{given}: about runs that are repeated, and there is no --repeats"
    if asked.web:
        yield "--web: a page shows one run, and --repeats makes several; give one of them"
    try:
        _pause_s(asked)
    except ValueError as error:
        yield f"--pause: {error}"


def _pause_s(asked: Asked) -> float:
    return 0.0 if asked.pause is None else parse_duration_ns(asked.pause) / 1e9


def _paused(pause_s: float) -> bool:
    """Wait between two runs; False if somebody does not want to."""
    try:
        time.sleep(pause_s)
    except KeyboardInterrupt:
        return False
    return True


def _run(turn: _Turn, printing: Printing, asked: Asked, watchers: Watchers) -> RunResult:
    with ExitStack() as staying:
        notes, stop = Console(stderr=True), Stop()
        guests = [watcher(stop) for watcher in watchers(turn.scenario, turn.directory)]
        for guest in guests:
            staying.enter_context(guest)
        options = replace(asked.options, out=turn.directory, lane=turn.lane)
        result = carried_out(turn.scenario, options, stop, notes, own=views(printing, notes), guests=guests)
    if asked.html and not result.health.store_error:
        leave_page(result, turn.directory, told=False)
    return result


# -- what they say together -------------------------------------------------------------------------------------------


def tell(out: Path, printing: Printing, slo: tuple[str, ...] = ()) -> int:
    """
    Print what the runs in a directory of repeats say together, and return the exit code.

    Args:
        out: The directory.
        printing: How.
        slo: Objectives to judge each run by, instead of its own.

    Raises:
        StoreError: If a run cannot be read.
        UsageError: If an objective cannot be meant of these runs.
    """
    groups = [_Group(path.name, *read_repeats(path)) for path in sides_of(out)]
    groups = [_judged(group, slo) for group in groups or [_Group("", *read_repeats(out))]]
    found = _differences(groups) if len(groups) == 2 else None
    if printing.as_json:
        _write_json(groups, found)
    else:
        _print(out, groups, found)
    return max((_code(group, printing) for group in groups), key=(DONE, MISSED, INVALID, FAILED).index)


@dataclass(frozen=True, slots=True)
class _Group:
    label: str
    names: tuple[str, ...]
    recordings: tuple[Recording, ...]
    left_out: tuple[str, ...]
    """Runs that are there and not among them, and why."""

    @property
    def repeats(self) -> Repeats:
        return Repeats(tuple(recording.result for recording in self.recordings), self.names)


def _judged(group: _Group, slo: tuple[str, ...]) -> _Group:
    recordings = (replace(recording, result=judged(recording.result, slo)) for recording in group.recordings)
    return replace(group, recordings=tuple(recordings))


def read_repeats(path: Path) -> tuple[tuple[str, ...], tuple[Recording, ...], tuple[str, ...]]:
    """
    Read the runs in a directory of repeats.

    Returns:
        Their names; the runs; and which others were left out, for they were ended before their plan was, in words. If
        none reached its end, they are taken as they are.

    Raises:
        StoreError: If there are none, or one cannot be read.
    """
    paths = runs_of(path)
    if not paths:
        raise StoreError(f"{path}: no runs here; expected run directories 01, 02 and so on")
    read_ = [(child.name, Recording(read(child), read_history(child))) for child in paths]
    whole = [(name, recording) for name, recording in read_ if is_whole(recording.result)]
    kept = whole or read_
    names = {name for name, _ in kept}
    left_out = tuple(f"{name} was ended before its plan was, and is left out" for name, _ in read_ if name not in names)
    return tuple(name for name, _ in kept), tuple(recording for _, recording in kept), left_out


def _differences(groups: Sequence[_Group]) -> Differences:
    a, b = groups
    return differences(a.recordings, b.recordings, sources=(a.names, b.names))


def _write_json(groups: Sequence[_Group], found: Differences | None) -> None:
    documents = [document(group.repeats, group.names) for group in groups]
    told: dict[str, Any] = documents[0]
    if groups[0].label:
        compared = None if found is None else differences_document(found)
        told = {"schema": documents[0]["schema"], "sides": documents, "differences": compared}
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(told), indent=1).decode() + "\n")


def _print(out: Path, groups: Sequence[_Group], found: Differences | None) -> None:
    console = Console()
    for group in groups:
        console.print()
        show(group.repeats, group.names, console, group.label)
        for words in group.left_out:
            console.print(words, highlight=False)
    if found is not None:
        show_differences(found, console)
    elif groups[0].label:
        console.print(f"\nonly {groups[0].label} has runs; there is nothing to compare them with", highlight=False)
    sys.stdout.write(f"\nRun directories: {out}\n")
    sys.stdout.flush()


def _code(group: _Group, printing: Printing) -> int:
    """The worst of all runs."""
    results = [recording.result for recording in group.recordings]
    if any(result.health.store_error for result in results):
        return FAILED
    codes = {exit_code(result, allow_undecided=printing.allow_undecided) for result in results}
    return next(code for code in (INVALID, MISSED, DONE) if code in codes)


def _name(directory: Path, out: Path) -> str:
    return str(directory.relative_to(out))
