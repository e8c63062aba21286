"""Taking in what was told: hints of those who matter are stored, and looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from provisioning.hint_message import HINTS, HintMessage
from provisioning.hints import ASSIGNMENTS, FEEDS, Hint
from provisioning.job import Job
from provisioning.model import EntraId, Key, ObjectType
from provisioning.operations import subscriptions, work
from provisioning.services import Services


async def take_in(services: Services, message: HintMessage) -> int:
    """Stores the hints of a message and looks at them, in this execution or in that of whoever
    is at work. How many hints were stored; they wait while the job is off.

    Strangers are left out without asking Graph: a user comes into scope by an assignment or by a
    group, and both are told of themselves.
    Raises ``ConfigurationError``, ``StoreUnavailable``, and what a subscription could not be
    renewed for: the message has to come again.
    """
    await services.claim()
    job = services.job()
    about = [*await _known(job, ObjectType.USER, message.users)]
    about += await _known(job, ObjectType.GROUP, message.groups)
    hints = [_hint(services, message, str(key), _ago(message, key)) for key in about]
    if message.feeds:
        hints.append(_hint(services, message, FEEDS))
    if message.assignments:
        hints.append(_hint(services, message, ASSIGNMENTS))
    if hints:
        await job.poison.clear(HINTS)
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


async def _known(job: Job, type: ObjectType, ids: Mapping[str, int]) -> list[Key]:
    """Those that are in scope or near it; all of them where everybody is in scope."""
    keys = [Key(type, EntraId(id)) for id in ids]
    if job.rules.scope.everyone or not keys:
        return keys
    table = job.mirror.users if type is ObjectType.USER else job.mirror.groups
    known = await table.get_many(key.id for key in keys)
    return [key for key in keys if key.id in known]


def _ago(message: HintMessage, key: Key) -> int:
    return (message.users if key.type is ObjectType.USER else message.groups)[key.id]


def _hint(services: Services, message: HintMessage, about: str, ago: int | None = None) -> Hint:
    return Hint(
        about=about,
        mark=services.ids.new(),
        told_at=message.told,
        changed_at=None if ago is None else message.told - ago / 1000,
    )
