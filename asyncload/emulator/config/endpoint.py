"""
One endpoint as it is played.

    EndpointPlayed            limits, routing, laws of loading
    ├── VariantPlayed *       instances that share the traffic by weight
    │   └── InstancePlayed    memory, disk, vCPUs, workers of each
    └── ModelPlayed *         models by name, family or pattern: size, service time, answer, errors

Sizes decide what fits, laws decide how long it takes; see `laws`. Every default is the simplest endpoint there is: one
instance, everything fits, loading takes no time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Literal, TypeAlias

from asyncload.emulator.config.laws import Fixed, Law, LogNormal, LogNormalShape
from asyncload.schema import Check, Key, Mistakes
from asyncload.units import Bytes, BytesPerSecond, DurationNs

Name: TypeAlias = Annotated[str, Check(shortest=1, legal="a text that is not empty")]
Eviction: TypeAlias = Literal["lru", "lfu", "fifo"]

NOTHING = Fixed(fixed_ns=0)
DEMO_SERVICE = LogNormal(lognormal=LogNormalShape(median_ns=4_000_000, sigma=0.3))
"""A small XGBoost model: median 4 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextAnswer:
    """The same body for every request."""

    text: str
    """The body."""
    content_type: str = "text/csv; charset=utf-8"
    """Its type."""


