"""Who owns which ZSCloud object: names that move, names held twice, objects found there."""

from __future__ import annotations

from collections import Counter

import pytest

from provisioning.record import CycleStatus
from simulator.entra import Tenant
from tests.scenarios.simulation import Saga, Story, simulate
from tests.scenarios.steps import SETTLE, account, group, office, provisioned, user
from tests.scenarios.world import World

ENOUGH = 60_000
"""Steps that no story here comes near: a story that takes more never ends."""


def ends(story: Story, **world: object) -> None:
    """Tells a story that must come to its end."""
    assert Saga(tenant=office, **world).tell(story, steps=ENOUGH).finished


async def rest(world: World, cycles: int = 2) -> None:
    """Some cycles, far enough apart for everything that waits."""
    for _ in range(cycles):
        await world.clock.sleep(90_000)
        record = await world.cycle()
    assert record.status in (CycleStatus.COMPLETED, CycleStatus.COMPLETED_WITH_ERRORS), record


def test_the_account_of_a_soft_deleted_user_moves_to_the_successor_of_that_name() -> None:
    """A user is deleted, a new one gets the name: the account becomes the new one's."""

    async def story(world: World) -> None:
        await provisioned(world)
        before = account(world, 1)
        world.tenant.delete(user(world, 1))
        new = world.tenant.add_user("user1@example.com", displayName="The new one")
        world.tenant.assign(new, "User")
        await world.cycle()
        await world.cycle()
        after = account(world, 1)
        assert after.id == before.id
        assert after.external_id == new
        assert after.active
        assert world.zscloud.users.duplicates() == {}

    simulate(story, tenant=office)


@pytest.mark.parametrize("purged", [False, True])
def test_a_successor_does_not_inherit_the_memberships_of_the_predecessor(*, purged: bool) -> None:
    """Memberships follow the group in Entra: the new owner of an account has only its own."""

    async def story(world: World) -> None:
        await provisioned(world)
        old = user(world, 1)
        world.tenant.delete(old)
        if purged:
            world.tenant.purge(old)
        new = world.tenant.add_user("user1@example.com", displayName="The new one")
        world.tenant.assign(new, "User")
        await world.cycle()
        await world.cycle()
        assert account(world, 1).external_id == new
        assert "user1@example.com" not in world.zscloud.members("Sales")
        assert world.differences() == []

    simulate(story, tenant=office)


def test_an_unassigned_owner_of_a_name_gives_the_account_up() -> None:
    """The older link is out of scope: the account moves to the newcomer of that name."""

    async def story(world: World) -> None:
        await provisioned(world)
        old = user(world, 7)
        world.tenant.unassign(old)
        await world.cycle()
        world.tenant.update_user(old, userPrincipalName="gone@example.com")
        new = world.tenant.add_user("user7@example.com", displayName="The new one")
        world.tenant.assign(new, "User")
        await world.cycle()
        assert account(world, 7).external_id == new
        assert world.differences() == []

    simulate(story, tenant=office)


