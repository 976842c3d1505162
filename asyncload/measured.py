"""
What was measured, as values that merge: of one target, of one second, and of the generator itself.

Each merge is associative and commutative: counts and histograms are added, and of the generator's readings the worst or
the sum is taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import sub

from asyncload import histogram
from asyncload.call import Outcome
from asyncload.histogram import Histogram, merge

WARMUP = "warm-up"
"""Name of the row that stands for the warm-up of all targets together."""
DURATIONS = ("response", "service", "lateness", "ttfb")


@dataclass(frozen=True, slots=True)
class Signs:
    """What was noticed of loads in the calls of one target, or of several; see `signs`."""

    first: Histogram
    """Service time of the first call of each target to be answered; of several ranks, each one's first."""
    held: Histogram
    """Service time of calls that took long for another reason than a load."""
    refused: int
    """Calls that ended NOT_READY before a later one of their target succeeded."""


@dataclass(frozen=True, slots=True)
class ModelResult:
    """What the callers of one target saw."""

    name: str
    outcomes: tuple[int, ...]
    """Calls by `Outcome`, dropped ones included."""
    received_bytes: int
    response: Histogram
    """Last byte minus due time, of calls that ended OK or timed out: what a caller waited."""
    service: Histogram
    """Last byte minus sending: what the endpoint took."""
    lateness: Histogram
    """Sending minus due time, of all calls sent: what the generator took."""
    ttfb: Histogram
    """First byte minus sending, of calls that ended OK."""
    retries: int = field(default=0, kw_only=True)
    """Attempts beyond the first, under an explicit retry policy."""
    signs: Signs | None = field(default=None, kw_only=True)
    """None if any part is of a version that did not look for them: unknown."""

    @property
    def calls(self) -> int:
        """Arrivals whose time came."""
        return sum(self.outcomes)

    @property
    def sent(self) -> int:
        """Calls that were not dropped."""
        return self.calls - self.outcomes[Outcome.DROPPED]

    @property
    def ok(self) -> int:
        """Calls that ended OK."""
        return self.outcomes[Outcome.OK]

    def merge(self, other: "ModelResult") -> "ModelResult":
        """Add two results of one target."""
        return total(self.name, (self, other))


def total(name: str, parts: Sequence[ModelResult]) -> ModelResult:
    """Add the results of several targets, or of one target on several ranks, under a new name."""
    return ModelResult(
        name,
        tuple(sum(part.outcomes[outcome] for part in parts) for outcome in Outcome),
        sum(part.received_bytes for part in parts),
        *(merge([getattr(part, metric) for part in parts]) for metric in DURATIONS),
        retries=sum(part.retries for part in parts),
        signs=_together([part.signs for part in parts]),
    )


def less(whole: ModelResult, part: ModelResult) -> ModelResult:
    """Take out of a target's result what a part of the run counted of it."""
    signs = None
    if whole.signs is not None and part.signs is not None:
        signs = Signs(
            histogram.less(whole.signs.first, part.signs.first),
            histogram.less(whole.signs.held, part.signs.held),
            whole.signs.refused - part.signs.refused,
        )
    return ModelResult(
        whole.name,
        tuple(map(sub, whole.outcomes, part.outcomes)),
        whole.received_bytes - part.received_bytes,
        *(histogram.less(getattr(whole, metric), getattr(part, metric)) for metric in DURATIONS),
        retries=whole.retries - part.retries,
        signs=signs,
    )


