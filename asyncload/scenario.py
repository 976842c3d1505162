"""
The scenario: what a user asks for, as frozen values.

    Scenario
    ├── Endpoint                  where
    ├── Model *                   what is called: one target, or a family of `count` targets
    │   ├── Popularity            how a family shares its weight
    │   └── Payload               what is sent
    ├── Phase *                   when: an arrival law and a rate curve, or a trace
    │   └── Curve | Trace
    ├── Limits                    how far the generator may go
    └── Retries                   none, unless said
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from asyncload.schema import Check, Key
from asyncload.units import Bytes, DurationNs, PerSecond

Law: TypeAlias = Literal["constant", "poisson", "gamma", "uniform"]
TransportName: TypeAlias = Literal["raw", "aiohttp", "sdk"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """The endpoint to call."""

    name: str
    region: str | None = None
    """AWS region; without it the region of the credentials chain."""
    url: str | None = None
    """Base URL to use instead of https://runtime.sagemaker.{region}.amazonaws.com."""
    ca: Path | None = None
    """PEM file of certificate authorities to trust instead of the system's; relative to the scenario file."""


# -- popularity inside a family ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Zipf:
    """Share of member i (from 0) proportional to (i + 1) ** -zipf."""

    zipf: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """The first `top` members together have `share` of the family's traffic, the rest the remainder."""

    top: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One weight per member."""

    weights: tuple[float, ...]


Popularity: TypeAlias = Literal["uniform"] | Zipf | Top | Weights

# -- payloads ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Base64Payload:
    """One payload, given in base64."""

    base64: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePayload:
    """A file: one payload as a whole, one per line, or one per JSON Lines record."""

    file: Path
    each: Literal["file", "line", "jsonl"] = "file"
    """`jsonl` takes one JSON value per line, checks it, and sends it compactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryPayload:
    """One payload per regular file of a directory, in the order of their names."""

    directory: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomRows:
    """Generated rows of numbers, uniform on [low, high), from the scenario's seed."""

    columns: int
    rows: int = 1
    """Rows per payload."""
    low: float = 0.0
    high: float = 1.0
    pool: int = 100
    """Different payloads to generate."""
    format: Literal["csv", "json"] = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomPayload:
    """A pool of generated payloads."""

    random: RandomRows


Payload: TypeAlias = str | Base64Payload | FilePayload | DirectoryPayload | RandomPayload


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A target, or with `count` a family of targets; `{i}` in its texts is the member's number, from 0."""

    name: str | None = None
    """TargetModel of a multi-model endpoint, such as xgboost-0.tar.gz."""
    count: int = 1
    weight: float = 1.0
    """Share of the traffic relative to the other models; belongs to the family as a whole."""
    popularity: Popularity = "uniform"
    payload: Payload = ""
    content_type: str = "application/octet-stream"
    accept: str | None = None
    custom_attributes: str | None = None
    inference_id: bool = False
    """Send a unique X-Amzn-SageMaker-Inference-Id with each request."""
    variant: str | None = None
    inference_component: str | None = None
    container: str | None = None
    """TargetContainerHostname of a multi-container endpoint."""


# -- when -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """From one rate to another in a straight line over the phase."""

    from_per_s: Annotated[PerSecond, Key("from")]
    to_per_s: Annotated[PerSecond, Key("to")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Rates that each hold for an equal part of the phase."""

    steps: tuple[PerSecond, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SineWave:
    """mean + amplitude * sin(2 pi t / period)."""

    mean_per_s: Annotated[PerSecond, Key("mean")]
    amplitude_per_s: Annotated[PerSecond, Key("amplitude")]
    period_ns: Annotated[DurationNs, Key("period")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sine:
    """A rate that swings."""

    sine: SineWave


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """[time, rate] pairs with straight lines between; the last rate holds. Two pairs at one time are a jump."""

    points: tuple[tuple[DurationNs, PerSecond], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeShape:
    """`base`, except for `length` from `at` on, when it is `peak`."""

    base_per_s: Annotated[PerSecond, Key("base")]
    peak_per_s: Annotated[PerSecond, Key("peak")]
    at_ns: Annotated[DurationNs, Key("at")]
    length_ns: Annotated[DurationNs, Key("for")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """A flat rate with one rectangular peak."""

    spike: SpikeShape


Curve: TypeAlias = PerSecond | Ramp | Steps | Sine | Points | Spike


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Arrivals from a file: CSV or JSON Lines with `timestamp` (seconds) and optionally `model` (a target's name)."""

    trace: Path
    speed: float = 1.0
    """2 replays twice as fast."""
    warmup: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Arrivals of one law along one rate curve."""

    law: Law = "poisson"
    rate: Curve
    length_ns: Annotated[DurationNs, Key("for")]
    burstiness: float = 1.0
    """Shape of the gamma law: gaps have the coefficient of variation 1 / sqrt(burstiness)."""
    jitter: float = 1.0
    """Width of the uniform law: the part of each arrival's own slot over which it may fall."""
    warmup: bool = False
    """Sent and shown, but kept out of the percentiles and the verdict."""


Phase: TypeAlias = Arrivals | Trace

# -- how far ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the generator may use."""

    in_flight: int = 1000
    """Calls outstanding at once; an arrival beyond it is dropped and counted."""
    connections: int = 256
    timeout_ns: Annotated[DurationNs, Key("timeout")] = 70_000_000_000
    """From sending to the last byte. 70 s, for the container has 60 s to answer."""
    grace_ns: Annotated[DurationNs, Key("grace")] = 5_000_000_000
    """How long an interrupted run waits for replies."""
    response_bytes: Bytes = 67_108_864
    """Largest reply body that is read; beyond it the call ends as PROTOCOL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Wait before attempt n + 1: base * factor ** (n - 1), at most `limit`, times a seeded draw from [1 - jitter, 1]."""

    base_ns: Annotated[DurationNs, Key("base")] = 100_000_000
    factor: float = 2.0
    limit_ns: Annotated[DurationNs, Key("limit")] = 5_000_000_000
    jitter: float = 0.0


RetryCause: TypeAlias = Literal["throttled", "not_ready", "model_error", "server_error", "connect", "timeout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """An explicit retry policy; response time goes on counting from the first due time."""

    on: tuple[RetryCause, ...]
    attempts: int = 3
    """Attempts in all, the first one included."""
    backoff: Backoff = Backoff()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything that a run follows from."""

    endpoint: Endpoint
    models: tuple[Model, ...]
    phases: tuple[Phase, ...]
    name: str = "scenario"
    limits: Limits = Limits()
    retries: Retries | None = None
    seed: int = 0
    transport: TransportName = "raw"


@dataclass(frozen=True, slots=True)
class Target:
    """One concrete target of the traffic: a member of a family, or a model by itself."""

    label: str
    """Name in results; unique within the scenario."""
    family: int
    """Index into Scenario.models."""
    member: int
    """Number inside the family."""
    headers: tuple[tuple[str, str], ...]
    """Headers that every request to it carries, Content-Type first."""


def targets(models: Sequence[Model]) -> list[Target]:
    """Expand families; the order is that of the file, so a target's index is stable."""
    raise NotImplementedError
