"""
What is called and with what: models, their share of the traffic, their payloads.

    Model            one target, or a family of `count` targets
    ├── Popularity   how a family shares its weight
    └── Payload      what is sent
    Target           one concrete target, made from a model
"""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from asyncload.schema import Check, Mistakes
from asyncload.schema.files import directory_mistake, file_mistake

MOST_BODY_BYTES: Final = 6_291_456
"""
Largest body of InvokeEndpoint.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""
_MOST_NUMBERS: Final = 100_000_000

_NOT_NEGATIVE = Check(at_least=0, legal="a number of at least 0")
_AT_LEAST_ONE = Check(at_least=1, at_most=_MOST_NUMBERS, legal=f"a whole number from 1 to {_MOST_NUMBERS}")

# -- popularity inside a family ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Zipf:
    """Share of member i (from 0) proportional to (i + 1) ** -zipf."""

    zipf: Annotated[float, Check(above=0, at_most=100, legal="a number above 0, at most 100")]
    """The exponent; near 1 for most catalogues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """The first `top` members together have `share` of the family's traffic, the rest the remainder."""

    top: Annotated[int, Check(at_least=1, legal="a whole number of at least 1, below count")]
    """How many members are popular."""
    share: Annotated[float, Check(above=0, at_most=1, legal="a number above 0, at most 1")]
    """Their part of the family's traffic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One weight per member."""

    weights: tuple[Annotated[float, _NOT_NEGATIVE], ...]
    """As many as the family has members, not all 0."""


Popularity: TypeAlias = Literal["uniform"] | Zipf | Top | Weights

# -- payloads ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Base64Payload:
    """One payload, given in base64."""

    base64: str
    """Standard alphabet; white space is ignored."""

    def decoded(self) -> bytes:
        """
        Return the payload.

        Raises:
            ValueError: If it is not base64.
        """
        return base64.b64decode("".join(self.base64.split()), validate=True)

    def mistakes(self) -> Mistakes:
        """Yield what the annotations cannot say."""
        try:
            size = len(self.decoded())
        except (binascii.Error, ValueError) as error:
            yield "base64", f"is not base64: {error}"
        else:
            if size > MOST_BODY_BYTES:
                yield "base64", f"has {size} bytes; expected at most {MOST_BODY_BYTES}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePayload:
    """A file: one payload as a whole, one per line, or one per JSON Lines record."""

    file: Path
    """The file, relative to the scenario's."""
    each: Literal["file", "line", "jsonl"] = "file"
    """What is one payload. `jsonl` takes one JSON value per line, checks it, and sends it compactly."""

    def mistakes(self) -> Mistakes:
        """Yield what the annotations cannot say."""
        if mistake := file_mistake(self.file, MOST_BODY_BYTES if self.each == "file" else None):
            yield "file", mistake


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryPayload:
    """One payload per regular file of a directory, in the order of their names; names that begin with a dot are not."""

    directory: Path
    """The directory, relative to the scenario's file."""

    def files(self) -> list[Path]:
        """Return the files in the order of their names."""
        entries = (entry for entry in self.directory.iterdir() if not entry.name.startswith(".") and entry.is_file())
        return sorted(entries, key=lambda entry: entry.name)

    def mistakes(self) -> Mistakes:
        """Yield what the annotations cannot say."""
        if mistake := directory_mistake(self.directory):
            yield "directory", mistake
            return
        try:
            files = self.files()
        except OSError as error:
            yield "directory", f"{self.directory} cannot be read: {error.strerror}"
            return
        if not files:
            yield "directory", f"{self.directory} holds no file"
        for file in files:
            if mistake := file_mistake(file, MOST_BODY_BYTES):
                yield "directory", mistake


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomRows:
    """Generated rows of numbers, uniform on [low, high), to six significant digits, from the scenario's seed."""

    columns: Annotated[int, _AT_LEAST_ONE]
    """Numbers per row."""
    rows: Annotated[int, _AT_LEAST_ONE] = 1
    """Rows per payload."""
    low: float = 0.0
    """Smallest number."""
    high: float = 1.0
    """Bound of the numbers, above low."""
    pool: Annotated[int, _AT_LEAST_ONE] = 100
    """Different payloads to generate."""
    format: Literal["csv", "json"] = "csv"
    """csv: lines of numbers; json: a list of lists of numbers."""

    def mistakes(self) -> Mistakes:
        """Yield what the annotations cannot say."""
        if not self.low < self.high or not self.high - self.low < float("inf"):
            yield "high", f"expected a number above low ({self.low:g}), found {self.high:g}"
        if self.columns * self.rows * self.pool > _MOST_NUMBERS:
            yield "pool", f"expected columns * rows * pool of at most {_MOST_NUMBERS} numbers, which are held in memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomPayload:
    """A pool of generated payloads."""

    random: RandomRows
    """What to generate."""


