"""The watched groups as a graph: who brings whom in, by which way."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from provisioning.model import DEFAULT_ACCESS, AppRole, EntraId, MirrorGroup, MirrorUser, Presence
from provisioning.scoping import Context


class ScopePolicy(msgspec.Struct, frozen=True):
    """The settings that scope depends on: ``PROVISIONING_SCOPE``, ``NESTED_GROUPS``,
    ``DEFAULT_ACCESS``.
    """

    everyone: bool = False
    transitive: bool = False
    default_access: bool = False

    @property
    def words(self) -> str:
        """What differs from the defaults, in a fixed order; empty if nothing does."""
        given = {
            "all": self.everyone,
            "transitive": self.transitive,
            "default access": self.default_access,
        }
        return ", ".join(word for word, holds in given.items() if holds)

    def entitles(self, roles: Mapping[str, str]) -> bool:
        """Whether one of the assignments counts. The ZSCloud tutorial leaves Default Access out."""
        return any(self.default_access or role != DEFAULT_ACCESS for role in roles.values())


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

    def __eq__(self, other: object) -> bool:
        """Whether everything is decided the same by both."""
        return isinstance(other, GroupGraph) and (
            (self._groups, self.policy, self._app_roles)
            == (other._groups, other.policy, other._app_roles)
        )

    __hash__ = None  # type: ignore[assignment]

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
