"""
What one phase asks of all ranks together: arrivals if it is open, the next call's draw if it is closed.

Strategy: the due times of a phase, the targets and the payloads each come from a stream of random words of their own,
named by seed, phase and purpose. So they can be made in blocks of any size, and a change of one (another law, another
pool) leaves the others as they were.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asyncload.arrivals import due_times
from asyncload.curve import rate_curve
from asyncload.exact import words
from asyncload.payload import pool_size
from asyncload.scenario import Arrivals, Scenario, Trace, Users, targets
from asyncload.stages import Block
from asyncload.trace import DRAWN, outline, replay
from asyncload.traffic import AliasTable, alias_table, scaled, shares
from asyncload.users import Habits, think_range_ns

BLOCK: Final = 65_536
"""Most arrivals in one block."""
_MODEL_STREAM: Final = 16
_PAYLOAD_STREAM: Final = 17
_ROW: Final = np.dtype([("due_ns", "<i8"), ("model", "<u4"), ("payload", "<u4")])
_DRAW: Final = np.dtype([("model", "<u4"), ("payload", "<u4")])
_CLOSED: Final = struct.Struct("<6sqqqqqqd")
_FINGERPRINT_USERS: Final = 1024

Draw: TypeAlias = Callable[[int, NDArray[np.int64] | None], tuple[NDArray[np.uint32], NDArray[np.uint32]]]
"""Takes a number of calls, and their targets where a trace names them; gives target and payload of each."""


class Shape(Protocol):
    """What is known of a phase without making its arrivals."""

    @property
    def length_ns(self) -> int:
        """From its start to its end."""

    @property
    def expected_count(self) -> float:
        """Mean number of arrivals over all seeds."""

    @property
    def peak_per_s(self) -> float:
        """Highest rate."""

    def rate_per_s(self, t_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """Rates at times from its start."""


class Choice:
    """Who is called with what, by the scenario's weights and pools."""

    def __init__(self, scenario: Scenario) -> None:
        """
        Args:
            scenario: Is read when something is first drawn.
        """
        self._scenario = scenario

    @cached_property
    def labels(self) -> dict[str, int]:
        """From each target's label to its index."""
        return {target.label: index for index, target in enumerate(targets(self._scenario.models))}

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Expected share of each target."""
        return shares(self._scenario.models)

    @cached_property
    def pools(self) -> NDArray[np.uint64]:
        """Size of each target's pool of payloads."""
        models = self._scenario.models
        sizes = np.array([pool_size(model) for model in models], dtype=np.uint64)
        return np.repeat(sizes, [model.count for model in models])

    @cached_property
    def _table(self) -> AliasTable:
        return alias_table(self.shares)

    def stream(self, index: int) -> Draw:
        """Begin the draws of a phase."""
        draw_model = words(self._scenario.seed, index, _MODEL_STREAM)
        draw_payload = words(self._scenario.seed, index, _PAYLOAD_STREAM)

        def draw(count: int, named: NDArray[np.int64] | None) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
            model = self._table.draw(draw_model(count))
            if named is not None:
                model = np.where(named == DRAWN, model, named).astype(np.uint32)
            return model, scaled(draw_payload(count), self.pools[model])

        return draw


@dataclass(frozen=True, slots=True, eq=False)
class OpenStimulus:
    """What an open phase asks for."""

    phase: Arrivals | Trace
    seed: int
    index: int
    """Which phase of the scenario it is."""
    start_ns: int
    choice: Choice
    shape: Shape

    def blocks(self, most: int = BLOCK) -> Iterator[Block]:
        """All arrivals, at most so many at once."""
        draw = self.choice.stream(self.index)
        for due, named in self._arrivals(most):
            yield Block(due + self.start_ns, *draw(due.size, named))

    def fingerprint(self) -> Iterator[bytes]:
        """Yield what the digest is made of."""
        return map(fingerprint_of, self.blocks())

    def _arrivals(self, most: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64] | None]]:
        """Due times from the start of the phase, and the targets that a trace names."""
        if isinstance(self.phase, Trace):
            yield from replay(self.phase, self.choice.labels, most)
        else:
            for due in due_times(self.phase, self.seed, self.index, most):
                yield due, None


@dataclass(frozen=True, slots=True, eq=False)
class ClosedStimulus:
    """What a closed phase asks for."""

    phase: Users
    seed: int
    index: int
    """Which phase of the scenario it is."""
    start_ns: int
    choice: Choice

    @property
    def shape(self) -> Shape:
        """Nothing is known of its rate."""
        return _Unknown(self.phase.length_ns)

    def habits(self, rank: int = 0, world: int = 1) -> Habits:
        """What the users of a rank do between calls."""
        return Habits(self.phase, self.seed, self.index, rank, world)

    def fingerprint(self) -> Iterator[bytes]:
        """Yield what the digest is made of."""
        users = self.phase
        lengths_ns = (users.length_ns, users.users, *think_range_ns(users), users.pace_ns or 0)
        yield _CLOSED.pack(b"closed", self.start_ns, *lengths_ns, users.spawn_per_s or 0.0)
        yield _interleaved(_DRAW, *self.choice.stream(self.index)(BLOCK, None))
        habits = self.habits()
        pauses = [habits.think_ns(user) for user in range(min(users.users, _FINGERPRINT_USERS))]
        yield np.array(pauses, "<i8").tobytes()


Stimulus: TypeAlias = OpenStimulus | ClosedStimulus


@dataclass(frozen=True, slots=True)
class _Unknown:
    """The shape of a phase whose calls depend on the endpoint."""

    length_ns: int
    expected_count: float = 0.0
    peak_per_s: float = 0.0

    def rate_per_s(self, t_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.full(t_ns.shape, np.nan)


def stimuli(scenario: Scenario, choice: Choice) -> Iterator[Stimulus]:
    """
    Yield what each phase asks for, one after the other.

    Raises:
        ScenarioError: If a rate curve or a trace is wrong.
    """
    start_ns = 0
    for index, phase in enumerate(scenario.phases):
        if isinstance(phase, Users):
            yield ClosedStimulus(phase, scenario.seed, index, start_ns, choice)
            start_ns += phase.length_ns
            continue
        shape: Shape
        if isinstance(phase, Trace):
            shape = outline(phase, choice.labels)
        else:
            shape = rate_curve(phase.rate, phase.length_ns, f"phases[{index}].rate")
        yield OpenStimulus(phase, scenario.seed, index, start_ns, choice, shape)
        start_ns += shape.length_ns


def fingerprint_of(block: Block) -> bytes:
    """Rows of a block in the digest."""
    return _interleaved(_ROW, *block)


def _interleaved(row: np.dtype[np.void], *columns: NDArray[np.generic]) -> bytes:
    """Rows instead of columns, so that where a block ends does not matter."""
    rows = np.empty(columns[0].size, dtype=row)
    for name, column in zip(row.names or (), columns, strict=True):
        rows[name] = column
    return rows.tobytes()
