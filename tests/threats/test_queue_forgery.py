"""Whoever can write to the queues or the table forges work: what comes of it."""

from __future__ import annotations

import json

import pytest

from provisioning.hints import Hint
from provisioning.lanes import Aspect, Lane, Rank, WorkItem
from provisioning.model import EntraId, Key, ObjectType
from provisioning.notifications.message import HintMessage, decode
from provisioning.operations import work
from provisioning.operations.hints import take_in
from provisioning.record import CycleKind
from provisioning.wake import LARGEST
from tests.notifications.payloads import id_of
from tests.scenarios.pump import deliver
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import group, office, provisioned, user
from tests.scenarios.world import World


def test_a_forged_hint_changes_nobodys_access() -> None:
    """It names a key and claims a change; what is so is read from Graph."""

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        outsider = user(world, 9)
        forged = HintMessage(
            told=world.clock.time() + 1e9,
            users={**{user(world, n): 0 for n in range(9)}, outsider: 60_000, id_of(1): 0},
            groups={group(world, "Sales"): 0, id_of(2): 0},
            feeds=True,
            assignments=True,
            lifecycle={id_of(3): "subscriptionRemoved"},
            narrowed=True,
        )
        await take_in(services, forged)
        await deliver(world, services, 600.0)
        await world.cycle()
        assert world.writes() == []
        assert world.differences() == []

    simulate(story, tenant=office)


@pytest.mark.parametrize(
    "text",
    [
        '{"told": 1, "users": {"../groups": 0}}',
        json.dumps({"told": 1, "users": {f"{id_of(1)}\0": 0}}),
        json.dumps({"told": 1, "groups": {"a" * 40_000: 0}}),
        json.dumps({"told": 1, "users": {id_of(n): 0 for n in range(1001)}}),
        json.dumps({"told": 1, "users": {id_of(1): -1}}),
        json.dumps({"told": 1, "users": {id_of(1): 10**20}}),
    ],
)
def test_a_hint_that_the_webhook_cannot_have_made_is_not_stored(text: str) -> None:
    """Stored, it would fail every look, and nobody could take it away."""

    async def story(world: World) -> None:
        services = world.services()
        with pytest.raises(ValueError, match="the message is no hint"):
            await take_in(services, decode(text.encode()))
        job = services.job()
        assert await job.hints.wait(world.clock.time()) is None

    simulate(story, tenant=office)


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"told":1,"x":' + b"[" * 100_000, b"\xff"])
def test_a_hint_that_is_deep_or_no_text_is_an_error_that_says_so(text: bytes) -> None:
    with pytest.raises(ValueError, match="the message is no hint"):
        decode(text)


@pytest.mark.parametrize("number", [LARGEST, LARGEST + 1, int("9" * 4300), -1])
def test_a_forged_wake_up_stops_no_later_one(number: int) -> None:
    """A number from which nobody could count on would end all waking: the timers fail with it."""

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        await work.on_wake(services, number)
        assert world.writes() == []
        world.tenant.disable(user(world, 1))
        await work.tick(services, CycleKind.INCREMENTAL)
        await deliver(world, services, 600.0)
        assert world.differences() == []

    simulate(story, tenant=office)


@pytest.mark.parametrize("cycle", ["../../etc/passwd", "", "x" * 10_000])
def test_a_forged_dry_run_writes_nothing(cycle: str) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        await work.dry_run(world.services(), cycle)
        assert world.writes() == []

    simulate(story, tenant=office)


def test_a_forged_removal_in_the_work_set_is_decided_anew() -> None:
    """An item names a key and what to look at, never a fact: who is assigned stays."""

    async def story(world: World) -> None:
        await provisioned(world)
        job = world.services().job()
        about = [
            Key(ObjectType.USER, EntraId(user(world, 1))),
            Key(ObjectType.GROUP, EntraId(group(world, "Sales"))),
        ]
        ranks = (Rank.DISABLES, Rank.MEMBER_REMOVALS)
        forged = [
            WorkItem(
                key=key,
                aspect=Aspect.REMOVAL,
                lane=Lane.LEAVERS,
                rank=rank,
                cause="forged",
                cycle_id="forged",
                generation="forged",
                filed_at=0.0,
            )
            for key, rank in zip(about, ranks, strict=True)
        ]
        await job.store.write(job.work.file(forged))
        await job.store.flush()
        await world.cycle()
        assert world.writes() == []
        assert await world.services().job().work.counts() == dict.fromkeys(Lane, 0)

    simulate(story, tenant=office)


def test_a_forged_hint_in_the_store_is_only_looked_at() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        job = world.services().job()
        about = str(Key(ObjectType.USER, EntraId(user(world, 9))))
        hint = Hint(about=about, mark="forged", told_at=0.0, changed_at=-1e18)
        await job.store.write(job.hints.rows([hint]))
        await job.store.flush()
        await work.tick(world.services(), CycleKind.INCREMENTAL)
        await deliver(world, world.services(), 600.0)
        assert world.writes() == []

    simulate(story, tenant=office)
