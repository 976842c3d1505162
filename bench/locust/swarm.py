"""Locust, headless, as a process of its own: how it is started, and what it and its statistics say afterwards."""

import csv
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import msgspec

from bench.generator import KEYS
from bench.processes import started

_WATCH = Path(__file__).with_name("watch.py")
_END_S = 60.0
_STATS, _EVENTS = "swarm", "events.json"


class Event(msgspec.Struct, array_like=True, frozen=True):
    """One request event, as `watch` writes it."""

    name: str
    sent_s: float
    """Since 1970."""
    response_ms: float
    """As it was fired, before Locust rounds it."""
    ok: bool


@dataclass(frozen=True, slots=True)
class Printed:
    """What Locust shows its user at the end."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    most_ms: float
    failures: int
    rows: Sequence[str]
    """Names of the rows of its statistics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swarm:
    """One run of Locust."""

    home: Path
    """A folder of its own, for what it reads and writes."""
    locustfile: Path
    url: str
    users: int
    length_s: float
    watched: bool = False
    """Whether each event is written down."""

    def command(self) -> Sequence[str]:
        """What to start."""
        files = [str(self.locustfile), *([str(_WATCH)] if self.watched else [])]
        return [
            sys.executable, "-P", "-m", "locust", "-f", ",".join(files), "--host", self.url, "--headless",
            "--only-summary", "-u", str(self.users), "-r", str(self.users), "-t", f"{self.length_s:.0f}s",
            "--stop-timeout", "10s",
            "--csv", str(self.home / _STATS), "--loglevel", "ERROR", "--exit-code-on-error", "0",
        ]  # fmt: skip

    def environment(self) -> Mapping[str, str]:
        """Variables for it: keys, nothing that botocore would look for elsewhere, and no options that nobody sees."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")},
            "AWS_ACCESS_KEY_ID": KEYS.access_key,
            "AWS_SECRET_ACCESS_KEY": KEYS.secret_key,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            "BENCH_EVENTS": str(self.home / _EVENTS),
        }

    @contextmanager
    def started(self, core: int) -> Iterator["Popen[str]"]:
        """Start it on a core, and end it on leaving; in a folder of its own, where no locust.conf lies."""
        with started(self.command(), core, environment=self.environment(), directory=self.home) as process:
            yield process

    def ended(self, process: "Popen[str]") -> Printed:
        """
        Wait for its end, and read its statistics.

        Raises:
            RuntimeError: If it failed, with what it said, or sent nothing.
        """
        said, errors = process.communicate(timeout=self.length_s + _END_S)
        if process.returncode:
            raise RuntimeError(f"Locust ended with {process.returncode}: {(errors or said).strip()[-2000:]}")
        return self._printed()

    def run(self, core: int) -> Printed:
        """
        Run on a core to the end.

        Raises:
            RuntimeError: As `ended`.
        """
        with self.started(core) as process:
            return self.ended(process)

    def events(self) -> list[Event]:
        """Read what `watch` wrote."""
        return msgspec.json.decode((self.home / _EVENTS).read_bytes(), type=list[Event])

    def _printed(self) -> Printed:
        with (self.home / f"{_STATS}_stats.csv").open(newline="") as file:
            *rows, total = csv.DictReader(file)
        if int(total["Request Count"]) == 0:
            raise RuntimeError("Locust sent nothing")
        p50_ms, p95_ms, p99_ms, most_ms = (float(total[name]) for name in ("50%", "95%", "99%", "100%"))
        failures, names = int(total["Failure Count"]), [row["Name"] for row in rows]
        return Printed(p50_ms, p95_ms, p99_ms, most_ms, failures, names)
