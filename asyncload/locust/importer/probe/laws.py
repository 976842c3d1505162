"""What a task does: one run of it, and the law of all its runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

Key: TypeAlias = int
"""Number of a target as a request names it: endpoint and headers, without the body."""
Pool: TypeAlias = tuple[tuple[int, float], ...]
"""Numbers of bodies with their shares, which add up to 1, in the order in which they were first seen."""
Ended: TypeAlias = Literal["done", "interrupt", "stop", "failed"]
Method: TypeAlias = Literal["all", "cycle", "sample"]
_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run did."""

    keys: tuple[Key, ...]
    """Of its calls, in their order."""
    bodies: tuple[int, ...]
    """Likewise."""
    ended: Ended

    @property
    def course(self) -> tuple[tuple[Key, ...], Ended]:
        """All but the bodies."""
        return self.keys, self.ended


@dataclass(frozen=True, slots=True)
class Law:
    """What a task does on the average of its runs."""

    calls: dict[Key, float]
    """Expected calls in a run."""
    pools: dict[Key, Pool]
    """What each call's body is drawn from."""
    interrupts: float = 0.0
    """Probability that a run ends its task set."""
    stops: float = 0.0
    """Probability that a run ends its user."""
    fails: float = 0.0
    """Probability that a run raises what it should not."""
    method: Method = "all"
    """all: every way its draws can go; cycle: one round of a fixed order; sample: runs at random."""
    runs: int = 1
    """Ways, length of the round, or size of the sample."""
    error: float = 0.0
    """Largest standard error of the probability that a run calls a target."""
    sampled: int = 0
    """Payloads that were taken as a sample, for a target that has more; 0 if all were seen."""
    most_calls: int = 0
    """Calls in one run, at most."""


@dataclass(slots=True)
class Tally:
    """Runs, weighted, on their way to a law."""

    _calls: dict[Key, float] = field(default_factory=dict)
    _pools: dict[Key, list[tuple[float, Pool]]] = field(default_factory=dict)
    _ends: dict[Ended, float] = field(default_factory=dict)
    _weight: float = 0.0
    _most_calls: int = 0

    def add(self, outcome: Outcome, weight: float) -> None:
        """Add one run."""
        self.add_pools(outcome, weight, [((body, 1.0),) for body in outcome.bodies])

    def add_pools(self, outcome: Outcome, weight: float, pools: Sequence[Pool]) -> None:
        """Add runs of one course; `pools` are what each call's body is drawn from."""
        self._weight += weight
        self._most_calls = max(self._most_calls, len(outcome.keys))
        self._ends[outcome.ended] = self._ends.get(outcome.ended, 0.0) + weight
        for key, pool in zip(outcome.keys, pools, strict=True):
            self._calls[key] = self._calls.get(key, 0.0) + weight
            self._pools.setdefault(key, []).append((weight, pool))

    def law(self, method: Method, runs: int, *, error: float = 0.0, sampled: int = 0) -> Law:
        """Return the law."""
        return Law(
            calls={key: weight / self._weight for key, weight in self._calls.items()},
            pools={key: mixed(parts) for key, parts in self._pools.items()},
            interrupts=self._ends.get("interrupt", 0.0) / self._weight,
            stops=self._ends.get("stop", 0.0) / self._weight,
            fails=self._ends.get("failed", 0.0) / self._weight,
            method=method,
            runs=runs,
            error=error,
            sampled=sampled,
            most_calls=self._most_calls,
        )


def mixed(parts: Sequence[tuple[float, Pool]]) -> Pool:
    """Return the pool from which pools are drawn with these weights; the pool itself where there is only one."""
    if all(pool is parts[0][1] for _, pool in parts):
        return parts[0][1]
    weights: dict[int, float] = {}
    for weight, pool in parts:
        for body, share in pool:
            weights[body] = weights.get(body, 0.0) + weight * share
    total = sum(weights.values())
    return tuple((body, float(f"{weight / total:.{_DIGITS}g}")) for body, weight in weights.items())
