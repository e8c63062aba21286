"""Cycles that meet: open ones, long ones, those of two processes, and the first one of all."""

from __future__ import annotations

import asyncio

import pytest

from provisioning.operations.cycles import start_cycle
from provisioning.record import CycleKind, CycleStatus
from simulator.entra import Tenant
from tests.scenarios.simulation import Saga, simulate
from tests.scenarios.steps import (
    SETTLE,
    everybody,
    group,
    group_object,
    office,
    provisioned,
    user,
)
from tests.scenarios.world import World

ENOUGH = 400_000


# --- a cycle that lasts --------------------------------------------------------------------------


def with_accounts(world: World, count: int) -> None:
    """ZSCloud has the accounts of the first people already, as another tool made them."""
    for number in range(count):
        world.zscloud.create_user(
            userName=f"user{number}@example.com", displayName=f"User {number}"
        )


def test_an_account_that_we_deleted_in_a_long_cycle_is_not_found_in_its_old_list() -> None:
    """A listed row from before our own delete is void: who comes back is made anew."""

    async def story(world: World) -> None:
        with_accounts(world, 150)
        assert (await world.cycle(budget=10.0)).status is CycleStatus.RUNNING
        person = next(u.external_id for u in world.zscloud.users if u.external_id)
        everyone = group(world, "Everybody")
        world.tenant.remove_member(everyone, person)
        await world.clock.sleep(SETTLE)
        assert (await world.cycle(budget=10.0)).status is CycleStatus.RUNNING
        assert person not in {u.external_id for u in world.zscloud.users}
        world.tenant.add_member(everyone, person)
        await world.clock.sleep(SETTLE)
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED, record
        assert world.differences() == []

    saga = Saga(tenant=everybody(150), rate=5, ON_UNASSIGN="delete")
    assert saga.tell(story, steps=ENOUGH).finished


def test_an_account_deleted_by_hand_in_a_long_cycle_is_made_anew() -> None:
    """A 404 tells more than the list that was read hours before."""

    async def story(world: World) -> None:
        with_accounts(world, 5)
        assert (await world.cycle(budget=10.0)).status is CycleStatus.RUNNING
        world.zscloud.delete_user("user1@example.com")
        world.tenant.update_user(user(world, 1), department="Legal")
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED, record
        assert record.counts.failed == 0
        assert world.differences() == []

    assert Saga(tenant=everybody(150), rate=5).tell(story, steps=ENOUGH).finished


@pytest.mark.parametrize("budget", [3.0, 7.0])
def test_changes_of_every_kind_in_the_middle_of_a_long_cycle(budget: float) -> None:
    """Each continuation takes in what changed, and the end is right."""

    async def story(world: World) -> None:
        record = await world.cycle(budget=budget)
        number = 0
        while record.status is CycleStatus.RUNNING:
            if number < 12:
                tenant = world.tenant
                tenant.update_user(user(world, 20 + number), displayName=f"New {number}")
                tenant.disable(user(world, 40 + number))
                tenant.remove_member(group(world, "Everybody"), user(world, 60 + number))
            number += 1
            record = await world.cycle(budget=budget)
            assert number < 200
        await world.clock.sleep(SETTLE)
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED, record
        assert world.differences() == []
        assert world.zscloud.violations == []

    options = {"DELETION_THRESHOLD_PERCENT": "100"}
    saga = Saga(tenant=everybody(120), rate=5, **options)
    assert saga.tell(story, steps=ENOUGH * 5).finished


def test_a_reconcile_with_a_budget_in_every_phase() -> None:
    """A reconcile in many executions repairs what one would, and ends."""

    async def story(world: World) -> None:
        await provisioned(world)
        for number in range(30):
            world.zscloud.edit_user(f"user{number}@example.com", department="By hand")
        world.zscloud.edit_members("Everybody", remove=("user3@example.com",))
        record = await world.cycle("reconcile", budget=2.0)
        executions = 1
        while record.status is CycleStatus.RUNNING:
            record = await world.cycle("reconcile", budget=2.0)
            executions += 1
            assert executions < 30
        assert record.kind is CycleKind.RECONCILE
        assert record.status is CycleStatus.COMPLETED
        assert world.differences() == []
        assert record.counts.updated == 30

    simulate(story, tenant=everybody(60), rate=5)


