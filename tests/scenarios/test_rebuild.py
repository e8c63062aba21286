"""State lost: what was provisioned before is found again, and what nothing assigns is held."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provisioning.forgetting import Scope
from provisioning.guard import Tally
from provisioning.model import Key, ObjectType
from provisioning.operations import restart
from provisioning.rebuild import STATE_LOST
from provisioning.record import CycleRecord, CycleStatus
from provisioning.state.memory import MemoryStore
from simulator.entra import Tenant
from tests.scenarios.kills import kills
from tests.scenarios.piecewise import PiecewiseStore
from tests.scenarios.simulation import RunningClock, Saga, simulate
from tests.scenarios.steps import account, everybody, group, provisioned, user
from tests.scenarios.test_held import (
    ANNA,
    approve,
    ask,
    disable,
    inactive,
    names,
    plans,
    reject,
    the_plan,
)
from tests.scenarios.world import World
from tests.simulated_time import discard_abandoned

UNASSIGNED, DELETED, PURGED = (0, 1), (2, 3), 4
"""Who leaves while nobody remembers anything."""

NOBODY = "9d2f7f3e-1111-4222-8333-444455556666"


def lose_state(world: World) -> None:
    """The store is gone."""
    store = MemoryStore(time=RunningClock().time)
    world.store = PiecewiseStore() if isinstance(world.store, PiecewiseStore) else store


def leave_five(world: World) -> None:
    """Two are assigned no more, two are deleted, one is deleted for good; one joins."""
    everyone = group(world, "Everybody")
    for number in UNASSIGNED:
        world.tenant.remove_member(everyone, user(world, number))
    for number in DELETED:
        world.tenant.delete(user(world, number))
    gone = user(world, PURGED)
    world.tenant.delete(gone)
    world.tenant.purge(gone)
    joiner = world.tenant.add_user("joiner@example.com", displayName="Joiner")
    world.tenant.add_member(everyone, joiner)


async def lost(world: World) -> None:
    """Fifty were provisioned; the store is lost, and five have left meanwhile."""
    await provisioned(world)
    lose_state(world)
    leave_five(world)
    world.forget_requests()


async def rebuilt(world: World) -> CycleRecord:
    """The first cycle after that."""
    record = await world.cycle()
    assert record.kind.value == "initial"
    return record


def held_names(plan: Any) -> set[str]:
    """Whom a plan is about."""
    return {change["name"] for change in plan["changes"]}


def test_a_first_deployment_on_an_empty_zscloud_finds_nothing() -> None:
    """The no-op: no plan, and no question to Graph that another cycle would not ask."""

    async def story(world: World) -> None:
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED
        assert await plans(world) == []
        asked = [r for r in world.entra.requests if "deletedItems/" in r.path]
        assert [r.path.rpartition("/")[2] for r in asked] == ["microsoft.graph.user"]
        assert (await world.services().job().rebuild.state()).phase == "done"
        # Of each type one page, which shows that there is nobody.
        assert len([r for r in world.scim("GET") if r.path.endswith(("/Users", "/Groups"))]) == 2

    simulate(story, tenant=everybody(5))


def test_those_who_left_while_the_state_was_lost_are_held() -> None:
    """Exactly those whom Entra knows: the others go on, nobody is switched off."""

    async def story(world: World) -> None:
        await lost(world)
        record = await rebuilt(world)
        assert record.status is CycleStatus.HELD
        assert record.counts.held == 4
        assert (record.counts.created, record.counts.disabled) == (1, 0)
        assert [r.method for r in world.writes()] == ["POST", "PATCH"]
        plan = await the_plan(world)
        assert plan["cause"] == STATE_LOST
        assert plan["counts"] == {"users": 4, "groups": 0, "memberships": 0}
        assert held_names(plan) == names(*UNASSIGNED, *DELETED)
        reasons = {c["name"]: c["reason_code"] for c in plan["changes"]}
        assert {reasons[name] for name in names(*UNASSIGNED)} == {"Unassigned"}
        assert {reasons[name] for name in names(*DELETED)} == {"SoftDeleted"}
        assert {c["action"] for c in plan["changes"]} == {"disable"}
        assert inactive(world) == set()
        # Nothing moves by itself, and the plan stays as it is.
        for _ in range(3):
            await world.clock.sleep(300)
            assert (await world.cycle()).status is CycleStatus.HELD
        assert (await the_plan(world))["id"] == plan["id"]
        assert inactive(world) == set()
        entries = await world.logs(status="held")
        assert {e["reason_code"] for e in entries} == {"StateLost"}
        assert len(entries) == 4

        await world.cycle("reconcile")
        listed = await world.orphans()
        assert f"user{PURGED}@example.com" in {each["name"] for each in listed["items"]}
        assert (await the_plan(world))["id"] == plan["id"]

    simulate(story, tenant=everybody(50))


def test_a_selection_is_adopted_and_switched_off() -> None:
    """Those and no others; what was approved counts for no limit; the rest waits."""

    async def story(world: World) -> None:
        await lost(world)
        await rebuilt(world)
        plan = await the_plan(world)
        chosen = [c for c in plan["changes"] if c["name"] in names(0, 2)]
        await approve(world, plan["id"], [c["change_id"] for c in chosen])
        record = await world.cycle()
        assert record.counts.disabled == 2
        assert inactive(world) == names(0, 2)
        assert held_names(await the_plan(world)) == names(1, 3)
        job = world.services().job()
        await job.load_tallies()
        assert job.applied().window == Tally(memberships=2)
        entries = await world.logs(cycle=record.cycle_id, principal=user(world, 0))
        assert [e["reason_code"] for e in entries] == ["Adopted", "Unassigned"]
        # They are ours from now on, as anybody who was disabled.
        world.tenant.add_member(group(world, "Everybody"), user(world, 0))
        await world.cycle()
        assert inactive(world) == names(2)

    simulate(story, tenant=everybody(50))


def test_who_is_assigned_again_drops_out_and_is_matched() -> None:
    """Before the decision, and between the decision and its execution."""

    async def story(world: World) -> None:
        await lost(world)
        await rebuilt(world)
        plan = await the_plan(world)
        everyone = group(world, "Everybody")
        world.tenant.add_member(everyone, user(world, 0))
        await world.cycle()
        assert (await the_plan(world))["id"] == plan["id"]
        assert held_names(await the_plan(world)) == names(1, *DELETED)
        job = world.services().job()
        link = await job.links.get_many(
            [key for key in [await job.links.owner(account(world, 0).id)] if key]
        )
        assert len(link) == 1
        await approve(world, plan["id"])
        world.tenant.add_member(everyone, user(world, 1))
        world.tenant.restore(user(world, 2))
        await world.clock.sleep(1)
        await world.cycle()
        assert inactive(world) == names(3)
        # The restored one is a member still, which Graph shows again.
        assert [each for each in await plans(world) if each["state"] == "pending"] == []
        assert await job.links.owner(account(world, 2).id) == Key(ObjectType.USER, user(world, 2))

    simulate(story, tenant=everybody(50))


def test_what_is_rejected_stays_and_is_listed_as_kept() -> None:
    """Until the facts change: then it is held again, however few they are."""

    async def story(world: World) -> None:
        await lost(world)
        await rebuilt(world)
        await reject(world, (await the_plan(world))["id"])
        assert (await world.cycle()).status is CycleStatus.COMPLETED
        await world.cycle("reconcile")
        assert inactive(world) == set()
        assert await plans(world) == []
        world.tenant.delete(user(world, 0))
        assert (await world.cycle()).status is CycleStatus.HELD
        plan = await the_plan(world)
        assert plan["cause"] == STATE_LOST
        assert held_names(plan) == names(0)

    simulate(story, tenant=everybody(50))


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda w: w.zscloud.delete_user("user0@example.com"), "no longer in ZSCloud"),
        (lambda w: w.zscloud.edit_user("user0@example.com", active=False), "switched off"),
        (lambda w: w.zscloud.edit_user("user0@example.com", externalId=NOBODY), "externalId"),
        (lambda w: w.zscloud.edit_members("Service Admin", add=["user0@example.com"]), "protected"),
    ],
)
def test_each_account_is_looked_at_once_more_before_it_is_adopted(
    edit: Callable[[World], Any], why: str
) -> None:
    """What is not what was approved any more drops out, and the plan says why."""

    async def story(world: World) -> None:
        await lost(world)
        await rebuilt(world)
        plan = await the_plan(world)
        await approve(world, plan["id"])
        edit(world)
        switched_off = inactive(world)
        world.forget_requests()
        await world.cycle()
        assert inactive(world) == switched_off | names(1, *DELETED)
        assert not [r for r in world.writes() if user(world, 0) in r.path]
        dropped = await world.logs(principal="user0@example.com", status="skipped")
        assert any(why in entry["reason"] for entry in dropped), dropped
        job = world.services().job()
        assert not await job.rebuild.any_lost()
        assert [key async for key, _ in job.held.approved.all()] == []

    simulate(story, tenant=everybody(50))


def test_strangers_are_only_listed() -> None:
    """Made by hand, switched off, of another service's ids, or unknown to Entra: never touched."""

    async def story(world: World) -> None:
        def made(name: str, **attributes: Any) -> None:
            world.zscloud.create_user(
                userName=f"{name}@example.com", displayName=name, **attributes
            )

        outside = world.tenant.add_user("outside@example.com", displayName="Outside")
        off = world.tenant.add_user("off@example.com", displayName="Off")
        made("outside", externalId=outside)
        made("off", externalId=off, active=False)
        made("hand")
        made("foreign", externalId="S-1-5-21-1004336348")
        made("unknown", externalId=NOBODY)
        before = {u.user_name: u.document for u in world.zscloud.users}
        record = await world.cycle()
        assert record.counts.held == 1
        assert held_names(await the_plan(world)) == {"outside@example.com"}
        asked = {r.path for r in world.entra.requests if "deletedItems" in r.path}
        assert all(off not in path for path in asked)
        await world.cycle("reconcile")
        listed = {each["name"] for each in (await world.orphans())["items"]}
        assert {f"{n}@example.com" for n in ("off", "hand", "foreign", "unknown")} <= listed
        after = {u.user_name: u.document for u in world.zscloud.users}
        assert {name: after[name] for name in before} == before

    simulate(story, tenant=everybody(3))


