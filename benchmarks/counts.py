"""Requests to ZSCloud against the least possible, on simulated time."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.figure import Figure, Size
from tests.scenarios.simulation import simulate
from tests.scenarios.test_scale import company, floor
from tests.scenarios.world import World

MEASURE = "requests"
_SOURCE = "1.02 x the least"
_DISCOVERY = 1
"""One GET a tenant asks what the server can do."""

_PROOF = 1
"""One GET a tenant proves the form in which members are removed."""


def measure(size: Size) -> list[Figure]:
    """An initial load, two cycles without changes, and 1 % of the people changed in four ways."""
    figures: list[Figure] = []

    async def story(world: World) -> None:
        least = floor(size.users, size.departments)
        figures.append(_figure("initial", await _requests(world, "initial"), least, _DISCOVERY))
        await world.clock.sleep(200)
        await world.cycle()
        figures.append(_figure("incremental, no change", await _requests(world, "incremental"), 0))
        figures.append(
            _figure("reconcile, no change", await _requests(world, "reconcile"), _pages(size))
        )
        await world.clock.sleep(200)
        least = _change(world, max(1, size.users // 100), size)
        sent = await _requests(world, "incremental")
        figures.append(_figure("incremental, 1 % changed", sent, least, _PROOF))
        if wrong := world.differences():
            raise RuntimeError(f"ZSCloud is not as it should be: {wrong[:3]}")

    simulate(story, tenant=lambda: company(size.users, size.departments))
    return figures


def _figure(subject: str, sent: int, least: int, more: int = 0) -> Figure:
    source = _SOURCE + (f" + {more} asked once" if more else "")
    return Figure(MEASURE, subject, sent, "", least * 1.02 + more, source=f"{source} ({least})")


async def _requests(world: World, kind: str) -> int:
    world.forget_requests()
    await world.cycle(kind)
    return len(world.scim())


def _pages(size: Size) -> int:
    """Users with the tenant's own administrator, and groups with its own group."""
    return -(-(size.users + 1) // 1000) + 1


def _change(world: World, each: int, size: Size) -> int:
    """Renames, dismisses, moves and hires ``each`` people; the least requests for that."""
    tenant = world.tenant
    people = [_id(world, f"user{n}@example.com") for n in range(3 * each)]
    groups = [tenant.ids_named(f"Dept {n}", "group")[0] for n in range(size.departments)]
    everyone = tenant.ids_named("All", "group")[0]
    renamed, dismissed, moved = people[:each], people[each : 2 * each], people[2 * each :]
    for id in renamed:
        tenant.update_user(id, displayName="Another Name")
    for id in dismissed:
        tenant.disable(id)
    left, joined = set(), {everyone}
    for number, id in enumerate(moved, 2 * each):
        old = number % size.departments
        new = (old + 1) % size.departments
        tenant.remove_member(groups[old], id)
        tenant.add_member(groups[new], id)
        tenant.update_user(id, department=f"Dept {new}")
        left.add(groups[old])
        joined.add(groups[new])
    for number in range(each):
        home = number % size.departments
        id = tenant.add_user(
            f"hired{number}@example.com", displayName="New", department=f"Dept {home}"
        )
        tenant.add_member(everyone, id)
        tenant.add_member(groups[home], id)
        joined.add(groups[home])
    lookup = min(each, _pages(size) - 1)
    return 4 * each + lookup + _distinct(left) + _distinct(joined)


def _distinct(groups: Iterable[str]) -> int:
    return len(set(groups))


def _id(world: World, name: str) -> str:
    return world.tenant.ids_named(name, "user")[0]
