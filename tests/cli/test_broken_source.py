"""A broken source as a person or a script sees it: exit status 4, the sentence, and no write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulator.entra import Tenant
from tests.cli.world import World, connected

LIST = {"fault_path": "appRoleAssignedTo"}
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "empty": ({"kept_share": 0.0, **LIST}, "came empty, and 13 are stored"),
    "halved": ({"kept_share": 0.5, **LIST}, "of the 12 stored"),
    "truncated": ({"truncate_next": 9, "page_size": 3, **LIST}, "of the 12 stored"),
    "403": ({"missing_permissions": ["User.Read.All"]}, "Graph answered 403"),
    "wrong tenant": ({"other_tenant": True}, "this is the wrong tenant"),
    "application disabled": ({}, "is disabled in Entra"),
}


def company() -> Tenant:
    """Twenty people: eight in an assigned group, twelve assigned directly."""
    tenant = Tenant.empty(seed=3)
    people = [tenant.add_user(f"user{n}@example.com", displayName=f"User {n}") for n in range(20)]
    tenant.assign(tenant.add_group("Staff", people[:8]))
    for id in people[8:]:
        tenant.assign(id)
    return tenant


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_ends_a_cycle_with_4_and_its_sentence(tmp_path: Path, name: str) -> None:
    knobs, says = FAULTS[name]
    async with connected(company(), tmp_path) as world:
        assert (await world.run("cycle")).status == 0
        written = len(world.writes)
        strike(world, name, knobs)
        ended = await world.run("cycle", "--json")
        assert ended.status == 4, ended.err
        assert ended.json["status"] == "failed"
        assert says in ended.json["error"]["message"]
        assert ended.json["error"]["remedy"]
        assert len(world.writes) == written
        assert world.provisioned == world.entitled


async def test_a_list_that_stays_short_is_held_with_3(tmp_path: Path) -> None:
    """The same list twice is believed, and then it is the brake that says how many would go."""
    async with connected(company(), tmp_path) as world:
        assert (await world.run("cycle")).status == 0
        written = len(world.writes)
        strike(world, "empty", FAULTS["empty"][0])
        broken = await world.run("cycle")
        assert broken.status == 4
        assert "came empty" in " ".join(broken.out.split())
        held = await world.run("cycle")
        assert held.status == 3
        assert "20 of 20 users would be taken away" in " ".join(held.out.split())
        assert len(world.writes) == written


def strike(world: World, name: str, knobs: dict[str, Any]) -> None:
    """A fault begins."""
    given = {k: frozenset(v) if k == "missing_permissions" else v for k, v in knobs.items()}
    world.entra.set(**given)
    world.tenant.update_service_principal(accountEnabled=name != "application disabled")