def test_one_test_user_who_went_first_hides_nobody() -> None:
    """A call on demand before the first cycle makes a link: the rest is found all the same."""

    async def story(world: World) -> None:
        await lost(world)
        await world.on_demand(user(world, 10))
        await rebuilt(world)
        assert held_names(await the_plan(world)) == names(*UNASSIGNED, *DELETED)

    simulate(story, tenant=everybody(50))


def test_disabled_people_who_are_assigned_are_held_too() -> None:
    """And one out of the filter of DEFAULT_ACCESS: the action is that of the policy."""

    async def story(world: World) -> None:
        await provisioned(world)
        lose_state(world)
        disable(world, 0)
        world.tenant.remove_member(group(world, "Everybody"), user(world, 1))
        world.tenant.delete(user(world, 2))
        await rebuilt(world)
        plan = await the_plan(world)
        shown = {c["name"]: (c["action"], c["reason_code"]) for c in plan["changes"]}
        assert shown == {
            "user0@example.com": ("disable", "AccountDisabled"),
            "user2@example.com": ("delete", "SoftDeleted"),
        }
        await approve(world, plan["id"])
        await world.cycle()
        assert inactive(world) == names(0)
        assert account(world, 2) is None
        assert account(world, 1).active
        assert world.zscloud.violations == []

    simulate(story, tenant=everybody(9), ON_SOFT_DELETE="delete", ON_UNASSIGN="none")