def test_a_reconcile_that_is_asked_for_while_a_cycle_is_open_is_not_forgotten() -> None:
    """Both timers fire at 02:30:00: the reconcile follows, whoever was first."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.edit_user("user1@example.com", department="By hand")
        await start_cycle(world.services(), CycleKind.INCREMENTAL, dry_run=False)
        await start_cycle(world.services(), CycleKind.RECONCILE, dry_run=False)
        for _ in range(3):
            assert (await world.cycle()).status is CycleStatus.COMPLETED
        assert world.differences() == []

    simulate(story, tenant=office)


def test_a_reconcile_that_is_asked_for_while_a_cycle_runs_is_not_forgotten() -> None:
    """The process that works on the open cycle does not know of the wish; the store does."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.edit_user("user39@example.com", department="By hand")
        for number in range(30):
            world.tenant.update_user(user(world, number), department="Legal")
        running = asyncio.create_task(world.cycle())
        await world.clock.sleep(3)
        await start_cycle(world.services(), CycleKind.RECONCILE, dry_run=False)
        assert (await running).status is CycleStatus.COMPLETED
        for _ in range(3):
            assert (await world.cycle()).status is CycleStatus.COMPLETED
        assert world.differences() == []

    simulate(story, tenant=everybody(40), rate=5)


def test_an_open_reconcile_is_not_lost_by_an_incremental_tick() -> None:
    """The other order: the incremental tick wakes the reconcile that is open."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.edit_user("user1@example.com", department="By hand")
        await start_cycle(world.services(), CycleKind.RECONCILE, dry_run=False)
        await start_cycle(world.services(), CycleKind.INCREMENTAL, dry_run=False)
        record = await world.cycle()
        assert record.kind is CycleKind.RECONCILE
        assert world.differences() == []

    simulate(story, tenant=office)


def test_two_processes_take_turns_at_one_cycle() -> None:
    """A function app with budgets and a person's cycles alternate; nothing doubles."""

    async def story(world: World) -> None:
        app = await start_cycle(world.services(), CycleKind.INCREMENTAL, dry_run=False)
        for _ in range(3):
            await world.cycle(budget=5.0)
        record = await world.cycle()
        assert record.cycle_id == app["cycle_id"]
        assert record.status is CycleStatus.COMPLETED
        assert world.differences() == []
        assert len(world.scim("POST")) == 101

    simulate(story, tenant=everybody(100), rate=5)


# --- while provisioning is off -------------------------------------------------------------------


def test_one_test_user_goes_first_while_off_and_then_everybody() -> None:
    """While off one user is provisioned on demand; then the first cycle is initial and drains."""

    async def story(world: World) -> None:
        world.environ["PROVISIONING_STATUS"] = "off"
        (result,) = await world.on_demand(user(world, 7))
        assert result["outcome"] == "create"
        assert len(world.writes()) == 1
        await world.on_demand(user(world, 8))
        assert len(world.writes()) == 2
        world.environ["PROVISIONING_STATUS"] = "on"
        record = await world.cycle()
        assert record.kind is CycleKind.INITIAL
        assert record.status is CycleStatus.COMPLETED
        assert world.differences() == []
        assert len(world.scim("POST")) == 40 + 1

    simulate(story, tenant=everybody(40))


def test_the_log_of_the_test_user_has_nobody_else() -> None:
    """Whom a call finds beside those it names is the work of the cycle that does it, in the log
    and in what is set aside.
    """

    async def story(world: World) -> None:
        world.tenant.update_user(user(world, 1), userPrincipalName="user1@elsewhere.org")
        await world.on_demand(user(world, 7))
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED_WITH_ERRORS
        entries = await world.logs()
        of_cycle = [e for e in entries if e["cycle_id"] == record.cycle_id]
        assert [e["name"] for e in entries if e["cause"] == "on_demand"] == ["user7@example.com"]
        assert {e["cause"] for e in of_cycle} == {"initial"}
        assert len(of_cycle) == len(entries) - 1 == record.counts.writes + 1
        services = world.services()
        waiting = [entry async for _, entry in services.job().escrow.entries.all()]
        assert [entry.item.cycle_id for entry in waiting] == [record.cycle_id]
        await world._close(services)

    simulate(story, tenant=office)


def test_one_test_user_costs_a_few_requests_to_zscloud() -> None:
    """On demand reads ZSCloud for the named user, not its list for everybody who waits."""

    async def story(world: World) -> None:
        for number in range(2500):
            world.zscloud.create_user(userName=f"other{number}@example.com", displayName="Other")
        world.environ["PROVISIONING_STATUS"] = "off"
        await world.on_demand(user(world, 7))
        assert [r.path for r in world.scim("GET") if "startIndex" in r.path] == []
        assert len(world.scim()) <= 5

    simulate(story, tenant=everybody(40), zscloud={"max_results": 100})


