"""
OpenMetrics text: counters and histograms of a run that has ended, for Prometheus and what reads its format.

Every sample has the time of the run's end, so that `promtool tsdb create-blocks-from openmetrics` can file it. Labels
are names of models, outcomes and objectives, so there are as many time series as a run's own size says; the warm-up is
in none.

Histograms are classic ones, for text has no native ones.

Source:
    OpenMetrics 1.0; Prometheus, Metric and label naming. Written by prometheus_client.
"""

from collections.abc import Iterator
from typing import Final, get_args

import numpy as np
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
    StateSetMetricFamily,
)
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector

from asyncload.buckets import DURATION_BOUNDS_S, LATENESS_BOUNDS_S
from asyncload.call import Outcome
from asyncload.formats.recording import Recording
from asyncload.histogram import Histogram, highest_us
from asyncload.result import RunResult
from asyncload.slo.answers import Answer

_BY_MODEL: Final = {
    "response": "Last byte minus due time, of calls that ended OK or TIMEOUT: what a caller waited.",
    "service": "Last byte minus sending, of calls that ended OK or TIMEOUT: what the endpoint took.",
    "ttfb": "First byte minus sending, of calls that ended OK.",
}
_S: Final = 1_000_000_000


def openmetrics(recording: Recording) -> bytes:
    """Write a run as one exposition, which ends with `# EOF`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Run(recording.result))
    exposition: bytes = generate_latest(registry)
    return exposition


class _Run(Collector):
    """A result as metric families."""

    def __init__(self, result: RunResult) -> None:
        self._result = result
        self._at_s = (result.health.started_unix_ns + result.health.elapsed_ns) / _S

    def collect(self) -> Iterator[Metric]:
        """Yield each family."""
        yield self._info()
        yield from (self._gauge(*row) for row in _gauges(self._result))
        yield from (self._counter(*row) for row in _counters(self._result))
        yield self._objectives()
        yield self._requests()
        yield from self._sums()
        for metric, text in _BY_MODEL.items():
            family = HistogramMetricFamily(f"asyncload_{metric}_seconds", text, labels=["model"], unit="seconds")
            for model in self._result.models:
                self._add(family, [model.name], getattr(model, metric), DURATION_BOUNDS_S)
            yield family
        text = "Sending minus due time, of all calls sent: what the generator took."
        lateness = HistogramMetricFamily("asyncload_lateness_seconds", text, labels=[], unit="seconds")
        self._add(lateness, [], self._result.totals.lateness, LATENESS_BOUNDS_S)
        yield lateness

    def _info(self) -> Metric:
        result, family = self._result, InfoMetricFamily("asyncload", "Which run this is.")
        loop = "closed" if result.closed else "open"
        facts = {"scenario": result.name, "digest": result.plan_digest, "loop": loop}
        family.add_metric([], facts, timestamp=self._at_s)
        return family

    def _gauge(self, name: str, text: str, value: float) -> Metric:
        family = GaugeMetricFamily(f"asyncload_{name}", text)
        family.add_metric([], value, timestamp=self._at_s)
        return family

    def _counter(self, name: str, text: str, value: float) -> Metric:
        family = CounterMetricFamily(f"asyncload_{name}", text)
        family.add_metric([], value, timestamp=self._at_s)
        return family

    def _objectives(self) -> Metric:
        family = StateSetMetricFamily("asyncload_objective", "The answer to each objective.", labels=["objective"])
        for text, answer in {each.text: each.answer for each in self._result.objectives}.items():
            states = {each: each == answer for each in get_args(Answer)}
            family.add_metric([text], states, timestamp=self._at_s)
        return family

    def _requests(self) -> Metric:
        text = "Calls of the measured phases that have ended, dropped ones included."
        family = CounterMetricFamily("asyncload_requests", text, labels=["model", "outcome"])
        for model in self._result.models:
            for outcome in Outcome:
                family.add_metric([model.name, outcome.name], model.outcomes[outcome], timestamp=self._at_s)
        return family

    def _sums(self) -> Iterator[Metric]:
        received = CounterMetricFamily("asyncload_received_bytes", "Replies' bodies.", labels=["model"], unit="bytes")
        retries = CounterMetricFamily("asyncload_retries", "Attempts beyond the first.", labels=["model"])
        for model in self._result.models:
            received.add_metric([model.name], model.received_bytes, timestamp=self._at_s)
            retries.add_metric([model.name], model.retries, timestamp=self._at_s)
        yield from (received, retries)

    def _add(
        self, family: HistogramMetricFamily, labels: list[str], histogram: Histogram, bounds_s: tuple[float, ...]
    ) -> None:
        upto = np.concatenate([[0], np.cumsum(histogram.counts)])
        bounds_us = np.round(np.array(bounds_s) * 1e6)
        below = upto[np.searchsorted(highest_us(histogram.slots), bounds_us, side="right")].tolist()
        buckets = [(str(bound_s), count) for bound_s, count in zip(bounds_s, below, strict=True)]
        count = histogram.count
        sum_s = histogram.mean_us() * count / 1e6 if count else 0.0
        family.add_metric(labels, [*buckets, ("+Inf", count)], sum_s, timestamp=self._at_s)


def _gauges(result: RunResult) -> Iterator[tuple[str, str, float]]:
    """Name, what it is, value."""
    health = result.health
    yield "valid", "1 if the verdict is VALID, else 0.", float(result.verdict.valid)
    yield "stopped", "1 if a stop rule ended the run, else 0.", float(bool(result.stopped))
    if not result.closed:
        yield "asked_per_second", "Calls that were due over the length of the measured phases.", result.asked_per_s
    yield "achieved_per_second", "Calls sent over that length and the send tail.", result.achieved_per_s
    yield "start_timestamp_seconds", "The plan's zero.", health.started_unix_ns / _S
    yield "elapsed_seconds", "Since the plan's zero, until the last call was sent.", health.elapsed_ns / _S
    yield "measured_seconds", "Length of the measured phases.", health.measured_ns / _S
    yield "cpu_ratio", "CPU of the loop's thread as a share of one core, as the verdict sees it.", health.cpu_share
    yield "longest_stall_seconds", "The longest time that the loop stood still.", health.longest_stall_ns / _S
    yield "peak_in_flight", "The most calls that were outstanding at once.", health.peak_in_flight
    yield "clock_jump_seconds", "Wall clock minus monotonic clock, furthest from zero.", health.clock_jump_ns / _S
    yield "clock_skew_seconds", "The endpoint's clock minus this one, furthest from zero.", health.clock_skew_s


def _counters(result: RunResult) -> Iterator[tuple[str, str, float]]:
    """Likewise."""
    health = result.health
    yield "cpu_seconds", "CPU time of the generator's process.", health.cpu_ns / _S
    yield "stalls", "Times that the loop stood still for over 10 ms.", health.stalls
    yield "connects", "Connections opened.", health.connects
    yield "connect_failures", "Connections that could not be opened.", health.connect_failures
    yield "exhausted", "Connections that this machine refused.", health.exhausted
