"""Assignments change in ZSCloud within an interval and a second read, and never by a bad read."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.operations import work
from provisioning.operations.assignments import poll
from provisioning.operations.status import status
from provisioning.polling import Poll
from provisioning.record import CycleKind
from provisioning.services import Services
from tests.scenarios.pump import deliver
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import (
    account,
    assigned,
    everybody,
    group,
    group_object,
    office,
    provisioned,
    user,
)
from tests.scenarios.world import World

INTERVAL = 30.0


async def polls(world: World, services: Services, count: int = 1) -> None:
    """So many ticks of the timer, and what the queue brings in between."""
    for _ in range(count):
        await poll(services)
        await deliver(world, services, INTERVAL)
        await world.clock.sleep(INTERVAL - world.clock.time() % INTERVAL)


def active(world: World) -> int:
    return sum(each.active for each in world.zscloud.users if not each.admin)


def test_a_poll_that_finds_nothing_new_costs_one_request() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        before = len(world.entra.requests)
        await polls(world, services)
        [request] = world.entra.requests[before:]
        assert request.path.endswith("/appRoleAssignedTo")
        assert (world.scim(), world.queue.messages) == ([], [])

    simulate(story, tenant=office)


def test_an_assigned_user_and_an_assigned_group_arrive_at_once() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        club = world.tenant.add_group("Club", [user(world, 0), user(world, 9)])
        world.tenant.assign(club, "User")
        began = world.clock.time()
        await poll(services)
        assert world.differences() == []
        assert account(world, 9).active
        assert world.clock.time() - began < 2.0
        await polls(world, services, 6)
        assert world.differences() == []

    simulate(story, tenant=office, rate=5)


def test_members_of_a_group_that_a_poll_found_are_watched() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        club = world.tenant.add_group("Club", [user(world, 0)])
        world.tenant.assign(club, "User")
        await polls(world, services)
        world.tenant.add_member(club, user(world, 9))
        await world.cycle()
        assert account(world, 9).active

    simulate(story, tenant=office)


@pytest.mark.parametrize("what", ["user", "group"])
def test_what_is_unassigned_is_gone_after_a_poll_and_a_second_read(what: str) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.tenant.unassign(user(world, 7) if what == "user" else group(world, "Sales"))
        began = world.clock.time()
        await poll(services)
        assert world.writes() == []  # seen missing once
        await deliver(world, services, 10.0)
        assert world.clock.time() - began <= 10.0
        if what == "user":
            assert not account(world, 7).active
        else:
            assert not account(world, 0).active
            assert world.zscloud.members(group_object(world, "Sales")) == ()
        await polls(world, services, 4)
        assert active(world) == (8 if what == "user" else 6)

    simulate(story, tenant=office)


@pytest.mark.parametrize("how", ["poll", "cycle"])
def test_a_deleted_user_is_no_unassigned_one(how: str) -> None:
    """The list of assignments leaves out who was deleted, maybe before the users' feed tells."""

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        await world.clock.sleep(600)
        world.set_entra(delta_lag=3600.0)
        world.tenant.delete(user(world, 7))
        if how == "poll":
            await polls(world, services, 6)
        else:
            await world.cycle()
        assert account(world, 7).active

    simulate(story, tenant=office, ON_SOFT_DELETE="none")


def test_a_poll_that_comes_short_by_a_page_disables_nobody() -> None:
    async def story(world: World) -> None:
        assigned(world, 40)
        await provisioned(world)
        world.set_entra(page_size=20, short_assignments_next=1)
        services = world.services()
        await polls(world, services, 3)
        assert world.writes() == []

    simulate(story, tenant=office)


def test_a_list_that_stays_short_is_a_broken_read_first_and_the_brakes_business_then() -> None:
    """More than five at once: two polls and a read must miss them, then another look."""

    async def story(world: World) -> None:
        people = assigned(world, 40)
        await provisioned(world)
        services = world.services()
        for id in people[:20]:
            world.tenant.unassign(id)
        await polls(world, services, 2)
        assert world.writes() == []
        await polls(world, services, 3)
        assert world.writes() == []
        assert (await status(services))["held"] == 20

    simulate(story, tenant=office)


