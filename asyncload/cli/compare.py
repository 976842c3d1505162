"""Put the results of several tools side by side; of two runs of ours, say what differs and how surely."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import msgspec
from rich.console import Console

from asyncload.cli.repeats import read_repeats
from asyncload.cli.run import DONE, INVALID, MISSED
from asyncload.difference import Condition, Differences, differences
from asyncload.difference.conditions import parse
from asyncload.difference.document import document as differences_document
from asyncload.errors import UsageError
from asyncload.formats.own import OWN
from asyncload.formats.reading import Reading
from asyncload.formats.recording import Recording
from asyncload.formats.sniff import open_all
from asyncload.formats.unit import PER_MS, Unit
from asyncload.report.comparison.differences import show as show_differences
from asyncload.report.comparison.document import document
from asyncload.report.comparison.sides import MOST, Sides
from asyncload.report.comparison.terminal import show
from asyncload.report.page.comparison import comparison
from asyncload.report.page.frame import write
from asyncload.store import read, read_history, runs_of

STDOUT = Path("-")
_ROWS_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of the command."""

    names: Sequence[str] = ()
    """Rows to rename, each as ROW=MODEL."""
    unit: str | None = None
    """Of values in files that do not say it."""
    fail_if: Sequence[str] = ()
    """Changes that fail the comparison."""
    allow_undecided: bool = False
    """Whether one that cannot be told passes."""
    as_json: bool = False
    html: Path | None = None
    """Where to write the page, if at all."""


def compare(paths: Sequence[Path], asked: Asked) -> int:
    """
    Read sources, print their comparison, and return the exit code.

    Args:
        paths: Of the sources, two or more.
        asked: The options.

    Raises:
        UsageError: If these cannot be meant.
        StoreError: If any source cannot be read.
    """
    if not 2 <= len(paths) <= MOST:  # a comparison is of two
        raise UsageError(f"expected from 2 to {MOST} sources to compare, found {len(paths)}")
    if asked.html == STDOUT:
        raise UsageError("--html -: a page is for a browser; give the name of a file")
    conditions = _conditions(asked.fail_if)
    chosen = _unit(asked.unit)
    mapped = dict(map(_renaming, asked.names))
    sides = Sides(renamed(open_all(paths, chosen), mapped))
    found = _differences(paths, sides, mapped, conditions)
    if conditions and found is None:
        raise UsageError("--fail-if: needs two runs of asyncload, whose seconds say how sure a difference is")
    if asked.as_json:
        told = document(sides) | {"differences": None if found is None else differences_document(found)}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(told), indent=1).decode() + "\n")
    else:
        show(sides, Console())
        if found is not None:
            show_differences(found, Console())
    if asked.html is not None:
        write(asked.html, _page(paths, sides, mapped, found))
        if not asked.as_json:
            sys.stdout.write(f"\nPage: {asked.html}\n")
    return _exit_code(found, asked) if conditions else DONE


def page_of(paths: Sequence[Path]) -> str:
    """
    Return the page of a comparison with no more options.

    Raises:
        StoreError: If any source cannot be read.
    """
    sides = Sides(open_all(paths, None))
    return _page(paths, sides, {}, _differences(paths, sides, {}, ()))


def _page(paths: Sequence[Path], sides: Sides, mapped: Mapping[str, str], found: Differences | None) -> str:
    sources = zip(paths, sides.readings, strict=True)
    recordings = [_recordings(path, mapped) if reading.tool == OWN else {} for path, reading in sources]
    # Repeated runs have no course in common: their numbers and differences are on the page, and no time.
    runs = [next(iter(each.values())) if len(each) == 1 else None for each in recordings]
    return comparison(sides, runs, found)


def _exit_code(found: Differences | None, asked: Asked) -> int:
    """What conditions say; invalid runs decide nothing. Without any, a comparison is shown and judged by nobody."""
    if found is None:
        return DONE
    if found.a.invalid or found.b.invalid:
        return INVALID
    return MISSED if found.failed or (found.undecided and not asked.allow_undecided) else DONE


def _conditions(texts: Sequence[str]) -> list[Condition]:
    conditions, mistakes = [], []
    for text in texts:
        try:
            conditions.append(parse(text))
        except UsageError as error:
            mistakes.append(str(error))
    if mistakes:
        raise UsageError("\n".join(mistakes))
    return conditions


def _differences(
    paths: Sequence[Path], sides: Sides, mapped: Mapping[str, str], conditions: Sequence[Condition]
) -> Differences | None:
    """Compare two runs of ours; None of anything else."""
    if len(paths) != 2 or any(reading.tool != OWN for reading in sides.readings):
        return None
    a, b = (_recordings(path, mapped) for path in paths)
    sources = (list(a), list(b))
    return differences(list(a.values()), list(b.values()), sources=sources, conditions=conditions)


def _recordings(path: Path, mapped: Mapping[str, str]) -> dict[str, Recording]:
    """Read a run, or the repeats of one; models are called as --map says."""
    if not runs_of(path):
        return {str(path): _renamed(Recording(read(path), read_history(path)), mapped)}
    names, recordings, _ = read_repeats(path)
    return {str(path / name): _renamed(recording, mapped) for name, recording in zip(names, recordings, strict=True)}


def _renamed(recording: Recording, mapped: Mapping[str, str]) -> Recording:
    result = recording.result
    models = tuple(replace(model, name=mapped.get(model.name, model.name)) for model in result.models)
    return replace(recording, result=replace(result, models=models))


def renamed(readings: Sequence[Reading], names: Mapping[str, str]) -> tuple[Reading, ...]:
    """
    Call rows by other names.

    Raises:
        UsageError: If no source has such a row, or two rows of one source would have the same name.
    """
    known = list(dict.fromkeys(row.name for reading in readings for row in reading.rows))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError("\n".join(_unknown(name, known) for name in unknown))
    changed = []
    for reading in readings:
        rows = tuple(replace(row, name=names.get(row.name, row.name)) for row in reading.rows)
        called = [row.name for row in rows]
        twice = next((name for name in names.values() if called.count(name) > 1), None)
        if twice is not None:
            raise UsageError(f"--map: two rows of {reading.source} would be called {twice!r}; they cannot be added up")
        changed.append(replace(reading, rows=rows))
    return tuple(changed)


def _unknown(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, 1)
    if near:
        return f"--map: no source has a row {name!r}; did you mean {near[0]!r}?"
    shown = [*map(repr, known[:_ROWS_SHOWN]), *(["..."] if len(known) > _ROWS_SHOWN else [])]
    return f"--map: no source has a row {name!r}; there are {', '.join(shown) or 'none at all'}"


def _renaming(text: str) -> tuple[str, str]:
    row, equals, model = text.rpartition("=")
    if not (equals and row and model):
        raise UsageError(f"--map: expected ROW=MODEL, such as sendPopular=xgboost-0.tar.gz, found {text!r}")
    return row, model


def _unit(text: str | None) -> Unit | None:
    if text is None:
        return None
    for unit in PER_MS:
        if unit == text:
            return unit
    raise UsageError(f"--unit: expected one of {', '.join(PER_MS)}, found {text!r}")
