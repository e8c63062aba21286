"""Settings that hold, and are perhaps not what was meant."""

from __future__ import annotations

from provisioning import token_expiry
from provisioning.operations.checks import Check, Concern, Grade
from provisioning.operations.writing import stopped_by
from provisioning.services import Services

_PACE_OF_ZSCLOUD = 5.0
"""Requests a second (Zscaler: SCIM rate limiting)."""


async def _switch(services: Services) -> str:
    if services.settings.provisioning_status != "on":
        raise Concern(
            "Off",
            "PROVISIONING_STATUS is 'off': changes are collected, and nothing is written.",
            "Look at `plan`, then set PROVISIONING_STATUS=on.",
        )
    stop = await services.job().orders.stop()
    if stop is not None:
        raise Concern("Stopped", f"Stopped {stopped_by(stop)}.", "`start` ends it.")
    return "provisioning is on"


async def _pace(services: Services) -> str:
    pace = services.settings.zscloud_requests_per_second
    if pace <= 0 or pace > _PACE_OF_ZSCLOUD:
        limit = "unlimited" if pace <= 0 else f"{pace:g} a second"
        raise Concern(
            "Pace",
            f"ZSCLOUD_REQUESTS_PER_SECOND is {limit}; ZSCloud answers more than 5 with 429.",
            "Leave the setting out, or set it to 5.",
        )
    return f"{pace:g} requests a second to ZSCloud"


async def _brake(services: Services) -> str:
    percent = services.settings.deletion_threshold_percent
    count = services.settings.deletion_threshold_count
    if percent >= 100:
        raise Concern(
            "NoBrake",
            "DELETION_THRESHOLD_PERCENT is 100: only those who would leave nobody are held.",
            "Set it to the share that may leave in a week without anybody looking, such as 10.",
        )
    return f"more than {percent:g} % in a week, or {count} in a day, are held"


async def _alarms(services: Services) -> str:
    if not services.channels:
        raise Concern(
            "NobodyIsTold",
            "No alarm reaches anybody: neither mail nor webhook is set.",
            "Set ALERT_EMAIL, ALERT_FROM and SMTP_URL, or ALERT_WEBHOOK; `alerts test` tries them.",
        )
    return f"told by {' and '.join(channel.name for channel in services.channels)}"


async def _token(services: Services) -> str:
    token = services.settings.zscloud_scim_token.reveal()
    warning = token_expiry.warning(token, services.clock.time())
    if warning is not None:
        sentence, _, remedy = warning.partition(". ")
        ended = (token_expiry.expires_at(token) or 0.0) <= services.clock.time()
        grade = Grade.FAILED if ended else Grade.WARNING
        raise Concern("TokenExpires", f"{sentence}.", remedy, grade)
    if token_expiry.expires_at(token) is None:
        return "does not say when it ends"
    return "ends in more than two weeks"


CHECKS = (
    Check("Settings: switch", _switch),
    Check("Settings: pace", _pace),
    Check("Settings: brake", _brake),
    Check("Settings: alarms", _alarms),
    Check("Settings: end of the ZSCloud token", _token),
)
