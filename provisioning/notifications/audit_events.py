"""What events of Entra's audit log say: whether assignments of our application changed. Pure.

An event is only a hint: the list of assignments is read afterwards and decides. So whatever cannot
be told apart counts as ours, and whatever cannot be read at all is counted and left.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

_CATEGORY = "auditlogs"
_ACTIVITY = "app role assignment"
"""What the names of the activities have in common, whatever stands before and after: "Add app role
assignment grant to user", "Remove app role assignment from group", "Add a deletion-marked app role
assignment grant to group as part of link removal" (Microsoft Entra: audit log activity reference,
Core Directory).
"""

_Part = TypeVar("_Part")
_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeError)


class AuditEvents(msgspec.Struct, frozen=True):
    """``ours``: an assignment of our application was made or taken away, as far as can be told.

    ``malformed`` records, or whole events, could not be read.
    """

    ours: bool = False
    malformed: int = 0


class _Envelope(msgspec.Struct):
    """What Azure Monitor puts into one event (Azure Monitor: resource logs common schema)."""

    records: list[msgspec.Raw]


class _Record(msgspec.Struct):
    category: str | None = None
    operationName: str | None = None  # noqa: N815  Azure Monitor's name
    properties: msgspec.Raw = msgspec.Raw(b"null")


class _Properties(msgspec.Struct):
    """directoryAudit resource type, as far as it matters here."""

    activityDisplayName: str | None = None  # noqa: N815  Graph's name
    result: str | None = None
    targetResources: msgspec.Raw = msgspec.Raw(b"null")  # noqa: N815


class _Target(msgspec.Struct):
    id: str | None = None
    type: str | None = None


_envelope = msgspec.json.Decoder(_Envelope)
_record = msgspec.json.Decoder(_Record)
_properties = msgspec.json.Decoder(_Properties)
_targets = msgspec.json.Decoder(list[_Target])


def read_events(bodies: Iterable[bytes], service_principal_id: str) -> AuditEvents:
    """What a batch of events says of the application with that object id. Never raises."""
    ours, malformed = False, 0
    for body in bodies:
        try:
            records = _envelope.decode(body).records
        except _UNREADABLE:
            malformed += 1
            continue
        for raw in records:
            try:
                ours = _is_ours(_record.decode(raw), service_principal_id.lower()) or ours
            except _UNREADABLE:
                malformed += 1
    return AuditEvents(ours, malformed)


def _is_ours(record: _Record, service_principal_id: str) -> bool:
    if record.category is not None and record.category.lower() != _CATEGORY:
        return False
    if record.operationName is not None and not _of_an_assignment(record.operationName):
        return False  # nearly all of them
    properties = _read(_properties, record.properties) or _Properties()
    name = record.operationName or properties.activityDisplayName
    if not _of_an_assignment(name or "") or (properties.result or "").lower() == "failure":
        return False
    targets = _read(_targets, properties.targetResources) or []
    ids = {target.id.lower() for target in targets if target.id}
    # Only an application that is named and is another one is surely not ours.
    named = any(each.id and (each.type or "").lower() == "serviceprincipal" for each in targets)
    return not named or service_principal_id in ids


def _of_an_assignment(activity: str) -> bool:
    return _ACTIVITY in activity.lower()


def _read(decoder: msgspec.json.Decoder[_Part], raw: msgspec.Raw) -> _Part | None:
    """A part of a record; ``None`` for one of another form: whom it is about stays unsaid."""
    try:
        return decoder.decode(raw)
    except _UNREADABLE:
        return None
