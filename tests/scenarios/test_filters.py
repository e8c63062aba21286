"""Scoping filters: who is left out, who comes and goes with an attribute, and what null does."""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from provisioning.mapping import CompiledSchema
from provisioning.record import CycleStatus
from simulator.entra import Tenant
from tests.mapping.schemas import clause, compiled, object_mapping, scope
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import SETTLE, account, group, group_object, user
from tests.scenarios.world import World

OPEN = {"DELETION_THRESHOLD_PERCENT": "100"}
SALES = clause("department", "EQUALS", "Sales")
SLOW = clause("department", "REGEX MATCH", r"^(?:(?=a)a|aa)+$")
"""Goes back and forth in a text of many letters, which lookahead keeps from being linear."""


def filtered(name: str = "User", *groups: Any) -> CompiledSchema:
    """The shipped mapping with a scoping filter of users or groups."""

    def change(export: dict[str, Any]) -> None:
        object_mapping(export, name)["scope"] = scope(*groups)

    with TemporaryDirectory() as folder:
        return compiled(Path(folder), change)


ZS_GROUPS = filtered("Group", clause("displayName", "STARTS_WITH", "ZS-"))


def departments() -> Tenant:
    """Ten people, in Sales and in Legal by turns: eight in an assigned group, one assigned, one
    outside.
    """
    tenant = Tenant.empty()
    people = [
        tenant.add_user(
            f"user{n}@example.com", displayName=f"User {n}", department=("Sales", "Legal")[n % 2]
        )
        for n in range(10)
    ]
    tenant.assign(tenant.add_group("Staff", people[:8]), "User")
    tenant.assign(people[8], "User")
    return tenant


def active(world: World) -> list[int]:
    """The people with an active account."""
    accounts = [(n, account(world, n)) for n in range(10)]
    return [n for n, found in accounts if found is not None and found.active]


async def cycle(world: World, kind: str = "incremental") -> Any:
    record = await world.cycle(kind)
    assert record.status is CycleStatus.COMPLETED, record
    assert world.zscloud.violations == []
    return record


async def begun(world: World) -> None:
    """The initial cycle, and one that finds nothing to do."""
    await cycle(world)
    await world.clock.sleep(SETTLE)
    assert (await cycle(world)).counts.writes == 0


def test_a_filter_leaves_half_of_them_out() -> None:
    """Only who passes has an account and is a member; the others are skipped with the clause."""

    async def story(world: World) -> None:
        await begun(world)
        assert active(world) == [0, 2, 4, 6, 8]
        assert len(world.zscloud.members("Staff")) == 4
        (entry, *_) = await world.logs(principal=user(world, 1))
        assert (entry["status"], entry["reason_code"]) == ("skipped", "OutOfFilter")
        assert "department EQUALS Sales: is 'Legal'" in entry["reason"]
        assert entry["remedy"]

    simulate(story, tenant=departments, schema=filtered("User", SALES))


@pytest.mark.parametrize("setting", ["", "disable", "delete", "none"])
def test_an_attribute_brings_in_and_takes_out(setting: str) -> None:
    """Who comes to pass gets an account with the next cycle; who passes no more leaves as set."""

    async def story(world: World) -> None:
        await begun(world)
        world.tenant.update_user(user(world, 1), department="Sales")
        await cycle(world)
        assert active(world) == [0, 1, 2, 4, 6, 8]
        assert "user1@example.com" in world.zscloud.members("Staff")
        world.tenant.update_user(user(world, 0), department="Legal")
        await cycle(world)
        assert active(world) == ([0] if setting == "none" else []) + [1, 2, 4, 6, 8]
        assert (account(world, 0) is None) is (setting == "delete")
        world.tenant.update_user(user(world, 0), department="Sales")
        await cycle(world)
        assert active(world) == [0, 1, 2, 4, 6, 8]
        assert "user0@example.com" in world.zscloud.members("Staff")
        assert (await cycle(world, "reconcile")).counts.writes == 0

    settings = {**OPEN, "ON_OUT_OF_FILTER": setting}
    simulate(story, tenant=departments, schema=filtered("User", SALES), **settings)


