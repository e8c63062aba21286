"""A replica that is behind shows what was before a change that the feeds have told of already.

Such a read is believed, as every change is, and what it was about is read once more when no
replica can be behind any more.
"""

from __future__ import annotations

import msgspec
import pytest

from provisioning.record import CycleStatus
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import account, group_object, office, provisioned, user
from tests.scenarios.test_manager import schema, team
from tests.scenarios.world import World

LAG = 45.0


async def with_a_new_group(world: World) -> str:
    """A group with one member is assigned; the read that began its feed is due once more."""
    await provisioned(world)
    return await assigned_anew(world, "New")


async def assigned_anew(world: World, name: str) -> str:
    """The same, later on."""
    new = world.tenant.add_group(name, [user(world, 9)])
    world.tenant.assign(new, "User")
    await world.cycle()
    await world.clock.sleep(130)
    return new


async def told_then_put_back(world: World) -> None:
    """A cycle in which the feeds tell of a change, and a replica then shows what was before."""
    await world.clock.sleep(10)
    world.set_entra(replication_lag=LAG, delta_lag=-LAG)
    await world.cycle()
    world.set_entra(replication_lag=0.0, delta_lag=0.0)


async def next_cycles(world: World) -> None:
    """The cycles of the next ten minutes."""
    for _ in range(2):
        await world.clock.sleep(300)
        record = await world.cycle()
    assert record.status is CycleStatus.COMPLETED, record


async def rereads(world: World) -> list[str]:
    """The keys that are to be read once more."""
    job = world.services().settings.job
    rows = await world.store.scan(f"{job}:reread")
    return [msgspec.json.decode(value, type=str) for _, value in rows]


@pytest.mark.parametrize("department", ["Legal", None])
def test_the_values_of_before_do_not_stay(department: str | None) -> None:
    async def story(world: World) -> None:
        await with_a_new_group(world)
        world.tenant.update_user(user(world, 9), department=department)
        await told_then_put_back(world)
        await next_cycles(world)
        assert world.differences() == []

    simulate(story, tenant=office)


def test_a_value_that_was_missing_before_does_not_go_again() -> None:
    async def story(world: World) -> None:
        await with_a_new_group(world)
        world.tenant.update_user(user(world, 9), department=None)
        await world.cycle()
        await world.clock.sleep(300)
        await assigned_anew(world, "Late")
        world.tenant.update_user(user(world, 9), department="Legal")
        await told_then_put_back(world)
        await next_cycles(world)
        assert world.differences() == []

    simulate(story, tenant=office)


def test_who_was_disabled_before_and_is_enabled_does_not_stay_disabled() -> None:
    async def story(world: World) -> None:
        await with_a_new_group(world)
        world.tenant.disable(user(world, 9))
        await world.cycle()
        await world.clock.sleep(300)
        await assigned_anew(world, "Late")
        world.tenant.enable(user(world, 9))
        await told_then_put_back(world)
        await next_cycles(world)
        assert world.differences() == []

    simulate(story, tenant=office)


def test_a_group_does_not_keep_the_name_of_before() -> None:
    async def story(world: World) -> None:
        new = await with_a_new_group(world)
        world.tenant.update_group(new, displayName="Newer")
        await told_then_put_back(world)
        await next_cycles(world)
        assert world.differences() == []

    simulate(story, tenant=office)


def test_a_group_that_is_deleted_is_judged_as_deleted() -> None:
    """Not as one that is unassigned, whose object would be left as it is."""

    async def story(world: World) -> None:
        new = await with_a_new_group(world)
        world.tenant.delete_group(new)
        await told_then_put_back(world)
        await next_cycles(world)
        assert group_object(world, "New") is None

    rules = {"ON_GROUP_DELETE": "delete", "ON_GROUP_UNASSIGN": "none", "DELETE_AFTER_DAYS": "0"}
    simulate(story, tenant=office, **rules)


def test_a_change_that_is_told_twice_within_two_minutes_is_carried_out_each_time() -> None:
    """Nothing waits until replicas have settled."""

    async def story(world: World) -> None:
        await with_a_new_group(world)
        world.tenant.update_user(user(world, 9), department="Legal")
        await world.cycle()
        assert account(world, 9).department == "Legal"
        await world.clock.sleep(60)
        world.tenant.update_user(user(world, 9), department="IT")
        await world.cycle()
        assert account(world, 9).department == "IT"
        assert await rereads(world) == []

    simulate(story, tenant=office)


def test_it_is_read_once_more_and_then_no_more() -> None:
    """It ends, and it costs one request for all of them."""

    async def story(world: World) -> None:
        await with_a_new_group(world)
        world.tenant.update_user(user(world, 9), department="Legal")
        await told_then_put_back(world)
        assert await rereads(world) == [f"user/{user(world, 9)}"]
        await world.clock.sleep(300)
        await world.cycle()
        assert await rereads(world) == []
        before = len(world.entra.requests)
        await world.clock.sleep(300)
        await world.cycle()
        quiet = _paths(world, before)
        before = len(world.entra.requests)
        await world.clock.sleep(300)
        await world.cycle()
        assert _paths(world, before) == quiet

    simulate(story, tenant=office)


def _paths(world: World, since: int) -> list[str]:
    return sorted(f"{each.method} {each.path}" for each in world.entra.requests[since:])


@pytest.mark.parametrize("with_managers", [False, True])
def test_reads_that_agree_are_not_repeated(*, with_managers: bool) -> None:
    """People in several groups, and whom they report to, which lists of members do not say."""

    async def story(world: World) -> None:
        first = await world.cycle()
        assert first.status is CycleStatus.COMPLETED
        assert await rereads(world) == []
        await world.clock.sleep(20)
        everybody = sorted(world.tenant.users.current())
        world.tenant.assign(world.tenant.add_group("More", everybody), "User")
        world.tenant.update_user(everybody[0], department="Legal", displayName="Somebody")
        for _ in range(3):
            await world.cycle()
            assert await rereads(world) == []
            await world.clock.sleep(70)
        assert world.differences() == []

    if with_managers:
        simulate(story, tenant=team(), schema=schema())
    else:
        simulate(story, tenant=office)
