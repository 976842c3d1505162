"""
What the emulator plays: endpoints, their models, and who may call.

    Emulator
    ├── EndpointPlayed *          an endpoint with its worker pool
    │   └── ModelPlayed *         models by name or pattern: service time, answer, errors
    └── Credentials *             keys that are accepted

Without a file it plays the endpoint `xgboost-mme` with any model `*.tar.gz`, for the published example keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from asyncload.emulator.laws import Law, LogNormal, LogNormalShape
from asyncload.errors import ScenarioError
from asyncload.schema import Check, Key, Mistakes, document
from asyncload.units import DurationNs

Name: TypeAlias = Annotated[str, Check(shortest=1, legal="a text that is not empty")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """One access key that is accepted."""

    access_key: Annotated[str, Check(pattern="[^/, ]+", legal="an access key without blanks, slashes and commas")]
    secret_key: Name = field(repr=False)
    token: Name | None = field(default=None, repr=False)
    """With a token, requests must carry exactly this X-Amz-Security-Token, signed."""
    expired: bool = False
    """Play a key whose session has ended: every request is refused with ExpiredTokenException."""


DEMO_SERVICE = LogNormal(lognormal=LogNormalShape(median_ns=4_000_000, sigma=0.3))
"""A small XGBoost model: median 4 ms."""
DEMO_CREDENTIALS = Credentials(
    access_key="AKIDEXAMPLE",
    secret_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",  # noqa: S106  the key that AWS prints in its documentation
)
"""The example keys of AWS's documentation: no secret, and valid nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextAnswer:
    """The same body for every request."""

    text: str
    content_type: str = "text/csv; charset=utf-8"


Answer: TypeAlias = Literal["echo"] | TextAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlayed:
    """A model, or every model whose name fits a pattern; the first that fits is taken."""

    name: Name
    """A name, or a pattern such as xgb-*.tar.gz."""
    service: Law = DEMO_SERVICE
    answer: Answer = TextAnswer(text="4.566576957702637")
    """A text, or `echo` for the request's own body and content type."""
    error_ratio: Annotated[float, Check(at_least=0, at_most=1, legal="a share from 0 to 1")] = 0.0
    """Share of the requests that the container answers with `error_status`, from 0 to 1."""
    error_status: Annotated[int, Check(at_least=400, at_most=599, legal="a status from 400 to 599")] = 500
    error_message: str = "simulated failure of the container"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointPlayed:
    """An endpoint."""

    name: Name
    models: Annotated[tuple[ModelPlayed, ...], Check(shortest=1, legal="at least one model")] = (
        ModelPlayed(name="*.tar.gz"),
    )
    multi_model: bool = True
    """Whether a request must name its TargetModel; if not, it must not."""
    variant: str = "AllTraffic"
    """Production variant that answers."""
    workers: Annotated[int, Check(at_least=1, at_most=1_000_000, legal="at least one worker")] = 64
    """Requests in service at once."""
    queue: Annotated[int, Check(at_least=0, legal="0 or more places")] = 100
    """Requests that may wait for a worker; beyond it the container answers 503 and the caller sees ModelError."""
    concurrency: Annotated[int, Check(at_least=1, legal="at least one request")] | None = None
    """Requests at the endpoint at once, waiting ones included; beyond it the caller sees ThrottlingException."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """Everything that the emulator plays."""

    endpoints: Annotated[tuple[EndpointPlayed, ...], Check(shortest=1, legal="at least one endpoint")] = (
        EndpointPlayed(name="xgboost-mme"),
    )
    credentials: tuple[Credentials, ...] = (DEMO_CREDENTIALS,)
    region: str | None = None
    """Region that signatures must be scoped to; without it any."""
    idle_close_ns: Annotated[DurationNs, Key("idle_close"), Check(above=0, legal="more than 0")] = 20_000_000_000
    """A connection without requests for that long is closed."""
    seed: int = 0

    @classmethod
    def load(cls, path: Path) -> "Emulator":
        """
        Read a configuration: YAML, TOML or JSON, by the name's ending.

        Raises:
            ScenarioError: With every mistake, each at its place.
        """
        value, problems = document.load(cls, path)
        if value is None:
            raise ScenarioError(str(path), problems)
        return value

    def mistakes(self) -> Mistakes:
        """Say what the annotations cannot: names and keys are told apart."""
        yield from _twice("endpoints", "name", [endpoint.name for endpoint in self.endpoints])
        yield from _twice("credentials", "access_key", [key.access_key for key in self.credentials])


def _twice(path: str, key: str, names: Sequence[str]) -> Mistakes:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield f"{path}[{index}].{key}", f"{name} stands here a second time"
