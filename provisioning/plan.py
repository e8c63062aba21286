"""What should be, what is, the difference. Pure: no await, no clock, no client.

``None`` means that nothing is to be done. A plan never names an attribute outside the mapping,
and nothing that is not ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from provisioning.deprovisioning import Deprovision, DeprovisioningPolicy
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
    Write,
    change_digest,
)
from provisioning.redaction import hidden_properties
from provisioning.scope import Reason, Verdict


class Planned(msgspec.Struct, frozen=True):
    """One SCIM request with what it means."""

    write: Write
    changes: tuple[Change, ...]


class Skipped(msgspec.Struct, frozen=True):
    """Nothing is written although something differs; why, and what to do about it."""

    code: str
    sentence: str
    remedy: str


FAILURES = frozenset({"MandatoryFieldsMissing", Reason.FILTER_UNDECIDED.value})
"""Codes of what is skipped since it cannot be done: an error of that principal, tried again."""

REMOVALS = frozenset({Action.DISABLE, Action.DELETE, Action.REMOVE_MEMBER})
"""Actions that take access away: they go through the brake, and in the leavers' lane."""


def plan_user(
    key: Key,
    verdict: Verdict,
    mapped: Mapped,
    link: Link | None,
    policy: DeprovisioningPolicy,
) -> Planned | Skipped | None:
    """The one request that brings a user's account nearer to what it should be."""
    if verdict.undecided:
        return _undecided(verdict)
    if link is None:
        return _create(key, verdict, mapped) if verdict.active else None
    if link.protected:
        return _protected(link) if _differs(verdict, mapped, link) else None
    noted = _grace_noted(verdict, link, policy)
    if verdict.active:
        return _update(key, link, mapped, verdict) or _unfit(mapped) or noted
    what = policy.now(verdict, link)
    if what is Deprovision.NONE:
        return noted
    if what is Deprovision.DELETE:
        return _delete(key, link, verdict)
    leaving = _announced(verdict, link, policy)
    if verdict.assigned and verdict.reason is Reason.DISABLED:
        # Still assigned: its other attributes go on following Entra. Whatever the mapping makes
        # of ``active``, the account is switched off.
        update = _update(key, link, mapped, leaving)
        if not link.active or (update is not None and _switches_off(update)):
            return update or noted
    return _disable(key, link, leaving) if link.active else noted


def plan_group(
    key: Key,
    verdict: Verdict,
    mapped: Mapped,
    link: Link | None,
    wanted: Mapping[ScimId, ChangeMember],
    recorded: Mapping[ScimId, bool],
    ours: Mapping[ScimId, ChangeMember],
    policy: DeprovisioningPolicy,
    batch: int,
) -> list[Planned] | Skipped:
    """Requests that create or rename a group and add the members that are missing there.

    A protected group gets no members: membership of ZSCloud's admin group is a power.
    """
    if verdict.undecided:
        return _undecided(verdict)
    missing = sorted(id for id in wanted if id not in recorded)
    if link is None:
        if not verdict.active:
            return []
        return _create_group(key, verdict, mapped, missing, wanted, batch)
    if link.protected:
        differs = _group_differs(verdict, mapped, link, policy, ours, wanted)
        return _protected(link) if (missing and verdict.active) or differs else []
    noted = _grace_noted(verdict, link, policy, emptied=not ours)
    if not verdict.active:
        return noted or []
    plans: list[Planned] = []
    update = _update(key, link, mapped, verdict)
    if update is not None:
        plans.append(update)
    plans.extend(_add(key, link, part, wanted) for part in _batches(missing, batch))
    return plans or _unfit(mapped) or noted or []


def plan_group_removal(
    key: Key,
    verdict: Verdict,
    link: Link,
    wanted: Mapping[ScimId, ChangeMember],
    ours: Mapping[ScimId, ChangeMember],
    policy: DeprovisioningPolicy,
    form: MemberRemoval,
    batch: int,
) -> list[Planned]:
    """Requests that take members out of a group, or the group away.

    ``ours`` are the recorded members that we may remove, with their principal where known.
    Groups have no ``active``: ``disable`` takes our members out and keeps the object.
    """
    if link.protected or verdict.undecided:
        return []
    if not verdict.active:
        what = policy.now(verdict, link)
        if what is Deprovision.NONE:
            return []
        if what is Deprovision.DELETE:
            return [_delete(key, link, verdict)]
        wanted = {}
        verdict = _announced(verdict, link, policy)
    surplus = sorted(id for id in ours if id not in wanted)
    return [_remove(key, link, part, ours, form, verdict) for part in _batches(surplus, batch)]


# --- single changes ----------------------------------------------------------------------------


def _create(key: Key, verdict: Verdict, mapped: Mapped) -> Planned | Skipped:
    unfit = _unfit(mapped)
    if unfit is not None:
        return unfit
    attributes = {**mapped.defaults, **mapped.attributes}
    return Planned(
        CreateObject(key.type, attributes), (_created(key, verdict, attributes, mapped),)
    )


def _undecided(verdict: Verdict) -> Skipped:
    """Nobody gets or loses anything by a filter that cannot be told."""
    return Skipped(
        verdict.reason.value,
        verdict.sentence,
        "Nothing of it is changed meanwhile, and it is tried again by itself. If it lasts, correct "
        "the clause that is named, in the file of PROVISIONING_SCHEMA.",
    )


def _unfit(mapped: Mapped) -> Skipped | None:
    if not mapped.problems:
        return None
    problem = mapped.problems[0]
    sentence = f"{problem.field}: {problem.message}"
    return Skipped("MandatoryFieldsMissing", sentence, problem.remedy)


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
            (ModifiedProperty(path, None, value) for path, value in attributes.items()),
            mapped.rules.redacted,
        ),
    )


