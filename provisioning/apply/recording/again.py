"""What is worked again because of an outcome: groups that a new account belongs to, and others."""

from __future__ import annotations

from provisioning.apply.newcomers import Newcomers
from provisioning.apply.recording.ledger import Ledger
from provisioning.case import Case
from provisioning.job import Job
from provisioning.lanes import Aspect, Lane, Rank, WorkItem
from provisioning.model import Key, ObjectType
from provisioning.origins import marked
from provisioning.ports import Row
from provisioning.scope import GroupGraph

_CLOCKS_APART = 60.0
"""Seconds by which the clocks of two processes may differ."""


class Again:
    """Files keys again, as a consequence of the work on an item."""

    def __init__(self, job: Job, ledger: Ledger, newcomers: Newcomers) -> None:
        self._job = job
        self._ledger = ledger
        self._newcomers = newcomers

    def rows(self, item: WorkItem, key: Key) -> list[Row]:
        """Rows that file a key as live work."""
        return self._job.work.file([self._item(item, key)])

    async def joined(self, graph: GroupGraph, item: WorkItem, case: Case) -> list[Row]:
        """A user that has an account now is missing in the groups that are there already, and with
        those who report to it.
        """
        if case.link is not None or case.key.type is not ObjectType.USER:
            return []
        groups = await self._groups(graph, case)
        reports: list[Key] = []
        ended: list[Row] = []
        if self._job.schema.user.references:
            reports, ended = await self._job.awaiting(case.key)
        lane = max(item.lane, Lane.ON_DEMAND)
        again = [self._item(item, key, lane=lane) for key in groups]
        # Nobody has named these: what takes access away from them meets the brake.
        again += [self._item(item, key) for key in reports]
        return [*self._job.work.file(again), *ended]

    async def joined_meanwhile(self, graph: GroupGraph, item: WorkItem, case: Case) -> list[Row]:
        """A user who got an account while the item waited: whoever made it may have known of fewer
        groups, and whoever told of the others knew of no account.
        """
        link = case.link
        if link is None or case.key.type is not ObjectType.USER:
            return []
        if link.linked_at < item.filed_at - _CLOCKS_APART:
            return []
        groups = await self._groups(graph, case)
        return self._job.work.file([self._item(item, key) for key in groups])

    async def _groups(self, graph: GroupGraph, case: Case) -> list[Key]:
        return [
            group
            for group in await self._ledger.groups_to_join(graph, case)
            if not self._newcomers.is_expected(group, case.key)
        ]

    def _item(self, item: WorkItem, key: Key, lane: Lane = Lane.LIVE) -> WorkItem:
        return WorkItem(
            key=key,
            aspect=Aspect.OBJECT,
            lane=lane,
            rank=Rank.GROUPS_AGAIN if key.type is ObjectType.GROUP else Rank.USERS,
            cause=item.cause,
            cycle_id=item.cycle_id,
            generation=marked(self._job.ids.new(), item.origins),
            filed_at=item.filed_at,
            changed_at=item.changed_at,
        )
