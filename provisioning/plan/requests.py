"""Single requests, each with the changes that it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from provisioning.differences import differences
from provisioning.mapping import Mapped
from provisioning.model import (
    NAME_PATH,
    Action,
    AddMembers,
    Attributes,
    Change,
    ChangeMember,
    CreateObject,
    DeleteObject,
    Key,
    Link,
    MemberRemoval,
    ModifiedProperty,
    ObjectType,
    RemoveMembers,
    ScimId,
    UpdateObject,
    change_digest,
)
from provisioning.plan.planned import Planned, Skipped
from provisioning.plan.skips import unfit_for
from provisioning.redaction import hidden_properties
from provisioning.scope import Verdict


def creating(key: Key, verdict: Verdict, mapped: Mapped) -> Planned | Skipped:
    """POST of what is mapped, with its defaults; why not, if it lacks what is mandatory."""
    unfit = unfit_for(mapped)
    if unfit is not None:
        return unfit
    attributes = {**mapped.defaults, **mapped.attributes}
    return Planned(
        CreateObject(key.type, attributes), (_created(key, verdict, attributes, mapped),)
    )


def _created(key: Key, verdict: Verdict, attributes: Attributes, mapped: Mapped) -> Change:
    return Change(
        change_id=change_digest(Action.CREATE, key, attributes),
        action=Action.CREATE,
        object_type=key.type,
        source_id=key.id,
        target_id=None,
        name=mapped.name,
        reason_code=verdict.reason.value,
        reason=verdict.sentence,
        modified_properties=hidden_properties(
            [ModifiedProperty(path, None, value) for path, value in attributes.items()],
            mapped.rules.redacted,
        ),
    )


def updating(key: Key, link: Link, mapped: Mapped, verdict: Verdict) -> Planned | None:
    """PATCH of what differs from the mapping; ``None`` if nothing does."""
    changed = differences(mapped, link.attributes)
    if not changed:
        return None
    values = {prop.name: prop.new for prop in changed}
    action = _action(values, link)
    reason, sentence = _why(action, verdict, changed)
    change = Change(
        change_id=change_digest(action, key, values),
        action=action,
        object_type=key.type,
        source_id=key.id,
        target_id=link.scim_id,
        name=mapped.name or recorded_name(link),
        reason_code=reason,
        reason=sentence,
        modified_properties=hidden_properties(changed, mapped.rules.redacted),
    )
    several = {
        prop.name: prop.old is not None
        for prop in changed
        if "[" in prop.name and (isinstance(prop.old, list) or isinstance(prop.new, list))
    }
    return Planned(UpdateObject(key.type, link.scim_id, values, several), (change,))


def _action(values: Mapping[str, Any], link: Link) -> Action:
    if values.get("active") is False:
        return Action.DISABLE
    if values.get("active") is True and not link.active:
        return Action.ENABLE
    return Action.UPDATE


def _why(action: Action, verdict: Verdict, changed: Sequence[ModifiedProperty]) -> tuple[str, str]:
    if action is not Action.UPDATE:
        return verdict.reason.value, verdict.sentence
    names = ", ".join(prop.name.rpartition(":")[2] for prop in changed)
    return "AttributeChanged", f"{names} differs from Entra. {verdict.sentence}"


def disabling(key: Key, link: Link, verdict: Verdict) -> Planned:
    """PATCH that switches an account off."""
    values = {"active": False}
    switched = (ModifiedProperty("active", True, False),)
    change = _leaving(Action.DISABLE, key, link, verdict, values, switched)
    return Planned(UpdateObject(key.type, link.scim_id, values), (change,))


def switching_off_alone(key: Key, plan: Planned) -> Planned | None:
    """Of a plan that switches an account off and changes more, the first alone; else ``None``."""
    write, change = plan.write, plan.changes[0]
    if not isinstance(write, UpdateObject) or change.action is not Action.DISABLE:
        return None
    values = {"active": False}
    if write.values.keys() == values.keys():
        return None
    change = msgspec.structs.replace(
        change,
        change_id=change_digest(Action.DISABLE, key, values),
        modified_properties=tuple(p for p in change.modified_properties if p.name == "active"),
    )
    return Planned(UpdateObject(write.type, write.id, values), (change,))


def deleting(key: Key, link: Link, verdict: Verdict) -> Planned:
    """DELETE of an object."""
    change = _leaving(Action.DELETE, key, link, verdict, None)
    return Planned(DeleteObject(key.type, link.scim_id), (change,))


def _leaving(
    action: Action,
    key: Key,
    link: Link,
    verdict: Verdict,
    values: Attributes | None,
    properties: tuple[ModifiedProperty, ...] = (),
) -> Change:
    """The change of an object that leaves, for the reason of the verdict."""
    return Change(
        change_id=change_digest(action, key, values),
        action=action,
        object_type=key.type,
        source_id=key.id,
        target_id=link.scim_id,
        name=recorded_name(link),
        reason_code=verdict.reason.value,
        reason=verdict.sentence,
        modified_properties=properties,
    )


def adding(
    key: Key, link: Link, part: Sequence[ScimId], wanted: Mapping[ScimId, ChangeMember]
) -> Planned:
    """PATCH that adds members to a group."""
    name = recorded_name(link)
    changes = tuple(member_added(key, link.scim_id, name, wanted[id]) for id in part)
    return Planned(AddMembers(link.scim_id, tuple(part)), changes)


def member_added(key: Key, group: ScimId | None, name: str, member: ChangeMember) -> Change:
    """The change of one member who is added; ``group`` is ``None`` for a group to come."""
    return Change(
        change_id=change_digest(Action.ADD_MEMBER, key, member.source_id),
        action=Action.ADD_MEMBER,
        object_type=ObjectType.GROUP,
        source_id=key.id,
        target_id=group,
        name=name,
        member=member,
        reason_code="MemberOfGroup",
        reason=f"Member of '{name}' in Entra.",
    )


def removing(
    key: Key,
    link: Link,
    part: Sequence[ScimId],
    ours: Mapping[ScimId, ChangeMember],
    form: MemberRemoval,
    verdict: Verdict,
) -> Planned:
    """PATCH that takes members out of a group."""
    name = recorded_name(link)
    code = "NotMemberOfGroup" if verdict.active else verdict.reason.value
    sentence = f"No longer a member of '{name}' in Entra." if verdict.active else verdict.sentence
    changes = tuple(
        Change(
            change_id=change_digest(Action.REMOVE_MEMBER, key, ours[id].source_id or id),
            action=Action.REMOVE_MEMBER,
            object_type=ObjectType.GROUP,
            source_id=key.id,
            target_id=link.scim_id,
            name=name,
            member=ours[id],
            reason_code=code,
            reason=sentence,
        )
        for id in part
    )
    return Planned(RemoveMembers(link.scim_id, tuple(part), form), changes)


def recorded_name(link: Link) -> str:
    """What the object was last confirmed to be called."""
    return str(link.attributes.get(NAME_PATH[link.key.type]) or link.scim_id)
