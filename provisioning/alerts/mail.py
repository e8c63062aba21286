"""Alarms by mail: an adapter over aiosmtplib, which is imported with the first mail.

Off this machine nothing is said before the connection is encrypted and the server's certificate
has been checked; the password is never sent otherwise (RFC 8314, RFC 4954 section 4).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from provisioning.alerts.addresses import SmtpServer
from provisioning.alerts.message import mail
from provisioning.errors import (
    CredentialsRefused,
    Rejected,
    RemoteError,
    RemoteUnavailable,
    cut,
)
from provisioning.notice import Notice
from provisioning.ports import Ids

if TYPE_CHECKING:
    import aiosmtplib

_log = logging.getLogger(__name__)

TIMEOUT = 30.0
"""Seconds for one mail in all, and for each answer of the server."""

_REMOTE = "The mail server"
_TLS_REMEDY = (
    "Give the mail server a certificate that is publicly trusted and bears the name in SMTP_URL."
)
_STARTTLS_REMEDY = (
    "Use the port on which the server offers STARTTLS (mostly 587), or smtps:// with port 465."
)
_AUTH_REMEDY = "Correct user and password in SMTP_URL; @ / : in them are written %40 %2F %3A."
_RECIPIENT_REMEDY = (
    "Correct ALERT_EMAIL and ALERT_FROM, or let the mail server accept mail from one to the other."
)
_REACH_REMEDY = (
    "See that host and port in SMTP_URL are right and can be reached from here: Azure lets nobody "
    "out on port 25. The mail is tried again."
)


class MailChannel:
    """Implements ``ports.AlertChannel``. One connection for each mail: they are rare.

    ``tls`` is what certificates are checked by, the system's trust store by default.
    """

    name = "mail"

    def __init__(
        self,
        server: SmtpServer,
        sender: str,
        recipients: Sequence[str],
        ids: Ids,
        *,
        timeout: float = TIMEOUT,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._sender = sender
        self._recipients = tuple(recipients)
        self._ids = ids
        self._timeout = timeout
        self._tls = tls

    async def send(self, notice: Notice) -> None:
        """Sends one mail to all recipients; accepted when the server took it for one of them.

        Raises ``RemoteUnavailable``, ``CredentialsRefused``, ``Rejected``.
        """
        import aiosmtplib

        try:
            async with asyncio.timeout(self._timeout):
                await self._send(notice)
        except TimeoutError:
            detail = f"no answer within {self._timeout:g} s"
            raise RemoteUnavailable(
                _REMOTE, self._operation, detail, remedy=_REACH_REMEDY
            ) from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            # Without the cause: the library's errors may hold what was sent.
            raise self._failure(error) from None

    @property
    def _operation(self) -> str:
        return f"mail over {self._server.host}:{self._server.port}"

    async def _send(self, notice: Notice) -> None:
        import aiosmtplib

        client = aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            local_hostname=_own_name(),
            use_tls=self._server.encryption == "tls",
            start_tls=False,  # done below, where its refusal can be told
            tls_context=self._tls or ssl.create_default_context(),
            timeout=self._timeout,
        )
        await client.connect()
        try:
            await self._secure(client)
            await self._sign_in(client)
            message = mail(
                notice, sender=self._sender, recipients=self._recipients, id=self._ids.new()
            )
            refused, _ = await client.send_message(
                message, sender=self._sender, recipients=list(self._recipients)
            )
            for number, (_, answer) in enumerate(sorted(refused.items()), 1):
                _log.warning(
                    "The mail server refuses recipient %d of %d: %s",
                    *(number, len(self._recipients), self._scrubbed(str(answer))),
                )
            # The mail is accepted: how the connection ends does not matter any more.
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
        finally:
            client.close()

    async def _secure(self, client: aiosmtplib.SMTP) -> None:
        wanted = self._server.encryption
        if wanted not in ("required", "offered"):
            return
        await client.ehlo()
        if client.supports_extension("starttls"):
            await client.starttls()
        elif wanted == "required":
            raise _Unencrypted

    async def _sign_in(self, client: aiosmtplib.SMTP) -> None:
        server = self._server
        if server.user is None or server.password is None:
            return
        encrypted = client.get_transport_info("sslcontext") is not None
        if not encrypted and not server.loopback:
            raise _Unencrypted
        await client.login(server.user, server.password.reveal())

    def _failure(self, error: Exception) -> RemoteError:
        """The library's error as one of ours."""
        import aiosmtplib

        if isinstance(error, _Unencrypted):
            detail = "it does not offer STARTTLS, and nothing is sent in the clear"
            return Rejected(_REMOTE, self._operation, detail, remedy=_STARTTLS_REMEDY)
        if any(isinstance(cause, ssl.SSLError) for cause in _chain(error)):
            return self._unavailable(error, _TLS_REMEDY)
        if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
            first = error.recipients[0]
            return self._answered(first.code, f"no recipient is accepted: {first.message}")
        if isinstance(error, aiosmtplib.SMTPResponseException):
            if isinstance(error, aiosmtplib.SMTPAuthenticationError) and error.code >= 500:
                return CredentialsRefused(
                    _REMOTE,
                    self._operation,
                    self._scrubbed(error.message),
                    status=error.code,
                    remedy=_AUTH_REMEDY,
                )
            return self._answered(error.code, error.message)
        return self._unavailable(error, _REACH_REMEDY)

    def _answered(self, code: int, message: str) -> RemoteError:
        """4xx passes by itself, 5xx does not (RFC 5321 section 4.2.1)."""
        detail = self._scrubbed(message)
        if code < 500:
            return RemoteUnavailable(_REMOTE, self._operation, detail, status=code)
        return Rejected(_REMOTE, self._operation, detail, status=code, remedy=_RECIPIENT_REMEDY)

    def _unavailable(self, error: Exception, remedy: str) -> RemoteError:
        text = self._scrubbed(f"{type(error).__name__}: {error}")
        return RemoteUnavailable(_REMOTE, self._operation, text, remedy=remedy)

    def _scrubbed(self, text: str) -> str:
        """Without the password, also as it was sent, in case the server repeats it."""
        server = self._server
        if server.user is not None and server.password is not None:
            user, password = server.user, server.password.reveal()
            for secret in (f"\0{user}\0{password}", password):
                encoded = b64encode(secret.encode()).decode()
                text = text.replace(encoded, "***").replace(secret, "***")
        return cut(text)


class _Unencrypted(OSError):
    """The connection is not encrypted, and has to be."""


def _own_name() -> str:
    """How we greet the server. Asking the name service for it could take long; an address literal
    stands in for a name without a domain (RFC 5321 section 4.1.3).
    """
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
