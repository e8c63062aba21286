"""One key's situation: what it should be, what it was last seen to be, and why.

Decided from the mirror and the link: it costs no request.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from provisioning.case import Case
from provisioning.expressions import Surroundings
from provisioning.job import Job
from provisioning.mapping import Mapped
from provisioning.mirror import user_key
from provisioning.model import (
    MANAGER,
    NAME_PATH,
    ChangeMember,
    EntraId,
    Key,
    Link,
    MirrorUser,
    ObjectType,
    Presence,
    ScimId,
)
from provisioning.rows import chunks
from provisioning.rows.turns import by_turns, in_parts
from provisioning.scope import GroupGraph, Verdict, judge_group, judge_user
from provisioning.source_attributes import ROLES

_LINKS_AT_ONCE = 250
"""Some milliseconds: dozens of groups may be resolved side by side, each in its turn."""


async def load_graph(job: Job) -> GroupGraph:
    """The watched groups, as stored now."""
    groups = [group async for _, group in job.mirror.groups.all()]
    roles = await job.app_roles.get("all") if job.schema.user.roles else None
    return GroupGraph(groups, job.rules.scope, roles or ())


async def resolve(job: Job, graph: GroupGraph, key: Key) -> Case | None:
    """The case of a key; ``None`` when the mirror does not know the principal."""
    if key.type is ObjectType.USER:
        return await _resolve_user(job, graph, key)
    case = await _resolve_group(job, graph, key)
    if case is None or (case.link is None and not case.verdict.active):
        return case
    if case.link is None and job.rules.protects_group(case.mapped.name):
        return case  # It may be made, and is never given members.
    return await _with_members(job, graph, case)


async def outline(job: Job, graph: GroupGraph, key: Key) -> Case | None:
    """The case of a key without the members of a group, which may be very many."""
    if key.type is ObjectType.USER:
        return await _resolve_user(job, graph, key)
    return await _resolve_group(job, graph, key)


async def is_unchanged(job: Job, graph: GroupGraph, case: Case) -> bool:
    """Whether ``resolve`` would give again the case of a user who is in scope, by the graph that it
    was made by. To ask costs much less than to map the attributes anew; false where it cannot be
    told.
    """
    row, before = case.row, case.verdict
    if not isinstance(row, MirrorUser) or not before.active or job.schema.user.references:
        return False
    if await job.mirror.user(row.id) != row or await job.links.get(case.key) != case.link:
        return False
    if job.schema.user.filter is None:
        return True  # The verdict is made of the row and the graph alone.
    # Scoping filters look at the clock. When it was judged matters only for who is out of scope.
    now = judge_user(row, graph, job.schema.user.filter, job.clock.time())
    return msgspec.structs.replace(now, at=before.at) == before


async def _resolve_user(job: Job, graph: GroupGraph, key: Key) -> Case | None:
    row = await job.mirror.user(key.id)
    if row is None:
        return None
    links = await job.links.get_many([key, *referred(job, row)])
    return user_case(job, graph, row, links)


def referred(job: Job, row: MirrorUser) -> tuple[Key, ...]:
    """Whom attributes of the user stand for."""
    manager = row.attributes.get(MANAGER) if job.schema.user.references else None
    return () if manager is None else (user_key(manager),)


def user_case(job: Job, graph: GroupGraph, row: MirrorUser, links: Mapping[Key, Link]) -> Case:
    """The case of a user whose rows are at hand: its own link, and of whom it refers to."""
    key = user_key(row.id)
    verdict = judge_user(row, graph, job.schema.user.filter, job.clock.time())
    mapped = _mapped_user(job, graph, row, verdict)
    references = job.schema.user.references
    if MANAGER not in row.attributes:
        mapped = _left_alone(mapped, references)
    mapped, awaited = _with_references(references, mapped, links)
    link = _protected(job, links.get(key), mapped)
    return Case(key=key, row=row, verdict=verdict, mapped=mapped, link=link, awaited=awaited)


def _with_references(
    paths: Sequence[str], mapped: Mapped, links: Mapping[Key, Link]
) -> tuple[Mapped, tuple[Key, ...]]:
    """Object ids to those of ZSCloud. Who has no account yet is left out, and awaited."""
    found = {path: user_key(id) for path in paths if (id := mapped.attributes.get(path))}
    if not found:
        return mapped, ()
    links = {key: link for key, link in links.items() if not link.missing}
    awaited = {path: key for path, key in found.items() if key not in links}
    linked = {path: links[key].scim_id for path, key in found.items() if key in links}
    attributes = {k: v for k, v in mapped.attributes.items() if k not in awaited} | linked
    mapped = msgspec.structs.replace(mapped, attributes=attributes)
    return _left_alone(mapped, awaited), tuple(awaited.values())


def _left_alone(mapped: Mapped, paths: Collection[str]) -> Mapped:
    """The same, with attributes that nobody can tell now: neither written nor cleared."""
    if not paths:
        return mapped
    return msgspec.structs.replace(mapped, left_alone=mapped.left_alone | set(paths))


def _mapped_user(job: Job, graph: GroupGraph, row: MirrorUser, verdict: Verdict) -> Mapped:
    mapping, attributes = job.schema.user, row.attributes
    if mapping.roles:
        held = [
            {"id": role.id, "value": role.value, "displayName": role.display_name}
            for role in graph.assigned_roles(row)
        ]
        attributes = {**attributes, ROLES: held}
    around = _around(job, row.id)
    return mapping.map(row.id, attributes, soft_deleted=not verdict.active, around=around)


def _around(job: Job, id: EntraId) -> Surroundings:
    """What expressions may know besides. The seed is no secret: it makes a plan repeatable."""
    now = datetime.fromtimestamp(job.clock.time(), UTC)
    return Surroundings(now=now, seed=f"{job.name}/{id}".encode())


def _protected(job: Job, link: Link | None, mapped: Mapped) -> Link | None:
    """The link, marked as protected if the settings name the object as it is or is to be."""
    is_group = link is not None and link.key.type is ObjectType.GROUP
    if link is None or link.protected or not (is_group or job.rules.protected):
        return link
    names = (str(link.attributes.get(NAME_PATH[link.key.type]) or ""), mapped.name)
    protects = job.rules.protects_group if is_group else job.rules.protects
    if any(protects(name) for name in names if name):
        return msgspec.structs.replace(link, protected=True)
    return link


async def _resolve_group(job: Job, graph: GroupGraph, key: Key) -> Case | None:
    row = await job.mirror.group(key.id)
    if row is None:
        return None
    link = await job.links.get(key)
    verdict = judge_group(row, graph, job.schema.group.filter, job.clock.time())
    around = _around(job, row.id)
    mapped = job.schema.group.map(row.id, row.attributes, soft_deleted=False, around=around)
    link = _protected(job, link, mapped)
    return Case(key=key, row=row, verdict=verdict, mapped=mapped, link=link)


async def as_lost(job: Job, graph: GroupGraph, case: Case) -> Case | None:
    """The case as it would be with the object that a rebuild has found for it, of a principal that
    is to have none.
    """
    if case.link is not None or case.verdict.active or case.verdict.undecided:
        return None
    lost = await job.rebuild.get(case.key)
    if lost is None or lost.over is not None:
        return None
    link = _protected(job, lost.link, case.mapped)
    case = msgspec.structs.replace(case, link=link, lost=True)
    return case if case.key.type is ObjectType.USER else await _with_members(job, graph, case)


async def _with_members(job: Job, graph: GroupGraph, case: Case) -> Case:
    members = await effective_members(job, graph, case.key.id)
    wanted, linked = await _accounts(job, members)
    missing = tuple(members - linked)
    recorded = await job.links.members(case.key.id) if case.link else {}
    owners = await job.links.owners(id for id in recorded if id not in wanted)
    others = await job.links.get_many(owners.values())
    ours: dict[ScimId, ChangeMember] = {}
    async for id, added in by_turns(recorded.items()):
        owner = others.get(owners[id]) if id in owners else None
        if id in wanted:
            ours[id] = wanted[id]
        elif owner is not None:
            # Who was deleted by hand is in no group any more.
            if not owner.missing:
                ours[id] = member(owner)
        elif added:
            ours[id] = ChangeMember(None, id)
    return msgspec.structs.replace(
        case,
        wanted=wanted,
        missing=missing,
        recorded=recorded,
        ours=ours,
        withheld=await job.held.withheld(case.key.id) if case.link else {},
        stays=not case.verdict.active and await job.held.keeps(case.key),
    )


async def _accounts(
    job: Job, members: Collection[Key]
) -> tuple[dict[ScimId, ChangeMember], set[Key]]:
    """Members by their account, and those who have one. Links are read some at a time and not
    kept: a group may have a hundred thousand members, and little is needed of each link. They are
    in the order in which they are recorded: who goes into one request lies together there.
    """
    found: dict[ScimId, ChangeMember] = {}
    linked: set[Key] = set()
    async for part in in_parts(members, _LINKS_AT_ONCE):
        for key, link in (await job.links.get_many(part)).items():
            if not link.missing:
                found[link.scim_id] = member(link)
                linked.add(key)
    ordered = {ScimId(id): found[ScimId(id)] async for id in by_turns(chunks.in_order(found))}
    return ordered, linked


def member(link: Link) -> ChangeMember:
    """A linked user as the member of a group."""
    name = link.attributes.get(NAME_PATH[link.key.type])
    return ChangeMember(link.key.id, link.scim_id, None if name is None else str(name))


async def effective_members(job: Job, graph: GroupGraph, group: EntraId) -> set[Key]:
    """The users of a group: direct ones, or (with nesting) those of the groups within as well."""
    users: set[Key] = set()
    seen: set[EntraId] = set()
    queue = [group]
    while queue:
        id = queue.pop()
        if id in seen:
            continue
        seen.add(id)
        for member in await job.mirror.members(id):
            if member.type is ObjectType.USER:
                users.add(member)
            elif graph.policy.transitive and await _exists(job, member.id):
                queue.append(member.id)
    return users


async def _exists(job: Job, group: EntraId) -> bool:
    row = await job.mirror.group(group)
    return row is not None and row.presence is Presence.PRESENT
