"""Each change in Entra ends right in ZSCloud, with its line in the provisioning log."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.record import CycleStatus
from simulator.entra import Tenant
from tests.scenarios.simulation import simulate
from tests.scenarios.world import World

SETTLE = 200.0


def office() -> Tenant:
    """Ten people: seven by two assigned groups, two directly, one outside."""
    tenant = Tenant.empty()
    people = [
        tenant.add_user(f"user{n}@example.com", displayName=f"User {n}", department="Sales")
        for n in range(10)
    ]
    sales = tenant.add_group("Sales", people[:5])
    both = tenant.add_group("Both", people[3:7])
    for id in (sales, both, people[7], people[8]):
        tenant.assign(id, "User")
    return tenant


def user(world: World, number: int) -> str:
    """The id of a person of the office."""
    ids = world.tenant.ids_named(f"user{number}@example.com", "user")
    assert len(ids) == 1
    return ids[0]


def group(world: World, name: str) -> str:
    """The id of a group."""
    (id,) = world.tenant.ids_named(name, "group")
    return id


def account(world: World, number: int) -> Any:
    """The account of a person."""
    return world.zscloud.users.by_user_name(f"user{number}@example.com")


async def provisioned(world: World) -> None:
    """The initial cycle, and a while after it, so that nothing is young."""
    record = await world.cycle()
    assert record.status is CycleStatus.COMPLETED, record
    assert world.differences() == []
    await world.clock.sleep(SETTLE)
    settled = await world.cycle()
    assert settled.counts.writes == 0
    world.forget_requests()


async def changed(world: World) -> list[dict[str, Any]]:
    """A cycle after a change: all is right, nothing was refused, and the log of that cycle."""
    record = await world.cycle()
    assert record.status is CycleStatus.COMPLETED, record
    assert world.differences() == []
    assert world.zscloud.violations == []
    again = await world.cycle()
    assert again.counts.writes == 0
    return await world.logs(cycle=record.cycle_id)


def test_initial_cycle_provisions_everybody_and_a_second_one_writes_nothing() -> None:
    async def story(world: World) -> None:
        record = await world.cycle()
        assert record.kind == "initial"
        assert record.counts.created == 11
        assert record.counts.memberships_added == 9
        assert world.differences() == []
        world.forget_requests()
        again = await world.cycle()
        assert again.kind == "incremental"
        assert again.counts.writes == 0
        assert world.scim() == []
        assert world.zscloud.violations == []

    simulate(story, tenant=office)


def test_attribute_change() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.update_user(user(world, 1), department="Legal")
        (entry,) = await changed(world)
        assert entry["action"] == "update"
        assert entry["reason_code"] == "AttributeChanged"
        (prop,) = entry["modified_properties"]
        assert (prop["old"], prop["new"]) == ("Sales", "Legal")
        assert len(world.writes()) == 1

    simulate(story, tenant=office)


def test_a_renamed_user_keeps_its_account() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        before = account(world, 1).id
        world.tenant.update_user(user(world, 1), userPrincipalName="new.name@example.com")
        (entry,) = await changed(world)
        assert entry["target_id"] == before
        assert world.zscloud.users.by_user_name("new.name@example.com").id == before

    simulate(story, tenant=office)


def test_a_renamed_group_keeps_its_object() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        before = world.zscloud.groups.by_display_name("Sales").id
        world.tenant.update_group(group(world, "Sales"), displayName="Selling")
        (entry,) = await changed(world)
        assert entry["action"] == "update"
        assert world.zscloud.groups.by_display_name("Selling").id == before

    simulate(story, tenant=office)


def test_member_added() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.add_member(group(world, "Sales"), user(world, 9))
        entries = await changed(world)
        assert [e["action"] for e in entries] == ["create", "add_member"]
        assert len(world.writes()) == 2

    simulate(story, tenant=office)


@pytest.mark.parametrize("form", ["filter", "value", "both", "neither"])
def test_member_removed_whatever_form_the_server_takes(form: str) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.remove_member(group(world, "Sales"), user(world, 3))
        entries = await changed(world)
        assert [e["action"] for e in entries if e["status"] == "success"] == ["remove_member"]
        assert entries[0]["member"]["source_id"] == user(world, 3)
        assert account(world, 3).active
        # The form that was found is remembered: the next removal is one request.
        world.forget_requests()
        world.tenant.remove_member(group(world, "Sales"), user(world, 4))
        await changed(world)
        assert len(world.scim()) == (2 if form == "neither" else 1)

    simulate(story, tenant=office, zscloud={"member_removal": form})


@pytest.mark.parametrize("refusal", ["error", "silent", "removes_all"])
def test_a_wrong_form_of_removal_is_found_out(refusal: str) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.remove_member(group(world, "Sales"), user(world, 3))
        await changed(world)

    options = {"member_removal": "value", "removal_refusal": refusal}
    simulate(story, tenant=office, zscloud=options)


def test_user_in_two_groups_leaves_one_then_the_other() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.remove_member(group(world, "Sales"), user(world, 3))
        await changed(world)
        assert account(world, 3).active
        world.tenant.remove_member(group(world, "Both"), user(world, 3))
        entries = await changed(world)
        assert [e["action"] for e in entries] == ["disable", "remove_member"]
        assert not account(world, 3).active

    simulate(story, tenant=office)


def test_disabled_and_enabled_keeps_memberships() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.disable(user(world, 1))
        (entry,) = await changed(world)
        assert (entry["action"], entry["reason_code"]) == ("disable", "AccountDisabled")
        assert "user1@example.com" in world.zscloud.members("Sales")
        world.tenant.enable(user(world, 1))
        (entry,) = await changed(world)
        assert entry["action"] == "enable"

    simulate(story, tenant=office)


def test_soft_deleted_then_restored_with_memberships() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        id = user(world, 1)
        world.tenant.delete(id)
        record = await world.cycle()
        assert record.counts.disabled == 1
        assert not account(world, 1).active
        assert "user1@example.com" in world.zscloud.members("Sales")
        world.tenant.restore(id)
        (entry,) = await changed(world)
        assert entry["action"] == "enable"

    simulate(story, tenant=office)


def test_hard_deleted_leaves_its_groups() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        id = user(world, 1)
        world.tenant.delete(id)
        await world.cycle()
        world.tenant.purge(id)
        await changed(world)
        assert "user1@example.com" not in world.zscloud.members("Sales")
        assert not account(world, 1).active

    simulate(story, tenant=office)


def test_department_cleared() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.update_user(user(world, 1), department=None)
        (entry,) = await changed(world)
        assert entry["modified_properties"][0]["new"] is None
        assert account(world, 1).department in (None, "")

    simulate(story, tenant=office)


def test_guest_gets_its_home_address() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        guest = world.tenant.add_user(
            "jo_partner.example.com#EXT#@example.com", displayName="Jo", userType="Guest"
        )
        world.tenant.assign(guest, "User")
        (entry,) = await changed(world)
        assert entry["action"] == "create"
        assert world.zscloud.users.by_user_name("jo@partner.example.com") is not None

    domains = ("example.com", "partner.example.com")
    simulate(story, tenant=office, zscloud={"domains": domains})


def test_default_access_is_left_out_and_says_so() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.assign(user(world, 9), "00000000-0000-0000-0000-000000000000")
        (entry,) = await changed(world)
        assert (entry["status"], entry["reason_code"]) == ("skipped", "DefaultAccessOnly")
        assert "DEFAULT_ACCESS=include" in entry["remedy"]
        assert account(world, 9) is None

    simulate(story, tenant=office)


def test_default_access_included() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.assign(user(world, 9), "00000000-0000-0000-0000-000000000000")
        (entry,) = await changed(world)
        assert entry["action"] == "create"

    simulate(story, tenant=office, DEFAULT_ACCESS="include")


def test_nobody_but_default_access_is_a_configuration_error() -> None:
    def tenant() -> Tenant:
        made = Tenant.empty()
        for n in range(3):
            id = made.add_user(f"user{n}@example.com", displayName=f"User {n}")
            made.assign(id, "00000000-0000-0000-0000-000000000000")
        return made

    async def story(world: World) -> None:
        record = await world.cycle()
        assert record.status is CycleStatus.FAILED
        assert record.error_code == "ConfigurationError"
        assert "DEFAULT_ACCESS" in (record.error or "")
        assert "3" in (record.error or "")

    simulate(story, tenant=tenant)


def nested() -> Tenant:
    """An assigned group, with a group within, that contains the first one again."""
    tenant = Tenant.empty()
    people = [
        tenant.add_user(f"user{n}@example.com", displayName=f"User {n}", department="Sales")
        for n in range(4)
    ]
    inner = tenant.add_group("Inner", people[2:])
    outer = tenant.add_group("Outer", [*people[:2], inner])
    tenant.add_member(inner, outer)
    tenant.assign(outer, "User")
    return tenant


@pytest.mark.parametrize(("setting", "accounts"), [("direct", 2), ("transitive", 4)])
def test_nested_groups_with_a_cycle(setting: str, accounts: int) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        assert sum(not u.admin for u in world.zscloud.users) == accounts
        if setting == "transitive":
            world.tenant.remove_member(group(world, "Inner"), user(world, 3))
            entries = await changed(world)
            assert [e["action"] for e in entries] == ["disable", "remove_member"]
            await world.clock.sleep(SETTLE)
            world.tenant.add_member(group(world, "Inner"), user(world, 3))
            await changed(world)

    simulate(story, tenant=nested, NESTED_GROUPS=setting)


def test_an_account_that_exists_already_is_matched() -> None:
    async def story(world: World) -> None:
        there = world.zscloud.create_user(
            userName="user1@example.com", displayName="Old name", department="Sales"
        )
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED
        assert world.differences() == []
        assert account(world, 1).id == there.id
        entries = await world.logs(principal=user(world, 1))
        assert entries[0]["reason_code"] == "Matched"

    simulate(story, tenant=office)


def test_a_portal_admin_of_the_same_name_is_never_written() -> None:
    def tenant() -> Tenant:
        made = office()
        admin = made.add_user("admin@example.com", displayName="Somebody else")
        made.add_member(made.ids_named("Sales", "group")[0], admin)
        return made

    async def story(world: World) -> None:
        before = world.zscloud.users.by_user_name("admin@example.com")
        assert before.admin
        name = before.display_name
        await world.cycle()
        assert world.zscloud.users.by_user_name("admin@example.com").display_name == name
        assert "admin@example.com" in world.zscloud.members("Sales")
        entries = await world.logs(status="skipped")
        assert any(e["reason_code"] == "ProtectedObject" for e in entries)

    simulate(story, tenant=tenant)


def test_a_group_of_five_thousand() -> None:
    def tenant() -> Tenant:
        made = Tenant.empty()
        people = [
            made.add_user(f"user{n}@example.com", displayName=f"User {n}") for n in range(5000)
        ]
        made.assign(made.add_group("Everybody", people), "User")
        return made

    async def story(world: World) -> None:
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED
        assert world.differences() == []
        assert len(world.scim("PATCH")) == 49
        assert len(world.scim("POST")) == 5001

    simulate(story, tenant=tenant)


def test_group_unassigned_keeps_the_object_and_takes_its_members_out() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.unassign(group(world, "Both"))
        await world.cycle()
        assert world.differences() == []
        assert world.zscloud.groups.by_display_name("Both") is not None
        assert world.zscloud.members("Both") == ()
        assert not account(world, 6).active
        assert account(world, 3).active

    simulate(story, tenant=office, DELETION_THRESHOLD_PERCENT="100")


def test_group_deleted_is_deleted() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.delete_group(group(world, "Both"))
        await world.cycle()
        assert world.differences() == []
        assert world.zscloud.groups.by_display_name("Both") is None

    simulate(story, tenant=office, DELETION_THRESHOLD_PERCENT="100")


def test_two_users_exchange_their_names() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        one, two = user(world, 1), user(world, 2)
        world.tenant.update_user(one, userPrincipalName="spare@example.com")
        world.tenant.update_user(two, userPrincipalName="user1@example.com")
        world.tenant.update_user(one, userPrincipalName="user2@example.com")
        await changed(world)

    simulate(story, tenant=office)


def test_a_newcomer_gets_the_name_of_one_who_was_renamed() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.update_user(user(world, 7), userPrincipalName="other@example.com")
        new = world.tenant.add_user("user7@example.com", displayName="The new one")
        world.tenant.assign(new, "User")
        await changed(world)

    simulate(story, tenant=office)
