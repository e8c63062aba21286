"""``schema preview`` and ``schema eval --user``: real principals, read from Graph, nothing sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from provisioning.settings import load_settings
from tests.cli.world import World, connected, small_tenant
from tests.mapping.schemas import attribute, clause, expression, object_mapping, scope, written


def upper(export: dict[str, Any]) -> None:
    attribute(export, "displayName")["source"] = expression("ToUpper([displayName])")


def romans(export: dict[str, Any]) -> None:
    object_mapping(export)["scope"] = scope(clause("city", "EQUALS", "Rome"))


async def rows(world: World) -> Any:
    """Everything that is stored, but for the lease."""
    store = world.store()
    try:
        job = load_settings(world.settings).job
        tables = ("mirror_user", "mirror_group", "selection", "work", "watermark", "cycle")
        found = {table: await store.scan(f"{job}:{table}") for table in tables}
        assert len(found["mirror_user"]) == 5
        return found
    finally:
        await store.close()


async def test_values_that_change(world: World, tmp_path: Path) -> None:
    """Old and new value of each, counted; named principals with all of theirs."""
    await world.run("cycle")
    written(tmp_path, upper)
    before, requests = await rows(world), len(world.zscloud.requests)
    named = ("--user", "user0@example.com", "--group", "Staff")
    ended = await world.run("schema", "preview", "schema.json", *named, "--json")
    assert ended.status == 0, ended.err
    document = ended.json
    assert document["known"] == document["looked_at"] == 6
    (change,) = document["changes"]
    assert (change["object_type"], change["target"], change["count"]) == ("user", "displayName", 5)
    assert {(i["old"], i["new"]) for i in change["items"]} == {
        (f"User {n}", f"USER {n}") for n in range(5)
    }
    assert document["leave"]["count"] == document["enter"]["count"] == 0
    user, group = document["named"]
    assert user["attributes"] == [{"name": "displayName", "old": "User 0", "new": "USER 0"}]
    assert user["scope"]["new"]["active"]
    assert (group["name"], group["attributes"]) == ("Staff", [])
    assert len(world.zscloud.requests) == requests
    assert await rows(world) == before

    shown = await world.run("schema", "preview", "schema.json", *named)
    assert "displayName changes for 5 users." in shown.out
    assert "All 6 users and groups in or near scope were looked at." in shown.out
    assert "Nothing would be taken away." in shown.out
    assert "Nothing was written." in shown.out


async def test_who_would_leave_and_what_the_brake_says(world: World, tmp_path: Path) -> None:
    """By an attribute that no cycle has read yet, as Graph has it now."""
    await world.run("cycle")
    ids = sorted(world.tenant.effective_users())
    world.tenant.update_user(ids[0], city="Rome")
    written(tmp_path, romans)
    document = (await world.run("schema", "preview", "schema.json", "--json")).json
    assert document["leave"]["count"] == 4
    assert "city EQUALS Rome: has no value" in document["leave"]["items"][0]["reason"]
    assert document["undecided"]["count"] == 0
    assert document["brake"]["pending"]["users"] == 4
    assert document["brake"]["holds"] is False  # Five and fewer pass the percentage.

    world.tenant.update_user(ids[0], city=None)
    everybody = await world.run("schema", "preview", "schema.json")
    assert "5 would lose access." in everybody.out
    assert "Held by the brake: All 5 users would lose access." in everybody.out


async def test_who_would_come_in(world: World, tmp_path: Path) -> None:
    """Whom the schema in force leaves out, and the new one does not."""
    romans_only = written(tmp_path, romans)
    await world.run("cycle", PROVISIONING_SCHEMA=str(romans_only))
    ended = await world.run(
        *("schema", "preview", "shipped", "--json"), PROVISIONING_SCHEMA=str(romans_only)
    )
    assert ended.json["enter"]["count"] == 5
    assert ended.json["leave"]["count"] == 0


async def test_a_sample_says_its_share(world: World, tmp_path: Path) -> None:
    """The limit holds for all of them together; 0 looks at the named only."""
    await world.run("cycle")
    written(tmp_path, upper)
    shown = await world.run("schema", "preview", "schema.json", "--limit", "3")
    assert "3 of 6 users and groups in or near scope were looked at (50 %)" in shown.out
    none = await world.run(
        *("schema", "preview", "schema.json", "--limit", "0", "--user", "user5@example.com")
    )
    assert none.status == 0
    assert "no access: No assignment of the application brings the user in." in none.out
    assert "User 5" in none.out
    assert "USER 5" in none.out


async def test_before_the_first_cycle(world: World, tmp_path: Path) -> None:
    written(tmp_path, upper)
    shown = await world.run("schema", "preview", "schema.json")
    assert shown.status == 0
    assert "Nobody is known yet" in shown.out
    refused = await world.run("schema", "preview", "schema.json", "--user", "no@example.com")
    assert refused.status == 2
    assert "Entra knows no user" in refused.err


async def test_redacted_values_are_not_shown(world: World, tmp_path: Path) -> None:
    def redact(export: dict[str, Any]) -> None:
        attribute(export, "displayName")["source"] = expression("Redact(ToUpper([displayName]))")

    await world.run("cycle")
    written(tmp_path, redact)
    ended = await world.run("schema", "preview", "schema.json", "--json")
    (change,) = ended.json["changes"]
    assert {(i["old"], i["new"]) for i in change["items"]} == {("[Redact]", "[Redact]")}
    assert "USER 0" not in ended.out


async def test_values_that_zscloud_does_not_take(world: World, tmp_path: Path) -> None:
    def fail(export: dict[str, Any]) -> None:
        attribute(export, "userName")["source"] = expression('Append([givenName], " no name")')

    await world.run("cycle")
    written(tmp_path, fail)
    document = (await world.run("schema", "preview", "schema.json", "--json")).json
    assert document["fail"]["count"] == 5
    assert "login names have the form user@domain" in document["fail"]["items"][0]["reason"]
    assert document["changes"] == []


async def test_clauses_that_null_makes_false_are_warned_about(tmp_path: Path) -> None:
    tenant = small_tenant()
    more = [tenant.add_user(f"more{n}@example.com", displayName=f"More {n}") for n in range(3)]
    for id in more:
        tenant.assign(id)
    async with connected(tenant, tmp_path) as world:
        await world.run("cycle")
        written(tmp_path, romans)
        shown = await world.run("schema", "preview", "schema.json")
    assert "8 are out of scope since their city has no value" in shown.out


async def test_a_running_cycle_is_no_matter(world: World, tmp_path: Path) -> None:
    """No lease is asked for."""
    await world.run("cycle")
    written(tmp_path, upper)
    store = world.store()
    await store.acquire(world.lease_name, "another", 60)
    await store.close()
    assert (await world.run("schema", "preview", "schema.json")).status == 0


async def test_eval_for_a_user(world: World) -> None:
    """What the expression reads is selected, also if no mapping reads it."""
    id = world.tenant.ids_named("user1@example.com", "user")[0]
    world.tenant.update_user(id, jobTitle="Chef")
    text = 'Join(" ", [jobTitle], [surname], [objectId], [accountEnabled], [IsSoftDeleted])'
    document = (await world.run("schema", "eval", text, "--user", id, "--json")).json
    assert document["value"] == f"Chef S {id} True False"
    assert document["attributes"]["jobTitle"] == "Chef"
    assert document["missing"] == []
    unknown = await world.run("schema", "eval", "[mail]", "--user", "no@example.com")
    assert unknown.status == 2


async def test_an_attribute_that_graph_does_not_have(world: World) -> None:
    """Graph's refusal is shown; the caller can correct it."""
    ended = await world.run("schema", "eval", "[madeUp]", "--user", "user1@example.com", "--json")
    assert ended.status == 2
    assert ended.json["code"] == "Rejected"
    assert "madeUp" in ended.json["detail"]
