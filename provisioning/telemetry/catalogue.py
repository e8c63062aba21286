"""Every name that leaves the process: instruments, events, spans. Others query by them.

Pure. ``docs/telemetry.md`` and the workbook in ``infra/`` are tested against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """How values of an instrument are put together (OpenTelemetry: metrics API)."""

    COUNTER = "counter"
    HISTOGRAM = "histogram"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Instrument:
    """A measure: ``unit`` is that of UCUM."""

    name: str
    form: Form
    unit: str
    attributes: tuple[str, ...]
    description: str


@dataclass(frozen=True, slots=True)
class Event:
    """A structured record. ``personal`` are the fields that name people, or hold their values."""

    name: str
    fields: tuple[str, ...]
    description: str
    personal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SpanKind:
    """A kind of span: its name as a pattern, and its attributes."""

    name: str
    attributes: tuple[str, ...]
    description: str


CYCLE_DURATION = Instrument(
    "provisioning.cycle.duration",
    Form.HISTOGRAM,
    "s",
    ("kind", "status"),
    "From the beginning of a cycle to its end, pauses between its executions included.",
)
LATENCY = Instrument(
    "provisioning.latency",
    Form.HISTOGRAM,
    "s",
    ("action",),
    "From a change in Entra to the answer of ZSCloud that accepted it.",
)
WORK = Instrument(
    "provisioning.work.items",
    Form.GAUGE,
    "{item}",
    ("lane",),
    "Items in a lane of the work set: 1 leavers, 2 on demand, 3 live, 4 bulk.",
)
ESCROW = Instrument(
    "provisioning.escrow.objects", Form.GAUGE, "{object}", (), "Objects that failed, and wait."
)
HELD = Instrument(
    "provisioning.held.changes",
    Form.GAUGE,
    "{change}",
    (),
    "Removals of users and groups that the brake holds.",
)
WATERMARK_AGE = Instrument(
    "provisioning.watermark.age", Form.GAUGE, "s", (), "Age of the oldest delta token."
)
REQUESTS = Instrument(
    "provisioning.requests",
    Form.COUNTER,
    "{request}",
    ("remote", "method", "status"),
    "HTTP requests by remote (graph, zscloud). Status none: no answer came, or it was not sent.",
)
THROTTLES = Instrument(
    "provisioning.throttles", Form.COUNTER, "{answer}", ("remote",), "Answers of 429."
)
REQUEST_DURATION = Instrument(
    "provisioning.request.duration",
    Form.HISTOGRAM,
    "s",
    ("remote", "method"),
    "From a request to its answer; the wait for a send slot comes before.",
)
HANDOVERS = Instrument(
    "provisioning.lease.handovers",
    Form.COUNTER,
    "{handover}",
    ("how",),
    "The lease has another holder: released, expired (its holder died or was paused) or lost.",
)
HEARTBEATS = Instrument(
    "provisioning.heartbeats", Form.COUNTER, "{run}", ("timer", "state"), "Runs of a timer."
)
DROPPED = Instrument(
    "provisioning.telemetry.dropped",
    Form.COUNTER,
    "{entry}",
    (),
    "Events that were not told: too many waited.",
)

INSTRUMENTS = (
    CYCLE_DURATION,
    LATENCY,
    WORK,
    ESCROW,
    HELD,
    WATERMARK_AGE,
    REQUESTS,
    THROTTLES,
    REQUEST_DURATION,
    HANDOVERS,
    HEARTBEATS,
    DROPPED,
)

LOG_ENTRY = Event(
    "provisioning_log",
    (
        *("id", "time", "cycle_id", "cause", "status", "action", "object_type"),
        *("source_id", "target_id", "change_id", "member", "reason_code", "error_code"),
        *("request_id", "trace_id", "attempt", "duration_ms", "latency_ms"),
        *("modified_properties", "steps"),
    ),
    "An entry of the provisioning log, once it is stored. `member`, `modified_properties` and "
    "`steps` are JSON: of members the ids, of properties the names, of steps name and status.",
    personal=("name", "reason", "remedy"),
)
HEARTBEAT = Event(
    "provisioning_heartbeat",
    (
        *("timer", "state", "idle", "escrow", "held", "watermark_age_seconds"),
        *("lane_1", "lane_2", "lane_3", "lane_4"),
    ),
    "A timer has come: how the job stood then. `idle`: alive, and nothing to do.",
)
CYCLE = Event(
    "provisioning_cycle",
    (
        *("cycle_id", "kind", "status", "duration_seconds", "done", "left", "error_code"),
        *("created", "updated", "disabled", "enabled", "deleted"),
        *("memberships_added", "memberships_removed", "unchanged", "skipped", "held", "failed"),
        *("graph_requests", "scim_requests", "throttled"),
    ),
    "A cycle, a look at hints or a call on demand has ended.",
)

EVENTS = (LOG_ENTRY, HEARTBEAT, CYCLE)

EXECUTION = SpanKind(
    "<function>", (), "One execution of a function; linked to those who told of its work."
)
CYCLE_PART = SpanKind(
    "cycle <kind>", ("cycle_id", "kind", "status"), "What one execution does of a cycle."
)
ITEM = SpanKind(
    "provision <object type>",
    ("object_type", "source_id", "lane"),
    "The work on one item: in the trace of the first notification that told of it, and linked to "
    "the others and to the cycle.",
)
REQUEST = SpanKind(
    "<method> <path template>",
    (
        *("peer.service", "http.request.method", "url.template", "url.full"),
        *("http.response.status_code", "attempt"),
    ),
    "One HTTP request to Graph or ZSCloud. No id, name, host or query is in it: in `url.full` the "
    "remote stands for the host.",
)

SPANS = (EXECUTION, CYCLE_PART, ITEM, REQUEST)
