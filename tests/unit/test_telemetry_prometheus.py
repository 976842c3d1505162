"""telemetry.prometheus: a scrape, read by the library's own parsers."""

import socket
from collections.abc import Iterable
from urllib.request import Request, urlopen

import numpy as np
import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from asyncload.buckets import DURATION_BOUNDS_S
from asyncload.telemetry.families import FAMILIES, read
from asyncload.telemetry.frames import Opening
from asyncload.telemetry.prometheus import Server
from asyncload.telemetry.totals import Totals
from tests.unit.streamed import add, snapshots
from tests.unit.test_telemetry_totals import SECONDS

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
LABELS = ('a "quoted"', "b\\n", "c")


@pytest.fixture(scope="module")
def server() -> Server:
    totals = Totals(np.array([0, 1, 2, 3]), LABELS)
    for snapshot in snapshots(SECONDS):
        add(totals, snapshot)
    opening = Opening(version="1.2", scenario="demo", run="r", models=LABELS, labels=LABELS, prometheus=0)
    return Server(opening, lambda: read(totals))


def scrape(server: Server, accept: str = "") -> tuple[str, str]:
    request = Request(f"http://127.0.0.1:{server.port}/metrics", headers={"Accept": accept} if accept else {})
    with urlopen(request, timeout=10) as reply:  # noqa: S310
        return reply.headers["Content-Type"], reply.read().decode()


def samples(families: Iterable[Metric]) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_every_family_is_there(server: Server, accept: str) -> None:
    """In the format that was asked for, with its type and its text."""
    kind, text = scrape(server, accept)
    assert kind.startswith("application/openmetrics-text" if accept else "text/plain")
    families = {family.name: family for family in (read_openmetrics if accept else read_text)(text)}
    for family in FAMILIES:
        found = families[family.prometheus.removesuffix("_total")]
        assert found.type == ("gauge" if family.kind == "sum" else family.kind)
        assert found.documentation == family.text


def test_both_formats_say_the_same(server: Server) -> None:
    text, openmetrics = samples(read_text(scrape(server)[1])), samples(read_openmetrics(scrape(server, OPENMETRICS)[1]))
    assert text == openmetrics
    assert len(text) > 100


def test_values_are_those_of_the_totals(server: Server) -> None:
    """Names of models with quotes and backslashes come through; buckets add up to the count."""
    found = samples(read_openmetrics(scrape(server, OPENMETRICS)[1]))

    def value(name: str, **labels: str) -> float:
        return found[name, frozenset(labels.items())]

    assert value("asyncload_requests_total", model='a "quoted"', outcome="OK") == 2
    assert value("asyncload_requests_total", model="b\\n", outcome="THROTTLED") == 1
    assert value("asyncload_service_seconds_count", model='a "quoted"') == 3
    assert value("asyncload_service_seconds_sum", model='a "quoted"') == pytest.approx(0.015, rel=1e-3)
    assert value("asyncload_service_seconds_bucket", model='a "quoted"', le="0.005") == 0
    assert value("asyncload_service_seconds_bucket", model='a "quoted"', le="0.0075") == 3
    assert value("asyncload_service_seconds_bucket", model='a "quoted"', le="+Inf") == 3
    assert value("asyncload_in_flight") == 7
    assert value("asyncload_asked_rate") == 40
    info = frozenset({"version": "1.2", "scenario": "demo", "run": "r", "digest": "ab" * 32}.items())
    assert found["asyncload_info", info] == 1
    buckets = [labels for name, labels in found if name == "asyncload_response_seconds_bucket"]
    assert len(buckets) == 3 * (len(DURATION_BOUNDS_S) + 1)


def test_only_this_machine_is_listened_to(server: Server) -> None:
    """The socket is bound to 127.0.0.1."""
    assert scrape(server)[0]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", server.port), 1)


def test_the_last_values_are_waited_for() -> None:
    """Only a scrape that read them counts, and none that is missing does."""
    totals = Totals(np.array([0, 1, 2, 3]), LABELS)
    opening = Opening(version="1", scenario="s", run="r", models=LABELS, labels=LABELS, prometheus=0)
    server = Server(opening, lambda: read(totals))
    scrape(server)
    assert not server.await_last(0.0)
    totals.ended = True
    assert not server.await_last(0.0)
    scrape(server)
    assert server.await_last(10)