Answer: TypeAlias = Literal["echo"] | TextAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """How long it takes to bring an artefact from S3 to an instance: latency + size / bandwidth."""

    latency: Law = NOTHING
    """Before the first byte."""
    bandwidth_bytes_per_s: Annotated[BytesPerSecond | None, Key("bandwidth"), Check(above=0, legal="more than 0")] = (
        None
    )
    """Without it the bytes take no time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlayed:
    """A model, a family, or every model whose name fits a pattern; the first that fits is taken."""

    name: Name
    """A name; with `count` a name with {i} in it, such as xgb-{i}.tar.gz; or a pattern such as xgb-*.tar.gz."""
    count: Annotated[int, Check(at_least=1, at_most=100_000_000, legal="a whole number of at least 1")] | None = None
    """Members of a family; {i} is the member's number, from 0."""
    artefact_bytes: Annotated[Bytes, Key("artefact")] = 32 * 2**10
    """What it takes on disk, and to download."""
    memory_bytes: Annotated[Bytes | None, Key("memory")] = None
    """What it takes while it is loaded. Without it: 1MiB with laws, and with a container what that has room for."""
    download: Download | None = None
    """In place of the endpoint's."""
    load: Law | None = None
    """In place of the endpoint's."""
    unload: Law | None = None
    """In place of the endpoint's."""
    service: Law = DEMO_SERVICE
    """What a worker takes for a request."""
    first_inference: Law = NOTHING
    """What the first request after a load takes more."""
    answer: Answer = TextAnswer(text="4.566576957702637")
    """A text, or `echo` for the request's own body and content type."""
    error_ratio: Annotated[float, Check(at_least=0, at_most=1, legal="a share from 0 to 1")] = 0.0
    """Share of the requests that the container answers with `error_status`, from 0 to 1."""
    error_status: Annotated[int, Check(at_least=400, at_most=599, legal="a status from 400 to 599")] = 500
    """What it answers then."""
    error_message: str = "simulated failure of the container"
    """Its words."""

    def mistakes(self) -> Mistakes:
        """Say what the annotations cannot: a family's members have names of their own."""
        if self.count is not None and "{i}" not in self.name:
            yield "name", f"expected {{i}} in it, for count is {self.count}: such as model-{{i}}.tar.gz"

    def fits(self, name: str) -> bool:
        """Say whether a model of this name is meant."""
        if self.count is None:
            return fnmatchcase(name, self.name)
        before, _, after = (re.escape(part) for part in self.name.partition("{i}"))
        member = re.fullmatch(f"{before}(0|[1-9][0-9]{{0,8}}){after}", name)
        return member is not None and int(member[1]) < self.count

    def names(self) -> Iterator[str]:
        """Yield the names that are known; a pattern has none."""
        if self.count is not None:
            yield from (self.name.replace("{i}", str(member), 1) for member in range(self.count))
        elif not set(self.name) & set("*?["):
            yield self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePlayed:
    """What an instance has."""

    type: str = "ml.m5.xlarge"
    """Its name at AWS; it says nothing here but in descriptions."""
    memory_bytes: Annotated[Bytes, Key("memory"), Check(above=0, legal="more than 0")] = 16 * 2**30
    """For models that are loaded."""
    disk_bytes: Annotated[Bytes, Key("disk"), Check(above=0, legal="more than 0")] = 64 * 2**30
    """For artefacts."""
    vcpus: Annotated[int, Check(at_least=1, legal="at least one")] = 4
    """How many models are downloaded or loaded at once; the rest waits."""
    workers: Annotated[int, Check(at_least=1, at_most=1_000_000, legal="at least one worker")] = 64
    """Requests in service at once."""
    queue: Annotated[int, Check(at_least=0, legal="0 or more places")] = 100
    """Requests of one model that may wait for a worker; beyond it the container answers 503: ModelError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantPlayed:
    """A production variant."""

    name: Name = "AllTraffic"
    """What TargetVariant names, and what x-Amzn-Invoked-Production-Variant says."""
    weight: Annotated[float, Check(at_least=0, legal="a weight of at least 0")] = 1.0
    """Its share of the requests that name no variant, among all weights."""
    instances: Annotated[int, Check(at_least=1, at_most=1000, legal="from 1 to 1000 instances")] = 1
    """How many there are at first."""
    instance: InstancePlayed = InstancePlayed()
    """What each of them has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointPlayed:
    """An endpoint."""

    name: Name
    """What EndpointName names."""
    models: Annotated[tuple[ModelPlayed, ...], Check(shortest=1, legal="at least one model")] = (
        ModelPlayed(name="*.tar.gz"),
    )
    """What lies below its S3 prefix."""
    variants: Annotated[tuple[VariantPlayed, ...], Check(shortest=1, legal="at least one variant")] = (VariantPlayed(),)
    """Where it runs."""
    multi_model: bool = True
    """
    Whether a request must name its TargetModel; if not, it must not, and the one model of the endpoint is always there:
    nothing is ever loaded or unloaded. A real container has it loaded by the first request.
    """
    cache: bool = True
    """ModelCacheSetting: whether a model stays loaded after a request."""
    eviction: Eviction = "lru"
    """Which idle model goes first: the least recently used, the least often used, the first loaded."""
    spill: Annotated[int, Check(at_least=1, legal="at least one request")] = 100
    """
    Requests at an instance from which on another one is taken for the same model, which loads it too. Below it, a model
    stays with the instances that hold it.
    """
    concurrency: Annotated[int, Check(at_least=1, legal="at least one request")] | None = None
    """Requests at the endpoint at once, waiting ones included; beyond it the caller sees ThrottlingException."""
    overhead: Law = NOTHING
    """What the platform takes for itself, ahead of the container: CloudWatch's OverheadLatency."""
    download: Download = Download()
    """S3 to disk."""
    load: Law = NOTHING
    """Disk to memory."""
    unload: Law = NOTHING
    """Out of memory."""
    detect_ns: Annotated[DurationNs, Key("detect")] = 10_000_000_000
    """How long requests still go to an instance that has died."""
    replace_ns: Annotated[DurationNs | None, Key("replace")] = 240_000_000_000
    """How long after that a new one takes its place; null: never."""

    def mistakes(self) -> Mistakes:
        """Say what the annotations cannot: variants are told apart, one of them gets traffic, and one model is one."""
        names = [variant.name for variant in self.variants]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield f"variants[{index}].name", f"{name} stands here a second time"
        if not any(variant.weight for variant in self.variants):
            yield "variants", "expected a weight above 0 in one of them"
        if not self.multi_model:
            yield from self._not_one()

    def _not_one(self) -> Mistakes:
        if len(self.models) > 1:
            yield "models", f"expected one model, for multi_model is false; found {len(self.models)}"
        if self.models[0].count is not None:
            yield "models[0].count", "expected one model, for multi_model is false; leave it out"

    def model(self, name: str) -> ModelPlayed | None:
        """Return what is played under a model's name; None if there is no such artefact. One model has any name."""
        if not self.multi_model:
            return self.models[0]
        return next((model for model in self.models if model.fits(name)), None)
