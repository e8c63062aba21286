"""What ZSCloud does to us: refusals, lost answers, forms of removal, protected objects."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import Any

import pytest

from provisioning.record import CycleStatus
from simulator.entra import Tenant
from tests.scenarios.simulation import Saga, simulate
from tests.scenarios.steps import (
    SETTLE,
    account,
    everybody,
    group,
    office,
    provisioned,
    user,
)
from tests.scenarios.world import World

DAY = 90_000.0
ENOUGH = 200_000


def knowledge(world: World) -> Any:
    """What is stored of how members are removed."""
    (table,) = [t for n, t in world.store._tables.items() if n.endswith(":knowledge")]
    return b"".join(table.values.values())


# --- lost answers and refusals -------------------------------------------------------------------


@pytest.mark.parametrize("lost_by", ["drop", "500"])
def test_a_disable_whose_answer_is_lost_is_in_the_log_and_counted(lost_by: str) -> None:
    """Every object has a reason, also when ZSCloud did the work and its answer was lost."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.disable(user(world, 1))
        world.zscloud.set_faults(lose_next=1, lose_by=lost_by)
        record = await world.cycle()
        assert world.differences() == []
        entries = await world.logs(cycle=record.cycle_id, status="success")
        assert [e["action"] for e in entries] == ["disable"]
        assert record.counts.disabled == 1

    simulate(story, tenant=office)


def test_a_create_whose_answer_is_lost_makes_one_account() -> None:
    """A lost answer is looked up, never repeated blindly."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.assign(user(world, 9), "User")
        world.zscloud.set_faults(lose_next=1, methods=("POST",))
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED
        assert len(world.scim("POST")) == 1
        assert world.differences() == []

    simulate(story, tenant=office)


def test_a_refused_member_is_tried_again() -> None:
    """A member that ZSCloud refuses is a failure in escrow: when it is accepted, it goes in."""

    async def story(world: World) -> None:
        await provisioned(world)
        await world.clock.sleep(DAY)
        await world.cycle()
        world.zscloud.set_options(max_groups_per_user=1)
        world.tenant.add_member(group(world, "Sales"), user(world, 6))
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED_WITH_ERRORS
        world.zscloud.set_options(max_groups_per_user=128)
        for _ in range(4):
            await world.clock.sleep(DAY)
            await world.cycle()
        assert world.differences() == []

    simulate(story, tenant=office)


@pytest.mark.parametrize("answer", ["400", "404"])
@pytest.mark.parametrize("unknown", [(57,), (0, 57, 99)])
def test_unknown_members_among_a_hundred(answer: str, unknown: tuple[int, ...]) -> None:
    """Accounts deleted by hand must not keep the others out of a new group."""

    async def story(world: World) -> None:
        await provisioned(world)
        people = sorted(world.tenant.member_users(group(world, "Everybody")))
        for number in unknown:
            source = world.tenant.users.current()[people[number]]
            world.zscloud.delete_user(source.user_principal_name)
        world.tenant.assign(world.tenant.add_group("Second", people), "User")
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED
        await world.clock.sleep(DAY)
        await world.cycle()
        assert len(world.zscloud.members("Second")) == 100

    simulate(story, tenant=everybody(100), zscloud={"unknown_member": answer})


@pytest.mark.parametrize("seed", [0, 2, 5, 13])
def test_groups_that_look_for_one_deleted_account_make_it_once(seed: int) -> None:
    """Whoever finds the old account gone later must not take the new one for it."""

    def groups_that_overlap() -> Tenant:
        tenant, chance = Tenant.empty(), random.Random(seed)
        people = [
            tenant.add_user(f"user{n}@example.com", displayName=f"User {n}") for n in range(16)
        ]
        for number in range(4):
            members = {people[3], *chance.sample(people, chance.randint(3, 9))}
            tenant.assign(tenant.add_group(f"Group {number}", sorted(members)), "User")
        return tenant

    async def story(world: World) -> None:
        world.zscloud.set_faults(latency=0.3)
        cycle = asyncio.create_task(world.cycle())
        await world.clock.sleep(4.5)
        world.zscloud.delete_user("user3@example.com")
        assert (await cycle).status is CycleStatus.COMPLETED
        made = [r.status for r in world.scim("POST") if r.path.endswith("/Users")]
        assert made.count(409) == 0
        assert world.differences() == []

    simulate(story, tenant=groups_that_overlap, rate=5)


def test_the_proof_of_a_removal_is_not_misled_by_a_hand_in_the_portal() -> None:
    """A member who was taken out by hand earlier does not make a good form look bad."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.edit_members("Sales", remove=("user0@example.com",))
        world.tenant.remove_member(group(world, "Sales"), user(world, 3))
        await world.cycle()
        await world.cycle()
        assert b"refused" in knowledge(world)
        assert b'"refused":[]' in knowledge(world)
        assert world.differences() == []

    simulate(story, tenant=office, zscloud={"member_removal": "filter"})


