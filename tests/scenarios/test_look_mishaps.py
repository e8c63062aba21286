"""Mishaps of looks and polls: chains of wake-ups, late replicas, broken lists, faults."""

from __future__ import annotations

import pytest

from provisioning.hints import ASSIGNMENTS, Hint
from provisioning.operations import hints as hint_operations
from provisioning.operations import work
from provisioning.operations.assignments import poll
from provisioning.record import CycleKind
from tests.scenarios.pump import deliver, execute_next
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import account, assigned, group, office, provisioned, user
from tests.scenarios.test_hints import tell
from tests.scenarios.world import World


def test_refused_token_before_the_first_cycle() -> None:
    async def story(world: World) -> None:
        world.token = "wrong"
        services = world.services()
        await tell(world, services, feeds=True)  # as `ensure` stores one after a deployment
        assert await deliver(world, services, 60.0) < 10

    simulate(story, tenant=office)


def test_zscloud_away_before_the_first_cycle() -> None:
    async def story(world: World) -> None:
        world.zscloud.set_faults(fail_share=1.0, fail_status=503)
        services = world.services()
        await tell(world, services, feeds=True)
        assert await deliver(world, services, 600.0) < 20

    simulate(story, tenant=office)


def test_due_escrow_hint_and_graph_down(caplog: pytest.LogCaptureFixture) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.zscloud.set_faults(fail_share=1.0, fail_status=400, path_contains="Users")
        world.tenant.update_user(user(world, 1), department="Legal")
        await work.tick(services, CycleKind.INCREMENTAL)
        await deliver(world, services, 5.0)
        world.zscloud.set_faults()
        world.set_entra(error_share=1.0, error_status=503)
        await tell(world, services, users=[user(world, 2)])
        n = await deliver(world, services, 900.0)
        alerts = [r for r in caplog.records if "ALERT" in r.getMessage()]
        assert n < 40
        assert len(alerts) < 10

    simulate(story, tenant=office)


def test_a_leaver_that_is_polled_with_a_joiner() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.tenant.unassign(user(world, 7))
        world.tenant.assign(user(world, 9), "User")
        await poll(services)
        await deliver(world, services, 10.0)
        assert account(world, 9).active
        assert not account(world, 7).active

    simulate(story, tenant=office)


def test_a_leaver_while_somebody_is_assigned_every_half_minute() -> None:
    async def story(world: World) -> None:
        for n in range(12):
            world.tenant.add_user(f"new{n}@example.com", displayName="N")
        await provisioned(world)
        services = world.services()
        world.tenant.unassign(user(world, 7))
        began = world.clock.time()
        for n in range(9):
            (one,) = world.tenant.ids_named(f"new{n}@example.com", "user")
            world.tenant.assign(one, "User")
            await poll(services)
            await deliver(world, services, 30.0)
            await world.clock.sleep(30.0 - world.clock.time() % 30.0)
            if not account(world, 7).active:
                break
        assert world.clock.time() - began < 70.0

    simulate(story, tenant=office)


def test_a_leaver_told_with_a_list_that_cannot_be_read() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.tenant.disable(user(world, 1))
        world.set_entra(error_share=1.0, error_status=503, fault_path="appRoleAssignedTo")
        hint = Hint(about=ASSIGNMENTS, mark="m", told_at=world.clock.time())
        await hint_operations.store(services, [hint])
        await tell(world, services, users=[user(world, 1)])
        await deliver(world, services, 240.0)
        assert not account(world, 1).active

    simulate(story, tenant=office)


def test_a_joiner_whom_the_second_look_takes_away_again() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        sales = group(world, "Sales")
        await tell(world, services, groups=[sales])  # e.g. its description changed
        await world.clock.sleep(60.0)
        world.tenant.add_member(sales, user(world, 9))
        await world.cycle()  # the notification of this was lost
        assert account(world, 9).active
        world.set_entra(stale_share=1.0, stale_seconds=60.0)
        await deliver(world, services, 50.0)
        world.set_entra(stale_share=0.0)
        for _ in range(24):
            await world.clock.sleep(300.0)
            await work.tick(services, CycleKind.INCREMENTAL)
            await deliver(world, services, 10.0)
        assert account(world, 9).active
        assert world.differences() == []

    simulate(story, tenant=office)


def test_an_attribute_that_the_second_look_turns_back() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        one = user(world, 1)
        await tell(world, services, users=[one])
        await world.clock.sleep(60.0)
        world.tenant.update_user(one, department="Legal")
        await world.cycle()
        assert account(world, 1).department == "Legal"
        world.set_entra(stale_share=1.0, stale_seconds=60.0)
        await deliver(world, services, 50.0)
        world.set_entra(stale_share=0.0)
        for _ in range(24):
            await world.clock.sleep(300.0)
            await work.tick(services, CycleKind.INCREMENTAL)
            await deliver(world, services, 10.0)
        assert world.differences() == []

    simulate(story, tenant=office)


