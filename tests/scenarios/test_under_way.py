"""Entra goes back to what is recorded while the request that leads away from it is under way.

By the record nothing differs then, and the record is about to be another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from tests.scenarios.simulation import simulate
from tests.scenarios.steps import account, group, office, provisioned, user
from tests.scenarios.test_hints import deliver, tell
from tests.scenarios.world import World

Change = Callable[[World], None]


def legal(world: World) -> None:
    world.tenant.update_user(user(world, 1), department="Legal")


def sales(world: World) -> None:
    world.tenant.update_user(user(world, 1), department="Sales")


def disable(world: World) -> None:
    world.tenant.disable(user(world, 1))


def enable(world: World) -> None:
    world.tenant.enable(user(world, 1))


async def there_and_back(
    world: World, there: Change, back: Change, *, groups: Sequence[str] = ()
) -> None:
    """The second change is told of, by the user and by ``groups``, while ZSCloud has not answered
    to the first one.
    """
    world.zscloud.set_faults(latency=10.0)
    there(world)
    cycle = asyncio.create_task(world.cycle())
    while not world.writes():
        await world.clock.sleep(1.0)
    assert not cycle.done()
    back(world)
    await tell(world, world.services(), users=[user(world, 1)], groups=groups)
    await cycle
    world.zscloud.set_faults()
    await deliver(world, world.services(), 200.0)


@pytest.mark.parametrize(
    ("there", "back"),
    [
        pytest.param(legal, sales, id="an attribute"),
        pytest.param(disable, enable, id="a disable"),
    ],
)
def test_what_is_taken_back_is_sent_after_it(there: Change, back: Change) -> None:
    async def story(world: World) -> None:
        sales(world)
        await provisioned(world)
        await there_and_back(world, there, back)
        assert world.differences() == []
        assert len(world.writes()) == 2

    simulate(story, tenant=office)


def test_who_is_disabled_again_while_the_enable_is_under_way_does_not_stay_on() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        disable(world)
        await world.cycle()
        assert not account(world, 1).active
        world.forget_requests()
        await there_and_back(world, enable, disable)
        assert not account(world, 1).active
        assert world.differences() == []

    simulate(story, tenant=office)


def test_who_leaves_while_the_account_is_being_made_does_not_stay_on() -> None:
    async def story(world: World) -> None:
        disable(world)
        await provisioned(world)
        await there_and_back(world, enable, disable)
        assert world.differences() == []
        found = world.zscloud.users.by_user_name("user1@example.com")
        assert found is None or not found.active

    simulate(story, tenant=office)


def test_who_joins_a_group_while_the_account_is_being_made_becomes_a_member() -> None:
    """The group has nobody to add yet, and the account is made by what was known before."""

    def join(world: World) -> None:
        world.tenant.add_member(group(world, "Both"), user(world, 1))

    async def story(world: World) -> None:
        disable(world)
        await provisioned(world)
        await there_and_back(world, enable, join, groups=[group(world, "Both")])
        assert "user1@example.com" in world.zscloud.members("Both")
        assert world.differences() == []

    simulate(story, tenant=office)
