"""What fails is set aside, shown with its next try, and heals by itself or when asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from provisioning.cli import exit_status
from provisioning.errors import InvalidRequest
from provisioning.operations import escrow, work
from provisioning.operations.status import status
from provisioning.record import CycleKind, CycleStatus
from provisioning.scim.transport import Answer, Transport
from provisioning.services import Services
from tests.scenarios.pump import deliver_for
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import account, assigned, everybody, office, provisioned, user
from tests.scenarios.world import World
from tests.support.scim_inprocess import InProcessScim


async def listed(world: World) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await escrow.list_(world.services()))["items"]
    return items


async def with_a_failure(world: World, number: int = 1) -> Services:
    """A deployment in which ZSCloud refuses one user."""
    await provisioned(world)
    services = world.services()
    world.zscloud.set_faults(fail_share=1.0, fail_status=400, path_contains="Users")
    world.tenant.update_user(user(world, number), department="Legal")
    await work.tick(services, CycleKind.INCREMENTAL)
    await deliver_for(world, services, 5.0)
    return services


def test_nothing_is_in_escrow() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        assert await listed(world) == []
        assert (await escrow.retry_now(world.services()))["items"] == []

    simulate(story, tenant=office)


class _Naming:
    """A server that names each request in its answer."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        answer = await self._inner.request(method, url, headers, body)
        return Answer(answer.status, {**answer.headers, "x-request-id": "zs-1"}, answer.body)


def test_the_log_has_what_the_server_calls_a_request_that_failed() -> None:
    async def story(world: World) -> None:
        world.transport = _Naming(InProcessScim(world.zscloud, world.clock, timeout_seconds=20.0))
        await with_a_failure(world)
        entries = await world.logs()
        assert {e["status"]: e["request_id"] for e in entries} == {
            "success": None,
            "failure": "zs-1",
        }

    simulate(story, tenant=office)


def test_every_twentieth_write_fails_and_all_others_are_right() -> None:
    """5 % are in escrow, each with its next try; they heal alone when the fault ends."""

    async def story(world: World) -> None:
        services = world.services()
        world.zscloud.set_faults(fail_every_write=20, fail_again=True, path_contains="Users")
        await work.tick(services, CycleKind.INCREMENTAL)
        await deliver_for(world, services, 200.0)
        record = await services.job().cycles.open_cycle()
        assert record is None
        last = (await status(services))["cycle"]
        assert last["status"] == "completed_with_errors"
        found = await services.job().cycles.rows.get(last["cycle_id"])
        assert exit_status.of_cycle(found) == 1
        entries = await listed(world)
        assert len(entries) == 10
        names = {entry["name"] for entry in entries}
        for entry in entries:
            assert entry["tries"] == 1
            assert entry["error_code"] == "AnswerLost"
            assert entry["next_try"] > entry["last_try"]
        missing = {line.split()[0] for line in world.differences() if "is missing" in line}
        assert missing == names
        assert len(world.zscloud.members("Everybody")) == 190
        world.zscloud.set_faults()
        await deliver_for(world, services, 700.0)
        assert await listed(world) == []
        assert world.differences() == []

    simulate(story, tenant=everybody(200), rate=5)


def test_a_write_that_fails_once_is_sent_again_after_a_look() -> None:
    """Nobody is set aside for it: the look has shown that nothing was done."""

    async def story(world: World) -> None:
        world.zscloud.set_faults(fail_every_write=20)
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED
        assert await listed(world) == []
        assert world.differences() == []

    simulate(story, tenant=everybody(100))


def test_tries_come_ever_more_rarely() -> None:
    async def story(world: World) -> None:
        services = await with_a_failure(world)
        (first,) = await listed(world)
        assert (first["tries"], first["name"]) == (1, "user1@example.com")
        await deliver_for(world, services, 3 * 3600.0)
        (later,) = await listed(world)
        assert later["since"] == first["since"]
        assert 5 <= later["tries"] <= 6
        entry = await services.job().escrow.entries.page()
        assert entry[0][1].next_try - entry[0][1].last_try > 16 * 300 * 0.75

    simulate(story, tenant=office)


