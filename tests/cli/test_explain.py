"""``explain``: why somebody is, or is not, there, for people and as JSON."""

from __future__ import annotations

import pytest

from tests.cli.world import World


async def test_a_user_in_words_and_as_json(world: World) -> None:
    """The verdict on top, then the five steps, in lines of 80 columns; nothing is written."""
    name = world.entitled[0]
    told = await world.run("explain", name)
    assert told.status == 0
    lines = told.out.splitlines()
    assert "is in scope" in " ".join(lines[:3])
    assert max(map(len, lines)) <= 80
    places = [told.out.index(f"\n{step} ") for step in ("import", "scope", "match", "action")]
    assert places == sorted(places)
    assert "POST /Users" in told.out
    document = (await world.run("explain", name, "--json")).json
    assert document["principal"]["type"] == "user"
    assert document["would_send"][0]["body"]["userName"] == name
    assert world.writes == []


async def test_a_group_by_its_name(world: World) -> None:
    told = await world.run("explain", "Staff")
    assert told.status == 0
    assert "Members (0 recorded in ZSCloud)" in told.out
    assert "without account" in told.out


@pytest.mark.parametrize("as_json", [False, True])
async def test_nobody_is_a_wrong_call(world: World, *, as_json: bool) -> None:
    wrong = await world.run("explain", "nobody@example.com", *(["--json"] if as_json else []))
    assert wrong.status == 2
    if as_json:
        assert wrong.json["errors"][0]["field"] == "principal"
    else:
        assert "Give the object id" in wrong.err
