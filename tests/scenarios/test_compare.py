"""From the built-in job to this program: what differs, why, and what the first cycle does."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from provisioning.comparing import Cause
from provisioning.operations.compare import Found, compare
from provisioning.record import CycleStatus
from tests.scenarios.built_in import company, provision_as_built_in
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import SETTLE, account, group, user
from tests.scenarios.test_dry_run import snapshot
from tests.scenarios.world import World


async def compared(world: World, **options: Any) -> dict[str, Any]:
    """The comparison, in a process of its own; it has sent nothing, and stored nothing."""
    before = snapshot(world)
    found = await found_by(world, **options)
    assert found.record.error_code is None, found.record
    assert world.writes() == []
    assert snapshot(world) == before
    return found.document


async def found_by(world: World, **options: Any) -> Found:
    services = world.services()
    try:
        return await compare(services, **options)
    finally:
        await world._close(services)
        await services.diagnostics.close()


def numbers(document: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Users and groups of each outcome that there is."""
    counts = document["counts"].items()
    return {name: (n["user"], n["group"]) for name, n in counts if any(n.values())}


def item(document: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [each for each in document["items"] if each["name"] == name]
    return found


# --- nothing differs -------------------------------------------------------------------------


def test_what_the_built_in_job_has_right_is_the_same_and_the_switch_sends_nothing() -> None:
    """The no-op first: before the switch, at the switch, and afterwards."""

    async def story(world: World) -> None:
        provision_as_built_in(world)
        before = await compared(world)
        # One is assigned and disabled; the two others who left are in no list of Entra any more.
        assert numbers(before) == {
            "skip": (1, 0),
            "unknown": (2, 2),
            "off": (3, 0),
            "same": (8, 2),
        }
        assert before["memberships"] == {"added": 0, "removed": 0, "unmanaged": 3}
        assert before["held"] == []
        assert before["more"] == 0
        for name in ("user4@example.com", "user6@example.com", "user9@example.com"):
            off = [x for x in before["items"] if x["name"] == name and x["outcome"] == "off"]
            assert [x["causes"] for x in off] == [(Cause.LEAVER_KEPT,)], name
        assert item(before, "robot@example.com")["causes"] == (Cause.NOT_FROM_ENTRA,)
        world.environ["PROVISIONING_STATUS"] = "on"
        for kind in ("incremental", "incremental", "reconcile"):
            record = await world.cycle(kind)
            assert record.status is CycleStatus.COMPLETED, record
            await world.clock.sleep(SETTLE)
        assert world.writes() == []
        assert numbers(await compared(world)) == numbers(before)

    simulate(story, tenant=company, PROVISIONING_STATUS="off")


def test_who_left_with_the_built_in_job_comes_back_by_the_same_account() -> None:
    async def story(world: World) -> None:
        provision_as_built_in(world)
        await world.cycle()
        world.tenant.enable(user(world, 4))
        await world.clock.sleep(SETTLE)
        record = await world.cycle()
        assert (record.counts.enabled, record.counts.writes) == (1, 1)
        assert account(world, 4).active
        assert [r.method for r in world.writes()] == ["PATCH"]

    simulate(story, tenant=company)


# --- the forecast is what the first cycle does ---------------------------------------------------


def department_cleared(world: World) -> None:
    world.tenant.update_user(user(world, 1), department=None)


def edited_by_hand(world: World) -> None:
    world.zscloud.edit_user("user2@example.com", displayName="Somebody")
    world.zscloud.edit_user("user3@example.com", active=False)
    world.zscloud.edit_members(
        "Sales", add=("user7@example.com", "robot@example.com"), remove=("user0@example.com",)
    )


def made_by_hand(world: World) -> None:
    """Somebody assigned has an account that no job has made; letters are of another case."""
    world.tenant.assign(user(world, 12), "User")
    world.zscloud.create_user(userName="User12@Example.com", displayName="User 12", active=True)
    world.zscloud.edit_user("user8@example.com", displayName="USER 8")


def came_since(world: World) -> None:
    """An assignment, a member and a group that the built-in job has not come to yet."""
    world.tenant.assign(user(world, 13), "User")
    world.tenant.add_member(group(world, "Both"), user(world, 12))
    world.tenant.assign(world.tenant.add_group("New", [user(world, 0)]), "User")


def left_since(world: World) -> None:
    world.tenant.disable(user(world, 0))
    world.tenant.unassign(user(world, 7))
    world.tenant.unassign(group(world, "Both"))


def nested(world: World) -> None:
    world.environ["NESTED_GROUPS"] = "transitive"


def many_in_a_group(world: World) -> None:
    """More members by hand than the brake lets go."""
    names = [f"hand{n}@example.com" for n in range(60)]
    for name in names:
        id = world.tenant.add_user(name, displayName=name)
        world.tenant.assign(id, "User")
        world.zscloud.create_user(userName=name, displayName=name, externalId=id, active=True)
    world.zscloud.edit_members("Sales", add=names)


CHANGES: tuple[Callable[[World], None], ...] = (
    department_cleared,
    edited_by_hand,
    made_by_hand,
    came_since,
    left_since,
    nested,
    many_in_a_group,
)
CAUSES = {
    "department_cleared": {Cause.VALUE_CLEARED},
    "edited_by_hand": {
        *(Cause.VALUE_DIFFERS, Cause.SWITCHED_OFF),
        *(Cause.MEMBER_MISSING, Cause.MEMBER_SURPLUS),
    },
    "made_by_hand": {Cause.EXTERNAL_ID, Cause.CASE_ONLY, Cause.VALUE_DIFFERS},
    "came_since": {Cause.CYCLE_DELAY, Cause.NOT_MADE, Cause.MEMBER_NEW},
    "left_since": {Cause.STILL_THERE},
    "nested": {Cause.NESTED_GROUP, Cause.MEMBER_NEW},
    "many_in_a_group": {Cause.MEMBER_SURPLUS},
}
_ALWAYS = {Cause.LEAVER_KEPT, Cause.NOT_FROM_ENTRA, Cause.PROTECTED}


def essence(change: dict[str, Any]) -> tuple[Any, ...]:
    """What a change is, whatever ids ZSCloud gives."""
    member = change["member"]["source_id"] if change["member"] else None
    values = tuple((p["name"], str(p["old"]), str(p["new"])) for p in change["modified_properties"])
    return change["action"], change["source_id"], member, values


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_the_forecast_is_what_the_first_cycle_does_and_all_else_is_left_alone(
    change: Callable[[World], None],
) -> None:
    async def story(world: World) -> None:
        provision_as_built_in(world)
        change(world)
        document = await compared(world)
        before = everything(world)
        told = {each["code"] for each in document["causes"]}
        assert told - _ALWAYS == CAUSES[change.__name__]
        forecast = sorted(
            essence(each)
            for found in document["items"]
            for each in found["changes"]
            if each["reason_code"] not in ("StateLost", "DeletionThreshold")
        )
        run = await world.cycle()
        entries = await world.logs(cycle=run.cycle_id)
        sent = [e for e in entries if e["status"] == "success" and e["action"]]
        assert forecast == sorted(map(essence, sent))
        held = await held_changes(world)
        assert sum(plan["changes"] for plan in document["held"]) == len(held)
        assert {x["source_id"] for x in document["items"] if x["held"]} == {
            each.source_id for each in held
        }
        differing = {x["target_id"] for x in document["items"] if x["outcome"] not in _RIGHT}
        after = everything(world)
        assert {id for id, found in before.items() if after.get(id) != found} <= differing
        assert world.zscloud.violations == []

    simulate(story, tenant=company)


_RIGHT = ("same", "off", "unknown", "skip")


def everything(world: World) -> dict[str, Any]:
    """All that ZSCloud has, with members and times of change, by id."""
    return {each.id: each for each in (*world.zscloud.users, *world.zscloud.groups)}


async def held_changes(world: World) -> list[Any]:
    services = world.services()
    try:
        job = services.job()
        return [
            entry.change
            for plan in await job.held.open_plans()
            async for _, entry in job.held.entries_of(plan)
        ]
    finally:
        await world._close(services)


# --- how it is read ------------------------------------------------------------------------------


def test_it_asks_zscloud_once_a_second_beside_whoever_writes() -> None:
    """The lease is another's, the store may hold another job, and the limit is shared."""

    async def story(world: World) -> None:
        provision_as_built_in(world)
        world.zscloud.set_options(list_members=False)
        assert await world.store.acquire("1234/5678", "somebody", 30.0) is not None
        await compared(world)
        times = [request.time for request in world.scim()]
        # Discovery, the two lists, and each group that is matched.
        assert len(times) == 5
        assert all(b - a >= 0.99 for a, b in pairwise(times))
        assert list(world.store._tables) == []

    simulate(story, tenant=company, rate=5)


def test_a_limit_lists_the_gravest_and_counts_the_others() -> None:
    async def story(world: World) -> None:
        provision_as_built_in(world)
        left_since(world)
        edited_by_hand(world)
        whole = await compared(world)
        few = await compared(world, limit=2)
        assert few["counts"] == whole["counts"]
        assert few["items"] == whole["items"][:2]
        assert few["more"] == len(whole["items"]) - 2
        assert [x["outcome"] for x in few["items"]] == ["disable", "disable"]
        assert (await compared(world, limit=0))["items"] == []

    simulate(story, tenant=company)


def test_after_a_test_user_it_says_the_same() -> None:
    """What is stored meanwhile is not looked at: it compares as if nothing were."""

    async def story(world: World) -> None:
        provision_as_built_in(world)
        edited_by_hand(world)
        (result,) = await world.on_demand("user1@example.com")
        assert result["outcome"] == "skipped" or result["changes"] == []
        assert world.writes() == []
        await world.on_demand("user2@example.com")
        assert account(world, 2).display_name == "User 2"
        world.forget_requests()
        document = await compared(world)
        assert item(document, "user2@example.com")["outcome"] == "same"
        assert item(document, "user3@example.com")["outcome"] == "enable"

    simulate(story, tenant=company, PROVISIONING_STATUS="off")


@pytest.mark.parametrize(
    ("break_it", "code"),
    [
        (lambda world: setattr(world, "token", "revoked"), "Unauthorized"),
        (
            lambda world: world.tenant.update_service_principal(accountEnabled=False),
            "SourceImplausible",
        ),
        (lambda world: setattr(world, "scim_url", world.scim_url + "/gone"), "EndpointGone"),
    ],
    ids=["token", "application", "url"],
)
def test_what_cannot_be_read_is_said_and_nothing_is_compared(
    break_it: Callable[[World], None], code: str
) -> None:
    async def story(world: World) -> None:
        provision_as_built_in(world)
        break_it(world)
        record, document = await found_by(world)
        assert record.error_code == code
        assert document["cycle"]["error"]["code"] == code
        assert document["items"] == []
        assert numbers(document) == {}
        assert world.writes() == []
        assert snapshot(world) == {}

    simulate(story, tenant=company)
