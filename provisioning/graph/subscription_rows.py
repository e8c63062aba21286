"""Subscriptions as Graph writes and reads them: bodies of requests, values of answers.

Pure. Texts of Graph are looked at only where no code tells one refusal from another.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from provisioning.errors import (
    HandshakeFailed,
    NotFound,
    PermissionMissing,
    QuotaReached,
    Rejected,
    RemoteError,
)
from provisioning.graph import urls, wire
from provisioning.graph.rows import Page
from provisioning.graph.wire import Answer, Request
from provisioning.model import CHANGE_TYPES, Subscription

_PERMISSIONS = {"users": wire.USER_READ, "groups": wire.GROUP_READ}
_EITHER = f"{wire.USER_READ} (for groups: {wire.GROUP_READ})"
_FULL = re.compile(r"\b(limit|quota)", re.IGNORECASE)
_UNVALIDATED = re.compile(r"\bValidationError\b|validation request", re.IGNORECASE)


class _Subscription(msgspec.Struct, rename="camel"):
    id: str
    resource: str
    change_type: str
    expiration_date_time: Annotated[datetime, msgspec.Meta(tz=True)]
    notification_url: str | None = None
    lifecycle_notification_url: str | None = None
    application_id: str | None = None


_ONE = msgspec.json.Decoder(_Subscription)
_PAGE = msgspec.json.Decoder(Page[_Subscription])


def list_request(link: str | None = None) -> Request:
    """A page of the list: the first one, or the one that a link leads to."""
    return Request(link or urls.subscriptions(), wire.USER_READ)


def create_request(resource: str, url: str, secret: str, until: float) -> Request:
    """One endpoint takes both kinds of notification. A lifecycle URL cannot be added later."""
    body = {
        "changeType": ",".join(sorted(CHANGE_TYPES, reverse=True)),
        "resource": resource,
        "notificationUrl": url,
        "lifecycleNotificationUrl": url,
        "expirationDateTime": _time(until),
        "clientState": secret,
    }
    permission = _PERMISSIONS.get(resource, wire.USER_READ)
    return Request(urls.subscriptions(), permission, "POST", msgspec.json.encode(body))


def renew_request(id: str, until: float) -> Request:
    """A new end authorizes the subscription anew as well (Graph: lifecycle notifications)."""
    body = msgspec.json.encode({"expirationDateTime": _time(until)})
    return Request(urls.subscription(id), _EITHER, "PATCH", body)


def delete_request(id: str) -> Request:
    """Deletes one."""
    return Request(urls.subscription(id), _EITHER, "DELETE")


def decode_page(answer: Answer, request: Request) -> Page[Subscription]:
    """A page of the list."""
    page = wire.decode(answer, request, _PAGE)
    return Page([_value(row) for row in page.value], page.next_link)


def decode_created(answer: Answer, request: Request) -> Subscription:
    """The new subscription. Raises ``QuotaReached`` and ``HandshakeFailed`` among others."""
    try:
        return _value(wire.decode(answer, request, _ONE, success=201))
    except (PermissionMissing, Rejected) as error:
        kind = _kind(error)
        if kind is None:
            raise
        meant = kind(error.remote, error.operation, error.detail, status=error.status)
        meant.request_id = error.request_id
        raise meant from error


def decode_renewed(answer: Answer, request: Request) -> Subscription:
    """The subscription with its new end."""
    return _value(wire.decode(answer, request, _ONE))


def decode_deleted(answer: Answer, request: Request) -> None:
    """Deleted, now or before."""
    if answer.status == 204:
        return
    error = wire.failure(answer, request)
    if not isinstance(error, NotFound):
        raise error


def _kind(error: RemoteError) -> type[RemoteError] | None:
    """403 is a missing permission or a quota, 400 a failed handshake or a wrong request."""
    if error.status == 403 and _FULL.search(error.detail):
        return QuotaReached
    if error.status == 400 and _UNVALIDATED.search(error.detail):
        return HandshakeFailed
    return None


def _value(row: _Subscription) -> Subscription:
    return Subscription(
        id=row.id,
        resource=row.resource.strip("/").lower(),
        change_types=frozenset(part.strip().lower() for part in row.change_type.split(",")),
        notification_url=row.notification_url or "",
        lifecycle_url=row.lifecycle_notification_url,
        expires_at=row.expiration_date_time.timestamp(),
        application_id=row.application_id,
    )


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
