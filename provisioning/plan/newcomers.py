"""The plan of a group that takes members along whose accounts are created with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from provisioning.model import (
    AddMembers,
    Change,
    ChangeMember,
    CreateObject,
    EntraId,
    Key,
    Link,
    newcomers_of,
    with_arrived,
)
from provisioning.plan.planned import Planned
from provisioning.plan.requests import adding, member_added, recorded_name


def with_newcomers(
    key: Key, link: Link | None, plans: Sequence[Planned], newcomers: Sequence[EntraId], batch: int
) -> Planned | None:
    """The one request that adds them too, as many as fit into it; ``None`` where it takes several,
    or none is allowed.
    """
    if len(plans) > 1 or (not plans and (link is None or link.protected)):
        return None
    plan = plans[0] if plans else adding(key, link, (), {}) if link is not None else None
    if plan is None or not isinstance(plan.write, CreateObject | AddMembers):
        return None
    room = batch - len(plan.write.members)
    if room < 1 or not newcomers:
        return None
    taken = tuple(newcomers[:room])
    write = msgspec.structs.replace(plan.write, newcomers=taken)
    added = _added(plan, key, link, [ChangeMember(id, None) for id in taken])
    return Planned(write, (*plan.changes, *added))


def arrived(
    plan: Planned, key: Key, link: Link | None, members: Mapping[EntraId, ChangeMember]
) -> Planned:
    """What of such a plan was executed: ``members`` are those newcomers who are members now."""
    taken = newcomers_of(plan.write)
    there = [members[id] for id in taken if id in members]
    ids = [one.target_id for one in there if one.target_id is not None]
    others = Planned(with_arrived(plan.write, ids), plan.changes[: len(plan.changes) - len(taken)])
    return Planned(others.write, (*others.changes, *_added(others, key, link, there)))


def _added(
    plan: Planned, key: Key, link: Link | None, members: Sequence[ChangeMember]
) -> list[Change]:
    name = plan.changes[0].name if link is None else recorded_name(link)
    target = None if link is None else link.scim_id
    return [member_added(key, target, name, one) for one in members]
