"""What each event does, at once or after a grace period, and what ends the period before."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.operations.status import status
from provisioning.record import CycleStatus
from tests.scenarios.leaving import (
    DAY,
    EVENTS,
    LEAVES,
    WEEK,
    both,
    cycle,
    days,
    due,
    due_names,
    everywhere,
    left,
    skipped,
    state,
    waits_its_week,
)
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import SETTLE, account, everybody, group, office, provisioned, user
from tests.scenarios.world import World

# --- each event, by what is set ------------------------------------------------------------------


@pytest.mark.parametrize("period", [0, 7])
@pytest.mark.parametrize("what", ["disable", "delete", "none"])
@pytest.mark.parametrize("name", EVENTS)
def test_each_event_does_what_is_set(name: str, what: str, period: int) -> None:
    """At once, before the time, and after it; nothing else is ever written."""
    event = EVENTS[name]

    async def story(world: World) -> None:
        await provisioned(world)
        event.happens(world)
        await cycle(world)
        at_once = {"disable": "away", "delete": "away" if period else "gone", "none": "there"}
        assert state(world, event) == at_once[what]
        if what == "delete" and period:
            (item,) = (await due(world))["items"]
            assert item["source_id"] == (both(world) if event.group else user_id_of(item))
        await days(world, 6)
        assert state(world, event) == at_once[what]
        await days(world, 1.1)
        assert state(world, event) == ("gone" if what == "delete" else at_once[what])
        assert await due_names(world) == []
        world.forget_requests()
        await cycle(world)
        await cycle(world, "reconcile")
        assert world.writes() == []
        assert world.zscloud.violations == []

    settings = {event.setting: what, "DELETE_AFTER_DAYS": str(period)}
    simulate(story, **everywhere(**settings))


def user_id_of(item: dict[str, Any]) -> str:
    assert item["name"] == "user1@example.com"
    return str(item["source_id"])


@pytest.mark.parametrize("what", ["disable", "delete"])
@pytest.mark.parametrize("name", [name for name, event in EVENTS.items() if event.ends])
def test_who_comes_back_in_time_is_enabled_with_its_memberships(name: str, what: str) -> None:
    """Re-assigned, in the filter, enabled, restored: all is as before, and nothing is deleted."""
    event = EVENTS[name]

    async def story(world: World) -> None:
        await provisioned(world)
        before = None if event.group else account(world, 1).id
        members = world.zscloud.members("Sales"), world.zscloud.members("Both")
        event.happens(world)
        await cycle(world)
        await days(world, 6)
        assert event.ends is not None
        event.ends(world)
        await cycle(world)
        assert state(world, event) == "there"
        assert (world.zscloud.members("Sales"), world.zscloud.members("Both")) == members
        assert await due_names(world) == []
        await days(world, 2)
        await days(world, 8)
        assert state(world, event) == "there"
        assert before is None or account(world, 1).id == before
        assert world.differences() == []
        assert world.scim("DELETE") == []

    simulate(story, **everywhere(**{event.setting: what, **WEEK}))


# --- the list ------------------------------------------------------------------------------------


def test_what_is_due_is_listed_by_name_reason_and_time() -> None:
    """Who, why, since when, when it is deleted; in pages, counted by status, told by explain."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.unassign(user(world, 8))
        await cycle(world)
        await world.clock.sleep(DAY)
        world.tenant.unassign(user(world, 7))
        await cycle(world)
        listed = (await due(world))["items"]
        assert [each["name"] for each in listed] == ["user8@example.com", "user7@example.com"]
        assert {each["reason_code"] for each in listed} == {"Unassigned"}
        first = await due(world, limit=1)
        assert first["items"] == listed[:1]
        second = await due(world, limit=1, after=first["next"])
        assert second["items"] == listed[1:]
        assert (await due(world, limit=1, after=second["next"]))["items"] == []
        since, delete_at = listed[0]["since"], listed[0]["delete_at"]
        assert since[11:] == delete_at[11:]
        assert since[:10] != delete_at[:10]
        assert (await status(world.services()))["due_deletions"] == 2
        told = await world.explain("user8@example.com")
        assert f"deleted at {delete_at[:10]}" in told["verdict"]
        entries = await world.logs(principal=user(world, 8), action="disable")
        assert "deleted after 7 days" in entries[-1]["reason"]

    simulate(story, tenant=office, **LEAVES)


# --- what ends the period, or moves its end ------------------------------------------------------


def test_changed_days_count_from_when_the_account_was_taken_away() -> None:
    """Longer: it waits on. Shorter: it is over at once. 0: it is over as well."""

    async def story(world: World) -> None:
        await left(world)
        world.environ["DELETE_AFTER_DAYS"] = "30"
        await days(world, 10)
        assert account(world, 7) is not None
        world.environ["DELETE_AFTER_DAYS"] = "9"
        await cycle(world)
        assert account(world, 7) is None
        world.environ["DELETE_AFTER_DAYS"] = "7"
        world.tenant.unassign(user(world, 8))
        await cycle(world)
        assert not account(world, 8).active
        world.environ["DELETE_AFTER_DAYS"] = "0"
        await cycle(world)
        assert account(world, 8) is None

    simulate(story, tenant=office, **LEAVES)


