"""
How often each call is made in the long run, from what tasks do and how task sets pick them.

A task set is a chain: a state for each thing that it may do next, and where it goes from there. A state is left for
another one, or ends the task set (interrupt), or is a nested task set that is never left again. So a user ends up in
some part of the chain that it cannot leave, and what is asked for is the calls there, per task that is carried out.

    TaskSet             one state: the mixture of its tasks
    SequentialTaskSet   a ring
    MarkovTaskSet       what its transitions say

Every task is taken to last equally long: a locustfile says nothing of that.

Source:
    Kemeny, Snell: Finite Markov Chains (1960), ch. 3 (visits before absorption) and ch. 5 (regular chains).
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

K = TypeVar("K", bound=Hashable)
Row: TypeAlias = dict[int, float]
"""Probability by state."""


@dataclass(frozen=True, slots=True)
class Stay(Generic[K]):
    """A part of a chain that is never left."""

    chance: float
    """That a visit ends up in it."""
    rates: Mapping[K, float]
    """Calls there per task."""


@dataclass(frozen=True, slots=True)
class Step(Generic[K]):
    """What carrying out one state does, on the average: a task once, or a visit to a nested task set."""

    calls: Mapping[K, float]
    tasks: float = 1.0
    """Tasks carried out."""
    leaves: float = 0.0
    """Probability that the task set is left afterwards."""
    stays: Sequence[Stay[K]] = ()
    """How it may never come back."""

    @property
    def goes_on(self) -> float:
        """Probability that the task set goes on to its next state."""
        return max(1.0 - self.leaves - sum(stay.chance for stay in self.stays), 0.0)


@dataclass(frozen=True, slots=True)
class Chain(Generic[K]):
    """A task set."""

    steps: Sequence[Step[K]]
    start: Row
    moves: Sequence[Row]
    """Of each state: where the task set goes from there if it goes on."""


@dataclass(slots=True)
class _Sum(Generic[K]):
    """A weighted sum of steps."""

    calls: dict[K, float] = field(default_factory=dict)
    tasks: float = 0.0

    def add(self, step: Step[K], weight: float) -> None:
        for key, count in step.calls.items():
            self.calls[key] = self.calls.get(key, 0.0) + weight * count
        self.tasks += weight * step.tasks


def mixture(parts: Sequence[tuple[float, Step[K]]]) -> Step[K]:
    """Return the step that is one of some steps; the weights add up to 1."""
    total: _Sum[K] = _Sum()
    for weight, step in parts:
        total.add(step, weight)
    return Step(
        total.calls,
        total.tasks,
        sum(weight * step.leaves for weight, step in parts),
        [Stay(weight * stay.chance, stay.rates) for weight, step in parts for stay in step.stays],
    )


def picked(parts: Sequence[tuple[float, Step[K]]]) -> Chain[K]:
    """Return the chain of a TaskSet, which picks anew each time; the weights add up to 1."""
    return Chain([mixture(parts)], {0: 1.0}, [{0: 1.0}])


def ring(steps: Sequence[Step[K]]) -> Chain[K]:
    """Return the chain of a SequentialTaskSet."""
    return Chain(steps, {0: 1.0}, [{(index + 1) % len(steps): 1.0} for index in range(len(steps))])


def visit(chain: Chain[K]) -> Step[K]:
    """Return what one visit to a task set does; for the task set around it that is one state's step."""
    moves = [
        {state: step.goes_on * part for state, part in row.items() if step.goes_on * part > 0}
        for step, row in zip(chain.steps, chain.moves, strict=True)
    ]
    kept = [part for part in _closed(chain.start, moves) if all(chain.steps[state].goes_on >= 1.0 for state in part)]
    inside = {state: index for index, part in enumerate(kept) for state in part}
    counts = visits(chain.start, [{} if state in inside else row for state, row in enumerate(moves)])
    total: _Sum[K] = _Sum()
    entered = [0.0] * len(kept)
    stays: list[Stay[K]] = []
    leaves = 0.0
    for state, count in counts.items():
        if state in inside:
            entered[inside[state]] += count
            continue
        step = chain.steps[state]
        total.add(step, count)
        leaves += count * step.leaves
        stays += [Stay(count * stay.chance, stay.rates) for stay in step.stays]
    stays += [Stay(chance, _rates(chain, part)) for chance, part in zip(entered, kept, strict=True)]
    return Step(total.calls, total.tasks, leaves, stays)


