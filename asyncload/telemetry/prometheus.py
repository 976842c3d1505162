"""The metrics as Prometheus asks for them: on 127.0.0.1, as text or OpenMetrics, whichever it accepts."""

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias, cast

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from asyncload.telemetry.families import Family, Point
from asyncload.telemetry.frames import HOST, Opening
from asyncload.telemetry.spread import Spread

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

Read: TypeAlias = Callable[[], list[tuple[Family, list[Point]]]]
_SETTLE_S = 0.1


class Server:
    """Answers scrapes, each in a thread, from its making to the end of the process."""

    def __init__(self, opening: Opening, read: Read, digest: Callable[[], str]) -> None:
        """
        Args:
            opening: Says which port, and what `asyncload_info` says.
            read: Reads every family, with the lock that this takes.
            digest: The plan's, once it is known.

        Raises:
            OSError: If it cannot listen there.
        """
        self._scraped = threading.Condition()
        self._begun = self._done = 0
        registry = CollectorRegistry()
        registry.register(_Families(opening, read, digest))
        server, _thread = start_http_server(opening.prometheus or 0, HOST, registry)
        application = server.get_app()
        if application is not None:
            server.set_app(self._counted(application))
        self.port = server.server_port

    def await_scrape(self, limit_s: float) -> bool:
        """Wait until a scrape that begins after this call has been answered; False if the time was up first."""
        with self._scraped:
            before = self._begun
            found = self._scraped.wait_for(lambda: self._done > before, limit_s)
        if found:
            threading.Event().wait(_SETTLE_S)  # its last bytes are on their way
        return found

    def _counted(self, application: "WSGIApplication") -> "WSGIApplication":
        def count(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            with self._scraped:
                self._begun += 1
                number = self._begun
            return _Told(application(environ, start_response), lambda: self._answered(number))

        return count

    def _answered(self, number: int) -> None:
        with self._scraped:
            self._done = max(self._done, number)
            self._scraped.notify_all()


class _Told:
    """A reply's body that tells when it has been sent (PEP 3333, `close`)."""

    def __init__(self, body: Iterable[bytes], sent: Callable[[], None]) -> None:
        self._body = body
        self.close = sent

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)


class _Families(Collector):
    """What is asked at each scrape."""

    def __init__(self, opening: Opening, read: Read, digest: Callable[[], str]) -> None:
        self._opening = opening
        self._read = read
        self._digest = digest

    def collect(self) -> Iterator[Metric]:
        """Yield every family, and who this is."""
        if digest := self._digest():
            who = {
                "version": self._opening.version,
                "scenario": self._opening.scenario,
                "run": self._opening.run,
                "digest": digest,
            }
            yield InfoMetricFamily("asyncload", "The run that these metrics are of.", value=who)
        for family, points in self._read():
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
