"""
OpenMetrics text: counters and histograms of a run that has ended, for Prometheus and what reads its format.

Every sample has the time of the run's end, so that `promtool tsdb create-blocks-from openmetrics` can file it. Labels
are names of models, of outcomes and of objectives, so there are as many time series as a run's own size says; the
warm-up is in none.

Histograms are classic ones, for text has no native ones. Of a bound, values in its HDR slot count as within: up to
1/1024 above it.

Source:
    OpenMetrics 1.0; Prometheus, Metric and label naming. Written by prometheus_client.
"""

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector

from asyncload.call import Outcome
from asyncload.formats.recording import Recording
from asyncload.histogram import Histogram
from asyncload.result import ModelResult, RunResult

BOUNDS_US: Final = (
    100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000,
    5_000_000, 10_000_000, 20_000_000, 60_000_000,
)  # fmt: skip
"""Upper ends of the buckets."""
_DURATIONS: Final = {
    "response": "Last byte minus due time, of calls that ended OK or timed out.",
    "service": "Last byte minus sending, of calls that ended OK or timed out.",
    "lateness": "Sending minus due time, of calls that were sent.",
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
        yield from self._gauges()
        yield self._calls()
        yield from self._counters()
        for metric, help_ in _DURATIONS.items():
            yield self._durations(metric, help_)

    def _info(self) -> Metric:
        result = self._result
        info = InfoMetricFamily("asyncload_run", "Which run this is.")
        labels = {
            "scenario": result.name, "plan_digest": result.plan_digest, "loop": "closed" if result.closed else "open",
        }  # fmt: skip
        info.add_metric([], labels, timestamp=self._at_s)
        return info

    def _gauges(self) -> Iterator[Metric]:
        result, health = self._result, self._result.health
        yield self._gauge("asyncload_valid", "1 if the verdict is VALID, else 0.", float(result.verdict.valid))
        if not result.closed:
            yield self._gauge("asyncload_asked_calls_per_second", "Calls that were due.", result.asked_per_s)
        yield self._gauge("asyncload_achieved_calls_per_second", "Calls that were sent.", result.achieved_per_s)
        yield self._gauge("asyncload_start_timestamp_seconds", "The plan's zero.", health.started_unix_ns / _S)
        yield self._gauge("asyncload_measured_seconds", "Length of the measured phases.", health.measured_ns / _S)
        yield self._gauge("asyncload_cpu_ratio", "CPU time of the generator's thread.", health.cpu_share)
        yield self._gauge("asyncload_longest_stall_seconds", "Its longest stall.", health.longest_stall_ns / _S)
        yield self._gauge("asyncload_peak_in_flight_calls", "Most calls outstanding.", float(health.peak_in_flight))

    def _gauge(self, name: str, help_: str, value: float) -> Metric:
        family = GaugeMetricFamily(name, help_)
        family.add_metric([], value, timestamp=self._at_s)
        return family

    def _calls(self) -> Metric:
        family = CounterMetricFamily("asyncload_calls", "Calls by how they ended.", labels=["model", "outcome"])
        for model in self._result.models:
            for outcome in Outcome:
                if model.outcomes[outcome] or outcome is Outcome.OK:
                    family.add_metric([model.name, outcome.name], model.outcomes[outcome], timestamp=self._at_s)
        return family

    def _counters(self) -> Iterator[Metric]:
        received = CounterMetricFamily("asyncload_received_bytes", "Bodies of replies.", labels=["model"], unit="bytes")
        retries = CounterMetricFamily("asyncload_retries", "Attempts beyond the first.", labels=["model"])
        for model in self._result.models:
            received.add_metric([model.name], model.received_bytes, timestamp=self._at_s)
            retries.add_metric([model.name], model.retries, timestamp=self._at_s)
        yield from (received, retries)

    def _durations(self, metric: str, help_: str) -> Metric:
        family = HistogramMetricFamily(f"asyncload_{metric}_seconds", help_, labels=["model"], unit="seconds")
        for model in self._result.models:
            self._add(family, model, getattr(model, metric))
        return family

    def _add(self, family: HistogramMetricFamily, model: ModelResult, histogram: Histogram) -> None:
        count = histogram.count
        buckets = [(str(us / 1e6), count - histogram.count_above_us(us)) for us in BOUNDS_US]
        sum_s = histogram.mean_us() * count / 1e6 if count else 0.0
        family.add_metric([model.name], [*buckets, ("+Inf", count)], sum_s, timestamp=self._at_s)
