"""An OpenTelemetry collector as far as a test needs one: it takes OTLP over HTTP, and reads it as protobuf."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass
class Collector:
    """What has come so far."""

    url: str = ""
    status: int = 200
    """What every export is answered with."""
    metrics: list[Any] = field(default_factory=list)
    """ResourceMetrics of each export."""
    spans: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)

    def take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.headers.append(headers)
        if path == "/v1/metrics":
            self.metrics.extend(ExportMetricsServiceRequest.FromString(body).resource_metrics)
        elif path == "/v1/traces":
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.spans.extend(span for scope in resource.scope_spans for span in scope.spans)
        else:
            raise AssertionError(path)
        self.arrived.set()

    def last(self, name: str) -> Any:
        """Data points of a metric in the newest export."""
        (scope,) = self.metrics[-1].scope_metrics
        (metric,) = [metric for metric in scope.metrics if metric.name == name]
        return getattr(metric, metric.WhichOneof("data")).data_points


@contextmanager
def collector(status: int = 200) -> Iterator[Collector]:
    """Listen on a free port of 127.0.0.1."""
    found = Collector(status=status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if found.status == 200:
                found.take(self.path, dict(self.headers.items()), body)
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield found
        finally:
            server.shutdown()
            serving.join()


def attributes(pairs: Any) -> dict[str, Any]:
    """Attributes of anything in OTLP."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}
