"""Who is in scope: by nested groups, and with the whole tenant."""

from __future__ import annotations

import pytest

from provisioning.record import CycleStatus
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import SETTLE, account, group, nested, office, provisioned, user
from tests.scenarios.world import World


async def later(world: World, cycles: int = 3) -> None:
    """Some cycles, an hour apart."""
    for _ in range(cycles):
        await world.clock.sleep(3600)
        record = await world.cycle()
    assert record.status is CycleStatus.COMPLETED, record


# --- nesting -------------------------------------------------------------------------------------

TRANSITIVE = {"NESTED_GROUPS": "transitive", "DELETION_THRESHOLD_PERCENT": "100"}


def test_a_nested_group_is_taken_out_and_put_in_again() -> None:
    """Who comes in by a nested group goes with it, and comes back with it."""

    async def story(world: World) -> None:
        await provisioned(world)
        inner, outer = group(world, "Inner"), group(world, "Outer")
        world.tenant.remove_member(outer, inner)
        await world.cycle()
        assert world.differences() == []
        assert not account(world, 3).active
        await world.clock.sleep(SETTLE)
        world.tenant.add_member(outer, inner)
        await world.cycle()
        assert world.differences() == []
        assert account(world, 3).active

    simulate(story, tenant=nested, **TRANSITIVE)


def test_a_nested_group_that_is_deleted_takes_its_people_along() -> None:
    """A deleted group brings nobody in, and its people leave the groups that contained it."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.delete_group(group(world, "Inner"))
        await world.cycle()
        await later(world)
        assert not account(world, 3).active
        assert world.differences() == []

    simulate(story, tenant=nested, **TRANSITIVE)


def test_a_nested_group_that_is_soft_deleted_takes_its_people_along() -> None:
    """A group in the deleted items brings nobody in, although it is listed as nested."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.delete_group(group(world, "Inner"), soft=True)
        await world.cycle()
        await later(world)
        assert not account(world, 3).active
        assert world.zscloud.members("Outer") == ("user0@example.com", "user1@example.com")

    simulate(story, tenant=nested, **TRANSITIVE)


def test_a_deep_nest_is_built_one_group_at_a_time() -> None:
    """Members of members of members come in, whichever link of the chain is made last."""

    async def story(world: World) -> None:
        await provisioned(world)
        people = [
            world.tenant.add_user(f"deep{n}@example.com", displayName=f"Deep {n}") for n in range(3)
        ]
        last = world.tenant.add_group("Deep 3", [people[2]])
        middle = world.tenant.add_group("Deep 2", [people[1], last])
        first = world.tenant.add_group("Deep 1", [people[0], middle])
        world.tenant.add_member(group(world, "Inner"), first)
        await world.cycle()
        assert world.differences() == []
        world.tenant.add_member(last, group(world, "Outer"))
        world.tenant.remove_member(first, middle)
        await world.cycle()
        assert world.differences() == []

    simulate(story, tenant=nested, **TRANSITIVE)


def test_a_user_in_a_loop_that_is_cut_off_loses_access() -> None:
    """Two groups that contain each other bring nobody in once neither is assigned any more."""

    async def story(world: World) -> None:
        await provisioned(world)
        other = world.tenant.add_user("other@example.com", displayName="Other")
        world.tenant.assign(other, "User")
        await world.cycle()
        await world.clock.sleep(SETTLE)
        world.tenant.unassign(group(world, "Outer"))
        await world.cycle()
        assert [account(world, n).active for n in range(4)] == [False] * 4
        assert world.differences() == []

    simulate(story, tenant=nested, DELETION_THRESHOLD_COUNT="1000", **TRANSITIVE)


# --- everybody -----------------------------------------------------------------------------------

ALL = {"PROVISIONING_SCOPE": "all", "DELETION_THRESHOLD_PERCENT": "100"}


def check_everybody(world: World) -> None:
    """Every living enabled user has an active account, every group is there with its members."""
    users = {id: u for id, u in world.tenant.users.current().items() if u.deleted is None}
    found = {u.external_id: u for u in world.zscloud.users if u.external_id}
    for id, source in users.items():
        assert id in found, source.user_principal_name
        assert found[id].active == bool(source.account_enabled), source.user_principal_name
    for id, account_ in found.items():
        assert id in users or not account_.active
    for id, source_group in world.tenant.groups.current().items():
        target = world.zscloud.groups.by_display_name(source_group.display_name)
        assert target is not None, source_group.display_name
        wanted = sorted(found[m].user_name for m in world.tenant.member_users(id))
        assert sorted(world.zscloud.members(target)) == wanted


def test_everybody_in_scope_follows_changes() -> None:
    """With PROVISIONING_SCOPE=all joiners, leavers and new groups need no assignment."""

    async def story(world: World) -> None:
        await world.cycle()
        check_everybody(world)
        await world.clock.sleep(SETTLE)
        assert (await world.cycle()).counts.writes == 0
        new = world.tenant.add_user("joiner@example.com", displayName="Joiner")
        world.tenant.add_group("New", [new, user(world, 1)])
        world.tenant.disable(user(world, 2))
        world.tenant.delete(user(world, 3))
        await world.cycle()
        found = {u.external_id: u for u in world.zscloud.users if u.external_id}
        assert found[new].active
        assert not account(world, 2).active
        assert not account(world, 3).active
        assert sorted(world.zscloud.members("New")) == ["joiner@example.com", "user1@example.com"]

    simulate(story, tenant=office, **ALL)


def test_everybody_in_scope_after_an_expired_watermark() -> None:
    """With PROVISIONING_SCOPE=all a feed that is read anew finds who is new, and goes on."""

    async def story(world: World) -> None:
        await world.cycle()
        await world.clock.sleep(8 * 86_400)
        world.tenant.add_user("joiner@example.com", displayName="Joiner")
        world.tenant.add_group("New", [user(world, 1)])
        await world.cycle()
        await world.clock.sleep(SETTLE)
        await world.cycle()
        check_everybody(world)
        world.tenant.add_group("Newer", [user(world, 2)])
        await later(world)
        check_everybody(world)

    simulate(story, tenant=office, **ALL)


@pytest.mark.parametrize("setting", ["none", "disable"])
def test_a_group_that_is_assigned_again_has_those_within_again(setting: str) -> None:
    """Its object stays linked and watched while it is not assigned; the groups within are watched
    no longer then.
    """

    async def story(world: World) -> None:
        await provisioned(world)
        outer = group(world, "Outer")
        world.tenant.unassign(outer)
        for _ in range(4):
            await world.clock.sleep(400)
            await world.cycle()
        world.forget_requests()
        world.tenant.assign(outer, "User")
        for _ in range(2):
            await world.clock.sleep(400)
            await world.cycle()
        assert world.differences() == []
        if setting == "none":
            assert world.writes() == []

    simulate(
        story,
        tenant=nested,
        ON_GROUP_UNASSIGN=setting,
        ON_UNASSIGN=setting,
        **TRANSITIVE,
    )
