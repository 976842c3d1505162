"""Put the results of several tools side by side."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

import msgspec
from rich.console import Console

from asyncload.errors import UsageError
from asyncload.formats.reading import Reading
from asyncload.formats.sniff import open_all
from asyncload.formats.unit import PER_MS, Unit
from asyncload.report.comparison.document import document
from asyncload.report.comparison.sides import MOST, Sides
from asyncload.report.comparison.terminal import show

_ROWS_SHOWN = 10


def compare(paths: Sequence[Path], names: Sequence[str], unit: str | None, *, as_json: bool) -> None:
    """
    Read sources and print their comparison.

    Args:
        paths: Of the sources, two or more.
        names: Rows to rename, each as ROW=MODEL.
        unit: Of values in files that do not say it.
        as_json: Print JSON instead of tables.

    Raises:
        UsageError: If these cannot be meant.
        StoreError: If any source cannot be read.
    """
    if not 2 <= len(paths) <= MOST:  # a comparison is of two
        raise UsageError(f"expected from 2 to {MOST} sources to compare, found {len(paths)}")
    chosen = _unit(unit)
    mapped = dict(map(_renaming, names))
    sides = Sides(renamed(open_all(paths, chosen), mapped))
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(document(sides)), indent=1).decode() + "\n")
    else:
        show(sides, Console())


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
