"""``drift``: the report of the last reconcile, and what is nobody's."""

from __future__ import annotations

from tests.cli.world import World


async def test_listed_with_orphans_and_in_the_status(world: World) -> None:
    none = await world.run("drift")
    assert (none.status, "run `cycle --kind reconcile`" in none.out) == (0, True)
    assert (await world.run("drift", "orphans", "--json")).json == {
        "items": [],
        "next": None,
        "report": None,
    }
    await world.run("cycle")
    world.zscloud.edit_user("user1@example.com", displayName="By hand")
    world.zscloud.edit_user("user2@example.com", active=False)
    world.zscloud.create_user(userName="old@example.com", displayName="Old", department="None")

    plan = await world.run("plan", "--kind", "reconcile", DRIFT="report,displayName=repair")
    assert plan.status == 0
    assert "Edited by hand in ZSCloud" in plan.out
    assert "2 edited by hand, repaired 1, reported 1" in plan.out
    assert (await world.run("drift", "--json")).json["report"] is None

    cycle = await world.run(
        "cycle", "--kind", "reconcile", "--json", DRIFT="report,displayName=repair"
    )
    assert cycle.json["drift"]["found"] == 2
    listed = await world.run("drift", "list", "--json")
    told = {(i["name"], i["attribute"], i["treatment"]) for i in listed.json["items"]}
    assert told == {
        ("user1@example.com", "displayName", "repaired"),
        ("user2@example.com", "active", "reported"),
    }
    shown = await world.run("drift")
    assert "By hand" in shown.out
    assert "reported" in shown.out
    first = await world.run("drift", "--limit", "1")
    assert "More: --after " in first.out
    after = first.out.partition("More: --after ")[2].strip()
    second = await world.run("drift", "list", "--limit", "1", "--after", after, "--json")
    assert (len(second.json["items"]), second.json["next"]) == (1, None)
    orphans = await world.run("drift", "orphans")
    assert "old@example.com" in orphans.out
    assert "reported 1" in (await world.run("status")).out


async def test_a_name_that_the_schema_has_not_is_a_configuration_error(world: World) -> None:
    ended = await world.run("status", "--json", DRIFT="repair,titel=leave")
    assert ended.status == 2
    (error,) = ended.json["errors"]
    assert error["field"] == "DRIFT"
    assert "titel" in error["message"]
    assert "displayName" in error["remedy"]


async def test_a_wrong_page_is_refused(world: World) -> None:
    await world.run("cycle")
    await world.run("cycle", "--kind", "reconcile")
    ended = await world.run("drift", "--after", "x", "--json")
    assert (ended.status, ended.json["errors"][0]["field"]) == (2, "after")
    ended = await world.run("drift", "orphans", "--limit", "0", "--json")
    assert (ended.status, ended.json["errors"][0]["field"]) == (2, "limit")
