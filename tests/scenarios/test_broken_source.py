"""Whatever is wrong with Entra's side: nothing is written, and the sentence says what it is.

Each fault against each way of reading; then the fault ends, and the next cycle is right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import pytest

from provisioning.discovery.reading import USERS_FEED
from provisioning.hints import ASSIGNMENTS, FEEDS, Hint
from provisioning.operations import hints as hint_operations
from provisioning.operations.assignments import poll
from provisioning.operations.status import status
from provisioning.record import CycleStatus
from provisioning.schema import load_schema
from provisioning.services import Services
from simulator.entra import Tenant
from tests.scenarios.pump import deliver
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import account, group, provisioned, user
from tests.scenarios.world import SCHEMA, World

ASSIGNMENT_LIST = "appRoleAssignedTo"
DIRECT = range(8, 20)
"""Numbers of the people who are assigned directly."""


def company() -> Tenant:
    """Twenty people: eight in the assigned group Sales, twelve assigned directly."""
    tenant = Tenant.empty()
    people = [
        tenant.add_user(f"user{n}@example.com", displayName=f"User {n}", department="Sales")
        for n in range(20)
    ]
    tenant.assign(tenant.add_group("Sales", people[:8]), "User")
    for id in people[8:]:
        tenant.assign(id, "User")
    return tenant


@dataclass(frozen=True)
class Fault:
    """What is broken, and a piece of the sentence that says so.

    ``first``: noticed also by a program that has never seen the tenant. ``polled``: noticed by
    one poll of the assignments and the look that follows.
    """

    name: str
    says: str
    knobs: dict[str, Any] = field(default_factory=dict)
    disabled: bool = False
    first: bool = True

    def strike(self, world: World) -> None:
        world.set_entra(**self.knobs)
        if self.disabled:
            world.tenant.update_service_principal(accountEnabled=False)

    def end(self, world: World) -> None:
        world.set_entra(
            kept_share=1.0,
            truncate_next=0,
            page_size=0,
            pager="",
            body="",
            fault_path="",
            blank_properties=(),
            missing_permissions=frozenset[str](),
            other_tenant=False,
        )
        if self.disabled:
            world.tenant.update_service_principal(accountEnabled=True)


def of_list(name: str, says: str, *, first: bool = False, **knobs: Any) -> Fault:
    """A fault of the list of assignments."""
    return Fault(name, says, {"fault_path": ASSIGNMENT_LIST, **knobs}, first=first)


def refused(permission: str) -> Fault:
    return Fault(
        f"403 {permission}",
        "answered 403",
        {"missing_permissions": frozenset({permission})},
    )


FAULTS = [
    of_list("empty", "(appRoleAssignedTo) came empty, and 13 are stored", kept_share=0.0),
    of_list("halved", "assignments of users (appRoleAssignedTo) came ", kept_share=0.5),
    of_list("truncated", "rows short of the 12 stored", truncate_next=99, page_size=4),
    of_list("repeated page", "a page repeats", first=True, pager="repeat", page_size=4),
    of_list("circle", "repeats", first=True, pager="circle", page_size=4),
    of_list("elsewhere", "another host", first=True, pager="elsewhere", page_size=4),
    of_list("list of another tenant", "wrong tenant", other_tenant=True),
    refused("Application.Read.All"),
    refused("User.Read.All"),
    refused("GroupMember.Read.All"),
    Fault("withheld state", "accountEnabled", {"blank_properties": ("accountEnabled",)}),
    Fault("withheld names", "displayName", {"blank_properties": ("displayName",)}),
    Fault(
        "withheld department",
        "'department' came without a value",
        {"blank_properties": ("department",)},
        first=False,
    ),
    Fault("wrong tenant", "wrong tenant", {"other_tenant": True}, first=False),
    Fault("disabled", "is disabled in Entra", disabled=True),
    Fault("html", "content type text/html", {"body": "html"}),
    Fault("no body", "truncated or no JSON", {"body": "empty"}),
    Fault("cut", "truncated or no JSON", {"body": "cut"}),
    Fault("error", "missing required field", {"body": "error"}),
    of_list("no rows", "missing required field", first=True, body="no_value"),
    of_list("no ids", "missing required field", first=True, body="no_ids"),
]
by_name = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)


def check_nothing_written(world: World) -> None:
    assert world.writes() == []
    assert all(each.active for each in world.zscloud.users if not each.admin)


async def check_right_again(world: World, fault: Fault) -> None:
    """The fault ends, and the next cycle does what there was to do, and no more."""
    fault.end(world)
    await world.clock.sleep(1000)
    record = await world.cycle()
    assert record.status is CycleStatus.COMPLETED, record
    assert record.counts.disabled == record.counts.memberships_removed == 0
    assert world.differences() == []


async def forget_the_feeds(world: World) -> None:
    """As if nothing had been read in full: the next cycle reads everybody anew, and compares."""
    job = world.services().job()
    await job.store.write([job.watermarks.drop(USERS_FEED)])
    await job.store.flush()


@by_name
@pytest.mark.parametrize("kind", ["incremental", "reconcile", "anew"])
def test_a_cycle_writes_nothing(fault: Fault, kind: str) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        if kind == "anew":
            await forget_the_feeds(world)
        # Changes that a broken look must not let through half.
        world.tenant.update_user(user(world, 1), jobTitle="Boss", department="Legal")
        world.tenant.update_group(group(world, "Sales"), description="They sell")
        fault.strike(world)
        record = await world.cycle("incremental" if kind == "anew" else kind)
        assert record.status is CycleStatus.FAILED, record
        assert fault.says in (record.error or ""), record.error
        assert record.remedy
        check_nothing_written(world)
        await check_right_again(world, fault)
        assert account(world, 1).department == "Legal"

    simulate(story, tenant=company)


@pytest.mark.parametrize("fault", [f for f in FAULTS if f.first], ids=lambda fault: fault.name)
def test_the_first_cycle_of_all_writes_nothing(fault: Fault) -> None:
    async def story(world: World) -> None:
        fault.strike(world)
        record = await world.cycle()
        assert record.status is CycleStatus.FAILED, record
        assert fault.says in (record.error or ""), record.error
        assert world.writes() == []
        await check_right_again(world, fault)

    simulate(story, tenant=company)


@by_name
def test_a_dry_run_says_it_too_and_remembers_nothing_of_it(fault: Fault) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.update_user(user(world, 1), department="Legal")
        fault.strike(world)
        for _ in range(2):
            record = await world.cycle(dry_run=True)
            assert record.status is CycleStatus.FAILED, record
            assert fault.says in (record.error or ""), record.error
        assert world.changes == []
        check_nothing_written(world)
        await check_right_again(world, fault)

    simulate(story, tenant=company)


@by_name
def test_a_poll_writes_nothing(fault: Fault) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        fault.strike(world)
        for _ in range(2):
            await poll(services)
            await deliver(world, services, 30.0)
            await world.clock.sleep(30.0)
        check_nothing_written(world)
        await check_right_again(world, fault)
        assert (await status(services))["held"] == 0

    simulate(story, tenant=company)


async def hint(world: World, services: Services, *about: str) -> None:
    """Somebody tells of these, and they are looked at."""
    now = world.clock.time()
    told = [Hint(about=each, mark=services.ids.new(), told_at=now) for each in about]
    await hint_operations.store(services, told)
    await hint_operations.work.look_now(services)
    await deliver(world, services, 1.0)


@by_name
def test_a_look_at_hints_writes_nothing(fault: Fault) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.tenant.update_group(group(world, "Sales"), description="They sell")
        await world.clock.sleep(60)
        fault.strike(world)
        await hint(world, services, FEEDS, ASSIGNMENTS, f"user/{user(world, 1)}")
        check_nothing_written(world)
        await check_right_again(world, fault)

    simulate(story, tenant=company)


@pytest.mark.parametrize(
    "fault", [f for f in FAULTS if "fault_path" not in f.knobs], ids=lambda fault: fault.name
)
def test_a_call_on_demand_writes_nothing(fault: Fault) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.update_user(user(world, 1), department="Legal")
        fault.strike(world)
        try:
            await world.on_demand(user(world, 1))
        except Exception as error:  # noqa: BLE001  who is named is looked for first
            assert not isinstance(error, AssertionError)  # noqa: PT017
        check_nothing_written(world)
        await check_right_again(world, fault)

    simulate(story, tenant=company)


def test_a_disabled_application_stops_also_what_was_found_before_it() -> None:
    """Any other broken read lets the leavers go on that were found earlier."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.unassign(user(world, 8))
        world.zscloud.set_faults(fail_share=1.0, fail_status=503)
        assert (await world.cycle()).counts.disabled == 0
        world.zscloud.set_faults()
        world.forget_requests()
        world.tenant.update_service_principal(accountEnabled=False)
        await world.clock.sleep(3600)
        assert (await world.cycle()).status is CycleStatus.FAILED
        check_nothing_written(world)
        world.tenant.update_service_principal(accountEnabled=True)
        await world.cycle()
        assert world.differences() == []

    simulate(story, tenant=company)