def test_everybody_in_scope_is_filtered_too() -> None:
    """With PROVISIONING_SCOPE=all who does not pass is remembered, and comes in by a change."""

    async def story(world: World) -> None:
        await cycle(world)
        assert active(world) == [0, 2, 4, 6, 8]
        await world.clock.sleep(SETTLE)
        await cycle(world)
        world.tenant.update_user(user(world, 9), department="Sales")
        new = world.tenant.add_user("new@example.com", displayName="New")
        await cycle(world)
        assert active(world) == [0, 2, 4, 6, 8, 9]
        assert world.zscloud.users.by_user_name("new@example.com") is None
        (entry, *_) = await world.logs(principal=new)
        assert entry["reason_code"] == "OutOfFilter"
        assert "has no value" in entry["reason"]

    simulate(
        story,
        tenant=departments,
        schema=filtered("User", SALES),
        PROVISIONING_SCOPE="all",
        **OPEN,
    )


def test_whoever_is_linked_leaves_the_groups_that_a_filter_leaves_out() -> None:
    """The account was nobody's when the group was emptied, and stayed in it."""

    async def story(world: World) -> None:
        staff = group(world, "Staff")
        world.tenant.update_group(staff, displayName="ZS-Staff")
        await begun(world)
        world.zscloud.create_user(userName="new@example.com", displayName="New", active=True)
        world.zscloud.edit_members("ZS-Staff", add=["new@example.com"])
        world.tenant.update_group(staff, displayName="Staff")
        await cycle(world)
        assert world.zscloud.members("ZS-Staff") == ("new@example.com",)
        new = world.tenant.add_user("new@example.com", displayName="New", department="Sales")
        world.tenant.add_member(staff, new)
        await cycle(world)
        assert world.zscloud.members("ZS-Staff") == ()

    simulate(story, tenant=departments, schema=ZS_GROUPS, **OPEN)


def test_a_filter_of_groups_leaves_its_members_in_scope() -> None:
    """A group is judged by itself: it is not made, and whom it brings in are."""

    async def story(world: World) -> None:
        other = world.tenant.add_group("ZS-Other", [user(world, 0), user(world, 1)])
        world.tenant.assign(other, "User")
        await begun(world)
        assert active(world) == [*range(9)]
        assert group_object(world, "Staff") is None
        assert len(world.zscloud.members("ZS-Other")) == 2
        world.tenant.update_group(group(world, "Staff"), displayName="ZS-Staff")
        await cycle(world)
        assert len(world.zscloud.members("ZS-Staff")) == 8
        # Left out again, it is emptied and kept, as one that is assigned no more.
        world.tenant.update_group(other, displayName="Other")
        await cycle(world)
        assert world.zscloud.members("ZS-Other") == ()
        assert active(world) == [*range(9)]
        assert (await cycle(world)).counts.writes == 0

    simulate(story, tenant=departments, schema=ZS_GROUPS, **OPEN)


def test_the_trap_of_null_is_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    """NOT EQUALS leaves out who has no value; a group with IS NULL brings them in."""
    not_legal = clause("department", "NOT EQUALS", "Legal")

    async def story(world: World) -> None:
        for n in range(6):
            world.tenant.update_user(user(world, n), department=None)
        await cycle(world)
        assert active(world) == [6, 8]
        world.schema = filtered("User", not_legal, clause("department", "IS NULL"))
        await cycle(world)
        assert active(world) == [0, 1, 2, 3, 4, 5, 6, 8]

    with caplog.at_level(logging.WARNING, "provisioning.discovery.filing"):
        simulate(story, tenant=departments, schema=filtered("User", not_legal), **OPEN)
    (warning,) = [r for r in caplog.records if "Scoping filter" in r.message]
    assert "6 are out of scope since their department has no value" in warning.message


def test_a_new_filter_reads_what_it_asks_for() -> None:
    """An attribute that was never read is no null: everybody is read first, and nobody leaves."""

    async def story(world: World) -> None:
        for n in range(10):
            world.tenant.update_user(user(world, n), city="Rome" if n < 5 else "Oslo")
        await begun(world)
        assert active(world) == [*range(9)]
        world.schema = filtered("User", clause("city", "EQUALS", "Rome"))
        dry = await world.cycle(dry_run=True)
        assert dry.status is CycleStatus.COMPLETED
        assert sorted(c.action.value for c in world.changes) == ["disable"] * 4
        await cycle(world)
        assert active(world) == [*range(5)]
        world.tenant.update_user(user(world, 7), city="Rome")
        await cycle(world)
        assert active(world) == [0, 1, 2, 3, 4, 7]

    simulate(story, tenant=departments, **OPEN)


