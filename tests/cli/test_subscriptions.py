"""``subscriptions``: what Graph has, and bringing it to what the settings say."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from provisioning.bootstrap import SystemClock
from simulator.http import Server
from tests.cli.world import World
from tests.support.webhook import Webhook

SECRET = "the-secret-of-notifications"


@pytest.fixture
async def webhook(world: World) -> AsyncIterator[Webhook]:
    """A webhook that Graph and the program reach."""
    made = Webhook(SystemClock())
    async with Server(made) as server:
        world.settings |= {
            "ENTRA_TENANT_ID": world.tenant.id,
            "NOTIFICATION_URL": f"{server.url}/api/notifications",
            "NOTIFICATION_CLIENT_STATE": SECRET,
        }
        yield made


@pytest.mark.usefixtures("webhook")
async def test_made_shown_renewed_and_deleted(world: World) -> None:
    none = await world.run("subscriptions")
    assert none.status == 0
    assert none.out.strip() == "Graph has no subscription of this application."
    made = await world.run("subscriptions", "ensure", "--json")
    assert made.status == 0
    assert [(i["resource"], i["action"], i["error"]) for i in made.json["items"]] == [
        ("users", "create", None),
        ("groups", "create", None),
    ]
    assert made.json["look_wanted"]
    users = made.json["items"][0]["id"]
    again = await world.run("subscriptions", "ensure")
    assert again.status == 0
    assert "It is as it should be." in again.out
    assert SECRET not in again.out + again.err

    listed = await world.run("subscriptions", "--json")
    assert {item["resource"]: item["ours"] for item in listed.json["items"]} == {
        "users": True,
        "groups": True,
    }
    shown = await world.run("subscriptions", "list")
    assert users in shown.out
    assert "127.0.0.1:" in shown.out
    assert "this job's" in shown.out
    status = await world.run("status")
    assert status.out.count("active, until 2") == 2

    renewed = await world.run("subscriptions", "renew", "--json")
    assert {item["action"] for item in renewed.json["items"]} == {"renew"}
    deleted = await world.run("subscriptions", "delete", users)
    assert (deleted.status, deleted.out.strip()) == (0, f"Deleted {users}.")
    state = (await world.run("status", "--json")).json["subscriptions"]
    assert [each["state"] for each in state] == ["missing", "active"]
    unknown = await world.run("subscriptions", "delete", users, "--json")
    assert (unknown.status, unknown.json["errors"][0]["field"]) == (2, "id")


@pytest.mark.usefixtures("webhook")
async def test_a_permission_that_is_missing(world: World) -> None:
    """Exit 4, with what to do; the other one is made."""
    url = world.settings["GRAPH_BASE_URL"].replace("/v1.0", "/control/knobs")
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.post(url, json={"missing_permissions": ["Group.Read.All"]})
    failed = await world.run("subscriptions", "ensure")
    assert failed.status == 4
    assert "Grant the application permission Group.Read.All" in failed.out
    document = await world.run("subscriptions", "ensure", "--json")
    assert document.status == 4
    users, groups = document.json["items"]
    assert (users["action"], users["error"]) == ("nothing", None)
    assert groups["error"]["code"] == "InsufficientRights"
    assert "Group.Read.All" in (await world.run("status")).out


async def test_without_a_webhook(world: World) -> None:
    ended = await world.run("subscriptions", "ensure")
    assert (ended.status, ended.out.strip()) == (
        0,
        "NOTIFICATION_URL is not set: nothing is subscribed to.",
    )
