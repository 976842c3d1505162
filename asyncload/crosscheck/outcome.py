"""What came of a crosscheck, as a value."""

from dataclasses import dataclass
from pathlib import Path

from asyncload.crosscheck.course import Course
from asyncload.crosscheck.hidden import Hidden
from asyncload.crosscheck.judging import Judgement
from asyncload.crosscheck.options import CrosscheckOptions
from asyncload.crosscheck.takes import Pair, usable


@dataclass(frozen=True, slots=True, kw_only=True)
class Crosscheck:
    """All pairs, and what they say."""

    course: Course
    options: CrosscheckOptions
    directory: Path
    pairs: tuple[Pair, ...]
    judgement: Judgement
    hidden: Hidden | None
    """What a closed loop hides; None if no pair was completed."""
    locust: str
    """Version."""
    asyncload: str
    """Version."""
    core: int | None
    """Where both generators ran; None if that could not be chosen."""
    began_unix_s: float
    ended: bool
    """Whether nothing more was to come; not so of what is written while pairs are still being run."""
    interrupted: bool
    trouble: str
    """Why it ended early; empty if it did not."""

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.course.ours.name

    @property
    def compared(self) -> tuple[Pair, ...]:
        """Pairs that count; all, if none does."""
        return tuple(usable(self.pairs)) or self.pairs
