"""Where alarms go: how the texts of the settings become it. Each raises ``InvalidSettingError``.

No message shows the text of a URL: a password or a key may stand in it.
"""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import msgspec

from provisioning.errors import cut
from provisioning.setting_values import InvalidSettingError, Secret, is_loopback

_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_HOST = re.compile(r"[A-Za-z0-9.:_-]{1,253}")
_LONGEST_ADDRESS = 254
_PORTS = {"smtp": 587, "smtps": 465}
"""RFC 6409 and RFC 8314."""

_SMTP_REMEDY = (
    "Write smtps://user:password@host:465, or smtp://user:password@host:587 for a server with "
    "STARTTLS; characters such as @ / : in user or password as %40 %2F %3A."
)
_WEBHOOK_REMEDY = "Write the https URL that takes the alarms, as its owner gives it."

Encryption = Literal["tls", "required", "offered", "never"]
"""From the start; by STARTTLS or not at all; by STARTTLS where the server offers it; none."""


class SmtpServer(msgspec.Struct, frozen=True, kw_only=True):
    """A mail server, and how it is to be spoken to. ``loopback``: it is this machine."""

    host: str
    port: int
    encryption: Encryption
    loopback: bool
    user: str | None = None
    password: Secret | None = None


def address(raw: str) -> str:
    """A mail address of ASCII, without a name beside it (RFC 5321 section 4.1.2)."""
    if len(raw) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(raw):
        raise InvalidSettingError(
            f"{cut(raw, 100)!r} is no mail address.", "Write name@example.com, without a name."
        )
    return raw


def addresses(raw: str) -> tuple[str, ...]:
    """Mail addresses, separated by commas."""
    parts = [part.strip() for part in raw.split(",")]
    return tuple(dict.fromkeys(address(part) for part in parts if part))


def smtp_server(raw: str) -> SmtpServer:
    """``smtp://`` or ``smtps://``, with user and password, port, and ``?starttls=``.

    Off this machine ``smtp://`` is encrypted by STARTTLS before anything is said.
    """
    parts = _split(raw, "is no URL of a mail server.", _SMTP_REMEDY)
    if parts.scheme not in _PORTS:
        raise InvalidSettingError("is neither smtp:// nor smtps://.", _SMTP_REMEDY)
    if parts.path.strip("/") or parts.fragment:
        raise InvalidSettingError("holds a path or a fragment.", _SMTP_REMEDY)
    host = parts.hostname or ""
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise InvalidSettingError("holds a user without a password, or the reverse.", _SMTP_REMEDY)
    if not (user + password).isprintable():
        raise InvalidSettingError("holds a control character in user or password.", _SMTP_REMEDY)
    encryption = _encryption(parts, loopback=is_loopback(host))
    return SmtpServer(
        host=host,
        port=parts.port or _PORTS[parts.scheme],
        encryption=encryption,
        loopback=is_loopback(host),
        user=user or None,
        password=Secret(password) if password else None,
    )


def webhook_url(raw: str) -> Secret:
    """A URL that takes alarms: https, or http to this machine. All of it is secret, since whoever
    knows it can post there.
    """
    parts = _split(raw, "is no URL with a host.", _WEBHOOK_REMEDY)
    if parts.username is not None or parts.password is not None:
        raise InvalidSettingError("holds a user name or password.", _WEBHOOK_REMEDY)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise InvalidSettingError(
            "is not encrypted; http is for this machine alone.", _WEBHOOK_REMEDY
        )
    if parts.scheme not in ("http", "https"):
        raise InvalidSettingError("is neither https nor http.", _WEBHOOK_REMEDY)
    if parts.fragment:
        raise InvalidSettingError("holds a fragment.", _WEBHOOK_REMEDY)
    return Secret(raw)


def is_host(text: str) -> bool:
    """Whether a text is the name of a host, perhaps with a port."""
    return _HOST.fullmatch(text) is not None


def default_sender(recipients: tuple[str, ...], server: SmtpServer | None) -> str | None:
    """From whom mails come without ALERT_FROM: the user of the server where that is an address,
    since many servers take no other; else a name in the domain of the first recipient.
    """
    if server is not None and server.user is not None and _ADDRESS.fullmatch(server.user):
        return server.user
    if not recipients:
        return None
    return f"zscloud-provisioning@{recipients[0].rpartition('@')[2]}"


def _encryption(parts: SplitResult, *, loopback: bool) -> Encryption:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    wanted = options.pop("starttls", None)
    if options:
        raise InvalidSettingError("holds a parameter other than starttls.", _SMTP_REMEDY)
    if parts.scheme == "smtps":
        if wanted is not None:
            raise InvalidSettingError(
                "holds starttls, and smtps:// is encrypted from the start.", _SMTP_REMEDY
            )
        return "tls"
    if wanted not in (None, "required", "offered", "never"):
        raise InvalidSettingError(
            "holds a starttls that is none of its values.", "Write required, offered or never."
        )
    if wanted in ("offered", "never") and not loopback:
        raise InvalidSettingError(
            "asks for mail without encryption, which is for this machine alone.",
            "Leave starttls out, or write starttls=required.",
        )
    if wanted is None:
        return "offered" if loopback else "required"
    return wanted  # type: ignore[return-value]  # one of its values, as was seen above


def _split(raw: str, message: str, remedy: str) -> SplitResult:
    try:
        parts = urlsplit(raw)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InvalidSettingError(message, remedy) from None
    broken = re.search(r"[\s\\]", raw) or not raw.isprintable() or not raw.isascii()
    if not host or not _HOST.fullmatch(host) or port == 0 or broken:
        raise InvalidSettingError(message, remedy)
    return parts
