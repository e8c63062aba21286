"""The plans of a group: itself, who is added, and who is taken out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

import msgspec

from provisioning.deprovisioning import Deprovision, DeprovisioningPolicy
from provisioning.differences import differences
from provisioning.mapping import Mapped
from provisioning.model import ChangeMember, Key, Link, MemberRemoval, ScimId
from provisioning.plan.grace import announced, grace_noted
from provisioning.plan.planned import Planned, Skipped
from provisioning.plan.requests import adding, creating, deleting, member_added, removing, updating
from provisioning.plan.skips import protected, undecided, unfit_for
from provisioning.scope import Verdict


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
    most: int | None = None,
) -> list[Planned] | Skipped:
    """Requests that create or rename a group and add the members that are missing there, in the
    order of ``wanted``; ``most`` limits how many of these are planned.

    A protected group gets no members: membership of ZSCloud's admin group is a power.
    """
    if verdict.undecided:
        return undecided(verdict)
    missing = _first((id for id in wanted if id not in recorded), batch, most)
    if link is None:
        if not verdict.active:
            return []
        return _create_group(key, verdict, mapped, missing, wanted, batch)
    if link.protected:
        differs = _group_differs(verdict, mapped, link, policy, ours, wanted)
        return protected(link) if (missing and verdict.active) or differs else []
    noted = grace_noted(verdict, link, policy, emptied=not ours)
    if not verdict.active:
        return noted or []
    plans: list[Planned] = []
    update = updating(key, link, mapped, verdict)
    if update is not None:
        plans.append(update)
    plans.extend(adding(key, link, part, wanted) for part in _batches(missing, batch))
    return plans or unfit_for(mapped) or noted or []


def plan_group_removal(
    key: Key,
    verdict: Verdict,
    link: Link,
    wanted: Mapping[ScimId, ChangeMember],
    ours: Mapping[ScimId, ChangeMember],
    policy: DeprovisioningPolicy,
    form: MemberRemoval,
    batch: int,
    most: int | None = None,
) -> list[Planned]:
    """Requests that take members out of a group, in the order of ``ours``, or the group away;
    ``most`` limits how many are planned.

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
            return [deleting(key, link, verdict)]
        wanted = {}
        verdict = announced(verdict, link, policy)
    surplus = _first((id for id in ours if id not in wanted), batch, most)
    return [removing(key, link, part, ours, form, verdict) for part in _batches(surplus, batch)]


def _create_group(
    key: Key,
    verdict: Verdict,
    mapped: Mapped,
    missing: Sequence[ScimId],
    wanted: Mapping[ScimId, ChangeMember],
    batch: int,
) -> list[Planned] | Skipped:
    created = creating(key, verdict, mapped)
    if isinstance(created, Skipped):
        return created
    first = tuple(missing[:batch])
    write = msgspec.structs.replace(created.write, members=first)
    added = tuple(member_added(key, None, mapped.name, wanted[id]) for id in first)
    return [Planned(write, (*created.changes, *added))]


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


def _first(ids: Iterable[ScimId], batch: int, most: int | None) -> list[ScimId]:
    """The members that go into the first ``most`` requests."""
    return list(islice(ids, None if most is None else most * batch))


def _batches(ids: Iterable[ScimId], size: int) -> Iterable[list[ScimId]]:
    rest = iter(ids)
    while part := list(islice(rest, size)):
        yield part
