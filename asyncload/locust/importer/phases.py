"""
When calls are made: a locustfile says how many tasks its users carry out, not how often a call arrives.

    --rate            an open loop at that rate
    --users           a closed loop of so many users, with the file's wait times
    a load shape      its users; where every wait time sets a pace, so many users make a rate, and the loop is open
    nothing           an open loop at a rate that somebody has to set
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from asyncload.locust.importer.findings import Note, Shape, Stretch, UserClass, Wait
from asyncload.units import format_duration, format_rate

Document: TypeAlias = dict[str, object]

_RATE: Final = "10/s"
_LENGTH: Final = "1m"
_MOST_STRETCHES: Final = 20
"""Phases that a load shape becomes; a longer one is one phase along points, or is left out."""
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
    wanted: Wanted, classes: Sequence[UserClass], shares: Sequence[float], shape: Shape | None, calls_per_task: float
) -> tuple[list[Document], list[Note]]:
    """
    Return phases, and what they leave out.

    Args:
        wanted: On the command line.
        classes: Of users, with their wait times.
        shares: Of the users.
        shape: The file's, if it has one.
        calls_per_task: On the average.
    """
    pause, notes = _pause(classes, shares, calls_per_task)
    length = wanted.duration or _LENGTH
    if wanted.rate is None and wanted.users is None and shape is not None and (found := _of_shape(shape, pause)):
        said = "" if shape.ends else "; it does not end, and a day of it is taken"
        kept = notes if "users" in found[0] else []
        return found, [*kept, Note("load shape", f"the phases are those of {shape.name} ({shape.where}){said}")]
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


def _of_shape(shape: Shape, pause: Pause) -> list[Document]:
    """Return the phases of a load shape; none if it has none that can be said."""
    stretches = shape.stretches
    if pause.pace_s:
        if len(stretches) > _MOST_STRETCHES:
            length_s = sum(stretch.length_s for stretch in stretches)
            points = [[_duration(at_s), _rate(users / pause.pace_s)] for at_s, users in _points(stretches)]
            return [{"law": "poisson", "rate": {"points": points}, "for": _duration(length_s)}]
        return [
            {"law": "poisson", "rate": _rate(each.users / pause.pace_s), "for": _duration(each.length_s)}
            for each in stretches
        ]
    if len(stretches) > _MOST_STRETCHES or any(each.users < 1 for each in stretches):
        return []
    return [
        {"users": each.users, **pause.keys, "spawn": _rate(each.spawn_per_s), "for": _duration(each.length_s)}
        for each in stretches
    ]


def _points(stretches: Sequence[Stretch]) -> Iterator[tuple[float, float]]:
    """Yield times and users between which straight lines are: a ramp changes every second, a step holds for longer."""
    at_s = 0.0
    for stretch in stretches:
        yield at_s, stretch.users
        if stretch.length_s > 1.0:
            yield at_s + stretch.length_s, stretch.users
        at_s += stretch.length_s


def _duration(seconds: float) -> str:
    return format_duration(round(seconds * 1e9), None)


def _rate(per_s: float) -> str:
    return f"{per_s:.10g}/s"
