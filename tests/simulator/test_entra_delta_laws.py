"""Who applies every delta row as a state ends with the tenant, whatever the rows look like."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.entra import Tenant, generate
from tests.simulator.entra_caller import Caller, Mirror
from tests.thoroughness import examples

SELECT = {
    "users": "userPrincipalName,displayName,department,accountEnabled,manager",
    "groups": "displayName,description,members",
}
KNOBS = st.fixed_dictionaries(
    {
        "delta_page_size": st.integers(1, 6),
        "delta_members_page": st.integers(1, 12),
        "delta_members_entry": st.integers(1, 6),
        "delta_empty_pages": st.integers(0, 2),
        "delta_replay_share": st.sampled_from([0.0, 0.3, 1.0]),
        "replication_lag": st.sampled_from([0.0, 20.0]),
    }
)
STEP = st.tuples(st.integers(0, 11), st.integers(0, 10_000), st.integers(0, 10_000))


def change(tenant: Tenant, step: tuple[int, int, int]) -> None:
    """One change of the tenant; what Entra would refuse does nothing."""
    action, a, b = step
    users, groups = sorted(tenant.users.current()), sorted(tenant.groups.current())
    user = users[a % len(users)]
    group = groups[b % len(groups)] if groups else ""
    actions: list[Callable[[], Any]] = [
        lambda: tenant.update_user(user, department=f"Department {b % 3}" if b % 4 else None),
        lambda: tenant.update_user(user, manager=users[b % len(users)] if b % 2 else None),
        lambda: (tenant.disable if b % 2 else tenant.enable)(user),
        lambda: tenant.add_user(f"new{a}@example.com", displayName="New"),
        lambda: tenant.delete(user),
        lambda: tenant.restore(user),
        lambda: tenant.purge(user) if len(users) > 3 else None,
        lambda: tenant.add_member(group, user),
        lambda: tenant.remove_member(group, user),
        lambda: tenant.update_group(group, description=f"Text {a % 3}" if a % 4 else None),
        lambda: tenant.delete_group(group, soft=a % 2 == 0),
        lambda: tenant.restore(group) if a % 2 else tenant.add_group(f"G{a}", users[: a % 4]),
    ]
    try:
        actions[action]()
    except (LookupError, ValueError):
        return


def truth(tenant: Tenant) -> Mirror:
    """What a complete mirror holds."""
    mirror = Mirror()
    for user in tenant.users.current().values():
        if user.deleted is None:
            mirror.objects[user.id] = {
                "id": user.id,
                "userPrincipalName": user.user_principal_name,
                "displayName": user.display_name,
                "department": user.department,
                "accountEnabled": user.account_enabled,
                "manager": user.manager_id,
            }
    for group in tenant.groups.current().values():
        if group.deleted is None:
            mirror.objects[group.id] = {
                "id": group.id,
                "displayName": group.display_name,
                "description": group.description,
            }
            mirror.members[group.id] = set(tenant.members[group.id].current())
    return mirror


def differences(mirror: Mirror, wanted: Mirror) -> list[Any]:
    """Where the mirror is wrong; a property that it never heard of is null."""
    found: list[Any] = [set(mirror.objects) ^ set(wanted.objects)]
    for id, properties in wanted.objects.items():
        known = mirror.objects.get(id, {})
        found += [(id, n) for n, value in properties.items() if known.get(n) != value]
        if mirror.members.get(id, set()) != wanted.members.get(id, set()):
            found.append((id, mirror.members.get(id), wanted.members.get(id)))
    return [one for one in found if one]


async def follow(
    seed: int, batches: list[list[tuple[int, int, int]]], knobs: dict[str, Any], *, minimal: bool
) -> None:
    tenant = generate(seed, 8, 6, group_size=4, assigned_users=2)
    caller = Caller(tenant, seed=seed)
    caller.simulator.set(**knobs)
    prefer = {"prefer": "return=minimal"} if minimal else {}
    mirror = Mirror()
    links = {name: f"/{name}/delta?$select={select}" for name, select in SELECT.items()}
    for batch in [[], *batches]:
        for step in batch:
            change(tenant, step)
            caller.clock.now += 1
        for name, link in links.items():
            rows, links[name] = await caller.round(link, **prefer)
            mirror.apply(rows)
    caller.clock.now += 60
    for link in links.values():
        mirror.apply((await caller.round(link, **prefer))[0])
    assert differences(mirror, truth(tenant)) == []
    late = Mirror()
    for name, select in SELECT.items():
        late.apply((await caller.round(f"/{name}/delta?$select={select}", **prefer))[0])
    assert differences(late, truth(tenant)) == []


MANAGER_COMES_AND_GOES = [(3, 0, 0), (6, 0, 0), (1, 2, 3), (6, 0, 0), (6, 23, 0)]
"""A manager who is set and purged within one round, of which a replay shows the middle."""


@settings(max_examples=examples(40, 120), deadline=None)
@example(
    seed=2,
    batches=[MANAGER_COMES_AND_GOES],
    knobs={
        "delta_page_size": 3,
        "delta_members_page": 12,
        "delta_members_entry": 4,
        "delta_empty_pages": 0,
        "delta_replay_share": 1.0,
        "replication_lag": 20.0,
    },
    minimal=False,
)
@given(
    st.integers(0, 5),
    st.lists(st.lists(STEP, max_size=8), max_size=4),
    KNOBS,
    st.booleans(),
)
def test_all_rounds_together_give_the_tenant(
    seed: int,
    batches: list[list[tuple[int, int, int]]],
    knobs: dict[str, Any],
    minimal: bool,
) -> None:
    asyncio.run(follow(seed, batches, knobs, minimal=minimal))
