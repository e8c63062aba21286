"""Writes that travel together (RFC 7644 section 3.7), and servers that do not keep their word."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from provisioning import bulk
from provisioning.lanes import Lane
from provisioning.record import CycleStatus
from simulator.entra import Tenant
from tests.scenarios.kills import kills
from tests.scenarios.piecewise import PiecewiseStore
from tests.scenarios.simulation import Saga, simulate
from tests.scenarios.steps import SETTLE, account_named, everybody, group, office, user
from tests.scenarios.test_crash import SAGAS, ends_right, initial, steps_of
from tests.scenarios.test_hints import tell
from tests.scenarios.test_scale import company
from tests.scenarios.world import World

BULK = {"bulk": True, "bulk_max_operations": 100}
AT_FIVE = {"rate": 5, "zscloud": {"rate": 5, "keep_bodies": True, **BULK}}


def batches(world: World) -> list[list[dict[str, Any]]]:
    """The operations of each bulk request."""
    return [r.body["Operations"] for r in world.scim("POST") if r.path == "/Bulk"]


def paths(world: World) -> Counter[tuple[str, str]]:
    """Requests by method and endpoint."""
    return Counter((r.method, r.path.split("/")[1]) for r in world.scim())


async def loaded(world: World, *, waste: int = 0) -> None:
    """The initial cycle ends right, and without further looks nothing is left to do."""
    record = await world.cycle()
    assert record.status is CycleStatus.COMPLETED, record
    assert world.differences() == []
    refused = [v for v in world.zscloud.violations if v.kind == "refused"]
    assert [v for v in refused if v.rule != "bulk_limit"] == []
    assert len([v for v in world.zscloud.violations if v.kind == "wasteful"]) <= waste


async def learned(world: World) -> bulk.BulkKnowledge:
    """What is stored about Bulk."""
    known = await world.services().job().bulk.get("target")
    assert known is not None
    return known


# --- what it brings ----------------------------------------------------------------------------


def test_a_load_takes_a_request_for_a_hundred_writes() -> None:
    async def story(world: World) -> None:
        began = world.clock.time()
        await loaded(world)
        assert world.clock.time() - began < 8
        assert all(r.status != 429 for r in world.scim())
        sent = batches(world)
        assert len(sent[0]) == bulk.PROOF
        assert max(map(len, sent)) == 100
        # Discovery, the lists, the proof of the first batch and that of the first whole one; the
        # further members of the group of all go together, and some groups with their members,
        # which is proven once each.
        assert len(world.scim()) <= 11 + 1 + 1 + 2 + bulk.PROOF + 1 + 1 + 2
        await world.clock.sleep(SETTLE)
        await world.cycle()
        world.forget_requests()
        assert (await world.cycle()).counts.writes == 0
        assert world.scim() == []

    simulate(story, tenant=lambda: company(1000, 20), **AT_FIVE)


@pytest.mark.parametrize("options", [{}, {"bulk": True, "ZSCLOUD_BULK": "off"}])
def test_without_it_nothing_is_other_than_it_was(options: dict[str, Any]) -> None:
    async def story(world: World) -> None:
        await loaded(world)
        assert paths(world) == {
            ("POST", "Users"): 60,
            ("POST", "Groups"): 4,
            ("GET", "ServiceProviderConfig"): 1,
            ("GET", "Users"): 1,
            ("GET", "Groups"): 1,
        }

    offered = {"bulk": options.pop("bulk", False)}
    simulate(story, tenant=lambda: company(60, 3), zscloud=offered, **options)


def test_a_few_writes_are_not_worth_the_proof() -> None:
    async def story(world: World) -> None:
        await loaded(world)
        assert batches(world) == []

    simulate(story, tenant=everybody(bulk.WORTH_PROVING - 2), **AT_FIVE)


@pytest.mark.parametrize("latency", [0.02, 2.0])
def test_the_pace_counts_requests_whatever_the_latency(latency: float) -> None:
    async def story(world: World) -> None:
        world.zscloud.set_faults(latency=latency)
        await loaded(world)
        assert all(r.status != 429 for r in world.scim())
        assert len(world.scim()) < 100

    simulate(story, tenant=lambda: company(600, 4), **AT_FIVE)


def test_progress_counts_batches() -> None:
    async def story(world: World) -> None:
        await loaded(world)
        more = [world.tenant.add_user(f"more{n}@example.com", displayName="M") for n in range(500)]
        for id in more:
            world.tenant.assign(id, "User")
        record = await world.cycle(budget=0.5)
        assert record.left > 100
        assert record.requests_left == -(-record.left // 100)

    simulate(story, tenant=everybody(120), **AT_FIVE)


# --- several requests of one group ---------------------------------------------------------

IN_TENS = {"MEMBER_BATCH_SIZE": "10", "DELETION_THRESHOLD_PERCENT": "100", **AT_FIVE}


def mates(members: int) -> Callable[[], Tenant]:
    """An assigned group of sixty people, and another one of the first of them."""

    def tenant() -> Tenant:
        made = everybody(60)()
        people = [made.ids_named(f"user{n}@example.com", "user")[0] for n in range(members)]
        made.assign(made.add_group("Mates", people), "User")
        return made

    return tenant


async def emptied(world: World) -> None:
    """A group of fifty is filled and taken apart again, ten members in a PATCH."""
    await loaded(world, waste=50)
    # The first removal of a tenant goes alone, to be proven.
    for numbers in (range(2), range(2, 45)):
        for number in numbers:
            world.tenant.remove_member(group(world, "Mates"), user(world, number))
        await world.clock.sleep(SETTLE)
        world.forget_requests()
        await world.cycle()
        await world.clock.sleep(SETTLE)
    await loaded(world, waste=50)


def test_the_members_of_one_group_share_a_request() -> None:
    async def story(world: World) -> None:
        await emptied(world)
        assert (await learned(world)).same_object is bulk.Standing.PROVEN
        assert [len(batch) for batch in batches(world)] == [5]
        for number in range(45):
            world.tenant.add_member(group(world, "Mates"), user(world, number))
        world.forget_requests()
        await loaded(world)
        assert paths(world) == {("POST", "Bulk"): 1}
        assert [len(batch) for batch in batches(world)] == [5]

    simulate(story, tenant=mates(50), **IN_TENS)


def test_a_server_that_does_only_the_last_of_several_requests_of_one_group() -> None:
    """What is missing is written once more, and from then on one after the other."""

    async def story(world: World) -> None:
        await emptied(world)
        assert batches(world) == []
        known = await learned(world)
        assert known.same_object is bulk.Standing.REFUSED
        assert known.is_proven

    options = {**AT_FIVE["zscloud"], "bulk_conduct": "overwrites"}
    simulate(story, tenant=mates(50), **{**IN_TENS, "zscloud": options})


def test_a_member_that_is_refused_among_several_requests_of_one_group() -> None:
    """The others get in; the account that is gone is made anew."""

    async def story(world: World) -> None:
        await loaded(world)
        world.zscloud.delete_user("user42@example.com")
        for number in range(60):
            world.tenant.add_member(group(world, "Mates"), user(world, number))
        assert (await world.cycle()).status is CycleStatus.COMPLETED
        assert set(world.zscloud.members("Mates")) == {f"user{n}@example.com" for n in range(60)}

    simulate(story, tenant=mates(0), **IN_TENS)


@pytest.mark.parametrize("fault", ["lose_next", "break_next", "forgets"])
def test_several_requests_of_one_group_without_an_answer(fault: str) -> None:
    """One look tells what became of all of them."""

    async def story(world: World) -> None:
        await loaded(world)
        for number in range(60):
            world.tenant.add_member(group(world, "Mates"), user(world, number))
        world.forget_requests()
        if fault == "forgets":
            world.zscloud.set_options(bulk_conduct="forgets")
        else:
            world.zscloud.set_faults(path_contains="/Bulk", **{fault: 1})
        await loaded(world)
        assert paths(world)["GET", "Groups"] <= 2

    simulate(story, tenant=mates(0), **IN_TENS)


# --- leavers -----------------------------------------------------------------------------------


def test_leavers_travel_in_a_first_batch_of_their_own() -> None:
    async def story(world: World) -> None:
        await loaded(world)
        for number in range(20):
            world.tenant.disable(user(world, number))
        more = [world.tenant.add_user(f"more{n}@example.com", displayName="M") for n in range(50)]
        for id in more:
            world.tenant.assign(id, "User")
        await world.clock.sleep(SETTLE)
        world.forget_requests()
        await loaded(world)
        first, *rest = batches(world)
        assert {one["method"] for one in first} == {"PATCH"}
        assert len(first) == 20
        assert {one["method"] for batch in rest for one in batch} == {"POST"}

    simulate(story, tenant=everybody(60), DELETION_THRESHOLD_PERCENT="100", **AT_FIVE)


def test_a_leaver_in_the_middle_of_a_load_is_the_next_request_or_the_next_but_one() -> None:
    async def story(world: World) -> None:
        world.zscloud.set_faults(latency=0.3)
        load = asyncio.create_task(world.cycle())
        while len(batches(world)) < 5:
            await world.clock.sleep(0.05)
        leaver = next(u for u in world.zscloud.users if not u.admin)
        world.tenant.disable(leaver.external_id)
        await tell(world, world.services(), users=[leaver.external_id])
        work = world.services().job().work
        while not await work.page(Lane.LEAVERS):
            await world.clock.sleep(0.001)
        before = len(world.scim())
        while account_named(world, leaver.user_name).active:
            await world.clock.sleep(0.001)
        since = world.scim()[before:]
        assert not load.done()
        assert [r.method for r in since].index("PATCH") <= 1
        await load
        assert world.differences() == []

    simulate(story, tenant=everybody(2000), **AT_FIVE)


# --- failures of single writes -----------------------------------------------------------------


def test_what_fails_in_a_batch_fails_alone() -> None:
    """Those who are refused go to escrow, with the server's own words; the others are made."""

    def tenant() -> Tenant:
        made = everybody(60)()
        for number in range(3):
            id = made.add_user(f"stranger{number}@elsewhere.example", displayName="S")
            made.assign(id, "User")
        return made

    async def story(world: World) -> None:
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED_WITH_ERRORS
        assert record.counts.failed == 3
        assert record.counts.created == 61
        failures = await world.logs(status="failure")
        assert {"domain" in entry["reason"] for entry in failures} == {True}
        assert (await learned(world)).is_proven

    simulate(story, tenant=tenant, **AT_FIVE)


