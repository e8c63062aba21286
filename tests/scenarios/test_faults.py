"""Whatever Graph and ZSCloud answer: it converges, and nobody loses access by mistake."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from provisioning.record import CycleStatus
from tests.scenarios.simulation import Saga, simulate
from tests.scenarios.test_crash import upheaval
from tests.scenarios.test_stories import account, group, office, provisioned, user
from tests.scenarios.world import World
from tests.thoroughness import examples

share = st.sampled_from([0.0, 0.0, 0.05, 0.2, 0.4])

graph_faults = st.fixed_dictionaries(
    {
        "throttle_share": share,
        "retry_after_form": st.sampled_from(["seconds", "date", "none"]),
        "error_share": share,
        "error_status": st.sampled_from([500, 502, 503, 504]),
        "drop_share": st.sampled_from([0.0, 0.1]),
        # Two complete reads that miss the same row are believed: one bad read a cycle is not.
        "truncate_next": st.sampled_from([0, 1]),
        "slip_next": st.sampled_from([0, 1]),
        "stale_share": st.sampled_from([0.0, 0.2, 0.5]),
        "page_size": st.sampled_from([0, 2, 3]),
        "delta_page_size": st.sampled_from([200, 1]),
        "delta_empty_pages": st.sampled_from([0, 1]),
        "delta_replay_share": st.sampled_from([0.0, 0.3]),
        "delta_members_entry": st.sampled_from([500, 1]),
    }
)

scim_faults = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 1000),
        "fail_share": st.sampled_from([0.0, 0.05, 0.3]),
        "fail_status": st.sampled_from([500, 502, 503, 429]),
        "fail_retry_after": st.sampled_from(["", "2"]),
        "lose_share": st.sampled_from([0.0, 0.1, 0.3]),
        "lose_by": st.sampled_from(["drop", "500"]),
        "truncate_share": st.sampled_from([0.0, 0.1]),
        "html_share": st.sampled_from([0.0, 0.1]),
        "slow_share": st.sampled_from([0.0, 0.1]),
        "latency": st.sampled_from([0.0, 0.2, 2.0]),
        "list_order": st.sampled_from(["stable", "shuffled"]),
    }
)

thorough = settings(
    max_examples=examples(10, 60),
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

FOREIGN = {"userName": "foreign@example.com", "displayName": "Made by hand", "department": "X"}
STAYERS = (0, 5, 6, 8)
"""People whom the upheaval does not touch: they must never lose access."""


def check_nobody_harmed(world: World) -> None:
    """The invariants of every moment."""
    foreign = world.zscloud.users.by_user_name("foreign@example.com")
    assert foreign is not None
    assert foreign.active
    assert foreign.display_name == "Made by hand"
    assert world.zscloud.members("By hand") == ("foreign@example.com",)
    for number in STAYERS:
        stayer = account(world, number)
        assert stayer is None or stayer.active, number
    assert world.zscloud.users.duplicates() == {}
    assert world.zscloud.groups.duplicates() == {}


async def with_foreign_objects(world: World) -> None:
    foreign = world.zscloud.create_user(**FOREIGN)
    world.zscloud.create_group(displayName="By hand")
    world.zscloud.edit_members("By hand", add=(foreign.id,))
    await provisioned(world)


async def heal(world: World) -> None:
    """The faults end; within some cycles all is right again."""
    world.entra.faults.set(**CALM)
    world.zscloud.set_faults()
    for _ in range(6):
        await world.clock.sleep(1000)
        record = await world.cycle()
        check_nobody_harmed(world)
    # Escrow waits for its time at the longest; a day settles every retry.
    await world.clock.sleep(90_000)
    record = await world.cycle()
    assert record.status in (CycleStatus.COMPLETED, CycleStatus.HELD), record
    assert world.differences() == []


CALM = {
    "throttle_share": 0.0,
    "error_share": 0.0,
    "drop_share": 0.0,
    "truncate_next": 0,
    "slip_next": 0,
    "stale_share": 0.0,
    "delta_replay_share": 0.0,
}


@thorough
@given(faults=graph_faults)
def test_graph_faults_never_harm_and_always_heal(faults: dict[str, Any]) -> None:
    async def story(world: World) -> None:
        await with_foreign_objects(world)
        world.entra.faults.set(**faults)
        await upheaval(world)
        for _ in range(4):
            world.entra.faults.set(**faults)
            await world.cycle()
            check_nobody_harmed(world)
            await world.clock.sleep(300)
        await heal(world)

    simulate(story, tenant=office)


@thorough
@given(faults=scim_faults)
def test_scim_faults_never_harm_and_always_heal(faults: dict[str, Any]) -> None:
    async def story(world: World) -> None:
        await with_foreign_objects(world)
        world.zscloud.set_faults(**faults)
        await upheaval(world)
        for _ in range(3):
            await world.cycle()
            check_nobody_harmed(world)
            await world.clock.sleep(300)
        await heal(world)

    simulate(story, tenant=office)


@thorough
@given(graph=graph_faults, scim=scim_faults, steps=st.lists(st.integers(20, 400), max_size=4))
def test_faults_on_both_sides_and_a_killed_process(
    graph: dict[str, Any], scim: dict[str, Any], steps: list[int]
) -> None:
    async def begin(world: World) -> None:
        await with_foreign_objects(world)
        world.entra.faults.set(**graph)
        world.zscloud.set_faults(**scim)
        await upheaval(world)

    async def cycle(world: World) -> None:
        await world.cycle()
        check_nobody_harmed(world)

    saga = Saga(tenant=office)
    saga.tell(begin)
    for count in steps:
        saga.tell(cycle, steps=count)
    assert saga.tell(heal).finished


# --- a broken source is not an empty source ------------------------------------------------------


@pytest.mark.parametrize(
    "faults",
    [
        {"short_assignments_next": 9},
        {"truncate_next": 9, "page_size": 3, "fault_path": "appRoleAssignedTo"},
        {"missing_permissions": frozenset({"User.Read.All"})},
        {"missing_permissions": frozenset({"Application.Read.All"})},
        {"error_next": 1000, "error_status": 500},
    ],
)
def test_a_broken_source_writes_nothing(faults: dict[str, Any]) -> None:
    async def story(world: World) -> None:
        for number in range(10, 40):
            id = world.tenant.add_user(f"user{number}@example.com", displayName=f"User {number}")
            world.tenant.assign(id, "User")
        await provisioned(world)
        world.entra.faults.set(**faults)
        # A change that a broken look must not let through half.
        world.tenant.update_user(user(world, 1), department="Legal")
        record = await world.cycle()
        assert record.status is CycleStatus.FAILED, record
        assert record.remedy
        assert world.writes() == []
        assert all(a.active for a in world.zscloud.users if not a.admin)

    simulate(story, tenant=office)


def test_a_single_stale_read_removes_nobody() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        assignments = list(world.tenant.assignments.current().values())
        direct = next(a for a in assignments if a.principal_id == user(world, 7))
        world.entra.faults.set(slip_ids=(direct.id,))
        record = await world.cycle()
        assert record.counts.writes == 0
        assert world.writes() == []

    simulate(story, tenant=office)


def test_many_real_leavers_are_believed_at_the_second_sight_and_held_by_the_brake() -> None:
    async def story(world: World) -> None:
        people = []
        for number in range(10, 60):
            id = world.tenant.add_user(f"user{number}@example.com", displayName=f"User {number}")
            world.tenant.assign(id, "User")
            people.append(id)
        await provisioned(world)
        for id in people[:30]:
            world.tenant.unassign(id)
        world.tenant.update_user(user(world, 1), department="Legal")
        await world.clock.sleep(300)
        first = await world.cycle()
        assert first.status is CycleStatus.FAILED
        assert "30" in (first.error or "")
        assert world.writes() == []
        second = await world.cycle()
        assert second.status is CycleStatus.HELD
        assert second.counts.held == 30
        assert second.counts.updated == 1
        assert sum(not a.active for a in world.zscloud.users) == 0
        entries = await world.logs(status="held")
        assert len(entries) == 30
        assert "DELETION_THRESHOLD_PERCENT" in entries[0]["reason"]
        world.environ["DELETION_THRESHOLD_PERCENT"] = "100"
        third = await world.cycle()
        assert third.status is CycleStatus.COMPLETED
        assert world.differences() == []

    simulate(story, tenant=office)


def test_a_young_assignment_is_not_believed_gone_yet() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.assign(user(world, 9), "User")
        await world.cycle()
        world.tenant.unassign(user(world, 9))
        record = await world.cycle()
        assert record.counts.disabled == 0
        (entry,) = await world.logs(cycle=record.cycle_id)
        assert entry["status"] == "skipped"
        assert "too young to believe, due" in entry["reason"]
        await world.clock.sleep(130)
        assert (await world.cycle()).counts.disabled == 1
        assert world.differences() == []

    simulate(story, tenant=office)


def test_a_stale_replica_does_not_switch_a_dismissed_user_on() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.unassign(user(world, 7))
        assert (await world.cycle()).counts.disabled == 1
        world.entra.faults.set(assignment_lag=60.0)
        assert (await world.cycle()).counts.enabled == 0
        assert not account(world, 7).active
        world.entra.faults.set(assignment_lag=0.0)
        await world.clock.sleep(300)
        assert (await world.cycle()).counts.writes == 0
        assert world.differences() == []

    simulate(story, tenant=office)


def test_an_expired_watermark_is_read_anew_and_compared() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.update_user(user(world, 1), department="Legal")
        world.tenant.remove_member(group(world, "Sales"), user(world, 3))
        await world.clock.sleep(8 * 86_400)
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED
        assert world.differences() == []
        assert len(world.writes()) == 2

    simulate(story, tenant=office)
