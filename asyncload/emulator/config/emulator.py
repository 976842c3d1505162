"""
What the emulator plays: endpoints, their models, and who may call.

    Emulator
    ├── EndpointPlayed *          see `played`
    └── Credentials *             keys that are accepted

Without a file it plays the endpoint `xgboost-mme` with any model `*.tar.gz`, for the published example keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

from asyncload.emulator.config.endpoint import EndpointPlayed, Name
from asyncload.emulator.config.faults import Fault
from asyncload.errors import ScenarioError, UsageError
from asyncload.schema import Check, Key, Mistakes, document
from asyncload.schema.json_schema import schema_of
from asyncload.units import DurationNs

PRESETS: Final = Path(__file__).parent / "presets"
"""Configurations that come with asyncload, a file each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """One access key that is accepted."""

    access_key: Annotated[str, Check(pattern="[^/, ]+", legal="an access key without blanks, slashes and commas")]
    """Its public part."""
    secret_key: Name = field(repr=False)
    """Its secret part."""
    token: Name | None = field(default=None, repr=False)
    """With a token, requests must carry exactly this X-Amz-Security-Token, signed."""
    expired: bool = False
    """Play a key whose session has ended: every request is refused with ExpiredTokenException."""


DEMO_CREDENTIALS = Credentials(
    access_key="AKIDEXAMPLE",
    secret_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",  # noqa: S106  the key that AWS prints in its documentation
)
"""The example keys of AWS's documentation: no secret, and valid nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """Everything that the emulator plays."""

    endpoints: Annotated[tuple[EndpointPlayed, ...], Check(shortest=1, legal="at least one endpoint")] = (
        EndpointPlayed(name="xgboost-mme"),
    )
    """What can be called."""
    credentials: tuple[Credentials, ...] = (DEMO_CREDENTIALS,)
    """Who may call; without any, AWS's example key."""
    region: str | None = None
    """Region that signatures must be scoped to; without it any."""
    time_scale: Annotated[float, Check(above=0, at_most=1000, legal="a factor above 0, at most 1000")] = 1.0
    """
    Factor on every duration that the platform keeps: its limits of 60 s and 360 s, and all laws; 0.01 makes 600 ms of
    60 s. Signatures, idle connections, faults and CloudWatch's minutes stay as they are.
    """
    idle_close_ns: Annotated[DurationNs, Key("idle_close"), Check(above=0, legal="more than 0")] = 20_000_000_000
    """A connection without requests for that long is closed."""
    publish_after_ns: Annotated[DurationNs, Key("publish_after")] = 120_000_000_000
    """How long after its end a minute's CloudWatch metrics can be read; 0 shows the minute under way too."""
    faults: tuple[Fault, ...] = ()
    """What goes wrong on purpose, from the start."""
    seed: int = 0
    """Of all draws."""

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

    @classmethod
    def preset(cls, name: str) -> "Emulator":
        """
        Return a configuration that comes with asyncload; `presets` lists their names.

        Raises:
            UsageError: If there is none of that name.
        """
        if name not in presets():
            raise UsageError(f"no preset is called {name!r}; there are {', '.join(presets())}")
        return cls.load(PRESETS / f"{name}.yaml")

    def mistakes(self) -> Mistakes:
        """Say what the annotations cannot: names and keys are told apart."""
        yield from _twice("endpoints", "name", [endpoint.name for endpoint in self.endpoints])
        yield from _twice("credentials", "access_key", [key.access_key for key in self.credentials])


def presets() -> list[str]:
    """Return the names of the configurations that come with asyncload."""
    return sorted(file.stem for file in PRESETS.glob("*.yaml"))


def json_schema() -> dict[str, object]:
    """Return the JSON Schema of configuration files."""
    return schema_of(Emulator, "asyncload emulator")


def _twice(path: str, key: str, names: Sequence[str]) -> Mistakes:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield f"{path}[{index}].{key}", f"{name} stands here a second time"