Payload: TypeAlias = str | Base64Payload | FilePayload | DirectoryPayload | RandomPayload

# -- models -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Header:
    """A header whose value a model gives."""

    field: str
    name: str
    pattern: re.Pattern[str]
    longest: int
    legal: str


_NAME_PATTERN: Final = re.compile(r"[a-zA-Z0-9](?:-*[a-zA-Z0-9])*")
_NAME_LEGAL: Final = "letters, digits and hyphens, at most 63 characters, a letter or digit first and last"
_TEXT_LEGAL: Final = "1 to 1024 printable ASCII characters, no space first or last, no line break"
_TEXT_PATTERN: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_HEADERS: Final = (
    _Header("content_type", "Content-Type", _TEXT_PATTERN, 1024, _TEXT_LEGAL),
    _Header("accept", "Accept", _TEXT_PATTERN, 1024, _TEXT_LEGAL),
    _Header("name", "X-Amzn-SageMaker-Target-Model", _TEXT_PATTERN, 1024, _TEXT_LEGAL),
    _Header("variant", "X-Amzn-SageMaker-Target-Variant", _NAME_PATTERN, 63, _NAME_LEGAL),
    _Header("inference_component", "X-Amzn-SageMaker-Inference-Component", _NAME_PATTERN, 63, _NAME_LEGAL),
    _Header("container", "X-Amzn-SageMaker-Target-Container-Hostname", _NAME_PATTERN, 63, _NAME_LEGAL),
    _Header("custom_attributes", "X-Amzn-SageMaker-Custom-Attributes", _TEXT_PATTERN, 1024, _TEXT_LEGAL),
)
"""
In the order of sending.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A target, or with `count` a family of targets; `{i}` in its texts is the member's number, from 0."""

    name: str | None = None
    """TargetModel of a multi-model endpoint, such as xgboost-0.tar.gz."""
    label: Annotated[str, Check(shortest=1, longest=1024, legal="a text of 1 to 1024 characters")] | None = None
    """Name in results, where it is not to be the name above."""
    count: Annotated[int, Check(at_least=1, at_most=1_000_000, legal="a whole number from 1 to 1000000")] = 1
    """Members of the family."""
    weight: Annotated[float, _NOT_NEGATIVE] = 1.0
    """Share of the traffic relative to the other models; belongs to the family as a whole."""
    popularity: Popularity = "uniform"
    """How the members of a family share its weight."""
    payload: Payload = ""
    """What is sent: a text as it is, or where to take it from. With several payloads each request draws one."""
    content_type: str = "application/octet-stream"
    """MIME type of the payload."""
    accept: str | None = None
    """MIME type that is wanted of the reply."""
    custom_attributes: str | None = None
    """Text that SageMaker forwards to the container."""
    inference_id: bool = False
    """Send a unique X-Amzn-SageMaker-Inference-Id with each request."""
    variant: str | None = None
    """TargetVariant: the production variant to call, against the variants' own weights."""
    inference_component: str | None = None
    """InferenceComponentName of an endpoint that hosts inference components."""
    container: str | None = None
    """TargetContainerHostname of a multi-container endpoint."""

    def mistakes(self) -> Mistakes:
        """Yield what the annotations cannot say."""
        names = (self.name, self.variant, self.inference_component, self.container)
        if self.count > 1 and not any(name is not None and "{i}" in name for name in names):
            yield "name", f"expected {{i}} in it, for count is {self.count}: such as model-{{i}}.tar.gz"
        if self.count > 1 and self.label is not None and "{i}" not in self.label:
            yield "label", f"expected {{i}} in it, for count is {self.count}"
        if isinstance(self.payload, str) and len(self.payload.encode()) > MOST_BODY_BYTES:
            yield "payload", f"has {len(self.payload.encode())} bytes; expected at most {MOST_BODY_BYTES}"
        yield from self._header_mistakes()
        yield from self._popularity_mistakes()

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the headers that every request carries, in the order of sending; `{i}` stands for the member."""
        texts = ((header.name, getattr(self, header.field)) for header in _HEADERS)
        return tuple([(name, text) for name, text in texts if text is not None])

    def _header_mistakes(self) -> Mistakes:
        for header in _HEADERS:
            text: str | None = getattr(self, header.field)
            if text is None:
                continue
            value = _numbered(text, self.count - 1)  # the last member's number is the longest
            if len(value) > header.longest or not header.pattern.fullmatch(value):
                yield header.field, f"expected {header.legal}, found {value[:60]!r} of {len(value)} characters"

    def _popularity_mistakes(self) -> Mistakes:
        match self.popularity:
            case Top(top=top) if top >= self.count:
                yield "popularity.top", f"expected a whole number below count ({self.count}), found {top}"
            case Weights(weights=weights) if len(weights) != self.count:
                yield "popularity.weights", f"expected one weight per member ({self.count}), found {len(weights)}"
            case Weights(weights=weights) if not any(weights):
                yield "popularity.weights", "expected at least one weight above 0"


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
    """
    Expand families; the order is that of the file, so a target's index is stable.

    A label is the model's `label`, else its name, variant, inference component or container, the first that it has.
    Where two would be equal, all that they have is in it.
    """
    names = iter(labels(models))
    return [
        Target(next(names), family, member, _members_headers(headers, member))
        for family, (model, headers) in enumerate([(model, model.headers()) for model in models])
        for member in range(model.count)
    ]


def labels(models: Sequence[Model]) -> list[str]:
    """Return the label of each target, in the order of `targets`; equal ones are a mistake."""
    short = [_numbered(text, i) for model in models for text in [_label(model)] for i in range(model.count)]
    if len(set(short)) == len(short):
        return short
    count = Counter(short)
    long = (_numbered(text, i) for model in models for text in [_long_label(model)] for i in range(model.count))
    return [second if count[first] > 1 else first for first, second in zip(short, long, strict=True)]


def label_templates(model: Model) -> tuple[str, str]:
    """Return the texts from which `labels` makes those of a model's members, for `{i}` the member's number."""
    return _label(model), _long_label(model)


def _members_headers(headers: tuple[tuple[str, str], ...], member: int) -> tuple[tuple[str, str], ...]:
    if any("{i}" in text for _, text in headers):
        return tuple([(name, _numbered(text, member)) for name, text in headers])
    return headers


def _label(model: Model) -> str:
    names = (model.label, model.name, model.variant, model.inference_component, model.container)
    return next((name for name in names if name is not None), "endpoint")


def _long_label(model: Model) -> str:
    if model.label is not None:
        return model.label
    names = (model.name, model.variant, model.inference_component, model.container)
    return " ".join(name for name in names if name is not None) or "endpoint"


def _numbered(text: str, member: int) -> str:
    return text.replace("{i}", str(member)) if "{i}" in text else text
