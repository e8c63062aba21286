"""The facts that ``explain`` collects, one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import nsmallest

from provisioning.case import Case
from provisioning.explaining.findings import (
    NAMED,
    Direct,
    HeldBack,
    Owner,
    Refusal,
    Rehearsed,
    Waiting,
)
from provisioning.job import Job
from provisioning.mapping import ObjectMapping
from provisioning.model import (
    DEFAULT_ACCESS,
    NAME_PATH,
    Key,
    MemberRemoval,
    MirrorGroup,
    MirrorUser,
    ObjectType,
    Presence,
    RemoveMembers,
    ReplaceObject,
    ScimId,
    TargetObject,
    WireRequest,
    Write,
)
from provisioning.operations.status import last_cycle
from provisioning.operations.writing import stopped_by
from provisioning.plan import Planned
from provisioning.ports import Row, Source, TargetEncoder
from provisioning.record import CycleStatus
from provisioning.redaction import hidden_write
from provisioning.scope import GroupGraph, Reason
from provisioning.services import Services

_LOOKED_INTO = 100
"""Assigned groups that are searched for groups within."""

_SETTINGS = {
    Reason.DISABLED: "ON_DISABLE",
    Reason.SOFT_DELETED: "ON_SOFT_DELETE",
    Reason.DELETED: "ON_DELETE",
    Reason.GROUP_UNASSIGNED: "ON_GROUP_UNASSIGN",
    Reason.GROUP_DELETED: "ON_GROUP_DELETE",
    Reason.OUT_OF_FILTER: "ON_OUT_OF_FILTER",
    Reason.GROUP_OUT_OF_FILTER: "ON_OUT_OF_FILTER",
}


def display_name(case: Case, mapping: ObjectMapping) -> str:
    """What people call the principal, unless that may not be shown."""
    name = case.row.attributes.get("displayName")
    secret = any(s.redacted and "displayName" in s.attributes for s in mapping.sources)
    return case.name if secret or not name else str(name)


def setting_of(reason: Reason) -> str:
    """The setting that says what happens to who leaves for that reason."""
    return _SETTINGS.get(reason, "ON_UNASSIGN")


async def role_names(source: Source) -> Mapping[str, str]:
    """The app roles of the enterprise application, id to name."""
    application = await source.service_principal()
    names = {role.id: role.display_name or role.value or role.id for role in application.app_roles}
    return {**names, DEFAULT_ACCESS: "Default Access"}


def paths(
    row: MirrorUser | MirrorGroup, graph: GroupGraph, names: Mapping[str, str]
) -> tuple[Direct, ...]:
    """What assigns the principal, directly or by groups; the shortest way to each."""
    found = [_path(graph, role, names, ()) for role in row.roles.values()]
    for way in graph.ways(row.groups) if isinstance(row, MirrorUser) else ():
        groups = tuple(graph.name(id) for id in way)
        found += [_path(graph, role, names, groups) for role in graph.roles(way[-1]).values()]
    return tuple(dict.fromkeys(found))


def _path(
    graph: GroupGraph, role: str, names: Mapping[str, str], groups: tuple[str, ...]
) -> Direct:
    return Direct(names.get(role, role), graph.policy.entitles({"": role}), groups)


async def with_groups_within(job: Job, graph: GroupGraph, case: Case) -> tuple[str, ...]:
    """Assigned groups that contain groups whose members do not count, if that may be why."""
    if graph.policy.transitive or case.verdict.reason is not Reason.UNASSIGNED:
        return ()
    assigned = [id for id in sorted(graph.ids()) if graph.brings_in(id)]
    return tuple(
        [
            graph.name(id)
            for id in assigned[:_LOOKED_INTO]
            if any(m.type is ObjectType.GROUP for m in await job.mirror.members(id))
        ]
    )


async def missing_names(job: Job, case: Case) -> tuple[str, ...]:
    """The first members of a group that have no account, by the name that Entra shows."""
    ids = [key.id for key in nsmallest(NAMED, case.missing)]
    rows = await job.mirror.users.get_many(ids)
    return tuple(_login(rows.get(id)) or id for id in ids)


def _login(row: MirrorUser | None) -> str:
    attributes = {} if row is None else row.attributes
    return str(attributes.get("userPrincipalName") or attributes.get("displayName") or "")


async def owners(job: Job, rehearsed: Rehearsed) -> dict[ScimId, Owner]:
    """The principals that found objects are linked to."""
    objects = [one.id for look in rehearsed.looks for one in look.objects]
    keys = await job.links.owners(objects)
    links = await job.links.get_many(keys.values())
    return {id: Owner(key, _name(links, key)) for id, key in keys.items()}


def _name(links: Mapping[Key, object], key: Key) -> str:
    attributes = getattr(links.get(key), "attributes", {})
    return str(attributes.get(NAME_PATH[key.type]) or key.id)


async def waiting(services: Services, job: Job, key: Key, young: float | None) -> Waiting:
    """What work on the principal waits for."""
    held = await job.held.held.get(str(key))
    last = await last_cycle(job)
    shut = await job.quarantine.get()
    stop = await job.orders.stop()
    return Waiting(
        off=services.settings.provisioning_status != "on",
        stopped=None if stop is None else stopped_by(stop),
        held=None if held is None else HeldBack(held.reason, held.since),
        escrow=tuple(await job.escrow.of(key)),
        items=tuple(await job.work.of(key)),
        young=young,
        cycle=Refusal(last.error_code or "", last.error or "", last.remedy or "")
        if last is not None and last.status is CycleStatus.FAILED
        else None,
        quarantine=None if shut is None else Refusal(shut.error_code, shut.reason, shut.remedy),
    )


def requests(
    target: TargetEncoder,
    mapping: ObjectMapping,
    plans: Sequence[Planned],
    live: TargetObject | None,
) -> tuple[WireRequest, ...]:
    """The plans as HTTP requests, without values that may not be shown."""
    redacted = mapping.rules.redacted
    return tuple(target.encoded(hidden_write(_sent(p.write, live), redacted)) for p in plans)


def _sent(write: Write, live: TargetObject | None) -> Write:
    """The write in the form that is sent: members leave by a PUT of all that the group is."""
    if not isinstance(write, RemoveMembers) or write.form is not MemberRemoval.PUT:
        return write
    gone = set(write.members)
    members = () if live is None else tuple(m for m in live.members or () if m not in gone)
    attributes = {} if live is None else live.attributes
    return ReplaceObject(ObjectType.GROUP, write.id, attributes, members)


def absent_row(job: Job, key: Key) -> Row:
    """The row of a principal that is linked, that the mirror has not, and that Entra has not."""
    now = job.clock.time()
    if key.type is ObjectType.USER:
        user = MirrorUser(
            id=key.id, attributes={}, enabled=False, presence=Presence.GONE, read_at=now
        )
        return job.mirror.users.put(key.id, user)
    group = MirrorGroup(id=key.id, attributes={}, presence=Presence.GONE, read_at=now)
    return job.mirror.groups.put(key.id, group)
