"""The documents that callers see: names in snake_case, times as RFC 3339 in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from provisioning.drift import DriftCounts, Finding, Orphan
from provisioning.errors import (
    ConfigurationError,
    InvalidRequest,
    Problem,
    ProvisioningError,
    RoleMissing,
)
from provisioning.explaining.words import moment
from provisioning.model import Change
from provisioning.provisioning_log import LogEntry
from provisioning.record import CycleRecord
from provisioning.settings import Settings

Document = dict[str, Any]
"""What becomes one JSON object."""


def timestamp(seconds: float | None) -> str | None:
    """Epoch seconds as RFC 3339, with milliseconds."""
    return moment(seconds) if seconds else None


def cycle_document(
    record: CycleRecord,
    changes: list[Change] | None = None,
    findings: Sequence[Finding] | None = None,
    held: Sequence[Change] | None = None,
) -> Document:
    """A cycle with its progress; with the changes of a dry run, the edits by hand that it found
    and what would be held, if given.
    """
    duration = None if record.finished is None else round(record.finished - record.started, 3)
    document: Document = {
        "cycle_id": record.cycle_id,
        "kind": record.kind.value,
        "dry_run": record.dry_run,
        "status": record.status.value,
        "phase": record.phase,
        "counts": msgspec.to_builtins(record.counts),
        "requests": msgspec.to_builtins(record.requests),
        "started": timestamp(record.started),
        "duration_seconds": duration,
        "progress": {
            "done": record.done,
            "left": record.left,
            "requests_left": record.requests_left,
            "seconds_left": record.seconds_left,
        },
    }
    if record.drift is not None:
        document["drift"] = drift_document(record.drift)
    if record.error_code is not None:
        document["error"] = {
            "code": record.error_code,
            "message": record.error,
            "remedy": record.remedy,
        }
    if changes is not None:
        document["changes"] = [change_document(change) for change in changes]
    if findings:
        document["findings"] = [finding_document(finding) for finding in findings]
    if held:
        document["held"] = [change_document(change) for change in held]
    return document


def change_document(change: Change) -> Document:
    """One change."""
    document: Document = msgspec.to_builtins(change)
    return document


def entry_document(entry: LogEntry, settings: Settings) -> Document:
    """One entry of the provisioning log, with the job that all of the log is of."""
    document: Document = msgspec.to_builtins(entry)
    document["time"] = timestamp(entry.time)
    return document | {
        "job_id": settings.job,
        "tenant_id": settings.entra_tenant_id,
        "service_principal_id": settings.entra_service_principal_id,
        "target_system": settings.zscloud_tenant,
    }


def drift_document(counts: DriftCounts) -> Document:
    """What a reconcile found edited by hand, in numbers."""
    document: Document = msgspec.to_builtins(counts)
    document["at"] = timestamp(counts.at)
    return document


def finding_document(finding: Finding) -> Document:
    """One edit by hand."""
    document: Document = msgspec.to_builtins(finding)
    document["at"] = timestamp(finding.at)
    return document


def orphan_document(orphan: Orphan) -> Document:
    """One user or group in ZSCloud that no assignment explains."""
    document: Document = msgspec.to_builtins(orphan)
    document["seen_at"] = timestamp(orphan.seen_at)
    return document


def problem_document(error: ProvisioningError, status: int) -> Document:
    """An error as RFC 9457 ``application/problem+json``."""
    problems: tuple[Problem, ...] = ()
    if isinstance(error, ConfigurationError):
        problems = error.problems
    elif isinstance(error, InvalidRequest | RoleMissing):
        problems = (error.problem,)
    return {
        "type": "about:blank",
        "title": error.code,
        "status": status,
        "detail": str(error),
        "code": error.code,
        "errors": [{"field": p.field, "message": p.message, "remedy": p.remedy} for p in problems]
        or [{"field": None, "message": str(error), "remedy": error.remedy}],
    }