def long_run(chain: Chain[K]) -> dict[K, float]:
    """
    Return the calls per task of a user whose outermost task set is `chain`.

    Nothing leaves that task set: a task that tries to ends its user, and another one begins anew.
    """
    step = visit(chain)
    if step.leaves > 0:
        step = visit(picked([(1.0, Step(step.calls, step.tasks, 0.0, step.stays))]))
    rates: dict[K, float] = {}
    for stay in step.stays:
        for key, rate in stay.rates.items():
            rates[key] = rates.get(key, 0.0) + stay.chance * rate
    return rates


def visits(start: Row, moves: Sequence[Row]) -> Row:
    """
    Return how often each state is visited, on the average, before the chain ends: x = start + x * moves.

    One state after the other is taken out of the chain and put back in reverse; only what is not 0 is touched, so a
    ring of a thousand states costs a thousand steps.
    """
    states = _reached(start, moves)
    rows = {state: dict(moves[state]) for state in states}
    into: dict[int, set[int]] = {state: set() for state in states}
    for state, row in rows.items():
        for other in row:
            into[other].add(state)
    gains = {state: start.get(state, 0.0) for state in states}
    taken: list[tuple[int, float, Row]] = []
    for state in states:
        row = rows.pop(state)
        again = 1.0 / (1.0 - row.pop(state, 0.0))
        before = {other: rows[other].pop(state) for other in into[state] if other in rows}
        for other, part in row.items():
            gains[other] += gains[state] * again * part
            for earlier, weight in before.items():
                rows[earlier][other] = rows[earlier].get(other, 0.0) + weight * again * part
                into[other].add(earlier)
        taken.append((state, again, before))
    counts: Row = {}
    for state, again, before in reversed(taken):
        counts[state] = again * (gains[state] + sum(weight * counts[other] for other, weight in before.items()))
    return {state: counts[state] for state in states}


def _reached(start: Row, moves: Sequence[Row]) -> list[int]:
    """Return the states that can be reached, in the order in which they are found."""
    found = dict.fromkeys(state for state, part in start.items() if part > 0)
    waiting = list(found)
    for state in waiting:
        for other in moves[state]:
            if other not in found:
                found[other] = None
                waiting.append(other)
    return waiting


def _closed(start: Row, moves: Sequence[Row]) -> list[list[int]]:
    """Return the parts of a chain that lead to one another and nowhere else."""
    parts: list[list[int]] = []
    left = dict.fromkeys(_reached(start, moves))
    back: list[Row] = [{} for _ in moves]
    for state in left:
        for other in moves[state]:
            back[other][state] = 1.0
    while left:
        state = next(iter(left))
        part = _reached({state: 1.0}, moves)
        if set(part) <= set(_reached({state: 1.0}, back)):
            parts.append(sorted(part))
        else:
            part = [state]  # from here one comes to a place from which there is no way back
        for done in part:
            left.pop(done, None)
    return parts


def _rates(chain: Chain[K], part: Sequence[int]) -> dict[K, float]:
    """Return the calls per task in a part that is never left: those of one way round, from a state back to it."""
    first = part[0]
    row = chain.moves[first]
    others = [{state: chance for state, chance in moves.items() if state != first} for moves in chain.moves]
    others[first] = {}
    start = {state: chance for state, chance in row.items() if state != first}
    total: _Sum[K] = _Sum()
    total.add(chain.steps[first], 1.0)
    for state, count in visits(start, others).items():
        total.add(chain.steps[state], count)
    return {key: count / total.tasks for key, count in total.calls.items()}
