"""Subscriptions: creation with the validation handshake, renewal, limits.

Graph, "Create subscription" and "Receive change notifications through webhooks".
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from .call import GraphError, Reply, denied
from .properties import timestamp
from .reading import Reading
from .tenant import Tenant

Post = Callable[[str, Mapping[str, str], bytes], Awaitable[tuple[int, Mapping[str, str], bytes]]]
"""Sends a POST: url, headers, body; answers status, headers (lower case), body. May raise
``OSError`` or ``TimeoutError``, which count as no answer."""

LONGEST = 41_760 * 60.0
"""Seconds that a subscription to users or groups may live (Graph, subscription lifetime)."""

SHORTEST = 45 * 60.0
"""A shorter life is raised to this."""

MAX_PER_APP = 100
MAX_CLIENT_STATE = 128
_RESOURCE = re.compile(r"/?(users|groups)(?:/([^/]+)(/members|/owners)?)?", re.IGNORECASE)
_FIXED = ("resource", "changeType", "lifecycleNotificationUrl", "clientState")


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription. ``expires`` is seconds since the epoch; ``paused`` awaits authorization."""

    id: str
    resource: str
    change_types: frozenset[str]
    notification_url: str
    lifecycle_url: str | None
    client_state: str | None
    expires: float
    app_id: str
    paused: bool = False

    def document(self) -> dict[str, Any]:
        """The subscription as Graph shows it; the client state is never shown."""
        return {
            "id": self.id,
            "resource": self.resource,
            "changeType": ",".join(sorted(self.change_types, reverse=True)),
            "clientState": None,
            "notificationUrl": self.notification_url,
            "lifecycleNotificationUrl": self.lifecycle_url,
            "expirationDateTime": timestamp(self.expires),
            "applicationId": self.app_id,
            "creatorId": self.app_id,
            "latestSupportedTlsVersion": "v1_2",
            "includeResourceData": None,
            "notificationUrlAppId": None,
        }


