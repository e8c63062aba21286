"""The brake when removals are on their way already, half done, or judged a second time."""

from __future__ import annotations

from typing import Any

from provisioning.guard import Tally
from provisioning.record import CycleStatus
from simulator.entra import Tenant
from tests.scenarios.kills import kills
from tests.scenarios.simulation import Saga, simulate
from tests.scenarios.steps import SETTLE, account, everybody, group, provisioned, user
from tests.scenarios.world import World
from tests.simulated_time import discard_abandoned


def away(world: World) -> None:
    """ZSCloud answers nothing but 503."""
    world.zscloud.set_faults(fail_share=1.0, fail_status=503)


def back(world: World) -> None:
    """ZSCloud is well again."""
    world.zscloud.set_faults()


async def held_people(world: World) -> set[str]:
    """Who is held, by the job's own table."""
    from provisioning.held import Held
    from provisioning.rows.table import Table

    services = world.services()
    table = Table(services.store, services.settings.job, "held", Held)
    return {held.name async for _, held in table.all()}


def test_what_is_held_is_not_sent_from_lane_one() -> None:
    """Removals that waited in lane 1 and are held when judged anew are not executed as well."""

    async def story(world: World) -> None:
        await provisioned(world)
        first = [user(world, n) for n in range(4)]
        for id in first:
            world.tenant.disable(id)
        away(world)
        assert (await world.cycle()).status is CycleStatus.FAILED
        for n in range(4, 12):
            world.tenant.disable(user(world, n))
        for id in first:
            world.tenant.update_user(id, department="Legal")
        back(world)
        record = await world.cycle()
        assert record.status is CycleStatus.HELD
        held = await held_people(world)
        for n in range(12):
            assert account(world, n).active == (f"user{n}@example.com" in held), n

    simulate(story, tenant=everybody(40))


def two_batches() -> Tenant:
    """A group of 320 and one of 700 that keep each other's people provisioned."""
    made = Tenant.empty()
    people = [made.add_user(f"user{n}@example.com", displayName=f"User {n}") for n in range(700)]
    made.assign(made.add_group("All", people), "User")
    made.assign(made.add_group("Part", people[:320]), "User")
    return made


def test_a_removal_that_was_interrupted_between_batches_is_not_counted_twice() -> None:
    """Half of a group's removals is applied, half waits in lane 1: together they are the whole."""

    async def story(world: World) -> None:
        await provisioned(world)
        part = group(world, "Part")
        for n in range(90):
            world.tenant.remove_member(part, user(world, n))
        inner = world.zscloud._injector.before
        patches = 0

        def before(request: Any) -> Any:
            nonlocal patches
            patches += request.method == "PATCH"
            if patches > 8:
                world.zscloud.set_faults(fail_share=1.0, fail_status=503)
            return inner(request)

        world.zscloud._injector.before = before  # type: ignore[method-assign]
        await world.cycle()
        world.zscloud._injector.before = inner  # type: ignore[method-assign]
        back(world)
        # 90 of 1020 are below ten percent, and eight more are as well.
        for n in range(600, 608):
            world.tenant.remove_member(group(world, "All"), user(world, n))
        record = await world.cycle()
        assert record.counts.held == 0, record
        await world.clock.sleep(600)
        assert (await world.cycle()).status is CycleStatus.COMPLETED
        assert len(world.zscloud.members("Part")) == 230
        assert world.differences() == []

    simulate(story, tenant=two_batches, MEMBER_BATCH_SIZE="10", DELETION_THRESHOLD_PERCENT="10")


def test_a_killed_process_does_not_change_what_the_brake_lets_go() -> None:
    """Killed at any moment between filing and recording, four leavers of forty go, uncounted."""

    async def before(world: World) -> None:
        await provisioned(world)
        for n in range(4):
            world.tenant.disable(user(world, n))

    async def cycle(world: World) -> None:
        await world.cycle()

    async def end(world: World) -> None:
        record = await world.cycle()
        assert record.counts.held == 0
        await world.clock.sleep(SETTLE)
        assert (await world.cycle()).status is CycleStatus.COMPLETED
        assert world.differences() == []

    options = {"tenant": everybody(40), "DELETION_THRESHOLD_PERCENT": "10"}
    saga = Saga(**options)
    saga.tell(before)
    total = saga.tell(cycle).steps_used
    for steps in kills(1, total, 7):
        saga = Saga(**options)
        saga.tell(before)
        saga.tell(cycle, steps=steps)
        assert saga.tell(end).finished, steps
    discard_abandoned()


def test_a_person_removed_by_name_leaves_the_others_held() -> None:
    """On demand one of the held passes; the others stay held, and nothing is counted twice."""

    async def story(world: World) -> None:
        await provisioned(world)
        for n in range(10):
            world.tenant.disable(user(world, n))
        assert (await world.cycle()).status is CycleStatus.HELD
        await world.on_demand(user(world, 0))
        assert not account(world, 0).active
        assert await held_people(world) == {f"user{n}@example.com" for n in range(1, 10)}
        assert (await world.cycle()).counts.held == 9
        assert sum(not u.active for u in world.zscloud.users) == 1

    simulate(story, tenant=everybody(40))


def test_an_account_deleted_by_hand_is_made_anew_without_a_removal() -> None:
    """The old id went from its groups with the account: nobody has to take it out."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.delete_user("user1@example.com")
        world.tenant.update_user(user(world, 1), department="Legal")
        await world.cycle()
        assert world.differences() == []
        world.tenant.update_group(group(world, "Everybody"), displayName="All of us")
        world.forget_requests()
        record = await world.cycle()
        assert record.counts.memberships_removed == 0
        assert len(world.writes()) == 1

    simulate(story, tenant=everybody(10))


def test_a_tenant_that_removes_somebody_every_hour_is_counted_to_the_last() -> None:
    """What was removed of late counts, whatever is still remembered from the months before."""

    async def story(world: World) -> None:
        hours = 90 * 24
        start = world.clock.time()
        job = world.services().job()
        for _ in range(hours):
            job.store.defer(job.removed_rows(Tally(users=1)))
            await world.clock.sleep(3600.0)
        await job.store.flush()
        assert world.clock.time() == start + hours * 3600
        later = world.services().job()
        await later.load_tallies()
        applied = later.applied()
        assert (applied.last_day.users, applied.window.users) == (23, 7 * 24 - 1)

    simulate(story)
