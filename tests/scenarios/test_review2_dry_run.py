"""The dry run is the run: what is planned is what is sent, whatever was changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.simulation import simulate
from tests.scenarios.steps import SETTLE, group, office, provisioned, user
from tests.scenarios.world import World


def accounts_that_match(world: World) -> None:
    """Accounts of the same names exist already, one of them with other attributes."""
    world.zscloud.create_user(userName="user1@example.com", displayName="Somebody")
    world.zscloud.create_user(userName="USER2@example.com", displayName="User 2")


def group_with_others(world: World) -> None:
    """A group of an assigned name exists, with members who do not belong there."""
    for name in ("user7@example.com", "user1@example.com", "stranger@example.com"):
        world.zscloud.create_user(userName=name, displayName=name)
    world.zscloud.create_group(displayName="Sales")
    world.zscloud.edit_members(
        "Sales", add=("user7@example.com", "user1@example.com", "stranger@example.com")
    )


def names_exchanged(world: World) -> None:
    first, second = user(world, 1), user(world, 2)
    world.tenant.update_user(first, userPrincipalName="tmp@example.com")
    world.tenant.update_user(second, userPrincipalName="user1@example.com")
    world.tenant.update_user(first, userPrincipalName="user2@example.com")


def names_passed_on(world: World) -> None:
    tenant = world.tenant
    tenant.update_user(user(world, 1), userPrincipalName="gone@example.com")
    new = tenant.add_user("user1@example.com", displayName="New")
    tenant.assign(new, "User")


def somebody_protected(world: World) -> None:
    world.environ["PROTECTED"] = "user1@example.com,Both"
    world.tenant.update_user(user(world, 1), department="Legal")
    world.tenant.remove_member(group(world, "Both"), user(world, 3))
    world.tenant.disable(user(world, 2))


def two_of_one_name(world: World) -> None:
    tenant = world.tenant
    tenant.assign(tenant.add_group("Sales", [user(world, 8)]), "User")


def leavers_and_joiners(world: World) -> None:
    tenant = world.tenant
    tenant.disable(user(world, 1))
    tenant.unassign(user(world, 7))
    tenant.remove_member(group(world, "Sales"), user(world, 2))
    tenant.add_member(group(world, "Sales"), user(world, 9))
    tenant.delete(user(world, 4))


def too_many_leavers(world: World) -> None:
    for number in range(7):
        world.tenant.disable(user(world, number))
    world.tenant.remove_member(group(world, "Sales"), user(world, 0))
    world.tenant.update_user(user(world, 8), department="Legal")


def a_group_that_goes(world: World) -> None:
    world.tenant.unassign(group(world, "Both"))


def names_in_a_chain(world: World) -> None:
    tenant = world.tenant
    people = [user(world, n) for n in range(3)]
    for n in (2, 1, 0):
        tenant.update_user(people[n], userPrincipalName=f"user{n + 1 if n < 2 else 99}@example.com")


def a_deleted_one_has_a_successor(world: World) -> None:
    tenant = world.tenant
    tenant.delete(user(world, 8))
    tenant.purge(next(id for id, u in tenant.users.current().items() if u.deleted is not None))
    tenant.assign(tenant.add_user("user8@example.com", displayName="Successor"), "User")


BEFORE = {f.__name__: f for f in (accounts_that_match, group_with_others)}
AFTER = {
    f.__name__: f
    for f in (
        names_exchanged,
        names_passed_on,
        somebody_protected,
        two_of_one_name,
        leavers_and_joiners,
        too_many_leavers,
        a_group_that_goes,
        names_in_a_chain,
        a_deleted_one_has_a_successor,
    )
}


def meant(changes: list[Any]) -> list[tuple[str, str, str]]:
    """What each change is about, in words that do not depend on ids given by ZSCloud."""
    return sorted(
        (
            c.action.value,
            c.source_id,
            str(
                c.member.source_id if c.member else [(p.name, p.new) for p in c.modified_properties]
            ),
        )
        for c in changes
    )


async def dry_run_is_the_run(world: World, kind: str) -> None:
    """Runs both, and compares what was planned with what was done."""
    record, planned = await world.cycle_with_changes(kind, dry_run=True)
    assert world.writes() == []
    run = await world.cycle(kind)
    logged = [e for e in await world.logs(cycle=run.cycle_id) if e["status"] == "success"]
    done = sorted(
        (
            e["action"],
            e["source_id"],
            str(
                e["member"]["source_id"]
                if e["member"]
                else [(p["name"], p["new"]) for p in e["modified_properties"]]
            ),
        )
        for e in logged
        if e["action"]
    )
    assert meant(planned) == done
    assert record.counts.held == run.counts.held
    assert record.counts.failed == run.counts.failed
    assert record.counts.skipped == run.counts.skipped


@pytest.mark.parametrize("what", BEFORE)
@pytest.mark.parametrize("rate", [0, 5])
def test_the_first_dry_run_is_the_first_run(what: str, rate: int) -> None:
    """Accounts and groups that exist already: the plan says what the run does."""

    async def story(world: World) -> None:
        BEFORE[what](world)
        await dry_run_is_the_run(world, "initial")

    simulate(story, tenant=office, rate=rate)


def test_a_dry_run_of_a_delete_and_a_successor_is_the_run() -> None:
    """The name of an account that the run deletes is free for its successor, in the plan too."""

    async def story(world: World) -> None:
        await provisioned(world)
        a_deleted_one_has_a_successor(world)
        await world.clock.sleep(SETTLE)
        await dry_run_is_the_run(world, "incremental")

    simulate(story, tenant=office, ON_DELETE="delete")


@pytest.mark.parametrize("what", AFTER)
@pytest.mark.parametrize("kind", ["incremental", "reconcile"])
def test_a_dry_run_is_the_run(what: str, kind: str) -> None:
    """Whatever changed: the plan says what the run does."""

    async def story(world: World) -> None:
        await provisioned(world)
        AFTER[what](world)
        await world.clock.sleep(SETTLE)
        await dry_run_is_the_run(world, kind)

    simulate(story, tenant=office)