def _together(parts: Sequence[Signs | None]) -> Signs | None:
    """Add signs up; what is unknown of one part is unknown of the whole."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    first, held = merge([part.first for part in known]), merge([part.held for part in known])
    return Signs(first, held, sum(part.refused for part in known))


@dataclass(frozen=True, slots=True)
class SecondResult:
    """One second of the run, all targets together, warm-up included."""

    second: int
    """From the start of the plan."""
    planned: int
    """Arrivals whose time came."""
    sent: int
    in_flight: int
    """At the end of the second."""
    outcomes: tuple[int, ...]
    """Calls that ended in this second, by `Outcome`."""
    response: Histogram
    lateness: Histogram

    def merge(self, other: "SecondResult") -> "SecondResult":
        """Add the same second of another rank."""
        return SecondResult(
            self.second,
            self.planned + other.planned,
            self.sent + other.sent,
            self.in_flight + other.in_flight,
            tuple(map(sum, zip(self.outcomes, other.outcomes, strict=True))),
            merge([self.response, other.response]),
            merge([self.lateness, other.lateness]),
        )


@dataclass(frozen=True, slots=True)
class Health:
    """What the generator noticed about itself; for several ranks the worst or the sum, as each field says."""

    started_unix_ns: int
    """Wall clock at the plan's zero; the earliest rank's."""
    elapsed_ns: int
    """From the plan's zero to the last call sent or the stop; the longest rank's."""
    measured_ns: int
    """Part of the measured phases that had passed by then; the longest rank's."""
    send_tail_ns: int
    """How long after the plan's end the last arrival was sent; the longest rank's."""
    ranks: int = 1
    cpu_share: float = 0.0
    """CPU time of the loop's thread over elapsed time, less what it spent on awaiting due times; the highest rank's."""
    cpu_ns: int = 0
    """CPU time of the whole process, all ranks."""
    stalls: int = 0
    """Times that the loop stood still for over 10 ms, all ranks."""
    longest_stall_ns: int = 0
    clock_jump_ns: int = 0
    """Wall clock minus monotonic clock, the change furthest from zero of any rank."""
    peak_in_flight: int = 0
    """The highest of each rank, added up."""
    connects: int = 0
    connect_failures: int = 0
    exhausted: int = 0
    """Connects that this machine refused: no free port or file descriptor; all ranks."""
    clock_skew_s: float = 0.0
    """Endpoint's clock minus this one, the reading furthest from zero."""
    first_error: str = ""
    """The first failure in words; of several ranks' the first in alphabetical order."""
    examples: Mapping[str, str] = field(default_factory=dict)
    """The first failure of each kind in words, by the outcome's name, warm-up included; of several ranks as above."""
    store_error: str = ""
    """Why the run directory could not be written to the end; empty if it was."""
    interrupted: bool = False
    """Whether it was stopped before its plan ended, by somebody or by a rule."""
    stopped: str = ""
    """The rule that stopped it, when, and on which values; of several ranks' the first in alphabetical order."""
    cut: bool = False
    """Whether the run died before it could write its result."""
    settled_s: int = 0
    """Second of the plan before which `warmup: auto` cut; 0 if it did not; of several ranks the latest."""
    unsettled: bool = False
    """Whether `warmup: auto` cut as much as it may, and that was not enough, on any rank."""
    reach_s: int = 0
    """Second of the plan up to which `warmup: auto` could cut, as far as it kept what was counted; the latest."""

    def merge(self, other: "Health") -> "Health":
        """Combine two ranks."""
        return Health(
            started_unix_ns=min(self.started_unix_ns, other.started_unix_ns),
            elapsed_ns=max(self.elapsed_ns, other.elapsed_ns),
            measured_ns=max(self.measured_ns, other.measured_ns),
            send_tail_ns=max(self.send_tail_ns, other.send_tail_ns),
            ranks=self.ranks + other.ranks,
            cpu_share=max(self.cpu_share, other.cpu_share),
            cpu_ns=self.cpu_ns + other.cpu_ns,
            stalls=self.stalls + other.stalls,
            longest_stall_ns=max(self.longest_stall_ns, other.longest_stall_ns),
            clock_jump_ns=max(self.clock_jump_ns, other.clock_jump_ns, key=_distance),
            peak_in_flight=self.peak_in_flight + other.peak_in_flight,
            connects=self.connects + other.connects,
            connect_failures=self.connect_failures + other.connect_failures,
            exhausted=self.exhausted + other.exhausted,
            clock_skew_s=max(self.clock_skew_s, other.clock_skew_s, key=_distance),
            first_error=min(filter(None, (self.first_error, other.first_error)), default=""),
            examples=_examples(self.examples, other.examples),
            store_error=min(filter(None, (self.store_error, other.store_error)), default=""),
            interrupted=self.interrupted or other.interrupted,
            stopped=min(filter(None, (self.stopped, other.stopped)), default=""),
            cut=self.cut or other.cut,
            settled_s=max(self.settled_s, other.settled_s),
            unsettled=self.unsettled or other.unsettled,
            reach_s=max(self.reach_s, other.reach_s),
        )


def _distance(x: float) -> tuple[float, float]:
    """Order by distance from zero; of two as far, the positive one is the further."""
    return abs(x), x


def _examples(mine: Mapping[str, str], theirs: Mapping[str, str]) -> dict[str, str]:
    """One example of each outcome, in the order of the outcomes."""
    names = (outcome.name for outcome in Outcome)
    found = {name: [each[name] for each in (mine, theirs) if name in each] for name in names}
    return {name: min(words) for name, words in found.items() if words}
