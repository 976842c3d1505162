"""
A YAML, TOML or JSON file as plain data, and the line of each place in it.

YAML is read by the core schema of YAML 1.2: `on` is a text, 010 is ten, 2024-01-01 is a text, and no tag makes an
object. A key that stands twice is a mistake in every format: the parsers' own answer, the last one wins, hides it.
"""

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from asyncload.errors import Problem
from asyncload.schema.kinds import listed
from asyncload.schema.reader import nearest, read

_T = TypeVar("_T")
Lines: TypeAlias = Callable[[], Mapping[str, int]]
"""Line of each place, from 1; worked out only when there is something to say."""

SUFFIXES: Final = (".yaml", ".yml", ".toml", ".json")
_MOST_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data with what was wrong on the way to it."""

    data: object
    """None if the file could not be parsed at all."""
    problems: Sequence[Problem] = ()
    lines: Lines = dict


def load(cls: type[_T], path: Path) -> tuple[_T | None, list[Problem]]:
    """
    Read a file as a dataclass; relative paths in it are relative to its directory.

    Returns:
        The value and no problem, or None and every problem, each with its line where that is known.
    """
    document = parse(path)
    problems = list(document.problems)
    if document.data is None and problems:
        return None, problems
    value, found = read(cls, document.data, path.absolute().parent)
    problems += _with_lines(found, document.lines) if found else []
    return (None, problems) if problems else (value, [])


def parse(path: Path) -> Document:
    """Parse a file by its suffix; never raises for what the file holds or lacks."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        hint = nearest(suffix, SUFFIXES)
        legal = f"expected a file whose name ends in {listed(SUFFIXES)}"
        return _nothing(legal + (f"; did you mean {hint}?" if hint else ""))
    try:
        if path.stat().st_size > _MOST_BYTES:
            return _nothing(f"is larger than {_MOST_BYTES} bytes")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        return _nothing(f"cannot be read: {error.strerror or error}")
    except UnicodeDecodeError as error:
        return _nothing(f"is not UTF-8: byte {error.start}")
    return parse_text(text, suffix)


def parse_text(text: str, suffix: str) -> Document:
    """Parse a text in the format that goes with one of `SUFFIXES`."""
    try:
        match suffix:
            case ".toml":
                return Document(tomllib.loads(text))
            case ".json":
                return _json(text)
            case _:
                from asyncload.schema import yaml_document  # noqa: PLC0415  yaml takes longer to import than the rest

                data, problems = yaml_document.parse(text)
                return Document(data, problems, lambda: _yaml_lines(text))
    except tomllib.TOMLDecodeError as error:
        return _nothing(f"is not TOML: {error}")
    except json.JSONDecodeError as error:
        return _nothing(f"is not JSON: {error.msg} (line {error.lineno}, column {error.colno})")
    except (ValueError, RecursionError) as error:
        return _nothing(f"cannot be parsed: {error}")


def _json(text: str) -> Document:
    doubled: list[str] = []

    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        mapping = dict(items)
        if len(mapping) < len(items):
            names = [name for name, _ in items]
            doubled.extend(sorted({name for name in names if names.count(name) > 1}))
        return mapping

    data = json.loads(text, object_pairs_hook=pairs)
    problems = [Problem("", f"the key {name!r} stands twice in one object") for name in doubled]
    return Document(data, problems, lambda: _yaml_lines(text))


def _yaml_lines(text: str) -> Mapping[str, int]:
    """Lines of a JSON text too, for nearly all of JSON is YAML; where it is not, there are none."""
    from asyncload.schema import yaml_document  # noqa: PLC0415  yaml takes longer to import than the rest

    return yaml_document.lines(text)


def _with_lines(problems: Sequence[Problem], lines: Lines) -> list[Problem]:
    known = lines()
    return [_with_line(problem, known) for problem in problems]


def _with_line(problem: Problem, lines: Mapping[str, int]) -> Problem:
    """Add the line of the place, or of the nearest place around it, as for a key that is missing."""
    path = problem.path
    while path and path not in lines:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return Problem(problem.path, f"{problem.message} (line {lines[path]})") if path in lines else problem


def _nothing(message: str) -> Document:
    return Document(None, [Problem("", message)])
