"""How the text of a setting becomes its value. Each raises ``InvalidSettingError``."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from math import isfinite, nan
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from provisioning.errors import cut
from provisioning.ncrontab import parse_schedule

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_TOKEN = re.compile(r"[!-~]+")
_SCIM_PATH = re.compile(r"/([^/]+)(?:/[^/]+)?/scim")
_CLIENT_STATE = re.compile(r"[!-+\--~]{16,128}")
_SQLITE = "sqlite:///"
_AZURE = "azure"
_URL_REMEDY = "Write https://host/path, with nothing else in it."


class InvalidSettingError(Exception):
    """A text is no value of its setting. Both sentences are for people; neither has a secret."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class Secret:
    """A value that shows itself to nobody but who asks for it by name."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value. Never log it, and put it into no message."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self._value

    def __hash__(self) -> int:
        return hash(self._value)


def text(raw: str) -> str:
    """Any text."""
    return raw


def guid(raw: str) -> str:
    """An object id or tenant id, in lower case."""
    if not _GUID.fullmatch(raw):
        raise _seen(raw, "is no GUID.", "Write 8-4-4-4-12 hexadecimal digits, without braces.")
    return raw.lower()


def choice(*allowed: str) -> Callable[[str], str]:
    """One of the words; case does not matter."""
    words = [str(word) for word in allowed]

    def parse(raw: str) -> str:
        if raw.lower() not in words:
            raise _seen(raw, "is none of the values.", f"Write one of {', '.join(words)}.")
        return raw.lower()

    return parse


def integer(least: int, most: int) -> Callable[[str], int]:
    """A whole number within the bounds, both included."""

    def parse(raw: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,15}", raw) or not least <= int(raw) <= most:
            remedy = f"Write a whole number from {least} to {most}."
            raise _seen(raw, "is no whole number in range.", remedy)
        return int(raw)

    return parse


def number(least: float, most: float) -> Callable[[str], float]:
    """A number within the bounds, both included, with a point before decimals."""

    def parse(raw: str) -> float:
        value = float(raw) if _NUMBER.fullmatch(raw) else nan
        if not isfinite(value) or not least <= value <= most:
            remedy = f"Write a number from {least:g} to {most:g}."
            raise _seen(raw, "is no number in range.", remedy)
        return value

    return parse


def names(raw: str) -> tuple[str, ...]:
    """Names and patterns, separated by commas."""
    return tuple(name for part in raw.split(",") if (name := part.strip()))


def token(raw: str) -> Secret:
    """A bearer token: the visible ASCII characters that an HTTP header can hold
    (RFC 6750 section 2.1 allows fewer; Zscaler does not say which it uses).
    """
    if not _TOKEN.fullmatch(raw):
        raise InvalidSettingError(
            "holds a space, a line break or another character that no token has.",
            "Copy the token alone: no quotes, no word Bearer, no line break at its end.",
        )
    return Secret(raw)


def access_key(raw: str) -> Secret:
    """The key of the HTTP functions, as a header can hold it."""
    if not _TOKEN.fullmatch(raw):
        raise InvalidSettingError(
            "holds a space or another character that no key has.",
            "Use letters, digits and punctuation of ASCII.",
        )
    return Secret(raw)


def client_states(raw: str) -> tuple[Secret, ...]:
    """The secret of the subscriptions, or ``new,old`` while it is rotated; nothing for none.

    Graph takes up to 128 characters (Graph: subscription resource type).
    """
    states = [part.strip() for part in raw.split(",")] if raw else []
    if len(states) > 2 or not all(_CLIENT_STATE.fullmatch(state) for state in states):
        raise InvalidSettingError(
            "is no secret of 16 to 128 visible ASCII characters, nor two of them with a comma "
            "between.",
            "Write one (`openssl rand -hex 32`), or `new,old` while it is rotated.",
        )
    return tuple(Secret(state) for state in dict.fromkeys(states))


def schedule(raw: str) -> str:
    """An NCRONTAB expression of six fields (Azure Functions: timer trigger). With one that the
    host cannot read, it leaves the function out, and says so only in its own log.
    """
    try:
        return parse_schedule(raw).text
    except ValueError as error:
        remedy = "Write second, minute, hour, day, month and day of the week: 0 */5 * * * *."
        raise _seen(raw, f"is no NCRONTAB expression: {error}", remedy) from None


def state_store(raw: str) -> Path | None:
    """The file of ``sqlite:///path`` (an absolute path makes it four slashes); ``None``: azure."""
    if raw.lower() == _AZURE:
        return None
    path = raw.removeprefix(_SQLITE)
    if path == raw or not path or path.endswith("/") or path.startswith(":"):
        remedy = (
            "Write sqlite:///folder/file.db, sqlite:////folder/file.db from the root, or azure."
        )
        raise _seen(raw, "names no state store.", remedy)
    return Path(path)


def url(raw: str) -> str:
    """A base URL without a slash at its end. https, or http to this very machine."""
    if "@" in raw:
        # The text is not shown: a password may stand in it, and a key in a query.
        raise InvalidSettingError("holds a user name or password.", _URL_REMEDY)
    if "?" in raw or "#" in raw:
        raise InvalidSettingError("holds a query or a fragment.", _URL_REMEDY)
    try:
        parts = urlsplit(raw)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _seen(raw, "is no URL.", _URL_REMEDY) from error
    if not host or port == 0 or re.search(r"[\s\\]", raw) or not raw.isprintable():
        raise _seen(raw, "is no URL with a host.", _URL_REMEDY)
    if parts.scheme == "http" and not is_loopback(host):
        raise _seen(raw, "is not encrypted; http is for this machine alone.", "Write https://.")
    if parts.scheme not in ("http", "https"):
        raise _seen(raw, "is neither https nor http.", _URL_REMEDY)
    return _rebuilt(parts)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: localhost, 127.0.0.0/8 or ::1."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower() == "localhost"
    return address.is_loopback


def organisation(base_url: str) -> str:
    """The ZSCloud organisation of a SCIM base URL.

    ``https://scim.<cloud domain>/<organisation id>/<IdP id>/scim``, or the older form without the
    second id, gives ``<cloud domain>/<organisation id>`` (Zscaler: Configuring SCIM). Any other
    URL gives host and path.
    """
    parts = urlsplit(base_url)
    host = (parts.hostname or "").removeprefix("scim.")
    path = parts.path.rstrip("/")
    scim = _SCIM_PATH.fullmatch(path)
    return f"{host}/{scim[1]}" if scim else f"{parts.hostname}{path}"


def _rebuilt(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def _seen(raw: str, message: str, remedy: str) -> InvalidSettingError:
    return InvalidSettingError(f"{cut(raw, 100)!r} {message}", remedy)