def test_a_leaver_does_not_wait_for_groups_that_are_gone() -> None:
    """The second look leaves groups to their feeds: each single read would wait for its second."""

    async def story(world: World) -> None:
        clubs = [world.tenant.add_group(f"Club {n}", [user(world, 0)]) for n in range(20)]
        for club in clubs:
            world.tenant.assign(club, "User")
        await provisioned(world)
        services = world.services()
        for club in clubs:
            world.tenant.delete(club)
        await tell(world, services, groups=clubs)
        began, seconds = world.clock.time(), 0.0
        while world.queue.messages:
            await deliver(world, services, 0.0)
            seconds = max(seconds, world.clock.time() - began)
            if world.queue.messages:
                began = min(message[0] for message in world.queue.messages)
                await world.clock.sleep(max(0.0, began - world.clock.time()))
        assert seconds < 5.0

    simulate(story, tenant=office, DELETION_THRESHOLD_PERCENT="100")


def test_a_disabled_application_stops_looks_as_it_stops_cycles() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.tenant.update_service_principal(accountEnabled=False)
        assert (await world.cycle()).error_code == "SourceImplausible"
        world.tenant.assign(user(world, 9), "User")
        world.tenant.update_user(user(world, 1), department="Legal")
        await poll(services)
        await tell(world, services, users=[user(world, 1)])
        await deliver(world, services, 30.0)
        assert world.writes() == []

    simulate(story, tenant=office)


def test_a_complete_read_in_between_voids_the_absence_of_an_old_poll() -> None:
    async def story(world: World) -> None:
        assigned(world, 4)
        await provisioned(world)
        services = world.services()
        world.set_entra(page_size=4, short_assignments_next=1)
        await poll(services)  # comes short; the look that it asks for cannot read the list
        world.set_entra(error_share=1.0, error_status=503, fault_path="appRoleAssignedTo")
        await deliver(world, services, 30.0)
        await poll(services)
        world.set_entra(error_share=0.0, fault_path="")
        await world.on_demand(user(world, 0))  # reads the whole list: nobody is missing
        world.set_entra(short_assignments_next=1)
        await deliver(world, services, 60.0)
        assert world.writes() == []

    simulate(story, tenant=office, DELETION_THRESHOLD_PERCENT="100")


def test_a_fault_of_ours_in_a_take_up_does_not_end_every_drain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from provisioning.discovery.hinted import HintedLook

    async def fail(*_: object) -> None:
        raise KeyError("a fault of this program")

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        monkeypatch.setattr(HintedLook, "_read_unseen", fail)
        with pytest.raises(KeyError):
            await tell(world, services, users=[user(world, 2)])
        await world.clock.sleep(5.0)
        load = [world.tenant.add_user(f"new{n}@example.com", displayName="N") for n in range(9)]
        for id in load:
            world.tenant.add_member(group(world, "Sales"), id)
        await work.tick(services, CycleKind.INCREMENTAL)
        await execute_next(world, services)

    simulate(story, tenant=office, rate=5)


def test_a_refused_token_where_everything_asks_for_it() -> None:
    async def story(world: World) -> None:
        world.zscloud.set_faults(fail_share=1.0, fail_status=401)
        services = world.services()
        await tell(world, services, feeds=True)  # as `ensure` stores one after a deployment
        assert await deliver(world, services, 60.0) < 10

    simulate(story, tenant=office, rate=5)


@pytest.mark.parametrize("what", ["attribute", "join"])
def test_second_looks_of_all_that_was_told_repair_each_other(what: str) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        one, sales = user(world, 1), group(world, "Sales")
        about = {"users": [one]} if what == "attribute" else {"groups": [sales]}
        await tell(world, services, **about)
        await world.clock.sleep(60.0)
        if what == "attribute":
            world.tenant.update_user(one, department="Legal")
        else:
            world.tenant.add_member(sales, user(world, 9))
        await tell(world, services, **about)
        assert world.differences() == []
        world.set_entra(stale_share=1.0, stale_seconds=60.0)
        await deliver(world, services, 60.0)
        assert world.differences() == []
        world.set_entra(stale_share=0.0)
        await deliver(world, services, 300.0)
        assert world.differences() == []

    simulate(story, tenant=office)


def test_a_look_that_judged_no_absence_keeps_the_doubt_about_the_list() -> None:
    async def story(world: World) -> None:
        people = assigned(world, 40)
        await provisioned(world)
        services = world.services()
        for id in people[:20]:
            world.tenant.unassign(id)
        assert (await world.cycle()).error_code == "SourceImplausible"
        world.tenant.assign(user(world, 9), "User")
        await poll(services)
        assert (await world.cycle()).error_code is None  # shown again by a later cycle

    simulate(story, tenant=office)
