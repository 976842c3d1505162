"""What a format is told about one objective of a run."""

from typing import Literal, Protocol


class Objective(Protocol):
    """An objective and what became of it."""

    @property
    def text(self) -> str:
        """As the scenario states it."""

    @property
    def answer(self) -> Literal["MET", "MISSED", "UNDECIDED"]:
        """Whether it was kept, or the run cannot tell."""

    @property
    def value(self) -> float | None:
        """What was measured; None if nothing was."""

    @property
    def low(self) -> float | None:
        """Lower end of its interval."""

    @property
    def high(self) -> float | None:
        """Upper end of it."""

    @property
    def unit(self) -> str:
        """Of value, low and high; empty for a plain number."""

    @property
    def why(self) -> str:
        """The answer in words."""