def test_one_proof_of_the_removal_for_one_tenant() -> None:
    """The first removals of several groups together cost one proof, not one for each group."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.remove_member(group(world, "Sales"), user(world, 3))
        world.tenant.remove_member(group(world, "Both"), user(world, 3))
        world.tenant.assign(user(world, 3), "User")
        await world.cycle()
        assert world.differences() == []
        assert len(world.scim("GET")) == 1

    simulate(story, tenant=office, rate=5)


def test_a_wrong_form_of_removal_empties_one_group_at_most() -> None:
    """The first removal is read back before the form is used on a second group."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.remove_member(group(world, "Sales"), user(world, 3))
        world.tenant.remove_member(group(world, "Both"), user(world, 3))
        world.tenant.assign(user(world, 3), "User")
        await world.cycle()
        await world.cycle()
        assert world.differences() == []
        # One wrong removal, one proof, the repair, and the right removal of the two groups.
        assert len(world.scim("PATCH")) <= 4

    options = {"member_removal": "value", "removal_refusal": "removes_all"}
    simulate(story, tenant=office, zscloud=options, rate=5)


@pytest.mark.parametrize("form", ["", "0"])
def test_a_long_429_pauses_and_fails_nothing(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """ZSCloud answers 429 for a minute, with and without a useful Retry-After: nobody fails."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.assign(world.tenant.add_group("New", [user(world, 9)]), "User")
        world.tenant.update_user(user(world, 1), department="Legal")
        ends = world.clock.time() + 60
        world.zscloud.set_faults(fail_share=1.0, fail_status=429, fail_retry_after=form)
        inner = world.zscloud._injector.before

        def before(request: Any) -> Any:
            return inner(request) if world.clock.time() < ends else None

        monkeypatch.setattr(world.zscloud._injector, "before", before)
        record = await world.cycle()
        assert record.counts.failed == 0
        assert record.status is CycleStatus.COMPLETED
        assert world.differences() == []

    assert Saga(tenant=office, rate=5).tell(story, steps=ENOUGH).finished


def test_a_short_outage_sets_no_leaver_aside() -> None:
    """ZSCloud is away for twenty seconds: a leaver does not wait minutes for the next try."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.disable(user(world, 1))
        world.zscloud.set_faults(fail_next=6, fail_status=503)
        await world.cycle()
        await world.clock.sleep(30)
        await world.cycle()
        assert not account(world, 1).active

    simulate(story, tenant=office, rate=5)


# --- protected objects ---------------------------------------------------------------------------


def test_a_linked_user_who_is_named_by_protected_later_is_not_written() -> None:
    """PROTECTED is a setting: it holds from the moment it names the object."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.environ["PROTECTED"] = "user1@example.com,Sal*"
        world.tenant.update_user(user(world, 1), department="Legal")
        world.tenant.update_group(group(world, "Sales"), displayName="Selling")
        await world.cycle()
        world.tenant.disable(user(world, 1))
        await world.cycle()
        assert world.writes() == []
        entries = await world.logs(principal=user(world, 1), status="skipped")
        assert entries[-1]["reason_code"] == "ProtectedObject"
        del world.environ["PROTECTED"]
        world.tenant.update_user(user(world, 1), displayName="Free again")
        await world.cycle()
        assert not account(world, 1).active

    simulate(story, tenant=office)


def test_a_user_who_becomes_a_portal_admin_is_protected_after_a_reconcile() -> None:
    """Members of ZSCloud's admin group are never written, also who joined it after the link."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.edit_members("Service Admin", add=("user1@example.com",))
        await world.cycle("reconcile")
        world.forget_requests()
        world.tenant.disable(user(world, 1))
        await world.cycle()
        assert world.writes() == []
        assert account(world, 1).active

    simulate(story, tenant=office)


def make_admin(world: World, number: int) -> None:
    """Lets the user be an administrator whom ZSCloud refuses to delete."""
    world.zscloud.store.save_user(replace(account(world, number), admin=True))


@pytest.mark.parametrize("on_demand", [False, True])
def test_a_delete_that_is_refused_as_an_administrators_protects(*, on_demand: bool) -> None:
    """After a 409 to a delete the object is protected: asked once, logged, never again."""

    async def story(world: World) -> None:
        await provisioned(world)
        make_admin(world, 7)
        id = user(world, 7)
        world.tenant.unassign(id)
        await world.clock.sleep(SETTLE)
        if on_demand:
            await world.on_demand(id)
        for _ in range(3):
            await world.cycle()
            await world.clock.sleep(DAY)
        assert len(world.scim("DELETE")) == 1
        entries = await world.logs(principal=id, status="skipped")
        assert any(e["reason_code"] == "ProtectedObject" for e in entries)

    simulate(story, tenant=office, ON_UNASSIGN="delete")


@pytest.mark.parametrize("form", ["filter", "value"])
def test_a_server_that_takes_fewer_members_is_met_once(form: str) -> None:
    """How many it takes is found out with the first group and remembered, for removals as well."""

    async def story(world: World) -> None:
        await provisioned(world)
        people = sorted(world.tenant.member_users(group(world, "Everybody")))
        assert 0 < len(refused(world)) <= 3
        before = len(refused(world))
        for name in ("Second", "Third"):
            world.tenant.assign(world.tenant.add_group(name, people), "User")
        assert (await world.cycle()).status is CycleStatus.COMPLETED
        await world.clock.sleep(DAY)
        for person in people[:50]:
            world.tenant.remove_member(group(world, "Second"), person)
        assert (await world.cycle()).status is CycleStatus.COMPLETED
        assert len(refused(world)) == before
        assert world.differences() == []

    def refused(world: World) -> list[str]:
        return [v.detail for v in world.zscloud.violations if v.rule == "member_batch"]

    zscloud = {"strict": True, "max_members_per_request": 25}
    options = {"DELETION_THRESHOLD_PERCENT": "100", "ZSCLOUD_MEMBER_REMOVAL": form}
    simulate(story, tenant=everybody(60), zscloud=zscloud, **options)
