"""Reading the provisioning log."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple, TypeVar

import msgspec

from provisioning.errors import InvalidRequest, Problem, cut
from provisioning.job import Job
from provisioning.model import Action, ObjectType, ScimId
from provisioning.operations.documents import Document, entry_document
from provisioning.operations.paging import LARGEST_PAGE, cursor, page_size
from provisioning.provisioning_log import LogQuery, LogStatus
from provisioning.services import Services

_AGO = re.compile(r"([0-9]{1,9})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_OBJECT_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SKEW = 600.0
"""Seconds by which the clocks of who writes and who reads may differ, at most."""

Word = TypeVar("Word", bound=StrEnum)

_CURSOR = re.compile(r"[0-9]+\.[0-9]{6}/[0-9A-Za-z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilters:
    """What of the log is asked for, in the words of the caller; ``None`` and empty are all of it.

    Times are RFC 3339, or an age such as ``2h``. ``principal`` is a user or group in Entra, by id
    or name, and ``target`` an object in ZSCloud; ``cycle`` is the id of a cycle or of a call.
    """

    since: str | None = None
    until: str | None = None
    principal: str | None = None
    target: str | None = None
    cycle: str | None = None
    status: str | None = None
    action: str | None = None
    cause: str | None = None
    error_code: str | None = None


FILTERS = tuple(field.name for field in fields(LogFilters))
"""Names of the filters."""


async def query_logs(
    services: Services, *, limit: str | int = 100, after: str | None = None, **filters: str | None
) -> Document:
    """Log entries, newest first: ``{items, next}``. ``filters`` are those of ``LogFilters``.

    Raises ``InvalidRequest``, naming the field, ``ConfigurationError`` for a store of another job,
    and ``RemoteError`` if Entra has to be asked who a principal is and does not answer.
    """
    query = await log_query(services, LogFilters(**filters), limit=limit, after=after)
    return await log_page(services, query)


async def log_query(
    services: Services, filters: LogFilters, *, limit: str | int, after: str | None
) -> LogQuery:
    """What is asked for, with whom and what it names found. Raises as ``query_logs`` does."""
    await services.claim(dry_run=True)
    now = services.clock.time()
    since, until = moment("since", filters.since, now), moment("until", filters.until, now)
    principal = await _principal(services, filters.principal)
    target = await _target(services.job(), filters.target)
    begun = await _begun(services.job(), filters.cycle)
    if since is None or (begun is not None and begun > since):
        since = begun
    return LogQuery(
        since=since,
        # With an end on both sides the store reads a range, and nothing beside it.
        until=now + _SKEW if until is None and since is not None else until,
        principal=target.principal if principal is None else principal,
        target=filters.target or None,
        target_id=target.id,
        cycle_id=filters.cycle or None,
        status=_word("status", filters.status, LogStatus),
        action=_word("action", filters.action, Action),
        cause=filters.cause or None,
        error_code=filters.error_code or None,
        limit=page_size(limit),
        after=cursor(after, _CURSOR) or None,
    )


async def log_page(services: Services, query: LogQuery) -> Document:
    """One page of the log: ``{items, next}``."""
    entries, following = await services.job().log.query(query)
    settings = services.settings
    return {"items": [entry_document(entry, settings) for entry in entries], "next": following}


class LogPage(NamedTuple):
    """Entries, and the cursor of what comes after them; ``None`` if that is nothing."""

    entries: list[Document]
    next: str | None


async def all_pages(
    services: Services, filters: LogFilters, *, limit: int | None, after: str | None
) -> AsyncIterator[LogPage]:
    """All entries, newest first, page by page; at most ``limit``. A page may be empty.

    Raises as ``query_logs`` does.
    """
    if limit is not None and limit < 1:
        problem = Problem("limit", f"{limit} is out of range", "Give 1 or more, or leave it out.")
        raise InvalidRequest(problem)
    query = await log_query(services, filters, limit=LARGEST_PAGE, after=after)
    left = limit
    more = True
    while more:
        size = LARGEST_PAGE if left is None else min(left, LARGEST_PAGE)
        query = msgspec.structs.replace(query, limit=size)
        page = await log_page(services, query)
        found = LogPage(page["items"], page["next"])
        if left is not None:
            left -= len(found.entries)
        yield found
        more = found.next is not None and left != 0
        query = msgspec.structs.replace(query, after=found.next)


class _Target(NamedTuple):
    """A linked object in ZSCloud, and the principal that has it."""

    principal: str | None = None
    id: ScimId | None = None


async def _target(job: Job, text: str | None) -> _Target:
    """The object that is linked under an id or a name. Of one that is not, all of the log is
    looked through.
    """
    if not text:
        return _Target()
    owner = await job.links.owner(ScimId(text))
    for type in ObjectType:
        owner = owner or await job.links.holder(type, text)
    link = None if owner is None else await job.links.get(owner)
    return _Target() if link is None else _Target(link.key.id, link.scim_id)


async def _begun(job: Job, cycle: str | None) -> float | None:
    """When a cycle began, as far as clocks differ; it has no entry from before."""
    record = await job.cycles.rows.get(cycle) if cycle else None
    return record.started - _SKEW if record is not None and record.started > _SKEW else None


async def _principal(services: Services, text: str | None) -> str | None:
    """The object id of a principal that may be named as ZSCloud or Entra knows it.

    Entra is asked for whom we have no link: who is skipped or failed has entries too.
    """
    if not text:
        return None
    if _OBJECT_ID.fullmatch(text):
        return text.lower()
    links = services.job().links
    for type in ObjectType:
        owner = await links.holder(type, text)
        if owner is not None:
            return owner.id
    user = await services.source.find_user(text)
    if user is not None:
        return user.id
    groups = await services.source.find_groups(text)
    if len(groups) == 1:
        return groups[0].id
    known = f"{len(groups)} groups" if groups else "no user or group"
    raise InvalidRequest(
        Problem("principal", f"Entra knows {known} {cut(text, 100)!r}", "Give the object id.")
    )


def moment(field: str, text: str | None, now: float) -> float | None:
    """A time given as RFC 3339 or as an age such as ``2h``; epoch seconds."""
    if not text:
        return None
    ago = _AGO.fullmatch(text)
    if ago:
        return now - int(ago[1]) * _SECONDS[ago[2]]
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRequest(
            Problem(
                field,
                f"{cut(text, 100)!r} is no time",
                "Give RFC 3339, or an age such as 30m, 2h, 7d.",
            )
        ) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _word(field: str, text: str | None, known: type[Word]) -> Word | None:
    if not text:
        return None
    try:
        return known(text)
    except ValueError:
        shown = f"{cut(text, 100)!r} is none"
        raise InvalidRequest(Problem(field, shown, f"Use one of {', '.join(known)}.")) from None
