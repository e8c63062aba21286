"""``due``: what waits to be deleted."""

from __future__ import annotations

from tests.cli.world import World

GRACE = {"ON_DISABLE": "delete", "DELETE_AFTER_DAYS": "7"}


async def test_who_waits_is_listed_with_reason_and_times(world: World) -> None:
    """For people and as JSON, also as ``due list``; before anybody waits it says so."""
    await world.run("cycle", **GRACE)
    nobody = await world.run("due")
    assert (nobody.status, nobody.out) == (0, "Nothing waits to be deleted.\n")
    name = world.entitled[0]
    (id,) = world.tenant.ids_named(name, "user")
    world.tenant.disable(id)
    assert (await world.run("cycle", **GRACE)).status == 0
    listed = await world.run("due", **GRACE)
    assert listed.status == 0
    assert name in listed.out
    assert "The account is disabled in Entra." in listed.out
    (item,) = (await world.run("due", "list", "--json", **GRACE)).json["items"]
    assert (item["name"], item["source_id"]) == (name, id)
    assert item["delete_at"] > item["since"]
    assert item["delete_at"] in listed.out


async def test_a_wrong_cursor_is_a_wrong_call(world: World) -> None:
    wrong = await world.run("due", "list", "--after", "nonsense", "--json")
    assert wrong.status == 2
    assert wrong.json["errors"][0]["field"] == "after"
