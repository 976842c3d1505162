"""
When calls are made: a locustfile says how many tasks its users carry out, not how often a call arrives.

    --rate            an open loop at that rate
    --users           a closed loop of so many users, with the file's wait times
    a load shape      its users; where every wait time sets a pace, so many users make a rate, and the loop is open
    users that the file or locust.conf sets by itself: likewise
    nothing           an open loop at a rate that somebody has to set
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, TypeAlias

from asyncload.locust.importer.findings import Configured, Findings, Note, Stretch, UserClass, Wait
from asyncload.units import format_duration, format_rate, parse_duration_ns

Document: TypeAlias = dict[str, object]

_RATE: Final = "10/s"
_LENGTH: Final = "1m"
_MOST_PHASES: Final = 50
"""Phases that a load shape becomes; one that needs more is left out."""
_FEWEST_STEPS: Final = 3
_EQUAL: Final = "here a class has the share of its users"
_CLOSED: Final = Note(
    "closed loop", "as under Locust, users wait for replies: a slow endpoint is called less often, and looks better"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for on the command line; None where nothing was."""

    users: int | None = None
    spawn: str | None = None
    """New users per second."""
    rate: str | None = None
    duration: str | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """What a user does between two calls."""

    keys: Document
    """Of a phase of users."""
    words: str
    pace_s: float | None = None
    """From one call of a user to its next, where that is set."""


def phases(
    wanted: Wanted, found: Findings, shares: Sequence[float], calls_per_task: float
) -> tuple[list[Document], list[Note]]:
    """
    Return phases, and what they leave out.

    Args:
        wanted: On the command line.
        found: In the file: its classes' wait times, its load shape, its own number of users.
        shares: Of the classes among the users.
        calls_per_task: On the average.
    """
    pause, notes = _pause(found.classes, shares, calls_per_task)
    length = wanted.duration or _LENGTH
    asked = wanted.rate is not None or wanted.users is not None
    shape = found.shape
    if shape is not None and not asked and (made := _of_stretches(shape.stretches, pause)):
        said = "" if shape.ends else "; it does not end, and a day of it is taken"
        kept = notes if "users" in made[0] else []
        return made, [*kept, Note("load shape", f"the phases are those of {shape.name} ({shape.where}){said}")]
    if shape is None and not asked and found.configured is not None:
        made = _of_stretches([_stretch(found.configured, wanted.duration)], pause)
        kept = [_CLOSED, *notes] if "users" in made[0] else []
        text = f"the file, or Locust's configuration, sets {found.configured.users} of them"
        return made, [*kept, Note("users", text)]
    left = [] if shape is None else [Note("load shape", f"{shape.name} ({shape.where}) is left out")]
    if wanted.rate is None and wanted.users is not None:
        spawn: Document = {} if wanted.spawn is None else {"spawn": wanted.spawn}
        return [{"users": wanted.users, **pause.keys, **spawn, "for": length}], [_CLOSED, *notes, *left]
    rate = wanted.rate or _RATE
    return [{"law": "poisson", "rate": rate, "for": length}], [_no_rate(wanted, pause), *left]


def _no_rate(wanted: Wanted, pause: Pause) -> Note:
    asked = "" if wanted.rate else f": {_RATE} stands for it, until you set `rate` or import with --rate or --users"
    if pause.pace_s:
        makes = f"N users of this file make N times {format_rate(1 / pause.pace_s)} at most, for they {pause.words}"
    else:
        makes = f"N users of this file make N calls in the time of a reply, and they {pause.words}"
    return Note("rate", f"a locustfile has no arrival rate{asked}. Under Locust {makes}; here nobody waits for a reply")


