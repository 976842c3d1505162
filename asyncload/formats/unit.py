"""Units of values in files that do not say theirs."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

Unit: TypeAlias = Literal["ns", "us", "ms", "s"]
PER_MS: Final[Mapping[Unit, float]] = {"ns": 1e6, "us": 1e3, "ms": 1.0, "s": 1e-3}
"""How many of a unit make a millisecond."""
