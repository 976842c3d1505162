"""
Payload pools: the bodies of requests, read or generated once, and hashed once.

One pool per entry of `scenario.models`, shared by all members of a family. Generated rows follow from the scenario's
seed and the model's place in the file alone, by the exact arithmetic of `asyncload.exact`, so they are the same bytes
on every machine.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, NoReturn, TypeAlias

from asyncload.errors import Problem, ScenarioError
from asyncload.exact import uniform, words
from asyncload.models import (
    MOST_BODY_BYTES,
    Base64Payload,
    DirectoryPayload,
    FilePayload,
    Model,
    RandomPayload,
    RandomRows,
)
from asyncload.models import Payload as Source
from asyncload.scenario import Scenario

_MOST_POOL_BYTES: Final = 2**30
_MOST_PROBLEMS: Final = 20
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_PAYLOAD_STREAM: Final = 18
"""Keeps payloads apart from arrivals, which draw from the same seed."""


@dataclass(frozen=True, slots=True)
class Payload:
    """One body with its hash."""

    body: bytes
    sha256: str
    """Lower-case hex digest of the body, as a signature wants it."""


Pool: TypeAlias = tuple[Payload, ...]


def pools(scenario: Scenario) -> list[Pool]:
    """
    Read or generate every payload.

    Returns:
        One pool per entry of `scenario.models`, none of them empty. Models that name the same file share one pool.

    Raises:
        ScenarioError: With every file that cannot be used, up to 20 lines of each.
    """
    problems: list[Problem] = []
    made: dict[tuple[Source, int], Pool] = {}
    result = []
    for index, model in enumerate(scenario.models):
        key = (model.payload, index if isinstance(model.payload, RandomPayload) else 0)
        if key not in made:
            found: list[str] = []
            made[key] = tuple(_hashed(_bodies(model.payload, scenario.seed, index, found), found))
            problems += [Problem(f"models[{index}].payload", text) for text in found]
        result.append(made[key])
    if problems:
        raise ScenarioError("scenario", problems)
    return result


def pool_size(model: Model) -> int:
    """
    Return the number of a model's payloads; reads a file only if each line of it is one.

    Raises:
        ScenarioError: If its file or directory cannot be read, or holds nothing.
    """
    match model.payload:
        case RandomPayload(random=rows):
            return rows.pool
        case FilePayload(file=path, each="line" | "jsonl"):
            return _counted(path, _lines(path))
        case DirectoryPayload(directory=path) as directory:
            return _counted(path, _files(directory))
        case _:
            return 1


def _counted(path: Path, parts: Iterator[object]) -> int:
    try:
        size = sum(1 for _ in parts)
    except OSError as error:
        raise ScenarioError(str(path), [Problem("", f"cannot be read: {error.strerror}")]) from error
    if not size:
        raise ScenarioError(str(path), [Problem("", "holds no payload")])
    return size


def _hashed(bodies: Iterator[bytes], problems: list[str]) -> Iterator[Payload]:
    """Bodies with their hashes; sizes are checked here, and files that fail are noted."""
    total = count = 0
    try:
        for body in bodies:
            count, total = count + 1, total + len(body)
            if len(body) > MOST_BODY_BYTES:
                problems.append(f"payload {count} has {len(body)} bytes; expected at most {MOST_BODY_BYTES}")
            if total > _MOST_POOL_BYTES:
                problems.append(f"holds more than {_MOST_POOL_BYTES} bytes, which would be kept in memory")
            if total > _MOST_POOL_BYTES or len(problems) >= _MOST_PROBLEMS:
                return
            yield Payload(body, hashlib.sha256(body).hexdigest())
    except OSError as error:
        problems.append(f"{error.filename} cannot be read: {error.strerror}")
        return
    if not count and not problems:
        problems.append("holds no payload")


def _bodies(source: Source, seed: int, index: int, problems: list[str]) -> Iterator[bytes]:
    """Bodies of one source, in order; what is wrong with a line is noted and the line left out."""
    match source:
        case str():
            yield source.encode()
        case Base64Payload():
            yield source.decoded()
        case FilePayload(file=path, each="file"):
            yield path.read_bytes()
        case FilePayload(file=path, each="line"):
            yield from (line for _, line in _lines(path))
        case FilePayload(file=path):
            yield from _records(path, problems)
        case DirectoryPayload() as directory:
            yield from (path.read_bytes() for path in _files(directory))
        case RandomPayload(random=rows):
            yield from _random(rows, seed, index)


def _files(directory: DirectoryPayload) -> Iterator[Path]:
    yield from directory.files()


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers, without their ends and a byte order mark; lines of nothing but space are left out."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            line = raw.rstrip(b"\r\n")
            line = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
            if line.strip():
                yield number, line


def _records(path: Path, problems: list[str]) -> Iterator[bytes]:
    for number, line in _lines(path):
        try:
            record = json.loads(line, parse_constant=_refused)
            yield json.dumps(record, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError) as error:
            problems.append(f"{path}, line {number}: is not JSON: {error}")
            if len(problems) >= _MOST_PROBLEMS:
                return


def _refused(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON number")


def _random(shape: RandomRows, seed: int, index: int) -> Iterator[bytes]:
    """Payloads of random rows; numbers have six significant digits."""
    take = words(seed, index, _PAYLOAD_STREAM)
    for _ in range(shape.pool):
        # uniform gives (0, 1]; mirrored, low is included and high is not.
        unit = 1.0 - uniform(take(shape.columns * shape.rows))
        numbers = iter((shape.low + (shape.high - shape.low) * unit).tolist())
        rows = [[f"{number:.6g}" for number in islice(numbers, shape.columns)] for _ in range(shape.rows)]
        if shape.format == "csv":
            yield "\n".join(",".join(row) for row in rows).encode()
        else:
            yield ("[" + ",".join("[" + ",".join(row) + "]" for row in rows) + "]").encode()
