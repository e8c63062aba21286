"""The brake, and what it counts; provision on demand beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from provisioning.job import Job
from provisioning.record import CycleStatus
from provisioning.state.memory import MemoryStore
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import (
    SETTLE,
    account,
    everybody,
    group,
    office,
    provisioned,
    user,
)
from tests.scenarios.world import World


class YieldingStore(MemoryStore):
    """A store whose reads and writes suspend, as those of every durable store do."""

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        await asyncio.sleep(0.001)
        return await super().get_many(table, keys)


def job(world: World) -> Job:
    """The stored state, as a process would open it."""
    return world.services().job()


def named(world: World, count: int) -> list[str]:
    """Ids of the first people."""
    return [user(world, n) for n in range(count)]


async def tallied(world: World) -> Any:
    """The job with the numbers that the brake looks at, as stored."""
    made = job(world)
    await made.load_tallies()
    return made


@pytest.mark.parametrize("yielding", [False, True])
def test_the_base_of_the_brake_is_what_is_provisioned(*, yielding: bool) -> None:
    """Numbers that many tasks change at once lose none of the changes."""

    async def story(world: World) -> None:
        if yielding:
            world.store = YieldingStore(time=world.clock.time)
        await world.cycle()
        tally = (await tallied(world)).provisioned
        assert (tally.users, tally.groups, tally.memberships) == (9, 2, 9)
        await world.clock.sleep(SETTLE)
        for number in range(4):
            world.tenant.disable(user(world, number))
        await world.cycle()
        assert (await tallied(world)).provisioned.users == 5
        assert ((await tallied(world)).removed_since(3600 * 5)).users == 4

    simulate(story, tenant=office)


def test_the_base_of_the_brake_after_hand_edits_is_still_right() -> None:
    """An account deleted by hand and made anew counts once."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.delete_user("user7@example.com")
        world.zscloud.delete_group("Both")
        await world.cycle("reconcile")
        assert world.differences() == []
        tally = (await tallied(world)).provisioned
        assert (tally.users, tally.groups, tally.memberships) == (9, 2, 9)

    simulate(story, tenant=office)


def test_the_base_of_the_brake_counts_adopted_memberships() -> None:
    """Memberships of an adopted group that are ours belong to the base."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.store = MemoryStore(time=world.clock.time)
        await world.cycle()
        tally = (await tallied(world)).provisioned
        assert (tally.users, tally.groups, tally.memberships) == (9, 2, 9)

    simulate(story, tenant=office)


def test_many_named_users_are_judged_as_one_set() -> None:
    """Over the limit all removals of one call are held, not those beyond the first five."""

    async def story(world: World) -> None:
        await provisioned(world)
        for id in named(world, 10):
            world.tenant.disable(id)
        results = await world.on_demand(*named(world, 10))
        assert {r["outcome"] for r in results} == {"held"}
        assert sum(u.active for u in world.zscloud.users if not u.admin) == 40

    simulate(story, tenant=everybody(40))


def test_five_named_users_pass_and_are_counted() -> None:
    """Up to five named users pass the brake, at once, and count in its windows."""

    async def story(world: World) -> None:
        await provisioned(world)
        for id in named(world, 5):
            world.tenant.disable(id)
        results = await world.on_demand(*named(world, 5))
        assert [r["outcome"] for r in results] == ["disable"] * 5
        assert ((await tallied(world)).removed_since(7200)).users == 5

    simulate(story, tenant=everybody(10))


def test_a_named_group_leaves_other_peoples_removals_to_the_cycle() -> None:
    """What an on-demand call finds besides its key is filed once, and not executed by it."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.disable(user(world, 7))
        world.tenant.update_group(group(world, "Sales"), displayName="Selling")
        await world.on_demand(group="Selling")
        assert world.zscloud.groups.by_display_name("Selling") is not None
        assert account(world, 7).active
        counts = await job(world).work.counts()
        assert [counts[lane] for lane in sorted(counts)] == [1, 0, 0, 0]
        await world.cycle()
        assert world.differences() == []

    simulate(story, tenant=office)


