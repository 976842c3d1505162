"""A run with a page: who feeds it, and who is told of the end."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from asyncload.cli.environment import CREDENTIALS, TELEMETRY, environment
from asyncload.cli.page import PAGE
from asyncload.cli.run import Watcher
from asyncload.errors import Problem, ScenarioError
from asyncload.live.feed import Feed
from asyncload.live.words import End, Hello
from asyncload.options import Stop
from asyncload.result import RunResult
from asyncload.scenario import Scenario, targets


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """The options of the command."""

    port: int | None = None
    """None for no page, 0 for a free port."""
    control: bool = False
    """Whether the page may end the run."""


@dataclass(frozen=True, slots=True)
class Guests:
    """What a run is to do for its page."""

    watchers: tuple[Callable[[Stop], Watcher], ...] = ()
    ended: tuple[Callable[[RunResult, Path], None], ...] = ()


@contextmanager
def page(scenario: Scenario, asked: Web) -> Iterator[Guests]:
    """
    Have a page as long as the block lasts, and until browsers have heard of the end.

    Raises:
        UsageError: If the options cannot be meant together.
        StartError: If the page cannot be had.
    """
    if asked.port is None:
        if asked.control:
            raise ScenarioError("options", [Problem("--web-control", "is about the page, and there is no --web")])
        yield Guests()
        return
    hello = Hello(
        scenario=scenario.to_dict(),
        names=[target.label for target in targets(scenario.models)],
        port=asked.port,
        control=asked.control,
    )
    with Feed(hello, _tell, environment(CREDENTIALS, TELEMETRY)) as feed:
        _tell(f"Live page: {feed.url}")
        yield Guests((feed.watch,), (lambda *what: feed.end(_end(*what)),))


def _end(result: RunResult, directory: Path) -> End:
    verdict, report = result.verdict, directory / PAGE
    return End(
        valid=verdict.valid, reasons=verdict.reasons, warnings=verdict.warnings,
        objectives=result.objectives, stopped=result.stopped, directory=str(directory),
        report=str(report.absolute()) if report.is_file() else "",
    )  # fmt: skip


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
