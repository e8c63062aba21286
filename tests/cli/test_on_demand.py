"""``on-demand``: one test user first."""

from __future__ import annotations

import pytest

from tests.cli.world import World


async def test_one_user_while_provisioning_is_off(world: World) -> None:
    """The named user is provisioned, nobody else, with the five steps in order."""
    name = world.entitled[0]
    dry = await world.run(
        "on-demand", "--user", name, "--dry-run", "--json", PROVISIONING_STATUS="off"
    )
    assert dry.status == 0
    assert dry.json["results"][0]["outcome"] == "create"
    assert world.writes == []

    done = await world.run("on-demand", "--user", name, PROVISIONING_STATUS="off")
    assert done.status == 0
    assert world.provisioned == [name]
    places = [done.out.index(step) for step in ("import", "scope", "match", "action", "export")]
    assert places == sorted(places)
    assert f"userName: {name}" in done.out

    again = await world.run("on-demand", "--user", name, "--json")
    assert again.status == 0
    assert again.json["results"][0]["outcome"] == "unchanged"
    assert again.json["cycle"]["kind"] == "on_demand"


async def test_a_group_and_several_users(world: World) -> None:
    """A group by its name; users by id or name in one call."""
    first, second = world.entitled[:2]
    id = world.tenant.ids_named(second, "user")[0]
    users = await world.run("on-demand", "--user", first, "--user", id, "--json")
    assert users.status == 0
    assert [result["name"] for result in users.json["results"]] == [first, second]
    assert world.provisioned == [first, second]
    group = await world.run("on-demand", "--group", "Staff", "--json")
    assert group.status == 0
    assert group.json["results"][0]["name"] == "Staff"
    assert set(world.zscloud.members("Staff")) == {first, second}


async def test_a_user_who_fails(world: World) -> None:
    """Exit 1, and the result says so; people are told why."""
    name = "guest@elsewhere.example"
    world.tenant.assign(world.tenant.add_user(name, displayName="G", givenName="G", surname="E"))
    failed = await world.run("on-demand", "--user", name, "--json")
    assert failed.status == 1
    assert failed.json["results"][0]["outcome"] == "failure"
    told = await world.run("on-demand", "--user", name)
    assert told.status == 1
    assert "is not registered" in told.out


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        pytest.param(("--user", "nobody@example.com"), "user", id="unknown user"),
        pytest.param(("--group", "No such group"), "group", id="unknown group"),
        pytest.param((), "user", id="nobody named"),
        pytest.param(("--user", "a@example.com", "--group", "Staff"), "user", id="both"),
    ],
)
async def test_wrong_calls(world: World, arguments: tuple[str, ...], field: str) -> None:
    """Exit 2, and the problem names the field."""
    wrong = await world.run("on-demand", "--json", *arguments)
    assert wrong.status == 2
    assert wrong.json["code"] == "InvalidRequest"
    assert wrong.json["errors"][0]["field"] == field
    assert world.writes == []


async def test_all_names_that_nobody_has_are_told_at_once(world: World) -> None:
    names = [world.entitled[0], "one@example.com", "two@example.com"]
    wrong = await world.run("on-demand", "--json", *[x for name in names for x in ("--user", name)])
    assert wrong.status == 2
    message = wrong.json["errors"][0]["message"]
    assert "'one@example.com', 'two@example.com'" in message
    assert names[0] not in message
    assert world.writes == []


async def test_blanks_around_a_name_do_not_count(world: World) -> None:
    name = world.entitled[0]
    done = await world.run("on-demand", "--user", f" {name} ", "--json")
    assert done.status == 0
    assert world.provisioned == [name]
