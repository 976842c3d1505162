"""
An hour of a thousand models, made up: a recording as large as a page must bear, in a second and without a socket.

Models share the traffic by Zipf's law and have medians of their own; one in twenty slows down in the middle of the run,
a few calls wait for a load, and for some minutes the endpoint throttles. All calls are columns, and what a recording
holds of them is counted from these.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from asyncload.call import Outcome
from asyncload.formats.recording import Recording
from asyncload.histogram import SLOTS, Histogram, Int64s, slots_of
from asyncload.history import Columns, History
from asyncload.result import WARMUP, Health, ModelResult, RunResult, SecondResult, Signs

_S = 1_000_000_000
_WARMUP_S = 30


@dataclass(frozen=True)
class Hour:
    """Calls of a made-up run."""

    models: int = 1000
    length_s: int = 3600
    rate_per_s: float = 300.0
    seed: int = 7
    names: str = "model-{i}.tar.gz"

    def recording(self) -> Recording:
        """Return what would have been recorded."""
        measured_ns = ((_WARMUP_S * _S, self.length_s * _S),)
        return Recording(self._result(), History(measured_ns, 0, 1, _Seconds(self), self._stored))

    def _stored(self, metric: str) -> Iterator[Columns]:
        """The history in columns, as a run directory keeps it."""
        columns = self.columns
        model = np.where(columns["second"] < _WARMUP_S, self.models, columns["model"])
        keys, row = np.unique(columns["second"] * (self.models + 1) + model, return_inverse=True)
        ok = columns["outcome"] == Outcome.OK
        values = {**columns, "response": columns["service"] + columns["lateness"], "ttfb": columns["service"]}[metric]
        counted = ok | (metric == "lateness")
        slots, count = np.unique(row[counted] * SLOTS + slots_of(values[counted]), return_counts=True)
        yield Columns(
            keys // (self.models + 1),
            keys % (self.models + 1),
            _table(row, columns["outcome"], keys.size),
            slots // SLOTS,
            slots % SLOTS,
            count.astype(np.int64),
        )

    @cached_property
    def columns(self) -> Mapping[str, Int64s]:
        """Columns of equal length, by the second in which a call ended: second, model, response, lateness, outcome."""
        rng = np.random.default_rng(self.seed)
        n = int(self.rate_per_s * self.length_s)
        shares = (1.0 + np.arange(self.models)) ** -1.1
        model = rng.choice(self.models, n, p=shares / shares.sum())
        second = np.sort(rng.integers(0, self.length_s, n))
        median_us = rng.uniform(4_000, 9_000, self.models)
        slower = (model % 20 == 7) & (second > self.length_s // 2)
        service_us = median_us[model] * np.exp(0.25 * rng.standard_normal(n)) * np.where(slower, 2.5, 1.0)
        service_us += np.where(rng.random(n) < 0.004, rng.lognormal(np.log(350_000), 0.4, n), 0.0)
        throttled = (abs(second - self.length_s * 0.7) < self.length_s / 30) & (rng.random(n) < 0.05)
        return {
            "second": second,
            "model": model,
            "service": service_us.astype(np.int64),
            "lateness": rng.exponential(60, n).astype(np.int64),
            "outcome": np.where(throttled, int(Outcome.THROTTLED), int(Outcome.OK)),
        }

    def _result(self) -> RunResult:
        columns = self.columns
        warm = columns["second"] < _WARMUP_S
        target = np.where(warm, self.models, columns["model"])
        names = [*(self.names.format(i=i) for i in range(self.models)), WARMUP]
        rows = model_results(names, target, columns)
        return RunResult(
            scenario=self._scenario(),
            plan_digest="ab" * 32,
            models=tuple(rows[:-1]),
            warmup=rows[-1],
            seconds=tuple(self._seconds()),
            health=Health(
                1_795_000_000 * _S,
                self.length_s * _S,
                (self.length_s - _WARMUP_S) * _S,
                0,
                cpu_share=0.11,
                connects=64,
                peak_in_flight=41,
                stalls=2,
                longest_stall_ns=14_000_000,
            ),
        )

    def _scenario(self) -> dict[str, Any]:
        rate = f"{self.rate_per_s:g}/s"
        return {
            "name": f"{self.models} models, {self.length_s} s",
            "endpoint": {"name": "made-up", "region": "us-east-1"},
            "models": [{"name": self.names, "count": self.models, "popularity": {"zipf": 1.1}}],
            "phases": [
                {"rate": rate, "for": f"{_WARMUP_S}s", "warmup": True},
                {"rate": rate, "for": f"{self.length_s - _WARMUP_S}s"},
            ],
            "transport": "raw",
            "seed": self.seed,
        }

    def _seconds(self) -> Iterator[SecondResult]:
        columns = self.columns
        counts = _table(columns["second"], columns["outcome"], self.length_s)
        ok = columns["outcome"] == Outcome.OK
        response = _histograms(columns["second"][ok], (columns["service"] + columns["lateness"])[ok], self.length_s)
        lateness = _histograms(columns["second"], columns["lateness"], self.length_s)
        busy_us = np.bincount(columns["second"], columns["service"] + columns["lateness"], self.length_s)
        for second in range(self.length_s):
            sent, in_flight = int(counts[second].sum()), round(float(busy_us[second]) / 1e6)  # as Little's law has it
            yield SecondResult(
                second, sent, sent, in_flight, tuple(counts[second].tolist()), response[second], lateness[second]
            )


class _Seconds:
    """Every second's targets, counted when they are asked for."""

    def __init__(self, hour: Hour) -> None:
        self._hour = hour

    def __iter__(self) -> Iterator[tuple[int, Mapping[int, ModelResult]]]:
        columns, hour = self._hour.columns, self._hour
        edges = np.searchsorted(columns["second"], np.arange(hour.length_s + 1)).tolist()
        for second in range(hour.length_s):
            part = {name: column[edges[second] : edges[second + 1]] for name, column in columns.items()}
            target = part["model"] if second >= _WARMUP_S else np.full(part["model"].size, hour.models)
            present, place = np.unique(target, return_inverse=True)
            rows = model_results([hour.names.format(i=i) for i in present.tolist()], place, part)
            yield second, dict(zip(present.tolist(), rows, strict=True))


