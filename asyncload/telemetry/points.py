"""
The metrics and spans as OpenTelemetry's SDK has them on their way to an exporter.

The SDK's instruments would have to be told of each call. What is here has been counted already, so the SDK's data model
is filled directly, and of its pipeline only the exporter is used.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Buckets,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.metrics.export import ExponentialHistogram as Exponential
from opentelemetry.sdk.metrics.export import ExponentialHistogramDataPoint as ExponentialPoint
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from asyncload.call import Outcome
from asyncload.telemetry.families import Family, Point
from asyncload.telemetry.frames import Opening
from asyncload.telemetry.spread import Spread, coarser
from asyncload.traceparent import Span

Attributes: TypeAlias = dict[str, str | int]

MOST_CELLS: Final = 160
"""Of an exponential histogram, as in the SDK's default."""
_CUMULATIVE: Final = AggregationTemporality.CUMULATIVE


@dataclass(frozen=True, slots=True)
class Source:
    """Whose metrics and spans they are."""

    opening: Opening
    instance: str
    """Unique to this process."""
    digest: str
    started_unix_ns: int
    """Wall clock at the plan's zero."""

    @property
    def resource(self) -> Resource:
        """Who this is; what OTEL_RESOURCE_ATTRIBUTES says comes on top."""
        return Resource.create(
            {
                "service.name": "asyncload",
                "service.version": self.opening.version,
                "service.instance.id": self.instance,
                "asyncload.scenario": self.opening.scenario,
                "asyncload.run": self.opening.run,
                "asyncload.digest": self.digest,
            }
        )

    @property
    def scope(self) -> InstrumentationScope:
        """What measured."""
        return InstrumentationScope("asyncload", self.opening.version)

    @property
    def http(self) -> Attributes:
        """
        What the semantic conventions for HTTP clients ask of each request.

        The status code is not among it: durations of all replies are counted together.
        """
        attributes: Attributes = {"http.request.method": "POST"}
        if self.opening.otlp is not None and self.opening.otlp.server is not None:
            attributes["server.address"], attributes["server.port"] = self.opening.otlp.server
        return attributes

    @property
    def exponential(self) -> bool:
        """Whether histograms have exponential buckets."""
        return self.opening.otlp is not None and self.opening.otlp.exponential


def metrics_data(source: Source, families: Iterable[tuple[Family, Sequence[Point]]], now_unix_ns: int) -> MetricsData:
    """
    Put all metrics into the SDK's form, cumulative since the start of the run.

    Args:
        source: Whose they are.
        families: What was read; a histogram of nothing is left out.
        now_unix_ns: When.
    """
    metrics = [
        Metric(family.opentelemetry, family.text, family.unit, _data(source, family, some, now_unix_ns))
        for family, points in families
        if (some := [point for point in points if _holds(point[1])])
    ]
    return MetricsData([ResourceMetrics(source.resource, [ScopeMetrics(source.scope, metrics, "")], "")])


def _holds(value: float | Spread) -> bool:
    return not isinstance(value, Spread) or value.count > 0


def _data(
    source: Source, family: Family, points: Sequence[Point], now_unix_ns: int
) -> Sum | Gauge | Histogram | Exponential:
    shared = source.http if family.http else {}
    times = (source.started_unix_ns, now_unix_ns)
    if family.kind == "histogram":
        spreads = [(shared | _attributes(family, labels), cast("Spread", value)) for labels, value in points]
        if source.exponential:
            return Exponential(
                [_exponential(attributes, spread, *times) for attributes, spread in spreads], _CUMULATIVE
            )
        return Histogram([_explicit(attributes, spread, *times) for attributes, spread in spreads], _CUMULATIVE)
    numbers = [
        NumberDataPoint(shared | _attributes(family, labels), *times, cast("float", value)) for labels, value in points
    ]
    return Gauge(numbers) if family.kind == "gauge" else Sum(numbers, _CUMULATIVE, family.kind == "counter")


def _attributes(family: Family, labels: Sequence[str]) -> Attributes:
    attributes: Attributes = {f"asyncload.{name}": value for name, value in zip(family.labels, labels, strict=True)}
    outcome = attributes.get("asyncload.outcome", Outcome.OK.name)
    return attributes if outcome == Outcome.OK.name else attributes | {"error.type": outcome}


def _explicit(attributes: Attributes, spread: Spread, start_unix_ns: int, now_unix_ns: int) -> HistogramDataPoint:
    return HistogramDataPoint(
        attributes, start_unix_ns, now_unix_ns, spread.count, spread.sum_s, spread.buckets, spread.bounds_s,
        spread.least_s, spread.most_s,
    )  # fmt: skip


def _exponential(attributes: Attributes, spread: Spread, start_unix_ns: int, now_unix_ns: int) -> ExponentialPoint:
    scale, first, counts = coarser(spread.first_cell, spread.cells, MOST_CELLS)
    return ExponentialPoint(
        attributes, start_unix_ns, now_unix_ns, spread.count, spread.sum_s, scale, spread.zeros,
        positive=Buckets(first, counts), negative=Buckets(0, []), flags=0, min=spread.least_s, max=spread.most_s,
    )  # fmt: skip


def readable(source: Source, span: Span, label: str) -> ReadableSpan:
    """
    Put a span into the SDK's form.

    Args:
        source: Whose it is.
        span: What happened.
        label: Of its target.
    """
    attributes = source.http | {
        "rpc.system": "aws-api",
        "rpc.service": "SageMakerRuntime",
        "rpc.method": "InvokeEndpoint",
        "asyncload.model": label,
        "asyncload.outcome": span.outcome.name,
        "http.response.body.size": span.received,
    }
    failed = span.outcome is not Outcome.OK
    if failed:
        attributes["error.type"] = span.outcome.name
    return ReadableSpan(
        "POST",
        SpanContext(int(span.trace_id, 16), int(span.span_id, 16), is_remote=False, trace_flags=TraceFlags(1)),
        resource=source.resource,
        attributes=attributes,
        kind=SpanKind.CLIENT,
        status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
        start_time=source.started_unix_ns + span.sent_ns,
        end_time=source.started_unix_ns + span.last_ns,
        instrumentation_scope=source.scope,
    )
