"""Stories that make sense on any SCIM server: one change in Entra each, and what comes of it.

A story is told in a world that begins as its decorator says. ``STORIES`` has them all, for the
ZSCloud simulator on simulated time and for foreign servers over sockets.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from provisioning.record import CycleStatus
from simulator.entra import Tenant
from tests.scenarios.steps import (
    DEFAULT_ACCESS,
    SETTLE,
    account,
    account_named,
    changed,
    default_access_only,
    group,
    group_object,
    nested,
    office,
    provisioned,
    user,
)
from tests.scenarios.world import World

Telling = Callable[[World], Awaitable[None]]


@dataclass(frozen=True)
class Story:
    """A story and how its world begins.

    ``tenant`` makes the Entra tenant anew for each world. ``settings`` are those of the program.
    ``domains`` are what the ZSCloud tenant must have registered for the names of the story.
    """

    tell: Telling
    tenant: Callable[[], Tenant]
    settings: Mapping[str, str] = field(default_factory=dict)
    domains: tuple[str, ...] = ("example.com",)

    @property
    def name(self) -> str:
        """What happens in it."""
        return self.tell.__name__


STORIES: list[Story] = []


def told(
    tenant: Callable[[], Tenant], domains: tuple[str, ...] = ("example.com",), **settings: str
) -> Callable[[Telling], Telling]:
    """Adds a story to ``STORIES``."""

    def add(tell: Telling) -> Telling:
        STORIES.append(Story(tell, tenant, settings, domains))
        return tell

    return add


# --- users and groups --------------------------------------------------------------------------


@told(office)
async def initial_cycle_provisions_everybody_and_a_second_one_writes_nothing(world: World) -> None:
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


@told(office)
async def attribute_change(world: World) -> None:
    await provisioned(world)
    world.tenant.update_user(user(world, 1), department="Legal")
    (entry,) = await changed(world)
    assert entry["action"] == "update"
    assert entry["reason_code"] == "AttributeChanged"
    (prop,) = entry["modified_properties"]
    assert (prop["old"], prop["new"]) == ("Sales", "Legal")
    assert len(world.writes()) == 1


@told(office)
async def a_renamed_user_keeps_its_account(world: World) -> None:
    await provisioned(world)
    before = account(world, 1).id
    world.tenant.update_user(user(world, 1), userPrincipalName="new.name@example.com")
    (entry,) = await changed(world)
    assert entry["target_id"] == before
    assert account_named(world, "new.name@example.com").id == before


@told(office)
async def a_renamed_group_keeps_its_object(world: World) -> None:
    await provisioned(world)
    before = group_object(world, "Sales").id
    world.tenant.update_group(group(world, "Sales"), displayName="Selling")
    (entry,) = await changed(world)
    assert entry["action"] == "update"
    assert group_object(world, "Selling").id == before


@told(office)
async def member_added(world: World) -> None:
    await provisioned(world)
    world.tenant.add_member(group(world, "Sales"), user(world, 9))
    entries = await changed(world)
    assert [e["action"] for e in entries] == ["create", "add_member"]
    assert len(world.writes()) == 2


def member_removed(requests_each: int) -> Telling:
    """Two removals, one after the other. Each but the first costs so many requests."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.remove_member(group(world, "Sales"), user(world, 3))
        entries = await changed(world)
        assert [e["action"] for e in entries if e["status"] == "success"] == ["remove_member"]
        assert entries[0]["member"]["source_id"] == user(world, 3)
        assert account(world, 3).active
        # The form that was found is remembered: the next removal needs no proof.
        world.forget_requests()
        world.tenant.remove_member(group(world, "Sales"), user(world, 4))
        await changed(world)
        assert len(world.scim()) == requests_each

    return story


@told(office)
async def user_in_two_groups_leaves_one_then_the_other(world: World) -> None:
    await provisioned(world)
    world.tenant.remove_member(group(world, "Sales"), user(world, 3))
    await changed(world)
    assert account(world, 3).active
    world.tenant.remove_member(group(world, "Both"), user(world, 3))
    entries = await changed(world)
    assert [e["action"] for e in entries] == ["disable", "remove_member"]
    assert not account(world, 3).active


@told(office)
async def disabled_and_enabled_keeps_memberships(world: World) -> None:
    await provisioned(world)
    world.tenant.disable(user(world, 1))
    (entry,) = await changed(world)
    assert (entry["action"], entry["reason_code"]) == ("disable", "AccountDisabled")
    assert "user1@example.com" in world.zscloud.members("Sales")
    world.tenant.enable(user(world, 1))
    (entry,) = await changed(world)
    assert entry["action"] == "enable"


@told(office)
async def soft_deleted_then_restored_with_memberships(world: World) -> None:
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


@told(office)
async def hard_deleted_leaves_its_groups(world: World) -> None:
    await provisioned(world)
    id = user(world, 1)
    world.tenant.delete(id)
    await world.cycle()
    world.tenant.purge(id)
    await changed(world)
    assert "user1@example.com" not in world.zscloud.members("Sales")
    assert not account(world, 1).active