def _create_group(
    key: Key,
    verdict: Verdict,
    mapped: Mapped,
    missing: Sequence[ScimId],
    wanted: Mapping[ScimId, ChangeMember],
    batch: int,
) -> list[Planned] | Skipped:
    created = _create(key, verdict, mapped)
    if isinstance(created, Skipped):
        return created
    first = tuple(missing[:batch])
    write = msgspec.structs.replace(created.write, members=first)
    added = tuple(_added(key, None, mapped.name, wanted[id]) for id in first)
    return [Planned(write, (*created.changes, *added))]


def _differs(verdict: Verdict, mapped: Mapped, link: Link) -> bool:
    if link.leaving_since is not None:
        return True  # Protected since then: it waits to be deleted no more.
    return bool(differences(mapped, link.attributes)) if verdict.active else link.active


def _group_differs(
    verdict: Verdict,
    mapped: Mapped,
    link: Link,
    policy: DeprovisioningPolicy,
    ours: Mapping[ScimId, ChangeMember],
    wanted: Mapping[ScimId, ChangeMember],
) -> bool:
    if link.leaving_since is not None:
        return True
    if verdict.active:
        surplus = any(id not in wanted for id in ours)
        return surplus or bool(differences(mapped, link.attributes))
    what = policy.of(verdict.reason)
    return what is Deprovision.DELETE or (what is Deprovision.DISABLE and bool(ours))


def _protected(link: Link) -> Skipped:
    name = link.attributes.get(NAME_PATH[link.key.type], link.scim_id)
    if link.key.type is ObjectType.GROUP:
        sentence = (
            f"The group '{name}' is protected (ZSCloud's group of administrators, or named by "
            "PROTECTED): it is never renamed, given members, emptied or deleted."
        )
    else:
        sentence = (
            f"'{name}' is protected (an administrator's account, or named by PROTECTED): its own "
            "attributes are never written, and it is never switched off or deleted."
        )
    remedy = "Change it in the ZSCloud portal, or take it out of PROTECTED."
    return Skipped("ProtectedObject", sentence, remedy)


def _grace_noted(
    verdict: Verdict, link: Link, policy: DeprovisioningPolicy, *, emptied: bool = True
) -> Skipped | None:
    """What is to be noted, without a request, of a delete that is to wait, or waits no more."""
    since = policy.leaving_since(verdict, link, verdict.at, emptied=emptied)
    if (since is None) is (link.leaving_since is None):
        return None
    if since is None:
        sentence = f"Its grace period is over, and it is not deleted. {verdict.sentence}"
        return Skipped("GracePeriodEnded", sentence, "Nothing.")
    done = "disabled" if link.key.type is ObjectType.USER else "empty"
    return Skipped(
        "GracePeriod",
        f"{verdict.sentence} It is {done} already. {policy.announcement(verdict, link)}",
        "Nothing, if that is meant; else bring it back in Entra before. `due` lists what waits.",
    )


def _announced(verdict: Verdict, link: Link, policy: DeprovisioningPolicy) -> Verdict:
    """The verdict with what is going to follow."""
    follows = policy.announcement(verdict, link)
    if not follows:
        return verdict
    return msgspec.structs.replace(verdict, sentence=f"{verdict.sentence} {follows}")


def _update(key: Key, link: Link, mapped: Mapped, verdict: Verdict) -> Planned | None:
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
        name=mapped.name or _recorded_name(link),
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


def _switches_off(plan: Planned) -> bool:
    return any(change.action is Action.DISABLE for change in plan.changes)


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


def _disable(key: Key, link: Link, verdict: Verdict) -> Planned:
    change = Change(
        change_id=change_digest(Action.DISABLE, key, {"active": False}),
        action=Action.DISABLE,
        object_type=key.type,
        source_id=key.id,
        target_id=link.scim_id,
        name=_recorded_name(link),
        reason_code=verdict.reason.value,
        reason=verdict.sentence,
        modified_properties=(ModifiedProperty("active", True, False),),
    )
    return Planned(UpdateObject(key.type, link.scim_id, {"active": False}), (change,))


def _delete(key: Key, link: Link, verdict: Verdict) -> Planned:
    change = Change(
        change_id=change_digest(Action.DELETE, key, None),
        action=Action.DELETE,
        object_type=key.type,
        source_id=key.id,
        target_id=link.scim_id,
        name=_recorded_name(link),
        reason_code=verdict.reason.value,
        reason=verdict.sentence,
    )
    return Planned(DeleteObject(key.type, link.scim_id), (change,))


def _add(
    key: Key, link: Link, part: Sequence[ScimId], wanted: Mapping[ScimId, ChangeMember]
) -> Planned:
    name = _recorded_name(link)
    changes = tuple(_added(key, link.scim_id, name, wanted[id]) for id in part)
    return Planned(AddMembers(link.scim_id, tuple(part)), changes)


def _added(key: Key, group: ScimId | None, name: str, member: ChangeMember) -> Change:
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


def _remove(
    key: Key,
    link: Link,
    part: Sequence[ScimId],
    ours: Mapping[ScimId, ChangeMember],
    form: MemberRemoval,
    verdict: Verdict,
) -> Planned:
    name = _recorded_name(link)
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


def _recorded_name(link: Link) -> str:
    return str(link.attributes.get(NAME_PATH[link.key.type]) or link.scim_id)


def _batches(ids: Iterable[ScimId], size: int) -> Iterable[list[ScimId]]:
    rest = iter(ids)
    while part := list(islice(rest, size)):
        yield part
