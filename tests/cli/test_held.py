"""``held`` as an operator calls it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from tests.cli.world import World


async def everybody_leaves(world: World) -> Any:
    """All are disabled, which is held; the plan with its changes."""
    await world.run("cycle")
    for id in world.tenant.effective_users():
        world.tenant.disable(id)
    ended = await world.run("cycle")
    assert ended.status == 3
    assert "held list" in ended.out
    [plan] = (await world.run("held", "--json")).json["items"]
    return (await world.run("held", "show", plan["id"], "--json")).json


async def test_without_a_plan_nothing_is_held(world: World) -> None:
    shown = await world.run("held", "list")
    assert shown.status == 0
    assert "Nothing is held" in shown.out


async def test_a_plan_is_read_approved_in_part_and_approved_whole(world: World) -> None:
    plan = await everybody_leaves(world)
    assert plan["state"] == "pending"
    assert plan["counts"]["users"] == len(plan["changes"]) > 2
    first = plan["changes"][0]
    shown = await world.run("held", "show", plan["id"])
    assert first["name"] in shown.out
    assert first["change_id"] in shown.out

    part = await world.run(
        "held", "approve", plan["id"], "--only", first["change_id"], "--operator", "anna", "--json"
    )
    assert part.status == 0
    assert part.json["carried_out"]
    active = {u.user_name for u in world.zscloud.users if u.active and not u.admin}
    assert first["name"] not in active
    assert len(active) == len(plan["changes"]) - 1

    again = await world.run("held", "approve", plan["id"])
    assert again.status == 2
    assert "approved" in again.err
    rest = await world.run("held", "approve", part.json["rest"])
    assert rest.status == 0
    assert f"{len(plan['changes']) - 1} disabled" in rest.out
    assert not any(u.active for u in world.zscloud.users if not u.admin)


async def test_a_plan_is_rejected_with_a_note_and_listed_as_kept(world: World) -> None:
    plan = await everybody_leaves(world)
    without = await world.run("held", "reject", plan["id"], "--note", " ")
    assert without.status == 2
    assert "note" in without.err
    done = await world.run("held", "reject", plan["id"], "--note", "A migration", "--json")
    assert done.status == 0
    assert (await world.run("cycle")).status == 0
    listed = await world.run("held")
    assert "A migration" in listed.out
    assert all(u.active for u in world.zscloud.users if not u.admin)


async def test_a_plan_is_exported_without_formulas(world: World, tmp_path: Path) -> None:
    """Names are other people's text: a spreadsheet must not take them for formulas."""
    id = world.tenant.add_user("evil@example.com", displayName="Evil")
    world.tenant.assign(id, "User")
    world.tenant.update_user(id, userPrincipalName="=cmd@example.com")
    plan = await everybody_leaves(world)
    file = tmp_path / "plan.csv"
    shown = await world.run("held", "show", plan["id"], "--csv", str(file))
    assert shown.status == 0
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == len(plan["changes"])
    assert {row["checksum"] for row in rows} == {plan["checksum"]}
    assert any(row["name"] == "'=cmd@example.com" for row in rows)


async def test_an_id_that_nobody_has(world: World) -> None:
    for command in (("show", "nobody"), ("approve", "nobody")):
        answer = await world.run("held", *command)
        assert answer.status == 2
        assert "held list" in answer.err


async def test_approved_while_off_waits_until_it_is_on(world: World) -> None:
    plan = await everybody_leaves(world)
    answer = await world.run("held", "approve", plan["id"], PROVISIONING_STATUS="off")
    assert answer.status == 0
    assert "PROVISIONING_STATUS" in answer.out
    assert all(u.active for u in world.zscloud.users if not u.admin)
    assert (await world.run("cycle")).status == 0
    assert not any(u.active for u in world.zscloud.users if not u.admin)


async def test_state_lost_is_shown_first_by_a_dry_run_and_then_held(world: World) -> None:
    """The plan of a rebuild: who, why, and that nobody is touched before it is approved."""
    await world.run("cycle")
    (world.folder / "state.db").unlink()
    leaver = world.tenant.ids_named("user4@example.com", "user")[0]
    world.tenant.unassign(leaver)
    before = world.provisioned
    dry = await world.run("plan")
    assert dry.status == 0
    assert "Would be held" in dry.out
    assert "user4@example.com" in dry.out
    assert "held list" not in dry.out
    planned = (await world.run("plan", "--json")).json
    assert [change["name"] for change in planned["held"]] == ["user4@example.com"]
    assert (await world.run("held", "--json")).json["items"] == []

    ended = await world.run("cycle")
    assert ended.status == 3
    listed = await world.run("held", "list")
    assert "State lost" in listed.out
    [plan] = (await world.run("held", "--json")).json["items"]
    shown = await world.run("held", "show", plan["id"])
    assert "user4@example.com" in shown.out
    assert "No assignment" in shown.out
    assert world.provisioned == before
    approved = await world.run("held", "approve", plan["id"])
    assert approved.status == 0
    assert world.provisioned == world.entitled