def test_who_is_there_already_is_matched() -> None:
    """409 in a batch means what it means by itself: look, and match."""

    async def story(world: World) -> None:
        await loaded(world)
        more = [world.tenant.add_user(f"more{n}@example.com", displayName="M") for n in range(30)]
        for id in more:
            world.tenant.assign(id, "User")
        task = asyncio.create_task(world.cycle())
        await asyncio.sleep(0.01)
        world.zscloud.create_user(userName="more7@example.com", displayName="Somebody")
        assert (await task).status is CycleStatus.COMPLETED
        assert world.differences() == []
        assert not world.zscloud.users.duplicates()

    simulate(story, tenant=everybody(60), **AT_FIVE)


# --- servers that do not keep their word -------------------------------------------------------


@pytest.mark.parametrize("conduct", ["pretends", "half", "anonymous", "forgets"])
def test_a_server_that_lies_is_found_out_by_the_first_batch(conduct: str) -> None:
    async def story(world: World) -> None:
        await loaded(world, waste=bulk.PROOF)
        assert [len(batch) for batch in batches(world)] == [bulk.PROOF]
        known = await learned(world)
        assert known.refused
        world.forget_requests()
        for number in range(20):
            world.tenant.update_user(user(world, number), displayName=f"Other {number}")
        await loaded(world, waste=bulk.PROOF)
        assert batches(world) == []

    options = {**AT_FIVE["zscloud"], "bulk_conduct": conduct}
    simulate(story, tenant=everybody(60), rate=5, zscloud=options)


