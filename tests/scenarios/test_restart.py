"""A restart begins anew as far as its scopes say; it loosens no brake and loses no work."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from provisioning.audit import Operator
from provisioning.errors import ConfigurationError, InvalidRequest, LeaseUnavailable
from provisioning.forgetting import DEFAULT, Scope, scopes_of
from provisioning.lease import LEASE_SECONDS, held
from provisioning.operations import held as plans
from provisioning.operations import restart, switches
from provisioning.operations.audit import query_audit
from provisioning.operations.status import status
from provisioning.record import CycleKind, CycleStatus
from tests.scenarios.piecewise import PiecewiseStore
from tests.scenarios.simulation import Saga, simulate
from tests.scenarios.steps import everybody, group, group_object, office, provisioned, user
from tests.scenarios.test_wakes import deliver
from tests.scenarios.world import SCIM, World

ANNA = Operator.claimed("anna")
OTHER = SCIM.replace("1234", "9999")


async def ordered(world: World, *scopes: Scope, take_over: str | None = None) -> Any:
    """A restart, carried out at once."""
    services = world.services()
    document = await restart.order(services, scopes or DEFAULT, ANNA, take_over=take_over)
    await restart.carried_out(services, 60.0)
    return document


async def state(world: World) -> Any:
    return await status(world.services())


def rows(world: World, *tables: str) -> dict[str, Any]:
    job = world.services().settings.job
    return {
        name: dict(world.store._tables[f"{job}:{name}"].values)
        for name in tables
        if f"{job}:{name}" in world.store._tables
    }


def test_a_restart_of_a_settled_job_reads_everything_and_writes_nothing() -> None:
    """The next cycle is an initial one, under the id that was answered; links are kept."""

    async def story(world: World) -> None:
        await provisioned(world)
        links = rows(world, "link")
        document = await ordered(world)
        assert document["reset_scope"] == ["watermark", "escrows", "quarantine"]
        assert document["forgets"]["watermarks"] > 0
        assert "links" not in document["forgets"]
        assert rows(world, "link") == links
        again = await world.cycle()
        assert (again.cycle_id, again.kind) == (document["id"], CycleKind.INITIAL)
        assert again.status is CycleStatus.COMPLETED
        assert world.writes() == []
        assert (await world.cycle()).kind is CycleKind.INCREMENTAL

    simulate(story, tenant=office)


@pytest.mark.parametrize("scope", [Scope.LINKS, Scope.FULL])
def test_links_come_back_and_nothing_is_made_twice(scope: Scope) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        document = await ordered(world, scope)
        assert document["rebuild"]
        assert document["forgets"]["links"] == 11
        assert not rows(world, "link").get("link")
        assert (await world.cycle()).status is CycleStatus.COMPLETED
        assert world.differences() == []
        assert world.scim("POST", "DELETE") == []
        assert len(rows(world, "link")["link"]) == 11
        await world.clock.sleep(200)
        await world.cycle()
        world.forget_requests()
        await world.cycle()
        assert world.writes() == []

    simulate(story, tenant=office)


@pytest.mark.parametrize("scope", [Scope.WATERMARK, Scope.LINKS, Scope.FULL])
def test_a_restart_is_no_way_around_the_brake(scope: Scope) -> None:
    """What was taken away before it counts after it, against what was there before it."""

    async def story(world: World) -> None:
        await provisioned(world)
        for number in range(5):
            world.tenant.disable(user(world, number))
        assert (await world.cycle()).counts.disabled == 5
        windows = rows(world, "removed")
        before = world.services().job()
        await before.load_tallies()
        await ordered(world, scope)
        after = world.services().job()
        await after.load_tallies()
        assert rows(world, "removed") == windows
        assert after.applied().most == before.applied().most
        await world.cycle()
        again = world.services().job()
        await again.load_tallies()
        assert again.applied().most == before.applied().most
        assert again.provisioned.users <= before.applied().most.users
        await world.clock.sleep(200)
        for number in range(5, 10):
            world.tenant.disable(user(world, number))
        last = await world.cycle()
        assert (last.counts.disabled, last.status) == (0, CycleStatus.HELD)

    simulate(story, tenant=everybody(60), DELETION_THRESHOLD_COUNT="8")


@pytest.mark.parametrize("scope", [*Scope])
def test_what_is_held_and_what_was_decided_stays(scope: Scope) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        for number in range(30):
            world.tenant.disable(user(world, number))
        assert (await world.cycle()).status is CycleStatus.HELD
        [plan] = (await plans.list_(world.services()))["items"]
        await plans.reject(world.services(), plan["id"], "a migration", ANNA)
        await world.cycle()
        for number in range(30, 45):
            world.tenant.disable(user(world, number))
        await world.cycle()
        before = await plans.list_(world.services())
        await ordered(world, scope)
        assert await plans.list_(world.services()) == before
        world.forget_requests()
        await world.cycle()
        assert len((await plans.list_(world.services()))["kept"]) == 30
        assert [u.user_name for u in world.zscloud.users.provisioned() if not u.active] == []

    simulate(story, tenant=everybody(60), DELETION_THRESHOLD_COUNT="8")


@pytest.mark.parametrize("decision", ["held", "rejected"])
def test_nobody_is_taken_out_of_a_group_whose_link_stays(decision: str) -> None:
    """Something is held of the group, so that its link outlives the restart; those of its members
    do not. Some of them are not found anew: they are disabled, and members still.
    """

    async def story(world: World) -> None:
        await provisioned(world)
        everyone = group(world, "Everybody")
        for number in (70, 71):
            world.tenant.disable(user(world, number))
        await world.cycle()
        await world.clock.sleep(400)
        await world.cycle()
        everyone_in = set(group_object(world, "Everybody").members)
        for number in range(60):
            world.tenant.assign(user(world, number), "User")
        await world.cycle()
        for number in range(60):
            world.tenant.remove_member(everyone, user(world, number))
        await world.clock.sleep(400)
        await world.cycle()
        assert (await world.cycle()).status is CycleStatus.HELD
        services = world.services()
        if decision == "rejected":
            (plan,) = (await plans.list_(services))["items"]
            await plans.reject(services, plan["id"], "They stay.", ANNA)
        await ordered(world, Scope.LINKS)
        world.forget_requests()
        await world.cycle()
        await world.clock.sleep(400)
        await world.cycle()
        assert set(group_object(world, "Everybody").members) == everyone_in
        assert world.writes() == []

    simulate(story, tenant=everybody(90))


@pytest.mark.parametrize("before", [True, False])
def test_a_group_that_was_unassigned_before_is_still_watched(*, before: bool) -> None:
    """Its object stays, emptied, and goes when the group is deleted in Entra, whether that is told
    to the old feeds or to the new ones.
    """

    async def story(world: World) -> None:
        await provisioned(world)
        sales = group(world, "Sales")
        world.tenant.unassign(sales)
        await world.clock.sleep(400)
        await world.cycle()
        assert not group_object(world, "Sales").members
        if before:
            world.tenant.delete(sales)
        await ordered(world)
        await world.cycle()
        if not before:
            world.tenant.delete(sales)
        await world.clock.sleep(400)
        await world.cycle()
        assert group_object(world, "Sales") is None
        assert world.differences() == []

    simulate(story, tenant=office)


def test_the_load_of_another_process_makes_way_and_its_cycle_is_replaced() -> None:
    async def story(world: World) -> None:
        load = asyncio.create_task(world.cycle())
        await world.clock.sleep(10)
        began = world.clock.time()
        document = await ordered(world)
        assert world.clock.time() - began < 2.0
        record = await load
        assert record.status is CycleStatus.STOPPED
        replaced = await world.services().job().cycles.rows.get(record.cycle_id)
        assert replaced is not None
        assert replaced.error_code == "Restarted"
        assert document["id"] in str(replaced.error)
        again = await world.cycle()
        assert again.cycle_id == document["id"]
        assert again.status is CycleStatus.COMPLETED
        assert world.differences() == []
        assert len(world.scim("POST")) == 151

    simulate(story, tenant=everybody(150), rate=5)


def test_a_restart_over_the_queue_is_carried_out_and_followed_by_its_cycle() -> None:
    async def story(world: World) -> None:
        services = world.services()
        await provisioned(world)
        world.queue.messages.clear()
        document = await restart.order(services, DEFAULT, ANNA)
        await deliver(world, services, 60.0)
        told = await state(world)
        assert told["cycle"]["cycle_id"] == document["id"]
        assert told["cycle"]["status"] == "completed"
        assert world.queue.messages == []

    simulate(story, tenant=office)


def test_a_stop_holds_on_and_a_job_that_is_off_stays_off() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        await switches.stop(world.services(), ANNA)
        document = await ordered(world, Scope.FULL)
        assert (await state(world))["state"] == "stopped"
        with pytest.raises(ConfigurationError, match="stopped"):
            await world.cycle()
        assert world.scim() == []
        await switches.start(world.services(), ANNA)
        assert (await world.cycle()).cycle_id == document["id"]

    simulate(story, tenant=office)


def test_a_held_lease_is_waited_for_and_the_order_stays() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        tenant = services.settings.zscloud_tenant
        async with held(world.store, tenant, "x", world.clock, services.pacer, wait=0):
            await restart.order(services, DEFAULT, ANNA)
            with pytest.raises(LeaseUnavailable, match="is stored"):
                await restart.carried_out(services, 5.0)
        assert (await world.cycle()).kind is CycleKind.INITIAL

    simulate(story, tenant=office)


def test_the_scope_quarantine_ends_the_wait_and_the_interrupted_cycle_goes_on() -> None:
    async def story(world: World) -> None:
        world.zscloud.set_faults(fail_share=1.0, fail_status=400, methods=["POST"])
        record = await world.cycle()
        assert record.status is CycleStatus.QUARANTINED
        world.zscloud.set_faults()
        await ordered(world, Scope.QUARANTINE)
        assert (await state(world))["quarantine"] is None
        again = await world.cycle()
        assert again.cycle_id == record.cycle_id
        assert again.status is not CycleStatus.QUARANTINED

    simulate(story, tenant=everybody(60))


def test_the_scope_escrows_has_all_tried_at_once_as_for_the_first_time() -> None:
    async def story(world: World) -> None:
        world.zscloud.set_faults(fail_every_write=4, fail_again=True, path_contains="Users")
        await world.cycle()
        assert (await state(world))["escrow"] > 0
        await ordered(world, Scope.ESCROWS)
        assert (await state(world))["escrow"] == 0
        assert (await world.cycle()).kind is CycleKind.INCREMENTAL
        entries = [e async for _, e in world.services().job().escrow.entries.all()]
        assert entries
        assert {entry.tries for entry in entries} == {1}
        world.zscloud.set_faults()
        await ordered(world, Scope.ESCROWS)
        await world.cycle()
        assert world.differences() == []

    simulate(story, tenant=office)


def test_what_is_ordered_twice_is_carried_out_once_with_the_scopes_of_both() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        await restart.order(services, [Scope.ESCROWS], ANNA)
        last = await restart.order(services, [Scope.LINKS], ANNA)
        await restart.carried_out(services, 60.0)
        assert not rows(world, "link").get("link")
        assert (await world.cycle()).cycle_id == last["id"]
        operations = [e["operation"] for e in (await query_audit(services))["items"]]
        assert operations == ["restart", "restart"]

    simulate(story, tenant=office)


@pytest.mark.parametrize("scopes", ["watermark,escrows,quarantine", "links", "full"])
def test_dying_in_the_midst_of_a_restart_repeats_harmlessly(scopes: str) -> None:
    """Killed at many points, on a storage without transactions: the next process ends it."""

    async def order(world: World) -> None:
        await provisioned(world)
        await restart.order(world.services(), scopes_of(scopes), ANNA)

    async def carry_out(world: World) -> None:
        await restart.carried_out(world.services(), 60.0)

    async def ends_right(world: World) -> None:
        await restart.carried_out(world.services(), 120.0)
        assert (await world.cycle()).kind is CycleKind.INITIAL
        await world.clock.sleep(400)
        await world.cycle()
        assert world.differences() == []
        assert world.scim("POST", "DELETE") == []
        job = world.services().job()
        await job.load_tallies()
        assert job.provisioned.users == 9
        assert len(rows(world, "link")["link"]) == 11

    def saga() -> Saga:
        made = Saga(tenant=office, store=PiecewiseStore())
        made.tell(order)
        return made

    steps = saga().tell(carry_out).steps_used
    for step in range(1, steps, max(1, steps // 16)):
        killed = saga()
        killed.tell(carry_out, steps=step, pause=LEASE_SECONDS)
        killed.tell(ends_right)


# --- taking over ----------------------------------------------------------------------------------


def test_a_store_of_another_job_is_taken_over_by_its_name_only() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        first = world.services().settings.job
        links = rows(world, "link")
        world.scim_url = OTHER
        second = world.services().settings.job
        with pytest.raises(ConfigurationError, match=f"restart --take-over {first}"):
            await world.cycle()
        with pytest.raises(InvalidRequest, match="the store holds"):
            await ordered(world, take_over="another")
        with pytest.raises(ConfigurationError):
            await ordered(world)
        assert await world.services().stored_job() == first

        await ordered(world, take_over=first)
        assert await world.services().stored_job() == second
        [done, begun] = (await query_audit(world.services()))["items"]
        assert (done["operation"], begun["operation"]) == ("restart", "take over")
        assert (begun["subject"], begun["operator"]) == (first, "anna")
        with pytest.raises(InvalidRequest, match="this very job"):
            await ordered(world, take_over=second)

        # It can be taken back: what the first one knew is there.
        world.scim_url = SCIM
        with pytest.raises(ConfigurationError, match=f"take-over {second}"):
            await world.cycle()
        await ordered(world, take_over=second)
        assert rows(world, "link") == links
        world.forget_requests()
        await world.cycle()
        assert world.writes() == []

    simulate(story, tenant=office)


def test_an_empty_store_is_nobodys_to_take_over() -> None:
    async def story(world: World) -> None:
        with pytest.raises(InvalidRequest, match="no job yet"):
            await ordered(world, take_over="somebody")

    simulate(story, tenant=office)
