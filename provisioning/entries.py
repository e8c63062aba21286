"""Making entries of the provisioning log: what some work came to, of whom it is told, and why.

One maker for all who log, so that an entry has the same shape wherever it comes from.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from provisioning.model import Change, Key, ModifiedProperty, ScimId
from provisioning.ports import Ids
from provisioning.provisioning_log import LogEntry, LogStatus, Step


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """The work that an entry comes of. ``time`` is epoch seconds; ``trace_id`` its trace, if any
    is recorded.
    """

    time: float
    cycle_id: str
    cause: str
    attempt: int = 1
    latency_ms: int | None = None
    trace_id: str | None = None


class Subject(msgspec.Struct, frozen=True):
    """Whom an entry is about, and as what ZSCloud knows it."""

    key: Key
    name: str
    target_id: ScimId | None = None


class Why(msgspec.Struct, frozen=True):
    """A reason: its stable code, a sentence, and what to do about it (nothing when empty).
    ``request_id`` is what a remote system calls the request that it refused.
    """

    code: str
    sentence: str
    remedy: str = ""
    request_id: str | None = None


class Entries:
    """Makes entries, each with an id of its own."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def of(
        self,
        occasion: Occasion,
        subject: Subject,
        status: LogStatus,
        why: Why,
        *,
        properties: Sequence[ModifiedProperty] = (),
        error_code: str | None = None,
        change: Change | None = None,
        duration_ms: int | None = None,
        steps: tuple[Step, ...] = (),
    ) -> LogEntry:
        """An entry about a principal, or about a change of it, whose properties it has then."""
        return LogEntry(
            id=self._ids.new(),
            time=occasion.time,
            cycle_id=occasion.cycle_id,
            cause=occasion.cause,
            status=status,
            action=change.action if change else None,
            object_type=subject.key.type,
            source_id=subject.key.id,
            target_id=subject.target_id,
            name=subject.name,
            change_id=change.change_id if change else None,
            member=change.member if change else None,
            reason_code=why.code,
            reason=why.sentence,
            modified_properties=change.modified_properties if change else tuple(properties),
            error_code=error_code,
            remedy=why.remedy or None,
            request_id=why.request_id,
            trace_id=occasion.trace_id,
            attempt=occasion.attempt,
            duration_ms=duration_ms,
            latency_ms=occasion.latency_ms,
            steps=steps,
        )

    def of_change(
        self,
        occasion: Occasion,
        change: Change,
        status: LogStatus,
        why: Why,
        *,
        target_id: ScimId | None = None,
        duration_ms: int | None = None,
        steps: tuple[Step, ...] = (),
    ) -> LogEntry:
        """An entry about a change. ``target_id`` is for an object that the change itself makes."""
        subject = Subject(
            Key(change.object_type, change.source_id), change.name, change.target_id or target_id
        )
        return self.of(
            occasion, subject, status, why, change=change, duration_ms=duration_ms, steps=steps
        )


def naming(entry: LogEntry, change: Change) -> LogEntry:
    """The entry of a principal with the change that it is about."""
    return msgspec.structs.replace(
        entry,
        action=change.action,
        change_id=change.change_id,
        modified_properties=change.modified_properties,
    )
