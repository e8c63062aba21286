"""The process may die between any two awaits: the next one goes on, and nothing doubles."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from provisioning.record import CycleStatus
from tests.scenarios.kills import kills
from tests.scenarios.piecewise import PiecewiseStore
from tests.scenarios.simulation import Saga
from tests.scenarios.steps import everybody
from tests.scenarios.test_stories import group, office, user
from tests.scenarios.world import World
from tests.thoroughness import THOROUGH


async def initial(world: World) -> None:
    await world.cycle()


async def upheaval(world: World) -> None:
    """Everything at once: joiners, leavers, renames, moves, another group."""
    tenant = world.tenant
    tenant.update_user(user(world, 1), department="Legal", displayName="Renamed")
    tenant.update_user(user(world, 2), userPrincipalName="second@example.com")
    tenant.remove_member(group(world, "Sales"), user(world, 3))
    tenant.add_member(group(world, "Sales"), user(world, 9))
    tenant.disable(user(world, 4))
    tenant.unassign(user(world, 7))
    tenant.assign(tenant.add_group("New", [user(world, 5), user(world, 8)]), "User")
    tenant.update_group(group(world, "Both"), displayName="Either")
    await world.clock.sleep(200)


async def settled(world: World) -> None:
    await world.cycle()
    await world.clock.sleep(200)
    await world.cycle()
    await upheaval(world)


async def ends_right(world: World) -> None:
    """A later process goes on: everything is right, nothing is double, nothing was refused."""
    for _ in range(3):
        record = await world.cycle()
        await world.clock.sleep(400)
    assert record.status is CycleStatus.COMPLETED, record
    assert world.differences() == []
    assert [v for v in world.zscloud.violations if v.kind == "refused"] == []
    world.forget_requests()
    assert (await world.cycle()).counts.writes == 0
    assert world.writes() == []


def steps_of(before: list[Callable[[World], Awaitable[None]]], **world: Any) -> int:
    """How many steps the last of these runs takes when nobody kills it."""
    saga = Saga(tenant=office, **world)
    for story in before:
        run = saga.tell(story)
    return int(run.steps_used)


SAGAS = {"initial": [initial], "incremental": [settled, initial]}


@pytest.mark.parametrize("name", SAGAS)
@pytest.mark.parametrize("part", range(4))
def test_killed_at_any_step(name: str, part: int) -> None:
    *before, last = SAGAS[name]
    total = steps_of(SAGAS[name])
    for steps in kills(1 + part, total, 4):
        saga = Saga(tenant=office)
        for story in before:
            saga.tell(story)
        saga.tell(last, steps=steps)
        assert saga.tell(ends_right).finished, steps


@pytest.mark.parametrize("name", SAGAS)
@pytest.mark.parametrize("part", range(4))
def test_killed_at_any_step_on_a_store_without_transactions(name: str, part: int) -> None:
    """A write that ends half-way loses nothing: what forgets comes after what remembers."""
    *before, last = SAGAS[name]
    total = steps_of(SAGAS[name], store=PiecewiseStore())
    for steps in kills(1 + part, total, 4):
        saga = Saga(tenant=office, store=PiecewiseStore(seed=steps))
        for story in before:
            saga.tell(story)
        saga.tell(last, steps=steps)
        assert saga.tell(ends_right).finished, steps


@pytest.mark.parametrize("seed", range(6))
def test_killed_again_and_again(seed: int) -> None:
    """Killed every few steps, over and over, the initial cycle still ends, and ends right."""
    saga = Saga(tenant=office)
    for number in range(40):
        saga.tell(initial, steps=40 + (seed * 37 + number * 17) % 90)
    assert saga.tell(ends_right).finished


def test_a_kill_costs_a_handful_of_requests() -> None:
    """Only creates that were about to be sent are looked for by the next process."""
    kills = 6
    whole = Saga(tenant=everybody(150), rate=5).tell(initial).steps_used
    saga = Saga(tenant=everybody(150), rate=5)
    for _ in range(kills):
        assert not saga.tell(initial, steps=whole // 8).finished
    assert saga.tell(ends_right).finished
    assert saga.world is not None
    requests = [r for r in saga.world.zscloud.requests if r.method in {"GET", "POST"}]
    least = 150 + 1 + 1 + 2
    assert least < len(requests) <= least + 14 * kills


async def there(world: World) -> None:
    """Somebody is off; then this one comes, another goes, a third joins, a fourth moves."""
    world.tenant.disable(user(world, 2))
    await world.cycle()
    await world.clock.sleep(200)
    await world.cycle()
    world.tenant.enable(user(world, 2))
    world.tenant.disable(user(world, 4))
    world.tenant.add_member(group(world, "Sales"), user(world, 9))
    world.tenant.update_user(user(world, 1), department="Legal")
    await world.clock.sleep(200)


async def and_back(world: World) -> None:
    """All of it is taken back before anybody works on."""
    world.tenant.disable(user(world, 2))
    world.tenant.enable(user(world, 4))
    world.tenant.remove_member(group(world, "Sales"), user(world, 9))
    world.tenant.update_user(user(world, 1), department="Sales")
    await world.clock.sleep(400)


@pytest.mark.parametrize("drift", ["repair", "leave"])
def test_killed_over_what_is_taken_back(drift: str) -> None:
    """What was sent, and is recorded nowhere, does not stay in ZSCloud."""
    total = steps_of([there, initial])
    for steps in range(total - 62, total, 1 if THOROUGH else 10):
        saga = Saga(tenant=office, DRIFT=drift)
        saga.tell(there)
        saga.tell(initial, steps=steps)
        saga.tell(and_back)
        assert saga.tell(ends_right).finished, steps


async def assigned(world: World) -> None:
    """A group is assigned, with somebody in it whom nothing else brings in."""
    await world.cycle()
    await world.clock.sleep(200)
    await world.cycle()
    new = world.tenant.add_group("New", [user(world, 5), user(world, 9)])
    world.tenant.assign(new, "User")
    await world.clock.sleep(200)


async def not_any_more(world: World) -> None:
    """It is assigned no more, before anybody works on."""
    world.tenant.unassign(group(world, "New"))
    await world.clock.sleep(400)


@pytest.mark.parametrize("transactions", [True, False])
def test_killed_over_an_assignment_that_is_taken_back(transactions: bool) -> None:
    """What was half taken in is missed when it goes."""
    total = steps_of([assigned, initial])
    for steps in range(1 if THOROUGH else 50, total if THOROUGH else 98, 1 if THOROUGH else 6):
        store = {} if transactions else {"store": PiecewiseStore(seed=steps)}
        saga = Saga(tenant=office, **store)
        saga.tell(assigned)
        saga.tell(initial, steps=steps)
        saga.tell(not_any_more)
        assert saga.tell(ends_right).finished, steps
