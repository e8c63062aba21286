"""Requests to Graph against scope and tenant, on simulated time."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.company import company, departments_of
from benchmarks.figure import Figure, Size
from tests.scenarios.simulation import simulate
from tests.scenarios.world import World

MEASURE = "Graph requests"
_TENANT = 10
"""The larger tenant has so many strangers for each user in scope."""


@dataclass
class _Read:
    initial: int = 0
    repeated: int = 0
    unchanged: int = 0
    one_changed: int = 0


def measure(size: Size) -> list[Figure]:
    """The same scope in a larger tenant, and a larger scope."""
    users = size.users
    scope, tenant = _read(users), _read(users, strangers=_TENANT * users)
    larger = _read(3 * users)
    figures: list[Figure] = []
    for what, attribute in (
        ("initial cycle", "initial"),
        ("first read repeated", "repeated"),
        ("nothing changed", "unchanged"),
        ("one user changed", "one_changed"),
    ):
        base = getattr(scope, attribute)
        figures += [
            Figure(MEASURE, f"{users:,} in scope: {what}", base, "", at=users),
            Figure(
                MEASURE,
                f"the same in a tenant {_TENANT + 1} times as large: {what}",
                getattr(tenant, attribute),
                "",
                float(base),
                source="not the tenant, the scope",
            ),
            Figure(
                MEASURE,
                f"{3 * users:,} in scope: {what}",
                getattr(larger, attribute),
                "",
                3.0 * base,
                source="not more than the scope grows",
                at=3 * users,
            ),
        ]
    return figures


def _read(users: int, strangers: int = 0) -> _Read:
    found = _Read()

    async def story(world: World) -> None:
        found.initial = await _requests(world)
        await world.clock.sleep(200)
        found.repeated = await _requests(world)
        found.unchanged = await _requests(world)
        (one,) = world.tenant.ids_named("user1@example.com", "user")
        world.tenant.update_user(one, displayName="Another Name")
        found.one_changed = await _requests(world)
        if wrong := world.differences():
            raise RuntimeError(f"ZSCloud is not as it should be: {wrong[:3]}")

    simulate(story, tenant=lambda: company(users, departments_of(users), strangers))
    return found


async def _requests(world: World) -> int:
    before = len(world.entra.requests)
    await world.cycle()
    return sum(not request.batched for request in list(world.entra.requests)[before:])
