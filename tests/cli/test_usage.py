"""Calls and settings that are wrong, and what the program says by itself."""

from __future__ import annotations

import asyncio
import socket
import sys

import msgspec
import pytest

from tests.cli.world import TOKEN, World

HEAVY = ("msgraph", "azure", "aiohttp", "httpx", "lark")


async def test_connection_is_tested(world: World) -> None:
    """All checks pass, and nothing is written."""
    good = await world.run("test-connection", "--json")
    assert good.status == 0
    assert good.json["ok"]
    assert {check["status"] for check in good.json["checks"]} == {"ok"}
    assert world.writes == []


async def test_connection_with_a_refused_token(world: World) -> None:
    """Exit 4; the check that failed says what to do; the token is not shown."""
    refused = await world.run("test-connection", ZSCLOUD_SCIM_TOKEN="an-outdated-token")
    assert refused.status == 4
    assert "failed" in refused.out
    assert "401" in refused.out
    assert "an-outdated-token" not in refused.out + refused.err


async def test_connection_to_a_closed_port(world: World) -> None:
    """Exit 4 when ZSCloud is not reached."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/1/2/scim"
        away = await world.run("test-connection", "--json", ZSCLOUD_SCIM_BASE_URL=url)
    assert away.status == 4
    assert not away.json["ok"]
    assert "RemoteUnavailable" in {check["code"] for check in away.json["checks"]}


async def test_every_wrong_setting_is_reported_at_once(world: World) -> None:
    """Exit 2, each problem with field, message and remedy; the token is never shown."""
    wrong = {
        "ENTRA_SERVICE_PRINCIPAL_ID": "not a guid",
        "ZSCLOUD_SCIM_BASE_URL": "",
        "ZSCLOUD_SCIM_TOKEN": f"{TOKEN} \x01",
        "NESTED_GROUPS": "sometimes",
    }
    document = await world.run("status", "--json", **wrong)
    assert document.status == 2
    assert document.json["code"] == "ConfigurationError"
    errors = document.json["errors"]
    assert {error["field"] for error in errors} == set(wrong)
    assert all(error["message"] and error["remedy"] for error in errors)
    people = await world.run("cycle", **wrong)
    assert people.status == 2
    assert people.out == ""
    assert all(name in people.err for name in wrong)


async def test_local_settings_are_the_defaults(world: World) -> None:
    """Values of local.settings.json count unless the environment says otherwise."""
    values = {**world.settings, "PROVISIONING_STATUS": "off"}
    (world.folder / "local.settings.json").write_bytes(
        msgspec.json.encode({"IsEncrypted": False, "Values": values})
    )
    world.settings.clear()
    assert (await world.run("status", "--json")).json["state"] == "off"
    on = await world.run("status", "--json", PROVISIONING_STATUS="on")
    assert on.json["state"] == "healthy"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        pytest.param(("logs", "--since", "yesterday"), "since", id="time"),
        pytest.param(("logs", "--status", "good"), "status", id="status"),
        pytest.param(("logs", "--limit", "0"), "limit", id="limit"),
        pytest.param(("logs", "--after", "yesterday"), "after", id="cursor"),
        pytest.param(("logs", "--principal", "nobody@example.com"), "principal", id="principal"),
        pytest.param(("cycle", "--kind", "full"), "arguments", id="kind"),
        pytest.param(("nonsense",), "arguments", id="command"),
    ],
)
async def test_wrong_arguments(world: World, arguments: tuple[str, ...], field: str) -> None:
    """Exit 2 with one problem document, and in words without ``--json``."""
    document = await world.run(*arguments, "--json")
    assert document.status == 2
    assert document.json["errors"][0]["field"] == field
    assert document.json["errors"][0]["remedy"]
    people = await world.run(*arguments)
    assert people.status == 2
    assert people.out == ""
    assert people.err


async def test_a_log_without_entries(world: World) -> None:
    """A filter that nothing fits, and a store that nothing was written to."""
    said = await world.run("logs", "--status", "failure")
    assert (said.status, said.out, said.err) == (0, "No entries.\n", "")


@pytest.mark.parametrize("command", ["status", "logs", "plan", "cycle"])
async def test_store_of_another_job(world: World, command: str) -> None:
    """Exit 2 and what to do, also of commands that only read."""
    assert (await world.run("cycle")).status == 0
    other = {"ENTRA_SERVICE_PRINCIPAL_ID": "00000000-0000-4000-8000-000000000001"}
    ended = await world.run(command, **other)
    assert (ended.status, ended.out) == (2, "")
    assert "STATE_STORE" in ended.err
    assert "ENTRA_SERVICE_PRINCIPAL_ID" in ended.err


async def test_first_steps_and_help(world: World) -> None:
    """Without settings and arguments the program says what to do first."""
    world.settings.clear()
    first = await world.run()
    assert first.status == 0
    assert "ZSCLOUD_SCIM_TOKEN" in first.out
    assert first.out.index("doctor") < first.out.index("plan")
    assert len(first.out.splitlines()) < 15
    help = await world.run("--help")
    assert help.status == 0
    assert "local.settings.json" in help.out
    for command in ("cycle", "plan", "on-demand", "status", "logs", "test-connection", "doctor"):
        assert command in help.out


async def test_starting_is_light() -> None:
    """The commands are known without the clients of the remote systems."""
    code = f"import sys, provisioning.cli.app; print([m for m in {HEAVY!r} if m in sys.modules])"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert out.decode().strip() == "[]"


@pytest.mark.parametrize("json", [(), ("--json",)], ids=["text", "json"])
async def test_an_argument_that_is_no_text_is_refused(world: World, json: tuple[str, ...]) -> None:
    """What a terminal of another encoding sends; Python has halves of surrogate pairs for it."""
    ended = await world.run("explain", "J\udcf6rg", *json)
    assert ended.status == 2
    said = ended.out if json else ended.err
    assert "argument 2" in said
    assert "Traceback" not in ended.err
