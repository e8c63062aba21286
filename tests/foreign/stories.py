"""Stories of what only a foreign server does: its limits, and changes made past the program."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from provisioning.bulk import Standing
from provisioning.record import CycleStatus
from simulator.entra import Tenant
from tests.foreign.target import MEMBER_BATCH_SIZE
from tests.foreign.world import ForeignWorld
from tests.scenarios.steps import (
    SETTLE,
    account,
    account_named,
    changed,
    group,
    group_object,
    provisioned,
    user,
)

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def batch_of_people() -> Tenant:
    """As many people as one request adds, each assigned directly, and an assigned empty group."""
    tenant = Tenant.empty()
    for n in range(MEMBER_BATCH_SIZE):
        tenant.assign(tenant.add_user(f"user{n}@example.com", displayName=f"User {n}"), "User")
    tenant.assign(tenant.add_group("Everybody", []), "User")
    return tenant


ForeignTelling = Callable[[ForeignWorld], Awaitable[None]]


async def removal_in_a_form_that_the_server_refuses(world: ForeignWorld) -> None:
    """The operator chose the form: it is not changed, nobody else loses anything, and it is said
    what the server answered.
    """
    await provisioned(world)
    before = world.zscloud.members("Sales")
    world.tenant.remove_member(group(world, "Sales"), user(world, 3))
    record = await world.cycle()
    assert record.status is CycleStatus.COMPLETED_WITH_ERRORS
    assert world.zscloud.members("Sales") == before
    (refusal,) = {(r.method, r.status) for r in world.zscloud.violations}
    assert refusal == ("PATCH", 400)
    (entry,) = await world.logs(cycle=record.cycle_id)
    assert (entry["status"], entry["source_id"]) == ("failure", group(world, "Sales"))
    assert entry["error_code"] == "Rejected"
    assert "400" in entry["reason"]


async def writes_travel_together(world: ForeignWorld) -> None:
    """Sixty people, then as many changes: by Bulk where it is offered and does what it says."""
    await provisioned(world)
    for number in range(40):
        world.tenant.update_user(user(world, number), displayName=f"Other {number}")
    await changed(world)
    offered = world.target.profile.bulk and world.target.profile.bulk_offered
    known = await world.services().job().bulk.get("target")
    assert (known is not None and known.is_proven) is offered
    assert len(world.writes()) <= (2 if offered else 40)


async def groups_travel_with_their_new_members(world: ForeignWorld) -> None:
    """The first groups of new people are read back, later ones travel with them in one request."""
    await provisioned(world)
    offered = world.target.profile.bulk and world.target.profile.bulk_offered
    for wave in ("First", "Second"):
        for name in (f"{wave} A", f"{wave} B"):
            people = [
                world.tenant.add_user(f"{name[-1]}{wave}{n}@example.com", displayName="New")
                for n in range(6)
            ]
            world.tenant.assign(world.tenant.add_group(name, people), "User")
        world.forget_requests()
        await changed(world)
        await world.clock.sleep(SETTLE)
        await world.cycle()
    known = await world.services().job().bulk.get("target")
    resolved = world.target.limits.resolves_several_references
    if known is None or not offered:
        assert len(world.writes()) == 14
    else:
        assert known.references is (Standing.PROVEN if resolved else Standing.REFUSED)
        assert len(world.writes()) == (1 if resolved else 2)


async def newcomer_whose_name_the_server_keeps_for_another(world: ForeignWorld) -> None:
    """The name stays taken: the newcomer goes to escrow, and nobody gets another's account."""
    await provisioned(world)
    renamed = account(world, 7).id
    world.tenant.update_user(user(world, 7), userPrincipalName="other@example.com")
    new = world.tenant.add_user("user7@example.com", displayName="The new one")
    world.tenant.assign(new, "User")
    record = await world.cycle()
    assert record.status is CycleStatus.COMPLETED_WITH_ERRORS
    assert world.differences() == ["user7@example.com is missing"]
    assert account_named(world, "other@example.com").id == renamed
    (entry,) = await world.logs(cycle=record.cycle_id, status="failure")
    assert (entry["source_id"], entry["error_code"]) == (new, "Conflict")
    assert "409" in entry["reason"]


def group_over_the_limit(count: int, limit: int) -> ForeignTelling:
    """A group of so many people where the server takes fewer: it is filled, the rest is said."""

    async def story(world: ForeignWorld) -> None:
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED_WITH_ERRORS
        assert record.counts.created == count + 1
        assert sum(user.active for user in world.zscloud.users) == count
        assert len(set(world.zscloud.members("Everybody"))) == limit
        assert len(world.zscloud.members("Everybody")) == limit
        failures = await world.logs(cycle=record.cycle_id, status="failure")
        assert {entry["source_id"] for entry in failures} == {group(world, "Everybody")}
        (answered,) = {r.status for r in world.zscloud.violations}
        assert any(f"answered {answered}" in entry["reason"] for entry in failures)

    return story


