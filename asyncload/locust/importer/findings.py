"""
What the two processes of an import tell each other: a `Job` one way, an `Answer` the other.

Words are made where the facts are: `where` is a place as a person reads it, "line 12" of the locustfile or
"helpers.py, line 3", and a note or a mistake comes with its text.
"""

from typing import Final, Literal

import msgspec

NOWHERE: Final = "us-import-1"
"""Region of calls whose region the locustfile leaves to the environment; there is none of this name."""
NO_HOST: Final = "http://no-host.invalid"
"""Stands for the host of user classes that have none."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One locustfile to look into."""

    file: str
    """Absolute path."""
    scratch: str
    """A folder in which the file may write."""
    classes: list[str] = []
    """User classes to take; all if empty."""
    host: str = ""
    tags: list[str] = []
    exclude_tags: list[str] = []
    environment: dict[str, str] = {}
    arguments: list[str] = []
    """Options of the file's own, as Locust's command line would have them."""
    replies: list[str] = []
    """Bodies of replies, in base64; without them some that are usual."""
    limit_s: float = 60.0
    """How long it may take."""


class Mistake(msgspec.Struct, frozen=True):
    """Why something cannot be imported."""

    where: str
    """Empty where no line is to blame."""
    text: str


class Note(msgspec.Struct, frozen=True):
    """What does not carry over."""

    topic: str
    text: str


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a request says beside its body."""

    endpoint: str
    url: str
    """Scheme, host, port and what stands before /endpoints/ in the path."""
    region: str = ""
    """That it is signed for; empty if it is not signed."""
    model: str = ""
    content_type: str = ""
    accept: str = ""
    custom_attributes: str = ""
    variant: str = ""
    inference_component: str = ""
    container: str = ""
    inference_id: bool = False
    signed: bool = True


class Rate(msgspec.Struct, frozen=True):
    """Calls of one target."""

    target: int
    pool: int
    calls: float
    """Per task that a user carries out, in the long run."""


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """What a user does between two tasks."""

    kind: Literal["constant", "between", "pacing", "poisson", "own"]
    """pacing: seconds from the start of one task to the start of the next; poisson: exponential around the mean."""
    low_s: float
    high_s: float
    mean_s: float


class UserClass(msgspec.Struct, frozen=True, kw_only=True):
    """A class of users."""

    name: str
    where: str
    weight: float
    fixed_count: int
    wait: Wait
    rates: list[Rate]


class Row(msgspec.Struct, frozen=True):
    """Under which name the file reports calls of a target."""

    target: int
    name: str


class Stretch(msgspec.Struct, frozen=True):
    """Part of a load shape during which it asks for the same."""

    length_s: float
    users: int
    spawn_per_s: float


class Shape(msgspec.Struct, frozen=True):
    """A LoadTestShape, asked once for each second."""

    name: str
    where: str
    stretches: list[Stretch]
    ends: bool
    """Whether it came to its end within a day."""


class Configured(msgspec.Struct, frozen=True, kw_only=True):
    """What Locust would do without options: what the file, locust.conf or LOCUST_USERS and the like say."""

    users: int
    spawn_per_s: float | None = None
    length_s: float | None = None


class Findings(msgspec.Struct, kw_only=True):
    """All that a locustfile does."""

    locust: str
    """Version."""
    classes: list[UserClass] = []
    targets: list[Target] = []
    lines: list[str] = []
    """Of each target: the line that calls it first."""
    timeouts_s: list[float] = []
    """How long calls wait for a reply; empty if some wait without end."""
    bodies: list[str] = []
    """In base64."""
    pools: list[list[tuple[int, float]]] = []
    """Bodies with their shares."""
    rows: list[Row] = []
    shape: Shape | None = None
    configured: Configured | None = None
    notes: list[Note] = []
    mistakes: list[Mistake] = []


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A file that ended its process, or was ended, before there were findings."""

    how: Literal["time", "exit", "signal"]
    number: int
    """Exit code or signal."""
    stage: str
    """What was going on."""
    where: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a job."""

    findings: Findings | None = None
    ended: Ended | None = None
    fault: str = ""
    """A fault of the importer itself, as a traceback."""
    missing: str = ""
    """Package without which nothing can be looked into."""