def test_another_application_in_the_place_of_the_one_that_was_seen() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.unassign(user(world, 8))
        before = world.tenant.service_principal
        other = replace(before, app_id="another", display_name="Another")
        world.tenant.service_principals.put(before.id, other, world.tenant.journal.position)
        record = await world.cycle()
        assert record.status is CycleStatus.FAILED
        assert "answers with another enterprise application: 'Another'" in (record.error or "")
        check_nothing_written(world)

    simulate(story, tenant=company)


def test_an_absence_is_believed_only_of_an_application_that_is_enabled_now() -> None:
    """A short look need not ask for the application, unless somebody is missing."""

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        await hint(world, services, f"user/{user(world, 1)}")  # the application was looked at
        world.tenant.update_service_principal(accountEnabled=False)
        world.tenant.unassign(user(world, 8))
        await poll(services)
        await deliver(world, services, 10.0)
        check_nothing_written(world)

    simulate(story, tenant=company)


# --- who is left out of what is read ---------------------------------------------------------


@pytest.mark.parametrize(("share", "says"), [(0.0, "came empty, and"), (0.2, "came 7 rows short")])
def test_members_of_a_group_that_come_short_in_a_full_read(share: float, says: str) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        await forget_the_feeds(world)
        world.set_entra(kept_share=share, fault_path="/members")
        record = await world.cycle()
        assert record.status is CycleStatus.FAILED
        assert "The list of members of group" in (record.error or "")
        assert says in (record.error or "")
        check_nothing_written(world)
        world.set_entra(kept_share=1.0)
        assert (await world.cycle()).counts.writes == 0
        assert world.differences() == []

    simulate(story, tenant=company)


