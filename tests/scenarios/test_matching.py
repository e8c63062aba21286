"""Finding the object of a principal: by several attributes, and when several objects match."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from provisioning.mapping import CompiledSchema
from provisioning.record import CycleStatus
from simulator.entra import Tenant
from tests.mapping.schemas import attribute, compiled, expression, object_mapping
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import SETTLE, account, everybody, user
from tests.scenarios.world import World


def by_external_id(export: dict[str, Any]) -> None:
    """First by externalId, then by name."""
    attribute(export, "externalId")["matchingPriority"] = 1
    attribute(export, "userName")["matchingPriority"] = 2


def schema(change: Any) -> CompiledSchema:
    with TemporaryDirectory() as folder:
        return compiled(Path(folder), change)


@pytest.mark.parametrize("count", [1, 30])
def test_somebody_who_was_renamed_is_found_by_another_attribute(count: int) -> None:
    """By a filter for one, and in the list for many: nobody gets a second account."""

    async def story(world: World) -> None:
        for number in range(count):
            world.zscloud.add_user(f"old{number}@example.com", external_id=user(world, number))
        before = len(world.zscloud.users)
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED, record
        assert len(world.zscloud.users) == before
        assert world.differences() == []
        await world.clock.sleep(SETTLE)
        assert (await world.cycle()).counts.writes == 0

    simulate(story, tenant=everybody(count), schema=schema(by_external_id))