def test_a_new_filter_that_takes_out_many_is_held() -> None:
    """The brake counts who is left out by a filter like all who leave."""

    async def story(world: World) -> None:
        await begun(world)
        world.schema = filtered("User", clause("department", "EQUALS", "Nobody"))
        record = await world.cycle()
        assert record.status is CycleStatus.HELD
        assert active(world) == [*range(9)]

    simulate(story, tenant=departments)


def test_what_cannot_be_decided_is_an_error_and_changes_nothing() -> None:
    """A pattern that takes too long for one value: that user is an error, and keeps its account."""

    async def story(world: World) -> None:
        await begun(world)
        world.tenant.update_user(user(world, 1), department="a" * 60 + "!", displayName="Renamed")
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED_WITH_ERRORS
        assert account(world, 1).active
        assert account(world, 1).display_name == "User 1"
        entry = (await world.logs(principal=user(world, 1)))[-1]
        assert (entry["status"], entry["error_code"]) == ("failure", "FilterUndecided")
        assert "within 50 ms" in entry["reason"]
        assert "PROVISIONING_SCHEMA" in entry["remedy"]
        world.tenant.update_user(user(world, 1), department="aaa")
        await cycle(world)
        assert account(world, 1).display_name == "Renamed"

    schema = filtered("User", SLOW, SALES, clause("department", "EQUALS", "Legal"))
    simulate(story, tenant=departments, schema=schema, **OPEN)


def member_of(name: str) -> CompiledSchema:
    return filtered("User", clause("memberOf", "MEMBER_OF", name))


@pytest.mark.parametrize("by", ["name", "id"])
def test_a_group_that_a_filter_asks_for_is_watched(by: str) -> None:
    """Membership of a group that is assigned to nothing decides, and is followed."""

    async def story(world: World) -> None:
        pilots = world.tenant.add_group("Pilots", [user(world, 0), user(world, 1), user(world, 9)])
        world.schema = member_of("Pilots" if by == "name" else pilots)
        await begun(world)
        assert active(world) == [0, 1]
        assert group_object(world, "Pilots") is None
        world.tenant.add_member(pilots, user(world, 2))
        world.tenant.remove_member(pilots, user(world, 0))
        await cycle(world)
        assert active(world) == [1, 2]

    simulate(story, tenant=departments, **OPEN)


def test_a_group_that_nobody_knows_takes_nobody_out() -> None:
    """A misspelled group leaves all accounts as they are, and says so."""

    async def story(world: World) -> None:
        await begun(world)
        world.schema = member_of("Pilot")
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED_WITH_ERRORS
        assert active(world) == [*range(9)]
        entry = (await world.logs(principal=user(world, 1)))[-1]
        assert "the members of 'Pilot' are not known" in entry["reason"]
        world.tenant.add_group("Pilot", [user(world, n) for n in range(9)])
        world.tenant.update_user(user(world, 1), department="Sales")
        await cycle(world)
        assert active(world) == [*range(9)]

    simulate(story, tenant=departments, **OPEN)


def nested() -> Tenant:
    """Two people assigned by a group; one of them is in a group within the one of a filter."""
    tenant = Tenant.empty()
    people = [tenant.add_user(f"user{n}@example.com", displayName=f"User {n}") for n in range(2)]
    tenant.assign(tenant.add_group("Staff", people), "User")
    tenant.add_group("Cleared", [tenant.add_group("Inner", people[1:])])
    return tenant


@pytest.mark.parametrize("name", ["Cleared", "cleared"])
def test_a_group_within_one_that_a_filter_names_stays_watched(name: str) -> None:
    async def story(world: World) -> None:
        await cycle(world)
        for _ in range(3):
            assert account(world, 0) is None
            assert account(world, 1).active
            await world.clock.sleep(SETTLE)
            assert (await cycle(world)).counts.writes == 0

    schema = filtered("User", clause("memberOf", "MEMBER_OF", name))
    simulate(story, tenant=nested, schema=schema, NESTED_GROUPS="transitive", **OPEN)
