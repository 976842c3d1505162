"""What every group of rows is given."""

from dataclasses import dataclass
from typing import TypeVar

from bench.pin import Cores

_Value = TypeVar("_Value", int, float)


@dataclass(frozen=True, slots=True)
class Context:
    """Where to measure, and for how long."""

    cores: Cores
    quick: bool
    """Short windows and single repeats: shows that everything works, proves nothing."""

    def pick(self, full: _Value, quick: _Value) -> _Value:
        """Return the value for this kind of suite."""
        return quick if self.quick else full
