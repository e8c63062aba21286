"""Who is meant: a principal named by id, user principal name or group display name."""

from __future__ import annotations

import re

from provisioning.errors import InvalidRequest, Problem, cut
from provisioning.job import Job
from provisioning.mirror import group_key, user_key
from provisioning.model import EntraId, Key, ObjectType
from provisioning.ports import Source

_OBJECT_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SHOWN = 5


async def find_principal(job: Job, source: Source, text: str) -> Key:
    """The key of the principal, also of one that was deleted in Entra and is still known here.

    Raises ``InvalidRequest`` for the field ``principal`` if there is none, or more than one, and
    ``RemoteError`` if Entra does not answer.
    """
    found: list[Key] = []
    user = await source.find_user(text)
    if user is not None:
        found.append(user_key(user.id))
    groups = await source.find_groups(text)
    found += [group_key(group.id) for group in groups]
    found = found or await _remembered(job, text)
    if len(found) == 1:
        return found[0]
    if not found:
        raise _problem(
            f"Entra knows no user or group {cut(text, 100)!r}",
            "Give the object id, the user principal name, or the display name of a group, as "
            "Entra shows it.",
        )
    named = ", ".join(str(key) for key in found[:_SHOWN])
    more = ", and more" if len(found) > _SHOWN else ""
    raise _problem(
        f"{len(found)} principals are called {cut(text, 100)!r}: {named}{more}",
        "Give the object id.",
    )


async def _remembered(job: Job, text: str) -> list[Key]:
    """Those that Entra does not show any more, and that are known here."""
    if not _OBJECT_ID.fullmatch(text):
        owners = [await job.links.holder(type, text) for type in ObjectType]
        return [owner for owner in owners if owner is not None]
    id = EntraId(text.lower())
    if await job.mirror.group(id) is not None or await job.links.get(group_key(id)) is not None:
        return [group_key(id)]
    if await job.mirror.user(id) is not None or await job.links.get(user_key(id)) is not None:
        return [user_key(id)]
    return []


def _problem(message: str, remedy: str) -> InvalidRequest:
    return InvalidRequest(Problem("principal", message, remedy))
