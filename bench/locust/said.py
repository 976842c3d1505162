"""What a client says of each of its calls: from Locust's request events, or from the samples of a run directory."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.locust.swarm import Event
from bench.target import MODELS


@dataclass(frozen=True, slots=True)
class Said:
    """One entry a call, in any order; units: ns."""

    model: NDArray[np.int64]
    """Index in `MODELS`."""
    sent_ns: NDArray[np.int64]
    """By any clock: only the order matters."""
    took_ns: NDArray[np.int64]
    counted: NDArray[np.bool_]
    """Whether it is compared, and not of the warm-up."""


def by_locust(events: Sequence[Event], warmup_s: float) -> Said:
    """
    Take what request events carry, before Locust rounds it.

    Args:
        events: Of one run; each is named after its model.
        warmup_s: Calls that were sent so soon after the first one are not compared.
    """
    first_s = min(event.sent_s for event in events)
    return Said(
        np.array([MODELS.index(event.name) for event in events], np.int64),
        np.array([event.sent_s * 1e9 for event in events], np.int64),
        np.array([event.response_ms * 1e6 for event in events], np.int64),
        np.array([event.sent_s >= first_s + warmup_s for event in events], np.bool_),
    )


def by_asyncload(database: Path, warmup_s: float) -> Said:
    """
    Take the service times of a run's samples.

    Args:
        database: Of the run directory.
        warmup_s: Calls that were due so soon after the plan's zero are not compared.
    """
    with closing(sqlite3.connect(database)) as samples:
        rows = samples.execute("SELECT model, due_ns, sent_ns, last_ns FROM samples WHERE sent_ns > 0").fetchall()
    model, due_ns, sent_ns, last_ns = np.array(rows, np.int64).reshape(-1, 4).T
    return Said(model, sent_ns, last_ns - sent_ns, due_ns >= warmup_s * 1e9)
