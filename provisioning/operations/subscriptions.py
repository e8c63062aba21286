"""The subscriptions to change notifications: kept up, shown, renewed, deleted.

One process at a time looks after them: each call holds a lease of its own, beside that of the
writer, so that a load that lasts for hours keeps none from being renewed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from provisioning.alerts.lines import AlertCode, alert
from provisioning.audit import Operator
from provisioning.errors import InvalidRequest, LeaseUnavailable, Problem
from provisioning.lease import HeldLease
from provisioning.model import Subscription
from provisioning.operations.audit import note
from provisioning.operations.documents import Document, timestamp
from provisioning.services import Services
from provisioning.subscribed import RESOURCES
from provisioning.subscriptions.failures import SubscriptionFailures
from provisioning.subscriptions.keeper import SubscriptionKeeper
from provisioning.subscriptions.making import Webhook
from provisioning.subscriptions.plan import (
    TRY_EVERY,
    Do,
    Known,
    alarm,
    health,
    is_needed,
    is_ours,
    stored_flaw,
)
from provisioning.subscriptions.report import Outcome, Report

_log = logging.getLogger(__name__)

_POLL = 1.0
_PATIENCE = 60.0
"""Seconds that an answer to Graph waits for whoever is at the subscriptions."""


async def ensure(
    services: Services, *, wait: float = 0.0, operator: Operator | None = None
) -> Report:
    """Makes, adopts, renews and deletes, so that Graph has what the settings say. What could not
    be done is in the report, and somebody is told if it lasts.

    ``wait``: seconds to wait for another process that is at it. ``operator``: who asks for it.
    Raises ``LeaseUnavailable``, ``ConfigurationError``, ``StoreUnavailable``.
    """
    async with _keeper(services, wait) as keeper:
        await note(services, operator, "subscriptions ensure", "all")
        report = await keeper.ensure()
    for each in report.outcomes:
        _say(each)
    await _alert(services)
    return report


async def ensure_if_needed(services: Services) -> bool:
    """The same, if the store alone shows that there is something to do; without a call of Graph
    otherwise. While it fails, every five minutes. True when a look at the feeds is wanted.

    To be called often, so that subscriptions come up right after a deployment.
    Raises ``ConfigurationError``, ``StoreUnavailable``.
    """
    if not is_needed(await _known(services, [])):
        return False
    now = services.clock.time()
    failures = await _failures(services).all()
    if any(now - each.tried_at < TRY_EVERY for each in failures.values()):
        return False
    try:
        return (await ensure(services)).look_wanted
    except LeaseUnavailable:
        return False


async def renew(
    services: Services, *, wait: float = 0.0, operator: Operator | None = None
) -> Report:
    """Prolongs those that fit, however long they have to live. Raises as ``ensure`` does."""
    async with _keeper(services, wait) as keeper:
        await note(services, operator, "subscriptions renew", "all")
        report = await keeper.renew_all()
    for each in report.outcomes:
        _say(each)
    return report


async def delete(
    services: Services, id: str, *, wait: float = 0.0, operator: Operator | None = None
) -> Document:
    """Deletes one of this application's, whoever it belongs to.

    Raises ``InvalidRequest`` for an unknown one, ``RemoteError``, and as ``ensure`` does.
    """
    async with _keeper(services, wait) as keeper:
        await note(services, operator, "subscriptions delete", id)
        if not await keeper.delete(id):
            raise InvalidRequest(
                Problem(
                    "id",
                    f"{id[:100]!r} is no subscription of this application",
                    "`subscriptions list` shows those that there are.",
                )
            )
    _log.info("Subscription %s was deleted", id)
    return {"deleted": [id]}


async def on_lifecycle(services: Services, events: Mapping[str, str]) -> bool:
    """Answers what Graph told of the life of subscriptions, by their ids. True: a look is wanted.

    Raises ``RemoteError`` when one could not be authorized anew, ``LeaseUnavailable`` when another
    process was at it for a minute: the message has to come again.
    """
    if not events:
        return False
    async with _keeper(services, _PATIENCE) as keeper:
        report = await keeper.on_lifecycle(events)
    for each in report.outcomes:
        _say(each)
    return report.look_wanted


async def list_(services: Services) -> Document:
    """All of this application in the tenant, and which are ours. Asks Graph.

    Raises ``RemoteError``, ``ConfigurationError``, ``StoreUnavailable``.
    """
    await services.claim(dry_run=True)
    known = await _known(services, await services.subscriptions.list())
    items = [_listed(known, one) for one in known.listed]
    return {"items": items, "next": None}


async def state(services: Services) -> list[Document]:
    """How each stands, as far as the store and the settings know."""
    known = await _known(services, [])
    if known.wanted is None and not known.stored:
        return []
    failures = await _failures(services).all()
    documents: list[Document] = []
    for resource in _resources(known):
        stored, failure = known.stored.get(resource), failures.get(resource)
        why = stored_flaw(known, resource)
        if failure is not None:
            why = f"{failure.message.rstrip('.')}. {failure.remedy}"
        documents.append(
            {
                "resource": resource,
                "id": None if stored is None else stored.id,
                "expires": None if stored is None else timestamp(stored.expires_at),
                "state": health(stored, known.now).value,
                "why": why,
            }
        )
    return documents


def report_document(services: Services, report: Report) -> Document:
    """What was done, in one document."""
    url = services.settings.notification_url
    return {
        "host": None if url is None else urlsplit(url).netloc,
        "items": [_outcome_document(each) for each in report.outcomes],
        "deleted": list(report.deleted),
        "look_wanted": report.look_wanted,
    }


@contextlib.asynccontextmanager
async def _keeper(services: Services, wait: float) -> AsyncIterator[SubscriptionKeeper]:
    """A visit under a lease that no other process has. Raises ``LeaseUnavailable``."""
    await services.claim()
    lease = HeldLease(
        services.leases,
        f"{services.settings.job}/subscriptions",
        f"{services.holder}/{services.ids.new()}",
        services.clock,
    )
    give_up = services.clock.monotonic() + wait
    while await lease.acquire() is None:
        if services.clock.monotonic() >= give_up:
            raise LeaseUnavailable(
                "Another process looks after the subscriptions just now.",
                remedy="Try again in a minute.",
            )
        await services.clock.sleep(_POLL)
    keeping = asyncio.create_task(lease.keep())
    try:
        yield SubscriptionKeeper(
            services.job(),
            services.subscriptions,
            services.endpoint,
            _webhook(services),
            may_write=lease.may_send,
        )
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await lease.release()


def _webhook(services: Services) -> Webhook | None:
    """Where notifications go; the first secret is the one to subscribe with."""
    settings = services.settings
    if settings.notification_url is None:
        return None
    return Webhook(settings.notification_url, settings.notification_client_state[0])


async def _known(services: Services, listed: Sequence[Subscription]) -> Known:
    job = services.job()
    webhook = _webhook(services)
    stored = await job.subscribed.all()
    refused: set[str] = set()
    if any(each.adopted for each in stored.values()):
        refused = await job.notified.refused()
    return Known(
        listed=listed,
        stored=stored,
        refused=refused,
        wanted=None if webhook is None else webhook.wanted,
        now=services.clock.time(),
    )


def _failures(services: Services) -> SubscriptionFailures:
    return SubscriptionFailures(services.store, services.settings.job)


async def _alert(services: Services) -> None:
    """One alert for all that somebody must know of."""
    now = services.clock.time()
    stored, failures = await services.job().subscribed.all(), _failures(services)
    told = []
    sentences = []
    for resource, failure in (await failures.all()).items():
        sentence = alarm(stored.get(resource), failure, now)
        if sentence is not None:
            sentences.append(sentence)
            told.append(failures.put(msgspec.structs.replace(failure, alerted_at=now)))
    if sentences:
        alert(AlertCode.SUBSCRIPTION, " ".join(dict.fromkeys(sentences)))
        await services.store.write(told)


def _say(outcome: Outcome) -> None:
    if outcome.failure is not None:
        failure = outcome.failure
        _log.warning(
            "SUBSCRIPTION %s failed: %s %s", outcome.resource, failure.message, failure.remedy
        )
    elif outcome.did is not Do.NOTHING:
        _log.info("SUBSCRIPTION %s %s: %s", outcome.resource, outcome.did.value, outcome.why)


def _outcome_document(outcome: Outcome) -> Document:
    failure = outcome.failure
    return {
        "resource": outcome.resource,
        "action": outcome.did.value,
        "why": outcome.why,
        "id": outcome.id,
        "expires": timestamp(outcome.expires_at),
        "error": None
        if failure is None
        else {"code": failure.code, "message": failure.message, "remedy": failure.remedy},
    }


def _listed(known: Known, one: Subscription) -> Document:
    return {
        "id": one.id,
        "resource": one.resource,
        "change_types": sorted(one.change_types),
        "host": one.host or None,
        "ours": is_ours(known, one),
        "expires": timestamp(one.expires_at),
        "application_id": one.application_id,
    }


def _resources(known: Known) -> list[str]:
    return list(known.stored) if known.wanted is None else list(RESOURCES)
