"""Another setting of who is in scope, or of what happens to leavers: the next cycle goes by it.

What is stored was read and judged by the settings before. Only what happens in Entra is looked at
by an incremental cycle, so everybody has to be judged anew, as after a change of the schema.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provisioning.operations.status import status
from provisioning.record import CycleStatus
from simulator.entra import Tenant
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import (
    DEFAULT_ACCESS,
    SETTLE,
    account,
    nested,
    office,
    provisioned,
    user,
)
from tests.scenarios.world import World

ALL_MAY_GO = {"DELETION_THRESHOLD_PERCENT": "100"}


def mixed() -> Tenant:
    """The office, with the tenth person assigned without an app role."""
    tenant = office()
    tenant.assign(tenant.ids_named("user9@example.com", "user")[0], DEFAULT_ACCESS)
    return tenant


def outsiders() -> Tenant:
    """The office, with a group that nobody has assigned."""
    tenant = office()
    tenant.add_group("Outside", tenant.ids_named("user9@example.com", "user"))
    return tenant


def crowded() -> Tenant:
    """The office, with six more people who are assigned nothing."""
    tenant = office()
    for n in range(10, 16):
        tenant.add_user(f"user{n}@example.com", displayName=f"User {n}", department="Sales")
    return tenant


SCOPE = [
    pytest.param(mixed, "DEFAULT_ACCESS", "exclude", "include", id="DEFAULT_ACCESS"),
    pytest.param(nested, "NESTED_GROUPS", "direct", "transitive", id="NESTED_GROUPS"),
    pytest.param(outsiders, "PROVISIONING_SCOPE", "assigned", "all", id="PROVISIONING_SCOPE"),
]


def active(world: World) -> set[str]:
    return {each.user_name for each in world.zscloud.users if each.active and not each.admin}


@pytest.mark.parametrize(("tenant", "name", "narrow", "wide"), SCOPE)
def test_a_wider_scope_and_back(
    tenant: Callable[[], Tenant], name: str, narrow: str, wide: str
) -> None:
    """The next incremental cycle brings in who is in scope now, and takes out who no longer is.
    The dry run says so, and nothing is left for the cycle after it.
    """

    async def story(world: World) -> None:
        world.environ |= {name: narrow, **ALL_MAY_GO}
        assert (await world.cycle()).status is CycleStatus.COMPLETED
        await world.clock.sleep(SETTLE)
        await world.cycle()
        before = active(world)
        for value in (wide, narrow):
            world.environ[name] = value
            await world.cycle(dry_run=True)
            planned = {change.change_id for change in world.changes}
            record = await world.cycle()
            assert record.status is CycleStatus.COMPLETED
            entries = await world.logs(cycle=record.cycle_id)
            assert planned == {entry["change_id"] for entry in entries} - {None}
            assert planned
            assert (active(world) > before) if value == wide else (active(world) == before)
            world.forget_requests()
            assert (await world.cycle()).counts.writes == 0
            assert world.scim() == []
            await world.clock.sleep(SETTLE)
        assert world.zscloud.violations == []

    simulate(story, tenant=tenant)


def test_who_comes_and_goes_by_the_new_scope_is_followed() -> None:
    """Nested groups that were not read before are watched from then on."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.environ["NESTED_GROUPS"] = "transitive"
        await world.cycle()
        assert world.differences() == []
        late = world.tenant.add_user("user4@example.com", displayName="User 4", department="Sales")
        world.tenant.add_member(world.tenant.ids_named("Inner", "group")[0], late)
        await world.cycle()
        assert account(world, 4).active
        assert world.differences() == []

    simulate(story, tenant=nested)


def test_a_narrower_scope_meets_the_brake() -> None:
    """Whom another setting leaves out is held as one plan, and drops out if it is set back."""

    async def story(world: World) -> None:
        world.environ["PROVISIONING_SCOPE"] = "all"
        await world.cycle()
        await world.clock.sleep(SETTLE)
        await world.cycle()
        world.forget_requests()
        world.environ["PROVISIONING_SCOPE"] = "assigned"
        held = await world.cycle()
        assert held.status is CycleStatus.HELD
        assert held.counts.held == 7
        assert world.writes() == []
        world.environ["PROVISIONING_SCOPE"] = "all"
        back = await world.cycle()
        assert back.status is CycleStatus.COMPLETED
        assert world.writes() == []

    simulate(story, tenant=crowded)


def test_a_setting_as_it_was_costs_nothing() -> None:
    """A default that is written out is no change: no full read."""

    async def story(world: World) -> None:
        await provisioned(world)
        plain = await world.cycle()
        world.environ |= {"NESTED_GROUPS": "direct", "ON_UNASSIGN": "disable", "PROTECTED": " , "}
        again = await world.cycle()
        assert again.requests.graph == plain.requests.graph
        assert again.counts.unchanged == plain.counts.unchanged
        assert world.scim() == []

    simulate(story, tenant=office)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"PROTECTED": "user7*"}, {"PROTECTED": ""}),
        ({"ON_UNASSIGN": "none"}, {"ON_UNASSIGN": "disable"}),
    ],
)
def test_who_has_left_goes_by_the_setting_of_now(
    before: dict[str, str], after: dict[str, str]
) -> None:
    """What `explain` says that the next cycle does, it does; Entra is not read anew for it."""

    async def story(world: World) -> None:
        world.environ |= before
        await provisioned(world)
        plain = await world.cycle()
        world.tenant.unassign(user(world, 7))
        await world.cycle()
        await world.cycle()
        assert account(world, 7).active
        world.environ |= after
        explained = await world.explain("user7@example.com")
        assert [change["action"] for change in explained["changes"]] == ["disable"]
        record = await world.cycle()
        assert not account(world, 7).active
        assert record.requests.graph <= plain.requests.graph + 1
        assert (await world.cycle()).counts.writes == 0

    simulate(story, tenant=office)


def test_who_waits_to_be_deleted_goes_by_the_grace_period_of_now() -> None:
    async def story(world: World) -> None:
        world.environ |= {"ON_UNASSIGN": "delete", "DELETE_AFTER_DAYS": "30"}
        await provisioned(world)
        world.tenant.unassign(user(world, 7))
        await world.cycle()
        await world.cycle()
        assert not account(world, 7).active
        world.environ["DELETE_AFTER_DAYS"] = "0"
        record = await world.cycle()
        assert record.counts.deleted == 1
        assert (await world.cycle()).counts.writes == 0

    simulate(story, tenant=office)


def test_status_tells_of_it() -> None:
    """Until a cycle went by it, as with the schema."""

    async def state(world: World) -> Any:
        services = world.services()
        try:
            return (await status(services))["schema"]["changed"]
        finally:
            await world._close(services)

    async def story(world: World) -> None:
        await provisioned(world)
        assert not await state(world)
        world.environ["DEFAULT_ACCESS"] = "include"
        assert await state(world)
        await world.cycle()
        assert not await state(world)

    simulate(story, tenant=office)
