"""Each change in Entra ends right in ZSCloud, with its line in the provisioning log."""

from __future__ import annotations

import pytest

from simulator.entra import Tenant
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import (
    account,
    account_named,
    changed,
    everybody,
    group,
    nested,
    office,
    provisioned,
    user,
)
from tests.scenarios.stories import STORIES, Story, large_group, member_removed
from tests.scenarios.world import World

__all__ = ["account", "changed", "group", "office", "provisioned", "user"]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_story(story: Story) -> None:
    options = {"domains": story.domains}
    simulate(story.tell, tenant=story.tenant, zscloud=options, **story.settings)


def test_each_story_has_a_name_of_its_own() -> None:
    names = [story.name for story in STORIES]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("form", ["filter", "value", "both", "neither"])
def test_member_removed_whatever_form_the_server_takes(form: str) -> None:
    story = member_removed(requests_each=2 if form == "neither" else 1)
    simulate(story, tenant=office, zscloud={"member_removal": form})


@pytest.mark.parametrize("refusal", ["error", "silent", "removes_all"])
def test_a_wrong_form_of_removal_is_found_out(refusal: str) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.remove_member(group(world, "Sales"), user(world, 3))
        await changed(world)

    options = {"member_removal": "value", "removal_refusal": refusal}
    simulate(story, tenant=office, zscloud=options)


def test_a_portal_admin_of_the_same_name_is_never_written() -> None:
    def tenant() -> Tenant:
        made = office()
        admin = made.add_user("admin@example.com", displayName="Somebody else")
        made.add_member(made.ids_named("Sales", "group")[0], admin)
        return made

    async def story(world: World) -> None:
        before = account_named(world, "admin@example.com")
        assert before.admin
        name = before.display_name
        await world.cycle()
        assert account_named(world, "admin@example.com").display_name == name
        assert "admin@example.com" in world.zscloud.members("Sales")
        entries = await world.logs(status="skipped")
        assert any(e["reason_code"] == "ProtectedObject" for e in entries)

    simulate(story, tenant=tenant)


def test_a_group_of_five_thousand() -> None:
    simulate(large_group(5000), tenant=everybody(5000))


def test_disables_are_sent_before_members_are_taken_out() -> None:
    """The order within lane 1, at the moment of sending: answers may come in another."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.remove_member(group(world, "Inner"), user(world, 3))
        await changed(world)
        first, second = world.writes()
        assert "/Users/" in first.path
        assert "/Groups/" in second.path

    simulate(story, tenant=nested, NESTED_GROUPS="transitive")