def test_a_server_that_begins_to_lie_with_larger_batches_is_found_out_too() -> None:
    async def story(world: World) -> None:
        load = asyncio.create_task(world.cycle())
        while not batches(world):
            await world.clock.sleep(0.01)
        world.zscloud.set_options(bulk_conduct="half")
        await load
        await loaded(world, waste=200)
        assert "it is not" in (await learned(world)).refused

    simulate(story, tenant=everybody(300), **AT_FIVE)


@pytest.mark.parametrize("status", ["text", "number", "object"])
def test_results_in_another_order(status: str) -> None:
    async def story(world: World) -> None:
        await loaded(world)
        assert (await learned(world)).is_proven

    options = {**AT_FIVE["zscloud"], "bulk_conduct": "shuffled", "bulk_status": status}
    simulate(story, tenant=everybody(150), rate=5, zscloud=options)


def test_a_server_that_takes_fewer_than_it_says() -> None:
    async def story(world: World) -> None:
        await loaded(world)
        known = await learned(world)
        assert known.is_proven
        assert known.ceiling == 12
        refused = [r for r in world.scim() if r.status == 413]
        assert len(refused) <= 6

    options = {**AT_FIVE["zscloud"], "bulk_accepts": 20}
    simulate(story, tenant=everybody(300), rate=5, zscloud=options)


def test_the_payload_is_kept() -> None:
    async def story(world: World) -> None:
        await loaded(world)
        bodies = [r for r in world.scim("POST") if r.path == "/Bulk"]
        assert all(r.status == 200 for r in bodies)
        assert 8_000 < max(r.size for r in bodies) <= 10_000

    options = {**AT_FIVE["zscloud"], "bulk_max_payload_size": 10_000}
    simulate(story, tenant=everybody(150), rate=5, zscloud=options)


def test_a_payload_for_one_alone() -> None:
    async def story(world: World) -> None:
        await loaded(world)

    options = {**AT_FIVE["zscloud"], "bulk_max_payload_size": 100}
    simulate(story, tenant=everybody(30), rate=5, zscloud=options)


