"""
What the emulator plays: endpoints, their models, and who may call.

    Emulator
    ├── EndpointPlayed *          an endpoint with its worker pool
    │   └── ModelPlayed *         models by name or pattern: service time, answer, errors
    └── Credentials *             keys that are accepted

Without a file it plays the endpoint `xgboost-mme` with any model `*.tar.gz`, for the published example keys.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from asyncload.emulator.service import Law, LogNormal, LogNormalShape


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """One access key that is accepted."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
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

    name: str
    """A name, or a pattern such as xgb-*.tar.gz."""
    service: Law = DEMO_SERVICE
    answer: Answer = TextAnswer(text="4.566576957702637")
    """A text, or `echo` for the request's own body and content type."""
    error_ratio: float = 0.0
    """Share of the requests that the container answers with `error_status`, from 0 to 1."""
    error_status: int = 500
    error_message: str = "simulated failure of the container"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointPlayed:
    """An endpoint."""

    name: str
    models: tuple[ModelPlayed, ...] = (ModelPlayed(name="*.tar.gz"),)
    multi_model: bool = True
    """Whether a request must name its TargetModel; if not, it must not."""
    variant: str = "AllTraffic"
    """Production variant that answers."""
    workers: int = 64
    """Requests in service at once."""
    queue: int = 100
    """Requests that may wait for a worker; beyond it the container answers 503 and the caller sees ModelError."""
    concurrency: int | None = None
    """Requests at the endpoint at once, waiting ones included; beyond it the caller sees ThrottlingException."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """Everything that the emulator plays."""

    endpoints: tuple[EndpointPlayed, ...] = (EndpointPlayed(name="xgboost-mme"),)
    credentials: tuple[Credentials, ...] = (DEMO_CREDENTIALS,)
    region: str | None = None
    """Region that signatures must be scoped to; without it any."""
    idle_close_ns: int = 20_000_000_000
    """A connection without requests for that long is closed."""
    seed: int = 0
