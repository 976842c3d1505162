"""Carry out a crosscheck with a person, a pipe or a program watching."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final, get_args

from rich.console import Console

from asyncload.address import parse_address
from asyncload.crosscheck import Crosscheck, CrosscheckOptions, crosscheck
from asyncload.crosscheck.document import to_json
from asyncload.crosscheck.findings import Answer
from asyncload.crosscheck.takes import Take
from asyncload.crosscheck.terminal import show
from asyncload.errors import UsageError
from asyncload.locust.export import Client
from asyncload.report.numbers import ms
from asyncload.scenario import Scenario

FAILED, INTERRUPTED = 1, 130
CODES: Final[dict[Answer, int]] = {"AGREE": 0, "CANNOT TELL": 3, "DIFFER": 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of the command."""

    users: int | None
    replay: bool
    repeats: int
    client: str
    locust_host: str | None
    out: Path | None
    allow_plaintext: bool
    as_json: bool
    html: Path | None
    quiet: bool


def execute(scenario: Scenario, asked: Asked) -> int:
    """Run a crosscheck, print what came of it, and return the exit code."""
    notes = Console(stderr=True, highlight=False)
    if asked.locust_host is not None:
        parse_address(asked.locust_host, allow_plaintext=asked.allow_plaintext)
    with _stopped_by_signals(notes) as stop:
        found = crosscheck(
            scenario,
            CrosscheckOptions(
                users=asked.users,
                replay=asked.replay,
                repeats=asked.repeats,
                client=_client(asked.client),
                out=asked.out,
                locust_host=asked.locust_host,
                environment=dict(os.environ),
                allow_plaintext=asked.allow_plaintext,
                stop=stop.is_set,
                on_take=None if asked.quiet else lambda pair, take: _say(notes, asked.repeats, pair, take),
            ),
        )
    _print(found, asked)
    return INTERRUPTED if found.interrupted else FAILED if found.trouble else CODES[found.judgement.answer]


def _client(text: str) -> Client:
    for client in get_args(Client):
        if text == client:
            return client  # type: ignore[no-any-return]  # one of its literals
    near = get_close_matches(text, get_args(Client), 1)
    raise UsageError(f"--client {text}: expected fasthttp or boto3" + (f"; did you mean {near[0]}?" if near else ""))


def _say(notes: Console, wanted: int, pair: int, take: Take) -> None:
    p50, p99 = (ms(value_ms * 1000) for value_ms in take.latencies.percentiles_ms([0.5, 0.99]))
    line = (
        f"pair {pair} of {max(wanted, pair)}  {take.tool:<9}  {take.rate_per_s:8.1f}/s  p50 {p50:>5}  p99 {p99:>5} ms"
    )
    notes.print(line + (f"  left out: {take.doubt}" if take.doubt else ""), markup=False, soft_wrap=True)


def _print(found: Crosscheck, asked: Asked) -> None:
    if asked.html is not None:
        from asyncload.crosscheck.page import write_page  # noqa: PLC0415  # plotly takes its time, and few ask for it

        write_page(found, asked.html)
    if asked.as_json:
        sys.stdout.write(to_json(found).decode() + "\n")
        return
    show(found, Console())
    sys.stdout.write(f"\nDirectory: {found.directory}\n" + (f"Page: {asked.html}\n" if asked.html else ""))


@contextmanager
def _stopped_by_signals(notes: Console) -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM end the run that is under way; what was measured before is judged."""
    stop = threading.Event()

    def ask(_number: int, _frame: object) -> None:
        if not stop.is_set():
            notes.print("stopping: the run that is under way is given up, those before it are judged", markup=False)
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
