"""Reads what the next items will need, many at once: one by one they would wait for the storage.

Only rows that the store keeps while the lease is held (``job.HELD_TABLES``); to be read again
costs nothing then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

from provisioning.case import Case
from provisioning.job import Job
from provisioning.lanes import WorkItem
from provisioning.model import Key, ObjectType, name_key
from provisioning.resolve import user_case
from provisioning.scope import GroupGraph


class ReadAhead:
    """What was read ahead in one drain."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._read: set[str] = set()

    async def read(self, items: Sequence[WorkItem], graph: GroupGraph) -> dict[Key, Case]:
        """Reads for those items that are new. The cases of users without an account, which it has
        to know for that: whom they refer to is not in them.
        """
        new = [item for item in items if item.generation not in self._read]
        if len(new) < 2:
            return {}
        self._read.update(item.generation for item in new)
        keys = {item.key for item in new}
        users = [key for key in sorted(keys) if key.type is ObjectType.USER]
        # A storage on a thread of its own does what is asked together without waking up for each.
        links, rows, _ = await asyncio.gather(
            self._job.links.get_many(keys),
            self._job.mirror.users.get_many(key.id for key in users),
            self._job.escrow.get_many(new),
        )
        cases = {
            key: user_case(self._job, graph, rows[key.id], links)
            for key in users
            if key.id in rows and key not in links
        }
        names = [case.name for case in cases.values() if case.mapped.name]
        await asyncio.gather(
            self._job.links.holders(ObjectType.USER, names), *self._listed(list(cases), names)
        )
        return cases

    def forget(self, item: WorkItem) -> None:
        """The item has been worked on."""
        self._read.discard(item.generation)

    def _listed(self, keys: Sequence[Key], names: Sequence[str]) -> list[Awaitable[object]]:
        user = ObjectType.USER
        ids = [f"{user.value}/{key.id}" for key in keys]
        return [
            self._job.listing_external_id.get_many(ids),
            self._job.listing_name.get_many(name_key(user, name) for name in names),
        ]