def test_protected_ones_are_never_in_the_plan() -> None:
    """By the setting, and by ZSCloud's group of administrators."""

    async def story(world: World) -> None:
        await lost(world)
        world.zscloud.edit_members("Service Admin", add=["user2@example.com"])
        await rebuilt(world)
        assert held_names(await the_plan(world)) == names(1, 3)

    simulate(story, tenant=everybody(50), PROTECTED="user0@*")


@pytest.mark.parametrize("status", [403, 503])
def test_a_graph_that_fails_makes_no_plan_of_a_part(status: int) -> None:
    """The work that is found is done; the look is taken again, and loses nobody."""

    async def story(world: World) -> None:
        await lost(world)
        world.set_entra(fault_path="deletedItems", error_share=1.0, error_status=status)
        record = await world.cycle()
        assert record.status is CycleStatus.FAILED
        assert record.counts.created == 1
        assert await plans(world) == []
        await world.clock.sleep(300)
        await world.cycle()
        assert await plans(world) == []
        world.set_entra(fault_path="", error_share=0.0)
        await world.clock.sleep(300)
        assert (await world.cycle()).status is CycleStatus.HELD
        assert held_names(await the_plan(world)) == names(*UNASSIGNED, *DELETED)

    simulate(story, tenant=everybody(50))


