"""
The formats in which a run can be given to other tools: each one's name, and what writes it.

A new format is a function and a line in `FORMATS`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Final, TypeAlias

from asyncload.formats.locust.course import course
from asyncload.formats.locust.run import entries, exceptions, failures
from asyncload.formats.locust.tables import exceptions_csv, failures_csv, history_csv, stats_csv
from asyncload.formats.locust_json import to_json
from asyncload.formats.reading import Since
from asyncload.formats.recording import Recording
from asyncload.schema.reader import nearest

Files: TypeAlias = Iterator[tuple[str, Iterable[str]]]
"""How each file's name ends, and its text in pieces, which are made as they are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What may be chosen about a format, where it leaves a choice; None is what it does by itself."""

    since: Since | None = None
    """From when latencies count."""
    full_history: bool | None = None
    """Every model in every second, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format."""

    files: Callable[[Recording, Choices], Files]
    parts: int
    """How many files it has."""
    stem: str
    """How its files' names begin, unless somebody says otherwise."""
    heeds: frozenset[str]
    """Which choices it leaves."""


def mistakes(name: str, choices: Choices) -> Iterator[str]:
    """Yield what is wrong with asking for a format: there is none of that name, or it leaves no such choice."""
    if name not in FORMATS:
        near = nearest(name, FORMATS)
        hint = f"; did you mean {near}?" if near else ""
        yield f"--format: expected one of {', '.join(FORMATS)}, found {name!r}{hint}"
        return
    for choice in fields(choices):
        if getattr(choices, choice.name) is not None and choice.name not in FORMATS[name].heeds:
            heeding = ", ".join(other for other, format_ in FORMATS.items() if choice.name in format_.heeds)
            yield f"--{choice.name.replace('_', '-')}: the format {name} leaves no such choice; expected {heeding}"


def _locust_csv(recording: Recording, choices: Choices) -> Files:
    since, full = choices.since or "sent", bool(choices.full_history)
    yield "_stats.csv", stats_csv(entries(recording, since))
    yield "_stats_history.csv", history_csv(course(recording, since, full=full), full=full)
    yield "_failures.csv", failures_csv(failures(recording))
    yield "_exceptions.csv", exceptions_csv(exceptions(recording))


def _locust_json(recording: Recording, choices: Choices) -> Files:
    yield ".json", [to_json(entries(recording, choices.since or "sent", by_second=True))]


FORMATS: Final[Mapping[str, Format]] = {
    "locust-csv": Format(files=_locust_csv, parts=4, stem="locust", heeds=frozenset({"since", "full_history"})),
    "locust-json": Format(files=_locust_json, parts=1, stem="locust", heeds=frozenset({"since"})),
}
