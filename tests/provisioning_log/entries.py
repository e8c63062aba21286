"""Entries of a log."""

from __future__ import annotations

import msgspec

from provisioning.model import Action, EntraId, ObjectType, ScimId
from provisioning.provisioning_log import LogEntry, LogStatus

BEGIN = 1_764_000_000.0

ENTRY = LogEntry(
    id="e",
    time=BEGIN,
    cycle_id="c1",
    cause="incremental",
    status=LogStatus.SUCCESS,
    action=Action.UPDATE,
    object_type=ObjectType.USER,
    source_id=EntraId("jo"),
    target_id=ScimId("17"),
    name="Jo@example.com",
    reason_code="Assigned",
    reason="Assigned.",
)


def entry(number: int = 0, **changes: object) -> LogEntry:
    """The n-th entry, a second after the one before."""
    made = msgspec.structs.replace(ENTRY, id=f"e{number:06d}", time=BEGIN + number)
    return msgspec.structs.replace(made, **changes)
