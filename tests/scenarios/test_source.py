"""What Graph shows late, twice, or not at all."""

from __future__ import annotations

import pytest

from provisioning.record import CycleStatus
from simulator.entra import Tenant
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import SETTLE, account, changed, group, office, provisioned, user
from tests.scenarios.world import World


async def later(world: World, cycles: int = 3) -> None:
    """Some cycles, an hour apart."""
    for _ in range(cycles):
        await world.clock.sleep(3600)
        record = await world.cycle()
    assert record.status is CycleStatus.COMPLETED, record


# --- lagging replicas ----------------------------------------------------------------------------


def test_a_new_assigned_user_whom_a_lagging_replica_does_not_show_yet() -> None:
    """Nothing lost: the assignment shows before the user does, and the user comes all the same."""

    async def story(world: World) -> None:
        await provisioned(world)
        new = world.tenant.add_user("late@example.com", displayName="Late")
        world.tenant.assign(new, "User")
        world.set_entra(replication_lag=60.0, assignment_lag=-60.0)
        await world.cycle()
        world.set_entra(replication_lag=0.0, assignment_lag=0.0)
        await later(world)
        assert world.differences() == []

    simulate(story, tenant=office)


def test_a_new_assigned_group_that_a_lagging_replica_does_not_show_yet() -> None:
    """Nothing lost: the assignment shows before the group does, and the group comes."""

    async def story(world: World) -> None:
        await provisioned(world)
        new = world.tenant.add_group("Late", [user(world, 9)])
        world.tenant.assign(new, "User")
        world.set_entra(replication_lag=60.0, assignment_lag=-60.0)
        await world.cycle()
        world.set_entra(replication_lag=0.0, assignment_lag=0.0)
        await later(world)
        assert world.differences() == []

    simulate(story, tenant=office)


def test_a_new_member_whom_a_lagging_replica_does_not_show_yet() -> None:
    """Nothing lost: the delta names a member before the user can be read."""

    async def story(world: World) -> None:
        await provisioned(world)
        new = world.tenant.add_user("late@example.com", displayName="Late")
        world.tenant.add_member(group(world, "Sales"), new)
        world.set_entra(replication_lag=60.0, delta_lag=-60.0)
        await world.cycle()
        world.set_entra(replication_lag=0.0, delta_lag=0.0)
        await later(world)
        assert world.differences() == []

    simulate(story, tenant=office)


def test_a_repeated_read_that_fails_half_way_loses_no_leaver() -> None:
    """What the repeated read of one group found survives the failure of the next group's read."""

    def tenant() -> Tenant:
        made = Tenant.empty()
        people = [made.add_user(f"user{n}@example.com", displayName=f"User {n}") for n in range(30)]
        for number in range(3):
            made.assign(made.add_group(f"Group {number}", people[number * 10 :][:10]), "User")
        return made

    async def story(world: World) -> None:
        await world.clock.sleep(1000)
        groups = sorted(group(world, f"Group {n}") for n in range(3))
        leaver = min(world.tenant.member_users(groups[0]))
        world.tenant.remove_member(groups[0], leaver)
        await world.clock.sleep(30)
        # The first read is behind the token that was taken before it.
        world.set_entra(replication_lag=60.0, delta_lag=-60.0)
        assert (await world.cycle()).status is CycleStatus.COMPLETED
        world.set_entra(replication_lag=0.0, delta_lag=0.0)
        assert world.differences() != []
        await world.clock.sleep(SETTLE)
        world.set_entra(error_next=1000, error_status=500, fault_path=f"groups/{groups[2]}/members")
        assert (await world.cycle()).status is CycleStatus.FAILED
        world.set_entra(error_next=0, fault_path="")
        await later(world)
        assert world.differences() == []

    simulate(story, tenant=tenant)


# --- deletions -----------------------------------------------------------------------------------


def test_who_left_the_groups_and_was_then_deleted_does_not_come_back_as_a_member() -> None:
    """A restored user is entitled to what Entra says now, not to what it was in before."""

    async def story(world: World) -> None:
        await provisioned(world)
        leaver = user(world, 3)
        world.tenant.remove_member(group(world, "Sales"), leaver)
        world.tenant.remove_member(group(world, "Both"), leaver)
        world.tenant.delete(leaver)
        await world.cycle()
        assert not account(world, 3).active
        world.tenant.restore(leaver)
        await world.cycle()
        assert not account(world, 3).active
        assert world.differences() == []

    simulate(story, tenant=office)