def test_a_setting_that_deletes_no_more_ends_the_period() -> None:
    """ON_UNASSIGN=disable: nobody waits any more; set to delete again, a new period begins."""

    async def story(world: World) -> None:
        await left(world)
        world.environ["ON_UNASSIGN"] = "disable"
        await days(world, 6)
        await cycle(world, "reconcile")
        assert await due_names(world) == []
        assert (await skipped(world, user(world, 7)))[-1] == "GracePeriodEnded"
        world.environ["ON_UNASSIGN"] = "delete"
        await days(world, 6)
        await cycle(world, "reconcile")
        assert (await skipped(world, user(world, 7)))[-1] == "GracePeriod"
        await waits_its_week(world)

    simulate(story, tenant=office, **LEAVES)


def test_a_user_who_was_disabled_by_hand_before_waits_as_well() -> None:
    """Nothing has to be sent to disable it; the period begins when it leaves, not before."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.edit_user("user7@example.com", active=False)
        world.tenant.unassign(user(world, 7))
        await cycle(world, "reconcile")
        assert await due_names(world) == ["user7@example.com"]
        await waits_its_week(world)

    simulate(story, tenant=office, **LEAVES)


def test_an_account_that_is_switched_on_by_hand_is_disabled_anew_and_waits_anew() -> None:
    """Who is switched on is never deleted without having been disabled for the whole period."""

    async def story(world: World) -> None:
        await left(world)
        await days(world, 5)
        world.zscloud.edit_user("user7@example.com", active=True)
        await days(world, 2.5)  # no reconcile has seen it: the look before the delete does
        assert account(world, 7) is not None
        assert not account(world, 7).active
        await waits_its_week(world)

    simulate(story, tenant=office, **LEAVES)


@pytest.mark.parametrize("drift", ["active=report", "active=leave"])
def test_an_account_that_is_left_switched_on_is_not_deleted(drift: str) -> None:
    """DRIFT lets it stay on: the period begins anew, instead of ending in a delete."""

    async def story(world: World) -> None:
        await left(world)
        await days(world, 5)
        world.zscloud.edit_user("user7@example.com", active=True)
        await days(world, 2.5)
        assert account(world, 7) is not None
        assert account(world, 7).active
        world.zscloud.edit_user("user7@example.com", active=False)
        await days(world, 8)
        assert account(world, 7) is None

    simulate(story, tenant=office, **LEAVES, DRIFT=drift)


def test_a_link_that_moves_ends_the_period() -> None:
    """Somebody new with the name of a leaver gets the account, which is not deleted any more."""

    async def story(world: World) -> None:
        old = await left(world)
        before = account(world, 7).id
        await days(world, 3)
        world.tenant.update_user(old, userPrincipalName="former@example.com")
        new = world.tenant.add_user("user7@example.com", displayName="New", department="Sales")
        world.tenant.assign(new, "User")
        await cycle(world)
        assert (account(world, 7).id, account(world, 7).active) == (before, True)
        assert await due_names(world) == []
        await days(world, 10)
        assert account(world, 7).id == before
        assert world.differences() == []

    simulate(story, tenant=office, **LEAVES)


# --- the brake -----------------------------------------------------------------------------------


def test_disabling_counts_and_the_delete_that_follows_does_not_count_again() -> None:
    """A tenth may leave in a week, week after week, although deletes follow."""

    async def story(world: World) -> None:
        await provisioned(world)
        for week in range(3):
            for number in range(8):
                world.tenant.remove_member(
                    group(world, "Everybody"), user(world, week * 8 + number)
                )
            record = await cycle(world)
            assert record.status is CycleStatus.COMPLETED
            await days(world, 7.5)
        await days(world, 7.5)
        assert len(world.scim("DELETE")) == 24

    simulate(story, tenant=everybody(100), **LEAVES)


def test_a_setting_that_would_delete_many_old_accounts_is_held() -> None:
    """ON_UNASSIGN=delete on accounts disabled long ago: a delete cannot be taken back."""

    async def story(world: World) -> None:
        await provisioned(world)
        for number in range(20):
            world.tenant.remove_member(group(world, "Everybody"), user(world, number))
            if number % 5 == 4:
                await days(world, 8)
        world.environ.update(ON_UNASSIGN="delete", DELETION_THRESHOLD_PERCENT="10")
        await world.clock.sleep(SETTLE)
        record = await world.cycle("reconcile")
        assert record.status is CycleStatus.HELD
        assert record.counts.held == 20
        assert world.scim("DELETE") == []

    simulate(story, tenant=everybody(60))
