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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from asyncload import __version__
from asyncload.crosscheck.course import Course, course
from asyncload.crosscheck.findings import Circumstances
from asyncload.crosscheck.hidden import Hidden, hidden
from asyncload.crosscheck.judging import Judgement, judge
from asyncload.crosscheck.options import CrosscheckOptions
from asyncload.crosscheck.sides import Means, run_ours, run_theirs
from asyncload.crosscheck.takes import Pair, Take, Tool, usable
from asyncload.errors import StartError, StoreError
from asyncload.locust.child import Stopped, spare_core
from asyncload.locust.headless import locust_version
from asyncload.scenario import Scenario
from asyncload.store import new_directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Crosscheck:
    """What came of it."""

    course: Course
    options: CrosscheckOptions
    directory: Path
    pairs: tuple[Pair, ...]
    judgement: Judgement
    hidden: Hidden | None
    """What a closed loop hides; None if no pair was completed."""
    locust: str
    """Version."""
    asyncload: str
    """Version."""
    core: int | None
    """Where both generators ran; None if that could not be chosen."""
    began_unix_s: float
    interrupted: bool
    trouble: str
    """Why it ended early; empty if it did not."""

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.course.ours.name

    @property
    def compared(self) -> tuple[Pair, ...]:
        """Pairs that count; all, if none does."""
        return tuple(usable(self.pairs)) or self.pairs


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
    locust, planned = locust_version(), course(scenario, options)
    began_s, core = time.time(), spare_core()
    directory = _created(options.out or new_directory(f"{scenario.name}-crosscheck", began_s), planned)
    pairs: list[Pair] = []
    interrupted, trouble = False, ""
    try:
        for pair in _pairs(planned, options, directory, core):
            pairs.append(pair)  # noqa: PERF402  # those before a trouble are kept
    except Stopped:
        interrupted = True
    except StartError as error:
        if not pairs:
            raise
        trouble = str(error)
    return Crosscheck(
        course=planned,
        options=options,
        directory=directory,
        pairs=tuple(pairs),
        judgement=judge(pairs, circumstances(planned, options)),
        hidden=hidden(pairs, planned.users, planned.warmup_s) if pairs else None,
        locust=locust,
        asyncload=__version__,
        core=core,
        began_unix_s=began_s,
        interrupted=interrupted,
        trouble=trouble,
    )


def circumstances(planned: Course, options: CrosscheckOptions) -> Circumstances:
    """Say what must be known to judge."""
    return Circumstances(client=options.client, names=planned.names, shares=planned.shares, users=planned.users)


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


def _pairs(planned: Course, options: CrosscheckOptions, directory: Path, core: int | None) -> Iterator[Pair]:
    """Run pairs until enough can be used; at most twice as many as are wanted."""
    means = Means(
        client=options.client,
        core=core,
        environment=options.environment,
        allow_plaintext=options.allow_plaintext,
        stop=options.stop,
    )
    wanted = options.repeats
    for number in range(1, 2 * options.repeats + 1):
        home = directory / f"pair-{number:02}"
        home.mkdir()
        pair = _pair(planned, number, home, means, options)
        yield pair
        wanted -= not pair.doubt
        if not wanted:
            return


def _pair(planned: Course, number: int, home: Path, means: Means, options: CrosscheckOptions) -> Pair:
    order: tuple[Tool, Tool] = ("asyncload", "Locust") if number % 2 else ("Locust", "asyncload")
    takes: dict[Tool, Take] = {}
    for tool in order:
        run = run_ours if tool == "asyncload" else run_theirs
        takes[tool] = run(planned, number, home, means)
        if options.on_take:
            options.on_take(number, takes[tool])
    return Pair(number, takes["asyncload"], takes["Locust"], order[0])
