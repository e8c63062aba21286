"""Held plans: fixed lists, approved exactly as shown, once; rejected, expired, dropped out of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from provisioning.audit import Operator
from provisioning.errors import InvalidRequest, PlanNotPending
from provisioning.guard import Tally
from provisioning.operations import held, work
from provisioning.operations.audit import query_audit
from provisioning.operations.status import status
from provisioning.record import CycleStatus
from provisioning.services import Services
from tests.scenarios.kills import kills
from tests.scenarios.piecewise import PiecewiseStore
from tests.scenarios.simulation import Saga, simulate
from tests.scenarios.steps import account, assigned, everybody, group, provisioned, user
from tests.scenarios.world import World
from tests.simulated_time import discard_abandoned

ANNA = Operator.signed_in("anna@example.com")
DAY = 86_400.0


async def ask(world: World, what: Callable[[Services], Awaitable[Any]]) -> Any:
    """Calls an operation in a process of its own."""
    services = world.services()
    try:
        return await what(services)
    finally:
        await world._close(services)


async def plans(world: World, state: str = "pending") -> list[Any]:
    """The plans in a state, oldest first."""
    listed = await ask(world, held.list_)
    return [plan for plan in reversed(listed["items"]) if plan["state"] == state]


async def the_plan(world: World) -> Any:
    """The only plan that waits, with its changes."""
    (plan,) = await plans(world)
    return await ask(world, lambda s: held.show(s, plan["id"], limit=10_000))


async def approve(world: World, id: str, only: Sequence[str] | None = None) -> Any:
    """Anna approves."""
    return await ask(world, lambda s: held.approve(s, id, only, ANNA))


async def reject(world: World, id: str, note: str = "They are on leave.") -> Any:
    """Anna rejects."""
    return await ask(world, lambda s: held.reject(s, id, note, ANNA))


def inactive(world: World) -> set[str]:
    """Who is disabled in ZSCloud."""
    return {u.user_name for u in world.zscloud.users if not u.active}


def names(*numbers: int) -> set[str]:
    """Login names by number."""
    return {f"user{n}@example.com" for n in numbers}


def disable(world: World, *numbers: int) -> None:
    """Disables people in Entra."""
    for number in numbers:
        world.tenant.disable(user(world, number))


def test_without_removals_there_is_no_plan() -> None:
    """The no-op: nothing held, nothing listed, nothing to approve."""

    async def story(world: World) -> None:
        await provisioned(world)
        assert await ask(world, held.list_) == {"items": [], "next": None, "kept": []}
        with pytest.raises(PlanNotPending, match="No held plan"):
            await approve(world, "nobody-knows-it")

    simulate(story, tenant=everybody(5))


def test_forty_percent_of_a_thousand_leave() -> None:
    """Joiners arrive, 400 disables are held; who comes back drops out; a selection of a hundred
    is carried out exactly, once.
    """

    async def story(world: World) -> None:
        await provisioned(world)
        disable(world, *range(400))
        joiner = world.tenant.add_user("joiner@example.com", displayName="Joiner")
        world.tenant.add_member(group(world, "Everybody"), joiner)
        world.tenant.update_user(user(world, 999), department="Legal")
        record = await world.cycle()
        assert record.status is CycleStatus.HELD
        assert (record.counts.created, record.counts.updated, record.counts.held) == (1, 1, 400)
        assert record.counts.disabled == 0
        plan = await the_plan(world)
        assert plan["counts"] == {"users": 400, "groups": 0, "memberships": 0}
        assert {c["action"] for c in plan["changes"]} == {"disable"}
        assert {c["name"] for c in plan["changes"]} == names(*range(400))

        world.tenant.enable(user(world, 7))
        await world.cycle()
        again = await the_plan(world)
        assert again["id"] == plan["id"]
        assert {c["name"] for c in again["changes"]} == names(*range(400)) - names(7)
        (dropped,) = await world.logs(status="skipped", principal="user7@example.com")
        assert dropped["reason_code"] == "DroppedFromPlan"

        chosen = [c for c in again["changes"] if c["name"] in names(*range(100, 200))]
        decided = await approve(world, plan["id"], [c["change_id"] for c in chosen])
        assert decided["state"] == "approved"
        world.forget_requests()
        record = await world.cycle()
        assert record.counts.disabled == 100
        assert len(world.writes()) == 100
        assert inactive(world) == names(*range(100, 200))
        with pytest.raises(PlanNotPending, match="approved"):
            await approve(world, plan["id"])
        rest = await the_plan(world)
        assert rest["id"] == decided["rest"]
        assert {c["name"] for c in rest["changes"]} == names(*range(100), *range(200, 400)) - names(
            7
        )

    simulate(story, tenant=everybody(1000))


def test_an_approval_needs_no_cycle_of_its_own() -> None:
    """A wake-up after the approval carries it out; the audit log says who."""

    async def story(world: World) -> None:
        await provisioned(world)
        disable(world, *range(10))
        await world.cycle()
        plan = await the_plan(world)
        await approve(world, plan["id"])
        await ask(world, work.look_now)
        assert inactive(world) == names(*range(10))
        (entry,) = (await ask(world, query_audit))["items"]
        assert (entry["operator"], entry["known"]) == ("anna@example.com", "signed_in")
        assert (entry["operation"], entry["subject"]) == ("held approve", plan["id"])
        assert {e["cause"] for e in await world.logs(action="disable", status="success")} == {
            "approved"
        }

    simulate(story, tenant=everybody(40))


def test_what_was_approved_does_not_count_for_the_brake() -> None:
    """Ten approved of forty; then four more leave, which are below the limit by themselves."""

    async def story(world: World) -> None:
        await provisioned(world)
        disable(world, *range(10))
        await world.cycle()
        await approve(world, (await the_plan(world))["id"])
        await world.cycle()
        disable(world, 10, 11, 12, 13)
        assert (await world.cycle()).status is CycleStatus.COMPLETED
        assert inactive(world) == names(*range(14))

    simulate(story, tenant=everybody(40))


def test_a_later_leaver_is_not_held_with_the_many() -> None:
    """A held plan keeps nobody else: a single leaver after it is judged by himself."""

    async def story(world: World) -> None:
        await provisioned(world)
        disable(world, *range(10))
        await world.cycle()
        before = await the_plan(world)
        disable(world, 20)
        record = await world.cycle()
        assert record.counts.disabled == 1
        assert inactive(world) == names(20)
        assert (await the_plan(world))["id"] == before["id"]

    simulate(story, tenant=everybody(40))


def test_later_removals_over_the_limit_collect_in_one_further_plan() -> None:
    """The first plan stays as it was shown; the further one has a new id each time it grows."""

    async def story(world: World) -> None:
        await provisioned(world)
        disable(world, *range(10))
        await world.cycle()
        first = await the_plan(world)
        disable(world, *range(10, 20))
        await world.cycle()
        one, two = await plans(world)
        assert one["id"] == first["id"]
        assert one["checksum"] == first["checksum"]
        disable(world, *range(20, 30))
        await world.cycle()
        same, grown = await plans(world)
        assert same["id"] == first["id"]
        assert grown["id"] != two["id"]
        assert grown["counts"]["users"] == 20
        with pytest.raises(PlanNotPending, match=grown["id"]):
            await approve(world, two["id"])
        await approve(world, grown["id"])
        await world.cycle()
        assert inactive(world) == names(*range(10, 30))

    simulate(story, tenant=everybody(60))


def test_each_entry_is_checked_again_at_execution() -> None:
    """Who came back between the approval and its execution stays, with the reason in the log."""

    async def story(world: World) -> None:
        await provisioned(world)
        disable(world, *range(10))
        await world.cycle()
        await approve(world, (await the_plan(world))["id"])
        world.tenant.enable(user(world, 3))
        await world.cycle()
        assert inactive(world) == names(*range(10)) - names(3)
        (entry,) = await world.logs(status="skipped", principal="user3@example.com")
        assert entry["reason_code"] == "DroppedFromPlan"
        (plan,) = await plans(world, "approved")
        shown = await ask(world, lambda s: held.show(s, plan["id"]))
        assert [c["name"] for c in shown["changes"] if "dropped" in c] == ["user3@example.com"]

    simulate(story, tenant=everybody(40))


def test_who_was_assigned_again_just_before_the_approval_stays() -> None:
    """An approval reads the assignments before it is carried out: no poll has come in between."""

    async def story(world: World) -> None:
        people = assigned(world, 10)
        await provisioned(world)
        for person in people:
            world.tenant.unassign(person)
        await world.cycle()
        await world.cycle()  # A list that came short is believed when it is seen again.
        plan = await the_plan(world)
        world.tenant.assign(people[3], "User")
        await approve(world, plan["id"])
        await ask(world, work.look_now)
        left = {f"extra{number}@example.com" for number in range(10)} - {"extra3@example.com"}
        assert inactive(world) == left
        (dropped,) = await world.logs(status="skipped", principal="extra3@example.com")
        assert dropped["reason_code"] == "DroppedFromPlan"

    simulate(story, tenant=everybody(40))


def test_another_action_than_the_approved_one_is_judged_anew() -> None:
    """A disable was approved; the user is deleted for good, which would delete the account."""

    async def story(world: World) -> None:
        await provisioned(world)
        disable(world, *range(10))
        await world.cycle()
        await approve(world, (await the_plan(world))["id"])
        for number in range(8):
            world.tenant.delete(user(world, number))
            world.tenant.purge(user(world, number))
        world.forget_requests()
        record = await world.cycle()
        assert world.scim("DELETE") == []
        assert inactive(world) == names(8, 9)
        assert record.status is CycleStatus.HELD
        changes = (await the_plan(world))["changes"]
        assert {c["action"] for c in changes if c["object_type"] == "user"} == {"delete"}

    simulate(story, tenant=everybody(40), ON_DELETE="delete")


def test_what_was_rejected_is_not_proposed_again_until_the_facts_change() -> None:
    """Kept by decision, and listed as such; a reconcile leaves it; a new leave is judged anew."""

    async def story(world: World) -> None:
        await provisioned(world)
        disable(world, *range(10))
        await world.cycle()
        await reject(world, (await the_plan(world))["id"])
        assert (await world.cycle()).status is CycleStatus.COMPLETED
        world.tenant.update_user(user(world, 2), department="Legal")
        for kind in ("incremental", "reconcile"):
            record = await world.cycle(kind)
            assert record.status is CycleStatus.COMPLETED
        assert inactive(world) == set()
        shown = await ask(world, status)
        assert (shown["kept"], shown["held"]) == (10, 0)
        (kept, *_) = (await ask(world, held.list_))["kept"]
        assert (kept["by"], kept["note"]) == ("anna@example.com", "They are on leave.")
        world.tenant.enable(user(world, 2))
        await world.cycle()
        disable(world, 2)
        assert (await world.cycle()).counts.disabled == 1
        assert inactive(world) == names(2)

    simulate(story, tenant=everybody(40))


def test_a_plan_that_expires_is_held_anew() -> None:
    """Nobody decided: nothing goes, the old id is no longer good, the new one is."""

    async def story(world: World) -> None:
        await provisioned(world)
        disable(world, *range(10))
        await world.cycle()
        old = await the_plan(world)
        await world.clock.sleep(14 * DAY + 1)
        with pytest.raises(PlanNotPending, match="expired"):
            await approve(world, old["id"])
        assert (await world.cycle()).status is CycleStatus.HELD
        assert inactive(world) == set()
        new = await the_plan(world)
        assert new["id"] != old["id"]
        assert new["checksum"] == old["checksum"]
        with pytest.raises(PlanNotPending, match="expired"):
            await approve(world, old["id"])
        await approve(world, new["id"])
        await world.cycle()
        assert inactive(world) == names(*range(10))

    simulate(story, tenant=everybody(40))


def test_three_percent_a_day_is_held_on_the_fourth_day() -> None:
    """No slow leak: three days of three percent go, the fourth is over ten."""

    async def story(world: World) -> None:
        await provisioned(world)
        for day in range(3):
            disable(world, *range(day * 3, day * 3 + 3))
            assert (await world.cycle()).status is CycleStatus.COMPLETED
            await world.clock.sleep(DAY)
        disable(world, 9, 10, 11)
        record = await world.cycle()
        assert record.status is CycleStatus.HELD
        assert inactive(world) == names(*range(9))
        assert "in the last 7 days" in (await the_plan(world))["cause"]

    simulate(story, tenant=everybody(100), DELETION_THRESHOLD_PERCENT="10")


def test_a_small_tenant_that_hires_keeps_its_base() -> None:
    """The base is the most that was there at any time in the window, not what is left."""

    async def story(world: World) -> None:
        await provisioned(world)
        disable(world, 0, 1, 2, 3)
        await world.cycle()
        # 4 of 60 gone; 2 more make 6 of 60, which is a tenth, though 6 of 56 would be more.
        disable(world, 4, 5)
        assert (await world.cycle()).status is CycleStatus.COMPLETED

    simulate(story, tenant=everybody(60))


def emptied() -> Any:
    """Two groups of a hundred with the same people, who stay in scope by the other one."""
    tenant = everybody(120)()
    people = sorted(tenant.users.current())
    tenant.assign(tenant.add_group("Second", people), "User")
    return tenant


def test_memberships_of_a_group_are_held_and_approved_one_by_one() -> None:
    """Sixty members leave a group: over the limit. Ten chosen ones go, exactly."""

    async def story(world: World) -> None:
        await provisioned(world)
        second = group(world, "Second")
        for number in range(60):
            world.tenant.remove_member(second, user(world, number))
        record = await world.cycle()
        assert record.status is CycleStatus.HELD
        assert len(world.zscloud.members("Second")) == 120
        plan = await the_plan(world)
        assert plan["counts"] == {"users": 0, "groups": 0, "memberships": 60}
        chosen = [
            c["change_id"] for c in plan["changes"] if c["member"]["name"] in names(*range(10))
        ]
        await approve(world, plan["id"], chosen)
        record = await world.cycle()
        assert record.counts.memberships_removed == 10
        left = set(world.zscloud.members("Second"))
        assert left == names(*range(10, 120))
        # Who joins again drops out; who leaves later is judged by himself.
        world.tenant.add_member(second, user(world, 20))
        world.tenant.remove_member(second, user(world, 100))
        await world.cycle()
        assert set(world.zscloud.members("Second")) == names(*range(10, 120)) - names(100)
        rest = await the_plan(world)
        assert len(rest["changes"]) == 49
        await reject(world, rest["id"])
        assert (await world.cycle("reconcile")).status is CycleStatus.COMPLETED
        assert len(world.zscloud.members("Second")) == 109

    simulate(story, tenant=emptied)


def test_a_group_that_is_emptied_is_held_whole() -> None:
    """It counts as a group and as each of its memberships; approved, all of them go."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.unassign(group(world, "Second"))
        await world.clock.sleep(600)
        record = await world.cycle()
        assert record.status is CycleStatus.HELD
        assert len(world.zscloud.members("Second")) == 120
        plan = await the_plan(world)
        await approve(world, plan["id"])
        await world.cycle()
        assert not world.zscloud.members("Second")
        assert (await ask(world, status))["held"] == 0

    simulate(story, tenant=emptied)


