"""
The stimulus as data: every arrival of a scenario, when, which target, which payload, before anything is sent.

Strategy: the due times of a phase, the targets and the payloads each come from a stream of random words of their own,
named by seed, phase and purpose. So they can be made in blocks of any size, and a change of one (another law, another
pool) leaves the others as they were. Every rank makes the one global plan and keeps its own arrivals, which costs each
generator about 50 ns per arrival of the others and needs no agreement between them.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from asyncload.arrivals import due_times
from asyncload.curve import RateCurve, rate_curve
from asyncload.errors import Problem, ScenarioError, UsageError
from asyncload.exact import words
from asyncload.payload import pool_size, pools
from asyncload.scenario import Arrivals, Phase, Scenario, Trace, Users, targets
from asyncload.trace import DRAWN, TraceOutline, outline, replay
from asyncload.traffic import AliasTable, alias_table, scaled, shares

BLOCK: Final = 65_536
"""Most arrivals in one block."""
_MODEL_STREAM: Final = 16
_PAYLOAD_STREAM: Final = 17
_ROW: Final = np.dtype([("due_ns", "<i8"), ("model", "<u4"), ("payload", "<u4")])


class Block(NamedTuple):
    """
    Consecutive arrivals of one rank.

    **Shape**: three columns of one length n, 0 < n <= 65,536.
    """

    due_ns: NDArray[np.int64]
    """From the start of the run, non-decreasing, across blocks too."""
    model: NDArray[np.uint32]
    """Index into `scenario.targets`."""
    payload: NDArray[np.uint32]
    """Index into the pool of payloads of the target's family."""


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """Where a phase lies in the run and what it asks for."""

    start_ns: int
    end_ns: int
    """The start of the next phase."""
    warmup: bool
    expected_count: float
    """Mean over all seeds; for a trace its number of arrivals."""
    peak_per_s: float


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """What a whole plan amounts to, counted from its blocks."""

    total: int
    warmup: int
    measured: int
    per_target: tuple[int, ...]
    """Arrivals per target, warm-up included."""
    shares: tuple[float, ...]
    """Expected share per target of the arrivals that are drawn by weight."""
    body_bytes: int
    """Of all request bodies together, warm-up included; heads are not counted."""
    length_ns: int
    expected_count: float
    peak_per_s: float
    digest: str


