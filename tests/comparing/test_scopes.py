"""How a principal comes into scope, as the built-in job would see it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from provisioning.comparing import Scope, scope_of
from provisioning.model import DEFAULT_ACCESS, EntraId, MirrorGroup, MirrorUser, Presence
from provisioning.scope import GroupGraph, ScopePolicy

NOW = 1_000.0
MADE = {"old": 100.0, "new": 900.0, "sales": 500.0, "default": 300.0}
ASSIGNED, EXCLUDE = {"sales": "Role"}, ScopePolicy(transitive=True)
INCLUDE = ScopePolicy(transitive=True, default_access=True)


def group(id: str, roles: Mapping[str, str], *parents: str, gone: bool = False) -> MirrorGroup:
    return MirrorGroup(
        id=EntraId(id),
        attributes={},
        presence=Presence.GONE if gone else Presence.PRESENT,
        read_at=0.0,
        roles=dict(roles),
        parents=tuple(map(EntraId, parents)),
    )


GROUPS = (
    group("Sales", ASSIGNED),
    group("Everybody", {"default": DEFAULT_ACCESS}),
    group("Gone", {"old": "Role"}, gone=True),
    group("Inner", {}, "Sales"),
)


@pytest.mark.parametrize(
    ("policy", "roles", "groups", "expected"),
    [
        (EXCLUDE, {"new": "Role"}, "", Scope(assigned_at=900.0, now=NOW)),
        # The oldest counts: a second assignment does not make it a newcomer.
        (EXCLUDE, {"old": "Role", "new": "Other"}, "", Scope(assigned_at=100.0, now=NOW)),
        (EXCLUDE, {"new": "Role"}, "Sales", Scope(assigned_at=500.0, now=NOW)),
        (EXCLUDE, {}, "Sales", Scope(assigned_at=500.0, now=NOW)),
        (EXCLUDE, {"unread": "Role"}, "", Scope(now=NOW)),
        # Default Access beside a role that counts, its own or its group's.
        (INCLUDE, {"default": DEFAULT_ACCESS}, "Sales", Scope(assigned_at=500.0, now=NOW)),
        (INCLUDE, {"new": "Role"}, "Everybody", Scope(assigned_at=900.0, now=NOW)),
        # Nothing else than that.
        (INCLUDE, {"default": DEFAULT_ACCESS}, "", Scope(default_access=True, now=NOW)),
        (INCLUDE, {}, "Everybody Gone", Scope(default_access=True, now=NOW)),
        # A group within an assigned one.
        (EXCLUDE, {}, "Inner", Scope(nested=True, now=NOW)),
        (EXCLUDE, {"default": DEFAULT_ACCESS}, "Inner", Scope(nested=True, now=NOW)),
        (EXCLUDE, {}, "Inner Sales", Scope(assigned_at=500.0, now=NOW)),
        # Everybody is in scope, however that may be.
        (ScopePolicy(everyone=True), {}, "", Scope(now=NOW)),
        (ScopePolicy(everyone=True), {"default": DEFAULT_ACCESS}, "Gone", Scope(now=NOW)),
    ],
)
def test_what_brings_a_user_in(
    policy: ScopePolicy, roles: dict[str, str], groups: str, expected: Scope
) -> None:
    user = MirrorUser(
        id=EntraId("u"),
        attributes={},
        enabled=True,
        read_at=0.0,
        roles=roles,
        groups=tuple(map(EntraId, groups.split())),
    )
    assert scope_of(user, GroupGraph(GROUPS, policy), MADE, NOW) == expected


def test_a_group_comes_in_by_its_own_assignments() -> None:
    sales, everybody, _, _ = GROUPS
    graph = GroupGraph(GROUPS, INCLUDE)
    assert scope_of(sales, graph, MADE, NOW) == Scope(assigned_at=500.0, now=NOW)
    assert scope_of(everybody, graph, MADE, NOW) == Scope(default_access=True, now=NOW)
