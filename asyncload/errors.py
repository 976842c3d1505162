"""
Everything that asyncload raises.

    AsyncloadError
    ├── UsageError             the call or the command line is wrong          exit code 2
    │   └── ScenarioError      the scenario is wrong; carries every mistake   exit code 2
    ├── StartError             the run could not begin: credentials, names,   exit code 1
    │                          certificates, descriptors; nothing was sent
    └── StoreError             a run directory cannot be written or read      exit code 1

A failed *request* is never an exception: it is an `asyncload.call.Outcome`.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class AsyncloadError(Exception):
    """The root of the tree; its text is meant for the person at the keyboard."""


class UsageError(AsyncloadError):
    """A call, an option or an argument that cannot be meant."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a scenario: where it is, what is wrong, what would be right."""

    path: str
    """Place inside the document, such as `models[2].payload.columns`; empty for the whole document."""
    message: str
    """What is wrong, what is legal, and the nearest legal name where one was misspelt."""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ScenarioError(UsageError):
    """A scenario with mistakes, all of them at once."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        """
        Args:
            source: File name, or "scenario" for one built in code.
            problems: At least one.
        """
        self.source = source
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{source}: {count} mistake{'s' if count > 1 else ''}"
        super().__init__("\n".join([head, *(f"  {problem}" for problem in self.problems)]))


class StartError(AsyncloadError):
    """A run that could not begin; nothing was sent to the endpoint's models."""


class StoreError(AsyncloadError):
    """A run directory that cannot be created, written or read."""
