"""What a run directory has beyond its result: the seconds of every target, and the calls if they were kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from asyncload.histogram import Int64s
from asyncload.measured import ModelResult


class Samples(NamedTuple):
    """
    A block of calls, in the order in which they ended.

    **Shape**: int64[n] each.
    **Units**: times are ns from the plan's zero; a time that never came is 0.
    """

    model: Int64s
    """Index of the target; calls of the warm-up have theirs too."""
    due_ns: Int64s
    sent_ns: Int64s
    first_ns: Int64s
    last_ns: Int64s
    outcome: Int64s
    """As `Outcome` numbers them."""
    received_bytes: Int64s
    attempts: Int64s


class Sheet(NamedTuple):
    """
    Some of a run's history in columns: what pictures of a thousand targets need, a tenth as dear as their seconds.

    **Shape**: second, target, calls and ok have an entry per row, that is per target and second in which a call of it
    ended; row, slot and count have one per slot of those rows' response times.
    """

    second: Int64s
    target: Int64s
    """Index; the warm-up has none of its rows here."""
    calls: Int64s
    ok: Int64s
    row: Int64s
    """Which row a slot belongs to, ascending."""
    slot: Int64s
    times: Int64s
    """How many calls fell into the slot."""


@dataclass(frozen=True, slots=True)
class History:
    """The course of a run, target by target; a thousand of them over an hour do not fit into memory at once."""

    measured_ns: tuple[tuple[int, int], ...]
    """Spans of the measured phases, from the plan's zero."""
    rank: int
    world: int
    """Into how many shares the plan was cut; these are the seconds of the share `rank`."""
    seconds: Iterable[tuple[int, Mapping[int, ModelResult]]]
    """
    Seconds in which a call ended, ascending, each with the targets of which one did, by their index; the warm-up of
    all targets has the index behind the last. May be gone through more than once. Signs are None.
    """
    samples: Iterable[Samples] | None = None
    """Every call, in blocks that fit into memory, if the run kept them. May be gone through more than once."""
    sheets: Iterable[Sheet] | None = None
    """The same in columns, without the warm-up; None of a source that has only the seconds."""
