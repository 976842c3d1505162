"""
When calls are made: phases, each an arrival law along a rate curve, a trace, or users who wait for their replies.

    Phase
    ├── Arrivals     law, rate curve, length
    │   └── Curve    a flat rate, Ramp, Steps, Sine, Points or Spike
    ├── Trace        arrivals that were once observed
    └── Users        a closed loop: so many callers, each of whom waits for its reply before it calls again
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from asyncload.schema import Check, Key, Mistakes
from asyncload.schema.files import file_mistake
from asyncload.units import DurationNs, PerSecond, format_duration

Law: TypeAlias = Literal["constant", "poisson", "gamma", "uniform"]

_SOME_TIME = Check(above=0, legal="a duration above 0, such as 250ms, 1m30s, 2h or 5 (seconds)")
_SOME_RATE = Check(above=0, legal="a rate above 0, such as 50/s or 600/min")
_SOME_USERS = Check(at_least=1, at_most=1_000_000, legal="a whole number from 1 to 1000000")
_PART = Check(above=0, at_most=1, legal="a number above 0, at most 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """From one rate to another in a straight line over the phase."""

    from_per_s: Annotated[PerSecond, Key("from")]
    """Rate at the beginning."""
    to_per_s: Annotated[PerSecond, Key("to")]
    """Rate at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Rates that each hold for an equal part of the phase."""

    steps: Annotated[tuple[PerSecond, ...], Check(shortest=1, legal="a list of at least one rate")]
    """Rates in the order of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SineWave:
    """mean + amplitude * sin(2 pi t / period)."""

    mean_per_s: Annotated[PerSecond, Key("mean")]
    """Rate about which it swings."""
    amplitude_per_s: Annotated[PerSecond, Key("amplitude")]
    """Largest distance from the mean; at most the mean."""
    period_ns: Annotated[DurationNs, Key("period"), _SOME_TIME]
    """Length of one swing."""

    def mistakes(self) -> Mistakes:
        """Yield what the annotations cannot say."""
        if self.amplitude_per_s > self.mean_per_s:
            yield "amplitude", f"expected at most the mean ({self.mean_per_s:g}/s), else the rate would be negative"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sine:
    """A rate that swings."""

    sine: SineWave
    """The swing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """[time, rate] pairs with straight lines between; the last rate holds. Two pairs at one time are a jump."""

    points: Annotated[
        tuple[tuple[DurationNs, PerSecond], ...], Check(shortest=1, legal="a list of at least one [time, rate]")
    ]
    """Pairs in the order of time, from the start of the phase."""

    def mistakes(self) -> Mistakes:
        """Yield what the annotations cannot say."""
        for i, ((before_ns, _), (after_ns, _)) in enumerate(pairwise(self.points), start=1):
            if after_ns < before_ns:
                yield (
                    f"points[{i}]",
                    f"comes before the point at {format_duration(before_ns, None)}; times never decrease",
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeShape:
    """`base`, except for `length` from `at` on, when it is `peak`."""

    base_per_s: Annotated[PerSecond, Key("base")]
    """Rate outside the spike."""
    peak_per_s: Annotated[PerSecond, Key("peak")]
    """Rate inside the spike."""
    at_ns: Annotated[DurationNs, Key("at")]
    """Begin of the spike, from the start of the phase."""
    length_ns: Annotated[DurationNs, Key("for"), _SOME_TIME]
    """Length of the spike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """A flat rate with one rectangular peak."""

    spike: SpikeShape
    """The peak."""


Curve: TypeAlias = PerSecond | Ramp | Steps | Sine | Points | Spike


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Arrivals from a file: CSV or JSON Lines with `timestamp` (seconds) and optionally `model` (a target's name)."""

    trace: Path
    """The file, relative to the scenario's."""
    speed: Annotated[float, Check(above=0, legal="a number above 0")] = 1.0
    """2 replays twice as fast."""
    warmup: bool = False
    """Sent and shown, but kept out of the percentiles and the verdict."""

    def mistakes(self) -> Mistakes:
        """Yield what the annotations cannot say."""
        if mistake := file_mistake(self.trace):
            yield "trace", mistake


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Arrivals of one law along one rate curve."""

    law: Law = "poisson"
    """constant: equal gaps; poisson: independent callers; gamma: smoother or burstier; uniform: one in each slot."""
    rate: Curve
    """A rate, or how it changes over the phase."""
    length_ns: Annotated[DurationNs, Key("for"), _SOME_TIME]
    """Length of the phase."""
    burstiness: Annotated[float, Check(above=0, legal="a number above 0")] = 1.0
    """Shape of the gamma law: gaps have the coefficient of variation 1 / sqrt(burstiness)."""
    jitter: Annotated[float, _PART] = 1.0
    """Width of the uniform law: the part of each arrival's own slot over which it may fall."""
    warmup: bool = False
    """Sent and shown, but kept out of the percentiles and the verdict."""

    def mistakes(self) -> Mistakes:
        """Yield what the annotations cannot say: a key that the law would ignore is another stimulus than was meant."""
        if self.burstiness != 1.0 and self.law != "gamma":
            yield "burstiness", f"has no meaning for the law {self.law}; expected law: gamma"
        if self.jitter != 1.0 and self.law != "uniform":
            yield "jitter", f"has no meaning for the law {self.law}; expected law: uniform"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkTime:
    """Pauses that are drawn uniformly, anew for each."""

    from_ns: Annotated[DurationNs, Key("from")]
    """The shortest."""
    to_ns: Annotated[DurationNs, Key("to")]
    """The longest."""

    def mistakes(self) -> Mistakes:
        """Yield what the annotations cannot say."""
        if self.from_ns > self.to_ns:
            yield "to", f"expected at least `from` ({format_duration(self.from_ns, None)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """
    A closed loop: so many users, each of whom calls, waits for the reply, thinks, and calls again.

    Users of a closed phase just before go on as they are: only those who are new begin, and only those who are too
    many stop.
    """

    users: Annotated[int, _SOME_USERS]
    """How many there are; as many calls can be outstanding, and no more."""
    think: DurationNs | ThinkTime = 0
    """Pause of a user between a reply and its next call."""
    pace_ns: Annotated[Annotated[DurationNs, _SOME_TIME] | None, Key("pace")] = None
    """At least so long from one call of a user becoming due to its next."""
    spawn_per_s: Annotated[Annotated[PerSecond, _SOME_RATE] | None, Key("spawn")] = None
    """New users that begin per second, until all have; without it all begin at once."""
    length_ns: Annotated[DurationNs, Key("for"), _SOME_TIME]
    """Length of the phase."""
    warmup: bool = False
    """Sent and shown, but kept out of the percentiles and the verdict."""


Phase: TypeAlias = Arrivals | Trace | Users
