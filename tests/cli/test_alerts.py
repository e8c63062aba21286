"""``alerts``: what holds, and trying the channels out, in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.http import Request, Response, Server
from tests.cli.world import World
from tests.support.mail_server import PASSWORD, USER, MailServer, server_tls, serving


class Hook:
    def __init__(self, status: int = 202) -> None:
        self.status = status

    async def handle(self, request: Request) -> Response:
        return Response(self.status)


def mail_settings(server: MailServer) -> dict[str, str]:
    return {"SMTP_URL": server.url, "ALERT_EMAIL": "ops@example.com"}


async def test_nothing_is_wrong(world: World) -> None:
    ended = await world.run("alerts")
    assert ended.status == 0
    assert "Nothing is wrong" in ended.out
    assert "No channel is configured" in ended.out
    listed = await world.run("alerts", "list", "--json")
    assert listed.json == {"items": [], "channels": [], "next": None}


async def test_a_cycle_tells_and_the_list_says_so(world: World) -> None:
    async with serving() as server:
        world.settings |= mail_settings(server)
        world.zscloud.set_options(token="another")
        assert (await world.run("cycle")).status == 4
        assert server.subjects == ["credentials are refused"]
        ended = await world.run("alerts")
        assert ended.status == 0
        for words in ("token_refused", "quarantine", "told by mail", "Generate Token"):
            assert words in ended.out
        shown = await world.run("status")
        assert "token_refused: The job is in quarantine" in shown.out
        assert len(server.mails) == 1


async def test_both_channels_answer(world: World) -> None:
    async with serving() as server, Server(Hook()) as hook:
        ended = await world.run(
            "alerts", "test", **mail_settings(server), ALERT_WEBHOOK=f"{hook.url}/k3y"
        )
        assert ended.status == 0
        assert ended.out.count("accepted") == 2
        assert server.subjects == ["this is a test"]


@pytest.mark.parametrize(("status", "exit_status"), [(404, 2), (401, 4), (302, 2)])
async def test_a_channel_that_fails(world: World, status: int, exit_status: int) -> None:
    """The other one is tried all the same, and nobody sees the secret."""
    async with serving() as server, Server(Hook(status)) as hook:
        ended = await world.run(
            "alerts", "test", "--json", **mail_settings(server), ALERT_WEBHOOK=f"{hook.url}/k3y"
        )
    assert ended.status == exit_status
    assert [each["ok"] for each in ended.json["items"]] == [True, False]
    assert str(status) in ended.json["items"][1]["error"]["message"]
    assert "k3y" not in ended.out + ended.err


async def test_the_password_is_refused(world: World, tmp_path: Path) -> None:
    """The certificate is checked against what the machine trusts."""
    async with serving(starttls=server_tls(tmp_path), auth=True) as server:
        settings = {
            "SMTP_URL": f"smtp://{USER.replace('@', '%40')}:wr0ng-p4ss@127.0.0.1:{server.port}",
            "ALERT_EMAIL": "ops@example.com",
        }
        untrusted = await world.run("alerts", "test", **settings)
        assert untrusted.status == 4
        assert "certificate" in untrusted.out
        assert server.commands == []
        trusted = {**settings, "SSL_CERT_FILE": str(tmp_path / "localhost.pem")}
        refused = await world.run("alerts", "test", **trusted)
        assert refused.status == 4
        assert "535" in refused.out
        assert "wr0ng" not in refused.out + refused.err + untrusted.out + untrusted.err
        trusted["SMTP_URL"] = trusted["SMTP_URL"].replace(
            "wr0ng-p4ss", PASSWORD.replace("/", "%2F").replace("@", "%40")
        )
        assert (await world.run("alerts", "test", **trusted)).status == 0
    assert server.encrypted == [True]


async def test_no_channel_is_configured(world: World) -> None:
    ended = await world.run("alerts", "test")
    assert ended.status == 2
    assert "ALERT_WEBHOOK" in ended.err


async def test_settings_that_cannot_be_used(world: World) -> None:
    ended = await world.run("alerts", "test", SMTP_URL="smtp://user:p4ss@mail.example.com?x=1")
    assert ended.status == 2
    assert "SMTP_URL" in ended.err
    assert "p4ss" not in ended.out + ended.err
