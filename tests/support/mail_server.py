"""A mail server for the tests: the library aiosmtpd behind a socket of this event loop."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

USER, PASSWORD = "alarms@example.com", "p4ss/w0rd@mail"


class MailServer:
    """Keeps the mails that it took. ``answers`` are said to the next commands instead of an
    acceptance, by the name of the command: ``RCPT``, ``MAIL`` or ``DATA``.
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.commands: list[str] = []
        self.answers: dict[str, list[str]] = {}
        self.refused: set[str] = set()
        self.silent = False
        self.encrypted: list[bool] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def subjects(self) -> list[str]:
        return [mail["Subject"].removeprefix("ZSCloud provisioning: ") for mail in self.mails]

    async def handle_MAIL(  # noqa: N802 - as the library calls it
        self, _s: Any, _session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await self._wait()
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self._answer("MAIL")

    async def handle_RCPT(  # noqa: N802 - as the library calls it
        self, _s: Any, _session: Any, envelope: Envelope, address: str, _o: list[str]
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 no such mailbox"
        answer = self._answer("RCPT")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 - as the library calls it
        self, server: Any, session: Any, envelope: Envelope
    ) -> str:
        answer = self._answer("DATA")
        if answer.startswith("2"):
            assert isinstance(envelope.content, bytes)
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
            self.recipients.append(list(envelope.rcpt_tos))
            self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return answer

    def authenticate(
        self, _s: Any, _session: Any, _e: Any, mechanism: str, data: Any
    ) -> AuthResult:
        self.commands.append(f"AUTH {mechanism}")
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (
            USER.encode(),
            PASSWORD.encode(),
        )
        return AuthResult(success=good, handled=False)

    def _answer(self, command: str) -> str:
        self.commands.append(command)
        waiting = self.answers.get(command)
        return waiting.pop(0) if waiting else "250 OK"

    async def _wait(self) -> None:
        if self.silent:
            await asyncio.Event().wait()


@asynccontextmanager
async def serving(
    server: MailServer | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    auth: bool = False,
) -> AsyncIterator[MailServer]:
    """The server on a free port: with TLS from the start, with STARTTLS on offer, or plain."""
    server = server or MailServer()
    loop = asyncio.get_running_loop()
    connections: list[SMTP] = []

    def connected() -> SMTP:
        protocol = SMTP(
            server,
            hostname="mail.example.com",
            loop=loop,
            tls_context=starttls,
            authenticator=server.authenticate if auth else None,
            # Without encryption it is offered only: the library warns of asking for it.
            auth_required=auth and starttls is not None,
            auth_require_tls=starttls is not None,
        )
        connections.append(protocol)
        return protocol

    listening = await loop.create_server(connected, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        tasks = [each._handler_coroutine for each in connections]
        for connection in connections:
            if connection.transport is not None:
                connection.transport.abort()
        for task in tasks:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(t for t in tasks if t is not None), return_exceptions=True)


def certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """A certificate of its own issuer for a name and 127.0.0.1, and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "localhost":
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_file, key_file


def server_tls(folder: Path, name: str = "localhost") -> ssl.SSLContext:
    """What the server shows; ``trusting`` is the other side of it."""
    certificate_file, key_file = certificate(folder, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    return context


def trusting(folder: Path, name: str = "localhost") -> ssl.SSLContext:
    """Checks certificates as usual, and trusts the issuer of that one."""
    return ssl.create_default_context(cafile=str(folder / f"{name}.pem"))
