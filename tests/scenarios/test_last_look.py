"""The look before a delete that has waited: at the principal, and at its account."""

from __future__ import annotations

import pytest

from tests.scenarios.leaving import (
    DAY,
    LEAVES,
    WEEK,
    cycle,
    days,
    due_names,
    left,
    skipped,
)
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import SETTLE, account, office, provisioned, user
from tests.scenarios.world import World


def test_a_user_who_is_back_and_whom_no_feed_has_shown_is_not_deleted() -> None:
    """Entra is asked for the user before the delete; what it says then counts."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.disable(user(world, 1))
        await cycle(world)
        await world.clock.sleep(6 * DAY)
        await cycle(world)
        await cycle(world)
        await world.clock.sleep(DAY)
        world.set_entra(delta_lag=SETTLE * 4)
        world.tenant.enable(user(world, 1))
        await world.cycle()
        assert account(world, 1) is not None
        assert (await skipped(world, user(world, 1)))[-1] == "SourceMovedOn"
        assert world.scim("DELETE") == []
        await cycle(world)
        assert account(world, 1).active
        assert world.differences() == []

    simulate(story, tenant=office, ON_DISABLE="delete", **WEEK)


@pytest.mark.parametrize("seen_by", ["the last look", "a reconcile", "a call on demand"])
def test_an_account_that_has_become_somebody_elses_is_not_deleted(seen_by: str) -> None:
    """Name and externalId edited by hand: the link is dropped, the account stays as it is."""

    async def story(world: World) -> None:
        id = await left(world)
        world.zscloud.edit_user(
            "user7@example.com", userName="other@example.com", externalId="other", active=True
        )
        await world.clock.sleep(3 * DAY)
        told = await world.explain(id)
        assert any("somebody else's now" in step["detail"] for step in told["steps"])
        if seen_by == "a reconcile":
            await cycle(world, "reconcile")
        elif seen_by == "a call on demand":
            await world.on_demand(id)
        await days(world, 5)
        found = world.zscloud.users.by_user_name("other@example.com")
        assert found is not None
        assert found.active
        assert "TargetTaken" in await skipped(world, id)
        assert await due_names(world) == []
        await days(world, 8)
        assert world.scim("DELETE") == []

    simulate(story, tenant=office, **LEAVES)


def test_an_account_that_only_has_another_name_is_deleted() -> None:
    """The externalId still says whose it is."""

    async def story(world: World) -> None:
        await left(world)
        world.zscloud.edit_user("user7@example.com", userName="other@example.com")
        await days(world, 8)
        assert world.zscloud.users.by_user_name("other@example.com") is None

    simulate(story, tenant=office, **LEAVES)


def test_an_account_that_was_deleted_by_hand_is_forgotten() -> None:
    """There is nothing to delete, and nothing waits."""

    async def story(world: World) -> None:
        await left(world)
        world.zscloud.delete_user("user7@example.com")
        await days(world, 8)
        assert world.scim("DELETE") == []
        assert await due_names(world) == []

    simulate(story, tenant=office, **LEAVES)


def test_a_delete_that_fails_is_tried_again_at_its_own_time() -> None:
    """In escrow it waits for its next try, not for the next cycle."""

    async def story(world: World) -> None:
        await left(world)
        world.zscloud.set_faults(methods=("DELETE",), fail_share=1.0, fail_status=400)
        for _ in range(12):
            await world.clock.sleep(DAY)
            await world.cycle()
        tries = len(world.scim("DELETE"))
        assert tries
        await world.cycle()
        await world.cycle()
        assert len(world.scim("DELETE")) == tries
        world.zscloud.set_faults(methods=(), fail_share=0.0)
        await days(world, 2)
        assert account(world, 7) is None

    simulate(story, tenant=office, **LEAVES)
