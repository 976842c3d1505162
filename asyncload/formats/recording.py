"""What a writer of another tool's format is given: a result, and its course where there is one."""

from dataclasses import dataclass

from asyncload.history import History
from asyncload.result import RunResult


@dataclass(frozen=True, slots=True)
class Recording:
    """A run as it was recorded."""

    result: RunResult
    history: History | None
    """None for a result.json without its run directory."""
