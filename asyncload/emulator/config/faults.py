"""
What goes wrong on purpose: faults as values, and what a request meets of them. Pure; times are passed in.

    of time          stall, refuse, clock_offset          hold or do not hold at a moment
    of a handshake   tls_failure                          drawn for each
    of a request     latency, error, reply, drip          drawn for each that its globs fit

A list of faults begins when it is given: `after` and `for` count from that moment. Each fault draws from a stream of
its own, which depends on the seed and its place in the list, and draws for each request that it could meet; so what
one fault does never changes what another does.

Faults of time are not events but questions: `refusing`, `clock_offset_ns` and `stalled_until_ns` may be asked at any
moment and any number of times. Whoever acts on them asks after each `replace`, and again at `next_change_ns`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import translate
from random import Random
from typing import Annotated, Final, Literal, TypeAlias

from asyncload.emulator.config.laws import Law, QuantileFunction, quantile_function
from asyncload.emulator.wire.mangle import Drip, Mangle, Spoilt
from asyncload.errors import ScenarioError
from asyncload.schema import Check, Key, Mistakes, read, write
from asyncload.units import Bytes, DurationNs, OffsetNs

ErrorCode: TypeAlias = Literal[
    "ThrottlingException",
    "ModelNotReadyException",
    "ModelError",
    "ValidationError",
    "InternalFailure",
    "ServiceUnavailable",
    "InternalDependencyException",
    "InvalidSignatureException",
    "AccessDeniedException",
    "ExpiredTokenException",
]
"""AWS's table of errors, as far as a caller can see them; `answers.by_code` has their statuses."""
_NEVER_NS: Final = 2**63
_NEEDS_END: Final = "is missing; expected a length, for while it lasts nobody can connect, not even to end it"
_True: TypeAlias = Annotated[bool, Check(at_least=1, legal="true")]

# -- what may be written ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """When a fault holds."""

    after_ns: Annotated[DurationNs, Key("after")] = 0
    """From the moment at which the faults are given."""
    for_ns: Annotated[DurationNs | None, Key("for"), Check(above=0, legal="more than 0")] = None
    """How long; without it until the faults are replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn(Lasting):
    """A fault that not everything meets."""

    ratio: Annotated[float, Check(at_least=0, at_most=1, legal="a share from 0 to 1")] = 1.0
    """Share that meets it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfRequest(Drawn):
    """A fault that requests meet."""

    endpoints: str = "*"
    """A name, or a pattern such as mme-*."""
    models: str = "*"
    """A name, or a pattern such as xgb-*.tar.gz."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall:
    """All work and all replies stand still for a while."""

    stall_ns: Annotated[DurationNs, Key("stall"), Check(above=0, legal="more than 0")]
    after_ns: Annotated[DurationNs, Key("after")] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse(Lasting):
    """New connections are refused; those that are open go on."""

    refuse: _True

    def mistakes(self) -> Mistakes:
        """Say what the annotations cannot: it ends by itself."""
        if self.for_ns is None:
            yield "for", _NEEDS_END


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockOffset(Lasting):
    """The Date header is off: ahead of the true time, or behind it if negative."""

    clock_offset_ns: Annotated[OffsetNs, Key("clock_offset")]


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFailure(Drawn):
    """The TLS handshake ends with an alert."""

    tls_failure: _True

    def mistakes(self) -> Mistakes:
        """Say what the annotations cannot: it ends by itself, or spares some."""
        if self.for_ns is None and self.ratio == 1:
            yield "for", _NEEDS_END


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency(OfRequest):
    """The container takes longer than it would."""

    latency: Law


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReply(OfRequest):
    """An error instead of an answer."""

    error: ErrorCode


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoiltReply(OfRequest):
    """A reply that is broken on its way; see `wire.mangle`."""

    reply: Spoilt


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowReply(OfRequest):
    """A reply whose body trickles, so many bytes a second."""

    drip_bytes_per_s: Annotated[Bytes, Key("drip"), Check(above=0, legal="more than 0")]


RequestFault: TypeAlias = Latency | ErrorReply | SpoiltReply | SlowReply
Fault: TypeAlias = Stall | Refuse | ClockOffset | TlsFailure | RequestFault


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    faults: tuple[Fault, ...]


def read_faults(data: object) -> tuple[Fault, ...]:
    """
    Read a list of faults from plain data, as a JSON parser gives it.

    Raises:
        ScenarioError: With every mistake, each at its place, such as faults[1].ratio.
    """
    document, problems = read(_Document, {"faults": data})
    if document is None:
        raise ScenarioError("faults", problems)
    return document.faults


def write_faults(faults: Sequence[Fault]) -> list[dict[str, object]]:
    """Return faults as plain data that reads as the same faults."""
    return [write(fault) for fault in faults]


# -- what happens -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Met:
    """What one request meets."""

    extra_ns: int = 0
    """How much longer its container takes."""
    error: ErrorCode | None = None
    """With what it is answered, instead."""
    mangle: Mangle | None = None
    """How its reply is spoilt, an error's too."""

    @property
    def word(self) -> str:
        """The fault in a word, for the log; empty if there is none."""
        if self.error is not None:
            return self.error
        if self.mangle is not None:
            return "drip" if isinstance(self.mangle, Drip) else self.mangle
        return "latency" if self.extra_ns else ""


