"""From recordings to differences: match the models, draw each side anew, and judge all comparisons together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asyncload.difference.conditions import Condition, judge
from asyncload.difference.course import Course
from asyncload.difference.holm import corrected
from asyncload.difference.measured import Numbers, numbers
from asyncload.difference.notes import notes
from asyncload.difference.pairs import paired
from asyncload.difference.resample import FEWEST_BATCHES, Resampled, resample
from asyncload.difference.table import Table, table, untold
from asyncload.difference.values import (
    LEVEL,
    METRICS,
    Difference,
    Differences,
    Metric,
    ModelDifferences,
    Side,
    change,
    vague,
)
from asyncload.formats.recording import Recording

Floats64 = NDArray[np.float64]

_SEED: Final = 20_040_601
"""Comparing twice gives the same answer."""
_TOTAL_SHARE: Final = 0.5
"""Of the chance of a false alarm, for all models together; the rest is for each model."""


def differences(
    a: Sequence[Recording],
    b: Sequence[Recording],
    *,
    sources: tuple[Sequence[str], Sequence[str]] = ((), ()),
    conditions: Sequence[Condition] = (),
) -> Differences:
    """
    Compare two runs, or two sets of repeats.

    Args:
        a: One run, or several of one scenario.
        b: What is compared with it.
        sources: What each run of a and of b was read from, for whoever prints it.
        conditions: What should fail the comparison.

    Returns:
        The same for the same runs: chance is seeded.

    Raises:
        UsageError: If a condition is about a model that is not compared.
        StoreError: If a history cannot be read.
    """
    names_a, names_b = _names(a), _names(b)
    by_model = all(recording.history is not None for recording in (*a, *b))
    names = [name for name in names_a if name in names_b] if by_model else []
    sides = (numbers(a, names), numbers(b, names))
    in_pairs = paired(a, b)
    drawn = [_drawn(recordings, names, side, paired=in_pairs) for side, recordings in enumerate((a, b))]
    compared = _table(names, sides, drawn)
    found, comparisons = _judged(compared)
    width = len(METRICS)
    return Differences(
        a=_side("A", a, sources[0], sides[0], drawn[0]),
        b=_side("B", b, sources[1], sides[1], drawn[1]),
        notes=tuple(notes(a, b)),
        total=tuple(found[:width]),
        models=tuple(
            ModelDifferences(name, tuple(found[width * row : width * (row + 1)])) for row, name in enumerate(names, 1)
        ),
        only_a=tuple(name for name in names_a if name not in names_b),
        only_b=tuple(name for name in names_b if name not in names_a),
        comparisons=comparisons,
        conditions=judge(conditions, compared),
    )


def _names(recordings: Sequence[Recording]) -> dict[str, None]:
    """Models that all runs of a side have, in their order."""
    first, *others = (dict.fromkeys(model.name for model in each.result.models) for each in recordings)
    return {name: None for name in first if all(name in other for other in others)}


@dataclass(frozen=True, slots=True)
class _Drawn:
    batches: int
    seconds: float
    resampled: Resampled | None
    """None of too few batches."""


def _drawn(recordings: Sequence[Recording], names: Sequence[str], side: int, *, paired: bool) -> _Drawn:
    """Draw a side anew; its counts, which are large, are let go of with the end of this function."""
    course = Course(recordings, names)
    seconds = math.fsum(each.seconds for each in course.batches)
    if course.length < FEWEST_BATCHES:
        return _Drawn(course.length, seconds, None)
    rng, runs_rng = (np.random.default_rng([_SEED, *which]) for which in ((side,), (2 if paired else 3 + side,)))
    return _Drawn(course.length, seconds, resample(course, rng, runs_rng, paired=paired))


def _table(names: Sequence[str], sides: tuple[Numbers, Numbers], drawn: Sequence[_Drawn]) -> Table:
    first, second = (each.resampled for each in drawn)
    if first is None or second is None:
        least = min(each.batches for each in drawn)
        return untold(names, sides, f"{least} measured {'second' if least == 1 else 'seconds'}, needs {FEWEST_BATCHES}")
    return table(names, sides, (first, second))


def _side(label: str, recordings: Sequence[Recording], sources: Sequence[str], side: Numbers, drawn: _Drawn) -> Side:
    reasons = [reason for each in recordings for reason in each.result.verdict.reasons]
    return Side(
        label=label,
        sources=tuple(sources),
        runs=len(recordings),
        calls=int(side.calls[0]),
        seconds=drawn.seconds,
        block_s=drawn.resampled.block_s if drawn.resampled else 0.0,
        invalid=tuple(dict.fromkeys(reasons)),
    )


# -- all comparisons together -----------------------------------------------------------------------------------------


def _judged(compared: Table) -> tuple[list[Difference], int]:
    """Return the differences row by row, in the order of METRICS; and how many comparisons there are."""
    rows = len(compared.names)
    told = np.column_stack([compared.told(metric) for metric in METRICS]).ravel()
    p = np.full(rows * len(METRICS), np.nan)
    ends = np.full((4, p.size), np.nan)
    if told.any():
        p[:] = np.column_stack([compared.located[metric].p(0.0) for metric in METRICS]).ravel()
        family = corrected(p[told], _weights(rows)[told], 1 - LEVEL)
        level, adjusted = np.full(p.size, 1 - LEVEL), np.full(p.size, np.nan)
        level[told], adjusted[told] = family.level, family.p
        ends[:2], ends[2:] = _ends(compared, level), _ends(compared, np.full(p.size, 1 - LEVEL))
    else:
        adjusted = p
    keys: list[tuple[int, Metric]] = [(row, metric) for row in range(rows) for metric in METRICS]
    found = [
        _difference(compared, row, metric, (*ends[:, place].tolist(), float(p[place]), float(adjusted[place])))
        for place, (row, metric) in enumerate(keys)
    ]
    return found, int(told.sum())


def _weights(rows: int) -> Floats64:
    """Shares of the chance of a false alarm."""
    if rows == 1:
        return np.full(len(METRICS), 1 / len(METRICS))
    total = np.full(len(METRICS), _TOTAL_SHARE / len(METRICS))
    models = np.full((rows - 1) * len(METRICS), (1 - _TOTAL_SHARE) / (rows - 1) / len(METRICS))
    return np.concatenate([total, models])


def _ends(compared: Table, level: Floats64) -> Floats64:
    """Ends of the intervals at a level each: float64[2, comparisons]."""
    by_metric = level.reshape(-1, len(METRICS))
    columns = [
        [_told_as(metric, end) for end in compared.located[metric].interval(by_metric[:, place])]
        for place, metric in enumerate(METRICS)
    ]
    return np.array([np.column_stack([column[end] for column in columns]).ravel() for end in range(2)])


def _told_as(metric: Metric, value: Floats64) -> Floats64:
    """From the scale on which it is judged to the one on which it is told."""
    return value if metric == "error_rate" else np.expm1(value)


def _difference(compared: Table, row: int, metric: Metric, judged: Sequence[float]) -> Difference:
    """Put one comparison together; `judged` is the interval, the one alone, p and its correction."""
    a, b = (float(side[metric][row]) for side in (compared.a, compared.b))
    why = compared.why[metric][row]
    low, high, alone_low, alone_high, p, p_holm = [math.nan] * 6 if why else judged
    value = change(metric, a, b)
    if not why and p_holm > 1 - LEVEL:
        why = vague(metric, min(low, value), high)
    return Difference(
        model=compared.names[row],
        metric=metric,
        a=a,
        b=b,
        value=value,
        low=min(low, value),  # of no answered call, what is judged is a few
        high=high,
        alone_low=min(alone_low, value),
        alone_high=alone_high,
        p=p,
        p_holm=p_holm,
        why=why,
    )
