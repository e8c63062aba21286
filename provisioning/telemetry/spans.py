"""Spans: what is under way, whose consequence it is, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Iterable
from types import TracebackType

from opentelemetry import context as contexts
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
    get_current_span,
    set_span_in_context,
)

from provisioning.instrumentation import Remote
from provisioning.origins import Origins, merged
from provisioning.telemetry.instruments import Instruments

_ATTENTION = 400
"""Statuses from here on are no success. A 404 or 409 is an answer like any other to the engine; to
who looks at a trace it is what stands out."""

_UNSUCCESSFUL = frozenset({"failed", "quarantined"})
"""Ends of a cycle."""


class Started:
    """A span, current within the body. An exception marks it, and is not swallowed."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: Span) -> None:
        self._span = span

    def __enter__(self) -> None:
        self._token = contexts.attach(set_span_in_context(self._span))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        contexts.detach(self._token)
        if kind is not None and issubclass(kind, Exception):
            # Its text may name somebody: the log has it.
            self._span.set_status(StatusCode.ERROR, kind.__name__)
        self._span.end()


class Cycle(Started):
    """The same, of a cycle, which says how it ended."""

    __slots__ = ()

    def __enter__(self) -> Cycle:  # type: ignore[override]
        super().__enter__()
        return self

    def ended(self, status: str) -> None:
        """See ``instrumentation.Outcome``."""
        self._span.set_attribute("status", status)
        if status in _UNSUCCESSFUL:
            self._span.set_status(StatusCode.ERROR, status)


class Tracing:
    """Begins spans."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def execution(self, function: str, parent: str, origins: Origins) -> Started:
        """One execution of a function."""
        told = context_of(parent)
        context = None if told is None else set_span_in_context(NonRecordingSpan(told))
        links = _links(origins)
        return Started(self._tracer.start_span(function, context=context, links=links))

    def cycle(self, cycle_id: str, kind: str) -> Cycle:
        """What one execution does of a cycle."""
        attributes = {"cycle_id": cycle_id, "kind": kind}
        return Cycle(self._tracer.start_span(f"cycle {kind}", attributes=attributes))

    def item(self, object_type: str, source_id: str, lane: int, origins: Origins) -> Started:
        """The work on one item: it goes on with the trace of the first who told of it."""
        context, links = None, []
        told = [found for origin in origins if (found := context_of(origin)) is not None]
        if told:
            context = set_span_in_context(NonRecordingSpan(told[0]))
            links = [Link(each) for each in told[1:]]
            present = get_current_span().get_span_context()
            if present.is_valid:
                links.append(Link(present))
        return Started(
            self._tracer.start_span(
                f"provision {object_type}",
                context=context,
                attributes={"object_type": object_type, "source_id": source_id, "lane": lane},
                links=links,
            )
        )

    def request(self, remote: Remote, method: str, template: str, attempt: int) -> Span:
        """One request. Not the current span: nothing happens within it."""
        return self._tracer.start_span(
            f"{method} {template}",
            kind=SpanKind.CLIENT,
            attributes={
                "peer.service": remote.value,
                "http.request.method": method,
                "url.template": template,
                # Application Insights makes name and path of it, and leaves the template out.
                "url.full": f"https://{remote.value}{template}",
                "attempt": attempt,
            },
        )

    def origin(self) -> str:
        """The traceparent of the current span, if there is one."""
        present = get_current_span().get_span_context()
        if not present.is_valid:
            return ""
        return f"00-{present.trace_id:032x}-{present.span_id:016x}-{present.trace_flags & 0xFF:02x}"

    def trace_id(self) -> str | None:
        """The trace of the current span."""
        present = get_current_span().get_span_context()
        return f"{present.trace_id:032x}" if present.is_valid else None


class Request:
    """One request: its span, and its numbers."""

    __slots__ = ("_arguments", "_began", "_measures", "_span", "_status", "_tracing")

    def __init__(
        self,
        tracing: Tracing,
        measures: Instruments,
        remote: Remote,
        method: str,
        template: str,
        attempt: int,
    ) -> None:
        self._tracing = tracing
        self._measures = measures
        self._arguments = (remote, method, template, attempt)
        self._status = 0

    def __enter__(self) -> Request:
        self._span = self._tracing.request(*self._arguments)
        self._began = time.perf_counter()
        return self

    def answered(self, status: int) -> None:
        """See ``instrumentation.Exchange``."""
        self._status = status

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        took = time.perf_counter() - self._began
        remote, method, _, _ = self._arguments
        self._measures.request(remote.value, method, self._status, took)
        if self._status:
            self._span.set_attribute("http.response.status_code", self._status)
        if self._status >= _ATTENTION or not self._status:
            self._span.set_status(
                StatusCode.ERROR, str(self._status) if kind is None else kind.__name__
            )
        self._span.end()


def context_of(origin: str) -> SpanContext | None:
    """The span context of a traceparent; ``None`` for what is none."""
    if not merged((origin,)):
        return None
    _, trace_id, span_id, flags = origin.split("-")
    return SpanContext(
        int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16))
    )


def _links(origins: Iterable[str]) -> list[Link]:
    found = (context_of(origin) for origin in origins)
    return [Link(each) for each in found if each is not None]
