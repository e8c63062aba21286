"""From a hint to the change in ZSCloud: on simulated time, through the real program."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from provisioning.notifications.message import HintMessage
from provisioning.operations import assignments, work
from provisioning.operations.cycles import run_cycle
from provisioning.operations.hints import take_in
from provisioning.record import CycleKind
from provisioning.services import Services
from simulator.entra import Tenant
from tests.scenarios.pump import deliver
from tests.scenarios.simulation import Saga, simulate
from tests.scenarios.steps import (
    CHANGES,
    account,
    account_named,
    change_user,
    everybody,
    group,
    group_object,
    office,
    provisioned,
    user,
)
from tests.scenarios.world import World


async def tell(
    world: World,
    services: Services,
    *,
    users: Sequence[str] = (),
    groups: Sequence[str] = (),
    feeds: bool = False,
    ago: int = 0,
) -> int:
    """What the webhook has put on the queue arrives. How many hints were stored."""
    message = HintMessage(
        told=world.clock.time(),
        users=dict.fromkeys(users, ago),
        groups=dict.fromkeys(groups, ago),
        feeds=feeds,
    )
    return await take_in(services, message)


def graph_reads(world: World, since: int) -> list[str]:
    return [
        f"{each.method} {each.path}" for each in world.entra.requests[since:] if not each.batched
    ]


def test_a_hint_about_nothing_that_changed_writes_nothing() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        await tell(world, services, users=[user(world, 1)], groups=[group(world, "Sales")])
        await deliver(world, services, 300.0)
        assert world.scim() == []
        assert world.queue.messages == []

    simulate(story, tenant=office)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_is_told_of_is_written_at_once(change: str) -> None:
    """One execution, with no cycle and no message in between."""

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        one, sales = user(world, 1), group(world, "Sales")
        change_user(world, change)
        began = world.clock.time()
        about = {"groups": [sales]} if change in ("leave", "join") else {"users": [one]}
        await tell(world, services, **about)
        assert world.clock.time() - began < 1.0
        assert len(world.writes()) == (2 if change in ("join", "leave") else 1)
        await deliver(world, services, 600.0)
        if change != "delete":  # who is deleted softly stays a member
            assert world.differences() == []
        assert world.zscloud.violations == []

    simulate(story, tenant=office, rate=5)


def test_strangers_cost_no_request_at_all() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        strangers = [world.tenant.add_user(f"s{n}@example.com", displayName="S") for n in range(50)]
        club = world.tenant.add_group("Club", strangers)
        before = len(world.entra.requests)
        assert await tell(world, services, users=strangers, groups=[club]) == 0
        assert world.entra.requests[before:] == []
        assert world.queue.messages == []

    simulate(story, tenant=office)


def test_a_thousand_hints_make_a_handful_of_reads() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        people = [user(world, number) for number in range(100)]
        for id in people:
            world.tenant.update_user(id, department="Legal")
        before = len(world.entra.requests)
        for start in range(0, 100, 10):
            for _ in range(10):
                await tell(world, services, users=people[start : start + 10])
        await deliver(world, services, 300.0)
        assert world.differences() == []
        assert len(graph_reads(world, before)) < 20, graph_reads(world, before)

    simulate(story, tenant=everybody(100))


def test_a_hint_that_comes_before_the_replica_has_the_change_is_looked_at_again() -> None:
    """Without the second look, only the next cycle would find it."""

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.set_entra(replication_lag=40.0)
        world.tenant.disable(user(world, 1))
        began = world.clock.time()
        await tell(world, services, users=[user(world, 1)])
        assert account(world, 1).active
        await deliver(world, services, 150.0)
        assert not account(world, 1).active
        assert world.clock.time() - began < 130.0

    simulate(story, tenant=office)


def test_a_member_that_no_replica_shows_yet_comes_with_the_second_look() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.set_entra(replication_lag=40.0)
        world.tenant.remove_member(group(world, "Sales"), user(world, 0))
        await tell(world, services, groups=[group(world, "Sales")])
        assert account(world, 0).active
        await deliver(world, services, 150.0)
        assert not account(world, 0).active
        assert "user0@example.com" not in world.zscloud.members(group_object(world, "Sales"))

    simulate(story, tenant=office)


def test_a_notification_that_never_came_costs_one_cycle() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.disable(user(world, 1))
        await world.cycle()
        assert not account(world, 1).active

    simulate(story, tenant=office)


def test_hints_wait_while_the_job_is_off() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.environ["PROVISIONING_STATUS"] = "off"
        services = world.services()
        world.tenant.disable(user(world, 1))
        before = len(world.entra.requests)
        assert await tell(world, services, users=[user(world, 1)]) == 1
        await deliver(world, services, 600.0)
        assert (world.entra.requests[before:], world.scim()) == ([], [])
        world.environ["PROVISIONING_STATUS"] = "on"
        services = world.services()
        await work.tick(services, CycleKind.INCREMENTAL)
        await deliver(world, services, 600.0)
        assert not account(world, 1).active

    simulate(story, tenant=office)


def test_a_leaver_told_of_in_the_middle_of_a_load_is_among_the_next_requests() -> None:
    async def story(world: World) -> None:
        services = world.services()
        load = asyncio.create_task(run_cycle(services, CycleKind.INITIAL))
        await world.clock.sleep(20.0)
        assert not load.done()
        leaver = next(u for u in world.zscloud.users if not u.admin)
        world.tenant.disable(leaver.external_id)
        world.forget_requests()
        began = world.clock.time()
        await tell(world, world.services(), users=[leaver.external_id])
        while account_named(world, leaver.user_name).active:
            await world.clock.sleep(0.05)
        assert world.clock.time() - began < 2.0
        assert len(world.writes()) <= 8
        await load
        assert world.differences() == []

    simulate(story, tenant=everybody(300), rate=5)


def test_graph_that_is_down_is_asked_again_and_nothing_is_lost() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.tenant.disable(user(world, 1))
        world.set_entra(error_share=1.0, error_status=503)
        await tell(world, services, users=[user(world, 1)])
        await deliver(world, services, 60.0)
        assert account(world, 1).active
        world.set_entra(error_share=0.0)
        await deliver(world, services, 120.0)
        assert not account(world, 1).active

    simulate(story, tenant=office)


def test_the_latency_counts_from_the_change() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.tenant.update_user(user(world, 1), department="Legal")
        await world.clock.sleep(7.0)
        await tell(world, services, users=[user(world, 1)], ago=7000)
        entry = (await world.logs(principal=user(world, 1)))[-1]
        assert 7000 <= entry["latency_ms"] < 8000
        assert entry["cause"] == "live"

    simulate(story, tenant=office)


def test_what_a_short_execution_cannot_finish_goes_on_as_a_cycle() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        people = [user(world, number) for number in range(60)]
        for id in people:
            world.tenant.update_user(id, department="Legal")
        await tell(world, services, users=people)
        assert world.differences() != []
        await deliver(world, services, 60.0)
        assert world.differences() == []

    simulate(story, tenant=everybody(60), rate=5)


def test_a_hint_that_was_taken_up_after_the_budget_is_waited_for_in_peace() -> None:
    """While the last answer comes, nothing goes round and round."""

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.tenant.update_user(user(world, 1), department="Legal")
        world.zscloud.set_faults(latency=10.0)
        cycle = asyncio.create_task(world.cycle(budget=1.0))
        await world.clock.sleep(0.5)
        world.set_entra(latency=1.0)
        world.tenant.update_user(user(world, 2), department="Legal")
        await tell(world, services, users=[user(world, 2)])
        assert (await cycle).counts.updated == 1
        world.zscloud.set_faults()
        world.set_entra(latency=0.0)
        await deliver(world, services, 60.0)
        assert world.differences() == []

    assert Saga(tenant=office).tell(story, steps=20_000).finished


def test_a_burst_is_looked_at_together() -> None:
    """Between two looks is a pause: what comes meanwhile is one look, and none is forgotten."""

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        before = len(world.entra.requests)
        for number in range(20):
            world.tenant.update_user(user(world, number), department="Legal")
            await tell(world, services, users=[user(world, number)])
            await world.clock.sleep(0.05)
        await deliver(world, services, 30.0)
        assert world.differences() == []
        assert len(graph_reads(world, before)) < 8

    simulate(story, tenant=everybody(30))


def test_in_a_flood_looks_are_rare_and_after_it_a_leaver_waits_for_none() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        people = [user(world, number) for number in range(60)]
        before = len(world.entra.requests)
        for start in range(60):
            some = people[start : start + 12] + people[: max(0, start - 48)]
            await tell(world, services, users=some)
            await deliver(world, services, 1.0)
        assert len(graph_reads(world, before)) < 60, graph_reads(world, before)
        await deliver(world, services, 300.0)
        began = world.clock.time()
        world.tenant.update_user(people[3], accountEnabled=False)
        await tell(world, services, users=[people[3]])
        assert world.clock.time() - began < 1.0
        assert not account(world, 3).active

    simulate(story, tenant=everybody(60), rate=5)


@pytest.mark.parametrize("changes", [1, 5, 7])
@pytest.mark.parametrize("before", [0.1, 0.3, 0.5, 1.0])
def test_who_leaves_by_a_group_while_others_are_worked_on_is_switched_off(
    changes: int, before: float
) -> None:
    """What was read during the work counts for it: by the groups as they were when it began,
    nothing would be left to do, and the leaver would keep access until the next reconcile.
    """

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.tenant.unassign(group(world, "Second"))
        polled = await assignments.poll(services)
        assert polled is not None
        # The poll is looked into after two seconds: shortly before, something else comes up.
        await world.clock.sleep(2.0 - before)
        people = [user(world, number) for number in range(changes)]
        for id in people:
            world.tenant.update_user(id, department="Legal")
        await tell(world, services, users=people)
        await deliver(world, services, 60.0)
        await world.cycle()
        assert not account(world, 20).active
        assert world.differences() == []

    def tenant() -> Tenant:
        made = everybody(20)()
        other = made.add_user("user20@example.com", displayName="User 20")
        made.assign(made.add_group("Second", [other]), "User")
        return made

    simulate(story, tenant=tenant, rate=5)
