"""Who may call an HTTP function (Azure Functions: authorization level, access keys)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from provisioning.setting_values import Secret, is_loopback

HEADER = "x-functions-key"
_PARAMETER = "code"


def may_call(
    auth_level: str | None, key: Secret | None, headers: Mapping[str, str], path: str
) -> bool:
    """Whether a request may call a function of that level. ``key`` ``None``: none is asked.

    ``headers`` have lower-case names. The header goes before the query, and the comparison
    takes as long for any key.
    """
    if auth_level == "anonymous" or key is None:
        return True
    given = headers.get(HEADER) or parse_qs(urlsplit(path).query).get(_PARAMETER, [""])[-1]
    return hmac.compare_digest(given.encode(errors="replace"), key.reveal().encode())


def is_foreign(headers: Mapping[str, str]) -> bool:
    """Whether a web page of another site may be behind a request to this machine.

    Asked only where no key is: any page that a developer looks at can send requests to a port of
    the machine, also under a name of its own that it lets resolve to 127.0.0.1.
    """
    host = _hostname(f"//{headers.get('host', '')}")
    origin = headers.get("origin")
    return not is_loopback(host) or (origin is not None and not is_loopback(_hostname(origin)))


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
