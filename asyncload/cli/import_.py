"""Import a locustfile, and tell what was made of it."""

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

from asyncload.errors import UsageError
from asyncload.locust.importer.conversion import Imported, Request, check_output, import_locustfile, write
from asyncload.locust.importer.phases import Wanted
from asyncload.scenario import Scenario
from asyncload.units import format_duration, parse_duration_ns, parse_rate_per_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was given on the command line."""

    file: Path
    classes: tuple[str, ...]
    output: Path
    host: str | None
    env: tuple[str, ...]
    """NAME=VALUE each."""
    args: tuple[str, ...]
    tags: tuple[str, ...]
    exclude_tags: tuple[str, ...]
    rate: str | None
    users: int | None
    spawn_rate: str | None
    duration: str | None
    endpoint: str | None
    reply: Path | None
    timeout: str
    keep_going: bool
    force: bool


def import_and_tell(asked: Asked) -> None:
    """
    Import a locustfile and print what became of it.

    Raises:
        UsageError: If an option does not fit, or the file cannot be imported: with every reason.
        StartError: If Locust is not installed.
        StoreError: If the scenario cannot be written.
    """
    request = _request(asked)
    check_output(asked.output, force=asked.force)
    imported = import_locustfile(request, asked.output.stem)
    write(imported, asked.output, force=asked.force)
    sys.stdout.write("\n".join(_told(imported, asked.output)) + "\n")


def _told(imported: Imported, output: Path) -> Iterator[str]:
    width = min(shutil.get_terminal_size().columns, 100)
    count = sum(model.count for model in Scenario.load(output).models)
    files = f" and {len(imported.files)} file{'s' if len(imported.files) > 1 else ''}" if imported.files else ""
    yield f"{output}{files}: {count} target{'s' if count > 1 else ''}, from {imported.source}"
    yield "what does not carry over:" if imported.notes else ""
    for note in imported.notes:
        yield from wrap(f"- {note.topic}: {note.text}", width, initial_indent="  ", subsequent_indent="    ")
    yield f"next: asyncload plan {output}, then asyncload run {output}"


def _request(asked: Asked) -> Request:
    if problems := list(_problems(asked)):
        raise UsageError("; ".join(problems))
    length = None if asked.duration is None else format_duration(parse_duration_ns(asked.duration), None)
    return Request(
        file=asked.file,
        classes=asked.classes,
        host=asked.host,
        tags=asked.tags,
        exclude_tags=asked.exclude_tags,
        environment={name: value for name, _, value in (text.partition("=") for text in asked.env)},
        arguments=asked.args,
        reply=None if asked.reply is None else asked.reply.read_bytes(),
        endpoint=asked.endpoint,
        wanted=Wanted(users=asked.users, spawn=_rate(asked.spawn_rate), rate=_rate(asked.rate), duration=length),
        keep_going=asked.keep_going,
        limit_s=parse_duration_ns(asked.timeout) / 1e9,
    )


def _rate(text: str | None) -> str | None:
    return None if text is None else f"{parse_rate_per_s(text):.12g}/s"


def _problems(asked: Asked) -> Iterator[str]:
    """Yield what is wrong with the options."""
    for text in asked.env:
        name, equals, _ = text.partition("=")
        if not equals or not name:
            yield f"--env {name}: expected NAME=VALUE"  # a value is not repeated: it may be a secret
    for option, given in (("--rate", asked.rate), ("--spawn-rate", asked.spawn_rate)):
        yield from _problem(option, parse_rate_per_s, given)
    for option, given in (("--duration", asked.duration), ("--timeout", asked.timeout)):
        yield from _problem(option, parse_duration_ns, given)
    if asked.users is not None and asked.users < 1:
        yield f"--users {asked.users}: expected at least 1"
    if asked.spawn_rate is not None and (asked.users is None or asked.rate is not None):
        yield "--spawn-rate goes with --users, and not with --rate: an open loop has no users"
    if asked.reply is not None and not asked.reply.is_file():
        yield f"--reply {asked.reply}: is no file"


def _problem(option: str, parse: Callable[[object], float], given: str | None) -> Iterator[str]:
    try:
        legal = given is None or parse(given) > 0
    except ValueError as error:
        yield f"{option}: {error}"
    else:
        if not legal:
            yield f"{option} {given}: expected more than 0"
