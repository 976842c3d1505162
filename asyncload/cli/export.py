"""Write a scenario as another tool's file."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, get_args

from asyncload.errors import UsageError
from asyncload.locust.export import Client, Style, export, write
from asyncload.scenario import Scenario
from asyncload.units import parse_duration_ns

_Word = TypeVar("_Word", bound=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options as they were given."""

    out: Path | None
    style: str
    client: str
    within: str
    fine_buckets: bool
    force: bool


def export_locust(scenario: Scenario, asked: Asked) -> None:
    """
    Write a locustfile and what belongs beside it, and say where.

    Raises:
        UsageError: If an option does not fit, or a file is there already.
        StoreError: If a file cannot be written.
    """
    styles: tuple[Style, ...] = get_args(Style)
    clients: tuple[Client, ...] = get_args(Client)
    exported = export(
        scenario,
        style=_one_of("--style", asked.style, styles),
        client=_one_of("--client", asked.client, clients),
        within_ns=_duration_ns(asked.within),
        fine_buckets=asked.fine_buckets,
        out=asked.out,
    )
    if asked.out is None:
        if exported.files:
            raise UsageError(f"{', '.join(exported.files)} must lie beside the locustfile: say where with --out")
        sys.stdout.write(exported.text)
        return
    there = [path for path in (asked.out, *map(asked.out.with_name, exported.files)) if path.exists()]
    if there and not asked.force:
        raise UsageError(f"{', '.join(map(str, there))}: there already; give another --out, or --force to replace")
    for path in write(exported, asked.out):
        sys.stdout.write(f"{path}\n")


def _one_of(option: str, word: str, legal: tuple[_Word, ...]) -> _Word:
    for one in legal:
        if word == one:
            return one
    raise UsageError(f"{option} {word}: expected {' or '.join(legal)}")


def _duration_ns(text: str) -> int:
    try:
        return parse_duration_ns(text)
    except ValueError as error:
        raise UsageError(f"--within {text}: {error}") from error
