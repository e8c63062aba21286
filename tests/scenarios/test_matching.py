"""Finding the object of a principal: by several attributes, and when several objects match."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from provisioning.mapping import CompiledSchema
from provisioning.record import CycleStatus
from tests.mapping.schemas import attribute, compiled
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import SETTLE, account, everybody, user
from tests.scenarios.world import World


def by_external_id(export: dict[str, Any]) -> None:
    """First by externalId, then by name."""
    attribute(export, "externalId")["matchingPriority"] = 1
    attribute(export, "userName")["matchingPriority"] = 2


def there_already(world: World, name: str, external_id: str) -> Any:
    """An account that somebody made before."""
    return world.zscloud.create_user(
        userName=name, displayName="Somebody", externalId=external_id, active=True
    )


def schema(change: Any) -> CompiledSchema:
    with TemporaryDirectory() as folder:
        return compiled(Path(folder), change)


@pytest.mark.parametrize("count", [1, 30])
def test_somebody_who_was_renamed_is_found_by_another_attribute(count: int) -> None:
    """By a filter for one, and in the list for many: nobody gets a second account."""

    async def story(world: World) -> None:
        for number in range(count):
            there_already(world, f"old{number}@example.com", user(world, number))
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED, record
        assert record.counts.created == 1  # the group
        assert world.differences() == []
        await world.clock.sleep(SETTLE)
        assert (await world.cycle()).counts.writes == 0

    simulate(story, tenant=everybody(count), schema=schema(by_external_id))


def test_the_first_attribute_that_finds_one_decides() -> None:
    async def story(world: World) -> None:
        one = there_already(world, "elsewhere@example.com", user(world, 0))
        namesake = there_already(world, "user0@example.com", "another")
        record = await world.cycle()
        # The one found by externalId cannot have the name: its holder is not ours.
        assert record.counts.failed == 1
        (*_, entry) = await world.logs(principal=user(world, 0))
        assert entry["status"] == "failure"
        assert entry["target_id"] == one.id
        assert world.zscloud.store.users[namesake.id].external_id == "another"

    simulate(story, tenant=everybody(1), schema=schema(by_external_id))


def test_two_objects_that_match_are_nobodys() -> None:
    """Neither is touched, and what to do about them is said; the others go on."""

    async def story(world: World) -> None:
        twins = [there_already(world, f"twin{n}@example.com", user(world, 0)) for n in range(2)]
        record = await world.cycle()
        assert (record.counts.failed, record.counts.created) == (1, 3)  # two people and the group
        (*_, entry) = await world.logs(principal=user(world, 0))
        assert entry["error_code"] == "DuplicateTargetEntries"
        assert all(twin.id in entry["reason"] for twin in twins)
        assert "portal" in entry["remedy"]
        world.zscloud.delete_user(twins[1].id)
        await world.clock.sleep(SETTLE)
        await world.cycle()
        assert world.differences() == []
        assert account(world, 0).id == twins[0].id

    simulate(story, tenant=everybody(3), schema=schema(by_external_id))
