"""How a crosscheck is carried out, as opposed to what is sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from asyncload.locust.export import Client
from asyncload.scenario import Scenario

if TYPE_CHECKING:
    from asyncload.crosscheck.takes import Take


@dataclass(frozen=True, slots=True, kw_only=True)
class CrosscheckOptions:
    """By default as the scenario is: an open one is replayed, a closed one has its users."""

    users: int | None = None
    """Compare in a closed loop of so many users, whatever the scenario says of its arrivals."""
    replay: bool = False
    """Compare on the same due times; needs a scenario whose measured phases are open."""
    repeats: int = 5
    """Pairs of runs that are wanted; pairs in which a generator was disturbed do not count, and up to as many are
    run again."""
    client: Client = "fasthttp"
    """What Locust's calls are made with."""
    out: Path | None = None
    """Directory to create; by default runs/<UTC time>-<name>-crosscheck."""
    locust_host: str | None = None
    """Base URL for Locust's side, where it is not that of the scenario."""
    locust_scenario: Scenario | None = None
    """For Locust's side, where it is to be another."""
    environment: Mapping[str, str] | None = field(default=None, repr=False)
    """Of both generators, instead of this process's own; their credentials come from it."""
    allow_plaintext: bool = False
    """Let http:// lead off this machine."""
    stop: Callable[[], bool] = lambda: False
    """Ends the crosscheck when it becomes true; what was measured is judged."""
    on_take: "Callable[[int, Take], None] | None" = None
    """Called after each run, with the number of its pair."""
