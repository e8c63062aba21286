"""The bearer token of ZSCloud, looked at before a change needs it."""

from __future__ import annotations

from provisioning.alerts.lines import AlertCode, alert
from provisioning.operations.documents import Document, timestamp
from provisioning.operations.work import check_zscloud
from provisioning.rows.table import Table
from provisioning.services import Services
from provisioning.token_expiry import expires_at, warning

_DAY = 86_400


async def check(services: Services) -> None:
    """What the hourly timer does: one cheap request, so that a token that was revoked is known
    before the next change needs it; and a warning a day while the token is about to end.

    Nothing is asked while the job is off, in quarantine, or has never reached ZSCloud.
    Raises ``ConfigurationError``, ``StoreUnavailable``.
    """
    await services.claim()
    await _warn(services)
    await check_zscloud(services)


def document(services: Services) -> Document:
    """When the token ends, and what to do about it; both ``None`` for one that does not say."""
    token = services.settings.zscloud_scim_token.reveal()
    return {
        "expires": timestamp(expires_at(token)),
        "warning": warning(token, services.clock.time()),
    }


async def _warn(services: Services) -> None:
    now = services.clock.time()
    sentence = warning(services.settings.zscloud_scim_token.reveal(), now)
    if sentence is None or services.settings.provisioning_status != "on":
        return
    told = Table(services.store, services.settings.job, "token_warned", int)
    today = int(now // _DAY)
    if await told.get("day") != today:
        await services.store.write([told.put("day", today)])
        alert(AlertCode.TOKEN_EXPIRES, sentence)
