"""
Real Locust, headless, as a process of its own: started on a locustfile, its results collected.

    locustfile.py + witness.py ─> python -m locust --headless ─> stats.json   Locust's own results (--json-file)
                                                              ├> notes.json   when it began and ended, CPU time
                                                              └> locust.log   what it printed

It runs in the directory of its results, where no locust.conf of the user's lies, and without the LOCUST_ variables of
the environment, for an option that nobody sees would be another test than was asked for.
"""

import importlib.metadata
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from asyncload.errors import StartError, StoreError, UsageError
from asyncload.formats.locust.entry import Entry
from asyncload.formats.locust_json import read_entries
from asyncload.locust.child import Child, Ended, Overdue, run_child

OLDEST: Final = (2, 43, 4)
"""The first Locust whose buckets can be made finer."""
_WITNESS: Final = Path(__file__).with_name("witness.py")
_START_S: Final = 60.0
_INSTALL: Final = "pip install 'asyncload-mme[locust]'"
_SAID_MOST: Final = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Headless:
    """A run of Locust, as it is asked for."""

    locustfile: Path
    directory: Path
    """Where its results go; it exists."""
    host: str = ""
    """Base URL; empty for the one that the locustfile names."""
    users: int = 1
    spawn_per_s: float | None = None
    """Users that begin per second; all at once without it."""
    warmup_s: float = 0.0
    """From the start, what is forgotten."""
    length_s: float
    """After that, what is measured."""
    core: int | None = None
    environment: Mapping[str, str] | None = field(default=None, repr=False)
    """Instead of this process's own; holds the credentials that the locustfile finds."""

    def command(self) -> list[str]:
        """Return program and arguments."""
        spawn_per_s = self.spawn_per_s or self.users
        host = ["--host", self.host] if self.host else []
        return [
            # -P: a file locust.py of the user's must not be taken for Locust.
            sys.executable, "-P", "-m", "locust", "-f", f"{self.locustfile.absolute()},{_WITNESS}", "--headless",
            "--users", str(self.users), "--spawn-rate", f"{spawn_per_s:g}", *host,
            "--json-file", "stats", "--only-summary", "--exit-code-on-error", "0",
            "--witness-warmup-s", repr(self.warmup_s), "--witness-length-s", repr(self.length_s),
            "--witness-notes", "notes.json",
        ]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What was measured, by Locust's process's own clocks."""

    began_unix_s: float
    ended_unix_s: float
    calls: int
    cpu_s: float
    kept_share: float
    """Of the time, for which it was ready to run and others had its core; 0 where that cannot be read."""

    @property
    def length_s(self) -> float:
        """From the end of the warm-up to the end of the test."""
        return self.ended_unix_s - self.began_unix_s

    @property
    def cpu_share(self) -> float:
        """Of one core."""
        return self.cpu_s / self.length_s


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadlessRun:
    """What came of it."""

    version: str
    entries: tuple[Entry, ...]
    """Locust's own statistics, one per name and method."""
    window: Window
    users: int
    """At the end."""
    cpu_warning: bool
    """Whether Locust itself said that its core was too busy."""
    cpu_s: float
    """Of its whole life, start-up included."""
    log: Path


def locust_version() -> str:
    """
    Return the version of Locust that is installed.

    Raises:
        UsageError: If none is, or one whose buckets cannot be made finer.
    """
    try:
        version = importlib.metadata.version("locust")
    except importlib.metadata.PackageNotFoundError:
        raise UsageError(f"Locust is not installed here; {_INSTALL}") from None
    found = tuple(map(int, re.findall(r"\d+", version)[:3]))
    if found < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise UsageError(f"Locust {version} is too old, expected {oldest} or later; {_INSTALL} --upgrade")
    return version


def run_headless(asked: Headless, stop: Callable[[], bool] = lambda: False) -> HeadlessRun:
    """
    Run Locust and collect its results.

    Args:
        asked: On what.
        stop: Ends it early when it becomes true.

    Raises:
        StartError: If it did not start, or ended without results; says what it printed last.
        Stopped: If `stop` became true.
    """
    log = asked.directory / "locust.log"
    child = Child(
        command=asked.command(),
        log=log,
        directory=asked.directory,
        core=asked.core,
        environment=asked.environment and _without_locusts(asked.environment),
        limit_s=_START_S + asked.warmup_s + asked.length_s,
    )
    try:
        ended = run_child(child, stop)
        return _collected(asked.directory, ended)
    except (Overdue, OSError, KeyError, TypeError, ValueError, StoreError, msgspec.MsgspecError) as error:
        raise StartError(f"Locust failed: {_why(error, log)}") from error


def _without_locusts(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("LOCUST_")}


def _collected(directory: Path, ended: Ended) -> HeadlessRun:
    notes: dict[str, Any] = msgspec.json.decode((directory / "notes.json").read_bytes())
    entries = read_entries(directory / "stats.json")
    if ended.code:
        raise ValueError(f"it ended with exit code {ended.code}")
    begin, end = notes["reset"], notes["end"]
    if not end["requests"]:
        raise ValueError("it made no call")
    length_s = end["unix_s"] - begin["unix_s"]
    window = Window(
        began_unix_s=begin["unix_s"],
        ended_unix_s=end["unix_s"],
        calls=end["requests"],
        cpu_s=end["cpu_s"] - begin["cpu_s"],
        kept_share=ended.kept_s(begin["unix_s"], end["unix_s"]) / length_s,
    )
    return HeadlessRun(
        version=notes["version"],
        entries=entries,
        window=window,
        users=end["users"],
        cpu_warning=notes["cpu_warning"],
        cpu_s=ended.cpu_s,
        log=directory / "locust.log",
    )


def _why(error: Exception, log: Path) -> str:
    """What Locust said last, which tells more than what was missed afterwards."""
    said = log.read_text(errors="replace").strip() if log.is_file() else ""
    last = said[-_SAID_MOST:]
    return f"{error}\n{last}" if last else str(error)
