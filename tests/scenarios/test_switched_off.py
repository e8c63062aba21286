"""Who is to be switched off is, whatever else of the account cannot be changed now."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.scenarios.simulation import simulate
from tests.scenarios.steps import account, office, provisioned, user
from tests.scenarios.world import World


def exchanged(world: World) -> None:
    """The name is that of somebody who gets another one."""
    seven, eight = user(world, 7), user(world, 8)
    world.tenant.update_user(seven, userPrincipalName="user8@example.com")
    world.tenant.update_user(eight, userPrincipalName="other@example.com")


def kept(world: World) -> None:
    """The name is that of somebody who keeps it."""
    world.tenant.update_user(user(world, 7), userPrincipalName="User1@example.com")


def strangers(world: World) -> None:
    """The name is that of an account that is not ours."""
    world.zscloud.create_user(userName="stranger@example.com", displayName="Stranger", active=True)
    world.tenant.update_user(user(world, 7), userPrincipalName="stranger@example.com")


def refused(world: World) -> None:
    """ZSCloud takes no such name."""
    world.tenant.update_user(user(world, 7), userPrincipalName="user7@not-registered.example")


@pytest.mark.parametrize("rename", [exchanged, kept, strangers, refused])
def test_who_is_disabled_and_renamed_is_switched_off_first(rename: Callable[[World], None]) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        id, found = user(world, 7), account(world, 7)
        rename(world)
        world.tenant.disable(id)
        await world.cycle()
        assert not world.zscloud.users.by_id(found.id).active
        first = next(r for r in world.writes() if r.method == "PATCH")
        assert first.path.endswith(found.id)
        entries = await world.logs(principal=id)
        assert [e["reason_code"] for e in entries if e["action"] == "disable"] == [
            "AccountDisabled"
        ]
        failed = [each["error_code"] for each in entries if each["status"] == "failure"]
        assert bool(failed) is (rename is not exchanged)

    simulate(story, tenant=office)


def test_what_was_left_out_follows_on_its_own() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        found = account(world, 7)
        id = user(world, 7)
        exchanged(world)
        world.tenant.update_user(id, department="Legal")
        world.tenant.disable(id)
        await world.cycle()
        now = world.zscloud.users.by_id(found.id)
        assert (now.active, now.user_name, now.department) == (False, "user8@example.com", "Legal")

    simulate(story, tenant=office)
