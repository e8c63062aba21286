"""A collector whose spans, numbers and events stay in this process, to be looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from provisioning.telemetry.collector import Collector, Providers


class Collected:
    """``telemetry`` is what the program is given."""

    def __init__(
        self, *, personal: bool = False, most: int = 0, taken: Callable[[], int] = lambda: 0
    ) -> None:
        self._spans = InMemorySpanExporter()
        self._records = InMemoryLogRecordExporter()
        self._reader = InMemoryMetricReader()
        tracers = TracerProvider(ALWAYS_ON, shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        loggers = LoggerProvider(shutdown_on_exit=False)
        loggers.add_log_record_processor(SimpleLogRecordProcessor(self._records))
        meters = MeterProvider([self._reader], shutdown_on_exit=False)
        providers = Providers(tracers, meters, loggers, most=most, taken=taken)
        self.telemetry = Collector(providers, personal=personal)

    def spans(self, name: str = "") -> list[ReadableSpan]:
        """The spans that have ended, in that order; those whose name begins so."""
        return [span for span in self._spans.get_finished_spans() if span.name.startswith(name)]

    def events(self, name: str) -> list[dict[str, Any]]:
        """The attributes of the events of a name."""
        found = [each.log_record for each in self._records.get_finished_logs()]
        return [dict(each.attributes or {}) for each in found if each.event_name == name]

    def numbers(self) -> dict[str, list[tuple[dict[str, Any], Any]]]:
        """Of each instrument the points: their attributes, and the value, or the count of a
        histogram.
        """
        data = self._reader.get_metrics_data()
        found: dict[str, list[tuple[dict[str, Any], Any]]] = {}
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    found[metric.name] = [
                        (dict(p.attributes or {}), getattr(p, "value", getattr(p, "count", None)))
                        for p in metric.data.data_points
                    ]
        return found


def trace_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return span.context.trace_id


def links_of(span: ReadableSpan) -> set[int]:
    """The traces that a span is linked to."""
    return {link.context.trace_id for link in span.links}
