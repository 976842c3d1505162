"""Cores: the target on one, the generator on another, so that neither takes time from the other."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cores:
    """Who runs where."""

    target: int
    """nginx, the packet capture, and the suite itself, which only waits."""
    generator: int

    @property
    def apart(self) -> bool:
        """Whether they are two."""
        return self.target != self.generator


def cores() -> Cores:
    """Choose the first two cores that this process may use; a machine with one shares it."""
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(allowed[0], allowed[min(1, len(allowed) - 1)])


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Run on one core; processes that are started meanwhile stay on it."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
