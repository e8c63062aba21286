"""Who is protected, by name, by pattern, or as an administrator, is never taken away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.scenarios.leaving import (
    EVENTS,
    LEAVES,
    WEEK,
    both,
    cycle,
    days,
    due_names,
    everywhere,
    left,
    skipped,
    state,
)
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import account, group, office, provisioned, user
from tests.scenarios.world import World

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
        await left(world)
        world.environ["PROTECTED"] = "user7@*"
        await days(world, 8)
        assert account(world, 7) is not None
        assert await due_names(world) == []

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
        assert (await skipped(world, id))[-1] == "ProtectedObject"

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


@pytest.mark.parametrize("setting", ["PROTECTED", "ZSCLOUD_ADMIN_GROUP"])
def test_a_protected_group_that_is_not_there_yet_is_made_without_members(setting: str) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.environ[setting] = "Vault"
        id = world.tenant.add_group("Vault", [user(world, 1)])
        world.tenant.assign(id, "User")
        _, planned = await world.cycle_with_changes(dry_run=True)
        assert [change.action for change in planned] == ["create"]
        await cycle(world)
        world.tenant.add_member(id, user(world, 3))
        world.tenant.assign(world.tenant.add_user("new@example.com"), "User")
        await cycle(world)
        await cycle(world, "reconcile")
        assert world.zscloud.members("Vault") == ()
        assert (await skipped(world, id))[-1] == "ProtectedObject"

    simulate(story, tenant=office)


def test_no_group_is_renamed_into_the_group_of_administrators() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.environ["ZSCLOUD_ADMIN_GROUP"] = "Vault"
        id = group(world, "Both")
        world.tenant.update_group(id, displayName="Vault")
        await cycle(world)
        assert world.zscloud.members("Both")
        assert (await skipped(world, id))[-1] == "ProtectedObject"

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
        assert await due_names(world) == []
        told = await world.explain("user7@example.com")
        (step,) = [each for each in told["steps"] if each["name"] == "action"]
        assert "protected" in step["detail"]
        assert step["remedy"]

    simulate(story, tenant=office, ON_UNASSIGN="delete", DELETE_AFTER_DAYS=period)
