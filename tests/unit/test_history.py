"""A run as columns is the same, whether its directory is read so or they are made of its seconds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from asyncload.call import Outcome
from asyncload.history import Columns, History
from asyncload.record import METRICS
from asyncload.store import read_history
from tests.unit.recordings import Made, S, recording

GOLDEN = Path(__file__).parents[1] / "golden" / "run-1"


def rows(history: History, metric: str) -> list[tuple[object, ...]]:
    """One row after the other, however many come at once."""
    found: list[tuple[object, ...]] = []
    for columns in history.columns(metric):
        for place in range(columns.second.size):
            mine = columns.row == place
            entries = tuple(zip(columns.slot[mine].tolist(), columns.count[mine].tolist(), strict=True))
            numbers = (int(columns.second[place]), int(columns.model[place]))
            found.append((*numbers, tuple(columns.outcomes[place].tolist()), entries))
    return found


@pytest.mark.parametrize("metric", METRICS)
def test_a_run_directory_reads_the_columns_that_its_seconds_make(metric: str) -> None:
    history = read_history(GOLDEN)
    assert history is not None
    found = rows(history, metric)
    assert found
    assert found == rows(replace(history, stored=None), metric)


def test_calls_that_failed_are_in_their_column_and_in_no_histogram() -> None:
    calls = [Made(S // 2, 0), Made(S // 2, 0, outcome=Outcome.THROTTLED), Made(3 * S // 2, 1)]
    history = recording(calls).history
    assert history is not None
    columns: list[Columns] = list(history.columns("response"))
    first = columns[0]
    assert first.outcomes[0, Outcome.OK] == first.outcomes[0, Outcome.THROTTLED] == 1
    assert first.count.sum() == 1
    assert np.concatenate([each.second for each in columns]).tolist() == [0, 1]
