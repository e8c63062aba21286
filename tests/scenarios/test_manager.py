"""Whom somebody reports to: written once both have an account, and put right by itself later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from provisioning.mapping import CompiledSchema
from provisioning.notifications.message import HintMessage
from provisioning.operations.hints import take_in
from provisioning.operations.on_demand import provision_on_demand
from provisioning.record import CycleStatus
from simulator.entra import Tenant
from tests.mapping.schemas import compiled, expression, object_mapping
from tests.scenarios.pump import deliver
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import SETTLE, account, account_named, group, user
from tests.scenarios.world import World

MANAGER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"


def schema() -> CompiledSchema:
    """The shipped mapping of users with their managers."""

    def change(export: dict[str, Any]) -> None:
        source, target = (each["objects"][0]["attributes"] for each in export["directories"])
        source.append({"name": "manager", "type": "Reference"})
        target.append({"name": MANAGER, "type": "Reference"})
        flow = {
            "targetAttributeName": MANAGER,
            "source": expression("[manager]", "Attribute"),
            "whenEmpty": "clear",
        }
        object_mapping(export)["attributeMappings"].append(flow)

    with TemporaryDirectory() as folder:
        return compiled(Path(folder), change)


def team(
    *, assigned: tuple[int, ...] = (0, 1, 2), by_group: bool = True, size: int = 3
) -> Callable[[], Tenant]:
    """People who report to the first, and who of them is assigned."""

    def made() -> Tenant:
        tenant = Tenant.empty()
        people = [
            tenant.add_user(f"user{n}@example.com", displayName=f"User {n}") for n in range(size)
        ]
        for one in people[1:]:
            tenant.update_user(one, manager=people[0])
        some = [people[number] for number in assigned]
        if by_group:
            tenant.assign(tenant.add_group("Team", some), "User")
        else:
            for one in some:
                tenant.assign(one, "User")
        return tenant

    return made


def manager(world: World, number: int) -> Any:
    """The id in ZSCloud of whom somebody reports to there."""
    found = account(world, number).document.get(MANAGER.rpartition(":")[0], {}).get("manager")
    return found and found["value"]


async def settled(world: World) -> None:
    """A cycle later there is nothing left to do."""
    await world.clock.sleep(SETTLE)
    assert (await world.cycle()).counts.writes == 0


@pytest.mark.parametrize("by_group", [True, False])
def test_reports_name_the_account_of_their_manager(by_group: bool) -> None:
    async def story(world: World) -> None:
        await world.cycle()
        boss = account(world, 0).id
        assert [manager(world, number) for number in range(3)] == [None, boss, boss]
        await settled(world)

    simulate(story, tenant=team(by_group=by_group), schema=schema())


def test_a_manager_who_comes_later_is_written_then() -> None:
    """Where Entra leaves it for ever: the manager was out of scope on the first day."""

    async def story(world: World) -> None:
        await world.cycle()
        assert [manager(world, number) for number in (1, 2)] == [None, None]
        await settled(world)
        world.tenant.assign(user(world, 0), "User")
        record = await world.cycle()
        boss = account(world, 0).id
        assert [manager(world, number) for number in (1, 2)] == [boss, boss]
        assert record.counts.updated == 2
        await settled(world)

    simulate(story, tenant=team(assigned=(1, 2)), schema=schema())


@pytest.mark.parametrize("is_new", [False, True])
def test_a_manager_who_comes_later_is_written_to_who_was_named_on_demand(is_new: bool) -> None:
    async def story(world: World) -> None:
        await world.cycle()
        await settled(world)
        boss = world.tenant.add_user("boss@example.com", displayName="Boss")
        number = 3 if is_new else 1
        if is_new:
            world.tenant.assign(world.tenant.add_user("user3@example.com", displayName="New"))
        world.tenant.update_user(user(world, number), manager=boss)
        await world.on_demand(f"user{number}@example.com")
        world.tenant.assign(boss, "User")
        await world.cycle()
        assert manager(world, number) == account_named(world, "boss@example.com").id
        await settled(world)

    simulate(story, tenant=team(), schema=schema())


def test_a_change_is_followed_and_an_end_clears_it() -> None:
    async def story(world: World) -> None:
        await world.cycle()
        await settled(world)
        world.tenant.update_user(user(world, 1), manager=user(world, 2))
        await world.cycle()
        assert manager(world, 1) == account(world, 2).id
        world.tenant.update_user(user(world, 1), manager=None)
        record = await world.cycle()
        assert (manager(world, 1), record.counts.updated) == (None, 1)
        await settled(world)

    simulate(story, tenant=team(), schema=schema())


def test_a_hint_brings_it_at_once() -> None:
    async def story(world: World) -> None:
        await world.cycle()
        await settled(world)
        services = world.services()
        world.tenant.update_user(user(world, 1), manager=user(world, 2))
        message = HintMessage(told=world.clock.time(), users={user(world, 1): 0})
        assert await take_in(services, message) == 1
        assert manager(world, 1) == account(world, 2).id
        await deliver(world, services, 300.0)
        assert manager(world, 1) == account(world, 2).id

    simulate(story, tenant=team(), schema=schema(), rate=5)


def test_reports_who_wait_for_a_manager_leave_by_the_brake_all_the_same() -> None:
    """The manager comes on demand; those who left meanwhile were held, and stay so."""

    async def story(world: World) -> None:
        people = [user(world, number) for number in range(1, 12)]
        await world.cycle()
        for one in people[:8]:
            world.tenant.remove_member(group(world, "Team"), one)
        await world.clock.sleep(SETTLE)
        record = await world.cycle()
        assert record.status is CycleStatus.HELD
        world.tenant.assign(user(world, 0), "User")
        await provision_on_demand(world.services(), users=[user(world, 0)])
        await world.cycle()
        assert all(account(world, number).active for number in range(1, 12))
        boss = account(world, 0).id
        assert [manager(world, number) for number in (9, 10, 11)] == [boss] * 3

    everyone = tuple(range(1, 12))
    simulate(story, tenant=team(assigned=everyone, size=12), schema=schema())
