"""
The crosscheck: both generators in turns, then one answer.

    pair 1   asyncload  Locust
    pair 2   Locust     asyncload      the order changes, so what drifts slowly cancels
    ...

A pair in which a generator was the bottleneck, or was kept from its core by others, says nothing of the endpoint: it
is left out and told, and another is run in its place, up to as many as were asked for. Whether a pair counts follows
from the generators' own readings, never from what they measured.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from asyncload import __version__
from asyncload.crosscheck.course import Course, course
from asyncload.crosscheck.document import to_json
from asyncload.crosscheck.findings import Circumstances
from asyncload.crosscheck.hidden import hidden
from asyncload.crosscheck.judging import judge
from asyncload.crosscheck.options import CrosscheckOptions
from asyncload.crosscheck.outcome import Crosscheck
from asyncload.crosscheck.sides import Means, run_ours, run_theirs
from asyncload.crosscheck.takes import Pair, Take, Tool
from asyncload.errors import StartError, StoreError
from asyncload.locust.child import Stopped, spare_core
from asyncload.locust.headless import locust_version
from asyncload.scenario import Scenario
from asyncload.store import new_directory


def crosscheck(scenario: Scenario, options: CrosscheckOptions | None = None) -> Crosscheck:
    """
    Send one scenario by asyncload and by Locust in turns, and judge whether they saw the same.

    Args:
        scenario: What to send.
        options: How; by default as the scenario is, five pairs.

    Raises:
        UsageError: If Locust is not installed, or the options do not fit the scenario.
        ScenarioError: If the scenario has mistakes.
        StartError: If the first pair could not be completed for another reason than that it was stopped.
        StoreError: If the directory cannot be created.
    """
    options = options or CrosscheckOptions()
    begun = _Begun(course(scenario, options), options, locust_version(), spare_core(), time.time())
    directory = _created(options.out or new_directory(f"{scenario.name}-crosscheck", begun.unix_s), begun.course)
    pairs: list[Pair] = []
    found = begun.judged(directory, pairs)
    try:
        for pair in _pairs(begun, directory):
            pairs.append(pair)
            found = begun.judged(directory, pairs)
            _save(found)
        found = replace(found, ended=True)
    except Stopped:
        found = replace(found, ended=True, interrupted=True)
    except StartError as error:
        if not pairs:
            raise
        found = replace(found, ended=True, trouble=str(error))
    _save(found)
    return found


@dataclass(frozen=True, slots=True)
class _Begun:
    """What does not change while pairs are run."""

    course: Course
    options: CrosscheckOptions
    locust: str
    core: int | None
    unix_s: float

    def judged(self, directory: Path, pairs: Sequence[Pair]) -> Crosscheck:
        course = self.course
        under = Circumstances(client=self.options.client, names=course.names, shares=course.shares, users=course.users)
        return Crosscheck(
            course=course,
            options=self.options,
            directory=directory,
            pairs=tuple(pairs),
            judgement=judge(pairs, under),
            hidden=hidden(pairs, course.users, course.warmup_s) if pairs else None,
            locust=self.locust,
            asyncload=__version__,
            core=self.core,
            began_unix_s=self.unix_s,
            ended=False,
            interrupted=False,
            trouble="",
        )


def _save(found: Crosscheck) -> None:
    path = found.directory / "crosscheck.json"
    try:
        part = path.with_suffix(".part")
        part.write_bytes(to_json(found))
        part.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error}") from error


def _created(directory: Path, planned: Course) -> Path:
    try:
        directory.mkdir(parents=True)
        document = msgspec.json.format(msgspec.json.encode(planned.ours.to_dict()), indent=2)
        (directory / "scenario.json").write_bytes(document)
    except FileExistsError:
        raise StoreError(f"{directory}: is there already; give another --out") from None
    except OSError as error:
        raise StoreError(f"{directory}: cannot write a crosscheck: {error}") from error
    return directory


def _pairs(begun: _Begun, directory: Path) -> Iterator[Pair]:
    """Run pairs until enough can be used; at most twice as many as are wanted."""
    options = begun.options
    means = Means(
        client=options.client,
        core=begun.core,
        environment=options.environment,
        allow_plaintext=options.allow_plaintext,
        stop=options.stop,
    )
    wanted = options.repeats
    for number in range(1, 2 * options.repeats + 1):
        home = directory / f"pair-{number:02}"
        home.mkdir()
        pair = _pair(begun, number, home, means)
        yield pair
        wanted -= not pair.doubt
        if not wanted:
            return


def _pair(begun: _Begun, number: int, home: Path, means: Means) -> Pair:
    order: tuple[Tool, Tool] = ("asyncload", "Locust") if number % 2 else ("Locust", "asyncload")
    takes: dict[Tool, Take] = {}
    for tool in order:
        run = run_ours if tool == "asyncload" else run_theirs
        takes[tool] = run(begun.course, number, home, means)
        if begun.options.on_take:
            begun.options.on_take(number, takes[tool])
    return Pair(number, takes["asyncload"], takes["Locust"], order[0])
