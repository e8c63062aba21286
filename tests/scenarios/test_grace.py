"""What each event does, at once or after a grace period, and what ends the period before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from provisioning.operations.due import list_due
from provisioning.operations.status import status
from provisioning.record import CycleStatus
from tests.mapping.schemas import clause
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import (
    SETTLE,
    account,
    everybody,
    group,
    group_object,
    office,
    provisioned,
    user,
)
from tests.scenarios.test_filters import filtered
from tests.scenarios.world import World

DAY = 86_400.0
WEEK = {"DELETE_AFTER_DAYS": "7"}
LEAVES = {"ON_UNASSIGN": "delete", **WEEK}
DONE = (CycleStatus.COMPLETED, CycleStatus.COMPLETED_WITH_ERRORS)

Step = Callable[[World], object]


@dataclass(frozen=True)
class Event:
    """Something that takes a principal out of scope, and what brings it back."""

    setting: str
    happens: Step
    ends: Step | None
    group: bool = False


def _soft_then_hard(world: World) -> None:
    world.tenant.delete(user(world, 1))
    world.tenant.purge(user_id(world))


def user_id(world: World) -> str:
    """The id of the second person, also once it is deleted."""
    (id,) = world.tenant.ids_named("user1@example.com", "user")
    return id


def both(world: World) -> str:
    """The id of a group, also once it is deleted."""
    (id,) = world.tenant.ids_named("Both", "group")
    return id


EVENTS = {
    "unassigned": Event(
        "ON_UNASSIGN",
        lambda w: w.tenant.remove_member(group(w, "Sales"), user_id(w)),
        lambda w: w.tenant.add_member(group(w, "Sales"), user_id(w)),
    ),
    "out of filter": Event(
        "ON_OUT_OF_FILTER",
        lambda w: w.tenant.update_user(user_id(w), department="Legal"),
        lambda w: w.tenant.update_user(user_id(w), department="Sales"),
    ),
    "disabled": Event(
        "ON_DISABLE",
        lambda w: w.tenant.disable(user_id(w)),
        lambda w: w.tenant.enable(user_id(w)),
    ),
    "soft-deleted": Event(
        "ON_SOFT_DELETE",
        lambda w: w.tenant.delete(user_id(w)),
        lambda w: w.tenant.restore(user_id(w)),
    ),
    "hard-deleted": Event("ON_DELETE", _soft_then_hard, None),
    "group unassigned": Event(
        "ON_GROUP_UNASSIGN",
        lambda w: w.tenant.unassign(both(w)),
        lambda w: w.tenant.assign(both(w), "User"),
        group=True,
    ),
    "group deleted": Event(
        "ON_GROUP_DELETE",
        lambda w: w.tenant.delete_group(both(w), soft=True),
        lambda w: w.tenant.restore(both(w)),
        group=True,
    ),
}


async def cycle(world: World, kind: str = "incremental") -> Any:
    """A cycle that ends well, after which nothing is young."""
    await world.clock.sleep(SETTLE)
    record = await world.cycle(kind)
    assert record.status in DONE, record
    return record


async def days(world: World, number: float) -> None:
    """Days pass, and a cycle with them."""
    await world.clock.sleep(number * DAY)
    await cycle(world)


def state(world: World, event: Event) -> str:
    """What ZSCloud has: ``there`` as before, ``away`` (disabled, emptied), or ``gone``."""
    if event.group:
        if group_object(world, "Both") is None:
            return "gone"
        return "there" if world.zscloud.members("Both") else "away"
    found = account(world, 1)
    if found is None:
        return "gone"
    return "there" if found.active else "away"


def everywhere(**settings: str) -> dict[str, Any]:
    """A world whose filter lets everybody pass at first."""
    schema = filtered("User", clause("department", "EQUALS", "Sales"))
    return {"tenant": office, "schema": schema, **settings}


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
        assert (await due(world))["items"] == []
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
        assert (await due(world))["items"] == []
        await days(world, 2)
        await days(world, 8)
        assert state(world, event) == "there"
        assert before is None or account(world, 1).id == before
        assert world.differences() == []
        assert world.scim("DELETE") == []

    simulate(story, **everywhere(**{event.setting: what, **WEEK}))


# --- the list ------------------------------------------------------------------------------------


async def due(world: World, **query: Any) -> Any:
    """What is due, as a process of its own lists it."""
    services = world.services()
    try:
        return await list_due(services, **query)
    finally:
        await world._close(services)


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
        await provisioned(world)
        world.tenant.unassign(user(world, 7))
        await cycle(world)
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
        await provisioned(world)
        world.tenant.unassign(user(world, 7))
        await cycle(world)
        world.environ["ON_UNASSIGN"] = "disable"
        await days(world, 6)
        await cycle(world, "reconcile")
        assert (await due(world))["items"] == []
        entries = await world.logs(principal=user(world, 7), status="skipped")
        assert entries[-1]["reason_code"] == "GracePeriodEnded"
        world.environ["ON_UNASSIGN"] = "delete"
        await days(world, 6)
        await cycle(world, "reconcile")
        entries = await world.logs(principal=user(world, 7), status="skipped")
        assert entries[-1]["reason_code"] == "GracePeriod"
        await days(world, 6)
        assert account(world, 7) is not None
        await days(world, 1.5)
        assert account(world, 7) is None

    simulate(story, tenant=office, **LEAVES)


def test_a_user_who_was_disabled_by_hand_before_waits_as_well() -> None:
    """Nothing has to be sent to disable it; the period begins when it leaves, not before."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.edit_user("user7@example.com", active=False)
        world.tenant.unassign(user(world, 7))
        await cycle(world, "reconcile")
        assert [each["name"] for each in (await due(world))["items"]] == ["user7@example.com"]
        await days(world, 6)
        assert account(world, 7) is not None
        await days(world, 1.5)
        assert account(world, 7) is None

    simulate(story, tenant=office, **LEAVES)


