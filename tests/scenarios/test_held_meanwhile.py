"""A removal is held while an earlier try of it waits somewhere: in escrow, or in lane 1."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from provisioning.lease import REQUEST_TIMEOUT
from provisioning.scim.transport import Answer, NotSent
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import account, office, provisioned, user
from tests.scenarios.test_held import disable, names, reject, the_plan
from tests.scenarios.world import World
from tests.support.scim_inprocess import InProcessScim


class Away(InProcessScim):
    """ZSCloud cannot be reached."""

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        raise NotSent("connection refused")


async def hours_pass(world: World) -> None:
    """More time than escrow waits."""
    for _ in range(4):
        await world.clock.sleep(1800)
        await world.cycle()


@pytest.mark.parametrize("rejected", [False, True])
def test_a_disable_in_escrow_is_not_tried_again_once_it_is_held(rejected: bool) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.set_faults(fail_share=1.0, fail_status=400, methods=("PATCH",))
        disable(world, 7)
        await world.cycle()
        world.zscloud.set_faults()
        disable(world, *range(1, 7))
        world.tenant.update_user(user(world, 7), displayName="Told of again")
        await world.cycle()
        plan = await the_plan(world)
        assert {change["name"] for change in plan["changes"]} == names(*range(1, 8))
        if rejected:
            await reject(world, plan["id"])
        world.forget_requests()
        await hours_pass(world)
        assert account(world, 7).active
        assert world.writes() == []

    simulate(story, tenant=office)


def test_a_delete_that_is_held_does_not_go_in_the_place_of_a_disable() -> None:
    """The disable waits in lane 1, and it is a delete by now."""

    async def story(world: World) -> None:
        await provisioned(world)
        ids = [user(world, number) for number in range(1, 8)]
        world.transport = Away(world.zscloud, world.clock, timeout_seconds=REQUEST_TIMEOUT)
        disable(world, 7)
        await world.cycle()
        for id in ids:
            world.tenant.delete(id)
            world.tenant.purge(id)
        await world.cycle()
        world.transport = None
        plan = await the_plan(world)
        assert {change["name"] for change in plan["changes"]} >= names(*range(1, 8))
        world.forget_requests()
        await hours_pass(world)
        assert account(world, 7) is not None
        assert world.writes() == []

    simulate(story, tenant=office, ON_DELETE="delete")
