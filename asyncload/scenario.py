"""
The scenario: what a user asks for, as frozen values.

    Scenario
    ├── Endpoint     where
    ├── Model *      what is called, with which payload and share of the traffic     asyncload.models
    ├── Phase *      when: an arrival law and a rate curve, a trace, or users        asyncload.phases
    ├── Limits       how far the generator may go
    └── Retries      none, unless said

A file is read in two passes, and both report everything: the structure, by the annotations here; then, for each part
whose structure is right, its own `mistakes`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from asyncload.address import parse_address
from asyncload.errors import ScenarioError, UsageError
from asyncload.models import (
    MOST_BODY_BYTES,
    Base64Payload,
    DirectoryPayload,
    FilePayload,
    Model,
    Payload,
    Popularity,
    RandomPayload,
    RandomRows,
    Target,
    Top,
    Weights,
    Zipf,
    labels,
    targets,
)
from asyncload.phases import (
    Arrivals,
    Curve,
    Law,
    Phase,
    Points,
    Ramp,
    Sine,
    SineWave,
    Spike,
    SpikeShape,
    Steps,
    ThinkTime,
    Trace,
    Users,
)
from asyncload.schema import Check, Grammar, Key, Mistakes, read, write
from asyncload.schema.document import load
from asyncload.schema.files import file_mistake
from asyncload.schema.json_schema import schema_of
from asyncload.slo.checking import Setting, objective_mistake, stop_mistake
from asyncload.units import Bytes, DurationNs

__all__ = [
    "MOST_BODY_BYTES",
    "Arrivals",
    "Backoff",
    "Base64Payload",
    "Curve",
    "DirectoryPayload",
    "Endpoint",
    "FilePayload",
    "Law",
    "Limits",
    "Model",
    "Payload",
    "Phase",
    "Points",
    "Popularity",
    "Ramp",
    "RandomPayload",
    "RandomRows",
    "Retries",
    "RetryCause",
    "Scenario",
    "Sine",
    "SineWave",
    "Spike",
    "SpikeShape",
    "Steps",
    "Target",
    "ThinkTime",
    "Top",
    "Trace",
    "TransportName",
    "Users",
    "Weights",
    "Zipf",
    "json_schema",
    "targets",
]

TransportName: TypeAlias = Literal["raw", "aiohttp", "sdk"]
RetryCause: TypeAlias = Literal["throttled", "not_ready", "model_error", "server_error", "connect", "timeout"]

_COUNT = Check(at_least=1, at_most=1_000_000, legal="a whole number from 1 to 1000000")
_SEED = Check(at_least=0, at_most=2**63 - 1, legal="a whole number from 0 to 2**63 - 1")
_ENDPOINT_NAME = Check(
    pattern=r"[a-zA-Z0-9](?:-*[a-zA-Z0-9])*",
    shortest=1,
    longest=63,
    legal="letters, digits and hyphens, at most 63 characters, a letter or digit first and last",
)
_REGION = Check(pattern=r"[a-z0-9]+(?:-[a-z0-9]+)+", longest=63, legal="a region such as us-east-1")
_NAME = Check(
    pattern=r"[^/\\\x00-\x1f\x7f]+", longest=100, legal="1 to 100 characters, no slash, backslash or control character"
)
_Objective: TypeAlias = Annotated[
    str, Grammar(mistake=objective_mistake, legal='an objective in quotes, such as "p99 < 250ms"')
]
_StopRule: TypeAlias = Annotated[
    str, Grammar(mistake=stop_mistake, legal='a rule in quotes, such as "error_rate > 5% for 10s"')
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """The endpoint to call."""

    name: Annotated[str, _ENDPOINT_NAME]
    """EndpointName."""
    region: Annotated[str, _REGION] | None = None
    """AWS region; without it the region of the credentials chain."""
    url: str | None = None
    """Base URL to use instead of https://runtime.sagemaker.{region}.amazonaws.com."""
    ca: Path | None = None
    """PEM file of certificate authorities to trust instead of the system's; relative to the scenario's, not read over http://."""

    def mistakes(self) -> Mistakes:
        """Yield what the annotations cannot say."""
        encrypted = True
        if self.url is not None:
            try:
                encrypted = parse_address(self.url, allow_plaintext=True).tls
            except UsageError as error:
                yield "url", str(error)
        # Over http:// it is not read, so a file may keep it for the day its url becomes https://.
        if self.ca is not None and encrypted and (mistake := file_mistake(self.ca)):
            yield "ca", mistake


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the generator may use."""

    in_flight: Annotated[int, _COUNT] = 1000
    """Calls outstanding at once; an arrival beyond it is dropped and counted."""
    connections: Annotated[int, _COUNT] = 256
    """Connections open at once."""
    timeout_ns: Annotated[DurationNs, Key("timeout"), Check(above=0, legal="a duration above 0")] = 70_000_000_000
    """From sending to the last byte. 70 s, for the container has 60 s to answer."""
    grace_ns: Annotated[DurationNs, Key("grace")] = 5_000_000_000
    """How long an interrupted run waits for replies."""
    response_bytes: Annotated[Bytes, Check(at_least=1, legal="a size of at least 1 byte")] = 67_108_864
    """Largest reply body that is read; beyond it the call ends as PROTOCOL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Wait before attempt n + 1: base * factor ** (n - 1), at most limit, times a seeded draw from [1 - jitter, 1]."""

    base_ns: Annotated[DurationNs, Key("base")] = 100_000_000
    """Wait before the second attempt."""
    factor: Annotated[float, Check(at_least=1, legal="a number of at least 1")] = 2.0
    """Growth from one wait to the next."""
    limit_ns: Annotated[DurationNs, Key("limit")] = 5_000_000_000
    """Longest wait."""
    jitter: Annotated[float, Check(at_least=0, at_most=1, legal="a number from 0 to 1")] = 0.0
    """Part of each wait that is random."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """An explicit retry policy; response time goes on counting from the first due time."""

    on: Annotated[tuple[RetryCause, ...], Check(shortest=1, legal="a list of at least one outcome")]
    """Outcomes after which another attempt is made."""
    attempts: Annotated[int, Check(at_least=1, at_most=100, legal="a whole number from 1 to 100")] = 3
    """Attempts in all, the first one included."""
    backoff: Backoff = Backoff()
    """How long to wait between attempts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything that a run follows from."""

    endpoint: Endpoint
    """Where the calls go."""
    models: Annotated[tuple[Model, ...], Check(shortest=1, legal="a list of at least one model")]
    """What is called."""
    phases: Annotated[tuple[Phase, ...], Check(shortest=1, legal="a list of at least one phase")]
    """When, one phase after the other."""
    name: Annotated[str, _NAME] = "scenario"
    """Name of the run, in reports and in its directory."""
    limits: Limits = Limits()
    """What the generator may use."""
    retries: Retries | None = None
    """Without it every call is attempted once."""
    seed: Annotated[int, _SEED] = 0
    """Same scenario and seed, same arrivals and payloads."""
    transport: TransportName = "raw"
    """raw: our own wire; aiohttp: for use behind proxies; sdk: what a caller through aiobotocore sees."""
    slo: Annotated[tuple[_Objective, ...], Check(longest=1000, legal="a list of at most 1000 objectives")] = ()
    """What the run should show, such as p99 < 250ms or error_rate < 0.1%; docs/slo.md has all of it."""
    stop: Annotated[tuple[_StopRule, ...], Check(longest=100, legal="a list of at most 100 rules")] = ()
    """What ends the run early, such as error_rate > 5% for 10s."""
    warmup: Literal["auto"] | None = None
    """auto: what was measured before latency had settled (MSER-5) counts as warm-up, too; at most half of the phase."""

    @classmethod
    def load(cls, path: str | Path) -> "Scenario":
        """
        Read a YAML, TOML or JSON file; relative paths in it are relative to its directory.

        Raises:
            ScenarioError: With every mistake in the file.
        """
        scenario, problems = load(cls, Path(path))
        if scenario is None:
            raise ScenarioError(str(path), problems)
        return scenario

    @classmethod
    def from_dict(cls, data: object, base_dir: Path | None = None, source: str = "scenario") -> "Scenario":
        """
        Read plain data, such as a parsed file or what `to_dict` gives.

        Args:
            data: A mapping with the keys of a scenario file.
            base_dir: What relative paths are relative to; without it the current directory.
            source: Name for the error's text.

        Raises:
            ScenarioError: With every mistake.
        """
        scenario, problems = read(cls, data, base_dir)
        if scenario is None:
            raise ScenarioError(source, problems)
        return scenario

    def to_dict(self) -> dict[str, object]:
        """Return plain data that `from_dict` reads as an equal scenario, defaults included."""
        return write(self)

    def checked(self) -> "Scenario":
        """
        Return an equal scenario that has been judged like a file; for one that was built in code.

        Raises:
            ScenarioError: With every mistake.
        """
        return Scenario.from_dict(self.to_dict())

    def mistakes(self) -> Mistakes:
        """Yield what the annotations cannot say."""
        yield from self._mistakes_of_users()
        if self.slo or self.stop:
            closed = any(isinstance(phase, Users) and not phase.warmup for phase in self.phases)
            yield from Setting(labels(self.models), closed=closed).mistakes(self.slo, self.stop)
        yield from self._mistakes_of_warmup()
        if not any(model.weight for model in self.models):
            yield "models", "expected at least one weight above 0"
        families = [family for family, model in enumerate(self.models) for _ in range(model.count)]
        first: dict[str, int] = {}
        told: set[tuple[int, int]] = set()
        for label, family in zip(labels(self.models), families, strict=True):
            other = first.setdefault(label, family)
            if other != family and (other, family) not in told:
                told.add((other, family))
                same = f"the target {label!r} stands in models[{other}] too"
                yield f"models[{family}]", f"{same}; give one a label, or join their weights"

    def _mistakes_of_users(self) -> Mistakes:
        measured = [index for index, phase in enumerate(self.phases) if not phase.warmup]
        closed = [index for index in measured if isinstance(self.phases[index], Users)]
        if closed and len(closed) < len(measured):
            # Percentiles over both would be of neither: in one arrivals wait for replies, in the other they do not.
            yield (
                f"phases[{closed[0]}]",
                (
                    "is a closed loop, and another measured phase is an open one, whose numbers mean something else; "
                    "mark the phases of one kind `warmup: true`, or make two scenarios of it"
                ),
            )
        before = 0
        for index, phase in enumerate(self.phases):
            if isinstance(phase, Users):
                yield from self._mistakes_of_crowd(f"phases[{index}]", phase, phase.users - before)
            before = phase.users if isinstance(phase, Users) else 0

    def _mistakes_of_warmup(self) -> Mistakes:
        first = next((index for index, phase in enumerate(self.phases) if not phase.warmup), None)
        if self.warmup is None or first is None:
            return
        phase = self.phases[first]
        if not isinstance(phase, Users) and not (isinstance(phase, Arrivals) and isinstance(phase.rate, float)):
            yield (
                "warmup",
                (
                    f"auto looks for where latency settles, and the load of phases[{first}], the first that is "
                    "measured, changes by intent; expected users or a flat rate there, or a phase with "
                    "`warmup: true` instead of auto"
                ),
            )

    def _mistakes_of_crowd(self, path: str, phase: Users, new: int) -> Mistakes:
        for name, limit in (("in_flight", self.limits.in_flight), ("connections", self.limits.connections)):
            if phase.users > limit:
                yield (
                    f"{path}.users",
                    (
                        f"{phase.users} users wait for as many replies at once, and limits.{name} is {limit}; "
                        f"raise limits.{name} to {phase.users}, else they would wait for each other"
                    ),
                )
        if phase.spawn_per_s is not None and (new - 1) / phase.spawn_per_s * 1e9 >= phase.length_ns:
            yield (
                f"{path}.spawn",
                (
                    f"the last of {new} new users would begin after the phase's end; "
                    f"expected more than {(new - 1) / phase.length_ns * 1e9:.6g}/s"
                ),
            )


def json_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of scenario files, for editors."""
    return schema_of(Scenario, "asyncload scenario")