def test_an_account_that_is_switched_on_by_hand_is_disabled_anew_and_waits_anew() -> None:
    """Who is switched on is never deleted without having been disabled for the whole period."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.unassign(user(world, 7))
        await cycle(world)
        await days(world, 5)
        world.zscloud.edit_user("user7@example.com", active=True)
        await days(world, 2.5)  # no reconcile has seen it: the look before the delete does
        assert account(world, 7) is not None
        assert not account(world, 7).active
        await days(world, 6)
        assert account(world, 7) is not None
        await days(world, 1.5)
        assert account(world, 7) is None

    simulate(story, tenant=office, **LEAVES)


@pytest.mark.parametrize("drift", ["active=report", "active=leave"])
def test_an_account_that_is_left_switched_on_is_not_deleted(drift: str) -> None:
    """DRIFT lets it stay on: the period begins anew, instead of ending in a delete."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.unassign(user(world, 7))
        await cycle(world)
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
        await provisioned(world)
        before = account(world, 7).id
        old = user(world, 7)
        world.tenant.unassign(old)
        await cycle(world)
        await days(world, 3)
        world.tenant.update_user(old, userPrincipalName="former@example.com")
        new = world.tenant.add_user("user7@example.com", displayName="New", department="Sales")
        world.tenant.assign(new, "User")
        await cycle(world)
        assert (account(world, 7).id, account(world, 7).active) == (before, True)
        assert (await due(world))["items"] == []
        await days(world, 10)
        assert account(world, 7).id == before
        assert world.differences() == []

    simulate(story, tenant=office, **LEAVES)


# --- the look before the delete ------------------------------------------------------------------


