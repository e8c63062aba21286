"""A request was executed, and nobody came to record it: whoever looks later says so."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence

import pytest

from provisioning.apply.intents import Intents
from provisioning.errors import LeaseUnavailable, StoreUnavailable
from provisioning.guard import Tally
from provisioning.lease import REQUEST_TIMEOUT
from provisioning.links import Intent
from provisioning.mirror import user_key
from provisioning.model import EntraId
from provisioning.operations import held
from provisioning.ports import Row
from provisioning.scim.transport import Answer, AnswerBroken, NotSent
from provisioning.state.memory import MemoryStore
from tests.scenarios.simulation import RunningClock, simulate
from tests.scenarios.steps import (
    account,
    everybody,
    group,
    group_object,
    office,
    provisioned,
    user,
)
from tests.scenarios.world import World
from tests.support.scim_inprocess import InProcessScim


class FailingStore(MemoryStore):
    """A store that cannot be reached for a while, and keeps its leases meanwhile."""

    down = False

    async def write(self, rows: Sequence[Row]) -> None:
        if self.down:
            raise StoreUnavailable("away")
        await super().write(rows)

    async def release(self, name: str, holder: str, payload: bytes) -> None:
        if self.down:
            raise StoreUnavailable("away")
        await super().release(name, holder, payload)


class Failing(InProcessScim):
    """The store goes as soon as ZSCloud has executed a change."""

    store: FailingStore

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        answer = await super().request(method, url, headers, body)
        self.store.down |= method in ("PATCH", "DELETE")
        return answer


async def died_over(world: World, change: Callable[[], None]) -> None:
    """A change in Entra reaches ZSCloud, and then the store goes. A minute later it is back."""
    transport = Failing(world.zscloud, world.clock, timeout_seconds=REQUEST_TIMEOUT)
    assert isinstance(world.store, FailingStore)
    transport.store, world.transport = world.store, transport
    change()
    with contextlib.suppress(StoreUnavailable, LeaseUnavailable):
        await world.cycle()
    assert world.store.down
    world.store.down, world.transport = False, None
    await world.clock.sleep(60)


def store() -> FailingStore:
    return FailingStore(time=RunningClock().time)


def test_the_log_says_what_was_found_done_already() -> None:
    """The account was switched off before the store went. What else is to be done of it by now is
    decided by how it is found, and that is logged.
    """

    async def story(world: World) -> None:
        await provisioned(world)
        one = user(world, 7)
        await died_over(world, lambda: world.tenant.disable(one))
        assert not account(world, 7).active
        assert len(await world.logs(principal=one)) == 1
        world.tenant.update_user(one, department="Legal")
        await world.cycle()
        codes = [entry["reason_code"] for entry in await world.logs(principal=one)]
        assert codes == ["Assigned", "Recorded", "AttributeChanged"]
        assert account(world, 7).department == "Legal"

    simulate(story, tenant=office, store=store())


def test_who_is_to_be_switched_on_again_meanwhile_is_looked_at_before_anything_else() -> None:
    """The item that was to take access away comes first, and now it is about something else."""

    async def story(world: World) -> None:
        await provisioned(world)
        one = user(world, 7)
        await died_over(world, lambda: world.tenant.disable(one))
        assert not account(world, 7).active
        world.tenant.enable(one)
        world.tenant.update_user(one, department="Legal")
        await world.cycle()
        assert account(world, 7).active
        assert world.differences() == []

    simulate(story, tenant=office, store=store())


@pytest.mark.parametrize(
    ("setting", "taken"),
    [
        pytest.param("disable", Tally(users=1), id="an account that is switched off"),
        pytest.param("delete", Tally(users=1), id="an account that is deleted"),
    ],
)
def test_what_was_taken_away_and_not_recorded_counts_for_the_brake(
    setting: str, taken: Tally
) -> None:
    """However it is met: here with another change, so that it is not sent again."""

    async def story(world: World) -> None:
        await provisioned(world)
        one = user(world, 7)
        await died_over(world, lambda: world.tenant.disable(one))
        left = account(world, 7)
        assert left is None or not left.active
        world.tenant.update_user(one, department="Legal")
        await world.cycle()
        assert await removed(world) == taken

    simulate(story, tenant=office, store=store(), ON_DISABLE=setting)


def test_a_member_who_was_taken_out_and_not_recorded_counts_for_the_brake() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        both = group(world, "Both")
        await died_over(world, lambda: world.tenant.remove_member(both, user(world, 3)))
        assert "user3@example.com" not in world.zscloud.members("Both")
        world.tenant.update_group(both, displayName="Either")
        world.tenant.add_member(both, user(world, 3))
        await world.cycle()
        assert "user3@example.com" in world.zscloud.members("Either")
        assert await removed(world) == Tally(memberships=1)

    simulate(story, tenant=office, store=store())


async def removed(world: World) -> Tally:
    """What was taken away within the last hour, as the brake has it."""
    services = world.services()
    job = services.job()
    await job.load_tallies()
    await world._close(services)
    return job.removed_since(3600.0)


def test_names_that_are_exchanged_after_a_rename_that_nobody_recorded() -> None:
    """By the record neither name is free; in ZSCloud each has the other's."""

    async def story(world: World) -> None:
        await provisioned(world)
        seven, eight = user(world, 7), user(world, 8)
        await died_over(
            world, lambda: world.tenant.update_user(seven, userPrincipalName="new@example.com")
        )
        world.tenant.update_user(seven, userPrincipalName="user8@example.com")
        world.tenant.update_user(eight, userPrincipalName="new@example.com")
        await world.cycle()
        await world.clock.sleep(600)
        await world.cycle()
        assert world.differences() == []

    simulate(story, tenant=office, store=store())