def pairs() -> Tenant:
    """Six groups of two people each, all of them assigned."""
    tenant = Tenant.empty()
    for number in range(6):
        people = [
            tenant.add_user(f"user{number}{letter}@example.com", displayName=f"User {number}")
            for letter in "ab"
        ]
        tenant.assign(tenant.add_group(f"Pair {number}", people), "User")
    return tenant


def test_all_groups_empty_at_once_are_a_broken_read() -> None:
    """Each is small: none of them loses more than five members."""

    async def story(world: World) -> None:
        await provisioned(world)
        await forget_the_feeds(world)
        world.set_entra(kept_share=0.0, fault_path="/members")
        record = await world.cycle()
        assert record.status is CycleStatus.FAILED
        assert "came empty, and 2 are stored" in (record.error or "")
        check_nothing_written(world)
        world.set_entra(kept_share=1.0)
        assert (await world.cycle()).counts.writes == 0
        assert world.differences() == []

    simulate(story, tenant=pairs)


def test_the_assignments_of_groups_are_judged_apart_from_those_of_users() -> None:
    """Six groups of a hundred assignments are few, and bring in most people."""

    def tenant() -> Tenant:
        made = pairs()
        for number in range(100):
            id = made.add_user(f"direct{number}@example.com", displayName="Direct")
            made.assign(id, "User")
        return made

    async def story(world: World) -> None:
        await provisioned(world)
        for number in range(6):
            world.tenant.unassign(group(world, f"Pair {number}"))
        record = await world.cycle()
        assert record.status is CycleStatus.FAILED
        assert "assignments of groups (appRoleAssignedTo) came 6 rows short" in (record.error or "")
        check_nothing_written(world)
        # They were real: seen again, they are the brake's business.
        assert (await world.cycle()).status is CycleStatus.HELD
        check_nothing_written(world)

    simulate(story, tenant=tenant)


def test_people_whom_nobody_deleted_and_who_cannot_be_read() -> None:
    """404 for many who are not among the deleted: a broken read; seen again, it is the brake's."""

    async def story(world: World) -> None:
        await provisioned(world)
        await forget_the_feeds(world)
        world.set_entra(unreadable_ids=tuple(user(world, number) for number in DIRECT))
        record = await world.cycle()
        assert record.status is CycleStatus.FAILED
        said = "The users that were read by their ids came 12 rows short of the 12 stored"
        assert said in (record.error or "")
        check_nothing_written(world)
        held = await world.cycle()
        assert held.status is CycleStatus.HELD, held
        check_nothing_written(world)

    simulate(story, tenant=company)


def test_groups_that_cannot_be_read_while_they_are_assigned() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        await forget_the_feeds(world)
        ids = tuple(group(world, f"Pair {number}") for number in range(6))
        world.set_entra(unreadable_ids=ids)
        record = await world.cycle()
        assert record.status is CycleStatus.FAILED
        said = "The groups that were read by their ids came empty, and 6 are stored"
        assert said in (record.error or "")
        check_nothing_written(world)
        world.set_entra(unreadable_ids=())
        assert (await world.cycle()).counts.writes == 0
        assert world.differences() == []

    simulate(story, tenant=pairs)


# --- real leavers, and how they are told apart -----------------------------------------------


def disable(world: World, number: int) -> None:
    world.tenant.disable(user(world, number))