def test_a_server_that_counts_operations() -> None:
    """What it answers 429 is sent again, and the batches become smaller."""

    async def story(world: World) -> None:
        await loaded(world)

    options = {**AT_FIVE["zscloud"], "bulk_throttles": 10}
    simulate(story, tenant=everybody(150), rate=5, zscloud=options)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 500, 501])
def test_an_offer_that_is_not_kept(status: int) -> None:
    async def story(world: World) -> None:
        world.zscloud.set_faults(path_contains="/Bulk", fail_share=1.0, fail_status=status)
        await loaded(world)
        assert len(batches(world)) == 1
        assert str(status) in (await learned(world)).refused or status == 500

    simulate(story, tenant=everybody(60), **AT_FIVE)


def test_what_was_refused_is_tried_again_after_a_week() -> None:
    async def story(world: World) -> None:
        world.zscloud.set_faults(path_contains="/Bulk", fail_share=1.0, fail_status=501)
        await loaded(world)
        world.zscloud.set_faults()
        await world.clock.sleep(bulk.WEEK + 60)
        for number in range(40):
            world.tenant.update_user(user(world, number), displayName=f"Other {number}")
        await loaded(world)
        assert (await learned(world)).is_proven

    simulate(story, tenant=everybody(60), **AT_FIVE)


def test_an_offer_that_comes_later_is_found_within_a_week() -> None:
    async def story(world: World) -> None:
        await loaded(world)
        world.zscloud.set_options(**BULK)
        await world.clock.sleep(bulk.WEEK + 60)
        await world.cycle()
        world.forget_requests()
        await world.cycle()
        assert world.scim() == []
        for number in range(40):
            world.tenant.update_user(user(world, number), displayName=f"Other {number}")
        await loaded(world)
        assert (await learned(world)).is_proven

    simulate(story, tenant=everybody(60), rate=5, zscloud={"rate": 5})


# --- answers that get lost ---------------------------------------------------------------------


async def proven(world: World) -> None:
    """Bulk is proven, and a few hundred more people wait."""
    await loaded(world)
    assert (await learned(world)).proven == 100
    for n in range(200):
        id = world.tenant.add_user(f"more{n}@example.com", displayName="M")
        world.tenant.assign(id, "User")
    world.forget_requests()


@pytest.mark.parametrize(
    "fault",
    [
        {"lose_next": 1},
        {"lose_next": 1, "lose_by": "500"},
        {"truncate_next": 1},
        {"break_next": 1},
        {"slow_next": 1},
        {"html_next": 1},
        {"fail_next": 1, "fail_status": 429},
        {"fail_next": 1, "fail_status": 503, "fail_retry_after": "2"},
        {"fail_next": 1, "fail_status": 500},
        {"fail_next": 1, "fail_status": 400},
    ],
)
def test_a_batch_without_an_answer(fault: dict[str, Any]) -> None:
    """Nothing is lost, nothing doubles, and the list tells of a hundred people at once."""

    async def story(world: World) -> None:
        await proven(world)
        world.zscloud.set_faults(path_contains="/Bulk", **fault)
        await loaded(world, waste=100)
        assert paths(world)["GET", "Users"] <= 3 + 6
        single = 100 if fault.get("fail_status") == 400 else 5
        assert paths(world)["POST", "Users"] <= single
        assert not (await learned(world)).refused

    simulate(story, tenant=everybody(160), **AT_FIVE)


# --- kills -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAGAS)
@pytest.mark.parametrize("part", range(4))
def test_killed_at_any_fourth_step(name: str, part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "WORTH_PROVING", 4)
    options = {"rate": 5, "zscloud": {"rate": 5, **BULK}}
    *before, last = SAGAS[name]
    total = steps_of(SAGAS[name], **options)
    for steps in kills(1 + 4 * part, total, 16):
        saga = Saga(tenant=office, **options)
        for story in before:
            saga.tell(story)
        saga.tell(last, steps=steps)
        assert saga.tell(ends_right).finished, steps


def test_killed_around_large_batches() -> None:
    options: dict[str, Any] = {"rate": 5, "zscloud": {"rate": 5, **BULK}}
    total = Saga(tenant=everybody(150), **options).tell(initial).steps_used
    for steps in kills(7, total, max(1, total // 24)):
        saga = Saga(tenant=everybody(150), store=PiecewiseStore(seed=steps), **options)
        saga.tell(initial, steps=steps)
        assert saga.tell(ends_right).finished, steps
        assert saga.world is not None
        # Who was under way is looked for in the list, and not one by one.
        assert paths(saga.world)["GET", "Users"] <= 20, steps