def test_a_stale_replica_disables_nobody() -> None:
    """The list of a minute ago misses whom a later one has: their assignment is young."""

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        for number in range(3):
            one = world.tenant.add_user(f"new{number}@example.com", displayName="New")
            world.tenant.assign(one, "User")
        await polls(world, services)
        assert active(world) == 12
        world.set_entra(stale_share=1.0, stale_seconds=60.0)
        await polls(world, services, 2)
        world.set_entra(stale_share=0.0)
        await polls(world, services, 6)
        assert active(world) == 12
        assert world.differences() == []

    simulate(story, tenant=office)


def test_one_answer_from_a_stale_replica_is_no_second_read() -> None:
    """An assignment that was away and has come back, on a replica that does not know it yet."""

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.set_entra(short_assignments_next=1, page_size=3)
        await polls(world, services)
        await polls(world, services)
        assert world.writes() == []

    simulate(story, tenant=office)


def test_throttled_polls_come_less_often_and_recover() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.set_entra(throttle_share=1.0, retry_after=1.0, fault_path="appRoleAssignedTo")
        for _ in range(20):
            await poll(services)
            await world.clock.sleep(INTERVAL)
        stored = await services.job().polls.get("last")
        assert stored is not None
        assert (stored.failures > 1, stored.failures < 8) == (True, True)
        assert stored.error is not None
        world.set_entra(throttle_share=0.0)
        await world.clock.sleep(900.0)
        await poll(services)
        stored = await services.job().polls.get("last")
        assert stored is not None
        assert (stored.failures, stored.error) == (0, None)

    simulate(story, tenant=office)


def test_a_poll_does_not_run_before_the_first_cycle_nor_while_off() -> None:
    async def story(world: World) -> None:
        assert await poll(world.services()) is None
        world.environ["PROVISIONING_STATUS"] = "off"
        assert await poll(world.services()) is None
        assert list(world.entra.requests) == []

    simulate(story, tenant=office)


def test_a_young_assignment_that_is_gone_is_not_believed_yet() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.tenant.assign(user(world, 9), "User")
        await polls(world, services)
        assert account(world, 9).active
        world.tenant.unassign(user(world, 9))
        await poll(services)
        await deliver(world, services, 20.0)
        assert account(world, 9).active
        await polls(world, services, 6)
        assert not account(world, 9).active

    simulate(story, tenant=office)


def test_a_poll_during_a_load_brings_its_changes_into_it() -> None:
    async def story(world: World) -> None:
        services = world.services()
        await work.tick(services, CycleKind.INITIAL)
        await deliver(world, services, 1.0)
        new = world.tenant.add_user("new@example.com", displayName="New")
        world.tenant.assign(new, "User")
        await polls(world, services, 3)
        assert world.differences() == []

    simulate(story, tenant=everybody(100), rate=5, DRAIN_BUDGET_SECONDS="10")


def test_the_next_poll_waits_as_long_as_the_last_one_took() -> None:
    async def story(world: World) -> Any:
        await provisioned(world)
        services = world.services()
        world.set_entra(latency=20.0)
        first = await poll(services)
        assert isinstance(first, Poll)
        assert await poll(services) is None
        world.set_entra(latency=0.0)
        await world.clock.sleep(21.0)
        assert await poll(services) is not None

    simulate(story, tenant=office)


def test_groups_that_were_assigned_one_by_one_are_watched_together_after_a_while() -> None:
    """Each begins as a feed of its own, which costs a request with every cycle."""

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        for number in range(8):
            club = world.tenant.add_group(f"Club {number}", [user(world, number)])
            world.tenant.assign(club, "User")
            await polls(world, services)
        for _ in range(3):
            await world.clock.sleep(300.0)
            await world.cycle()
        marks = [mark async for _, mark in services.job().watermarks.all("groups/")]
        assert len(marks) <= 2
        assert sum(len(mark.ids) for mark in marks) == 10
        world.tenant.add_member(club, user(world, 9))
        await world.cycle()
        assert world.differences() == []

    simulate(story, tenant=office)
