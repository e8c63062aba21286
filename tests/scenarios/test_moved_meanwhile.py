"""The world moves while a request is under way, and its answer is recorded by what was known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest

from provisioning.lease import REQUEST_TIMEOUT
from provisioning.notifications.message import HintMessage
from provisioning.operations.hints import take_in
from provisioning.scim.transport import Answer
from simulator.entra import Tenant
from tests.scenarios.pump import deliver
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import account, assigned, everybody, group, office, provisioned, user
from tests.scenarios.world import World
from tests.support.scim_inprocess import InProcessScim


class Slow(InProcessScim):
    """Requests of one method take a while until they are executed, or until they are answered."""

    method = "PATCH"
    before = 0.0
    after = 0.0
    sent = 0

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        slow = method == self.method
        if slow:
            self.sent += 1
            await self._clock.sleep(self.before)
        answer = await super().request(method, url, headers, body)
        if slow:
            await self._clock.sleep(self.after)
        return answer


def slow(world: World, method: str, *, before: float = 0.0, after: float = 0.0) -> Slow:
    """From now on requests of the method are slow."""
    transport = Slow(world.zscloud, world.clock, timeout_seconds=REQUEST_TIMEOUT)
    transport.method, transport.before, transport.after = method, before, after
    world.transport = transport
    return transport


async def sent(transport: Slow, world: World) -> None:
    """Returns when the first of the slow requests is under way."""
    while not transport.sent:
        await world.clock.sleep(0.1)


async def meanwhile(
    world: World, transport: Slow, change: Callable[[], object], message: HintMessage
) -> None:
    """A cycle sends; the change is made, and told of, before ZSCloud has answered."""
    cycle = asyncio.create_task(world.cycle())
    await sent(transport, world)
    change()
    await take_in(world.services(), message)
    await world.clock.sleep(10)
    assert not cycle.done()
    await cycle
    world.transport = None
    await deliver(world, world.services(), 200.0)


def test_who_is_assigned_again_while_the_account_is_deleted_gets_one() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        one = user(world, 7)
        world.tenant.unassign(one)
        transport = slow(world, "DELETE", after=15.0)
        message = HintMessage(told=world.clock.time(), assignments=True)
        await meanwhile(world, transport, lambda: world.tenant.assign(one, "User"), message)
        for _ in range(3):
            await world.clock.sleep(300)
            await world.cycle()
        assert account(world, 7) is not None
        assert world.differences() == []

    simulate(story, tenant=office, ON_UNASSIGN="delete")


def test_who_leaves_a_group_while_being_added_is_taken_out() -> None:
    """By the record nobody is to be taken out yet, and to add nobody else takes nobody out."""

    async def story(world: World) -> None:
        await provisioned(world)
        one, both = user(world, 1), group(world, "Both")
        world.tenant.add_member(both, one)
        transport = slow(world, "PATCH", after=15.0)
        message = HintMessage(told=world.clock.time(), users={one: 0}, groups={both: 0})
        await meanwhile(world, transport, lambda: world.tenant.remove_member(both, one), message)
        assert "user1@example.com" not in world.zscloud.members("Both")
        assert world.differences() == []

    simulate(story, tenant=office)


def test_who_leaves_a_large_group_before_their_turn_to_be_added_is_taken_out() -> None:
    """It is planned once for many requests, and the first of them is being sent."""

    async def story(world: World) -> None:
        await provisioned(world)
        people = [user(world, number) for number in range(30)]
        new = world.tenant.add_group("New", people)
        world.tenant.assign(new, "User")
        transport = slow(world, "PATCH", after=15.0)

        def leave() -> None:
            there = world.zscloud.members("New")
            waiting = [n for n in range(30) if f"user{n}@example.com" not in there]
            for number in waiting[:3]:
                world.tenant.remove_member(new, user(world, number))

        message = HintMessage(told=world.clock.time(), groups={new: 0})
        await meanwhile(world, transport, leave, message)
        assert world.differences() == []

    simulate(story, tenant=everybody(30), MEMBER_BATCH_SIZE="5")


def successor_of(world: World, number: int) -> str:
    """Somebody is unassigned and renamed, and another one of that name is assigned; its id."""
    one = user(world, number)
    world.tenant.unassign(one)
    world.tenant.update_user(one, userPrincipalName="former@example.com")
    successor = world.tenant.add_user(f"user{number}@example.com", displayName="Successor")
    world.tenant.assign(successor, "User")
    return successor


@pytest.mark.parametrize("grace", ["0", "7"])
@pytest.mark.parametrize("what", ["disable", "delete"])
@pytest.mark.parametrize("newcomers", [0, 3])
def test_a_successor_has_access_whatever_was_under_way_about_the_account(
    what: str, grace: str, newcomers: int
) -> None:
    """Others who are new make it worth while to read the list of accounts beforehand."""

    async def story(world: World) -> None:
        await provisioned(world)
        successor_of(world, 7)
        assigned(world, newcomers)
        method = "DELETE" if (what, grace) == ("delete", "0") else "PATCH"
        if not newcomers:
            world.transport = slow(world, method, before=10.0)
        await world.cycle()
        world.transport = None
        assert world.differences() == []
        await world.clock.sleep(8 * 86_400.0)
        await world.cycle()
        assert world.differences() == []

    simulate(story, tenant=office, ON_UNASSIGN=what, DELETE_AFTER_DAYS=grace)


def early_and_late() -> Tenant:
    """Two groups: the people of the second one have their turn last, when others are done."""
    tenant = Tenant.empty()
    people = sorted(tenant.add_user(f"user{n}@example.com", displayName="X") for n in range(60))
    tenant.assign(tenant.add_group("Early", people[:52]), "User")
    tenant.assign(tenant.add_group("Late", people[52:]), "User")
    return tenant


def test_whose_group_goes_before_their_turn_has_come_gets_no_account() -> None:
    """Nothing is to be taken away of them yet, and nobody works on them: nothing is filed."""

    async def story(world: World) -> None:
        world.zscloud.set_faults(latency=0.05)
        transport = slow(world, "POST", before=1.0)
        cycle = asyncio.create_task(world.cycle())
        await sent(transport, world)
        late = group(world, "Late")
        world.tenant.delete_group(late, soft=True)
        await take_in(world.services(), HintMessage(told=world.clock.time(), groups={late: 0}))
        await cycle
        assert len(world.scim("POST")) == 53
        assert world.differences() == []

    simulate(story, tenant=early_and_late)


class SlowFilters(Slow):
    """Who is looked for is found, or not, after a while."""

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        if "filter=" in url:
            self.sent += 1
            await self._clock.sleep(12.0)
        return await super().request(method, url, headers, body)


def leave_sales(world: World) -> None:
    world.tenant.remove_member(group(world, "Sales"), user(world, 9))


def disable(world: World) -> None:
    world.tenant.disable(user(world, 9))


@pytest.mark.parametrize("leave", [leave_sales, disable])
@pytest.mark.parametrize("by_hand", [False, True])
def test_who_leaves_while_being_looked_for_gets_no_account_and_none_is_taken(
    by_hand: bool, leave: Callable[[World], None]
) -> None:
    """An account that was there before is nobody's whom Entra assigns."""

    async def story(world: World) -> None:
        await provisioned(world)
        if by_hand:
            world.zscloud.create_user(userName="user9@example.com", displayName="Nine", active=True)
        one, sales = user(world, 9), group(world, "Sales")
        world.tenant.add_member(sales, one)
        transport = SlowFilters(world.zscloud, world.clock, timeout_seconds=REQUEST_TIMEOUT)
        transport.method, world.transport = "", transport
        message = HintMessage(told=world.clock.time(), users={one: 0}, groups={sales: 0})
        await meanwhile(world, transport, lambda: leave(world), message)
        assert [request for request in world.writes() if "Users" in request.path] == []
        assert "user9@example.com" not in world.zscloud.members("Sales")

    simulate(story, tenant=office)