def test_a_user_who_is_back_and_whom_no_feed_has_shown_is_not_deleted() -> None:
    """Entra is asked for the user before the delete; what it says then counts."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.disable(user(world, 1))
        await cycle(world)
        await world.clock.sleep(6 * DAY)
        await cycle(world)
        await cycle(world)
        await world.clock.sleep(DAY)
        world.set_entra(delta_lag=SETTLE * 4)
        world.tenant.enable(user(world, 1))
        await world.cycle()
        assert account(world, 1) is not None
        entries = await world.logs(principal=user(world, 1), status="skipped")
        assert entries[-1]["reason_code"] == "SourceMovedOn"
        assert world.scim("DELETE") == []
        await cycle(world)
        assert account(world, 1).active
        assert world.differences() == []

    simulate(story, tenant=office, ON_DISABLE="delete", **WEEK)


@pytest.mark.parametrize("seen_by", ["the last look", "a reconcile", "a call on demand"])
def test_an_account_that_has_become_somebody_elses_is_not_deleted(seen_by: str) -> None:
    """Name and externalId edited by hand: the link is dropped, the account stays as it is."""

    async def story(world: World) -> None:
        await provisioned(world)
        id = user(world, 7)
        world.tenant.unassign(id)
        await cycle(world)
        world.zscloud.edit_user(
            "user7@example.com", userName="other@example.com", externalId="other", active=True
        )
        await world.clock.sleep(3 * DAY)
        told = await world.explain(id)
        assert any("somebody else's now" in step["detail"] for step in told["steps"])
        if seen_by == "a reconcile":
            await cycle(world, "reconcile")
        elif seen_by == "a call on demand":
            await world.on_demand(id)
        await days(world, 5)
        found = world.zscloud.users.by_user_name("other@example.com")
        assert found is not None
        assert found.active
        entries = await world.logs(principal=id, status="skipped")
        assert "TargetTaken" in {each["reason_code"] for each in entries}
        assert (await due(world))["items"] == []
        await days(world, 8)
        assert world.scim("DELETE") == []

    simulate(story, tenant=office, **LEAVES)


def test_an_account_that_only_has_another_name_is_deleted() -> None:
    """The externalId still says whose it is."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.unassign(user(world, 7))
        await cycle(world)
        world.zscloud.edit_user("user7@example.com", userName="other@example.com")
        await days(world, 8)
        assert world.zscloud.users.by_user_name("other@example.com") is None

    simulate(story, tenant=office, **LEAVES)


def test_an_account_that_was_deleted_by_hand_is_forgotten() -> None:
    """There is nothing to delete, and nothing waits."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.unassign(user(world, 7))
        await cycle(world)
        world.zscloud.delete_user("user7@example.com")
        await days(world, 8)
        assert world.scim("DELETE") == []
        assert (await due(world))["items"] == []

    simulate(story, tenant=office, **LEAVES)


def test_a_delete_that_fails_is_tried_again_at_its_own_time() -> None:
    """In escrow it waits for its next try, not for the next cycle."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.unassign(user(world, 7))
        await cycle(world)
        world.zscloud.set_faults(methods=("DELETE",), fail_share=1.0, fail_status=400)
        for _ in range(12):
            await world.clock.sleep(DAY)
            await world.cycle()
        tries = len(world.scim("DELETE"))
        assert tries
        await world.cycle()
        await world.cycle()
        assert len(world.scim("DELETE")) == tries
        world.zscloud.set_faults(methods=(), fail_share=0.0)
        await days(world, 2)
        assert account(world, 7) is None

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


# --- protected -----------------------------------------------------------------------------------

PROTECTED = [{"PROTECTED": "user1@example.com,Both"}, {"PROTECTED": "user1@*, B?th"}]


