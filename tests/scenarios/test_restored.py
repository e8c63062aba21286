"""Users who come back from the deleted items, and whose members they are is known to nobody: Graph
does not list them while they are deleted, and its members delta does not tell of their return.
"""

from __future__ import annotations

from typing import Any

import pytest

from simulator.entra import Tenant
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import account_named, everybody, group, provisioned, user
from tests.scenarios.test_rebuild import lose_state
from tests.scenarios.world import World


def deleted_member(world: World, name: str) -> str:
    """Somebody in the deleted items, a member of the group that is assigned now."""
    id = world.tenant.add_user(f"{name}@example.com", displayName=name)
    late = world.tenant.add_group("Late", [id, user(world, 1)])
    world.tenant.delete(id)
    world.tenant.assign(late, "User")
    return id


def asked(world: World, part: str, after: int = 0) -> list[Any]:
    """Requests to Graph whose path has that in it."""
    return [r for r in list(world.entra.requests)[after:] if part in r.path]


async def minutes(world: World, count: int) -> None:
    """So many minutes with a cycle every five."""
    for _ in range(count // 5):
        await world.clock.sleep(300)
        await world.cycle()


@pytest.mark.parametrize("nested", ["direct", "transitive"])
def test_who_was_deleted_when_the_state_was_lost_is_switched_on_when_restored(nested: str) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        one = user(world, 0)
        world.tenant.delete(one)
        await minutes(world, 5)
        assert not account_named(world, "user0@example.com").active
        lose_state(world)
        await minutes(world, 10)
        world.tenant.restore(one)
        await minutes(world, 5)
        assert account_named(world, "user0@example.com").active
        assert world.differences() == []

    simulate(story, tenant=everybody(5), NESTED_GROUPS=nested)


@pytest.mark.parametrize("known", [True, False])
def test_a_deleted_member_of_a_newly_assigned_group_joins_when_restored(*, known: bool) -> None:
    """Somebody new to the program, or somebody who is in scope by another group."""

    async def story(world: World) -> None:
        await provisioned(world)
        if known:
            one = user(world, 0)
            world.tenant.delete(one)
            await minutes(world, 5)
            late = world.tenant.add_group("Late", [one, user(world, 1)])
            world.tenant.assign(late, "User")
        else:
            one = deleted_member(world, "stranger")
        await minutes(world, 10)
        world.tenant.restore(one)
        await minutes(world, 5)
        assert world.differences() == []

    simulate(story, tenant=everybody(5))


def test_a_deleted_member_of_a_group_within_joins_when_restored() -> None:
    async def story(world: World) -> None:
        one = world.tenant.add_user("one@example.com", displayName="One")
        inner = world.tenant.add_group("Inner", [one])
        world.tenant.add_member(group(world, "Everybody"), inner)
        world.tenant.delete(one)
        await provisioned(world)
        world.tenant.restore(one)
        await minutes(world, 5)
        assert account_named(world, "one@example.com").active
        assert world.differences() == []

    simulate(story, tenant=everybody(5), NESTED_GROUPS="transitive")


def test_it_costs_nothing_while_nobody_comes_back() -> None:
    """The list of the deleted items is read with the first cycle, and once more when replicas have
    settled; strangers who change, are deleted or are deleted for good cause no question; those who
    come back together cause one, and another one when replicas have settled.
    """

    async def story(world: World) -> None:
        strangers = [
            world.tenant.add_user(f"stranger{n}@example.com", displayName="S") for n in range(4)
        ]
        world.tenant.delete(strangers[0])
        await provisioned(world)
        assert len(asked(world, "deletedItems")) == 2
        before = len(world.entra.requests)
        await minutes(world, 5)
        usual = [(r.method, r.path) for r in list(world.entra.requests)[before:]]
        for change in (
            lambda: world.tenant.update_user(strangers[1], department="IT"),
            lambda: world.tenant.delete(strangers[2]),
            lambda: world.tenant.delete(strangers[3]),
            lambda: world.tenant.purge(strangers[3]),
        ):
            change()
            before = len(world.entra.requests)
            await minutes(world, 5)
            assert [(r.method, r.path) for r in list(world.entra.requests)[before:]] == usual
        before = len(world.entra.requests)
        world.tenant.restore(strangers[0])
        world.tenant.restore(strangers[2])
        await minutes(world, 5)
        await minutes(world, 15)
        assert len(asked(world, "$batch", before)) == 2
        assert await world.services().job().mirror.user(strangers[0]) is None
        assert world.differences() == []

    simulate(story, tenant=everybody(5))


def test_a_replica_that_lags_is_asked_again() -> None:
    """The users delta is ahead of what the plain reads show."""

    async def story(world: World) -> None:
        await provisioned(world)
        one = deleted_member(world, "stranger")
        await minutes(world, 10)
        world.tenant.restore(one)
        world.set_entra(replication_lag=100.0)
        await world.clock.sleep(5)
        await world.cycle()
        assert account_named(world, "stranger@example.com") is None
        world.set_entra(replication_lag=0.0)
        await minutes(world, 5)
        assert account_named(world, "stranger@example.com").active
        assert world.differences() == []

    simulate(story, tenant=everybody(5))


def test_a_deletion_and_a_return_between_two_cycles_change_nothing() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.delete(user(world, 0))
        world.tenant.restore(user(world, 0))
        await minutes(world, 10)
        assert world.writes() == []
        assert world.differences() == []

    simulate(story, tenant=everybody(5))


def test_everybody_in_scope_of_the_whole_tenant_is_in_the_groups_again() -> None:
    def tenant() -> Tenant:
        made = everybody(5)()
        one = made.add_user("one@example.com", displayName="One")
        made.add_group("Others", [one])
        made.delete(one)
        return made

    async def story(world: World) -> None:
        await world.cycle()
        await minutes(world, 10)
        (one,) = world.tenant.ids_named("one@example.com", "user")
        world.tenant.restore(one)
        await minutes(world, 5)
        found = world.zscloud.groups.by_display_name("Others")
        assert world.zscloud.members(found) == ("one@example.com",)

    simulate(story, tenant=tenant, PROVISIONING_SCOPE="all")


@pytest.mark.parametrize("way", ["poll", "call"])
def test_who_is_seen_before_the_feed_tells_stays_in_the_groups(way: str) -> None:
    """By a new assignment, or by a call: the account is linked again, and its memberships are not
    taken for those of a stranger.
    """

    async def story(world: World) -> None:
        one = user(world, 0)
        world.tenant.assign(one, "User")
        await provisioned(world)
        world.tenant.delete(one)
        await minutes(world, 5)
        lose_state(world)
        await minutes(world, 10)
        world.tenant.restore(one)
        world.set_entra(delta_lag=400.0)
        world.forget_requests()
        if way == "call":
            await world.on_demand(one)
        else:
            await world.clock.sleep(5)
            await world.cycle()
        account = account_named(world, "user0@example.com")
        assert account.active
        assert account.id in world.zscloud.groups.by_display_name("Everybody").members
        assert not any("remove" in str(r.body) for r in world.writes())
        await minutes(world, 10)
        assert world.differences() == []

    simulate(story, tenant=everybody(5))
