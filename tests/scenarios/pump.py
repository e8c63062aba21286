"""The work queue on simulated time: each message is delivered when it appears."""

from __future__ import annotations

import json

from provisioning.operations import work
from provisioning.services import Services
from tests.scenarios.world import World

MANY = 200
"""Messages within one wait that no work is worth: then the queue spins."""


async def execute_next(world: World, services: Services) -> None:
    """Delivers the message that appears next, when it appears."""
    at = min(message[0] for message in world.queue.messages)
    await world.clock.sleep(max(0.0, at - world.clock.time()))
    text = world.queue.take()
    assert text is not None
    await work.on_wake(services, json.loads(text)["generation"])


async def deliver(world: World, services: Services, within: float) -> int:
    """Delivers what appears within so many seconds, and lets no more time pass than that takes.
    How many messages it were.
    """
    until = world.clock.time() + within
    number = 0
    while any(message[0] <= until for message in world.queue.messages):
        await execute_next(world, services)
        number += 1
        assert number < MANY, "the queue does not come to rest"
    return number


async def deliver_for(world: World, services: Services, seconds: float) -> None:
    """The same, and the rest of the time passes as well."""
    until = world.clock.time() + seconds
    await deliver(world, services, seconds)
    await world.clock.sleep(max(0.0, until - world.clock.time()))
