"""Mails against the library aiosmtpd: plain, encrypted, signed in, and everything that refuses."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from provisioning.alerts.addresses import smtp_server
from provisioning.alerts.mail import MailChannel
from provisioning.errors import (
    CredentialsRefused,
    Rejected,
    RemoteError,
    RemoteUnavailable,
)
from tests.alerts.notices import NOTICE
from tests.scenarios.world import CountedIds
from tests.support.mail_server import (
    PASSWORD,
    USER,
    MailServer,
    server_tls,
    serving,
    trusting,
)

RECIPIENTS = ("ops@example.com", "second@example.com")
ACCOUNT = f"{quote(USER)}:{quote(PASSWORD, safe='')}@"


def channel(
    server: MailServer,
    *,
    account: str = "",
    scheme: str = "smtp",
    query: str = "",
    remote: bool = False,
    tls: ssl.SSLContext | None = None,
    timeout: float = 5.0,
) -> MailChannel:
    """``remote``: as if the server were not this machine."""
    parsed = smtp_server(f"{scheme}://{account}127.0.0.1:{server.port}{query}")
    if remote:
        elsewhere = smtp_server(f"{scheme}://{account}mail.example.com{query}")
        parsed = msgspec.structs.replace(elsewhere, host=parsed.host, port=parsed.port)
    return MailChannel(
        parsed, "from@example.com", RECIPIENTS, CountedIds(), timeout=timeout, tls=tls
    )


async def refused(one: MailChannel, kind: type[RemoteError]) -> Any:
    with pytest.raises(kind) as caught:
        await one.send(NOTICE)
    error = caught.value
    assert type(error) is kind
    assert error.remedy
    shown = f"{error!s} {error!r} {error.remedy} {error.__cause__!r}"
    encoded = b64encode(PASSWORD.encode()).decode()
    assert PASSWORD not in shown
    assert encoded not in shown
    assert quote(PASSWORD, safe="") not in shown
    return error


async def test_a_mail_on_this_machine() -> None:
    async with serving() as server:
        one = channel(server)
        await one.send(NOTICE)
        await one.send(NOTICE)
    first, second = server.mails
    assert first["Subject"] == "ZSCloud provisioning: removals are held"
    assert server.recipients[0] == list(RECIPIENTS)
    assert "Jürgen Öztürk" in first.get_content()
    assert first["Message-ID"] != second["Message-ID"]
    assert server.encrypted == [False, False]


@pytest.mark.parametrize("remote", [False, True])
async def test_starttls_is_used_where_it_is_offered(tmp_path: Path, *, remote: bool) -> None:
    async with serving(starttls=server_tls(tmp_path)) as server:
        await channel(server, remote=remote, tls=trusting(tmp_path)).send(NOTICE)
    assert server.encrypted == [True]


async def test_tls_from_the_start(tmp_path: Path) -> None:
    async with serving(tls=server_tls(tmp_path)) as server:
        await channel(server, scheme="smtps", remote=True, tls=trusting(tmp_path)).send(NOTICE)
    assert server.encrypted == [True]


async def test_without_starttls_nothing_goes_to_another_machine() -> None:
    async with serving(auth=True) as server:
        error = await refused(channel(server, remote=True, account=ACCOUNT), Rejected)
        assert "does not offer STARTTLS" in str(error)
        required = channel(server, query="?starttls=required", account=ACCOUNT)
        assert "STARTTLS" in str(await refused(required, Rejected))
    assert (server.mails, server.commands) == ([], [])


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_certificate_that_nobody_trusts(tmp_path: Path, scheme: str) -> None:
    shown = server_tls(tmp_path)
    tls, starttls = (shown, None) if scheme == "smtps" else (None, shown)
    async with serving(tls=tls, starttls=starttls, auth=True) as server:
        one = channel(server, scheme=scheme, remote=True, account=ACCOUNT)
        error = await refused(one, RemoteUnavailable)
        assert "certificate" in error.remedy
    assert (server.mails, server.commands) == ([], [])


async def test_a_certificate_of_another_name(tmp_path: Path) -> None:
    async with serving(starttls=server_tls(tmp_path, "other.example.com"), auth=True) as server:
        one = channel(
            server, remote=True, account=ACCOUNT, tls=trusting(tmp_path, "other.example.com")
        )
        assert "certificate" in (await refused(one, RemoteUnavailable)).remedy
    assert (server.mails, server.commands) == ([], [])


async def test_signing_in(tmp_path: Path) -> None:
    async with serving(starttls=server_tls(tmp_path), auth=True) as server:
        await channel(server, remote=True, account=ACCOUNT, tls=trusting(tmp_path)).send(NOTICE)
    assert server.encrypted == [True]
    assert server.commands[0].startswith("AUTH ")


async def test_signing_in_without_encryption_on_this_machine_alone() -> None:
    async with serving(auth=True) as server:
        await channel(server, account=ACCOUNT).send(NOTICE)
    assert len(server.mails) == 1


async def test_nobody_is_signed_in_in_the_clear_on_another_machine() -> None:
    """Whatever the settings let through: the last look is at the connection itself."""
    async with serving(auth=True) as server:
        elsewhere = smtp_server(f"smtp://{ACCOUNT}mail.example.com")
        parsed = msgspec.structs.replace(
            elsewhere, host="127.0.0.1", port=server.port, encryption="never"
        )
        await refused(MailChannel(parsed, "from@example.com", RECIPIENTS, CountedIds()), Rejected)
    assert (server.mails, server.commands) == ([], [])


async def test_a_wrong_password(tmp_path: Path) -> None:
    async with serving(starttls=server_tls(tmp_path), auth=True) as server:
        wrong = f"{quote(USER)}:{quote(PASSWORD[::-1], safe='')}@"
        one = channel(server, remote=True, account=wrong, tls=trusting(tmp_path))
        error = await refused(one, CredentialsRefused)
        assert error.status == 535
        assert PASSWORD[::-1] not in str(error)
        assert "SMTP_URL" in error.remedy
        assert server.mails == []


async def test_a_server_that_repeats_the_password(tmp_path: Path) -> None:
    """What it answers is shown to nobody as it stands."""
    said = f"550 5.7.1 not with {PASSWORD} ({b64encode(PASSWORD.encode()).decode()})"
    async with serving(starttls=server_tls(tmp_path), auth=True) as server:
        server.answers["MAIL"] = [said]
        one = channel(server, remote=True, account=ACCOUNT, tls=trusting(tmp_path))
        assert "***" in str(await refused(one, Rejected))


async def test_one_refused_recipient_keeps_no_other_from_the_mail(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving() as server:
        server.refused = {"second@example.com"}
        await channel(server).send(NOTICE)
    assert server.recipients == [["ops@example.com"]]
    assert "refuses recipient 1 of 2" in caplog.text


async def test_no_recipient_is_accepted() -> None:
    async with serving() as server:
        server.refused = set(RECIPIENTS)
        error = await refused(channel(server), Rejected)
    assert error.status == 550
    assert "no such mailbox" in str(error)
    assert "ALERT_EMAIL" in error.remedy


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("451 4.3.0 try again later", RemoteUnavailable),
        ("554 5.7.1 spam", Rejected),
    ],
)
async def test_a_refusal_that_passes_and_one_that_does_not(
    command: str, answer: str, kind: type[RemoteError]
) -> None:
    async with serving() as server:
        server.answers[command] = [answer] * len(RECIPIENTS)
        one = channel(server)
        error = await refused(one, kind)
        assert error.status == int(answer[:3])
        server.answers.clear()
        await one.send(NOTICE)
    assert len(server.mails) == 1


async def test_a_server_that_says_nothing() -> None:
    async with serving() as server:
        server.silent = True
        began = time.monotonic()
        error = await refused(channel(server, timeout=0.2), RemoteUnavailable)
        assert time.monotonic() - began < 3
        assert "within 0.2 s" in str(error) or "Timed out" in str(error)


async def test_a_port_that_never_greets() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(hang, "127.0.0.1", 0)
    server = MailServer()
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        await refused(channel(server, timeout=0.2), RemoteUnavailable)


async def test_nobody_is_there() -> None:
    async with serving() as server:
        pass
    error = await refused(channel(server), RemoteUnavailable)
    assert f"127.0.0.1:{server.port}" in str(error)
    assert "port 25" in error.remedy


async def test_what_answers_is_no_mail_server() -> None:
    async def other(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(other, "127.0.0.1", 0)
    server = MailServer()
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        await refused(channel(server), RemoteUnavailable)


async def test_a_connection_that_breaks_after_the_acceptance_has_sent_the_mail() -> None:
    class Rude(MailServer):
        async def handle_QUIT(self, server: Any, *_: Any) -> str:  # noqa: N802
            server.transport.abort()
            return "221 Bye"

    async with serving(Rude()) as server:
        await channel(server).send(NOTICE)
    assert len(server.mails) == 1


async def test_nothing_of_it_is_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "provisioning")
    caplog.set_level(logging.DEBUG, "aiosmtplib")
    async with serving(starttls=server_tls(tmp_path), auth=True) as server:
        await channel(server, remote=True, account=ACCOUNT, tls=trusting(tmp_path)).send(NOTICE)
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("mail.log")]
    assert not any(PASSWORD in line for line in ours)