@pytest.mark.parametrize("what", ["disable", "delete"])
@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("protected", PROTECTED)
def test_what_is_protected_is_never_taken_away(
    name: str, what: str, protected: dict[str, str]
) -> None:
    """By name and by pattern, users and groups: nothing is written, and the log says why."""
    event = EVENTS[name]

    async def story(world: World) -> None:
        await provisioned(world)
        world.environ.update(protected)
        event.happens(world)
        await cycle(world)
        await days(world, 8)
        assert state(world, event) == "there"
        id = both(world) if event.group else None
        entries = await world.logs(principal=id or "user1@example.com", status="skipped")
        assert "ProtectedObject" in {each["reason_code"] for each in entries}
        assert all(each["remedy"] for each in entries)

    simulate(story, **everywhere(**{event.setting: what, **WEEK}))


def test_who_is_protected_while_waiting_waits_no_more() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.unassign(user(world, 7))
        await cycle(world)
        world.environ["PROTECTED"] = "user7@*"
        await days(world, 8)
        assert account(world, 7) is not None
        assert (await due(world))["items"] == []

    simulate(story, tenant=office, **LEAVES)


def test_protected_names_hold_as_long_as_the_setting_has_them() -> None:
    """Also where the object was read meanwhile: the setting is not remembered."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.environ["PROTECTED"] = "user7@*"
        world.tenant.update_user(user(world, 7), department="Legal")
        await world.on_demand("user7@example.com")
        await cycle(world, "reconcile")
        assert account(world, 7).department == "Sales"
        del world.environ["PROTECTED"]
        await world.on_demand("user7@example.com")
        assert account(world, 7).department == "Legal"

    simulate(story, tenant=office)


def test_a_protected_user_gets_memberships_and_a_protected_group_gets_nothing() -> None:
    """A protected group is not given members either: its members may be administrators."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.environ["PROTECTED"] = "user7@*,Both"
        world.tenant.add_member(group(world, "Sales"), user(world, 7))
        world.tenant.add_member(group(world, "Both"), user(world, 8))
        world.tenant.remove_member(group(world, "Both"), user(world, 3))
        world.tenant.update_group(group(world, "Both"), displayName="Either")
        before = world.zscloud.members("Both")
        await cycle(world)
        await cycle(world, "reconcile")
        assert "user7@example.com" in world.zscloud.members("Sales")
        assert world.zscloud.members("Both") == before
        (id,) = world.tenant.ids_named("Either", "group")
        entries = await world.logs(principal=id, status="skipped")
        assert entries[-1]["reason_code"] == "ProtectedObject"

    simulate(story, tenant=office)


def test_a_group_in_entra_called_like_the_group_of_administrators_gains_nobody_its_rights() -> None:
    """It is matched by its name, and protected: no member is added."""

    async def story(world: World) -> None:
        before = world.zscloud.members("Service Admin")
        world.tenant.assign(world.tenant.add_group("Service Admin", [user(world, 1)]), "User")
        await cycle(world)
        await cycle(world, "reconcile")
        assert world.zscloud.members("Service Admin") == before

    simulate(story, tenant=office)


@pytest.mark.parametrize("period", ["0", "7"])
def test_an_administrator_whose_delete_is_refused_is_explained(period: str) -> None:
    """409: asked once, protected from then on, with what to do in the log and in explain."""

    async def story(world: World) -> None:
        await provisioned(world)
        id = user(world, 7)
        world.tenant.unassign(id)
        if period != "0":
            await cycle(world)
        world.zscloud.store.save_user(replace(account(world, 7), admin=True))
        for _ in range(12):
            await days(world, 1)
        assert len(world.scim("DELETE")) == 1
        entries = await world.logs(principal=id, status="skipped")
        (refused,) = [each for each in entries if each["error_code"] == "Conflict"]
        assert refused["reason_code"] == "ProtectedObject"
        assert "administrator" in refused["remedy"]
        assert (await due(world))["items"] == []
        told = await world.explain("user7@example.com")
        (step,) = [each for each in told["steps"] if each["name"] == "action"]
        assert "protected" in step["detail"]
        assert step["remedy"]

    simulate(story, tenant=office, ON_UNASSIGN="delete", DELETE_AFTER_DAYS=period)
