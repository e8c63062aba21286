"""Alarms as JSON to a URL: an adapter over aiohttp, which is imported with the first alarm."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from provisioning.alerts.message import document
from provisioning.errors import (
    CredentialsRefused,
    Rejected,
    RemoteError,
    RemoteUnavailable,
    Throttled,
    cut,
)
from provisioning.notice import Notice
from provisioning.ports import Clock
from provisioning.setting_values import Secret

if TYPE_CHECKING:
    import aiohttp

TRIES = 3
TIMEOUT = 10.0
"""Seconds for one try in all."""

LONGEST_WAIT = 10.0
"""Seconds between two tries. Whoever names more is tried again at the next run."""

_REMOTE = "The alert webhook"
_OPERATION = "POST of an alarm"
_QUOTED = 4096
_REMEDY = "Compare ALERT_WEBHOOK with the URL that its owner gives."
_REDIRECT_REMEDY = "Set ALERT_WEBHOOK to the URL that it leads to: redirects are not followed."
_PASSES = frozenset({408, 429})
"""Statuses below 500 that are worth another try (RFC 9110 section 15.5.9, RFC 6585)."""


class WebhookChannel:
    """Implements ``ports.AlertChannel``. Redirects are not followed: what is posted is for the
    configured host alone.
    """

    name = "webhook"

    def __init__(self, url: Secret, clock: Clock, *, timeout: float = TIMEOUT) -> None:
        self._url = url
        self._clock = clock
        self._timeout = timeout

    async def send(self, notice: Notice) -> None:
        """Posts one alarm; accepted with any 2xx.

        Raises ``RemoteUnavailable``, ``Throttled``, ``CredentialsRefused``, ``Rejected``.
        """
        body = msgspec.json.encode(document(notice))
        for tries_left in reversed(range(TRIES)):
            try:
                await self._post(body)
            except RemoteUnavailable as error:
                pause = float(2 ** (TRIES - 1 - tries_left))
                wait = max(pause, error.retry_after if isinstance(error, Throttled) else 0.0)
                if not tries_left or wait > LONGEST_WAIT:
                    raise
                await self._clock.sleep(wait)
            else:
                return

    async def _post(self, body: bytes) -> None:
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=self._timeout, ceil_threshold=self._timeout + 1)
        jar = aiohttp.DummyCookieJar()
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, cookie_jar=jar) as session,
                session.post(
                    self._url.reveal(),
                    data=body,
                    headers={"Content-Type": "application/json"},
                    allow_redirects=False,
                ) as answer,
            ):
                if not answer.ok or answer.status >= 300:
                    raise await self._refusal(answer)
        except TimeoutError:
            detail = f"no answer within {self._timeout:g} s"
            raise RemoteUnavailable(_REMOTE, _OPERATION, detail) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Without the cause: the library's errors hold the URL.
            detail = self._scrubbed(f"{type(error).__name__}: {error}")
            raise RemoteUnavailable(_REMOTE, _OPERATION, detail) from None

    async def _refusal(self, answer: aiohttp.ClientResponse) -> RemoteError:
        status = answer.status
        if 300 <= status < 400:
            detail = "it redirects"
            return Rejected(_REMOTE, _OPERATION, detail, status=status, remedy=_REDIRECT_REMEDY)
        said = (await answer.content.read(_QUOTED)).decode(errors="replace")
        detail = self._scrubbed(said) or "no reason is given"
        wait = _retry_after(answer.headers, self._clock.time())
        if wait is not None and status in (429, 503):
            return Throttled(_REMOTE, _OPERATION, detail, status=status, retry_after=wait)
        if status >= 500 or status in _PASSES:
            return RemoteUnavailable(_REMOTE, _OPERATION, detail, status=status)
        if status in (401, 403):
            return CredentialsRefused(_REMOTE, _OPERATION, detail, status=status, remedy=_REMEDY)
        return Rejected(_REMOTE, _OPERATION, detail, status=status, remedy=_REMEDY)

    def _scrubbed(self, text: str) -> str:
        """Without what stands after the host, which is the key of many a webhook."""
        url = self._url.reveal()
        parts = urlsplit(url)
        rest = f"{parts.path}?{parts.query}" if parts.query else parts.path
        for secret in (url, rest, parts.query, parts.path):
            if len(secret) > 1:
                text = text.replace(secret, "***")
        return cut(text)


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds, stated as such or as a date (RFC 9110 section 10.2.3); ``None`` without."""
    stated = headers.get("Retry-After", "")
    if re.fullmatch(r"[0-9]{1,9}", stated):
        return float(stated)
    try:
        return max(0.0, parsedate_to_datetime(stated).timestamp() - now)
    except (TypeError, ValueError):
        return None
