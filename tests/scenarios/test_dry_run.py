"""The dry run is the run: same changes, one by one, and nothing stored."""

from __future__ import annotations

from typing import Any

from provisioning.model import Change
from tests.scenarios.simulation import simulate
from tests.scenarios.test_crash import upheaval
from tests.scenarios.test_stories import office, provisioned
from tests.scenarios.world import World


def essence(change: Change | dict[str, Any]) -> tuple[Any, ...]:
    """What a change is, without what only the run can know."""
    if isinstance(change, Change):
        member = change.member.source_id if change.member else None
        return change.change_id, change.action.value, change.source_id, member, change.reason
    member = change["member"]["source_id"] if change["member"] else None
    return change["change_id"], change["action"], change["source_id"], member, change["reason"]


def snapshot(world: World) -> dict[str, dict[str, bytes]]:
    """Everything stored, by table."""
    return {name: dict(table.values) for name, table in world.store._tables.items()}


async def compare(world: World) -> None:
    stored = snapshot(world)
    record, changes = await world.cycle_with_changes(dry_run=True)
    assert record.dry_run
    assert world.writes() == []
    after = snapshot(world)
    told = {name for name in after if after[name] != stored.get(name)}
    assert {name.rpartition(":")[2] for name in told} <= {"cycle", "cycle_changes"}
    run = await world.cycle()
    entries = await world.logs(cycle=run.cycle_id, status="success")
    done = [essence(entry) for entry in entries if entry["change_id"]]
    assert sorted(essence(change) for change in changes) == sorted(done)
    assert len(done) == run.counts.writes == record.counts.writes > 0
    assert world.differences() == []


def test_of_an_initial_cycle() -> None:
    simulate(compare, tenant=office)


def test_of_many_changes() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        await upheaval(world)
        await compare(world)

    simulate(story, tenant=office)


def test_of_a_group_on_demand_lists_each_change_once() -> None:
    """What would have been created is not read back: ZSCloud does not have it."""

    async def story(world: World) -> None:
        (result,) = await world.on_demand(group="Sales", dry_run=True)
        assert [change["action"] for change in result["changes"]] == ["create"]
        assert not any("planned" in request.path for request in world.scim())
        world.forget_requests()
        (result,) = await world.on_demand(group="Sales")
        assert [change["action"] for change in result["changes"]] == ["create"]
        asked = [(r.method, "filter" in r.query) for r in world.scim() if r.path.endswith("Groups")]
        # A job that knows nothing yet looks for its groups in the list, and by name.
        assert asked == [("GET", False), ("GET", True), ("POST", False)]
        assert len(world.scim("POST")) == 1

    simulate(story, tenant=office)


def test_of_what_is_not_sent_nothing_is_said_to_be_accepted() -> None:
    """Neither in the steps nor as an id that ZSCloud never gave."""

    async def story(world: World) -> None:
        name = next(iter(world.tenant.users.current().values())).user_principal_name
        for named in ({"users": [name]}, {"group": "Sales"}):
            users = named.pop("users", [])
            (result,) = await world.on_demand(*users, **named, dry_run=True)
            steps = {step["name"]: step for step in result["steps"]}
            assert steps["export"]["status"] == "skipped"
            assert steps["export"]["detail"] == "would be sent; a dry run sends nothing"
            assert "planned:" not in str(result)
        _, changes = await world.cycle_with_changes(dry_run=True)
        members = [change.member for change in changes if change.member]
        assert members
        assert all(member.source_id and member.target_id is None for member in members)
        (result,) = await world.on_demand(name)
        assert "accepted by ZSCloud as " in result["steps"][-1]["detail"]
        assert "no object in ZSCloud matches" in str(result["steps"])

    simulate(story, tenant=office)
