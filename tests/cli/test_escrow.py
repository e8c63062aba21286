"""``escrow``, and what ``cycle`` and ``status`` say of failures and of a quarantine."""

from __future__ import annotations

from tests.cli.world import World


async def test_nothing_is_in_escrow(world: World) -> None:
    listed = await world.run("escrow")
    assert (listed.status, listed.out) == (0, "Nothing is in escrow.\n")


async def test_every_nth_write_fails(world: World) -> None:
    """Exit 1; who failed is listed with the next try; asked for, the next cycle heals it."""
    world.zscloud.set_faults(fail_every_write=3, fail_again=True, path_contains="Users")
    assert (await world.run("cycle")).status == 1
    document = (await world.run("escrow", "list", "--json")).json
    [entry] = document["items"]
    assert entry["tries"] == 1
    assert entry["next_try"] > entry["last_try"]
    shown = await world.run("escrow")
    assert shown.status == 0
    assert "Next try" in shown.out
    assert len(world.provisioned) == len(world.entitled) - 1

    world.zscloud.set_faults()
    assert (await world.run("escrow", "retry-now", "nobody")).status == 2
    asked = await world.run("escrow", "retry-now", entry["source_id"], "--json")
    assert (asked.status, len(asked.json["items"])) == (0, 1)
    assert (await world.run("cycle")).status == 0
    assert world.provisioned == world.entitled
    assert (await world.run("escrow", "--json")).json["items"] == []


async def test_a_gone_target(world: World) -> None:
    """Exit 4 and why; the next cycle of a person probes at once and goes on."""
    world.zscloud.set_faults(fail_share=1.0, fail_status=404)
    for _ in range(2):
        cycle = await world.run("cycle", "--json")
        assert cycle.status == 4
        assert cycle.json["status"] == "quarantined"
        assert cycle.json["error"]["code"] == "EndpointGone"
    status = await world.run("status", "--json")
    assert status.json["state"] == "quarantined"
    assert status.json["quarantine"]["cause"] == "target_gone"
    assert status.json["quarantine"]["probes"] == 1
    assert "Quarantine" in (await world.run("status")).out
    world.zscloud.set_faults()
    assert (await world.run("cycle")).status == 0
    assert world.provisioned == world.entitled
    assert (await world.run("status", "--json")).json["quarantine"] is None


async def test_too_many_failures(world: World) -> None:
    """Exit 3."""
    for number in range(30):
        id = world.tenant.add_user(f"more{number}@example.com", displayName="More")
        world.tenant.assign(id)
    world.zscloud.set_faults(fail_share=1.0, fail_status=400, methods=["POST"])
    cycle = await world.run("cycle", "--json")
    assert cycle.status == 3
    assert cycle.json["error"]["code"] == "TooManyFailures"
    assert len(world.provisioned) == 0
    world.zscloud.set_faults()
    assert (await world.run("cycle")).status == 0
    assert world.provisioned == world.entitled