def test_leavers_who_were_found_while_off_are_judged_when_on() -> None:
    """What on-demand calls found meanwhile waits, in its lane, and is not lost."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.environ["PROVISIONING_STATUS"] = "off"
        world.tenant.disable(user(world, 1))
        world.tenant.update_user(user(world, 2), department="Legal")
        await world.on_demand(user(world, 3))
        assert world.writes() == []
        world.environ["PROVISIONING_STATUS"] = "on"
        assert (await world.cycle()).status is CycleStatus.COMPLETED
        assert world.differences() == []

    simulate(story, tenant=office)


# --- groups that are watched no longer -----------------------------------------------------------


def test_groups_come_and_go_and_come_again() -> None:
    """A group that left is watched no longer; assigned anew it is read, and followed again."""

    async def story(world: World) -> None:
        await provisioned(world)
        tenant = world.tenant
        for _ in range(3):
            tenant.unassign(group(world, "Both"))
            for _ in range(3):
                await world.clock.sleep(SETTLE)
                await world.cycle()
            assert group_object(world, "Both") is None
            tenant.remove_member(group(world, "Both"), user(world, 3))
            tenant.assign(group(world, "Both"), "User")
            await world.clock.sleep(SETTLE)
            await world.cycle()
            assert world.differences() == []
            tenant.add_member(group(world, "Both"), user(world, 3))
            tenant.add_member(group(world, "Both"), user(world, 9))
            await world.cycle()
            assert world.differences() == []
            tenant.remove_member(group(world, "Both"), user(world, 9))
            await world.clock.sleep(SETTLE)
            await world.cycle()
            assert world.differences() == []

    simulate(story, tenant=office, ON_GROUP_UNASSIGN="delete", DELETION_THRESHOLD_PERCENT="100")


def test_a_feed_without_groups_ends() -> None:
    """Nothing is asked of Graph for groups that are watched no longer."""

    async def story(world: World) -> None:
        await provisioned(world)
        before = (await world.cycle()).requests.graph
        tenant = world.tenant
        for number in range(6):
            id = tenant.add_group(f"Short {number}", [user(world, 8)])
            tenant.assign(id, "User")
            await world.clock.sleep(SETTLE)
            await world.cycle()
            tenant.unassign(id)
            for _ in range(2):
                await world.clock.sleep(SETTLE)
                await world.cycle()
        await world.cycle()
        assert (await world.cycle()).requests.graph <= before

    simulate(story, tenant=office, ON_GROUP_UNASSIGN="delete", DELETION_THRESHOLD_PERCENT="100")


def nobody() -> Tenant:
    return Tenant.empty()


def test_an_empty_tenant_has_nothing_to_do() -> None:
    """No assignment at all is no error, and costs nothing."""

    async def story(world: World) -> None:
        for _ in range(2):
            assert (await world.cycle()).status is CycleStatus.COMPLETED
        assert world.writes() == []

    simulate(story, tenant=nobody)


# --- reads of ZSCloud that are longer than the budget --------------------------------------------


def test_a_reconcile_whose_list_takes_longer_than_the_budget_ends() -> None:
    """The read of ZSCloud is not begun from zero by each execution, for ever."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.edit_user("user1@example.com", department="By hand")
        record = await world.cycle("reconcile", budget=3.0)
        executions = 1
        while record.status is CycleStatus.RUNNING:
            assert executions < 20
            record = await world.cycle("reconcile", budget=3.0)
            executions += 1
        assert record.status is CycleStatus.COMPLETED, record
        assert world.differences() == []

    saga = Saga(tenant=everybody(200), rate=5, zscloud={"max_results": 10})
    assert saga.tell(story, steps=ENOUGH).finished


def test_an_initial_cycle_whose_list_takes_longer_than_the_budget_ends() -> None:
    """The list that matching needs is read in parts, or in one go, but it comes to an end."""

    async def story(world: World) -> None:
        with_accounts(world, 200)
        record = await world.cycle(budget=3.0)
        executions = 1
        while record.status is CycleStatus.RUNNING:
            assert executions < 100
            record = await world.cycle(budget=3.0)
            executions += 1
        assert record.status is CycleStatus.COMPLETED, record
        assert world.differences() == []

    saga = Saga(tenant=everybody(200), rate=5, zscloud={"max_results": 10})
    assert saga.tell(story, steps=ENOUGH).finished


def test_an_initial_cycle_that_is_asked_for_reads_everybody() -> None:
    """Also when the job has had its first one: once, however often it is cut."""

    async def story(world: World) -> None:
        await provisioned(world)
        first = (await world.cycle("reconcile")).requests.graph
        plain = await world.cycle()
        dry = await world.cycle("initial", dry_run=True)
        assert dry.requests.graph > plain.requests.graph
        assert world.changes == []
        record = await world.cycle("initial")
        assert record.kind is CycleKind.INITIAL
        assert record.status is CycleStatus.COMPLETED
        assert record.counts.unchanged == 11
        assert record.requests.graph > first
        assert world.writes() == []
        assert (await world.cycle()).requests.graph == plain.requests.graph

    simulate(story, tenant=office)
