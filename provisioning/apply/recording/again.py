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
        groups = [
            group
            for group in await self._ledger.groups_to_join(graph, case)
            if not self._newcomers.is_expected(group, case.key)
        ]
        reports: list[Key] = []
        ended: list[Row] = []
        if self._job.schema.user.references:
            reports, ended = await self._job.awaiting(case.key)
        lane = max(item.lane, Lane.ON_DEMAND)
        again = [self._item(item, key, lane=lane) for key in groups]
        # Nobody has named these: what takes access away from them meets the brake.
        again += [self._item(item, key) for key in reports]
        return [*self._job.work.file(again), *ended]

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
