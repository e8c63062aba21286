"""A group that loses members and gets others: one request where the server does both."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.record import CycleStatus
from tests.scenarios.kills import kills
from tests.scenarios.simulation import Saga, simulate
from tests.scenarios.steps import changed, group, office, provisioned, user
from tests.scenarios.world import World


async def settled(world: World) -> None:
    """The initial cycle, and the proof of how members are removed."""
    await provisioned(world)
    world.tenant.remove_member(group(world, "Both"), user(world, 6))
    world.tenant.assign(user(world, 6), "User")
    await changed(world)
    world.forget_requests()


def swap(world: World, out: int, into: int) -> None:
    """Somebody leaves the group Sales, and somebody else of those with an account joins it."""
    world.tenant.remove_member(group(world, "Sales"), user(world, out))
    world.tenant.add_member(group(world, "Sales"), user(world, into))


async def tried_once(world: World) -> None:
    """Both went in one request, which was read back."""
    await settled(world)
    swap(world, 4, 7)
    await changed(world)
    world.forget_requests()


def patches(world: World) -> list[Any]:
    """Requests about the members of groups."""
    return [request for request in world.scim("PATCH") if "/Groups/" in request.path]


@pytest.mark.parametrize("removal", ["filter", "value"])
def test_who_goes_and_who_comes_share_one_request(removal: str) -> None:
    """The first is read back; after that it is one request."""

    async def story(world: World) -> None:
        await settled(world)
        swap(world, 4, 7)
        log = await changed(world)
        assert [e["action"] for e in log if e["member"]] == ["remove_member", "add_member"]
        assert all(e["reason"] for e in log)
        assert (len(patches(world)), len(world.scim("GET"))) == (1, 1)
        world.forget_requests()
        swap(world, 3, 8)
        await changed(world)
        assert [request.method for request in world.scim()] == ["PATCH"]

    simulate(story, tenant=office, zscloud={"member_removal": removal})


def test_both_are_counted_and_nothing_is_left() -> None:
    """The cycle counts single memberships, and its work set is empty."""

    async def story(world: World) -> None:
        await settled(world)
        swap(world, 4, 7)
        record = await world.cycle()
        assert (record.counts.memberships_added, record.counts.memberships_removed) == (1, 1)
        assert record.left == 0

    simulate(story, tenant=office)


def test_where_nobody_comes_or_nobody_goes_nothing_is_different() -> None:
    """Nothing is read back for it, either."""

    async def story(world: World) -> None:
        await settled(world)
        world.tenant.remove_member(group(world, "Sales"), user(world, 4))
        await changed(world)
        world.tenant.add_member(group(world, "Sales"), user(world, 7))
        await changed(world)
        assert [request.method for request in world.scim()] == ["PATCH", "PATCH"]

    simulate(story, tenant=office)


def test_a_server_that_does_the_first_half_is_found_out_once() -> None:
    """Nobody keeps access that way, and the next ones come and go apart."""

    async def story(world: World) -> None:
        await tried_once(world)
        swap(world, 3, 8)
        await changed(world)
        assert [request.method for request in world.scim()] == ["PATCH", "PATCH"]

    simulate(story, tenant=office, zscloud={"mixed_members": "first"})


def test_a_server_that_refuses_it_is_not_asked_for_ever() -> None:
    """One refusal may be about a member: after three it is believed."""

    async def story(world: World) -> None:
        await settled(world)
        counts = []
        for out, into in ((4, 7), (7, 4), (4, 7), (7, 4)):
            swap(world, out, into)
            await changed(world)
            counts.append(len(world.scim()))
            world.forget_requests()
            await world.clock.sleep(600.0)
        assert counts == [3, 3, 3, 2]

    simulate(story, tenant=office, zscloud={"mixed_members": "refused"})


@pytest.mark.parametrize("proven", [False, True])
def test_who_goes_does_not_wait_for_a_refused_member(proven: bool) -> None:
    """The addition fails by itself, and goes to escrow."""

    async def story(world: World) -> None:
        await settled(world)
        if proven:
            swap(world, 4, 7)
            await changed(world)
        world.zscloud.set_options(max_groups_per_user=1)
        swap(world, 2, 5)
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED_WITH_ERRORS
        members = world.zscloud.members("Sales")
        assert "user2@example.com" not in members
        assert "user5@example.com" not in members
        world.zscloud.set_options(max_groups_per_user=128)
        await world.clock.sleep(90_000.0)
        await world.cycle()
        assert world.differences() == []

    simulate(story, tenant=office)


def test_who_has_no_account_yet_is_not_waited_for() -> None:
    """Leavers go first: the newcomer follows when the account is there."""

    async def story(world: World) -> None:
        await settled(world)
        swap(world, 4, 9)
        await changed(world)
        assert [request.method for request in world.writes()] == ["PATCH", "POST", "PATCH"]

    simulate(story, tenant=office)


def test_a_lost_answer_of_both_is_looked_at() -> None:
    """What was done is recorded once, and sent once."""

    async def story(world: World) -> None:
        await tried_once(world)
        swap(world, 3, 8)
        world.zscloud.set_faults(lose_next=1, methods=("PATCH",))
        await changed(world)
        assert [request.method for request in world.scim()] == ["PATCH", "GET"]

    simulate(story, tenant=office)


def test_the_dry_run_is_the_run() -> None:
    """It shows the same changes in the same order."""

    async def story(world: World) -> None:
        await settled(world)
        swap(world, 4, 7)
        record = await world.cycle(dry_run=True)
        shown = [(c.action, c.member and c.member.name) for c in world.changes]
        assert (record.counts.memberships_added, record.counts.memberships_removed) == (1, 1)
        log = await changed(world)
        assert [(e["action"], e["member"]["name"]) for e in log] == [
            (action.value, name) for action, name in shown
        ]

    simulate(story, tenant=office)


@pytest.mark.parametrize("conduct", ["honest", "overwrites"])
def test_with_bulk_it_is_one_operation_of_a_batch(conduct: str) -> None:
    """The first goes by itself, to be read back."""

    async def story(world: World) -> None:
        await settled(world)
        for out, into in ((4, 7), (3, 8), (7, 4)):
            swap(world, out, into)
            await changed(world)

    simulate(story, tenant=office, zscloud={"bulk": True, "bulk_conduct": conduct})


@pytest.mark.parametrize("proven", [False, True])
def test_killed_at_any_step(proven: bool) -> None:
    """The next process looks at what was sent and not recorded."""

    async def before(world: World) -> None:
        await settled(world)
        if proven:
            swap(world, 4, 7)
            await changed(world)
            await world.clock.sleep(300.0)
        swap(world, 3, 8)

    async def cycle(world: World) -> None:
        await world.cycle()

    async def ends_right(world: World) -> None:
        for _ in range(2):
            await world.cycle()
            await world.clock.sleep(400.0)
        assert world.differences() == []
        world.forget_requests()
        assert (await world.cycle()).counts.writes == 0

    def begun() -> Saga:
        saga = Saga(tenant=office)
        saga.tell(before)
        return saga

    for steps in kills(1 + proven, int(begun().tell(cycle).steps_used), 3):
        saga = begun()
        saga.tell(cycle, steps=steps)
        assert saga.tell(ends_right).finished, steps