NOTHING: Final = Met()


class Faults:
    """The faults of a running emulator. Units: CLOCK_MONOTONIC nanoseconds."""

    def __init__(self, seed: int, faults: Sequence[Fault] = (), now_ns: int = 0) -> None:
        """
        Args:
            seed: Seed of all draws.
            faults: What goes wrong.
            now_ns: When these faults begin.
        """
        self._seed = seed
        self.replace(faults, now_ns)

    def replace(self, faults: Sequence[Fault], now_ns: int) -> None:
        """Begin with other faults; windows and draws begin anew, an empty list ends all."""
        playing = [_Playing(fault, now_ns, f"{self._seed}/fault/{place}") for place, fault in enumerate(faults)]
        self._playing = playing
        self._of_requests = [each for each in playing if isinstance(each.fault, OfRequest)]
        self._handshakes = [each for each in playing if isinstance(each.fault, TlsFailure)]

    def meet(self, endpoint: str, model: str, now_ns: int) -> Met:
        """Draw what a request for a model meets. Latencies add up; of errors and of spoilt replies the first counts."""
        if not self._of_requests:
            return NOTHING
        extra_ns = 0
        error: ErrorCode | None = None
        mangle: Mangle | None = None
        for each in self._of_requests:
            if not (each.holds(now_ns) and each.fits(endpoint, model) and each.drawn()):
                continue
            match each.fault:
                case Latency():
                    extra_ns += each.time_ns()
                case ErrorReply(error=code):
                    error = error or code
                case SpoiltReply(reply=spoilt):
                    mangle = mangle or spoilt
                case SlowReply(drip_bytes_per_s=bytes_per_s):
                    mangle = mangle or Drip(bytes_per_s)
        return Met(extra_ns, error, mangle) if extra_ns or error or mangle else NOTHING

    def handshake_fails(self, now_ns: int) -> bool:
        """Draw whether a TLS handshake fails."""
        # Each draws, whether or not another has struck already.
        return sum(each.drawn() for each in self._handshakes if each.holds(now_ns)) > 0

    def refusing(self, now_ns: int) -> bool:
        """Say whether connections are refused."""
        return any(isinstance(each.fault, Refuse) and each.holds(now_ns) for each in self._playing)

    def clock_offset_ns(self, now_ns: int) -> int:
        """Return by how much the Date header is off; offsets add up."""
        return sum(
            each.fault.clock_offset_ns
            for each in self._playing
            if isinstance(each.fault, ClockOffset) and each.holds(now_ns)
        )

    def stalled_until_ns(self, now_ns: int) -> int:
        """Return when the stall of this moment ends, the latest if there are several; 0 if there is none."""
        ends = [each.end_ns for each in self._playing if isinstance(each.fault, Stall) and each.holds(now_ns)]
        return max(ends, default=0)

    def next_change_ns(self, now_ns: int) -> int | None:
        """Return the next moment after now at which a fault begins or ends; None if there is none."""
        moments = [moment for each in self._playing for moment in (each.begin_ns, each.end_ns)]
        return min((moment for moment in moments if now_ns < moment < _NEVER_NS), default=None)

    def active(self, now_ns: int) -> tuple[Fault, ...]:
        """Return the faults that hold now."""
        return tuple(each.fault for each in self._playing if each.holds(now_ns))


class _Playing:
    """A fault with its window and its draws."""

    __slots__ = ("_draws", "_endpoint", "_law", "_model", "_ratio", "_times", "begin_ns", "end_ns", "fault")

    def __init__(self, fault: Fault, now_ns: int, seed: str) -> None:
        self.fault = fault
        self.begin_ns = now_ns + fault.after_ns
        length_ns = fault.stall_ns if isinstance(fault, Stall) else fault.for_ns
        self.end_ns = _NEVER_NS if length_ns is None else self.begin_ns + length_ns
        self._ratio = fault.ratio if isinstance(fault, Drawn) else 1.0
        self._endpoint = _glob(fault.endpoints) if isinstance(fault, OfRequest) else _anything
        self._model = _glob(fault.models) if isinstance(fault, OfRequest) else _anything
        self._law: QuantileFunction = quantile_function(fault.latency) if isinstance(fault, Latency) else _no_time
        self._draws = Random(seed)  # noqa: S311  simulated faults, not secrets
        self._times = Random(f"{seed}/time")  # noqa: S311  a stream of its own, so that the ratio does not change it

    def holds(self, now_ns: int) -> bool:
        """Say whether it is its time."""
        return self.begin_ns <= now_ns < self.end_ns

    def fits(self, endpoint: str, model: str) -> bool:
        """Say whether its patterns fit."""
        return self._endpoint(endpoint) and self._model(model)

    def drawn(self) -> bool:
        """Draw whether it strikes."""
        return self._draws.random() < self._ratio

    def time_ns(self) -> int:
        """Draw a time from its law."""
        return self._law(self._times.random())


def _glob(pattern: str) -> Callable[[str], bool]:
    if pattern == "*":
        return _anything
    matches = re.compile(translate(pattern)).match
    return lambda name: matches(name) is not None


def _anything(_name: str) -> bool:
    return True


def _no_time(_u: float) -> int:
    return 0
