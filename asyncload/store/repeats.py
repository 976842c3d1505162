"""
A directory of repeats: the run directories of one scenario that was run several times, 01, 02 and so on.

If it alternated with another scenario, theirs are in A and those of the other in B.
"""

import re
from pathlib import Path
from typing import Final

_NUMBER: Final = re.compile(r"\d{2,}")
SIDES: Final = ("A", "B")


def numbered(path: Path, number: int) -> Path:
    """Name the directory of a run; numbers begin with 1."""
    return path / f"{number:02d}"


def runs_of(path: Path) -> tuple[Path, ...]:
    """Return the run directories in a directory of repeats, in their order; none of anything else."""
    if not path.is_dir() or _holds_run(path):
        return ()
    found = [child for child in path.iterdir() if _NUMBER.fullmatch(child.name) and _holds_run(child)]
    return tuple(sorted(found, key=lambda child: int(child.name)))


def sides_of(path: Path) -> tuple[Path, ...]:
    """Return the directories of repeats of scenarios that alternated, A before B; whichever has runs, often both."""
    return tuple(path / side for side in SIDES if runs_of(path / side))


def _holds_run(path: Path) -> bool:
    return (path / "result.json").is_file() or (path / "run.sqlite").is_file()