@dataclass(frozen=True)
class Plan:
    """
    The arrivals that one rank of `world` is to send.

    The same scenario and seed give the same plan on any machine. The constructor does no work; what a trace or a table
    needs is made on first use and kept.

    Raises:
        UsageError: If not 0 <= rank < world.
    """

    scenario: Scenario
    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.world:
            raise UsageError(f"rank must be from 0 to world - 1: rank {self.rank}, world {self.world}")

    def blocks(self, most: int = BLOCK) -> Iterator[Block]:
        """
        Make the arrivals of this rank, in constant memory for any length.

        Args:
            most: Most arrivals of all ranks that are made at once, at least 2: less work per block, more in all. The
                arrivals do not depend on it.

        Yields:
            Blocks in the order of their due times.

        Raises:
            ScenarioError: If a phase or a trace is wrong.
        """
        index = 0
        for block in self._global_blocks(most):
            mine = slice((self.rank - index) % self.world, None, self.world)
            index += block.due_ns.size
            part = Block(block.due_ns[mine].copy(), block.model[mine].copy(), block.payload[mine].copy())
            if part.due_ns.size:
                yield part

    def digest(self) -> str:
        """
        SHA-256 over the global plan, the same on every rank: lower-case hex.

        One row per arrival, in order: due_ns as 8 bytes, model and payload as 4 bytes each, all little-endian.
        """
        return self._digest

    def phases(self) -> tuple[PhaseSpan, ...]:
        """One span per phase of the scenario; each begins where the one before it ends, the first at 0."""
        spans, start_ns = [], 0
        for phase, shape in zip(self.scenario.phases, self._shapes, strict=True):
            end_ns = start_ns + shape.length_ns
            spans.append(PhaseSpan(start_ns, end_ns, phase.warmup, shape.expected_count, shape.peak_per_s))
            start_ns = end_ns
        return tuple(spans)

    @property
    def length_ns(self) -> int:
        """From the start of the first phase to the end of the last."""
        return sum(shape.length_ns for shape in self._shapes)

    @property
    def expected_count(self) -> float:
        """Mean number of arrivals over all seeds, of all ranks together."""
        return math.fsum(shape.expected_count for shape in self._shapes)

    def rate_per_s(self, t_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """
        The rate asked for at times from the start of the run, of all ranks together; 0 outside it.

        Shape:
            As `t_ns`.
        """
        rates = np.zeros(t_ns.shape)
        for span, shape in zip(self.phases(), self._shapes, strict=True):
            inside = (t_ns >= span.start_ns) & (t_ns < span.end_ns)
            rates[inside] = shape.rate_per_s(t_ns[inside] - span.start_ns)
        return rates

    def summary(self) -> PlanSummary:
        """
        Count the global plan in one pass over its blocks.

        Raises:
            ScenarioError: If a phase, a trace or a payload is wrong.
        """
        return self._summary

    # -- the global plan ----------------------------------------------------------------------------------------------

    def _global_blocks(self, most: int = BLOCK) -> Iterator[Block]:
        start_ns = 0
        for index, (phase, shape) in enumerate(zip(self.scenario.phases, self._shapes, strict=True)):
            draw_model = words(self.scenario.seed, index, _MODEL_STREAM)
            draw_payload = words(self.scenario.seed, index, _PAYLOAD_STREAM)
            for due, named in self._arrivals(index, phase, most):
                model = self._table.draw(draw_model(due.size))
                if named is not None:
                    model = np.where(named == DRAWN, model, named).astype(np.uint32)
                payload = scaled(draw_payload(due.size), self._pools[model])
                yield Block(due + start_ns, model, payload)
            start_ns += shape.length_ns

    def _arrivals(
        self, index: int, phase: Phase, most: int
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64] | None]]:
        """Due times from the start of the phase, and the targets that a trace names."""
        if isinstance(phase, Trace):
            yield from replay(phase, self._labels, most)
        elif isinstance(phase, Arrivals):
            for due in due_times(phase, self.scenario.seed, index, most):
                yield due, None

    @cached_property
    def _shapes(self) -> tuple[RateCurve | TraceOutline, ...]:
        return tuple(self._shape(index, phase) for index, phase in enumerate(self.scenario.phases))

    def _shape(self, index: int, phase: Phase) -> RateCurve | TraceOutline:
        if isinstance(phase, Users):
            raise ScenarioError("scenario", [Problem(f"phases[{index}]", "closed loops cannot be run yet")])
        if isinstance(phase, Trace):
            return outline(phase, self._labels)
        return rate_curve(phase.rate, phase.length_ns, f"phases[{index}].rate")

    @cached_property
    def _labels(self) -> dict[str, int]:
        return {target.label: index for index, target in enumerate(targets(self.scenario.models))}

    @cached_property
    def _shares(self) -> NDArray[np.float64]:
        return shares(self.scenario.models)

    @cached_property
    def _table(self) -> AliasTable:
        return alias_table(self._shares)

    @cached_property
    def _pools(self) -> NDArray[np.uint64]:
        """Size of each target's pool of payloads."""
        sizes = [pool_size(model) for model in self.scenario.models]
        return np.repeat(np.array(sizes, dtype=np.uint64), [model.count for model in self.scenario.models])

    @property
    def _body_sizes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Bytes of every payload, family after family, and for each target where its family's begin."""
        sizes = [[len(payload.body) for payload in pool] for pool in pools(self.scenario)]
        begins = np.cumsum([0, *map(len, sizes[:-1])])
        flat = np.array([size for pool in sizes for size in pool], dtype=np.int64)
        return flat, np.repeat(begins, [model.count for model in self.scenario.models])

    @cached_property
    def _digest(self) -> str:
        hasher = hashlib.sha256()
        for block in self._global_blocks():
            hasher.update(_rows(block))
        return hasher.hexdigest()

    @cached_property
    def _summary(self) -> PlanSummary:
        hasher, counts = hashlib.sha256(), np.zeros(self._pools.size, dtype=np.int64)
        warmups = [(span.start_ns, span.end_ns) for span in self.phases() if span.warmup]
        sizes, first = self._body_sizes
        warmup = body_bytes = 0
        for block in self._global_blocks():
            hasher.update(_rows(block))
            counts += np.bincount(block.model, minlength=counts.size)
            body_bytes += int(sizes[first[block.model] + block.payload].sum())
            warmup += sum(int(np.diff(np.searchsorted(block.due_ns, ends))[0]) for ends in warmups)
        total = int(counts.sum())
        return PlanSummary(
            total=total,
            warmup=warmup,
            measured=total - warmup,
            per_target=tuple(counts.tolist()),
            shares=tuple(self._shares.tolist()),
            body_bytes=body_bytes,
            length_ns=self.length_ns,
            expected_count=self.expected_count,
            peak_per_s=max((span.peak_per_s for span in self.phases()), default=0.0),
            digest=hasher.hexdigest(),
        )


def write_csv(plan: Plan, file: TextIO) -> None:
    """Write the arrivals of the plan's rank as CSV, one line each, under the header `due_ns,model,payload`."""
    file.write("due_ns,model,payload\n")
    for block in plan.blocks():
        columns = (column.tolist() for column in block)
        file.write("".join([f"{due_ns},{model},{payload}\n" for due_ns, model, payload in zip(*columns, strict=True)]))


def _rows(block: Block) -> bytes:
    """The digest's rows: interleaved, so that where a block ends does not matter."""
    rows = np.empty(block.due_ns.size, dtype=_ROW)
    rows["due_ns"], rows["model"], rows["payload"] = block
    return rows.tobytes()