class Silent(InProcessScim):
    """ZSCloud executes a change, does not answer, and cannot be reached from then on."""

    silent = False
    method = "PATCH"

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        if self.silent:
            raise NotSent("connection refused")
        answer = await super().request(method, url, headers, body)
        if method == self.method:
            self.silent = True
            raise AnswerBroken("connection closed")
        return answer


def test_a_change_without_an_answer_is_looked_at_when_entra_has_gone_back() -> None:
    """Nothing differs from the record any more, and what was sent may be there."""

    async def story(world: World) -> None:
        await provisioned(world)
        one = user(world, 7)
        world.transport = Silent(world.zscloud, world.clock, timeout_seconds=REQUEST_TIMEOUT)
        world.tenant.update_user(one, department="Legal")
        await world.cycle()
        assert account(world, 7).department == "Legal"
        world.transport = None
        world.tenant.update_user(one, department="Sales")
        await world.clock.sleep(900)
        await world.cycle()
        assert account(world, 7).department == "Sales"
        assert world.differences() == []

    simulate(story, tenant=office)


def test_a_disable_without_an_answer_that_is_held_then_is_looked_at() -> None:
    """It waits in lane 1 no more, and nothing else would come to it before somebody decides."""

    async def story(world: World) -> None:
        await provisioned(world)
        one = user(world, 7)
        world.transport = Silent(world.zscloud, world.clock, timeout_seconds=REQUEST_TIMEOUT)
        world.tenant.disable(one)
        await world.cycle()
        assert not account(world, 7).active
        for number in range(1, 7):
            world.tenant.disable(user(world, number))
        world.tenant.update_user(one, displayName="Told of again")
        await world.cycle()
        world.transport = None
        await world.clock.sleep(900)
        await world.cycle()
        codes = [entry["reason_code"] for entry in await world.logs(principal=one)]
        assert "DeletionThreshold" in codes
        assert codes.count("Recorded") == 1
        services = world.services()
        (plan,) = (await held.list_(services))["items"]
        shown = (await held.show(services, plan["id"]))["changes"]
        await world._close(services)
        assert {change["source_id"] for change in shown} == {user(world, n) for n in range(1, 7)}
        assert len(world.scim("PATCH")) == 2, "the disable, and then the name"

    simulate(story, tenant=office)


def test_a_group_that_was_made_without_an_answer_and_is_unassigned_is_emptied() -> None:
    """It has no link, but an intent: it is looked for before it is forgotten."""

    async def story(world: World) -> None:
        await provisioned(world)
        new = world.tenant.add_group("New", [user(world, 1), user(world, 2)])
        world.tenant.assign(new, "User")
        transport = Silent(world.zscloud, world.clock, timeout_seconds=REQUEST_TIMEOUT)
        transport.method, world.transport = "POST", transport
        await world.cycle()
        assert len(group_object(world, "New").members) == 2
        world.tenant.unassign(new)
        for _ in range(4):
            await world.clock.sleep(300)
            await world.cycle()
        world.transport = None
        for _ in range(3):
            await world.clock.sleep(3600)
            await world.cycle()
        assert not group_object(world, "New").members

    simulate(story, tenant=office)


def test_a_create_that_was_sent_twice_is_recorded_once() -> None:
    """The first was refused with 503 and proved undone; of the second the answer was lost."""

    async def story(world: World) -> None:
        world.zscloud.set_faults(
            methods=("POST",), path_contains="/Users", fail_next=1, fail_status=503, lose_next=1
        )
        record = await world.cycle()
        assert [r.status for r in world.scim("POST") if r.path.endswith("/Users")] == [503, 201]
        assert record.counts.created == 2
        creates = [e["name"] for e in await world.logs() if e["action"] == "create"]
        assert sorted(creates) == ["Everybody", "user0@example.com"]
        services = world.services()
        job = services.job()
        await job.load_tallies()
        assert job.provisioned.users == 1
        await world._close(services)
        assert world.differences() == []

    simulate(story, tenant=everybody(1))


def test_a_create_that_nobody_knows_of_is_looked_for_in_this_process_too() -> None:
    """Another item of the same key may have been looked through before it was sent."""

    async def story(world: World) -> None:
        services = world.services()
        job, intent = services.job(), Intent("one@example.com", "one", 1.0)
        one, other = user_key(EntraId("one")), user_key(EntraId("other"))
        await job.store.write([job.links.intents.put(str(one), intent)])
        intents = Intents(job, ahead=lambda: 1)
        for key in (one, other):
            assert intents.open(key) is None
            await intents.reopen(key)
        assert intents.open(one) == intent
        assert intents.open(other) is None
        intents.looked_for(one)
        assert intents.open(one) is None
        await world._close(services)

    simulate(story)