def test_a_dry_run_stores_nothing() -> None:
    """It counts what would be held, and asks ZSCloud for its lists only."""

    async def story(world: World) -> None:
        await lost(world)
        record = await world.cycle(dry_run=True)
        assert record.counts.held == 4
        assert world.writes() == []
        job = world.services().job()
        assert await plans(world) == []
        assert not await job.rebuild.any_lost()
        assert await job.rebuild.state() is None
        reads = world.scim("GET")
        assert not [r for r in reads if account(world, 0).id in r.path]
        await rebuilt(world)
        assert held_names(await the_plan(world)) == names(*UNASSIGNED, *DELETED)

    simulate(story, tenant=everybody(50))


def test_a_named_call_does_not_adopt() -> None:
    """Nobody has approved it: the entry waits on."""

    async def story(world: World) -> None:
        await lost(world)
        await rebuilt(world)
        plan = await the_plan(world)
        await world.on_demand(user(world, 0))
        assert inactive(world) == set()
        assert held_names(await the_plan(world)) == held_names(plan)
        await world.cycle()
        assert (await the_plan(world))["id"] == plan["id"]
        assert held_names(await the_plan(world)) == held_names(plan)

    simulate(story, tenant=everybody(50))


def test_what_takes_many_executions_goes_on_where_it_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each page of ZSCloud's list is gone through once, and the plan is of all."""
    monkeypatch.setattr("provisioning.discovery.rebuilding._PAGE", 7)

    async def story(world: World) -> None:
        await provisioned(world)
        lose_state(world)
        everyone = group(world, "Everybody")
        for number in range(30):
            world.tenant.remove_member(everyone, user(world, number))
        world.set_entra(latency=2.0)
        before = len(world.entra.requests)
        record = await world.cycle(budget=3)
        executions = 1
        while record.goes_on:
            assert await plans(world) == []
            record = await world.cycle(budget=3)
            executions += 1
            assert executions < 30
        assert executions > 3
        assert held_names(await the_plan(world)) == names(*range(30))
        batches = [r for r in list(world.entra.requests)[before:] if "$batch" in r.path]
        assert len(batches) < executions + 10

    simulate(story, tenant=everybody(50))


def test_a_plan_that_expires_is_held_anew_as_what_it_is() -> None:
    """It stays a plan of its own beside what the brake holds."""

    async def story(world: World) -> None:
        await lost(world)
        await rebuilt(world)
        first = await the_plan(world)
        disable(world, *range(20, 40))
        await world.cycle()
        both = await plans(world)
        assert [plan["cause"] == STATE_LOST for plan in both] == [True, False]
        assert both[1]["counts"]["users"] == 20
        await world.clock.sleep(15 * 86_400)
        await world.cycle()
        again = [p for p in await plans(world) if p["cause"] == STATE_LOST]
        assert len(again) == 1
        assert again[0]["id"] != first["id"]
        assert again[0]["counts"]["users"] == 4

    simulate(story, tenant=everybody(50))


