"""The metrics as Prometheus asks for them: on 127.0.0.1, as text or OpenMetrics, whichever it accepts."""

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, cast

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from asyncload.telemetry.families import Family, Point, Reading
from asyncload.telemetry.frames import HOST, Opening
from asyncload.telemetry.spread import Spread

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_SETTLE_S = 0.1


class Server:
    """Answers scrapes, each in a thread, from its making to the end of the process."""

    def __init__(self, opening: Opening, read: Callable[[], Reading]) -> None:
        """
        Args:
            opening: Says which port, and what `asyncload_info` says.
            read: Reads every family, with the lock that this takes.

        Raises:
            OSError: If it cannot listen there.
        """
        self._fetched = threading.Event()
        self._families = _Families(opening, read)
        registry = CollectorRegistry()
        registry.register(self._families)
        server, _thread = start_http_server(opening.prometheus or 0, HOST, registry)
        application = server.get_app()
        if application is not None:
            server.set_app(self._watched(application))
        self.port = server.server_port

    def await_last(self, limit_s: float) -> bool:
        """Wait until the last values have been fetched; False if the time was up before."""
        if not self._fetched.wait(limit_s):
            return False
        threading.Event().wait(_SETTLE_S)  # their last bytes are on their way
        return True

    def _watched(self, application: "WSGIApplication") -> "WSGIApplication":
        def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            self._families.read_by_thread.ended = False
            body = application(environ, start_response)
            return _Told(body, self._fetched.set) if self._families.read_by_thread.ended else body

        return answer


class _Told:
    """A reply's body that tells when it has been sent (PEP 3333, `close`)."""

    def __init__(self, body: Iterable[bytes], sent: Callable[[], None]) -> None:
        self._body = body
        self.close = sent

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)


class _Families(Collector):
    """What is asked at each scrape."""

    def __init__(self, opening: Opening, read: Callable[[], Reading]) -> None:
        self._opening = opening
        self._read = read
        self.read_by_thread = threading.local()
        """`ended`: whether what this thread read last were the last values."""

    def collect(self) -> Iterator[Metric]:
        """Yield every family, and who this is."""
        reading = self._read()
        self.read_by_thread.ended = reading.ended
        if reading.digest:
            who = {
                "version": self._opening.version,
                "scenario": self._opening.scenario,
                "run": self._opening.run,
                "digest": reading.digest,
            }
            yield InfoMetricFamily("asyncload", "The run that these metrics are of.", value=who)
        for family, points in reading.families:
            yield _metric(family, points)


def _metric(family: Family, points: Iterable[Point]) -> Metric:
    if family.kind == "histogram":
        histogram = HistogramMetricFamily(family.prometheus, family.text, labels=family.labels, unit="seconds")
        for labels, value in points:
            spread = cast("Spread", value)
            histogram.add_metric(labels, _upto(spread), spread.sum_s)
        return histogram
    make = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    metric = make(family.prometheus, family.text, labels=family.labels)
    for labels, value in points:
        metric.add_metric(labels, cast("float", value))
    return metric


def _upto(spread: Spread) -> list[tuple[str, int]]:
    """Counts of values up to each bound, as `le` has them."""
    counts, so_far = [], 0
    for bound, count in zip([*map(str, spread.bounds_s), "+Inf"], spread.buckets, strict=True):
        so_far += count
        counts.append((bound, so_far))
    return counts
