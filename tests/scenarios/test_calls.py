"""Calls on demand that do not end at once: whoever works next answers them."""

from __future__ import annotations

from typing import Any

from provisioning.operations.on_demand import get_on_demand, provision_within
from provisioning.services import Services
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import everybody
from tests.scenarios.test_wakes import deliver
from tests.scenarios.world import World


def names(first: int, last: int) -> list[str]:
    return [f"user{number}@example.com" for number in range(first, last)]


def outcomes(document: Any) -> list[str]:
    return [result["outcome"] for result in document["results"]]


async def answered(world: World, services: Services, id: str) -> list[str]:
    """What a call came to by wake-ups alone."""
    await deliver(world, services, 240.0)
    document, done = await get_on_demand(services, id)
    assert done, document
    return outcomes(document)


def test_a_call_that_outlasts_its_caller_goes_on_while_the_job_is_off() -> None:
    """No cycle will ever come to work off what the call has filed."""

    async def story(world: World) -> None:
        services = world.services()
        id, document = await provision_within(services, users=names(0, 100), seconds=20.0)
        assert document is None
        assert await answered(world, services, id) == ["create"] * 100
        assert world.queue.messages == []

    simulate(story, tenant=everybody(100), rate=5, PROVISIONING_STATUS="off")


def test_a_call_that_an_outage_ends_says_so_and_is_not_tried_for_ever() -> None:
    """It has failed; whom it named is tried again by the next cycle or call."""

    async def story(world: World) -> None:
        services = world.services()
        id, document = await provision_within(services, users=names(0, 100), seconds=20.0)
        assert document is None
        world.zscloud.set_faults(fail_share=1.0, fail_status=503)
        assert "failure" in await answered(world, services, id)
        assert world.queue.messages == []

    simulate(story, tenant=everybody(100), rate=5, PROVISIONING_STATUS="off")
