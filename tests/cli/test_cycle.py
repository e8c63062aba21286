"""``cycle``, ``plan``, ``status`` and ``logs`` as a person or a script calls them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from provisioning.__main__ import _start
from provisioning.bootstrap import SystemClock
from provisioning.poison import Poison
from provisioning.settings import load_settings
from tests.cli.world import World, until


def codes(document: Any) -> list[str]:
    return [item["source_id"] for item in document["items"]]


async def test_plan_then_cycle_then_nothing_to_do(world: World) -> None:
    """The plan is what the cycle does, and a second cycle sends nothing."""
    plan = await world.run("plan", "--json")
    assert plan.status == 0
    assert world.writes == []
    assert plan.json["dry_run"]
    names = {c["name"] for c in plan.json["changes"] if c["action"] == "create"}
    assert names == {*world.entitled, "Staff"}
    members = [c for c in plan.json["changes"] if c["action"] == "add_member"]
    assert len(members) == 4

    cycle = await world.run("cycle", "--json")
    assert cycle.status == 0
    assert cycle.json["status"] == "completed"
    assert cycle.json["kind"] == "initial"
    assert cycle.json["counts"]["created"] == 6
    assert cycle.json["counts"]["memberships_added"] == 4
    assert "changes" not in cycle.json
    assert world.provisioned == world.entitled

    before = len(world.zscloud.requests)
    again = await world.run("cycle")
    assert again.status == 0
    assert "completed" in again.out
    assert len(world.zscloud.requests) == before

    changed = await world.run("plan")
    assert changed.status == 0
    assert "nothing was sent" in changed.out


async def test_the_log_answers_who_when_and_why(world: World) -> None:
    """Each filter narrows the log; the cursor goes on where a page ended."""
    cycle = (await world.run("cycle", "--json")).json
    user = next(iter(world.tenant.effective_users()))

    everything = (await world.run("logs", "--json")).json
    assert len(everything["items"]) == 10
    times = [item["time"] for item in everything["items"]]
    assert times == sorted(times, reverse=True)
    first = (await world.run("logs", "--json", "--limit", "7")).json
    rest = await world.run("logs", "--json", "--limit", "7", "--after", first["next"])
    assert codes(first) + codes(rest.json) == codes(everything)

    about = (await world.run("logs", "--json", "--principal", user)).json
    assert codes(about) == [user]
    created = await world.run(
        *("logs", "--json", "--cycle", cycle["cycle_id"], "--action", "create"),
        *("--status", "success", "--since", "1h", "--until", "2100-01-01T00:00:00Z"),
    )
    assert len(created.json["items"]) == 6
    assert (await world.run("logs", "--json", "--cycle", "unknown")).json["items"] == []

    members = await world.run("logs", "--action", "add_member")
    assert "member user0@example.com" in members.out

    details = await world.run("logs", "--principal", user)
    assert details.status == 0
    assert "userName: user" in details.out
    assert "export" in details.out
    assert "\x1b" not in details.out


async def test_status_before_and_after(world: World) -> None:
    """Before the first cycle the state says how to begin, after it what was done."""
    fresh = await world.run("status")
    assert fresh.status == 0
    assert "run `cycle` to begin" in fresh.out
    await world.run("cycle")
    after = (await world.run("status", "--json")).json
    assert after["state"] == "healthy"
    assert after["cycle"]["status"] == "completed"
    assert after["lease"] is None


async def test_status_shows_a_message_that_was_set_aside(world: World) -> None:
    """It counts in escrow, and the log of objects does not have it."""
    store = world.store()
    poison = Poison(store, load_settings(world.settings).job, SystemClock())
    await poison.failed("provisioning-work", RuntimeError("out of order"))
    await poison.set_aside("provisioning-work", "text")
    await store.close()
    shown = (await world.run("status")).out
    assert "a message on provisioning-work: RuntimeError: out of order" in shown


async def test_failed_objects(world: World) -> None:
    """Exit 1; result and log say who failed, why, and what to do about it."""
    stranger = world.tenant.add_user(
        "guest@elsewhere.example", displayName="Guest", givenName="G", surname="E"
    )
    world.tenant.assign(stranger)
    cycle = await world.run("cycle")
    assert cycle.status == 1
    assert "completed_with_errors" in cycle.out
    assert "guest@elsewhere.example" in cycle.out
    assert world.provisioned == [n for n in world.entitled if not n.startswith("guest")]
    failures = (await world.run("logs", "--json", "--status", "failure")).json
    assert codes(failures) == [stranger]
    assert failures["items"][0]["remedy"]
    assert failures["items"][0]["remedy"].split(".")[0] in cycle.out
    world.tenant.assign(
        world.tenant.add_user("other@elsewhere.example", givenName="O", surname="E")
    )
    assert (await world.run("cycle")).status == 1
    listed = (await world.run("logs", "--status", "failure")).out
    assert "guest@elsewhere.example" in listed
    assert "other@elsewhere.example" in listed
    assert listed.count(failures["items"][0]["remedy"]) == 1


async def test_held_removals(world: World) -> None:
    """Exit 3; a plan of the same shows them and exits 0."""
    for n in range(5):
        more = world.tenant.add_user(
            f"more{n}@example.com", displayName=f"More {n}", givenName="M", surname="S"
        )
        world.tenant.assign(more)
    assert (await world.run("cycle")).status == 0
    for id in world.tenant.effective_users():
        world.tenant.disable(id)
    plan = await world.run("plan", "--json")
    assert plan.status == 0
    assert plan.json["status"] == "held"
    held = await world.run("cycle")
    assert held.status == 3
    assert "held" in held.out
    assert "DELETION_THRESHOLD" in held.out
    assert len(world.provisioned) == 10


async def test_quarantine_by_a_refused_token(world: World) -> None:
    """ZSCloud refuses the token: exit 4, and the job says that it is quarantined."""
    cycle = await world.run("cycle", "--json", ZSCLOUD_SCIM_TOKEN="an-outdated-token")
    assert cycle.status == 4
    assert cycle.json["status"] == "quarantined"
    assert cycle.json["error"]["code"] == "Unauthorized"
    assert "an-outdated-token" not in cycle.out + cycle.err
    status = await world.run("status", "--json")
    assert status.status == 0
    assert status.json["state"] == "quarantined"


async def test_switched_off(world: World) -> None:
    """A cycle names the setting and exits 2; a plan works all the same."""
    off = await world.run("cycle", PROVISIONING_STATUS="off")
    assert off.status == 2
    assert off.out == ""
    assert "PROVISIONING_STATUS" in off.err
    assert len(world.zscloud.requests) == 0
    assert (await world.run("cycle", "--dry-run", PROVISIONING_STATUS="off")).status == 0


async def test_lease_held_by_another_process(world: World) -> None:
    """After ``--wait`` it gives up with exit 4, and names the holder."""
    store = world.store()
    try:
        assert await store.acquire(world.lease_name, "another process", 60.0)
        waited = await world.run("cycle", "--json", "--wait", "1")
        assert waited.status == 4
        assert waited.json["code"] == "LeaseUnavailable"
        assert "another process" in waited.json["detail"]
        plain = await world.run("plan", "--wait", "0")
        assert plain.status == 4
        assert plain.out == ""
        assert "another process" in plain.err
    finally:
        await store.close()


async def test_interrupted(world: World) -> None:
    """Ctrl-C: exit 130, the lease is free, and the next cycle goes on without a duplicate."""
    world.zscloud.set_faults(latency=0.3)
    process = await world.start("cycle", "--json", ZSCLOUD_REQUESTS_PER_SECOND="4")
    await until(lambda: "POST" in world.writes)
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert process.returncode == 130, err.decode()
    assert b'"Interrupted"' in out
    assert b"Traceback" not in err
    assert world.provisioned != world.entitled

    world.zscloud.set_faults()
    on = await world.run("cycle", "--json", "--wait", "0")
    assert on.status == 0
    assert world.provisioned == world.entitled
    assert world.zscloud.users.duplicates() == {}


async def test_colours_only_on_a_terminal_that_wants_them(world: World) -> None:
    """A terminal gets colours, unless NO_COLOR is set."""
    coloured = await asyncio.to_thread(_on_a_terminal, world.environment(TERM="xterm"))
    assert b"\x1b[3" in coloured
    wanted = world.environment(TERM="xterm", NO_COLOR="1")
    assert b"\x1b[3" not in await asyncio.to_thread(_on_a_terminal, wanted)


def test_interrupted_while_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C before any command runs ends with 130 too."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("provisioning.cli.app.main", interrupted)
    with pytest.raises(SystemExit) as ended:
        _start()
    assert ended.value.code == 130


def _on_a_terminal(environment: dict[str, str]) -> bytes:
    ours, theirs = os.openpty()
    try:
        subprocess.run(
            [sys.executable, "-m", "provisioning", "status"],
            env=environment,
            stdout=theirs,
            check=True,
        )
        return os.read(ours, 65_536)
    finally:
        os.close(ours)
        os.close(theirs)