@pytest.mark.parametrize("rate", [0, 5])
@pytest.mark.parametrize("first", [True, False])
def test_a_newcomer_waits_for_the_renamed_holder_whatever_their_order(
    rate: int, *, first: bool
) -> None:
    """The holder's key goes first, so the newcomer never fails for a name that is being freed."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.update_user(user(world, 7), userPrincipalName="other@example.com")
        id = f"{'0' if first else 'f'}0000000-0000-4000-8000-000000000001"
        world.tenant.assign(world.tenant.add_user("user7@example.com", displayName="N", id=id))
        record = await world.cycle()
        assert record.counts.failed == 0
        assert record.status is CycleStatus.COMPLETED
        assert world.differences() == []

    simulate(story, tenant=office, rate=rate)


@pytest.mark.parametrize("how", ["exchanged", "deleted", "purged"])
def test_who_left_gives_the_name_up_to_one_who_is_renamed(how: str) -> None:
    """The account of somebody who is out of scope is switched off, and keeps a name that somebody
    else has now: it takes a name of its own. It gets its proper name when its owner comes back.
    """

    async def story(world: World) -> None:
        await provisioned(world)
        gone, renamed = user(world, 7), user(world, 8)
        before = account(world, 7).id
        if how == "exchanged":
            world.tenant.unassign(gone)
        else:
            world.tenant.delete(gone)
        await world.cycle()
        if how == "exchanged":
            world.tenant.update_user(gone, userPrincipalName="spare@example.com")
        if how == "purged":
            world.tenant.purge(gone)
        world.tenant.update_user(renamed, userPrincipalName="user7@example.com")
        if how == "exchanged":
            world.tenant.update_user(gone, userPrincipalName="user8@example.com")
        _, told = await world.cycle_with_changes(dry_run=True)
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED, await world.logs(status="failure")
        assert world.differences() == []
        entries = await world.logs(cycle=record.cycle_id)
        codes = [entry["reason_code"] for entry in entries]
        assert codes == ["NameGivenUp", "AttributeChanged"]
        assert [change.change_id for change in told] == [e["change_id"] for e in entries]
        assert (await world.cycle()).counts.writes == 0
        if how == "exchanged":
            await world.clock.sleep(SETTLE)
            world.tenant.assign(gone, "User")
            await world.cycle()
            assert account(world, 8).id == before
            assert world.differences() == []

    ends(story)


@pytest.mark.parametrize("name", ["user7@example.com", "elsewhere@example.com"])
def test_two_who_leave_in_one_look_pass_a_name_on(name: str) -> None:
    """One is disabled, and has the name of the other, who is assigned no more: that one gives the
    name up as soon as it is out of use, with nothing else under way.
    """

    async def story(world: World) -> None:
        await provisioned(world)
        disabled, gone = user(world, 7), user(world, 8)
        world.tenant.update_user(disabled, userPrincipalName="spare@example.com")
        world.tenant.update_user(gone, userPrincipalName=name)
        world.tenant.update_user(disabled, userPrincipalName="user8@example.com")
        world.tenant.disable(disabled)
        world.tenant.unassign(gone)
        await world.clock.sleep(SETTLE)
        _, told = await world.cycle_with_changes(dry_run=True)
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED, await world.logs(status="failure")
        entries = await world.logs(cycle=record.cycle_id)
        assert Counter(c.change_id for c in told) == Counter(e["change_id"] for e in entries)
        assert account(world, 8).external_id == disabled
        assert not account(world, 8).active

    ends(story, rate=5)
    ends(story)


@pytest.mark.parametrize("percent", ["5", "100"])
def test_who_is_held_does_not_lose_the_name(percent: str) -> None:
    """Somebody decides about it first: until then the one who is renamed waits."""

    async def story(world: World) -> None:
        await provisioned(world)
        for number in range(7):
            world.tenant.delete(user(world, number))
        renamed = user(world, 8)
        world.tenant.update_user(renamed, userPrincipalName="user1@example.com")
        record = await world.cycle()
        if percent == "100":
            assert record.status is CycleStatus.COMPLETED
            assert account(world, 1).external_id == renamed
        else:
            assert account(world, 1).active
            (failed,) = await world.logs(status="failure")
            assert "could not be renamed" in failed["reason"]

    ends(story, DELETION_THRESHOLD_PERCENT=percent)


@pytest.mark.parametrize("name", ["user7@unregistered.example.org", f"{'x' * 130}@example.com"])
def test_a_rename_to_a_name_that_its_holder_cannot_give_up(name: str) -> None:
    """The holder's own rename fails for ever: the second rename ends in escrow, not in a loop."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.update_user(user(world, 7), userPrincipalName=name)
        world.tenant.update_user(user(world, 5), userPrincipalName="user7@example.com")
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED_WITH_ERRORS
        assert len(world.writes()) <= 4
        old = world.tenant.ids_named(name, "user")[0]
        world.tenant.update_user(old, userPrincipalName="fits@example.com")
        await rest(world, 4)
        assert world.differences() == []

    ends(story)