def test_removals_that_wait_in_lane_one_count_for_the_next_judgement() -> None:
    """Removals that are filed and not yet applied are judged together with new ones."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.set_faults(fail_share=1.0, fail_status=503)
        for start in (0, 5, 10):
            for id in named(world, 15)[start : start + 5]:
                world.tenant.disable(id)
            await world.cycle()
            await world.clock.sleep(400)
        world.zscloud.set_faults()
        for _ in range(3):
            await world.clock.sleep(3600)
            await world.cycle()
        disabled = sum(not u.active for u in world.zscloud.users if not u.admin)
        assert disabled <= 6

    simulate(story, tenant=everybody(60), rate=5)


def test_small_removals_of_several_cycles_add_up() -> None:
    """Removals applied within the window count: five a day do not slip through for ever."""

    async def story(world: World) -> None:
        await provisioned(world)
        for day in range(3):
            for id in named(world, 15)[day * 5 : day * 5 + 5]:
                world.tenant.disable(id)
            record = await world.cycle()
            await world.clock.sleep(86_400)
        assert record.status is CycleStatus.HELD
        assert sum(not u.active for u in world.zscloud.users if not u.admin) == 5

    simulate(story, tenant=everybody(60))


def test_held_removals_go_when_people_come_back() -> None:
    """Who is enabled again drops out of what is held, and the rest is judged anew."""

    async def story(world: World) -> None:
        await provisioned(world)
        for id in named(world, 10):
            world.tenant.disable(id)
        assert (await world.cycle()).status is CycleStatus.HELD
        for id in named(world, 10)[2:]:
            world.tenant.enable(id)
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED
        assert world.differences() == []

    simulate(story, tenant=everybody(40))


def test_the_rest_of_the_work_goes_on_while_removals_are_held() -> None:
    """Joiners, renames and memberships go on beside a held plan; nothing is logged twice."""

    async def story(world: World) -> None:
        await provisioned(world)
        for id in named(world, 10):
            world.tenant.disable(id)
        await world.cycle()
        new = world.tenant.add_user("new@example.com", displayName="New")
        world.tenant.add_member(group(world, "Everybody"), new)
        await world.cycle()
        assert "new@example.com" in world.zscloud.members("Everybody")
        assert len(await world.logs(status="held")) == 10

    simulate(story, tenant=everybody(40))


def test_on_demand_dry_run_and_while_off() -> None:
    """One test user can go first while provisioning is off; its dry run sends nothing."""

    async def story(world: World) -> None:
        world.environ["PROVISIONING_STATUS"] = "off"
        (dry,) = await world.on_demand("user7@example.com", dry_run=True)
        assert dry["outcome"] == "create"
        assert world.writes() == []
        (run,) = await world.on_demand("user7@example.com")
        assert [c["change_id"] for c in run["changes"]] == [c["change_id"] for c in dry["changes"]]
        assert len(world.writes()) == 1
        assert [u.user_name for u in world.zscloud.users if not u.admin] == ["user7@example.com"]
        world.environ["PROVISIONING_STATUS"] = "on"
        await world.cycle()
        assert world.differences() == []
        assert world.zscloud.violations == []

    simulate(story, tenant=office)


def test_on_demand_for_a_stranger_leaves_no_trace_of_him() -> None:
    """A named user who is not assigned is skipped with the reason, and not remembered."""

    async def story(world: World) -> None:
        await provisioned(world)
        id = user(world, 9)
        (result,) = await world.on_demand("user9@example.com")
        assert result["outcome"] == "skipped"
        assert world.scim() == []
        await world.cycle()
        assert await job(world).mirror.user(id) is None  # type: ignore[arg-type]

    simulate(story, tenant=office)


def test_on_demand_for_an_unassigned_group_leaves_no_trace_of_its_people() -> None:
    """A named group that is not assigned is skipped, and its members are not remembered."""

    async def story(world: World) -> None:
        await provisioned(world)
        stranger = user(world, 9)
        world.tenant.add_group("Outside", [stranger])
        (result,) = await world.on_demand(group="Outside")
        assert result["outcome"] == "skipped"
        await world.cycle()
        assert await job(world).mirror.user(stranger) is None  # type: ignore[arg-type]

    simulate(story, tenant=office)
