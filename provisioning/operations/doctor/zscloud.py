"""ZSCloud: what discovery says, the token, the pace, the form of removals, the domains."""

from __future__ import annotations

from collections import Counter

from provisioning.errors import Rejected
from provisioning.model import ObjectType
from provisioning.operations import connection
from provisioning.operations.checks import Check, Concern, Grade, NothingToCheck
from provisioning.operations.status import last_cycle
from provisioning.services import Services

_ZSCLOUD = "zscloud"
_ENTRIES = 1000
"""Failures that are looked through."""

_MOST_THROTTLED = 0.001
"""The share of answers of 429 that is usual at the full pace."""

_FEW = 5


async def _page(services: Services) -> str:
    page = await connection.paced(services, lambda: services.target.page(ObjectType.USER, 1, 1))
    if page.total == 0:
        return "a list can be read; ZSCloud has no account"
    return f"a list can be read; ZSCloud has {page.total} accounts"


async def _throttling(services: Services) -> str:
    last = await last_cycle(services.job())
    if last is None or not last.requests.scim:
        raise NothingToCheck("no cycle has sent anything yet")
    sent, refused = last.requests.scim, last.requests.throttled
    if refused > max(_FEW, sent * _MOST_THROTTLED):
        raise Concern(
            "Throttled",
            f"{refused} of {sent} requests of the last cycle were answered with 429.",
            "Something else uses the limit of this ZSCloud tenant, or the pace is too fast: stop "
            "the built-in provisioning, or lower ZSCLOUD_REQUESTS_PER_SECOND.",
        )
    return f"{refused} of the last {sent} requests were answered with 429"


async def _removal(services: Services) -> str:
    configured = services.rules.member_removal
    if configured is not None:
        return f"set to '{configured.value}'"
    known = await services.job().learned()
    if known.removal is not None:
        return f"'{known.removal.value}' was read back and proven"
    if known.refused:
        refused = ", ".join(form.value for form in known.refused)
        raise Concern(
            "RemovalUnproven",
            f"No form of taking members out of a group is proven; ZSCloud does not do: {refused}.",
            "Take a test user out of an assigned group and look at `logs --action remove_member`.",
        )
    raise NothingToCheck("found out with the first removal from a group, and read back")


async def _domains(services: Services) -> str:
    """A userName needs a domain that is registered for the organisation, which no request tells."""
    refused: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    job = services.job()
    for _, entry in await job.escrow.entries.page(limit=_ENTRIES):
        domain = entry.name.rpartition("@")[2].casefold()
        if entry.key.type is not ObjectType.USER or entry.error_code != Rejected.code or not domain:
            continue
        if await job.links.get(entry.key) is None:
            refused[domain] += 1
            reasons.setdefault(domain, entry.reason)
    named = [domain for domain in refused if "domain" in reasons[domain].casefold()]
    if not named:
        return "no user is refused for its domain"
    worst = max(named, key=lambda domain: refused[domain])
    raise Concern(
        "DomainRefused",
        f"ZSCloud refuses users of {', '.join(sorted(named))} ({refused[worst]} of {worst}): "
        f"{reasons[worst]}",
        "Have Zscaler Support register the domain, or map userName to a registered one; then "
        "`escrow retry-now`.",
        Grade.FAILED,
    )


async def _quarantine(services: Services) -> str:
    entry = await services.job().quarantine.get()
    if entry is not None:
        raise Concern("Quarantined", entry.reason, entry.remedy, Grade.FAILED)
    return "the job is not in quarantine"


CHECKS = (
    Check("ZSCloud: discovery", connection.discovery, _ZSCLOUD),
    Check("ZSCloud: token and filter", connection.token, _ZSCLOUD),
    Check("ZSCloud: list", _page, _ZSCLOUD),
    Check("ZSCloud: throttling", _throttling),
    Check("ZSCloud: removal of members", _removal),
    Check("ZSCloud: domains", _domains),
    Check("ZSCloud: quarantine", _quarantine),
)
