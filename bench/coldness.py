"""
Cold starts: how well calls that had to wait for a load are told from others, held against the truth.

    python -m bench.coldness

The calls come from an endpoint on paper (`residency`), from fixed seeds, so the figures are the same on every machine.
They go through the recorder's own signs and the same limits as a result's. Precision and recall are over the calls
behind each model's first; a call counts as cold in truth if its model was not whole in memory when it arrived, however
little of the load was left.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from asyncload.call import Outcome
from asyncload.histogram import Histogram, lowest_us, slots_of
from asyncload.outliers import limits
from asyncload.signs import Watch
from bench.residency import Calls, Endpoint, simulate
from bench.rows import Detail, show

_ROWS = 1024
"""Calls that the recorder looks at together."""


@dataclass(frozen=True, slots=True)
class Score:
    """What was said about the calls behind each model's first, against the truth."""

    calls: int
    hits: int
    """Said to be cold, and were."""
    misses: int
    false_alarms: int
    doubt: str
    """Why nothing was said; empty if something was."""

    @property
    def precision(self) -> float:
        """Of those said to be cold, the share that were; NaN of none."""
        return _share(self.hits, self.hits + self.false_alarms)

    @property
    def recall(self) -> float:
        """Of those that were cold, the share that was found; NaN of none."""
        return _share(self.hits, self.hits + self.misses)

    @property
    def false_alarm_share(self) -> float:
        """Of those that were warm, the share that was said to be cold."""
        return _share(self.false_alarms, self.calls - self.hits - self.misses)


def judge(calls: Calls, models: int) -> Score:
    """
    Class calls as a run's result does, one by one, and compare with the truth.

    Args:
        calls: In the order in which they ended.
        models: Number of targets.
    """
    first, held, refused = _noticed(calls, models)
    ok = calls.outcome == Outcome.OK
    took_us = (calls.last_ns - calls.sent_ns + 500) // 1000
    open_ = ok & ~first & ~held
    later, firsts = (
        [Histogram.of_us(took_us[some & (calls.model == model)]) for model in range(models)] for some in (open_, first)
    )
    limits_us, doubt = limits(later, firsts)
    said = refused | (open_ & (lowest_us(slots_of(took_us)) > limits_us[calls.model]))
    behind = (ok | refused) & ~first
    return Score(
        calls=int(np.sum(behind)),
        hits=int(np.sum(behind & said & calls.cold)),
        misses=int(np.sum(behind & ~said & calls.cold)),
        false_alarms=int(np.sum(behind & said & ~calls.cold)),
        doubt=doubt,
    )


def _noticed(calls: Calls, models: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    watch = Watch(models)
    first, held = np.zeros((2, calls.model.size), bool)
    for begin in range(0, calls.model.size, _ROWS):
        part = slice(begin, begin + _ROWS)
        model = calls.model[part]
        noticed = watch.look(model, model, calls.sent_ns[part], calls.last_ns[part], calls.outcome[part])
        first[part], held[part] = noticed.first, noticed.held
    last_ok = np.full(models, -1)
    ok = np.flatnonzero(calls.outcome == Outcome.OK)
    np.maximum.at(last_ok, calls.model[ok], ok)
    refused = (calls.outcome == Outcome.NOT_READY) & (np.arange(calls.model.size) < last_ok[calls.model])
    return first, held, refused


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


# -- what is tried ----------------------------------------------------------------------------------------------------

_THRASH = Endpoint()
_RESIDENT = Endpoint(loaded=True, memory=10**6, rate_per_s=100.0)
_CASES: tuple[tuple[str, Endpoint], ...] = (
    ("thrash: 990 models, memory for 60, Zipf 1.1", _THRASH),
    ("the same, sigma 0.3", replace(_THRASH, sigma=0.3)),
    ("the same, sigma 1", replace(_THRASH, sigma=1.0)),
    ("the same, two minutes", replace(_THRASH, length_s=120.0)),
    ("the same, one model in ten takes 400 ms", replace(_THRASH, heavy=0.1)),
    ("the same, and a stall of 2 s", replace(_THRASH, stall_s=(300.0, 302.0))),
    ("the same, loads of 110 ms", replace(_THRASH, fetch_ms=40.0, load_ms=70.0)),
    ("the same, loads of 55 ms", replace(_THRASH, fetch_ms=20.0, load_ms=35.0)),
    (
        "the same, models that take 200 ms, loads of 110",
        replace(_THRASH, median_ms=(200.0, 200.0), fetch_ms=40.0, load_ms=70.0),
    ),
    ("the same, sigma 1 on a floor of 5 ms", replace(_THRASH, sigma=1.0, floor_ms=5.0)),
    ("uniform: 94 % of all calls are cold", replace(_THRASH, zipf=0.0, rate_per_s=6.0)),
    ("the same, sigma 1", replace(_THRASH, zipf=0.0, rate_per_s=6.0, sigma=1.0)),
    ("overloaded: loads queue for a minute", replace(_THRASH, rate_per_s=30.0, length_s=300.0)),
    ("loaded once, never evicted", replace(_RESIDENT, loaded=False)),
    ("never evicted", _RESIDENT),
    ("never evicted, sigma 1", replace(_RESIDENT, sigma=1.0)),
    ("never evicted, sigma 1 on a floor of 5 ms", replace(_RESIDENT, sigma=1.0, floor_ms=5.0)),
    ("the same, two models", replace(_RESIDENT, sigma=1.0, floor_ms=5.0, models=2)),
    ("never evicted, sigma 1, 3 calls a model", replace(_RESIDENT, sigma=1.0, zipf=0.0, length_s=30.0)),
    ("never evicted, sigma 1, half take 400 ms", replace(_RESIDENT, sigma=1.0, heavy=0.5)),
    ("never evicted, half take 400 ms, 3 calls a model", replace(_RESIDENT, heavy=0.5, zipf=0.0, length_s=30.0)),
    ("never evicted, two models, sigma 1", replace(_RESIDENT, models=2, sigma=1.0)),
    ("never evicted, a stall of 1 s", replace(_RESIDENT, stall_s=(60.0, 61.0), length_s=120.0)),
    ("never evicted, saturated for a while", replace(_RESIDENT, workers=2, rate_per_s=330.0, length_s=120.0)),
)
_SEEDS = range(5)


def cells(cases: Iterable[tuple[str, Endpoint]], seeds: Iterable[int]) -> Iterator[list[str]]:
    """One row of text per case, its seeds added up."""
    seeds = tuple(seeds)
    for name, endpoint in cases:
        scores = [judge(simulate(replace(endpoint, seed=seed)), endpoint.models) for seed in seeds]
        together = Score(
            calls=sum(one.calls for one in scores),
            hits=sum(one.hits for one in scores),
            misses=sum(one.misses for one in scores),
            false_alarms=sum(one.false_alarms for one in scores),
            doubt="",
        )
        cold = (together.hits + together.misses) / together.calls
        doubts = sum(bool(one.doubt) for one in scores)
        yield [
            name, f"{together.calls:,}", f"{cold:.1%}", f"{together.precision:.3f}", f"{together.recall:.3f}",
            f"{together.false_alarm_share:.3%}", f"{doubts} of {len(seeds)}" if doubts else "-",
        ]  # fmt: skip


_HEADINGS = ("calls behind each model's first", "calls", "cold", "precision", "recall", "false alarms", "cannot tell")

if __name__ == "__main__":
    show(Detail(f"Cold calls told from others, {len(_SEEDS)} seeds", _HEADINGS, list(cells(_CASES, _SEEDS))))