def test_memberships_follow_a_held_user() -> None:
    """Who is held by leaving the tenant's only group keeps the membership as well, and both are
    carried out by one approval.
    """

    async def story(world: World) -> None:
        await provisioned(world)
        for number in range(10):
            world.tenant.remove_member(group(world, "Everybody"), user(world, number))
        assert (await world.cycle()).status is CycleStatus.HELD
        assert len(world.zscloud.members("Everybody")) == 40
        plan = await the_plan(world)
        assert plan["counts"] == {"users": 10, "groups": 0, "memberships": 10}
        await approve(world, plan["id"])
        record = await world.cycle()
        assert (record.counts.disabled, record.counts.memberships_removed) == (10, 10)
        assert world.differences() == []

    simulate(story, tenant=everybody(40))


def three_groups() -> Any:
    """Forty people, ten of whom are in scope by a group of their own."""
    tenant = everybody(30)()
    few = [tenant.add_user(f"few{n}@example.com", displayName=f"Few {n}") for n in range(10)]
    tenant.assign(tenant.add_group("Few", few), "User")
    tenant.assign(tenant.add_group("Other", few[:1]), "User")
    return tenant


def test_a_group_that_is_deleted_waits_with_its_people() -> None:
    """Its people are held: the group that has them is not deleted from under them."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.delete_group(group(world, "Few"))
        assert (await world.cycle()).status is CycleStatus.HELD
        assert len(world.zscloud.members("Few")) == 10
        plan = await the_plan(world)
        assert plan["counts"] == {"users": 9, "groups": 1, "memberships": 0}
        await approve(world, plan["id"])
        await world.cycle()
        assert world.zscloud.groups.by_display_name("Few") is None
        assert len(inactive(world)) == 9

    simulate(story, tenant=three_groups)


def test_a_selection_that_names_what_is_not_there_is_refused_and_decides_nothing() -> None:
    """Bad input loses nothing: the plan is as it was."""

    async def story(world: World) -> None:
        await provisioned(world)
        disable(world, *range(10))
        await world.cycle()
        plan = await the_plan(world)
        with pytest.raises(InvalidRequest, match="change_ids"):
            await approve(world, plan["id"], ["not-there"])
        with pytest.raises(InvalidRequest, match="change_ids"):
            await approve(world, plan["id"], [])
        with pytest.raises(InvalidRequest, match="note"):
            await reject(world, plan["id"], "  ")
        assert (await the_plan(world)) == plan

    simulate(story, tenant=everybody(40))


def test_a_higher_limit_lets_the_held_ones_go() -> None:
    """The limits allow it now: the plan is withdrawn, and the removals count."""

    async def story(world: World) -> None:
        await provisioned(world)
        disable(world, *range(10))
        await world.cycle()
        world.environ["DELETION_THRESHOLD_PERCENT"] = "50"
        record = await world.cycle()
        assert record.counts.disabled == 10
        (plan,) = await plans(world, "withdrawn")
        assert plan["note"]

    simulate(story, tenant=everybody(40))


def test_a_dry_run_neither_makes_nor_decides_a_plan() -> None:
    """It shows what an approval would send, and leaves the decision where it is."""

    async def story(world: World) -> None:
        await provisioned(world)
        disable(world, *range(10))
        assert (await world.cycle(dry_run=True)).counts.held == 10
        assert await plans(world) == []
        await world.cycle()
        await approve(world, (await the_plan(world))["id"])
        _, changes = await world.cycle_with_changes(dry_run=True)
        assert [change.action.value for change in changes] == ["disable"] * 10
        assert inactive(world) == set()
        await world.cycle()
        assert inactive(world) == names(*range(10))

    simulate(story, tenant=everybody(40))


def test_a_user_named_on_demand_passes_and_leaves_the_plan() -> None:
    """Up to five named users pass; the plan says that an operator named them."""

    async def story(world: World) -> None:
        await provisioned(world)
        disable(world, *range(10))
        await world.cycle()
        await world.on_demand(user(world, 0))
        assert not account(world, 0).active
        plan = await the_plan(world)
        assert {c["name"] for c in plan["changes"]} == names(*range(1, 10))

    simulate(story, tenant=everybody(40))


@pytest.mark.parametrize("first", range(1, 5))
def test_a_killed_process_carries_out_exactly_what_was_approved(first: int) -> None:
    """Killed at any moment while an approval is carried out: those and no others go, uncounted."""

    async def before(world: World) -> None:
        await provisioned(world)
        disable(world, *range(10))
        for number in range(60):
            world.tenant.remove_member(group(world, "Second"), user(world, number))
        await world.cycle()
        plan = await the_plan(world)
        five = names(*range(5))
        chosen = [c for c in plan["changes"] if (c["member"] or c)["name"] in five]
        assert len(chosen) == 10
        await approve(world, plan["id"], [c["change_id"] for c in chosen])

    async def cycle(world: World) -> None:
        await world.cycle()

    async def end(world: World) -> None:
        await world.cycle()
        assert inactive(world) == names(*range(5))
        assert set(world.zscloud.members("Second")) == names(*range(5, 120))
        assert len((await the_plan(world))["changes"]) == 60
        job = world.services().job()
        await job.load_tallies()
        assert job.applied().window == Tally()

    options: dict[str, Any] = {"tenant": emptied, "DELETION_THRESHOLD_PERCENT": "5"}
    saga = Saga(**options)
    saga.tell(before)
    total = saga.tell(cycle).steps_used
    for steps in kills(first, total, 28):
        saga = Saga(**options)
        saga.tell(before)
        saga.tell(cycle, steps=steps)
        assert saga.tell(end).finished, steps
    discard_abandoned()


@pytest.mark.parametrize("first", range(4))
def test_a_plan_names_everybody_who_is_held_whenever_its_maker_dies(first: int) -> None:
    """On a store without transactions: who is in no plan could be approved by nobody."""

    async def begin(world: World) -> None:
        await provisioned(world)
        world.tenant.delete_group(group(world, "Everybody"))

    async def cycle(world: World) -> None:
        await world.cycle()

    async def judge(world: World) -> None:
        await world.cycle()
        shown = []
        for plan in await plans(world):
            shown.append(await ask(world, lambda s: held.show(s, plan["id"], limit=1000)))  # noqa: B023
        about = [change["name"] for plan in shown for change in plan["changes"]]
        assert set(about) >= names(*range(12))
        for plan in shown:
            await approve(world, plan["id"])
        await world.cycle()
        assert inactive(world) == names(*range(12))
        assert world.differences() == []

    def made(seed: int) -> Saga:
        saga = Saga(
            tenant=everybody(12), store=PiecewiseStore(seed), DELETION_THRESHOLD_PERCENT="15"
        )
        saga.tell(begin)
        return saga

    for steps in kills(1 + first, made(0).tell(cycle).steps_used, 4):
        saga = made(steps)
        saga.tell(cycle, steps=steps)
        assert saga.tell(judge).finished, steps
    discard_abandoned()
