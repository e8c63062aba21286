"""One entry: a change, and how it went."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from provisioning.model import (
    Action,
    ChangeMember,
    EntraId,
    ModifiedProperty,
    ObjectType,
    ScimId,
)


class LogStatus(StrEnum):
    """How an attempt ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    SKIPPED = "skipped"
    HELD = "held"


class Step(msgspec.Struct, frozen=True):
    """One of the five steps: import, scope, match, action, export."""

    name: str
    status: str
    detail: str


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A change, and how it went. ``time`` is epoch seconds here, RFC 3339 in answers."""

    id: str
    time: float
    cycle_id: str
    cause: str
    status: LogStatus
    action: Action | None
    object_type: ObjectType
    source_id: EntraId
    target_id: ScimId | None
    name: str
    change_id: str | None = None
    member: ChangeMember | None = None
    reason_code: str = ""
    reason: str = ""
    modified_properties: tuple[ModifiedProperty, ...] = ()
    error_code: str | None = None
    remedy: str | None = None
    request_id: str | None = None
    trace_id: str | None = None
    """The trace in which it was worked on, where one is recorded."""
    attempt: int = 1
    duration_ms: int | None = None
    latency_ms: int | None = None
    steps: tuple[Step, ...] = ()

    @property
    def key(self) -> str:
        """Place in the order of time."""
        return f"{time_key(self.time)}/{self.id}"


class LogFacts(msgspec.Struct, frozen=True, array_like=True):
    """What filters look at. It is kept where an entry is found by its principal, or as one that
    needs attention: only the entries that fit are read then. Fields are only ever appended.
    """

    status: LogStatus
    action: Action | None
    cycle_id: str
    cause: str
    error_code: str | None
    reason_code: str
    name: str
    target_id: ScimId | None

    @staticmethod
    def of(entry: LogEntry) -> LogFacts:
        """Those of an entry."""
        return LogFacts(
            entry.status,
            entry.action,
            entry.cycle_id,
            entry.cause,
            entry.error_code,
            entry.reason_code,
            entry.name,
            entry.target_id,
        )


def time_key(time: float) -> str:
    """Epoch seconds as the keys of the log begin: their order is that of time."""
    return f"{time:017.6f}"
