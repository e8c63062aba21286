"""Objects whose link is lost, and whose principal has another name by now: found by externalId.

Design: links come back by externalId, then by name.
"""

from __future__ import annotations

import pytest

from tests.scenarios.simulation import simulate
from tests.scenarios.steps import account, everybody, group, group_object, provisioned, user
from tests.scenarios.test_rebuild import lose_state
from tests.scenarios.world import World


def accounts(world: World) -> dict[str, str]:
    """Whose account each one is: the externalId by the id in ZSCloud."""
    return {each.id: each.external_id for each in world.zscloud.users if each.external_id}


async def at_rest(world: World) -> None:
    """Two cycles later all is right, and nothing is done any more."""
    await world.cycle()
    await world.clock.sleep(400)
    await world.cycle()
    assert world.differences() == []
    await world.clock.sleep(400)
    assert (await world.cycle()).counts.writes == 0


def rename(world: World, id: str, name: str) -> None:
    world.tenant.update_user(id, userPrincipalName=name)


def test_a_call_before_the_rebuild_finds_the_account_of_who_was_renamed() -> None:
    """One account for one person, with one more question."""

    async def story(world: World) -> None:
        await provisioned(world)
        one, before = user(world, 0), accounts(world)
        lose_state(world)
        rename(world, one, "married@example.com")
        world.forget_requests()
        (result,) = await world.on_demand(one)
        assert result["outcome"] == "update", result
        assert [r.method for r in world.writes()] == ["PATCH"]
        assert accounts(world) == before
        (matched,) = [e for e in await world.logs() if e["reason_code"] == "Matched"]
        assert matched["reason"].startswith("An object of that externalId exists")
        await at_rest(world)

    simulate(story, tenant=everybody(4))


@pytest.mark.parametrize("first", [0, 1])
def test_a_call_before_the_rebuild_takes_nobody_elses_account(first: int) -> None:
    """Two have exchanged their names: the account of that name is the other one's."""

    async def story(world: World) -> None:
        await provisioned(world)
        two, before = [user(world, 0), user(world, 1)], accounts(world)
        lose_state(world)
        rename(world, two[0], "spare@example.com")
        rename(world, two[1], "user0@example.com")
        rename(world, two[0], "user1@example.com")
        await world.on_demand(two[first])
        await world.on_demand(two[1 - first])
        assert accounts(world) == before
        await at_rest(world)
        assert accounts(world) == before

    simulate(story, tenant=everybody(4))


@pytest.mark.parametrize("called", [True, False])
def test_a_newcomer_does_not_get_the_account_of_whom_the_name_was(*, called: bool) -> None:
    """The account is that of somebody who is there, under another name."""

    async def story(world: World) -> None:
        await provisioned(world)
        one, before = user(world, 0), accounts(world)
        lose_state(world)
        rename(world, one, "married@example.com")
        newcomer = world.tenant.add_user("user0@example.com", displayName="Newcomer")
        world.tenant.add_member(group(world, "Everybody"), newcomer)
        if called:
            await world.on_demand(newcomer)
        await at_rest(world)
        assert {id: accounts(world)[id] for id in before} == before
        assert account(world, 0).external_id == newcomer

    simulate(story, tenant=everybody(4))


@pytest.mark.parametrize("kind", ["group", "user"])
def test_a_call_for_a_renamed_group_before_the_rebuild_makes_no_second_one(kind: str) -> None:
    """By its own name, or as what somebody who is called for is a member of."""

    async def story(world: World) -> None:
        await provisioned(world)
        everyone = group(world, "Everybody")
        (before,) = [each.id for each in world.zscloud.groups if each.external_id == everyone]
        lose_state(world)
        world.tenant.update_group(everyone, displayName="Everyone")
        if kind == "group":
            await world.on_demand(group=everyone)
        else:
            await world.on_demand(user(world, 0))
        await at_rest(world)
        assert [g.id for g in world.zscloud.groups if g.external_id == everyone] == [before]

    simulate(story, tenant=everybody(4))


@pytest.mark.parametrize("deleted", [True, False])
def test_who_was_switched_off_when_the_state_was_lost_gets_the_old_account_back(
    *, deleted: bool
) -> None:
    """Under another name, and long after the rebuild, which only listed that account. It costs one
    look at it; who has never been there is looked for by name alone.
    """

    async def story(world: World) -> None:
        await provisioned(world)
        one, everyone, before = user(world, 0), group(world, "Everybody"), accounts(world)
        world.tenant.remove_member(everyone, one)
        await world.clock.sleep(300)
        await world.cycle()
        assert not account(world, 0).active
        lose_state(world)
        await world.cycle()
        await world.clock.sleep(9 * 3600)
        rename(world, one, "married@example.com")
        await world.cycle()
        if deleted:
            world.zscloud.delete_user("user0@example.com")
        world.tenant.add_member(everyone, one)
        world.forget_requests()
        await world.cycle()
        asked = [r for r in world.scim("GET") if "/Users" in r.path]
        assert len(asked) == (3 if deleted else 1), asked
        posts = [r for r in world.writes() if r.method == "POST"]
        assert len(posts) == (1 if deleted else 0)
        assert accounts(world).items() >= {(i, e) for i, e in before.items() if e != one}
        assert list(accounts(world).values()).count(one) == 1
        newcomer = world.tenant.add_user("newcomer@example.com", displayName="Newcomer")
        world.tenant.add_member(everyone, newcomer)
        world.forget_requests()
        await world.cycle()
        assert len(world.scim("GET")) == 1
        await at_rest(world)

    simulate(story, tenant=everybody(4))


def test_who_gets_the_old_account_back_leaves_groups_that_he_has_left() -> None:
    """While the account was nobody's, its memberships were a stranger's, and stayed."""

    async def story(world: World) -> None:
        one = user(world, 0)
        other = world.tenant.add_group("Other", [one, user(world, 1)])
        world.tenant.assign(other, "User")
        await provisioned(world)
        world.tenant.disable(one)
        await world.cycle()
        lose_state(world)
        await world.cycle()
        world.tenant.remove_member(other, one)
        await world.clock.sleep(400)
        await world.cycle()
        assert account(world, 0).user_name in world.zscloud.members(group_object(world, "Other"))
        world.tenant.enable(one)
        await world.clock.sleep(400)
        await world.cycle()
        assert account(world, 0).active
        assert world.zscloud.members(group_object(world, "Other")) == ("user1@example.com",)
        await at_rest(world)

    simulate(story, tenant=everybody(4), DRIFT="leave")
