"""Match: which ZSCloud object is the principal's, and how it is looked for."""

from __future__ import annotations

from typing import Any

from provisioning.explaining.explanation import ExplainedStep, StepStatus
from provisioning.explaining.findings import Findings, Look
from provisioning.explaining.words import called, clock_time, moment
from provisioning.model import Link, Origin, ScimId
from provisioning.redaction import hidden

_NAME_KEPT = "Two principals map to one ZSCloud name: rename one of them in Entra, or unassign one."

_GONE = (
    "Nothing: who is in scope gets a new one with the next reconcile cycle, or by `on-demand` at "
    "once."
)

_LEFT_MISSING = "Set existence=repair in DRIFT, and it is made anew with the next reconcile cycle."


def match_step(found: Findings) -> ExplainedStep:
    """The link, or what looking for an object finds."""
    status, detail, remedy = _linked(found) if found.link is not None else _unlinked(found)
    if found.rehearsed.unreached is not None:
        error = found.rehearsed.unreached
        status, remedy = StepStatus.FAILURE, error.remedy
        detail += f" ZSCloud could not be read now: {error.sentence}"
    return ExplainedStep("match", status, detail, remedy or None, _facts(found))


def twins(found: Findings) -> Look | None:
    """The search that found more than one object."""
    return next((look for look in found.rehearsed.looks if len(look.objects) > 1), None)


def _linked(found: Findings) -> tuple[StepStatus, str, str | None]:
    link = found.link
    assert link is not None
    how = "created by us" if link.origin is Origin.CREATED else "found by its name"
    detail = f"Linked to {link.scim_id} since {clock_time(link.linked_at)}, {how}."
    if found.rehearsed.vanished:
        return StepStatus.FAILURE, f"{detail} That object is gone from ZSCloud.", _GONE
    if found.rehearsed.left_missing:
        detail += f" That object is gone from ZSCloud, and DRIFT={found.drift} leaves that so."
        return StepStatus.SKIPPED, detail, _LEFT_MISSING
    if found.rehearsed.live is not None:
        detail += " It is there, as read just now."
    if is_protected(found):
        detail += " It is protected: its own attributes are never written."
    return StepStatus.SUCCESS, detail, None


def _unlinked(found: Findings) -> tuple[StepStatus, str, str | None]:
    case = found.case
    if not case.verdict.active:
        return StepStatus.SKIPPED, "There is no link, and none is looked for.", None
    if not case.mapped.name:
        problem = next(iter(case.mapped.problems), None)
        why = f" {problem.field} {problem.message}" if problem is not None else ""
        remedy = problem.remedy if problem is not None else None
        return StepStatus.FAILURE, f"There is no matching value.{why}", remedy
    by = f"There is no link. Looked for by {found.matching} = '{_value(found)}'"
    if case.mapped.problems:
        return StepStatus.SKIPPED, f"{by} once it can be provisioned.", None
    return _searched(found, by)


def _searched(found: Findings, by: str) -> tuple[StepStatus, str, str | None]:
    rehearsed = found.rehearsed
    if found.rehearsed.blocked_by is not None:
        other = rehearsed.blocked_by
        assert other is not None
        holder = called(other.key, other.name)
        detail = f"{by}: that name is still that of {holder}, which is to be renamed first."
        return StepStatus.WAITING, detail, None
    several = twins(found)
    if several is not None:
        named = "; ".join(_object(found, one.id) for one in several.objects)
        return (
            StepStatus.FAILURE,
            f"{by}: {len(several.objects)} objects have that name, {named}. The first is taken.",
            "Delete or rename one of them in the ZSCloud portal.",
        )
    objects = [one for look in rehearsed.looks for one in look.objects]
    if not objects:
        looked = rehearsed.unreached is None
        return StepStatus.SUCCESS, f"{by}: {'no object' if looked else 'not done'}.", None
    return _one(found, by, objects[0].id)


def _one(found: Findings, by: str, id: ScimId) -> tuple[StepStatus, str, str | None]:
    rehearsed = found.rehearsed
    if rehearsed.moved_from is not None:
        other = called(rehearsed.moved_from.key, rehearsed.moved_from.name)
        detail = f"{by}: {id}, which {other} gives up, being out of scope."
        return StepStatus.SUCCESS, detail, None
    if not rehearsed.matched:
        owner = found.owners.get(id)
        whose = "another principal" if owner is None else called(owner.key, owner.name)
        mine = called(found.key, found.name)
        detail = f"{by}: {id}, which is linked to {whose} and stays so. {mine} cannot have it."
        return StepStatus.FAILURE, detail, _NAME_KEPT
    detail = f"{by}: {id} has it and is linked to nobody. It would be linked, not created again."
    if is_protected(found):
        detail += " It is protected: its own attributes are never written."
    return StepStatus.SUCCESS, detail, None


def is_protected(found: Findings) -> bool:
    """Whether the object's own attributes are never written."""
    marked = found.link is not None and found.link.protected
    link = found.case.link
    skipped = found.rehearsed.skipped
    return (
        marked
        or (link is not None and link.protected)
        or (skipped is not None and skipped.code == "ProtectedObject")
    )


def _object(found: Findings, id: ScimId) -> str:
    owner = found.owners.get(id)
    return f"{id} ({'unlinked' if owner is None else f'linked to {owner.name}'})"


def _value(found: Findings) -> Any:
    return hidden(found.case.mapped.name, redacted=found.matching in found.redacted)


def _facts(found: Findings) -> dict[str, Any]:
    return {
        "attribute": found.matching,
        "value": _value(found) or None,
        "link": None if found.link is None else _link(found.link),
        "protected": is_protected(found),
        "found": [
            {"id": one.id, "linked_to": _owner(found, one.id)}
            for look in found.rehearsed.looks
            for one in look.objects
        ],
    }


def _link(link: Link) -> dict[str, Any]:
    return {
        "scim_id": link.scim_id,
        "since": moment(link.linked_at),
        "origin": link.origin.value,
        "confirmed": moment(link.written_at),
    }


def _owner(found: Findings, id: ScimId) -> dict[str, str] | None:
    owner = found.owners.get(id)
    return None if owner is None else {"id": owner.key.id, "name": owner.name}