@told(office)
async def department_cleared(world: World) -> None:
    await provisioned(world)
    world.tenant.update_user(user(world, 1), department=None)
    (entry,) = await changed(world)
    assert entry["modified_properties"][0]["new"] is None
    assert account(world, 1).department in (None, "")


# --- who is in scope ---------------------------------------------------------------------------


@told(office, domains=("example.com", "partner.example.com"))
async def guest_gets_its_home_address(world: World) -> None:
    await provisioned(world)
    guest = world.tenant.add_user(
        "jo_partner.example.com#EXT#@example.com", displayName="Jo", userType="Guest"
    )
    world.tenant.assign(guest, "User")
    (entry,) = await changed(world)
    assert entry["action"] == "create"
    assert account_named(world, "jo@partner.example.com") is not None


@told(office)
async def default_access_is_left_out_and_says_so(world: World) -> None:
    await provisioned(world)
    world.tenant.assign(user(world, 9), DEFAULT_ACCESS)
    (entry,) = await changed(world)
    assert (entry["status"], entry["reason_code"]) == ("skipped", "DefaultAccessOnly")
    assert "DEFAULT_ACCESS=include" in entry["remedy"]
    assert account(world, 9) is None


@told(office, DEFAULT_ACCESS="include")
async def default_access_included(world: World) -> None:
    await provisioned(world)
    world.tenant.assign(user(world, 9), DEFAULT_ACCESS)
    (entry,) = await changed(world)
    assert entry["action"] == "create"


@told(default_access_only)
async def nobody_but_default_access_is_a_configuration_error(world: World) -> None:
    record = await world.cycle()
    assert record.status is CycleStatus.FAILED
    assert record.error_code == "ConfigurationError"
    assert "DEFAULT_ACCESS" in (record.error or "")
    assert "3" in (record.error or "")


@told(nested, NESTED_GROUPS="direct")
async def nested_groups_with_a_cycle_left_out(world: World) -> None:
    await provisioned(world)
    assert sum(not u.admin for u in world.zscloud.users) == 2


@told(nested, NESTED_GROUPS="transitive")
async def nested_groups_with_a_cycle_walked(world: World) -> None:
    await provisioned(world)
    assert sum(not u.admin for u in world.zscloud.users) == 4
    world.tenant.remove_member(group(world, "Inner"), user(world, 3))
    entries = await changed(world)
    # Both are in flight at once, and a server on a real socket may answer the second one first.
    assert sorted(e["action"] for e in entries) == ["disable", "remove_member"]
    await world.clock.sleep(SETTLE)
    world.tenant.add_member(group(world, "Inner"), user(world, 3))
    await changed(world)


@told(office, DELETION_THRESHOLD_PERCENT="100")
async def group_unassigned_keeps_the_object_and_takes_its_members_out(world: World) -> None:
    await provisioned(world)
    world.tenant.unassign(group(world, "Both"))
    await world.cycle()
    assert world.differences() == []
    assert group_object(world, "Both") is not None
    assert world.zscloud.members("Both") == ()
    assert not account(world, 6).active
    assert account(world, 3).active


@told(office, DELETION_THRESHOLD_PERCENT="100")
async def group_deleted_is_deleted(world: World) -> None:
    await provisioned(world)
    world.tenant.delete_group(group(world, "Both"))
    await world.cycle()
    assert world.differences() == []
    assert group_object(world, "Both") is None


# --- names, and what exists already ------------------------------------------------------------


@told(office)
async def an_account_that_exists_already_is_matched(world: World) -> None:
    there = world.zscloud.create_user(
        userName="user1@example.com", displayName="Old name", department="Sales"
    )
    record = await world.cycle()
    assert record.status is CycleStatus.COMPLETED
    assert world.differences() == []
    assert account(world, 1).id == there.id
    entries = await world.logs(principal=user(world, 1))
    assert entries[0]["reason_code"] == "Matched"


@told(office)
async def two_users_exchange_their_names(world: World) -> None:
    await provisioned(world)
    one, two = user(world, 1), user(world, 2)
    world.tenant.update_user(one, userPrincipalName="spare@example.com")
    world.tenant.update_user(two, userPrincipalName="user1@example.com")
    world.tenant.update_user(one, userPrincipalName="user2@example.com")
    await changed(world)


@told(office)
async def a_newcomer_gets_the_name_of_one_who_was_renamed(world: World) -> None:
    await provisioned(world)
    world.tenant.update_user(user(world, 7), userPrincipalName="other@example.com")
    new = world.tenant.add_user("user7@example.com", displayName="The new one")
    world.tenant.assign(new, "User")
    await changed(world)


def large_group(count: int) -> Telling:
    """A group of so many people, in batches of 100 members; the first comes with the create."""

    async def story(world: World) -> None:
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED
        assert world.differences() == []
        assert len(world.scim("PATCH")) == -(-count // 100) - 1
        assert len(world.scim("POST")) == count + 1

    return story
