"""Addresses in Graph: the endpoint that may be called, and the relative URLs of the calls.

Pure. A relative URL starts with ``/`` and is the same in a plain request and inside ``$batch``.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

from provisioning.errors import ConfigurationError, Problem
from provisioning.model import MANAGER, ObjectType

PAGE_SIZE = 999
"""The largest ``$top`` that directory objects accept (Graph: paging)."""

BATCH_SIZE = 20
"""Requests in one ``$batch`` (Graph: JSON batching)."""

FILTER_IDS = 50
"""Ids in the ``$filter`` of a delta query (Graph: delta query overview)."""

_WORDS = frozenset(
    {"$batch", "appRoleAssignedTo", "deletedItems", "delta", "directory", "groups", "members"}
    | {"servicePrincipals", "subscriptions", "users"}
)
"""Segments that stand for themselves; all others are ids or names."""

_PORTS = {"http": 80, "https": 443}
_NETLOC = re.compile(r"[A-Za-z0-9.\-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?")
_ID = re.compile(r"(?!delta$)[A-Za-z0-9_-]+")
_PRINCIPAL_NAME = re.compile(r"[^/@]+@[^/@]+")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where Graph is. Nothing is sent to another scheme, host or port, and no token either."""

    scheme: str
    host: str
    port: int
    url: str

    @property
    def loopback(self) -> bool:
        """Plain http on this machine: a simulator, called without authentication."""
        return self.scheme == "http"

    @property
    def scope(self) -> str:
        """The scope that an application asks a token for."""
        return f"https://{self.host}/.default"

    def absolute(self, url: str) -> str:
        """The URL to call: a relative one is completed, a link is taken as it came."""
        return self.url + url if url.startswith("/") else url

    def admits(self, link: str) -> bool:
        """Whether a link of an answer leads to this scheme, host and port."""
        parts = _split(link)
        return parts is not None and _origin(parts) == (self.scheme, self.host, self.port)


def parse_endpoint(base_url: str) -> Endpoint:
    """The endpoint of ``GRAPH_BASE_URL``: https, or http on the loopback interface.

    Raises ``ConfigurationError`` for anything else.
    """
    parts = _split(base_url)
    if parts is None or parts.query or parts.fragment:
        raise _refused("is not an https URL without query.")
    scheme, host, port = _origin(parts)
    if scheme == "http" and not _is_loopback(host):
        raise _refused("is plain http outside this machine.")
    return Endpoint(scheme, host, port, base_url.rstrip("/"))


def _split(url: str) -> SplitResult | None:
    """The parts of a well-formed http(s) URL. Anything two parsers could read differently is
    refused: user names, backslashes, white space.
    """
    try:
        parts = urlsplit(url)
        valid = parts.scheme in _PORTS and _NETLOC.fullmatch(parts.netloc) and parts.port != 0
    except ValueError:
        return None
    return parts if valid and url.isprintable() and not set(url) & set(" \\") else None


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS[parts.scheme]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(message: str) -> ConfigurationError:
    remedy = "Use https://graph.microsoft.com/v1.0, or leave the setting out."
    return ConfigurationError((Problem("GRAPH_BASE_URL", message, remedy),))


def service_principal(id: str) -> str:
    """The enterprise application with its app roles."""
    return (
        f"{_entity('servicePrincipals', id)}?$select=id,appId,displayName,accountEnabled,appRoles"
    )


def assignments(id: str) -> str:
    """Who is assigned. ``$top`` is always sent: without it rows have been missing."""
    return f"{_entity('servicePrincipals', id)}/appRoleAssignedTo?$top={PAGE_SIZE}"


def members(group: str, properties: Sequence[str]) -> str:
    """Direct members of every type. Without a cast Graph reads the primary store, not the index
    that may lag (Graph: list group members). Whom they report to does not come with them.
    """
    plain = [name for name in properties if name != MANAGER]
    return f"{_entity('groups', group)}/members?{_select(plain)}&$top={PAGE_SIZE}"