def test_several_users_who_are_found_purged_at_once_all_leave_their_groups() -> None:
    """A set that is changed once for each of several users keeps every change."""

    async def story(world: World) -> None:
        await provisioned(world)
        leavers = [user(world, 1), user(world, 2)]
        for id in leavers:
            world.tenant.delete(id)
        await world.cycle()
        for id in leavers:
            world.tenant.purge(id)
        await world.clock.sleep(8 * 86_400)
        await world.cycle()
        assert world.differences() == []

    simulate(story, tenant=office, DELETION_THRESHOLD_PERCENT="100")


def test_a_soft_deleted_group_that_is_restored() -> None:
    """A Microsoft 365 group is deleted and comes back: in the end it is as Entra says."""

    async def story(world: World) -> None:
        await provisioned(world)
        id = group(world, "Both")
        world.tenant.delete_group(id, soft=True)
        await world.cycle()
        assert world.differences() == []
        await world.clock.sleep(SETTLE)
        world.tenant.restore(id)
        await later(world)
        assert world.differences() == []

    simulate(story, tenant=office, DELETION_THRESHOLD_PERCENT="100")


def test_no_personal_data_stays_of_who_was_deleted_for_good() -> None:
    """A mirror row goes when the principal is neither near scope nor linked."""

    async def story(world: World) -> None:
        await provisioned(world)
        id = user(world, 7)
        world.tenant.delete(id)
        await world.cycle()
        world.tenant.purge(id)
        await world.cycle()
        await later(world)
        assert world.zscloud.users.by_external_id(id) == ()
        assert mirrored(world, id) is False

    simulate(story, tenant=office, ON_DELETE="delete")


def test_no_personal_data_stays_of_the_members_of_a_group_that_left() -> None:
    """A group that is unassigned is watched no longer, and its people are forgotten."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.unassign(group(world, "Both"))
        await world.cycle()
        await later(world)
        assert account(world, 6) is None
        assert mirrored(world, user(world, 6)) is False

    simulate(
        story,
        tenant=office,
        ON_UNASSIGN="delete",
        ON_GROUP_UNASSIGN="delete",
        DELETION_THRESHOLD_PERCENT="100",
    )


def mirrored(world: World, id: str) -> bool:
    """Whether the mirror still holds the user."""
    tables = world.store._tables.items()
    return any(n.endswith(":mirror_user") and id in t.values for n, t in tables)


# --- crashes of the source in the middle ---------------------------------------------------------


@pytest.mark.parametrize("skip", range(0, 14, 2))
def test_a_discovery_that_fails_at_any_read_loses_nothing(
    skip: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Graph fails after some requests of a look: the next look finds all of it again."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.update_user(user(world, 1), department="Legal")
        world.tenant.remove_member(group(world, "Sales"), user(world, 3))
        world.tenant.remove_member(group(world, "Both"), user(world, 3))
        world.tenant.unassign(user(world, 7))
        world.tenant.assign(world.tenant.add_group("New", [user(world, 9)]), "User")
        await world.clock.sleep(SETTLE)
        left = skip
        inner = world.entra.faults.strikes

        def strikes(name: str, path: str) -> bool:
            nonlocal left
            if name != "error":
                return inner(name, path)
            left -= 1
            return left < 0

        world.set_entra(error_status=500)
        monkeypatch.setattr(world.entra.faults, "strikes", strikes)
        await world.cycle()
        monkeypatch.setattr(world.entra.faults, "strikes", inner)
        await later(world)
        assert world.differences() == []

    simulate(story, tenant=office, DELETION_THRESHOLD_PERCENT="100")


def test_a_deleted_user_stays_a_member_when_no_feed_could_tell_of_the_deletion() -> None:
    """The tokens expired meanwhile: the members are read whole, and do not list who was deleted.
    Graph would never tell of the membership again, not even when the user is restored.
    """

    async def story(world: World) -> None:
        await provisioned(world)
        id = user(world, 1)
        world.tenant.delete(id)
        world.entra.expire_tokens("delta")
        await world.cycle()
        assert not account(world, 1).active
        assert "user1@example.com" in world.zscloud.members("Sales")
        world.tenant.restore(id)
        await changed(world)
        assert "user1@example.com" in world.zscloud.members("Sales")

    simulate(story, tenant=office)