@pytest.mark.parametrize("first", range(1, 4))
def test_killed_while_it_looks_the_plan_is_whole_all_the_same(first: int) -> None:
    """At any step: one plan, of exactly those, and nobody is touched."""

    async def cycle(world: World) -> None:
        await world.cycle()

    async def end(world: World) -> None:
        record = await world.cycle()
        assert record.status is CycleStatus.HELD
        assert held_names(await the_plan(world)) == names(*UNASSIGNED, *DELETED)
        assert inactive(world) == set()
        assert account(world, PURGED).active
        again = await world.cycle()
        assert again.counts.writes == 0
        assert len((await the_plan(world))["changes"]) == 4

    saga = Saga(tenant=everybody(8), store=PiecewiseStore(first))
    saga.tell(lost)
    total = saga.tell(cycle).steps_used
    for steps in kills(first, total, 16):
        saga = Saga(tenant=everybody(8), store=PiecewiseStore(first))
        saga.tell(lost)
        saga.tell(cycle, steps=steps)
        assert saga.tell(end).finished, steps
    discard_abandoned()


@pytest.mark.parametrize("first", range(1, 4))
def test_killed_while_it_adopts_exactly_those_are_switched_off(first: int) -> None:
    """At any step: each once, uncounted, and the rest waits."""

    async def before(world: World) -> None:
        await lost(world)
        await world.cycle()
        plan = await the_plan(world)
        chosen = [c for c in plan["changes"] if c["name"] in names(0, 2)]
        await approve(world, plan["id"], [c["change_id"] for c in chosen])

    async def cycle(world: World) -> None:
        await world.cycle()

    async def end(world: World) -> None:
        await world.cycle()
        await world.cycle()
        assert inactive(world) == names(0, 2)
        assert held_names(await the_plan(world)) == names(1, 3)
        job = world.services().job()
        await job.load_tallies()
        assert job.applied().window.users == 0
        # Once more at most, where the death came before the answer was stored.
        paths = [r.path for r in world.writes() if "/Users/" in r.path]
        assert len(paths) <= 4

    saga = Saga(tenant=everybody(8), store=PiecewiseStore(first))
    saga.tell(before)
    total = saga.tell(cycle).steps_used
    for steps in kills(first, total, 8):
        saga = Saga(tenant=everybody(8), store=PiecewiseStore(first))
        saga.tell(before)
        saga.tell(cycle, steps=steps)
        assert saga.tell(end).finished, steps
    discard_abandoned()


# --- groups ------------------------------------------------------------------------------------


def two_groups() -> Tenant:
    """Everybody and Second, each assigned, with the same twelve people; a third with two."""
    tenant = Tenant.empty()
    people = [tenant.add_user(f"user{n}@example.com", displayName=f"User {n}") for n in range(12)]
    for name, members in (("Everybody", people), ("Second", people[:3]), ("Third", people[:2])):
        tenant.assign(tenant.add_group(name, members), "User")
    return tenant


async def groups_lost(world: World) -> None:
    """Second is assigned no more, Third is deleted, while the state is lost."""
    await provisioned(world)
    lose_state(world)
    world.tenant.unassign(group(world, "Second"))
    world.tenant.delete_group(group(world, "Third"), soft=True)
    world.forget_requests()


