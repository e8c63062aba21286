"""Reading the provisioning log."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from provisioning.errors import InvalidRequest, Problem, cut
from provisioning.model import Action, ObjectType
from provisioning.operations.documents import Document, entry_document
from provisioning.operations.paging import page_size
from provisioning.provisioning_log import LogQuery, LogStatus
from provisioning.services import Services

_AGO = re.compile(r"([0-9]{1,9})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_OBJECT_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CURSOR = re.compile(r"[0-9]+\.[0-9]{6}/[0-9A-Za-z]+")


async def query_logs(
    services: Services,
    *,
    since: str | None = None,
    until: str | None = None,
    principal: str | None = None,
    cycle: str | None = None,
    status: str | None = None,
    action: str | None = None,
    limit: str | int = 100,
    after: str | None = None,
) -> Document:
    """Log entries, newest first: ``{items, next}``.

    Raises ``InvalidRequest``, naming the field, ``ConfigurationError`` for a store of another job,
    and ``RemoteError`` if Entra has to be asked who a principal is and does not answer.
    """
    await services.claim(dry_run=True)
    now = services.clock.time()
    query = LogQuery(
        since=moment("since", since, now),
        until=moment("until", until, now),
        principal=await _principal(services, principal),
        cycle_id=cycle or None,
        status=None if not status else _status(status),
        action=None if not action else _action(action),
        limit=page_size(limit),
        after=None if not after else _cursor(after),
    )
    entries, following = await services.job().log.query(query)
    return {"items": [entry_document(entry) for entry in entries], "next": following}


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


def _cursor(text: str) -> str:
    if not _CURSOR.fullmatch(text):
        raise InvalidRequest(
            Problem("after", f"{cut(text, 100)!r} is no cursor", "Give what `next` said.")
        )
    return text


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


def _status(text: str) -> LogStatus:
    if text not in set(LogStatus):
        raise InvalidRequest(
            Problem("status", f"{cut(text, 100)!r} is none", f"Use one of {', '.join(LogStatus)}.")
        )
    return LogStatus(text)


def _action(text: str) -> Action:
    if text not in set(Action):
        raise InvalidRequest(
            Problem("action", f"{cut(text, 100)!r} is none", f"Use one of {', '.join(Action)}.")
        )
    return Action(text)