def listing(type: ObjectType, properties: Sequence[str]) -> str:
    """All users or groups of the tenant."""
    return f"/{type.value}s?{_whole(properties)}&$top={PAGE_SIZE}"


def single(type: ObjectType, key: str, properties: Sequence[str]) -> str:
    """A user by object id or user principal name, or a group by object id."""
    return f"{_entity(f'{type.value}s', key)}?{_whole(properties)}"


def names_user(name: str) -> bool:
    """Whether the text can be an object id or a user principal name at all."""
    return bool(_ID.fullmatch(name) or _PRINCIPAL_NAME.fullmatch(name))


def groups_named(name: str, properties: Sequence[str]) -> str:
    """Groups of that display name."""
    condition = quote(f"displayName eq {_literal(name)}", safe="")
    return f"/groups?$filter={condition}&{_select(properties)}&$top={PAGE_SIZE}"


def deleted_item(id: str) -> str:
    """A soft-deleted object."""
    return f"{_entity('directory/deletedItems', id)}?$select=id"


def deleted_users() -> str:
    """The soft-deleted users (Graph: list deletedItems). Their type is a part of the address."""
    return f"/directory/deletedItems/microsoft.graph.user?$select=id&$top={PAGE_SIZE}"


def groups_of(user: str) -> str:
    """What a user is a member of, directly or not (Graph: user, list transitiveMemberOf). The list
    of direct memberships asks for more permissions. Without a cast no index is read that lags.
    """
    return f"{_entity('users', user)}/transitiveMemberOf?$select=id&$top={PAGE_SIZE}"


def subscriptions() -> str:
    """The subscriptions of this application in the tenant."""
    return "/subscriptions"


def subscription(id: str) -> str:
    """One subscription."""
    return _entity("subscriptions", id)


def latest_delta(type: ObjectType, properties: Sequence[str], ids: Sequence[str]) -> str:
    """A delta token from now on, without data. ``ids`` are at most ``FILTER_IDS``."""
    url = f"/{type.value}s/delta?$deltatoken=latest&{_select(properties)}"
    if not ids:
        return url
    return f"{url}&$filter={quote(' or '.join(f'id eq {_literal(id)}' for id in ids), safe='')}"


def path_template(url: str) -> str:
    """The path of a relative URL or of a link, without query, ids and names: it may be shown to
    whoever may not know them.
    """
    segments = _split_path(url)
    known = [segment if segment in _WORDS else "{id}" for segment in segments]
    return "/" + "/".join(known)


def _split_path(url: str) -> list[str]:
    """The segments from the first collection on. The call of a function has parentheses, and a key
    may stand in some.
    """
    # Not parsed: a link that is none is refused elsewhere, and must raise nothing here.
    segments = [
        part
        for segment in url.partition("?")[0].split("/")
        for part in segment.removesuffix("()").partition("(")[::2]
        if part
    ]
    first = next((n for n, segment in enumerate(segments) if segment in _WORDS), len(segments))
    return segments[first:]


def _entity(collection: str, key: str) -> str:
    """The path of one object. A user principal name that starts with ``$`` must stand in quotes
    and parentheses (Graph: get a user); so does all that is neither an id nor such a name, for
    example ``delta``, which would be read as a function.
    """
    if names_user(key) and not key.startswith("$"):
        return f"/{collection}/{quote(key, safe='@')}"
    return f"/{collection}({quote(_literal(key), safe='')})"


def _literal(text: str) -> str:
    """An OData string literal: quotes are doubled (OData 4.01 URL conventions, 5.1.1.6.1)."""
    return "'" + text.replace("'", "''") + "'"


def _whole(properties: Sequence[str]) -> str:
    """The manager is a relation, and no property to select (Graph: list manager)."""
    plain = _select(name for name in properties if name != MANAGER)
    return f"{plain}&$expand=manager($select=id)" if MANAGER in properties else plain


def _select(properties: Iterable[str]) -> str:
    return "$select=" + ",".join(quote(name, safe="/") for name in dict.fromkeys(properties))