async def leavers_are_deleted(world: ForeignWorld) -> None:
    """The account is gone, and no group holds what is left of it."""
    await provisioned(world)
    world.tenant.remove_member(group(world, "Sales"), user(world, 1))
    world.tenant.unassign(user(world, 8))
    entries = await changed(world)
    assert sorted(e["action"] for e in entries) == ["delete", "delete", "remove_member"]
    assert account(world, 1) is None
    assert account(world, 8) is None


async def soft_deleted_is_deleted_then_restored(world: ForeignWorld) -> None:
    """Memberships come back with the account. A server that keeps those of a deleted account goes
    on showing its id, which is nobody's.
    """
    await provisioned(world)
    old = account(world, 3).id
    world.tenant.delete(user(world, 3))
    record = await world.cycle()
    assert record.status is CycleStatus.COMPLETED
    assert account(world, 3) is None
    await world.clock.sleep(SETTLE)
    world.tenant.restore(user(world, 3))
    record = await world.cycle()
    assert record.status is CycleStatus.COMPLETED
    kept = () if world.target.profile.delete_ends_membership else (old,)
    assert world.zscloud.violations == []
    assert account(world, 3).id != old
    assert holds(world, "Sales", range(5), kept)
    assert holds(world, "Both", range(3, 7), kept)


async def reconcile_finds_nothing_to_do(world: ForeignWorld) -> None:
    """It only reads: whatever of memberships the lists show or leave out."""
    await provisioned(world)
    record = await world.cycle("reconcile")
    assert record.status is CycleStatus.COMPLETED
    assert record.counts.writes == 0
    assert world.writes() == []
    assert world.zscloud.violations == []


async def reconcile_repairs_what_was_changed_by_hand(world: ForeignWorld) -> None:
    """A changed name, a switched off account, a member taken out, one added, an account deleted."""
    await provisioned(world)
    replace: list[dict[str, object]] = [
        {"op": "replace", "path": "displayName", "value": "By hand"},
        {"op": "replace", "path": "active", "value": False},
    ]
    patch(world, f"/Users/{account(world, 1).id}", replace)
    take_out = f'members[value eq "{account(world, 3).id}"]'
    add = {"members": [{"value": account(world, 8).id}]}
    sales = f"/Groups/{group_object(world, 'Sales').id}"
    patch(world, sales, [{"op": "remove", "path": take_out}])
    patch(world, sales, [{"op": "add", "value": add}])
    world.zscloud.by_hand("DELETE", f"/Users/{account(world, 7).id}")
    record = await world.cycle("reconcile")
    assert record.status is CycleStatus.COMPLETED
    assert world.differences() == []
    world.forget_requests()
    assert (await world.cycle("reconcile")).counts.writes == 0


async def added_member_whose_account_was_deleted_by_hand(world: ForeignWorld) -> None:
    """It is made anew and is a member: at once where the server says that it does not know the
    member, else with the next reconcile.

    The id that was added goes again: the group's own row shows it, though no user has it.
    """
    profile = world.target.profile
    await provisioned(world)
    old = account(world, 7).id
    world.zscloud.by_hand("DELETE", f"/Users/{old}")
    world.tenant.add_member(group(world, "Sales"), user(world, 7))
    record = await world.cycle()
    assert record.status is CycleStatus.COMPLETED
    if profile.unknown_member != "refused":
        assert (await world.cycle("reconcile")).status is CycleStatus.COMPLETED
    assert account(world, 7).active
    assert holds(world, "Sales", [*range(5), 7])
    assert holds(world, "Both", range(3, 7))


async def full_batch_with_a_member_whose_account_was_deleted_by_hand(world: ForeignWorld) -> None:
    """The other members of the batch get in, whatever the server says of that one."""
    record = await world.cycle()
    assert record.status is CycleStatus.COMPLETED
    await world.clock.sleep(SETTLE)
    world.zscloud.by_hand("DELETE", f"/Users/{account(world, 42).id}")
    for number in range(MEMBER_BATCH_SIZE):
        world.tenant.add_member(group(world, "Everybody"), user(world, number))
    record = await world.cycle()
    assert record.status is CycleStatus.COMPLETED, record
    others = {f"user{number}@example.com" for number in range(MEMBER_BATCH_SIZE)}
    others -= {"user42@example.com"}
    assert others <= set(world.zscloud.members("Everybody"))
    known = world.target.profile.unknown_member == "refused"
    assert (account(world, 42) is not None) is known
    assert ("user42@example.com" in world.zscloud.members("Everybody")) is known


def holds(
    world: ForeignWorld, name: str, numbers: Iterable[int], nobodies: Iterable[str] = ()
) -> bool:
    """Whether a group has these people of the office, and these ids that are no account's."""
    expected = [f"user{number}@example.com" for number in numbers]
    return bool(world.zscloud.members(name) == tuple(sorted([*expected, *nobodies])))


def patch(world: ForeignWorld, path: str, operations: Sequence[Mapping[str, object]]) -> None:
    """A PATCH past the program."""
    world.zscloud.by_hand("PATCH", path, {"schemas": [PATCH], "Operations": operations})
