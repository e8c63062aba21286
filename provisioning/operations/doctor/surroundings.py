"""What the program stands in: the clock, the way from Graph to the webhook, the timers."""

from __future__ import annotations

from provisioning.operations.checks import Check, Concern, Grade, NothingToCheck
from provisioning.operations.status import last_cycle
from provisioning.services import Services

_APART = 10.0
_FAR_APART = 60.0
_MINUTE = 60.0


async def _clock(services: Services) -> str:
    """By the Date of Graph's last answer, which has whole seconds (RFC 9110 section 6.6.1)."""
    ahead = services.source.clock_ahead
    if ahead is None:
        raise NothingToCheck("Graph has not said what time it is")
    if abs(ahead) <= _APART:
        return "agrees with that of Graph"
    direction = "ahead of" if ahead > 0 else "behind"
    raise Concern(
        "ClockWrong",
        f"The clock of this machine is {abs(ahead):.0f} seconds {direction} that of Graph: what is "
        "young or old is judged wrongly.",
        "Have the machine keep its time by NTP.",
        Grade.FAILED if abs(ahead) > _FAR_APART else Grade.WARNING,
    )


async def _webhook(services: Services) -> str:
    url = services.settings.notification_url
    if url is None:
        raise NothingToCheck("NOTIFICATION_URL is not set: changes are found by the timers alone")
    await services.endpoint.probe(url)
    return "answers the handshake of Graph"


async def _timers(services: Services) -> str:
    last = await last_cycle(services.job())
    if last is None:
        raise NothingToCheck("no cycle has run yet")
    minutes = (services.clock.time() - (last.finished or last.started)) / _MINUTE
    most = services.settings.no_cycle_alert_minutes
    on = services.settings.provisioning_status == "on"
    if on and most and minutes > most and last.finished is not None:
        raise Concern(
            "NoCycle",
            f"The last cycle ended {minutes:.0f} minutes ago, and one is due every few minutes.",
            "See that the function app runs and that CYCLE_SCHEDULE is set: Azure indexes no timer "
            "without its schedule.",
        )
    return f"the last cycle was {minutes:.0f} minutes ago"


CHECKS = (
    Check("Clock", _clock),
    Check("Webhook", _webhook),
    Check("Timers", _timers),
)
