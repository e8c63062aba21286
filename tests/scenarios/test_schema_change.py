"""Another schema: everybody is read and judged once more, and only who differs is written to."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from provisioning.mapping import CompiledSchema
from provisioning.operations.status import status
from provisioning.record import CycleStatus
from tests.mapping.schemas import (
    Change,
    attribute,
    clause,
    compiled,
    expression,
    object_mapping,
    scope,
)
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import account, office, provisioned, user
from tests.scenarios.world import World

TITLES = expression('Append("Dr. ", [displayName])')
UPPER = expression("ToUpper([displayName])")


def schema(change: Change) -> CompiledSchema:
    with TemporaryDirectory() as folder:
        return compiled(Path(folder), change)


def display_name(source: dict[str, Any]) -> CompiledSchema:
    def change(export: dict[str, Any]) -> None:
        attribute(export, "displayName")["source"] = source

    return schema(change)


async def _state(world: World) -> Any:
    services = world.services()
    try:
        return await status(services)
    finally:
        await world._close(services)


@pytest.mark.parametrize("source", [TITLES, expression("[mailNickname]")])
def test_a_changed_mapping_reaches_every_account_once(source: dict[str, Any]) -> None:
    """One request for each account that differs, also where it reads what was never read."""

    async def story(world: World) -> None:
        for n in range(9):
            world.tenant.update_user(user(world, n), mailNickname=f"Nick {n}")
        world.tenant.update_user(user(world, 3), mailNickname="User 3")
        await provisioned(world)
        world.schema = display_name(source)
        dry = await world.cycle(dry_run=True)
        planned = {(c.source_id, c.action.value) for c in world.changes}
        assert world.writes() == []
        done = await world.cycle()
        assert done.status is CycleStatus.COMPLETED
        differing = 9 if source is TITLES else 8
        assert len(planned) == differing == len(world.writes()) == done.counts.updated
        assert dry.counts.updated == differing
        names = {account(world, n).display_name for n in range(9)}
        wanted = "Dr. User" if source is TITLES else "Nick"
        assert names == {
            f"{wanted} {n}" if n != 3 or source is TITLES else "User 3" for n in range(9)
        }
        world.forget_requests()
        assert (await world.cycle()).counts.writes == 0
        assert world.scim() == []

    simulate(story, tenant=office)


def test_another_way_of_writing_costs_nothing() -> None:
    """The order of mappings and white space mean nothing: no full read, no request."""

    def rewrite(export: dict[str, Any]) -> None:
        object_mapping(export)["attributeMappings"].reverse()
        attribute(export, "active")["source"] = expression(
            'Switch( [IsSoftDeleted],,"False","True","True","False" )'
        )

    async def story(world: World) -> None:
        await provisioned(world)
        plain = await world.cycle()
        world.schema = schema(rewrite)
        again = await world.cycle()
        assert again.requests.graph == plain.requests.graph
        assert world.scim() == []

    simulate(story, tenant=office)


def test_a_mapping_that_gives_the_same_values_writes_nothing() -> None:
    """Everybody is read and judged once more, and nobody differs."""

    async def story(world: World) -> None:
        await provisioned(world)
        plain = await world.cycle()
        world.schema = display_name(expression('Coalesce([displayName], "Nobody")'))
        anew = await world.cycle()
        assert anew.requests.graph > plain.requests.graph
        assert anew.counts.unchanged == 11
        assert world.scim() == []

    simulate(story, tenant=office)


def test_removals_by_another_filter_meet_the_brake_together() -> None:
    """Whom the new filter leaves out is held as one plan, and the old filter lets them be."""

    def narrow(export: dict[str, Any]) -> None:
        object_mapping(export)["scope"] = scope(clause("city", "EQUALS", "Rome"))

    async def story(world: World) -> None:
        for n in range(9):
            world.tenant.update_user(user(world, n), city="Rome" if n < 3 else "Oslo")
        await provisioned(world)
        before = world.schema
        world.schema = schema(narrow)
        held = await world.cycle()
        assert held.status is CycleStatus.HELD
        assert held.counts.held == 6
        assert world.writes() == []
        world.schema = before
        back = await world.cycle()
        assert back.status is CycleStatus.COMPLETED
        assert world.writes() == []

    simulate(story, tenant=office)


def test_a_change_is_taken_up_although_the_load_is_cut() -> None:
    """A cycle that spends its budget goes on; it does not read everybody anew each time."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.schema = display_name(UPPER)
        record = await world.cycle(budget=1.0)
        assert record.status is CycleStatus.RUNNING
        first = record.requests.graph
        for _ in range(20):
            record = await world.cycle(budget=1.0)
            if record.status is CycleStatus.COMPLETED:
                break
        assert record.status is CycleStatus.COMPLETED
        assert len(world.writes()) == 9
        assert record.requests.graph < 2 * first + 40

    simulate(story, tenant=office, rate=3)


def test_status_tells_of_a_change() -> None:
    """From when another schema is in force until everybody was judged by it."""

    async def story(world: World) -> None:
        assert not (await _state(world))["schema"]["changed"]
        await provisioned(world)
        assert not (await _state(world))["schema"]["changed"]
        world.schema = display_name(UPPER)
        told = await _state(world)
        assert told["schema"]["changed"]
        assert told["schema"]["file"] is None
        await world.cycle(dry_run=True)
        assert (await _state(world))["schema"]["changed"]
        await world.cycle()
        assert not (await _state(world))["schema"]["changed"]

    simulate(story, tenant=office)