def _pause(classes: Sequence[UserClass], shares: Sequence[float], calls: float) -> tuple[Pause, list[Note]]:
    """Return what a user does between two calls; a pause that belongs to a task is spread over its calls."""
    waits = list(dict.fromkeys(each.wait for each in classes))
    notes = []
    if calls != 1.0 and any(wait.mean_s for wait in waits):
        text = f"a user waits once per task, which makes {calls:.4g} calls; the wait is spread over them"
        notes.append(Note("waits", text))
    if all(wait.kind == "pacing" and wait.mean_s > 0 for wait in waits):
        speed = sum(share / each.wait.mean_s for share, each in zip(shares, classes, strict=True))
        pace_s = 1 / (speed * calls)
        if len(waits) > 1:
            notes.append(Note("waits", "classes have paces of their own; all users have the mean of them here"))
        return Pause({"pace": _duration(pace_s)}, f"begin a task every {_duration(1 / speed)}", pace_s), notes
    if len(waits) > 1:
        mean_s = sum(share * each.wait.mean_s for share, each in zip(shares, classes, strict=True))
        listed = ", ".join(f"{each.name} {_duration(each.wait.mean_s)}" for each in classes)
        text = f"classes wait differently between tasks ({listed}), which under Locust changes their shares: {_EQUAL}"
        return Pause(_thinking(mean_s, calls), f"wait {_duration(mean_s)} on the average"), [
            *notes,
            Note("waits", text),
        ]
    return _one_pause(waits[0], calls, notes)


def _one_pause(wait: Wait, calls: float, notes: list[Note]) -> tuple[Pause, list[Note]]:
    mean = _duration(wait.mean_s)
    match wait.kind:
        case "between" if wait.low_s != wait.high_s:
            low, high = _duration(wait.low_s / calls), _duration(wait.high_s / calls)
            words = f"wait {_duration(wait.low_s)} to {_duration(wait.high_s)} after each task"
            return Pause({"think": {"from": low, "to": high}}, words), notes
        case "poisson" | "own":
            law = "exponential" if wait.kind == "poisson" else "a function of the file's own"
            notes = [*notes, Note("waits", f"waits are {law}; here they are their mean, {mean}, each time")]
            return Pause(_thinking(wait.mean_s, calls), f"wait {mean} on the average after each task"), notes
        case _:
            words = f"wait {mean} after each task" if wait.mean_s else "do not wait after a task"
            return Pause(_thinking(wait.mean_s, calls), words), notes


def _thinking(mean_s: float, calls: float) -> Document:
    return {"think": _duration(mean_s / calls)} if mean_s > 0 else {}


def _stretch(configured: Configured, wanted: str | None) -> Stretch:
    own = None if configured.length_s is None else f"{configured.length_s}s"
    length_s = parse_duration_ns(wanted or own or _LENGTH) / 1e9
    return Stretch(length_s, configured.users, configured.spawn_per_s or configured.users)


def _of_stretches(stretches: Sequence[Stretch], pause: Pause) -> list[Document]:
    """Return the phases of a load shape; none if it has none that can be said."""
    if pause.pace_s:
        made = list(_rates(stretches, pause.pace_s))
        return made if len(made) <= _MOST_PHASES else []
    if len(stretches) > _MOST_PHASES or any(each.users < 1 for each in stretches):
        return []
    return [
        {"users": each.users, **pause.keys, "spawn": _rate(each.spawn_per_s), "for": _duration(each.length_s)}
        for each in stretches
    ]


def _rates(stretches: Sequence[Stretch], pace_s: float) -> Iterator[Document]:
    """Yield phases of a rate; stretches of one length, as a ramp has them, are the steps of one phase."""
    for length_s, group in groupby(stretches, key=lambda stretch: stretch.length_s):
        rates = [_rate(stretch.users / pace_s) for stretch in group]
        if len(rates) >= _FEWEST_STEPS:
            yield {"law": "poisson", "rate": {"steps": rates}, "for": _duration(length_s * len(rates))}
        else:
            for rate in rates:
                yield {"law": "poisson", "rate": rate, "for": _duration(length_s)}


def _duration(seconds: float) -> str:
    return format_duration(round(seconds * 1e9), None)


def _rate(per_s: float) -> str:
    return f"{per_s:.10g}/s"
