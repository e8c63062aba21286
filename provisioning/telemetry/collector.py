"""Tells it: spans, numbers and events, over whichever providers of OpenTelemetry there are."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN,
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    set_span_in_context,
)

from provisioning.instrumentation import Beat, Exchange, LeaseChange, Outcome, Remote
from provisioning.origins import Origins
from provisioning.provisioning_log import LogStatus
from provisioning.telemetry import catalogue
from provisioning.telemetry.catalogue import Event
from provisioning.telemetry.entries import Fields, fields
from provisioning.telemetry.instruments import Instruments
from provisioning.telemetry.spans import Request, Tracing

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

_log = logging.getLogger(__name__)

SCOPE = "provisioning"
"""The name of the instrumentation scope."""

_EVENT_NAME = "microsoft.custom_event.name"
"""The attribute by which Azure Monitor takes a log record for an event, which is kept in a table of
its own and never sampled with the log (azure-monitor-opentelemetry-exporter: custom events).
"""


def _nothing() -> None:
    """There is nothing to hand over."""


def _none() -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Providers:
    """What takes spans, numbers and records. ``taken`` says how many records have left the queue,
    which holds ``most`` (0: who knows); ``close`` hands over what is left.
    """

    tracers: TracerProvider
    meters: MeterProvider
    loggers: LoggerProvider
    most: int = 0
    taken: Callable[[], int] = _none
    close: Callable[[], None] = _nothing


class Collector:
    """Implements ``instrumentation.Telemetry``. ``personal`` lets names and values out."""

    collects = True

    def __init__(self, providers: Providers, *, personal: bool) -> None:
        self._providers = providers
        self._personal = personal
        self._told = 0
        self._logger = providers.loggers.get_logger(SCOPE)
        self._tracing = Tracing(providers.tracers.get_tracer(SCOPE))
        self._measures = Instruments(providers.meters.get_meter(SCOPE))

    # --- spans ---------------------------------------------------------------------------------

    def execution(
        self, function: str, parent: str = "", origins: Origins = ()
    ) -> AbstractContextManager[None]:
        """See ``instrumentation.Telemetry``."""
        return self._tracing.execution(function, parent, origins)

    def cycle(self, cycle_id: str, kind: str) -> AbstractContextManager[Outcome]:
        """See ``instrumentation.Telemetry``."""
        return self._tracing.cycle(cycle_id, kind)

    def item(
        self, object_type: str, source_id: str, lane: int, origins: Origins
    ) -> AbstractContextManager[None]:
        """See ``instrumentation.Telemetry``."""
        return self._tracing.item(object_type, source_id, lane, origins)

    def request(
        self, remote: Remote, method: str, template: str, attempt: int = 1
    ) -> AbstractContextManager[Exchange]:
        """See ``instrumentation.Telemetry``."""
        return Request(self._tracing, self._measures, remote, method, template, attempt)

    def origin(self) -> str:
        """See ``instrumentation.Telemetry``."""
        return self._tracing.origin()

    def trace_id(self) -> str | None:
        """See ``instrumentation.Telemetry``."""
        return self._tracing.trace_id()

    # --- numbers and events --------------------------------------------------------------------

    def latency(self, seconds: float, action: str) -> None:
        """See ``instrumentation.Telemetry``."""
        self._measures.latency(seconds, action)

    def lease(self, change: LeaseChange) -> None:
        """See ``instrumentation.Telemetry``."""
        self._measures.lease(change)

    def cycle_ended(
        self, kind: str, status: str, seconds: float, facts: Mapping[str, str | int]
    ) -> None:
        """See ``instrumentation.Telemetry``."""
        self._measures.cycle(kind, status, seconds)
        shown: Fields = {"kind": kind, "status": status, "duration_seconds": round(seconds, 3)}
        self._emit(catalogue.CYCLE, {**shown, **facts}, trace_id=self.trace_id())

    def heartbeat(self, beat: Beat) -> None:
        """See ``instrumentation.Telemetry``."""
        self._measures.heartbeat(beat)
        shown = {
            "timer": beat.timer,
            "state": beat.state,
            "idle": beat.idle,
            "escrow": beat.escrow,
            "held": beat.held,
            "watermark_age_seconds": beat.watermark_age,
            **{f"lane_{lane}": items for lane, items in beat.lanes.items()},
        }
        known: Fields = {name: value for name, value in shown.items() if value is not None}
        self._emit(catalogue.HEARTBEAT, known, trace_id=self.trace_id())

    def entries_stored(self, entries: Sequence[bytes]) -> None:
        """See ``instrumentation.Telemetry``. Never raises: what is stored is stored."""
        for stored in entries:
            if self._is_full():
                continue
            try:
                entry, shown = fields(stored, personal=self._personal)
            except (msgspec.MsgspecError, UnicodeError, RecursionError):
                _log.exception("an entry of the provisioning log cannot be told")
                continue
            severe = entry.status is LogStatus.FAILURE
            self._emit(
                catalogue.LOG_ENTRY, shown, at=entry.time, trace_id=entry.trace_id, severe=severe
            )

    def close(self) -> None:
        """See ``instrumentation.Telemetry``."""
        self._providers.close()

    def _emit(
        self,
        event: Event,
        shown: Fields,
        *,
        at: float | None = None,
        trace_id: str | None = None,
        severe: bool = False,
    ) -> None:
        if self._is_full():
            return
        self._told += 1
        self._logger.emit(
            timestamp=round((time.time() if at is None else at) * 1e9),
            context=_within(trace_id),
            severity_number=SeverityNumber.ERROR if severe else SeverityNumber.INFO,
            body=event.name,
            attributes={**shown, _EVENT_NAME: event.name},
            event_name=event.name,
        )

    def _is_full(self) -> bool:
        """Whether too many wait, which counts one more that is not told: its queue would push the
        oldest out, and say so in the log each time.
        """
        most = self._providers.most
        full = 0 < most <= self._told - self._providers.taken()
        if full:
            self._measures.dropped(1)
        return full


def _within(trace_id: str | None) -> Context:
    """A context in that trace: not in whichever is present when the entry is told."""
    if trace_id is None:
        return set_span_in_context(INVALID_SPAN, Context())
    sampled = TraceFlags(TraceFlags.SAMPLED)
    told = SpanContext(int(trace_id, 16), 0, is_remote=True, trace_flags=sampled)
    return set_span_in_context(NonRecordingSpan(told), Context())
