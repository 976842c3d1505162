"""telemetry.points: what OpenTelemetry's encoder makes of a run, as protobuf."""

from typing import Any

import numpy as np
import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from asyncload.call import Outcome
from asyncload.telemetry.families import FAMILIES, read
from asyncload.telemetry.frames import Opening, Otlp
from asyncload.telemetry.points import Source, metrics_data, readable
from asyncload.telemetry.totals import Totals
from asyncload.traceparent import Span
from tests.unit.recordings import S
from tests.unit.streamed import STARTED_UNIX_NS, add, snapshots
from tests.unit.test_telemetry_totals import SECONDS

LABELS = ("a", "b", "c")
NOW = STARTED_UNIX_NS + 2 * S


def source(*, exponential: bool = False) -> Source:
    otlp = Otlp(url="http://127.0.0.1:1", interval_s=1, exponential=exponential, server=("127.0.0.1", 8089))
    opening = Opening(version="1.2", scenario="demo", run="r", models=LABELS, labels=LABELS, otlp=otlp)
    return Source(opening, "instance", "ab" * 32, STARTED_UNIX_NS)


def encoded(*, exponential: bool = False, warmup_s: int = 0) -> Any:
    totals = Totals(np.array([0, 1, 2, 3]), LABELS)
    for snapshot in snapshots(SECONDS, warmup_s=warmup_s):
        add(totals, snapshot)
    return encode_metrics(metrics_data(source(exponential=exponential), read(totals).families, NOW)).resource_metrics[0]


def attributes(pairs: Any) -> dict[str, object]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def test_the_resource_says_whose_metrics_they_are() -> None:
    found = attributes(encoded().resource.attributes)
    assert found["service.name"] == "asyncload"
    assert found["service.instance.id"] == "instance"
    assert (found["asyncload.scenario"], found["asyncload.run"]) == ("demo", "r")
    assert found["asyncload.digest"] == "ab" * 32


def test_every_family_is_a_metric() -> None:
    """With the unit and the type of the table; sums are cumulative since the run's start."""
    (scope,) = encoded(warmup_s=1).scope_metrics
    metrics = {metric.name: metric for metric in scope.metrics}
    assert set(metrics) == {family.opentelemetry for family in FAMILIES}
    for family in FAMILIES:
        metric = metrics[family.opentelemetry]
        assert metric.unit == family.unit
        assert metric.WhichOneof("data") == {"counter": "sum"}.get(family.kind, family.kind)
        data = getattr(metric, metric.WhichOneof("data"))
        if family.kind != "gauge":
            assert data.aggregation_temporality == 2
            assert {point.start_time_unix_nano for point in data.data_points} == {STARTED_UNIX_NS}
        if family.kind in {"counter", "sum"}:
            assert data.is_monotonic == (family.kind == "counter")
        assert {point.time_unix_nano for point in data.data_points} == {NOW}


def test_requests_are_counted_by_model_and_outcome() -> None:
    """A failure also has the attribute that the conventions ask for."""
    (metric,) = [m for m in encoded().scope_metrics[0].metrics if m.name == "asyncload.requests"]
    found = {tuple(sorted(attributes(p.attributes).items())): p.as_int for p in metric.sum.data_points}
    assert found[("asyncload.model", "a"), ("asyncload.outcome", "OK")] == 2
    throttled = ("asyncload.model", "b"), ("asyncload.outcome", "THROTTLED"), ("error.type", "THROTTLED")
    assert found[throttled] == 1
    assert sum(found.values()) == 6


@pytest.mark.parametrize("exponential", [False, True])
def test_durations_are_histograms(*, exponential: bool) -> None:
    """Explicit or exponential buckets, with the same counts and sums; the request's server stands beside them."""
    metrics = {metric.name: metric for metric in encoded(exponential=exponential).scope_metrics[0].metrics}
    metric = metrics["http.client.request.duration"]
    data = metric.exponential_histogram if exponential else metric.histogram
    points = {attributes(p.attributes)["asyncload.model"]: p for p in data.data_points}
    assert {model: point.count for model, point in points.items()} == {"a": 3, "c": 1}  # b has had none
    assert points["c"].min == pytest.approx(0.04, rel=1e-3) == points["c"].max
    assert points["c"].sum == pytest.approx(0.04, rel=1e-3)
    found = attributes(points["c"].attributes)
    assert (found["http.request.method"], found["server.address"], found["server.port"]) == ("POST", "127.0.0.1", 8089)
    if exponential:
        base, buckets = 2.0**2.0 ** -points["c"].scale, points["c"].positive
        assert list(buckets.bucket_counts) == [1]
        assert base**buckets.offset < 0.04 <= base ** (buckets.offset + 1)
    else:
        assert sum(points["a"].bucket_counts) == 3
        assert points["a"].bucket_counts[4] == 3  # above 5 ms, up to 7.5 ms


def test_a_span_is_a_call_to_the_endpoint() -> None:
    """With the ids that the endpoint saw, its times on the wall clock, and the failure marked."""
    span = Span("0a" * 16, "0b" * 8, 1, S // 2, S, Outcome.THROTTLED, 17)
    (resource,) = encode_spans([readable(source(), span, "b")]).resource_spans
    (sent,) = resource.scope_spans[0].spans
    assert (sent.trace_id.hex(), sent.span_id.hex(), sent.parent_span_id) == ("0a" * 16, "0b" * 8, b"")
    assert (sent.name, sent.kind, sent.status.code) == ("POST", 3, 2)
    assert sent.start_time_unix_nano == STARTED_UNIX_NS + S // 2
    assert sent.end_time_unix_nano == STARTED_UNIX_NS + S
    found = attributes(sent.attributes)
    assert (found["asyncload.model"], found["error.type"]) == ("b", "THROTTLED")