def test_a_holder_whose_new_name_is_refused_does_not_keep_the_newcomer_spinning() -> None:
    """ZSCloud refuses the holder's new name for ever: both end in escrow, the cycle ends."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.update_user(user(world, 7), userPrincipalName="user7@unregistered.example.org")
        new = world.tenant.add_user("user7@example.com", displayName="The new one")
        world.tenant.assign(new, "User")
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED_WITH_ERRORS
        assert len(world.writes()) <= 4

    ends(story)


def test_a_holder_whose_new_name_does_not_fit_does_not_keep_the_newcomer_spinning() -> None:
    """The holder's new name is too long to be sent: both end in escrow, the cycle ends."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.update_user(user(world, 7), userPrincipalName=f"{'x' * 130}@example.com")
        new = world.tenant.add_user("user7@example.com", displayName="The new one")
        world.tenant.assign(new, "User")
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED_WITH_ERRORS

    ends(story)


def test_a_ring_of_names_with_an_account_deleted_by_hand() -> None:
    """Two users exchange names, one account was deleted in the portal: the cycle still ends."""

    async def story(world: World) -> None:
        await provisioned(world)
        one, two = user(world, 1), user(world, 2)
        world.zscloud.delete_user("user1@example.com")
        world.zscloud.delete_user("user2@example.com")
        world.tenant.update_user(one, userPrincipalName="spare@example.com")
        world.tenant.update_user(two, userPrincipalName="user1@example.com")
        world.tenant.update_user(one, userPrincipalName="user2@example.com")
        world.tenant.update_user(user(world, 5), department="Legal")
        record = await world.cycle()
        assert record.status is not CycleStatus.FAILED, record
        await rest(world)
        assert world.differences() == []

    ends(story)


def test_three_users_pass_their_names_on_in_a_ring() -> None:
    """A ring of three names is broken by one name of its own, and everything ends right."""

    async def story(world: World) -> None:
        await provisioned(world)
        ids = [user(world, n) for n in (0, 1, 2)]
        world.tenant.update_user(ids[0], userPrincipalName="spare@example.com")
        world.tenant.update_user(ids[2], userPrincipalName="user0@example.com")
        world.tenant.update_user(ids[1], userPrincipalName="user2@example.com")
        world.tenant.update_user(ids[0], userPrincipalName="user1@example.com")
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED
        assert world.differences() == []
        assert len(world.writes()) <= 4

    ends(story)


def test_an_adopted_group_loses_linked_members_that_are_not_in_it() -> None:
    """In an adopted group members that have a link are ours: surplus ones are taken out."""

    async def story(world: World) -> None:
        world.zscloud.create_user(userName="user8@example.com", displayName="User 8")
        world.zscloud.create_user(userName="stranger@example.com", displayName="Stranger")
        world.zscloud.create_group(displayName="Sales")
        world.zscloud.edit_members("Sales", add=("user8@example.com", "stranger@example.com"))
        await world.cycle()
        await world.clock.sleep(SETTLE)
        await world.cycle()
        members = world.zscloud.members("Sales")
        assert "stranger@example.com" in members
        assert "user8@example.com" not in members

    simulate(story, tenant=office)


def test_two_groups_of_one_display_name() -> None:
    """The first keeps the object, the second is in escrow with both named, and nothing doubles."""

    async def story(world: World) -> None:
        await provisioned(world)
        second = world.tenant.add_group("Sales", [user(world, 8)])
        world.tenant.assign(second, "User")
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED_WITH_ERRORS
        (entry,) = await world.logs(cycle=record.cycle_id, status="failure")
        first = next(i for i in world.tenant.ids_named("Sales", "group") if i != second)
        assert first in entry["reason"]
        assert second in entry["reason"]
        sales = world.zscloud.groups.by_display_name("Sales")
        assert sales is not None
        assert sales.external_id == first
        assert "user8@example.com" not in world.zscloud.members("Sales")
        world.tenant.update_group(second, displayName="Sales 2")
        await rest(world)
        assert world.differences() == []

    simulate(story, tenant=office)


