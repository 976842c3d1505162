"""
One run of one side: asyncload and Locust, each as a process of its own, each in a directory of its own.

    pair-01/
        scenario.json               what asyncload is given
        asyncload/, asyncload.log   its run directory, and what it printed
        locust/                     the exported locustfile, Locust's results, what it printed
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from asyncload.crosscheck.course import Course
from asyncload.crosscheck.takes import Take, take_of_locust, take_of_result
from asyncload.errors import StartError, StoreError
from asyncload.locust.child import Child, Ended, Overdue, run_child
from asyncload.locust.export import Client, export, write
from asyncload.locust.headless import Headless, run_headless
from asyncload.result import RunResult
from asyncload.store import read

_START_S: Final = 120.0
_SAID_MOST: Final = 1500
_MEASURED: Final = (0, 3)
"""Exit codes of a run that has a result: VALID and INVALID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What every run is carried out with."""

    client: Client
    core: int | None
    environment: Mapping[str, str] | None = field(repr=False)
    allow_plaintext: bool
    stop: Callable[[], bool]


def run_ours(course: Course, pair: int, home: Path, means: Means) -> Take:
    """
    Run asyncload.

    Args:
        course: What it is to do.
        pair: Number of the pair, from 1.
        home: Directory of the pair.
        means: How.

    Raises:
        StartError: If it has no result; says what it printed.
        Stopped: If it was to end early.
    """
    scenario = course.seeded(course.ours, pair)
    file, out, log = home / "scenario.json", home / "asyncload", home / "asyncload.log"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(scenario.to_dict()), indent=2))
    command = [sys.executable, "-m", "asyncload", "run", str(file), "--quiet", "--out", str(out)]
    child = Child(
        command=[*command, "--allow-plaintext"] if means.allow_plaintext else command,
        log=log,
        core=means.core,
        environment=means.environment,
        limit_s=_START_S + course.warmup_s + course.length_s + scenario.limits.timeout_ns / 1e9,
    )
    try:
        ended = run_child(child, means.stop)
        result = read(out) if ended.code in _MEASURED else None
    except (Overdue, OSError, StoreError) as error:
        raise StartError(f"asyncload failed: {error}") from error
    if result is None:
        raise StartError(f"asyncload failed: {_last(log)}")
    return take_of_result(result, _kept_share(result, course, ended))


def run_theirs(course: Course, pair: int, home: Path, means: Means) -> Take:
    """Run Locust; arguments and errors as of `run_ours`."""
    directory = home / "locust"
    locustfile = directory / "locustfile.py"
    scenario = course.seeded(course.theirs, pair)
    write(export(scenario, style=course.style, client=means.client, out=locustfile.absolute()), locustfile)
    asked = Headless(
        locustfile=locustfile,
        directory=directory.absolute(),
        host=course.host,
        users=course.users or 1,
        spawn_per_s=course.spawn_per_s,
        warmup_s=course.warmup_s,
        length_s=course.length_s,
        core=means.core,
        environment=means.environment,
    )
    return take_of_locust(run_headless(asked, means.stop))


def _kept_share(result: RunResult, course: Course, ended: Ended) -> float:
    """Part of the measured time for which asyncload was kept from its core."""
    begin_s = result.health.started_unix_ns / 1e9 + course.warmup_s
    return ended.kept_s(begin_s, begin_s + course.length_s) / course.length_s


def _last(log: Path) -> str:
    said = log.read_text(errors="replace").strip() if log.is_file() else ""
    return said[-_SAID_MOST:].removeprefix("asyncload: ") or "it printed nothing"
