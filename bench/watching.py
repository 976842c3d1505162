"""
Child process: a run against the target with nobody to watch it, or with a page.

    off       nobody watches
    process   as `asyncload run --web` does it: a process of its own serves the page
    inside    the way that was not taken: the generator's own loop serves it, with the same code

Writes the page's address to a file as soon as it can be opened, and prints what happened as JSON.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import msgspec

import asyncload.runner
from asyncload.aws.credentials import StaticCredentials
from asyncload.live.face import Face
from asyncload.live.feed import Feed
from asyncload.live.guard import Guard
from asyncload.live.listening import address, bound, listen
from asyncload.live.progress import Progress
from asyncload.live.words import Hello, tick_of
from asyncload.options import Options, Stop
from asyncload.result import RunResult
from asyncload.scenario import Scenario, targets
from asyncload.snapshot import Snapshot
from bench.generator import KEYS
from bench.stimulus import Ask, scenario_of

OnSnapshot = Callable[[Snapshot], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """What to send, and who watches."""

    how: Literal["off", "process", "inside"]
    ask: Ask
    models: int
    url_file: str


@dataclass(frozen=True, slots=True)
class Watched:
    """What happened."""

    sent: int
    lateness_p50_us: float
    lateness_p99_us: float
    lateness_p999_us: float
    longest_stall_ms: float
    stalls: int
    cpu_share: float
    handing_us: tuple[float, ...]
    """CPU time of the loop's thread in each second's `on_snapshot`."""


@contextmanager
def served(question: Watching, hello: Hello) -> Iterator[OnSnapshot | None]:
    """Serve as it was asked; yields what is to be told of each second, once the loop runs."""
    url_file = Path(question.url_file)
    if question.how == "off":
        yield None
    elif question.how == "process":
        with Feed(hello, lambda text: print(text, file=sys.stderr)) as feed:
            url_file.write_text(feed.url)
            with feed.watch(Stop()) as watching:
                yield watching.on_snapshot
    else:
        progress, guard_and_face = Progress(hello), list[Face]()

        def add(snapshot: Snapshot) -> None:
            if not guard_and_face:
                guard_and_face.append(_begun(progress, url_file))
            progress.add(tick_of(snapshot, 0), snapshot.second)
            asyncio.get_running_loop().create_task(guard_and_face[0].stream.wake())  # over at once

        yield add


def _begun(progress: Progress, url_file: Path) -> Face:
    """Listen on the running loop."""
    listener = bound(0)
    guard = Guard(listener.getsockname()[1])
    face = Face(guard, progress, None)
    beginning = asyncio.get_running_loop().create_task(listen(face.app, listener))
    beginning.add_done_callback(lambda _: url_file.write_text(address(guard)))
    return face


def timed(on_snapshot: OnSnapshot, took_us: list[float]) -> OnSnapshot:
    """Note what each call takes of the loop's thread."""

    def call(snapshot: Snapshot) -> None:
        began_ns = time.thread_time_ns()
        on_snapshot(snapshot)
        took_us.append((time.thread_time_ns() - began_ns) / 1000)

    return call


def wide(scenario: Scenario, models: int) -> Scenario:
    """Return the same traffic over so many models, by Zipf's weights."""
    first = scenario.models[0]
    named = tuple(replace(first, name=f"model-{i}.tar.gz", weight=1 / (i + 1)) for i in range(models))
    return replace(scenario, models=named)


def main() -> None:
    """Read the question, run, and print what happened."""
    question = msgspec.json.decode(sys.stdin.buffer.read(), type=Watching)
    scenario = wide(scenario_of(question.ask), question.models)
    hello = Hello(scenario.to_dict(), [target.label for target in targets(scenario.models)], 0, control=False)
    took_us: list[float] = []
    with tempfile.TemporaryDirectory(prefix="asyncload-bench-") as scratch, served(question, hello) as on_snapshot:
        watch = None if on_snapshot is None else timed(on_snapshot, took_us)
        options = Options(out=Path(scratch) / "run", credentials=StaticCredentials(KEYS), on_snapshot=watch)
        result = asyncload.runner.run(scenario, options)
    sys.stdout.buffer.write(msgspec.json.encode(_summed_up(result, took_us)))


def _summed_up(result: RunResult, took_us: list[float]) -> Watched:
    lateness, health = result.totals.lateness, result.health
    p50, p99, p999 = lateness.quantiles_us([0.5, 0.99, 0.999]).tolist()
    stall_ms = health.longest_stall_ns / 1e6
    return Watched(
        result.totals.sent, p50, p99, p999, stall_ms, health.stalls, health.cpu_share, tuple(took_us)
    )  # fmt: skip


if __name__ == "__main__":
    main()