class Subscriptions:
    """The subscriptions of the one application that calls this simulator."""

    def __init__(self, tenant: Tenant, post: Post) -> None:
        self._tenant = tenant
        self._post = post
        self._app_id = tenant.new_id()
        self._kept: dict[str, Subscription] = {}

    def living(self) -> list[Subscription]:
        """Those that have not expired; the others are gone."""
        now = self._tenant.clock.time()
        self._kept = {key: one for key, one in self._kept.items() if one.expires > now}
        return list(self._kept.values())

    def find(self, subscription_id: str) -> Subscription:
        """The subscription. Raises ``GraphError`` 404."""
        for one in self.living():
            if one.id == subscription_id:
                return one
        raise GraphError(404, "ResourceNotFound", "The object was not found.")

    def forget(self, subscription_id: str) -> None:
        """Lose a subscription, as Graph may. Raises ``GraphError`` 404."""
        found = self.find(subscription_id)  # which makes the table anew
        del self._kept[found.id]

    def set_paused(self, subscription_id: str, *, paused: bool) -> None:
        """Stop or resume delivery, as when the access token behind it goes stale."""
        self._kept[subscription_id] = replace(self.find(subscription_id), paused=paused)

    async def answer(self, reading: Reading, subscription_id: str | None, action: str) -> Reply:
        """One call on the collection, on one subscription, or its ``reauthorize`` action."""
        method = reading.call.method
        if subscription_id is None:
            return await self._create(reading) if method == "POST" else self._list(reading)
        found = self.find(subscription_id)
        if action:
            self.set_paused(found.id, paused=False)
            return Reply(None, 204)
        if method == "DELETE":
            del self._kept[found.id]
            return Reply(None, 204)
        if method == "PATCH":
            found = await self._renew(reading, found)
        return Reply(_entity(reading, found))

    def _list(self, reading: Reading) -> Reply:
        rows = [one.document() for one in self.living()]
        return Reply({"@odata.context": reading.context("subscriptions"), "value": rows})

    async def _create(self, reading: Reading) -> Reply:
        wanted = self._wanted(reading)
        living = self.living()
        for one in living:
            if (one.resource, one.change_types) == (wanted.resource, wanted.change_types):
                raise GraphError(
                    409,
                    "Conflict",
                    f"Subscription Id {one.id} already exists for the requested combination",
                )
        if len(living) >= MAX_PER_APP:
            raise GraphError(
                403,
                "ExtensionError",
                f"The limit of {MAX_PER_APP} subscriptions per application and tenant is reached.",
            )
        for url in (wanted.notification_url, wanted.lifecycle_url):
            if url is not None:
                await self._shake_hands(url)
        self._kept[wanted.id] = wanted
        return Reply(_entity(reading, wanted), 201)

    def _wanted(self, reading: Reading) -> Subscription:
        body = reading.call.document()
        resource = body.get("resource", "")
        match = _RESOURCE.fullmatch(resource) if isinstance(resource, str) else None
        if match is None:
            raise _invalid(f"Unsupported resource '{resource}'.")
        users = match[1].lower() == "users"
        if not reading.permitted("User.Read.All" if users else "Group.Read.All"):
            raise denied()
        types = frozenset(part.strip() for part in str(body.get("changeType", "")).split(","))
        if not types <= {"updated", "deleted"}:
            raise _invalid("changeType takes 'updated' and 'deleted' for this resource.")
        state = body.get("clientState")
        if state is not None and len(str(state)) > MAX_CLIENT_STATE:
            raise _invalid(f"clientState is longer than {MAX_CLIENT_STATE} characters.")
        return Subscription(
            self._tenant.new_id(),
            resource,
            types,
            _url(body, "notificationUrl") or "",
            _url(body, "lifecycleNotificationUrl", required=False),
            None if state is None else str(state),
            self._expiry(body),
            self._app_id,
        )

    def _expiry(self, body: Mapping[str, Any]) -> float:
        text = body.get("expirationDateTime")
        try:
            wanted = datetime.fromisoformat(_with_offset(str(text))).timestamp()
        except ValueError as cause:
            raise _invalid(f"expirationDateTime '{text}' is not a time.") from cause
        now = self._tenant.clock.time()
        if wanted <= now:
            raise _invalid("Subscription expiration must be in the future.")
        if wanted > now + LONGEST:
            raise _invalid("Subscription expiration can only be 41760 minutes in the future.")
        return max(wanted, now + SHORTEST)

    async def _renew(self, reading: Reading, found: Subscription) -> Subscription:
        body = reading.call.document()
        for name in _FIXED:
            if name in body:
                raise _invalid(f"{name} cannot be changed.")
        if "notificationUrl" in body:
            url = _url(body, "notificationUrl") or ""
            await self._shake_hands(url)
            found = replace(found, notification_url=url)
        if "expirationDateTime" in body:
            found = replace(found, expires=self._expiry(body), paused=False)
        self._kept[found.id] = found
        return found

    async def _shake_hands(self, url: str) -> None:
        """The endpoint must answer 200 with the decoded token as plain text."""
        secret = f"Validation: Testing client application reachability {self._tenant.new_id()}"
        joined = f"{url}{'&' if '?' in url else '?'}validationToken={quote(secret, safe='')}"
        try:
            status, headers, body = await self._post(
                joined, {"content-type": "text/plain; charset=utf-8"}, b""
            )
        except TimeoutError as cause:
            raise _not_validated("timed out") from cause
        except OSError as cause:
            raise _not_validated() from cause
        plain = headers.get("content-type", "").partition(";")[0].strip() == "text/plain"
        if status != 200 or not plain or body.decode(errors="replace") != secret:
            raise _not_validated()


def _entity(reading: Reading, found: Subscription) -> dict[str, Any]:
    return {"@odata.context": reading.context("subscriptions/$entity"), **found.document()}


def _with_offset(text: str) -> str:
    """An RFC 3339 time in the form that every supported Python reads."""
    match = re.fullmatch(r"(.*T[\d:]+)(\.\d+)?(Z|[+-]\d\d:\d\d)?", text)
    if match is None:
        raise ValueError(text)
    return f"{match[1]}{'+00:00' if match[3] in (None, 'Z') else match[3]}"


def _url(body: Mapping[str, Any], name: str, *, required: bool = True) -> str | None:
    url = body.get(name)
    if url is None and not required:
        return None
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise _invalid(f"{name} is not a URL.")
    return url


def _invalid(message: str) -> GraphError:
    return GraphError(400, "InvalidRequest", message)


def _not_validated(how: str = "failed") -> GraphError:
    return GraphError(
        400,
        "ValidationError",
        f"Subscription validation request {how}. Notification endpoint must respond with "
        "200 OK to validation request.",
    )
