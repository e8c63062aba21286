"""A group and its new members in one batch (RFC 7644 section 3.7.2), and servers that do not know
what is meant by that.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from provisioning import bulk
from provisioning.record import CycleStatus
from provisioning.state.memory import MemoryStore
from simulator.entra import Tenant
from tests.scenarios.kills import kills
from tests.scenarios.piecewise import PiecewiseStore
from tests.scenarios.simulation import Saga, simulate
from tests.scenarios.steps import SETTLE, group, provisioned
from tests.scenarios.test_bulk import BULK, batches, learned, loaded, paths
from tests.scenarios.test_crash import ends_right, initial
from tests.scenarios.world import World


def staff() -> Tenant:
    """People who are assigned directly, and a group that nobody is in."""
    tenant = Tenant.empty()
    for n in range(11):
        tenant.assign(tenant.add_user(f"user{n}@example.com", displayName=f"User {n}"), "User")
    tenant.assign(tenant.add_group("Everybody", []), "User")
    return tenant


OPTIONS: dict[str, Any] = {"rate": 5, "keep_bodies": True, **BULK}
SERVED: dict[str, Any] = {"tenant": staff, "rate": 5, "zscloud": OPTIONS}


def wave(world: World, name: str, count: int = 4, domain: str = "example.com") -> None:
    """A new group of so many new people, who join the group of all as well."""
    people = [
        world.tenant.add_user(f"{name}{n}@{domain}", displayName=f"New {n}") for n in range(count)
    ]
    world.tenant.assign(world.tenant.add_group(name, people), "User")
    for id in people:
        world.tenant.add_member(group(world, "Everybody"), id)


async def known(world: World) -> None:
    """Bulk and references are proven, and nothing is young."""
    await provisioned(world)
    wave(world, "First", 2)
    await loaded(world)
    assert (await learned(world)).references is bulk.Standing.PROVEN
    await world.clock.sleep(SETTLE)
    await world.cycle()
    world.forget_requests()


def referring(world: World) -> int:
    """The operations that name what another one creates."""
    operations = [one for batch in batches(world) for one in batch]
    return sum("bulkId:" in str(one.get("data")) for one in operations)


async def recorded_as_there(world: World) -> None:
    """Of each group the link has the members that ZSCloud has, by their ids."""
    links = world.services().job().links
    for each in world.zscloud.groups:
        if each.external_id:
            assert set(await links.members(each.external_id)) == set(each.members)


# --- what it brings ----------------------------------------------------------------------------


def test_a_group_and_its_new_members_travel_together() -> None:
    async def story(world: World) -> None:
        await known(world)
        wave(world, "Second")
        world.tenant.add_member(
            group(world, "First"), world.tenant.ids_named("user3@example.com", "user")[0]
        )
        record = await world.cycle()
        assert world.differences() == []
        assert [len(batch) for batch in batches(world)] == [4 + 1 + 2]
        assert len(world.writes()) == 1
        assert referring(world) == 2
        assert (record.counts.created, record.counts.memberships_added) == (5, 9)
        await recorded_as_there(world)
        added = [e for e in await world.logs(cycle=record.cycle_id) if e["action"] == "add_member"]
        assert len(added) == 9
        assert {e["member"]["target_id"] for e in added} <= {u.id for u in world.zscloud.users}
        world.forget_requests()
        assert (await world.cycle()).counts.writes == 0
        assert world.scim() == []

    simulate(story, **SERVED)


def test_more_members_than_one_request_holds() -> None:
    """Those who have accounts go first; whoever found no room comes after."""

    async def story(world: World) -> None:
        await known(world)
        wave(world, "Second", 7)
        await loaded(world)
        assert referring(world) == 2
        assert len(world.writes()) == 2
        await recorded_as_there(world)

    simulate(story, MEMBER_BATCH_SIZE="5", **SERVED)


def test_more_people_than_one_batch_holds() -> None:
    """They come first, and their groups with their ids: never more requests than without."""

    async def story(world: World) -> None:
        await known(world)
        wave(world, "Second", 25)
        await loaded(world)
        assert len(world.writes()) <= 4
        await recorded_as_there(world)

    simulate(story, **{**SERVED, "zscloud": {**OPTIONS, "bulk_max_operations": 10}})


# --- servers that do not know what is meant ----------------------------------------------------


@pytest.mark.parametrize("conduct", ["refused", "all_refused", "literal", "dropped"])
def test_a_server_that_does_not_know_references(conduct: str) -> None:
    """Everybody is a member in the end, nothing else is, and it is not tried again."""

    async def story(world: World) -> None:
        await provisioned(world)
        wave(world, "First")
        await loaded(world)
        assert referring(world) == 1
        await recorded_as_there(world)
        found = await learned(world)
        assert found.references is bulk.Standing.REFUSED
        assert found.is_proven
        await world.clock.sleep(SETTLE)
        await world.cycle()
        world.forget_requests()
        wave(world, "Second")
        await loaded(world)
        assert referring(world) == 0
        assert len(batches(world)) == 2

    simulate(story, **{**SERVED, "zscloud": {**OPTIONS, "bulk_references": conduct}})


def test_a_group_that_is_there_already_does_not_try_it_first() -> None:
    """Of a process that dies in the middle, nothing would tell that the group is to be read."""

    async def story(world: World) -> None:
        await provisioned(world)
        id = world.tenant.add_user("new@example.com", displayName="New")
        world.tenant.add_member(group(world, "Everybody"), id)
        await loaded(world)
        assert referring(world) == 0
        assert (await learned(world)).references is bulk.Standing.UNTRIED

    simulate(story, **{**SERVED, "zscloud": {**OPTIONS, "bulk_references": "literal"}})


def test_a_new_member_whose_account_is_refused() -> None:
    """The others are members; that one is set aside, and is one too when it is made."""

    async def story(world: World) -> None:
        await known(world)
        wave(world, "Second")
        taken = world.tenant.add_user("taken@elsewhere.example", displayName="T")
        world.tenant.add_member(group(world, "Second"), taken)
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED_WITH_ERRORS
        assert record.counts.failed == 1
        assert len(world.zscloud.members("Second")) == 4
        await recorded_as_there(world)
        assert (await learned(world)).references is bulk.Standing.PROVEN
        world.tenant.update_user(taken, userPrincipalName="taken@example.com")
        await world.clock.sleep(SETTLE)
        await world.cycle()
        assert world.differences() == []

    simulate(story, **SERVED)


@pytest.mark.parametrize("tried", [True, False])
@pytest.mark.parametrize(
    "fault",
    [
        {"lose_next": 1},
        {"break_next": 1},
        {"truncate_next": 1},
        {"fail_next": 1, "fail_status": 429},
        {"fail_next": 1, "fail_status": 503},
        {"fail_next": 1, "fail_status": 413},
        {"fail_next": 1, "fail_status": 400},
    ],
)
def test_a_batch_with_references_without_an_answer(fault: Mapping[str, Any], tried: bool) -> None:
    async def story(world: World) -> None:
        await (known(world) if tried else provisioned(world))
        wave(world, "Second")
        wave(world, "Third")
        world.zscloud.set_faults(path_contains="/Bulk", **fault)
        await loaded(world)
        await recorded_as_there(world)
        assert not (await learned(world)).refused
        assert paths(world)["GET", "Groups"] <= 6

    simulate(story, **SERVED)


@pytest.mark.parametrize("conduct", ["forgets", "half"])
def test_a_server_that_begins_to_lie(conduct: str) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        wave(world, "Second")
        world.zscloud.set_options(bulk_conduct=conduct)
        await world.cycle()
        world.zscloud.set_options(bulk_conduct="honest")
        await world.clock.sleep(SETTLE)
        await world.cycle("reconcile")
        await loaded(world)
        await recorded_as_there(world)

    simulate(story, **SERVED)


# --- stores that take their time, and kills ----------------------------------------------------


class DawdlingStore(MemoryStore):
    """Each read takes a while, not the same each time: others go on meanwhile."""

    def __init__(self, world: World, seed: int) -> None:
        super().__init__(time=world.clock.time)
        self._clock = world.clock
        self._random = random.Random(seed)

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        await self._clock.sleep(self._random.random() ** 4)
        return await super().get_many(table, keys)


@pytest.mark.parametrize("seed", range(2))
def test_nobody_is_left_out_whatever_the_store_holds_up(seed: int) -> None:
    async def story(world: World) -> None:
        world.store = DawdlingStore(world, seed)
        await provisioned(world)
        for number in range(3):
            wave(world, f"Wave{number}x", 3)
            await loaded(world)
            await recorded_as_there(world)
            await world.clock.sleep(SETTLE)

    simulate(story, **SERVED)


async def waves(world: World) -> None:
    """Two groups of new people come, one after the other has been tried."""
    await provisioned(world)
    wave(world, "First", 2)
    await world.cycle()
    wave(world, "Second", 2)


async def first_wave(world: World) -> None:
    await provisioned(world)
    wave(world, "First", 2)


@pytest.mark.parametrize(
    ("before", "conduct"), [(first_wave, "resolved"), (first_wave, "literal"), (waves, "resolved")]
)
def test_killed_with_a_group_and_its_members_under_way(before: Any, conduct: str) -> None:
    options = {**SERVED, "zscloud": {**OPTIONS, "bulk_references": conduct}}
    saga = Saga(**options)
    saga.tell(before)
    total = saga.tell(initial).steps_used
    for steps in kills(3, total, 16):
        saga = Saga(store=PiecewiseStore(seed=steps), **options)
        saga.tell(before)
        saga.tell(initial, steps=steps)
        assert saga.tell(ends_right).finished, steps
