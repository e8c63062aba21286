"""To Application Insights: providers whose exporters are those of Azure Monitor.

The providers are this program's own and not those of the process: what libraries would record of
themselves (each call of the storage, URLs with names in them) stays untold, and what the Functions
host tells of executions and of the log is told by it alone (ADR 17).

The exporters take most of a second to import, and 30 MB. They are loaded by the threads that send,
when something is first to be sent: no call and no start waits for them.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor,
    LogRecordExporter,
    LogRecordExportResult,
)
from opentelemetry.sdk.environment_variables import OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    MetricExporter,
    MetricExportResult,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from provisioning.telemetry.collector import Providers

MOST_WAITING = 4096
"""Events that wait to be sent, some 4 MB; beyond they are dropped and counted."""

_CLOSING = 5.0
"""Seconds that the end of the process waits for what is left to be sent."""

_CALM = 10.0
"""Seconds until the exporters are loaded, at least."""

_TIMEOUT = 10.0

QUIET = (
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED",
    "APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED",
)
"""What the exporters would tell of themselves, to Microsoft and to the workspace, and the remote
control that they would ask for. Each can be switched on by setting its variable to ``false``.
"""

_DELTA: dict[type, AggregationTemporality] = {
    Counter: AggregationTemporality.DELTA,
    Histogram: AggregationTemporality.DELTA,
}
"""As the exporter itself has it: each value that is sent is what has come since the last one. A
gauge is sent when it was measured."""

T = TypeVar("T")


class _Later(Generic[T]):
    """An exporter that is made when it is first asked for, by whoever asks, but not at once: the
    first call of an instance imports libraries, some of them the same, and two threads that import
    in a circle are let through with half a module. ``closing`` ends the wait.
    """

    def __init__(self, make: Callable[[], T], closing: threading.Event) -> None:
        self._make = make
        self._made: T | None = None
        self._lock = threading.Lock()
        self._closing = closing
        self._due = time.monotonic() + _CALM

    def get(self) -> T:
        """The exporter."""
        with self._lock:
            if self._made is None:
                self._closing.wait(max(0.0, self._due - time.monotonic()))
                self._made = self._make()
            return self._made

    def made(self) -> T | None:
        """The exporter, if it was ever asked for."""
        return self._made


class _Spans(SpanExporter):
    def __init__(self, exporter: _Later[SpanExporter]) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.get().export(spans)

    def shutdown(self) -> None:
        if (made := self._exporter.made()) is not None:
            made.shutdown()


class _Records(LogRecordExporter):
    """Counts what it was given: what was told and is not here yet waits."""

    def __init__(self, exporter: _Later[LogRecordExporter]) -> None:
        self._exporter = exporter
        self.taken = 0

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        self.taken += len(batch)
        return self._exporter.get().export(batch)

    def shutdown(self) -> None:
        if (made := self._exporter.made()) is not None:
            made.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002  nothing is kept
        return True


class _Numbers(MetricExporter):
    def __init__(self, exporter: _Later[MetricExporter]) -> None:
        super().__init__(preferred_temporality=_DELTA)
        self._exporter = exporter

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        return self._exporter.get().export(metrics_data, timeout_millis, **kwargs)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:  # noqa: ARG002  nothing is kept
        return True

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        if (made := self._exporter.made()) is not None:
            made.shutdown(timeout_millis, **kwargs)


def providers(connection: str, *, instance: str) -> Providers:
    """Providers that send to the ingestion endpoint of a connection string. ``instance`` names this
    process. Standard variables of OpenTelemetry hold: sampler, service name and resource
    attributes, sizes and delays of batches, interval of metrics.
    """
    closing = threading.Event()

    def later(name: str) -> _Later[Any]:
        return _Later(lambda: getattr(_exporters(), name)(**_options(connection)), closing)

    records = _Records(later("AzureMonitorLogExporter"))
    spans = _Spans(later("AzureMonitorTraceExporter"))
    numbers = _Numbers(later("AzureMonitorMetricExporter"))
    resource = _resource(instance)
    meters = MeterProvider(
        [PeriodicExportingMetricReader(numbers)], resource, shutdown_on_exit=False
    )
    # The host's traceparent says of a trace whether the host samples it, and not whether we do.
    sampler = None if OTEL_TRACES_SAMPLER in os.environ else ALWAYS_ON
    tracers = TracerProvider(sampler, resource, shutdown_on_exit=False, meter_provider=meters)
    tracers.add_span_processor(BatchSpanProcessor(spans, meter_provider=meters))
    loggers = LoggerProvider(resource, shutdown_on_exit=False, meter_provider=meters)
    loggers.add_log_record_processor(
        BatchLogRecordProcessor(records, max_queue_size=MOST_WAITING, meter_provider=meters)
    )

    def shut_down() -> None:
        # Spans and events first: how many of these were dropped is a number.
        for provider in (tracers, loggers, meters):
            provider.shutdown()

    def close() -> None:
        closing.set()
        # Not for ever: an endpoint that is away keeps no command from its end.
        ending = threading.Thread(target=shut_down, name="telemetry-close", daemon=True)
        ending.start()
        ending.join(_CLOSING)

    return Providers(
        tracers, meters, loggers, most=MOST_WAITING, taken=lambda: records.taken, close=close
    )


def _resource(instance: str) -> Resource:
    attributes = {"service.instance.id": instance}
    if OTEL_SERVICE_NAME not in os.environ:
        # As the host calls the app, so that both are one role.
        attributes[SERVICE_NAME] = os.environ.get("WEBSITE_SITE_NAME", "zscloud-provisioning")
    return Resource.create(attributes)


def _exporters() -> Any:
    """The library. What it would tell of itself, and ask for, it does not unless somebody wants
    it to.
    """
    for name in QUIET:
        os.environ.setdefault(name, "true")
    from azure.monitor.opentelemetry import exporter

    return exporter


def _options(connection: str) -> dict[str, Any]:
    """Nothing is kept on disk, where it would outlive its retention: the provisioning log has it.
    A batch is tried twice.
    """
    return {
        "connection_string": connection,
        "disable_offline_storage": True,
        "timeout": _TIMEOUT,
        "retry_total": 1,
    }