def delete(world: World, number: int) -> None:
    world.tenant.delete(user(world, number))


def purge(world: World, number: int) -> None:
    world.tenant.delete(user(world, number))
    world.tenant.purge(user(world, number))


@pytest.mark.parametrize("leave", [disable, delete, purge])
@pytest.mark.parametrize("count", [10, 20])
def test_many_who_really_leave_are_believed_and_held(
    leave: Callable[[World, int], None], count: int
) -> None:
    """Their own objects say so: no broken read, and the brake says how many it is about."""

    async def story(world: World) -> None:
        await provisioned(world)
        for number in range(20 - count, 20):
            leave(world, number)
        record = await world.cycle()
        assert record.status is CycleStatus.HELD, record
        assert record.error is None
        check_nothing_written(world)
        entry = (await world.logs(status="held"))[-1]
        assert f"{count} of 20 users would be taken away" in entry["reason"]

    simulate(story, tenant=company)


def test_a_restored_source_needs_nobody_to_be_approved() -> None:
    """A list that stays short for two cycles is believed and held; it heals by itself."""

    async def story(world: World) -> None:
        await provisioned(world)
        empty = FAULTS[0]
        empty.strike(world)
        assert (await world.cycle()).status is CycleStatus.FAILED
        assert (await world.cycle()).status is CycleStatus.HELD
        check_nothing_written(world)
        await check_right_again(world, empty)
        assert (await status(world.services()))["held"] == 0
        check_nothing_written(world)

    simulate(story, tenant=company)


# --- values that vanish ----------------------------------------------------------------------


def test_a_value_that_some_lose_is_cleared() -> None:
    """Eight of twenty: a department was closed. The others still show theirs."""

    async def story(world: World) -> None:
        await provisioned(world)
        for number in range(8):
            world.tenant.update_user(user(world, number), department=None)
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED, record
        assert record.counts.updated == 8
        assert world.differences() == []

    simulate(story, tenant=company)


def test_a_withheld_value_is_never_believed_and_leaves_no_trace() -> None:
    """However often it is seen; the values that were known are kept."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.set_entra(blank_properties=("department",))
        for _ in range(3):
            await forget_the_feeds(world)
            record = await world.cycle()
            assert record.status is CycleStatus.FAILED
            assert "20 of the 20 people who had one" in (record.error or "")
            assert "User.Read.All" in (record.error or "")
        world.set_entra(blank_properties=())
        check_nothing_written(world)
        assert (await world.cycle()).counts.writes == 0
        assert world.differences() == []

    simulate(story, tenant=company)


def test_a_value_that_was_cleared_for_everybody_takes_two_steps() -> None:
    """As the remedy says: out of the mapping, a cycle, and in again."""
    schema = load_schema(None)
    assert "department" in SCHEMA.user.source_properties

    async def story(world: World) -> None:
        await provisioned(world)
        for number in range(20):
            world.tenant.update_user(user(world, number), department=None)
        record = await world.cycle()
        assert record.status is CycleStatus.FAILED
        assert "put it back" in (record.remedy or "")
        world.schema = without_department(schema)
        assert (await world.cycle()).status is CycleStatus.COMPLETED
        world.schema = SCHEMA
        await world.cycle()
        assert world.differences() == []

    simulate(story, tenant=company)


def without_department(schema: Any) -> Any:
    """The schema compiled without what reads the department."""
    from provisioning.mapping import compile_schema

    changed = msgspec.structs.replace(
        schema,
        user=msgspec.structs.replace(
            schema.user,
            attributes=tuple(
                each for each in schema.user.attributes if "department" not in str(each)
            ),
        ),
    )
    return compile_schema(changed)


def test_another_tenant_that_begins_to_answer_in_the_middle_of_a_look_is_not_believed() -> None:
    """It knows nobody, however often it is asked. Whoever lies in the deleted items would be gone
    for good, and taken out of the groups.
    """

    async def story(world: World) -> None:
        for number in DIRECT:
            world.tenant.unassign(user(world, number))
        again = world.tenant.add_group("Again", [user(world, n) for n in range(3, 7)])
        world.tenant.assign(again, "User")
        await provisioned(world)
        world.tenant.delete(user(world, 3))
        await world.cycle()
        before = world.zscloud.members("Sales")
        world.forget_requests()
        await world.clock.sleep(300)
        world.entra.expire_tokens()
        cycle = asyncio.create_task(world.cycle())
        await world.clock.sleep(3.0)
        assert not cycle.done()
        world.set_entra(other_tenant=True)
        record = await cycle
        assert "wrong tenant" in (record.error or "")
        assert world.writes() == []
        world.set_entra(other_tenant=False)
        await world.cycle()
        assert world.zscloud.members("Sales") == before

    simulate(story, tenant=company)
