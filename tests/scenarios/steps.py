"""The tenants that stories begin with, and the steps that they share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from provisioning.record import CycleStatus
from simulator.entra import Tenant
from tests.scenarios.world import World

SETTLE = 200.0
"""Seconds after which nothing that happened is young any more."""

DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
"""The app role of assignments without one."""

# --- tenants -----------------------------------------------------------------------------------


def office() -> Tenant:
    """Ten people: seven by two assigned groups, two directly, one outside."""
    tenant = Tenant.empty()
    people = [
        tenant.add_user(f"user{n}@example.com", displayName=f"User {n}", department="Sales")
        for n in range(10)
    ]
    sales = tenant.add_group("Sales", people[:5])
    both = tenant.add_group("Both", people[3:7])
    for id in (sales, both, people[7], people[8]):
        tenant.assign(id, "User")
    return tenant


def nested() -> Tenant:
    """An assigned group, with a group within, that contains the first one again."""
    tenant = Tenant.empty()
    people = [
        tenant.add_user(f"user{n}@example.com", displayName=f"User {n}", department="Sales")
        for n in range(4)
    ]
    inner = tenant.add_group("Inner", people[2:])
    outer = tenant.add_group("Outer", [*people[:2], inner])
    tenant.add_member(inner, outer)
    tenant.assign(outer, "User")
    return tenant


def default_access_only() -> Tenant:
    """Three people whose only assignment has the Default Access role."""
    tenant = Tenant.empty()
    for n in range(3):
        id = tenant.add_user(f"user{n}@example.com", displayName=f"User {n}")
        tenant.assign(id, DEFAULT_ACCESS)
    return tenant


def everybody(count: int) -> Callable[[], Tenant]:
    """One assigned group of so many people."""

    def tenant() -> Tenant:
        made = Tenant.empty()
        people = [
            made.add_user(f"user{n}@example.com", displayName=f"User {n}") for n in range(count)
        ]
        made.assign(made.add_group("Everybody", people), "User")
        return made

    return tenant


# --- what the stories share --------------------------------------------------------------------


def user(world: World, number: int) -> str:
    """The id of a person of the office."""
    ids = world.tenant.ids_named(f"user{number}@example.com", "user")
    assert len(ids) == 1
    return ids[0]


def group(world: World, name: str) -> str:
    """The id of a group."""
    (id,) = world.tenant.ids_named(name, "group")
    return id


def account(world: World, number: int) -> Any:
    """The account of a person."""
    return account_named(world, f"user{number}@example.com")


def account_named(world: World, user_name: str) -> Any:
    """The account of that userName."""
    return world.zscloud.users.by_user_name(user_name)


def group_object(world: World, name: str) -> Any:
    """The group of that name in ZSCloud."""
    return world.zscloud.groups.by_display_name(name)


async def provisioned(world: World) -> None:
    """The initial cycle, and a while after it, so that nothing is young."""
    record = await world.cycle()
    assert record.status is CycleStatus.COMPLETED, record
    assert world.differences() == []
    await world.clock.sleep(SETTLE)
    settled = await world.cycle()
    assert settled.counts.writes == 0
    world.forget_requests()


async def changed(world: World) -> list[dict[str, Any]]:
    """A cycle after a change: all is right, nothing was refused, and the log of that cycle."""
    record = await world.cycle()
    assert record.status is CycleStatus.COMPLETED, record
    assert world.differences() == []
    assert world.zscloud.violations == []
    again = await world.cycle()
    assert again.counts.writes == 0
    return await world.logs(cycle=record.cycle_id)


CHANGES = ("attribute", "disable", "delete", "leave", "join")
"""What can happen to a person of the office."""


def change_user(world: World, change: str) -> None:
    """Makes one of the ``CHANGES``: of the second person or, to join, of the one outside."""
    one, sales = user(world, 1), group(world, "Sales")
    match change:
        case "attribute":
            world.tenant.update_user(one, department="Legal")
        case "disable":
            world.tenant.disable(one)
        case "delete":
            world.tenant.delete(one)
        case "leave":
            world.tenant.remove_member(sales, one)
        case "join":
            world.tenant.add_member(sales, user(world, 9))


def assigned(world: World, count: int) -> list[str]:
    """So many more people, each assigned directly; their ids."""
    people = [
        world.tenant.add_user(f"extra{number}@example.com", displayName="X")
        for number in range(count)
    ]
    for id in people:
        world.tenant.assign(id, "User")
    return people
