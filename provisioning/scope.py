"""Who is in scope, and why. Pure: assignments, memberships, filters in, a decision out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from provisioning.model import DEFAULT_ACCESS, AppRole, EntraId, MirrorGroup, MirrorUser, Presence
from provisioning.scoping import Context, FilterVerdict, ScopingFilter
from provisioning.source_attributes import source_row


class Reason(StrEnum):
    """Stable codes of why a principal is, or is not, to be provisioned."""

    ASSIGNED = "Assigned"
    ASSIGNED_BY_GROUP = "AssignedByGroup"
    ALL_IN_SCOPE = "AllInScope"
    DISABLED = "AccountDisabled"
    SOFT_DELETED = "SoftDeleted"
    DELETED = "Deleted"
    DEFAULT_ACCESS_ONLY = "DefaultAccessOnly"
    UNASSIGNED = "Unassigned"
    GROUP_UNASSIGNED = "GroupUnassigned"
    GROUP_DELETED = "GroupDeleted"
    OUT_OF_FILTER = "OutOfFilter"
    GROUP_OUT_OF_FILTER = "GroupOutOfFilter"
    FILTER_UNDECIDED = "FilterUndecided"


_FILTER = (
    "Nothing, if that is meant; else correct the attribute in Entra, or the filter in the file of "
    "PROVISIONING_SCHEMA."
)
_ASSIGN = "Nothing, if that is meant; else assign {} to the enterprise application in Entra{}."

_REMEDIES: Mapping[Reason, str] = {
    Reason.DISABLED: "Enable the account in Entra; a disabled account has no access.",
    Reason.SOFT_DELETED: "Restore the user in Entra, if they are to have access.",
    Reason.DEFAULT_ACCESS_ONLY: "Choose an app role in the assignment, or set "
    "DEFAULT_ACCESS=include.",
    Reason.UNASSIGNED: _ASSIGN.format("the user, or a group that the user is a member of,", ""),
    Reason.GROUP_UNASSIGNED: _ASSIGN.format("the group", ""),
    Reason.OUT_OF_FILTER: _FILTER,
    Reason.GROUP_OUT_OF_FILTER: _FILTER,
    Reason.FILTER_UNDECIDED: "Correct the clause that is named, in the file of "
    "PROVISIONING_SCHEMA. Nothing of it is changed meanwhile.",
}


class ScopePolicy(msgspec.Struct, frozen=True):
    """The settings that scope depends on: ``PROVISIONING_SCOPE``, ``NESTED_GROUPS``,
    ``DEFAULT_ACCESS``.
    """

    everyone: bool = False
    transitive: bool = False
    default_access: bool = False

    def entitles(self, roles: Mapping[str, str]) -> bool:
        """Whether one of the assignments counts. The ZSCloud tutorial leaves Default Access out."""
        return any(self.default_access or role != DEFAULT_ACCESS for role in roles.values())


class Verdict(msgspec.Struct, frozen=True):
    """The decision for one principal. ``assigned``: something brings it in, be it that a filter
    leaves it out then; ``active``: it is to have access. ``sentence`` says why, for people.
    ``filter`` are the details of a filter that did not let it pass. ``at`` is when it was judged,
    in epoch seconds: what waits for its time is measured by it.
    """

    assigned: bool
    active: bool
    reason: Reason
    sentence: str
    filter: FilterVerdict | None = None
    at: float = 0.0

    @property
    def undecided(self) -> bool:
        """Whether nothing can be said of the principal: nothing of it may change."""
        return self.reason is Reason.FILTER_UNDECIDED

    @property
    def remedy(self) -> str | None:
        """What somebody can do, if the principal is to have access."""
        return None if self.active else _REMEDIES.get(self.reason)

    @property
    def left_out(self) -> bool:
        """Whether a filter takes out of scope what an assignment brings in."""
        return self.reason in (Reason.OUT_OF_FILTER, Reason.GROUP_OUT_OF_FILTER)


class GroupGraph:
    """The watched groups as a graph, held in memory: who is assigned, and who contains whom."""

    def __init__(
        self,
        groups: Collection[MirrorGroup],
        policy: ScopePolicy,
        app_roles: Collection[AppRole] = (),
    ) -> None:
        self.policy = policy
        self._app_roles = sorted(app_roles, key=lambda role: (role.value or "", role.id))
        self._groups = {group.id: group for group in groups}
        self._names: frozenset[str] | None = None
        self._paths: dict[EntraId, tuple[EntraId, ...] | None] = {}

    def ids(self) -> Collection[EntraId]:
        """All watched groups."""
        return self._groups.keys()

    def roles(self, id: EntraId) -> Mapping[str, str]:
        """The assignments of a watched group."""
        return self._groups[id].roles

    def name(self, id: EntraId) -> str:
        """Display name of a watched group, or its id."""
        group = self._groups.get(id)
        return str((group and group.attributes.get("displayName")) or id)

    def context(self, ids: Collection[EntraId], named: Collection[str], now: float) -> Context:
        """What a filter may know of a principal that is directly in the groups ``ids``.

        ``named`` are the groups that the filter asks for. With nesting, who is in a group is in
        those around it as well; a deleted group has nobody in it. A group whose members were not
        read to the end yet is not known.
        """
        if not named:
            return Context(now)
        if self._names is None:
            known = (id for id, group in self._groups.items() if self._is_known(group))
            self._names = frozenset(each for id in known for each in self.names(id))
        inside = {each for id in self.around(ids) for each in self.names(id)}
        wanted = frozenset(each.casefold() for each in named)
        return Context(now, frozenset(inside), wanted - self._names)

    def _is_known(self, group: MirrorGroup) -> bool:
        """Whether it is known who is in the group. With everybody in scope a new one comes with
        all its members, and in a deleted one is nobody.
        """
        everybody = self.policy.everyone or group.presence is not Presence.PRESENT
        return everybody or bool(group.members_read_at)

    def names(self, id: EntraId) -> tuple[str, str]:
        """What a filter may call a group: its object id or display name, without regard to case."""
        return (id.casefold(), self.name(id).casefold())

    def around(self, ids: Collection[EntraId]) -> set[EntraId]:
        """The groups that exist, and (with nesting) those that they are within."""
        found: set[EntraId] = set()
        queue = list(ids)
        while queue:
            id = queue.pop()
            group = self._groups.get(id)
            if id in found or group is None or group.presence is not Presence.PRESENT:
                continue
            found.add(id)
            if self.policy.transitive:
                queue.extend(group.parents)
        return found

    def brings_in(self, id: EntraId) -> bool:
        """Whether the group itself is assigned with a role that counts, and exists."""
        group = self._groups.get(id)
        if group is None or group.presence is not Presence.PRESENT:
            return False
        return self.policy.everyone or self.policy.entitles(group.roles)

    def path(self, id: EntraId) -> tuple[EntraId, ...] | None:
        """The shortest way from the group up to one that is assigned; loops are no matter."""
        if id not in self._paths:
            self._paths[id] = self._search(id)
        return self._paths[id]

    def assigned_roles(self, user: MirrorUser) -> tuple[AppRole, ...]:
        """The app roles that bring the user in, also those of its groups: those known here, that
        count and are enabled, in the order of their values.
        """
        held = set(user.roles.values())
        for group in self.assigned_ancestors(user.groups):
            held.update(self._groups[group].roles.values())
        return tuple(role for role in self._app_roles if role.id in held and role.enabled)

    def ways(self, ids: Collection[EntraId]) -> list[tuple[EntraId, ...]]:
        """The shortest way from one of the groups up to each that has assignments of its own."""
        ways: list[tuple[EntraId, ...]] = [(id,) for id in ids if id in self._groups]
        seen = set(ids)
        for way in ways:
            for parent in self._parents(way[-1]) if self.policy.transitive else ():
                if parent in self._groups and parent not in seen:
                    seen.add(parent)
                    ways.append((*way, parent))
        return [way for way in ways if self._groups[way[-1]].roles]

    def assigned_ancestors(self, ids: Collection[EntraId]) -> set[EntraId]:
        """The assigned groups that members of ``ids`` belong to."""
        found: set[EntraId] = set()
        seen: set[EntraId] = set()
        queue = list(ids)
        while queue:
            id = queue.pop()
            if id in seen:
                continue
            seen.add(id)
            if self.brings_in(id):
                found.add(id)
            if self.policy.transitive:
                queue.extend(self._parents(id))
        return found

    def _parents(self, id: EntraId) -> tuple[EntraId, ...]:
        """The groups that contain it. A deleted group passes nobody on."""
        group = self._groups.get(id)
        if group is None or group.presence is not Presence.PRESENT:
            return ()
        return group.parents

    def _search(self, start: EntraId) -> tuple[EntraId, ...] | None:
        ways: list[tuple[EntraId, ...]] = [(start,)]
        seen = {start}
        for way in ways:
            if self.brings_in(way[-1]):
                return way
            if not self.policy.transitive:
                continue
            for parent in self._parents(way[-1]):
                if parent not in seen:
                    seen.add(parent)
                    ways.append((*way, parent))
        return None


def judge_user(
    user: MirrorUser, graph: GroupGraph, filter: ScopingFilter | None = None, now: float = 0.0
) -> Verdict:
    """Whether a user is to have access.

    A disabled or soft-deleted user is not (Entra: the computed ``IsSoftDeleted``). Deletion counts
    before assignment, assignment before the account's state, and the scoping filter last: it is
    asked only of those who would have access, so that it never keeps anybody's.
    """
    return msgspec.structs.replace(_judge_user(user, graph, filter, now), at=now)


def _judge_user(
    user: MirrorUser, graph: GroupGraph, filter: ScopingFilter | None, now: float
) -> Verdict:
    assigned, reason, sentence = _what_brings_in(user, graph)
    if user.presence is Presence.GONE:
        return Verdict(False, False, Reason.DELETED, "The user was deleted in Entra.")
    if user.presence is Presence.SOFT_DELETED:
        return Verdict(assigned, False, Reason.SOFT_DELETED, "The user was deleted in Entra.")
    if not assigned:
        return Verdict(False, False, reason, sentence)
    if not user.enabled:
        return Verdict(True, False, Reason.DISABLED, "The account is disabled in Entra.")
    verdict = Verdict(True, True, reason, sentence)
    if filter is None:
        return verdict
    row, context = _asked(user, graph, filter, now)
    return _filtered(verdict, filter, row, context, Reason.OUT_OF_FILTER)


def filter_verdict(
    row: MirrorUser | MirrorGroup, graph: GroupGraph, filter: ScopingFilter, now: float
) -> FilterVerdict:
    """What the filter says of a principal, clause by clause, whether or not it counts."""
    return filter.explain(*_asked(row, graph, filter, now))


def _asked(
    row: MirrorUser | MirrorGroup, graph: GroupGraph, filter: ScopingFilter, now: float
) -> tuple[Mapping[str, Any], Context]:
    """What a filter is asked about: the attributes, and the groups that it names."""
    if isinstance(row, MirrorGroup):
        return source_row(row.id, row.attributes), Context(now)
    attributes = source_row(row.id, row.attributes, accountEnabled=row.enabled)
    return attributes, graph.context(row.groups, filter.groups, now)


def _what_brings_in(user: MirrorUser, graph: GroupGraph) -> tuple[bool, Reason, str]:
    if graph.policy.everyone:
        return True, Reason.ALL_IN_SCOPE, "All users are in scope."
    if graph.policy.entitles(user.roles):
        return True, Reason.ASSIGNED, "Assigned directly to the application."
    ways = [way for group in user.groups if (way := graph.path(group)) is not None]
    if ways:
        way = min(ways, key=lambda ids: (len(ids), ids))
        names = " in ".join(f"'{graph.name(id)}'" for id in way)
        return True, Reason.ASSIGNED_BY_GROUP, f"Member of the assigned group {names}."
    if user.roles:
        return (
            False,
            Reason.DEFAULT_ACCESS_ONLY,
            "Assigned with Default Access only, which DEFAULT_ACCESS=exclude leaves out.",
        )
    return False, Reason.UNASSIGNED, "No assignment of the application brings the user in."


def judge_group(
    group: MirrorGroup, graph: GroupGraph, filter: ScopingFilter | None = None, now: float = 0.0
) -> Verdict:
    """Whether a group is to exist in ZSCloud: only if it is assigned itself, and its filter
    lets it pass.

    Whom a group brings in is not asked here: users have a filter of their own, and each object is
    judged by itself (Entra: scoping filters).
    """
    verdict = msgspec.structs.replace(_judge_assigned(group, graph), at=now)
    if filter is None or not verdict.active:
        return verdict
    row, context = _asked(group, graph, filter, now)
    return _filtered(verdict, filter, row, context, Reason.GROUP_OUT_OF_FILTER)


def _filtered(
    verdict: Verdict, filter: ScopingFilter, row: Mapping[str, Any], context: Context, out: Reason
) -> Verdict:
    """What the filter leaves of the verdict of who would have access."""
    if filter.passes(row, context):
        return verdict
    found = filter.explain(row, context)
    if found.undecided:
        sentence = f"The scoping filter cannot be decided: {found.sentence}."
        return Verdict(True, False, Reason.FILTER_UNDECIDED, sentence, found, verdict.at)
    sentence = f"The scoping filter leaves it out: {found.sentence}."
    return Verdict(True, False, out, sentence, found, verdict.at)


def _judge_assigned(group: MirrorGroup, graph: GroupGraph) -> Verdict:
    if group.presence is not Presence.PRESENT:
        return Verdict(False, False, Reason.GROUP_DELETED, "The group was deleted in Entra.")
    if graph.policy.everyone:
        return Verdict(True, True, Reason.ALL_IN_SCOPE, "All groups are in scope.")
    if graph.policy.entitles(group.roles):
        return Verdict(True, True, Reason.ASSIGNED, "Assigned directly to the application.")
    if group.roles:
        return Verdict(
            False,
            False,
            Reason.DEFAULT_ACCESS_ONLY,
            "Assigned with Default Access only, which DEFAULT_ACCESS=exclude leaves out.",
        )
    return Verdict(
        False, False, Reason.GROUP_UNASSIGNED, "The group is not assigned to the application."
    )
