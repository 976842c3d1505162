"""
The stimulus as data: every arrival of a scenario, when, which target, which payload, before anything is sent.

Every rank makes the one global plan and keeps its own arrivals, which costs each generator about 50 ns per arrival of
the others and needs no agreement between them.

Of a closed phase all that does not depend on the endpoint is as fixed: its n-th call, in the order in which users
become ready, takes the n-th draw of target and payload from the same streams that an open phase has; of several ranks,
rank r's n-th call takes draw n * world + r. When users begin and how long they think is in `users`.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, groupby
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from asyncload.errors import UsageError
from asyncload.payload import pools
from asyncload.scenario import Scenario, Users
from asyncload.stages import Block, ClosedStage, Draws, OpenStage, Stage, Stint
from asyncload.stimulus import BLOCK, Choice, ClosedStimulus, OpenStimulus, Stimulus, fingerprint_of, stimuli
from asyncload.users import begins_ns, in_words


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """Where a phase lies in the run and what it asks for."""

    start_ns: int
    end_ns: int
    """The start of the next phase."""
    warmup: bool
    expected_count: float
    """Mean over all seeds; for a trace its number of arrivals; 0 for a closed phase, whose number nobody knows."""
    peak_per_s: float
    """0 for a closed phase."""
    users: Users | None = None
    """The phase itself if it is a closed one."""


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """What a whole plan amounts to, counted from its blocks; the calls of closed phases are in none of the counts."""

    total: int
    warmup: int
    measured: int
    per_target: tuple[int, ...]
    """Arrivals per target, warm-up included."""
    shares: tuple[float, ...]
    """Expected share per target of the calls that are drawn by weight."""
    body_bytes: int
    """Of all request bodies together, warm-up included; heads are not counted."""
    length_ns: int
    expected_count: float
    peak_per_s: float
    digest: str
    closed: tuple[PhaseSpan, ...] = ()
    """Phases of which the number of calls depends on the endpoint."""


@dataclass(frozen=True)
class Plan:
    """
    What one rank of `world` is to send.

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
        Make the arrivals of this rank, in constant memory for any length; a closed phase has none that could be made.

        Args:
            most: Most arrivals of all ranks that are made at once, at least 2: less work per block, more in all. The
                arrivals do not depend on it.

        Yields:
            Blocks in the order of their due times.

        Raises:
            ScenarioError: If a phase or a trace is wrong.
        """
        for stage in self.stages(most):
            if isinstance(stage, OpenStage):
                yield from stage.blocks

    def stages(self, most: int = BLOCK) -> tuple[Stage, ...]:
        """
        Return the plan of this rank as it is driven, stage by stage; what a stage holds is drawn as it is asked for.

        Args:
            most: As in `blocks`.

        Raises:
            ScenarioError: If a phase or a trace is wrong.
        """
        stages: list[Stage] = []
        for _, group in groupby(self._stimuli, type):
            alike = tuple(group)
            closed = tuple(stimulus for stimulus in alike if isinstance(stimulus, ClosedStimulus))
            open_ = tuple(stimulus for stimulus in alike if isinstance(stimulus, OpenStimulus))
            stages.append(self._closed_stage(closed, most) if closed else OpenStage(self._own_blocks(open_, most)))
        return tuple(stages)

    def draws(self, index: int, most: int = BLOCK) -> Iterator[Draws]:
        """
        Make what the calls of this rank in one closed phase are, in their order, without end.

        Args:
            index: Which phase of the scenario.
            most: Most calls of all ranks that are drawn at once, at least `world`; the draws do not depend on it.
        """
        draw, first = self._choice.stream(index), self.rank
        while True:
            model, payload = draw(most, None)
            mine = slice(first, None, self.world)
            first = (first - most) % self.world
            yield Draws(model[mine].copy(), payload[mine].copy())

    def digest(self) -> str:
        """
        SHA-256 over the global plan, the same on every rank: lower-case hex.

        All little-endian, phase by phase. Of an open phase: one row per arrival, in order, due_ns as 8 bytes, model and
        payload as 4 bytes each. Of a closed phase: "closed"; start, length, users, shortest pause, longest pause and
        pace as 8 bytes each, and the spawn rate as a float of 8 bytes, times in ns, 0 for what there is none of; then
        model and payload of the first 65,536 calls as 4 bytes each; then the first pause of the first 1,024 users as 8
        bytes each.
        """
        return self._digest

    def phases(self) -> tuple[PhaseSpan, ...]:
        """One span per phase of the scenario; each begins where the one before it ends, the first at 0."""
        return self._spans

    @property
    def length_ns(self) -> int:
        """From the start of the first phase to the end of the last."""
        return max((span.end_ns for span in self._spans), default=0)

    @property
    def expected_count(self) -> float:
        """Mean number of arrivals over all seeds, of all ranks together, those of closed phases left out."""
        return math.fsum(span.expected_count for span in self._spans)

    def rate_per_s(self, t_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """
        The rate asked for at times from the start of the run, of all ranks together; 0 outside it, NaN in a closed
        phase, which asks for none.

        Shape:
            As `t_ns`.
        """
        rates = np.zeros(t_ns.shape)
        for span, stimulus in zip(self._spans, self._stimuli, strict=True):
            inside = (t_ns >= span.start_ns) & (t_ns < span.end_ns)
            rates[inside] = stimulus.shape.rate_per_s(t_ns[inside] - span.start_ns)
        return rates

    def summary(self) -> PlanSummary:
        """
        Count the global plan in one pass over its blocks.

        Raises:
            ScenarioError: If a phase, a trace or a payload is wrong.
        """
        return self._summary

    # -- a rank's share -----------------------------------------------------------------------------------------------

    def _own_blocks(self, stimuli: Sequence[OpenStimulus], most: int) -> Iterator[Block]:
        """Each `world`-th arrival of open phases that follow one another."""
        count = 0
        for block in chain.from_iterable(stimulus.blocks(most) for stimulus in stimuli):
            mine = slice((self.rank - count) % self.world, None, self.world)
            count += block.due_ns.size
            part = Block(block.due_ns[mine].copy(), block.model[mine].copy(), block.payload[mine].copy())
            if part.due_ns.size:
                yield part

    def _closed_stage(self, stimuli: Sequence[ClosedStimulus], most: int) -> ClosedStage:
        stints, before = [], 0
        for stimulus in stimuli:
            begins = begins_ns(stimulus.phase, before, self.rank, self.world) + stimulus.start_ns
            end_ns = stimulus.start_ns + stimulus.phase.length_ns
            draws = self.draws(stimulus.index, max(most, self.world))
            stints.append(Stint(stimulus.start_ns, end_ns, begins, stimulus.habits(self.rank, self.world), draws))
            before = stimulus.phase.users
        return ClosedStage(tuple(stints))

    # -- the global plan ----------------------------------------------------------------------------------------------

    @cached_property
    def _choice(self) -> Choice:
        return Choice(self.scenario)

    @cached_property
    def _stimuli(self) -> tuple[Stimulus, ...]:
        return tuple(stimuli(self.scenario, self._choice))

    @cached_property
    def _spans(self) -> tuple[PhaseSpan, ...]:
        spans = []
        for stimulus in self._stimuli:
            start_ns, shape = stimulus.start_ns, stimulus.shape
            users = stimulus.phase if isinstance(stimulus, ClosedStimulus) else None
            end_ns, warmup = start_ns + shape.length_ns, stimulus.phase.warmup
            spans.append(PhaseSpan(start_ns, end_ns, warmup, shape.expected_count, shape.peak_per_s, users))
        return tuple(spans)

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
        for part in chain.from_iterable(stimulus.fingerprint() for stimulus in self._stimuli):
            hasher.update(part)
        return hasher.hexdigest()

    @cached_property
    def _summary(self) -> PlanSummary:
        hasher, counts = hashlib.sha256(), np.zeros(self._choice.pools.size, dtype=np.int64)
        sizes, first = self._body_sizes
        warmup = body_bytes = 0
        for stimulus in self._stimuli:
            if isinstance(stimulus, ClosedStimulus):
                hasher.update(b"".join(stimulus.fingerprint()))
                continue
            for block in stimulus.blocks():
                hasher.update(fingerprint_of(block))
                counts += np.bincount(block.model, minlength=counts.size)
                body_bytes += int(sizes[first[block.model] + block.payload].sum())
                warmup += block.due_ns.size * stimulus.phase.warmup
        total = int(counts.sum())
        return PlanSummary(
            total=total,
            warmup=warmup,
            measured=total - warmup,
            per_target=tuple(counts.tolist()),
            shares=tuple(self._choice.shares.tolist()),
            body_bytes=body_bytes,
            length_ns=self.length_ns,
            expected_count=self.expected_count,
            peak_per_s=max((span.peak_per_s for span in self._spans), default=0.0),
            digest=hasher.hexdigest(),
            closed=tuple(span for span in self._spans if span.users is not None),
        )


def write_csv(plan: Plan, file: TextIO) -> None:
    """
    Write the arrivals of the plan's rank as CSV, one line each, under the header `due_ns,model,payload`.

    A closed phase, whose calls have no due times yet, is a line that begins with "#".
    """
    file.write("due_ns,model,payload\n")
    closed = iter([span for span in plan.phases() if span.users is not None])
    for stage in plan.stages():
        if isinstance(stage, ClosedStage):
            file.writelines(f"# {_said(next(closed))}\n" for _ in stage.stints)
            continue
        for block in stage.blocks:
            columns = (column.tolist() for column in block)
            rows = [f"{due_ns},{model},{payload}\n" for due_ns, model, payload in zip(*columns, strict=True)]
            file.write("".join(rows))


def _said(span: PhaseSpan) -> str:
    words = in_words(span.users) if span.users else ""
    return f"from {span.start_ns} ns to {span.end_ns} ns: {words}; how many calls they make depends on the endpoint"
