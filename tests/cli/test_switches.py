"""``stop``, ``start`` and ``restart`` as an operator calls them."""

from __future__ import annotations

from tests.cli.world import World, until


async def test_start_of_a_job_that_was_not_stopped(world: World) -> None:
    started = await world.run("start")
    assert (started.status, started.out) == (0, "It was not stopped.\n")


async def test_stop_and_start(world: World) -> None:
    """While stopped: `cycle` and `on-demand` exit 2 and name the remedy, a plan is shown."""
    stopped = await world.run(
        "stop", "--note", "the portal is being repaired", "--operator", "anna"
    )
    assert (stopped.status, stopped.out) == (0, "Stopped. `start` ends it.\n")
    for command in (["cycle"], ["on-demand", "--user", "user0@example.com"]):
        refused = await world.run(*command)
        assert refused.status == 2
        assert "Run `start`" in refused.err
    assert (await world.run("plan")).status == 0
    assert world.writes == []
    status = (await world.run("status", "--json")).json
    assert status["state"] == "stopped"
    assert status["stopped"]["by"] == "anna (claimed)"
    again = await world.run("stop", "--json")
    assert (again.status, again.json["changed"]) == (0, False)
    assert again.json["stopped"] == status["stopped"]
    assert (await world.run("start")).status == 0
    assert (await world.run("cycle")).status == 0
    assert world.provisioned == world.entitled


async def test_a_cycle_that_is_stopped_exits_3_and_goes_on_after_the_start(world: World) -> None:
    for number in range(40):
        id = world.tenant.add_user(f"more{number}@example.com", displayName="More")
        world.tenant.assign(id)
    slow = {"ZSCLOUD_REQUESTS_PER_SECOND": "2"}
    process = await world.start("cycle", "--json", **slow)
    await until(lambda: len(world.writes) > 1)
    assert (await world.run("stop")).status == 0
    sent = len(world.writes)
    out, _ = await process.communicate()
    assert process.returncode == 3
    assert b'"status":"stopped"' in out.replace(b" ", b"")
    assert len(world.writes) <= sent + 1
    assert (await world.run("start")).status == 0
    assert (await world.run("cycle")).status == 0
    assert world.provisioned == world.entitled


async def test_restart_says_what_it_forgets_and_asks(world: World) -> None:
    await world.run("cycle")
    before = world.writes
    refused = await world.run("restart", "--reset-scope", "links")
    assert refused.status == 2
    assert "6 links" in refused.err
    assert "rebuild" in refused.err
    assert "--yes" in refused.err
    done = await world.run("restart", "--reset-scope", "links", "--yes", "--json")
    assert done.status == 0
    assert done.json["forgets"] == {"watermarks": 2, "links": 6}
    cycle = await world.run("cycle", "--json")
    assert (cycle.status, cycle.json["kind"]) == (0, "initial")
    assert cycle.json["cycle_id"] == done.json["id"]
    assert world.writes == before

    usual = await world.run("restart", "--yes")
    assert usual.status == 0
    assert "watermark, escrows, quarantine" in usual.out
    wrong = await world.run("restart", "--reset-scope", "everything", "--yes")
    assert wrong.status == 2
    assert "reset_scope" in wrong.err


async def test_a_store_of_another_job_is_taken_over(world: World) -> None:
    await world.run("cycle")
    other = {"ENTRA_SERVICE_PRINCIPAL_ID": "00000000-0000-0000-0000-000000000099"}
    refused = await world.run("cycle", "--json", **other)
    assert refused.status == 2
    remedy = refused.json["errors"][0]["remedy"]
    stored = remedy.partition("--take-over ")[2].partition("`")[0]
    assert world.settings["ENTRA_SERVICE_PRINCIPAL_ID"] in stored
    wrong = await world.run("restart", "--take-over", "another", "--yes", **other)
    assert wrong.status == 2
    assert stored in wrong.err
    asked = await world.run("restart", "--take-over", stored, **other)
    assert asked.status == 2
    assert "taken over" in asked.err
    assert (await world.run("cycle")).status == 0
    taken = await world.run("restart", "--take-over", stored, "--yes", "--json", **other)
    assert taken.status == 0
    assert (await world.run("status")).status == 2
    assert (await world.run("status", **other)).status == 0