def test_two_new_groups_of_one_display_name_in_one_cycle() -> None:
    """Of two newcomers of one name one gets it, and the other is a duplicate in escrow."""

    def tenant() -> Tenant:
        made = office()
        for _ in range(2):
            made.assign(made.add_group("Twin", made.ids_named("user8@example.com", "user")), "User")
        return made

    async def story(world: World) -> None:
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED_WITH_ERRORS
        assert record.counts.failed == 1
        twins = [g for g in world.zscloud.groups if g.display_name == "Twin"]
        assert len(twins) == 1

    simulate(story, tenant=tenant)


def test_the_object_of_an_unassigned_group_moves_to_a_new_group_of_that_name() -> None:
    """Groups of one display name likewise: the link moves when the older one is out of scope."""

    async def story(world: World) -> None:
        await provisioned(world)
        before = world.zscloud.groups.by_display_name("Both")
        assert before is not None
        world.tenant.unassign(group(world, "Both"))
        new = world.tenant.add_group("Both", [user(world, 8), user(world, 5)])
        world.tenant.assign(new, "User")
        await world.cycle()
        await world.cycle()
        after = world.zscloud.groups.by_display_name("Both")
        assert after is not None
        assert after.id == before.id
        assert world.differences() == []

    simulate(story, tenant=office, DELETION_THRESHOLD_PERCENT="100")


def test_a_group_whose_name_is_too_long_says_so() -> None:
    """Every object has a reason: a group that cannot be sent is in the log, with a remedy."""

    async def story(world: World) -> None:
        await provisioned(world)
        id = world.tenant.add_group("ü" * 100, [user(world, 8)])
        world.tenant.assign(id, "User")
        record = await world.cycle()
        (entry,) = await world.logs(principal=id)
        assert entry["status"] == "failure"
        assert "127" in entry["reason"]
        assert record.status is CycleStatus.COMPLETED_WITH_ERRORS
        world.tenant.update_group(id, displayName="Short")
        await rest(world)
        assert world.differences() == []

    simulate(story, tenant=office)


def test_a_group_renamed_to_a_name_that_is_too_long_says_so() -> None:
    """A rename that cannot be sent is in the log; the object keeps its name."""

    async def story(world: World) -> None:
        await provisioned(world)
        id = group(world, "Sales")
        world.tenant.update_group(id, displayName="x" * 200)
        record = await world.cycle()
        assert record.counts.failed == 1
        entries = await world.logs(principal=id, cycle=record.cycle_id)
        assert [e["status"] for e in entries] == ["failure"]
        assert world.zscloud.groups.by_display_name("Sales") is not None

    simulate(story, tenant=office)


def test_a_user_whose_display_name_is_too_long_says_so_and_heals() -> None:
    """A value that ZSCloud cannot take is a failure with its limit; shortened, it goes."""

    async def story(world: World) -> None:
        await provisioned(world)
        id = user(world, 1)
        world.tenant.update_user(id, displayName="x" * 200)
        record = await world.cycle()
        (entry,) = await world.logs(principal=id, cycle=record.cycle_id)
        assert entry["status"] == "failure"
        assert world.writes() == []
        world.tenant.update_user(id, displayName="Short")
        assert (await world.cycle()).status is CycleStatus.COMPLETED
        assert world.differences() == []

    simulate(story, tenant=office)


def test_an_unregistered_domain_fails_one_user_and_is_tried_again() -> None:
    """One user is refused for ever: the others go on, and escrow asks ever more rarely."""

    def tenant() -> Tenant:
        made = office()
        made.assign(made.add_user("jo@unregistered.example.org", displayName="Jo"), "User")
        return made

    async def story(world: World) -> None:
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED_WITH_ERRORS
        assert record.counts.created == 11
        world.forget_requests()
        assert (await world.cycle()).status is CycleStatus.COMPLETED
        assert world.scim() == []
        for _ in range(12):
            await world.clock.sleep(300)
            await world.cycle()
        posts = len(world.scim("POST"))
        assert 2 <= posts <= 4
        world.zscloud.set_options(domains=("example.com", "unregistered.example.org"))
        await rest(world)
        assert world.differences() == []

    simulate(story, tenant=tenant)
