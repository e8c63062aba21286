"""Alarms: what holds now, telling the channels of it, and trying them out.

Looked at after each execution that worked on a cycle, when a message is set aside, and by timers,
so that the want of cycles is noticed although none ends.
"""

from __future__ import annotations

import asyncio
import logging

from provisioning.alerts.conditions import Condition, holding
from provisioning.alerts.deciding import Told
from provisioning.alerts.rows import AlarmRows
from provisioning.alerts.telling import Teller
from provisioning.audit import Operator
from provisioning.errors import ConfigurationError, Problem, ProvisioningError, RemoteError
from provisioning.notice import Alarm, Notice, NoticeState
from provisioning.operations.alarm_facts import alarm_facts, alarm_rows, remember
from provisioning.operations.audit import note
from provisioning.operations.documents import Document, timestamp
from provisioning.ports import AlertChannel
from provisioning.services import Services

_log = logging.getLogger(__name__)


async def watch(services: Services) -> None:
    """Looks, and tells what is due. Never raises: no cycle fails for want of an alarm."""
    try:
        await tell(services)
    except ProvisioningError as error:
        _log.warning("The alarms were not looked after: %s", error)
    except Exception:  # noqa: BLE001 - a defect here must not take the work with it
        _log.exception("The alarms were not looked after")


async def tell(services: Services) -> int:
    """Tells the channels what is due; how many messages were accepted.

    Raises ``ConfigurationError`` for a store of another job, ``StoreUnavailable``.
    """
    await services.claim(dry_run=True)
    teller = Teller(
        alarm_rows(services),
        services.channels,
        services.leases,
        services.clock,
        services.ids,
        job=services.settings.job,
        holder=services.holder,
        link=services.settings.console,
    )
    await remember(services)
    return await teller.tell(lambda: conditions(services))


async def conditions(services: Services) -> list[Condition]:
    """What holds now, also what nobody is told at present (``quiet``)."""
    return holding(await alarm_facts(services))


async def state(services: Services) -> list[Document]:
    """What holds now, in short."""
    return [
        {
            "id": each.place,
            "code": each.code.value,
            "sentence": each.sentence,
            "since": timestamp(each.since),
        }
        for each in await conditions(services)
        if not each.quiet
    ]


async def list_(services: Services) -> Document:
    """What holds now, what each channel was told of it and when, and how the channels do.

    Raises ``ConfigurationError``, ``StoreUnavailable``.
    """
    await services.claim(dry_run=True)
    rows = alarm_rows(services)
    told = {each.name: await rows.told(each.name) for each in services.channels}
    found = {each.place: each for each in await conditions(services)}
    waiting = {
        place: known
        for by_place in told.values()
        for place, known in by_place.items()
        if known.ended_at is None and place not in found
    }
    items = [_item(each.place, each, told, quiet=each.quiet) for each in found.values()]
    items += [_item(place, known, told, quiet=False) for place, known in waiting.items()]
    for item in items:
        item["holds"] = item["id"] in found
    return {
        "items": items,
        "channels": [await _channel(rows, each) for each in services.channels],
        "next": None,
    }


async def test(services: Services, operator: Operator | None = None) -> Document:  # noqa: PT028  an operation
    """Sends a test message through each channel, and says what became of it.

    Raises ``ConfigurationError`` when there is no channel.
    """
    if not services.channels:
        remedy = "Set SMTP_URL and ALERT_EMAIL for mails, or ALERT_WEBHOOK."
        problem = Problem("SMTP_URL", "and ALERT_WEBHOOK are not set: nobody is told.", remedy)
        raise ConfigurationError((problem,))
    now = services.clock.time()
    names = ", ".join(channel.name for channel in services.channels)
    await note(services, operator, "alerts test", names)
    notice = Notice(
        id="test",
        code=Alarm.TEST,
        state=NoticeState.BEGUN,
        subject="test",
        sentence="Somebody tries out how alarms arrive. Nothing is wrong.",
        remedy="Nothing.",
        names=(),
        since=now,
        time=now,
        job=services.settings.job,
        link=services.settings.console,
    )
    items = await asyncio.gather(*(_tried(each, notice) for each in services.channels))
    return {"items": items, "next": None}


async def _tried(channel: AlertChannel, notice: Notice) -> Document:
    error: Document | None = None
    try:
        await channel.send(notice)
    except RemoteError as failed:
        error = {"code": failed.code, "message": str(failed), "remedy": failed.remedy}
    return {"channel": channel.name, "ok": error is None, "error": error}


def _item(
    place: str, known: Condition | Told, told: dict[str, dict[str, Told]], *, quiet: bool
) -> Document:
    return {
        "id": place,
        "code": known.code.value,
        "subject": known.subject,
        "sentence": known.sentence,
        "names": list(known.names),
        "remedy": known.remedy,
        "since": timestamp(known.since),
        "quiet": quiet,
        "told": {
            name: timestamp(by_place[place].told_at)
            for name, by_place in told.items()
            if place in by_place and by_place[place].ended_at is None
        },
    }


async def _channel(rows: AlarmRows, channel: AlertChannel) -> Document:
    failure = await rows.failures.get(channel.name)
    return {
        "name": channel.name,
        "failure": None
        if failure is None
        else {
            "code": failure.code,
            "message": failure.message,
            "remedy": failure.remedy,
            "since": timestamp(failure.since),
        },
    }
