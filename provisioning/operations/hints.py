"""Taking in what was told: hints of those who matter are stored, and looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from provisioning.hints import ASSIGNMENTS, FEEDS, Hint
from provisioning.job import Job
from provisioning.model import EntraId, Key, ObjectType
from provisioning.notifications.message import HintMessage, check
from provisioning.operations import subscriptions, work
from provisioning.origins import marked, merged
from provisioning.services import Services


async def take_in(services: Services, message: HintMessage) -> int:
    """Stores the hints of a message and looks at them, in this execution or in that of whoever
    is at work. How many hints were stored; they wait while the job is off.

    Strangers are left out without asking Graph: a user comes into scope by an assignment or by a
    group, and both are told of themselves.
    Raises ``ConfigurationError``, ``StoreUnavailable``, and what a subscription could not be
    renewed for: the message has to come again. ``ValueError``: the webhook cannot have made it.
    """
    check(message)
    job = services.job()
    about = [Key(ObjectType.USER, EntraId(id)) for id in message.users]
    about += [Key(ObjectType.GROUP, EntraId(id)) for id in message.groups]
    if not (message.narrowed or job.rules.scope.everyone):
        about = await _without_strangers(job, about)
    hints = [_hint(services, message, str(key), _ago(message, key)) for key in about]
    if message.feeds:
        hints.append(_hint(services, message, FEEDS))
    if message.assignments:
        hints.append(_hint(services, message, ASSIGNMENTS))
    if hints:
        await store(services, hints)
        await work.look_now(services)
    if await subscriptions.on_lifecycle(services, message.lifecycle):
        await work.look_now(services)
    return len(hints)


async def store(services: Services, hints: Iterable[Hint]) -> None:
    """Stores hints, to be taken up by whoever holds the lease."""
    job = services.job()
    await job.store.write(job.hints.rows(await job.hints.merged(hints)))
    await job.store.flush()


async def _without_strangers(job: Job, keys: Sequence[Key]) -> list[Key]:
    """Those that are in scope or near it."""
    users = await job.mirror.users.get_many(k.id for k in keys if k.type is ObjectType.USER)
    groups = await job.mirror.groups.get_many(k.id for k in keys if k.type is ObjectType.GROUP)
    return [key for key in keys if key.id in (users if key.type is ObjectType.USER else groups)]


def _ago(message: HintMessage, key: Key) -> int:
    return (message.users if key.type is ObjectType.USER else message.groups)[key.id]


def _hint(services: Services, message: HintMessage, about: str, ago: int | None = None) -> Hint:
    return Hint(
        about=about,
        mark=marked(services.ids.new(), merged(message.origins)),
        told_at=message.told,
        changed_at=None if ago is None else message.told - ago / 1000,
    )
