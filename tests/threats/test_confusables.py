"""Names that look like, or fold to, somebody else's: nobody gets an account by his spelling."""

from __future__ import annotations

import pytest

from provisioning.model import ObjectType, folded, name_key
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import SETTLE
from tests.scenarios.world import World

STRASSE = "strasse@example.com"
SIMILAR = [
    "stra\u00dfe@example.com",  # sharp s: Unicode folds it to ss
    "\u017ftrasse@example.com",  # long s
    "\u0455trasse@example.com",  # Cyrillic
    "strasse\u200b@example.com",  # zero width space
    "\uff53trasse@example.com",  # fullwidth
    "strasse@example.com\u202e",  # right-to-left override
]


@pytest.mark.parametrize("name", SIMILAR)
def test_only_the_case_of_letters_makes_no_other_name(name: str) -> None:
    assert folded(name) != folded(STRASSE)
    assert name_key(ObjectType.USER, STRASSE.upper()) == name_key(ObjectType.USER, STRASSE)


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("name", SIMILAR[:2])
def test_an_account_is_not_taken_over_by_a_name_that_folds_to_its_name(
    name: str, *, listed: bool
) -> None:
    """Neither found by filter nor in the list: it stays as somebody made it in the portal."""

    async def story(world: World) -> None:
        theirs = world.zscloud.create_user(
            userName=STRASSE, displayName="Administrator", department="Board", active=True
        )
        others = [f"user{n}@example.com" for n in range(30 if listed else 0)]
        for each in [name, *others]:
            world.tenant.assign(world.tenant.add_user(each, displayName="Eve"), "User")
        await world.cycle()
        await world.clock.sleep(SETTLE)
        await world.cycle()
        found = world.zscloud.store.users[theirs.id]
        assert (found.display_name, found.department) == ("Administrator", "Board")
        assert not found.external_id

    simulate(story)


def test_a_group_is_not_taken_over_by_a_name_that_folds_to_its_name() -> None:
    """ZSCloud's own group of administrators gets no members by a group of a similar name."""

    async def story(world: World) -> None:
        before = world.zscloud.members("Service Admin")
        person = world.tenant.add_user("eve@example.com", displayName="Eve")
        similar = world.tenant.add_group("\u017fervice Admin", [person])
        world.tenant.assign(similar, "User")
        await world.cycle()
        assert world.zscloud.members("Service Admin") == before

    simulate(story)


def test_the_group_of_administrators_takes_nobody_from_its_namesake() -> None:
    """Whoever may name a group in Entra can name it so. It is matched, and stays as it is."""

    async def story(world: World) -> None:
        before = world.zscloud.members("Service Admin")
        group = world.tenant.add_group("Service Admin", [user_named(world, "eve@example.com")])
        world.tenant.assign(group, "User")
        await world.cycle()
        assert world.zscloud.members("Service Admin") == before
        world.tenant.update_group(group, displayName="Renamed")
        await world.clock.sleep(SETTLE)
        await world.cycle()
        world.tenant.unassign(group)
        await world.clock.sleep(SETTLE)
        await world.cycle()
        assert world.zscloud.members("Service Admin") == before
        # Not even tried: that ZSCloud refuses it is not our defence.
        assert [write.path for write in world.writes() if "/Groups" in write.path] == []

    simulate(story, ON_GROUP_UNASSIGN="delete")


def test_a_linked_group_that_is_renamed_so_gets_no_hold_of_it() -> None:
    """An owner may rename a group that is assigned already: that name is protected."""

    async def story(world: World) -> None:
        before = world.zscloud.members("Service Admin")
        group = world.tenant.add_group("Sales", [user_named(world, "eve@example.com")])
        world.tenant.assign(group, "User")
        await world.cycle()
        world.tenant.update_group(group, displayName="Service Admin")
        for _ in range(2):
            await world.clock.sleep(SETTLE)
            await world.cycle()
        assert world.zscloud.members("Service Admin") == before
        (*_, entry) = await world.logs(principal=group)
        assert (entry["status"], entry["reason_code"]) == ("skipped", "ProtectedObject")

    simulate(story)


def test_the_account_of_an_administrator_is_not_written_by_who_has_its_name() -> None:
    """Neither its attributes nor whether it is active: a principal of that name is linked to it,
    and all that it gets are the memberships of its groups.
    """

    async def story(world: World) -> None:
        name = "admin@example.com"
        id = user_named(world, name)
        world.tenant.assign(id, "User")
        before = world.zscloud.users.by_user_name(name)
        await world.cycle()
        world.tenant.update_user(id, displayName="Mallory")
        await world.cycle()
        world.tenant.disable(id)
        await world.cycle()
        assert world.zscloud.users.by_user_name(name) == before
        assert world.writes() == []

    simulate(story)


def user_named(world: World, name: str) -> str:
    return world.tenant.add_user(name, displayName="Eve", department="Sales")
