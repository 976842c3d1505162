"""
Metrics and spans on their way to an OpenTelemetry collector, from a thread of the serving process.

What fails is told once, in the exporter's own words, and tried again with the next export: metrics are sums since the
start, so the next one holds all that the failed one did. Spans of a failed export are lost, and counted.
"""

import logging
import re
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics.export import MetricExportResult
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from asyncload.telemetry.families import Reading
from asyncload.telemetry.frames import Opening, Otlp, Tick
from asyncload.telemetry.points import Source, metrics_data, readable
from asyncload.traceparent import Span

MOST_WAITING: Final = 20_000
"""Spans that wait for their export; of more the oldest are lost."""
_SPANS_AT_ONCE: Final = 512
_LOGGER: Final = "opentelemetry"
_CAUSE: Final = re.compile(r"""Caused by \w+\(["']?(?:\w+\(.*?\): )?(.*?)["']?\)\)""")
"""What stands at the heart of a failure to connect, as urllib3 writes it."""


class Exports:
    """Exports from its making until `finish`."""

    def __init__(self, opening: Opening, otlp: Otlp, read: Callable[[], Reading], tell: Callable[[str], None]) -> None:
        """
        Args:
            opening: Whose metrics they are.
            otlp: Where to and how often.
            read: Reads every family, with the lock that this takes.
            tell: Is told the first failure, and at the end how many there were.
        """
        self._opening = opening
        self._interval_s = otlp.interval_s
        self._read = read
        self._tell = tell
        self._reasons = _Reasons()
        logger = logging.getLogger(_LOGGER)
        logger.addHandler(self._reasons)
        logger.propagate = False
        self._metrics = OTLPMetricExporter(endpoint=f"{otlp.url}/v1/metrics")
        self._traces = OTLPSpanExporter(endpoint=f"{otlp.url}/v1/traces")
        self._instance = str(uuid.uuid4())
        self._source: Source | None = None
        self._spans: deque[Span] = deque()
        self._attempts = self._failures = self._lost = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="otlp")
        self._thread.start()

    def add(self, tick: Tick) -> None:
        """Take what a second brought."""
        if self._source is None:
            self._source = Source(self._opening, self._instance, tick.digest, tick.health.started_unix_ns)
        self._spans.extend(tick.spans)
        while len(self._spans) > MOST_WAITING:
            self._spans.popleft()
            self._lost += 1

    def finish(self) -> None:
        """Export what there is at the end, and say what was lost on the way."""
        self._over.set()
        self._thread.join()
        self._export()
        self._lost += len(self._spans)
        if self._failures:
            lost = f", {self._lost:,} spans were lost" if self._lost else ""
            self._tell(f"otlp: {self._failures} of {self._attempts} exports failed{lost}")
        elif self._lost:
            self._tell(f"otlp: {self._lost:,} spans were lost: the collector is slower than they come")

    def _run(self) -> None:
        while not self._over.wait(self._interval_s):
            self._export()

    def _export(self) -> None:
        source = self._source
        if source is None:
            return
        data = metrics_data(source, self._read().families, time.time_ns())
        if not self._tried("metrics", lambda: self._metrics.export(data) is MetricExportResult.SUCCESS):
            return  # nor will spans arrive; they wait
        while self._spans:
            batch = [self._spans.popleft() for _ in range(min(len(self._spans), _SPANS_AT_ONCE))]
            spans = [readable(source, span, self._opening.models[span.model]) for span in batch]
            if not self._tried("spans", partial(self._sent, spans)):
                self._lost += len(batch)
                return

    def _sent(self, spans: Sequence[ReadableSpan]) -> bool:
        return self._traces.export(spans) is SpanExportResult.SUCCESS

    def _tried(self, what: str, export: Callable[[], bool]) -> bool:
        """Count an export, and say of the first that fails why."""
        self._attempts += 1
        self._reasons.first = ""
        try:
            if export():
                return True
            why = self._reasons.first or "the exporter does not say why"
        except OSError as error:  # a certificate that is not there
            why = str(error)
        self._failures += 1
        if self._failures == 1:
            self._tell(f"otlp: {what} could not be exported: {why}")
        return False


class _Reasons(logging.Handler):
    """Keeps the first words of the exporters about an export, which say the most, instead of printing them."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.first = ""

    def emit(self, record: logging.LogRecord) -> None:
        words = record.getMessage()
        cause = _CAUSE.search(words)
        self.first = self.first or (cause[1] if cause else words)