def test_retry_now_is_taken_up_by_who_writes_next() -> None:
    """Asked for by another process, done by a wake-up at once, long before its time."""

    async def story(world: World) -> None:
        services = await with_a_failure(world)
        await deliver_for(world, services, 3 * 3600.0)
        world.zscloud.set_faults()
        document = await escrow.retry_now(world.services(), ("USER1@example.com",))
        assert [item["source_id"] for item in document["items"]] == [user(world, 1)]
        await deliver_for(world, services, 2.0)
        assert await listed(world) == []
        assert account(world, 1).department == "Legal"
        await deliver_for(world, services, 10.0)
        assert world.differences() == []

    simulate(story, tenant=office)


def test_retry_now_of_one_leaves_the_others() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.zscloud.set_faults(fail_share=1.0, fail_status=400, path_contains="Users")
        for number in (1, 2, 3):
            world.tenant.update_user(user(world, number), department="Legal")
        await work.tick(services, CycleKind.INCREMENTAL)
        await deliver_for(world, services, 5.0)
        world.zscloud.set_faults()
        await escrow.retry_now(world.services(), (user(world, 2),))
        await deliver_for(world, services, 5.0)
        assert {item["name"] for item in await listed(world)} == {
            "user1@example.com",
            "user3@example.com",
        }
        await escrow.retry_now(world.services())
        await deliver_for(world, services, 5.0)
        assert await listed(world) == []
        assert world.differences() == []

    simulate(story, tenant=office)


def test_retry_now_of_nobody_is_told() -> None:
    async def story(world: World) -> None:
        await with_a_failure(world)
        with pytest.raises(InvalidRequest, match="nobody named"):
            await escrow.retry_now(world.services(), ("nobody@example.com",))

    simulate(story, tenant=office)


def test_retry_now_in_the_middle_of_a_load() -> None:
    """Whoever works takes it up beside the other work: a leaver does not wait for a load."""

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.zscloud.set_faults(fail_share=1.0, fail_status=400, path_contains="Users")
        world.tenant.disable(user(world, 1))
        await work.tick(services, CycleKind.INCREMENTAL)
        await deliver_for(world, services, 5.0)
        assert len(await listed(world)) == 1
        world.zscloud.set_faults()
        assigned(world, 100)
        await work.tick(services, CycleKind.INCREMENTAL)
        load = asyncio.create_task(deliver_for(world, services, 30.0))
        await world.clock.sleep(10.0)
        await escrow.retry_now(world.services())
        await world.clock.sleep(1.0)
        assert not account(world, 1).active
        assert 20 < len(world.zscloud.users.provisioned()) < 100
        await load
        assert await listed(world) == []
        assert world.differences() == []

    simulate(story, tenant=office, rate=5)


def test_any_success_clears_it() -> None:
    """A change that ZSCloud takes ends the entry; nothing is tried once more."""

    async def story(world: World) -> None:
        services = await with_a_failure(world)
        world.zscloud.set_faults()
        world.tenant.update_user(user(world, 1), department="Finance")
        await work.tick(services, CycleKind.INCREMENTAL)
        await deliver_for(world, services, 5.0)
        assert await listed(world) == []
        world.forget_requests()
        await deliver_for(world, services, 1000.0)
        assert world.scim() == []

    simulate(story, tenant=office)


def test_a_member_whose_account_fails_joins_its_group_when_it_arrives() -> None:
    """The reference waits for its object, and is applied without a restart."""

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        new = world.tenant.add_user("new@example.com", displayName="New")
        world.zscloud.set_faults(fail_share=1.0, fail_status=400, methods=("POST",))
        world.tenant.assign(world.tenant.add_group("Later", [new, user(world, 1)]), "User")
        await work.tick(services, CycleKind.INCREMENTAL)
        await deliver_for(world, services, 5.0)
        world.zscloud.set_faults()
        await escrow.retry_now(world.services())
        await deliver_for(world, services, 5.0)
        assert sorted(world.zscloud.members("Later")) == ["new@example.com", "user1@example.com"]
        assert world.differences() == []

    simulate(story, tenant=office)