def test_groups_that_nothing_assigns_are_held_with_their_members() -> None:
    """By the policy for groups: the one is emptied, the other deleted, once that is approved."""

    async def story(world: World) -> None:
        await groups_lost(world)
        record = await rebuilt(world)
        assert record.status is CycleStatus.HELD
        assert world.writes() == []
        plan = await the_plan(world)
        assert plan["cause"] == STATE_LOST
        shown = {(c["action"], c["name"], (c["member"] or {}).get("name")) for c in plan["changes"]}
        assert shown == {
            *(("remove_member", "Second", name) for name in names(0, 1, 2)),
            ("delete", "Third", None),
        }
        for kind in ("incremental", "reconcile"):
            await world.clock.sleep(300)
            await world.cycle(kind)
        assert (await the_plan(world))["id"] == plan["id"]
        assert world.writes() == []
        # A selection of members: the group is ours then, and the other one stays a member.
        chosen = [c for c in plan["changes"] if (c["member"] or {}).get("name") in names(0, 1)]
        await approve(world, plan["id"], [c["change_id"] for c in chosen])
        await world.cycle()
        assert set(world.zscloud.members("Second")) == names(2)
        assert set(world.zscloud.members("Third")) == names(0, 1)
        assert set(world.zscloud.members("Everybody")) == names(*range(12))
        await approve(world, (await the_plan(world))["id"])
        await world.cycle()
        assert world.zscloud.members("Second") == ()
        assert world.zscloud.groups.by_display_name("Third") is None
        assert await plans(world) == []
        assert world.zscloud.violations == []

    simulate(story, tenant=two_groups)


def test_a_group_that_is_assigned_again_drops_out_and_is_matched() -> None:
    """With all its members, of whom none was taken out."""

    async def story(world: World) -> None:
        await groups_lost(world)
        await rebuilt(world)
        world.tenant.assign(group(world, "Second"), "User")
        await world.cycle()
        assert {c["name"] for c in (await the_plan(world))["changes"]} == {"Third"}
        assert world.writes() == []
        world.tenant.remove_member(group(world, "Second"), user(world, 0))
        await world.cycle()
        assert set(world.zscloud.members("Second")) == names(1, 2)
        job = world.services().job()
        assert await job.held.withheld(group(world, "Second")) == {}

    simulate(story, tenant=two_groups)


def test_a_group_whose_list_shows_no_members_is_found_all_the_same() -> None:
    """Where ZSCloud's list of groups leaves the members out, they are read one group at a time."""

    async def story(world: World) -> None:
        await groups_lost(world)
        await rebuilt(world)
        plan = await the_plan(world)
        assert plan["counts"] == {"users": 0, "groups": 1, "memberships": 3}

    simulate(story, tenant=two_groups, zscloud={"list_members": False})


@pytest.mark.parametrize("scope", [Scope.LINKS, Scope.FULL])
def test_a_restart_without_links_is_a_rebuild_and_keeps_what_the_first_one_held(
    scope: Scope,
) -> None:
    """Who is held since the state was lost stays held, and can be approved after the restart."""

    async def story(world: World) -> None:
        await lost(world)
        await rebuilt(world)
        before = await the_plan(world)
        await ask(world, lambda s: restart.order(s, (scope,), ANNA))
        await ask(world, lambda s: restart.carried_out(s, 60.0))
        record = await world.cycle()
        assert record.status is CycleStatus.HELD
        assert inactive(world) == set()
        after = await the_plan(world)
        assert (after["id"], held_names(after)) == (before["id"], held_names(before))
        await approve(world, after["id"])
        await world.cycle()
        assert inactive(world) == held_names(before)

    simulate(story, tenant=everybody(50))


@pytest.mark.parametrize("held_before", [False, True])
def test_who_is_let_be_for_now_is_held_once_there_is_another_reason(*, held_before: bool) -> None:
    """Disabled people keep access by the setting; unassigned they would lose it."""

    async def story(world: World) -> None:
        await provisioned(world)
        lose_state(world)
        one, everyone = user(world, 2), group(world, "Everybody")
        if held_before:
            world.tenant.remove_member(everyone, one)
        else:
            world.tenant.disable(one)
        record = await rebuilt(world)
        assert (record.status is CycleStatus.HELD) is held_before
        if held_before:
            world.tenant.add_member(everyone, one)
            world.tenant.disable(one)
            await world.cycle()
            assert await plans(world) == []
        world.tenant.remove_member(everyone, one)
        await world.clock.sleep(300)
        record = await world.cycle()
        assert record.status is CycleStatus.HELD
        assert held_names(await the_plan(world)) == {"user2@example.com"}
        assert account(world, 2).active

    simulate(story, tenant=everybody(20), ON_DISABLE="none")
