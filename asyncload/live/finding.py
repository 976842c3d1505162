"""
Which runs there are in a directory, and by what id each is asked for.

    ROOT/NAME                          a run
    ROOT/NAME/01, 02, ...              the repeats of one scenario
    ROOT/NAME/A/01 ..., NAME/B/01 ...  those of two that alternated

It goes no deeper than that, and follows no link that leads out of the directory. An id stands for a folder that was
found here: it is made of the folder's path below the directory, and nothing reads a path from it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from asyncload.errors import StoreError
from asyncload.store.repeats import SIDES, runs_of

_FILES: Final = ("result.json", "run.sqlite", "run.sqlite-wal")
_ID_CHARACTERS: Final = 16


@dataclass(frozen=True, slots=True)
class Found:
    """A run that is there, or something that looks like one."""

    id: str
    path: Path
    name: str
    """Its path below the directory, such as night or change/A/01."""
    stamp: tuple[tuple[int, int], ...] = ()
    """Time of the last change and size of each of its files; of one that does not exist (0, 0)."""
    trouble: str = ""
    """Why it cannot even be looked at."""

    @property
    def ended(self) -> bool:
        """Whether it has a result."""
        return self.stamp[0] != (0, 0)

    @property
    def changed_s(self) -> float:
        """When it was last written to, as seconds since 1970."""
        return max(time_ns for time_ns, _ in self.stamp) / 1e9


def look(root: Path) -> list[Found]:
    """
    Return the runs in a directory, the last by name first.

    Raises:
        StoreError: If the directory cannot be read.
    """
    try:
        folders = sorted((path for path in root.iterdir() if path.is_dir()), key=lambda path: path.name)
    except OSError as error:
        raise StoreError(f"{root}: cannot be read: {error.strerror or error}") from error
    return [found for path in reversed(folders) for found in _in(root, path)]


def _in(root: Path, path: Path) -> Iterator[Found]:
    """Look at a folder: a run, the repeats of one, or nothing of either."""
    found = _found(root, path)
    if found is not None:
        yield found
        return
    for side in reversed(SIDES):
        beside = _found(root, path / side)
        if beside is None:
            yield from _repeats(root, path / side)
        elif beside.trouble:
            yield beside
    yield from _repeats(root, path)


def _repeats(root: Path, path: Path) -> Iterator[Found]:
    """Look at the runs of a folder of repeats that is known to lie inside, the last first."""
    try:
        runs = runs_of(path)
    except OSError as error:
        yield _troubled(root, path, error)
        return
    yield from filter(None, (_found(root, run) for run in reversed(runs)))


def _found(root: Path, path: Path) -> Found | None:
    """Look at a folder; None if no run was ever begun in it."""
    try:
        if not path.resolve().is_relative_to(root.resolve()):
            return _named(root, path, trouble="a link that leads out of this directory; it is not followed")
        stamp = tuple(_stamp(path / name) for name in _FILES)
    except (OSError, RuntimeError) as error:  # the latter of links that lead in circles
        return _troubled(root, path, error)
    return _named(root, path, stamp) if any(map(any, stamp)) else None


def _troubled(root: Path, path: Path, error: Exception) -> Found:
    return _named(root, path, trouble=getattr(error, "strerror", None) or str(error))


def _named(root: Path, path: Path, stamp: tuple[tuple[int, int], ...] = (), trouble: str = "") -> Found:
    name = path.relative_to(root).as_posix()
    id_ = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:_ID_CHARACTERS]
    return Found(id_, path, name, stamp, trouble)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        facts = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return 0, 0
    return facts.st_mtime_ns, facts.st_size