def model_results(names: list[str], target: Int64s, columns: Mapping[str, Int64s]) -> list[ModelResult]:
    """
    Count calls by target.

    Args:
        names: Of the targets.
        target: Place of each call's target among them.
        columns: The calls.
    """
    n = len(names)
    ok = columns["outcome"] == Outcome.OK
    counts = _table(target, columns["outcome"], n)
    response = _histograms(target[ok], (columns["service"] + columns["lateness"])[ok], n)
    service = _histograms(target[ok], columns["service"][ok], n)
    lateness = _histograms(target, columns["lateness"], n)
    empty = Histogram.empty()
    return [
        ModelResult(
            name,
            tuple(counts[i].tolist()),
            int(counts[i].sum()) * 40,
            response[i],
            service[i],
            lateness[i],
            service[i],
            signs=Signs(empty, empty, 0),
        )
        for i, name in enumerate(names)
    ]


def _table(group: Int64s, outcome: Int64s, groups: int) -> Int64s:
    flat = np.bincount(group * len(Outcome) + outcome, minlength=groups * len(Outcome))
    return flat.reshape(groups, len(Outcome)).astype(np.int64)


def _histograms(group: Int64s, values_us: Int64s, groups: int) -> list[Histogram]:
    keys, counts = np.unique(group * SLOTS + slots_of(values_us), return_counts=True)
    edges = np.searchsorted(keys, np.arange(groups + 1) * SLOTS).tolist()
    slots, counts = keys % SLOTS, counts.astype(np.int64)
    return [Histogram(slots[a:b], counts[a:b]) for a, b in pairwise(edges)]
