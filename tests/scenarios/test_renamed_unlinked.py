"""Who has an account under an older name, and no link: it is found by its externalId."""

from __future__ import annotations

import pytest

from provisioning.forgetting import Scope
from provisioning.operations import restart
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import SETTLE, changed, everybody, group, office, provisioned, user
from tests.scenarios.test_held import ANNA, ask
from tests.scenarios.world import World


async def forget_links(world: World) -> None:
    """A restart, carried out; its cycle has not begun."""
    await ask(world, lambda services: restart.order(services, (Scope.LINKS,), ANNA))
    await ask(world, lambda services: restart.carried_out(services, 60.0))


async def without_links(world: World) -> None:
    """All was provisioned, and nobody remembers who is who."""
    await provisioned(world)
    await forget_links(world)
    world.forget_requests()


def rename(world: World, number: int) -> None:
    """The person has another user name from now on."""
    world.tenant.update_user(user(world, number), userPrincipalName=f"renamed{number}@example.com")


@pytest.mark.parametrize("number", [1, 7])
def test_a_call_before_the_rebuild_finds_the_account(number: int) -> None:
    """The rebuild has no list yet: ZSCloud is asked."""

    async def story(world: World) -> None:
        await without_links(world)
        rename(world, number)
        id = user_named(world, f"renamed{number}@example.com")
        (result,) = await world.on_demand(id)
        assert result["outcome"] == "update"
        assert world.scim("POST") == []
        await world.cycle()
        await changed(world)

    simulate(story, tenant=office)


def test_a_call_before_the_rebuild_finds_the_group() -> None:
    """No filter finds a group by its externalId: the list is read."""

    async def story(world: World) -> None:
        await without_links(world)
        sales = group(world, "Sales")
        world.tenant.update_group(sales, displayName="Selling")
        await world.on_demand(group=sales)
        assert world.scim("POST") == []
        await world.cycle()
        await changed(world)

    simulate(story, tenant=office)


def test_who_comes_back_long_after_the_rebuild_gets_the_old_account() -> None:
    """The list that the rebuild has read tells of it, and no request more is sent for strangers."""

    async def story(world: World) -> None:
        await provisioned(world)
        everyone = group(world, "Everybody")
        world.tenant.remove_member(everyone, user(world, 1))
        await changed(world)
        await forget_links(world)
        await world.cycle()
        await world.clock.sleep(SETTLE)
        world.forget_requests()
        id = user(world, 1)
        rename(world, 1)
        world.tenant.add_member(everyone, id)
        await changed(world)
        assert world.scim("POST") == []
        world.forget_requests()
        new = world.tenant.add_user("new@example.com", displayName="New")
        world.tenant.add_member(everyone, new)
        await changed(world)
        assert [request.method for request in world.scim()] == ["GET", "POST", "PATCH"]

    simulate(story, tenant=everybody(6))


def user_named(world: World, name: str) -> str:
    """The id of whoever has the name now."""
    (id,) = world.tenant.ids_named(name, "user")
    return id
