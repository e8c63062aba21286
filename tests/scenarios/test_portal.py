"""What each event does by the settings, and what hands in the portal do."""

from __future__ import annotations

import pytest

from provisioning.record import CycleStatus
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import SETTLE, account, group, office, provisioned, user
from tests.scenarios.world import World

# --- what an event does --------------------------------------------------------------------------


def test_nothing_happens_where_the_settings_say_none() -> None:
    """ON_* = none leaves the account and the group as they are, and never comes back to it."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.unassign(user(world, 7))
        world.tenant.disable(user(world, 1))
        world.tenant.delete(user(world, 2))
        world.tenant.unassign(group(world, "Both"))
        for kind in ("incremental", "incremental", "reconcile", "incremental"):
            await world.clock.sleep(SETTLE)
            record = await world.cycle(kind)
            assert record.status is CycleStatus.COMPLETED
        assert world.writes() == []

    none = dict.fromkeys(
        ("ON_UNASSIGN", "ON_DISABLE", "ON_SOFT_DELETE", "ON_DELETE", "ON_GROUP_UNASSIGN"), "none"
    )
    simulate(story, tenant=office, **none)


def test_deleted_where_the_settings_say_delete_and_made_anew() -> None:
    """ON_DISABLE=delete deletes; the user comes back with its memberships, nothing wasted."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.disable(user(world, 1))
        await world.cycle()
        assert account(world, 1) is None
        world.tenant.remove_member(group(world, "Sales"), user(world, 2))
        world.tenant.assign(user(world, 2), "User")
        await world.cycle()
        assert world.differences() == []
        world.tenant.enable(user(world, 1))
        await world.cycle()
        assert world.differences() == []
        assert world.zscloud.violations == []
        assert "user1@example.com" in world.zscloud.members("Sales")

    simulate(story, tenant=office, ON_DISABLE="delete")


@pytest.mark.parametrize("what", ["disable", "delete", "none"])
def test_a_soft_delete_and_a_hard_delete_each_do_what_is_set(what: str) -> None:
    """ON_SOFT_DELETE=none waits for the hard delete, which does what ON_DELETE says."""

    async def story(world: World) -> None:
        await provisioned(world)
        id = user(world, 7)
        world.tenant.delete(id)
        await world.cycle()
        assert world.writes() == []
        world.tenant.purge(id)
        await world.cycle()
        found = account(world, 7)
        assert (found is None) == (what == "delete")
        assert found is None or found.active == (what == "none")

    simulate(story, tenant=office, ON_SOFT_DELETE="none", ON_DELETE=what)


# --- hands in the portal -------------------------------------------------------------------------


async def hand_edits(world: World) -> None:
    """What an admin does in the portal, one of each kind."""
    world.zscloud.edit_user("user0@example.com", department="By hand")
    world.zscloud.edit_user("user1@example.com", active=False)
    world.zscloud.delete_user("user2@example.com")
    world.zscloud.edit_members("Sales", remove=("user3@example.com",))
    world.zscloud.edit_members("Sales", add=("user8@example.com", "stranger@example.com"))
    world.zscloud.delete_group("Both")


def test_a_reconcile_repairs_every_hand_edit_once() -> None:
    """DRIFT=repair: attributes, active, users, groups, memberships; strangers stay."""

    async def story(world: World) -> None:
        world.zscloud.create_user(userName="stranger@example.com", displayName="Stranger")
        await provisioned(world)
        await hand_edits(world)
        record = await world.cycle("reconcile")
        assert record.status is CycleStatus.COMPLETED
        assert account(world, 0).department == "Sales"
        assert account(world, 1).active
        assert account(world, 2) is not None
        members = world.zscloud.members("Sales")
        assert "user3@example.com" in members
        assert "user8@example.com" not in members
        assert "user2@example.com" in members
        assert "stranger@example.com" in members
        assert len(world.zscloud.members("Both")) == 4
        world.forget_requests()
        again = await world.cycle("reconcile")
        assert again.counts.writes == 0
        assert world.writes() == []
        assert len(world.scim("GET")) == 2

    simulate(story, tenant=office)


@pytest.mark.parametrize("drift", ["report", "leave"])
def test_drift_is_reported_or_left(drift: str) -> None:
    """DRIFT=report logs each object that differs and writes nothing; leave does not log either."""

    async def story(world: World) -> None:
        world.zscloud.create_user(userName="stranger@example.com", displayName="Stranger")
        await provisioned(world)
        await hand_edits(world)
        record = await world.cycle("reconcile")
        assert record.status is CycleStatus.COMPLETED
        assert world.writes() == []
        entries = await world.logs(cycle=record.cycle_id)
        assert len({e["source_id"] for e in entries}) == (5 if drift == "report" else 0)
        assert record.counts.skipped == len(entries)

    simulate(story, tenant=office, DRIFT=drift)


def test_a_membership_edited_by_hand_is_named_in_the_log() -> None:
    """Every object has a reason: drift of members says which members."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.edit_members("Sales", remove=("user3@example.com",))
        record = await world.cycle("reconcile")
        entries = await world.logs(cycle=record.cycle_id, status="skipped")
        (entry,) = [e for e in entries if e["reason_code"] == "Drift"]
        assert any("member" in p["name"] for p in entry["modified_properties"])
        assert "deleted by hand" not in entry["reason"]

    simulate(story, tenant=office)


def test_a_reconcile_converges_where_the_server_ignores_attributes() -> None:
    """A server that keeps only what Zscaler documents: no repair that can never succeed."""

    async def story(world: World) -> None:
        await world.cycle()
        await world.clock.sleep(SETTLE)
        await world.cycle("reconcile")
        world.forget_requests()
        record = await world.cycle("reconcile")
        assert world.writes() == []
        assert record.status is CycleStatus.COMPLETED

    simulate(story, tenant=office, zscloud={"other_attributes": "ignored"})


def test_a_reconcile_without_members_in_lists() -> None:
    """Where the list of groups shows no members a reconcile still sees a hand edit."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.edit_members("Sales", remove=("user3@example.com",))
        await world.cycle("reconcile")
        assert world.differences() == []

    simulate(story, tenant=office, zscloud={"list_members": False})


def test_a_group_deleted_by_hand_is_made_anew_by_the_next_change() -> None:
    """An answer of 404 ends the link; the group is made with all its members."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.delete_group("Sales")
        world.tenant.add_member(group(world, "Sales"), user(world, 8))
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED
        assert world.differences() == []

    simulate(story, tenant=office)


def test_a_removal_from_a_group_deleted_by_hand() -> None:
    """The removal finds no group: it is made anew with the members that belong there."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.delete_group("Sales")
        world.tenant.remove_member(group(world, "Sales"), user(world, 3))
        await world.cycle()
        await world.cycle()
        assert world.differences() == []

    simulate(story, tenant=office)


def test_a_leaver_whose_account_was_deleted_by_hand() -> None:
    """Who is gone from ZSCloud already needs no disabling, and is not made anew."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.delete_user("user7@example.com")
        world.tenant.unassign(user(world, 7))
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED
        assert account(world, 7) is None
        assert world.differences() == []

    simulate(story, tenant=office)
