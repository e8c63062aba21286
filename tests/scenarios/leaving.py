"""Steps of stories about leaving: what takes somebody out of scope, what passes, what is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from provisioning.operations.due import list_due
from provisioning.record import CycleStatus
from tests.mapping.schemas import clause
from tests.scenarios.steps import SETTLE, account, group, group_object, office, provisioned, user
from tests.scenarios.test_filters import filtered
from tests.scenarios.world import World

DAY = 86_400.0
WEEK = {"DELETE_AFTER_DAYS": "7"}
LEAVES = {"ON_UNASSIGN": "delete", **WEEK}
DONE = (CycleStatus.COMPLETED, CycleStatus.COMPLETED_WITH_ERRORS)

Step = Callable[[World], object]


@dataclass(frozen=True)
class Event:
    """Something that takes a principal out of scope, and what brings it back."""

    setting: str
    happens: Step
    ends: Step | None
    group: bool = False


def _soft_then_hard(world: World) -> None:
    world.tenant.delete(user(world, 1))
    world.tenant.purge(user_id(world))


def user_id(world: World) -> str:
    """The id of the second person, also once it is deleted."""
    (id,) = world.tenant.ids_named("user1@example.com", "user")
    return id


def both(world: World) -> str:
    """The id of a group, also once it is deleted."""
    (id,) = world.tenant.ids_named("Both", "group")
    return id


EVENTS = {
    "unassigned": Event(
        "ON_UNASSIGN",
        lambda w: w.tenant.remove_member(group(w, "Sales"), user_id(w)),
        lambda w: w.tenant.add_member(group(w, "Sales"), user_id(w)),
    ),
    "out of filter": Event(
        "ON_OUT_OF_FILTER",
        lambda w: w.tenant.update_user(user_id(w), department="Legal"),
        lambda w: w.tenant.update_user(user_id(w), department="Sales"),
    ),
    "disabled": Event(
        "ON_DISABLE",
        lambda w: w.tenant.disable(user_id(w)),
        lambda w: w.tenant.enable(user_id(w)),
    ),
    "soft-deleted": Event(
        "ON_SOFT_DELETE",
        lambda w: w.tenant.delete(user_id(w)),
        lambda w: w.tenant.restore(user_id(w)),
    ),
    "hard-deleted": Event("ON_DELETE", _soft_then_hard, None),
    "group unassigned": Event(
        "ON_GROUP_UNASSIGN",
        lambda w: w.tenant.unassign(both(w)),
        lambda w: w.tenant.assign(both(w), "User"),
        group=True,
    ),
    "group deleted": Event(
        "ON_GROUP_DELETE",
        lambda w: w.tenant.delete_group(both(w), soft=True),
        lambda w: w.tenant.restore(both(w)),
        group=True,
    ),
}


async def cycle(world: World, kind: str = "incremental") -> Any:
    """A cycle that ends well, after which nothing is young."""
    await world.clock.sleep(SETTLE)
    record = await world.cycle(kind)
    assert record.status in DONE, record
    return record


async def days(world: World, number: float) -> None:
    """Days pass, and a cycle with them."""
    await world.clock.sleep(number * DAY)
    await cycle(world)


def state(world: World, event: Event) -> str:
    """What ZSCloud has: ``there`` as before, ``away`` (disabled, emptied), or ``gone``."""
    if event.group:
        if group_object(world, "Both") is None:
            return "gone"
        return "there" if world.zscloud.members("Both") else "away"
    found = account(world, 1)
    if found is None:
        return "gone"
    return "there" if found.active else "away"


def everywhere(**settings: str) -> dict[str, Any]:
    """A world whose filter lets everybody pass at first."""
    schema = filtered("User", clause("department", "EQUALS", "Sales"))
    return {"tenant": office, "schema": schema, **settings}


async def left(world: World) -> str:
    """User 7 is unassigned, and waits to be deleted where that is set; its id."""
    await provisioned(world)
    id = user(world, 7)
    world.tenant.unassign(id)
    await cycle(world)
    return id


async def waits_its_week(world: World) -> None:
    """User 7 is there a day before the week is over, and gone after it."""
    await days(world, 6)
    assert account(world, 7) is not None
    await days(world, 1.5)
    assert account(world, 7) is None


async def skipped(world: World, principal: str) -> list[str]:
    """Why a principal was left as it is, oldest first, as the log says."""
    entries = await world.logs(principal=principal, status="skipped")
    return [each["reason_code"] for each in entries]


async def due(world: World, **query: Any) -> Any:
    """What is due, as a process of its own lists it."""
    services = world.services()
    try:
        return await list_due(services, **query)
    finally:
        await world._close(services)


async def due_names(world: World) -> list[str]:
    """Who waits to be deleted, the next one first."""
    return [each["name"] for each in (await due(world))["items"]]
