"""Reading users and groups by their ids, and judging those whom Graph answers 404 for."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from provisioning.discovery.absences import Absences
from provisioning.discovery.application import Application
from provisioning.discovery.facts import Facts
from provisioning.evidence import SECOND_READ_AFTER
from provisioning.job import Job
from provisioning.model import EntraId, ObjectType, Presence, SourceUser
from provisioning.ports import Row, Source
from provisioning.record import CycleRecord
from provisioning.rows.turns import in_parts

_AT_ONCE = 1000
"""Users that are read and taken in together: everybody may be assigned one by one."""


class ById:
    """Reads of one look into the mirror. Who is missing from them is gone only on evidence."""

    def __init__(
        self, job: Job, source: Source, facts: Facts, cycle: CycleRecord, application: Application
    ) -> None:
        self._job = job
        self._source = source
        self._facts = facts
        self._cycle = cycle
        self._absences = Absences(job, application, cycle)
        self.doubts = self._absences.doubts
        self.final_rows: list[Row] = []
        """Rows to store together with the watermarks."""

    async def read_users(
        self, ids: Sequence[EntraId], *, certain: bool = False, total: int | None = None
    ) -> None:
        """Reads users by id. Those that are not there are looked for among the deleted.

        ``total`` is how many there are, if ``ids`` are those whom no list has shown.
        """
        missing: list[EntraId] = []
        for start in range(0, len(ids), _AT_ONCE):
            part = ids[start : start + _AT_ONCE]
            began = self._job.clock.time()
            found = await self._source.users(part)
            await self._facts.users_seen(_present(found), began, certain=certain)
            missing += [id for id in part if found.get(id) is None]
        if not missing:
            return
        soft = await self.soft_deleted(missing)
        unknown = [id for id in missing if id not in soft]
        if unknown:
            await self._job.clock.sleep(SECOND_READ_AFTER)
            again = await self._source.users(unknown)
            began = self._job.clock.time()
            await self._facts.users_seen(_present(again), began, certain=certain)
            gone = [id for id in unknown if again.get(id) is None]
            known = await self._presences(ids)
            stored = sum(presence is not Presence.GONE for presence in known.values())
            was_there = [id for id, presence in known.items() if presence is Presence.PRESENT]
            await self._judge_gone(
                ObjectType.USER, was_there, set(gone), proven=soft, total=total or stored
            )
            await self._facts.users_absent(gone, Presence.GONE)

    async def _presences(self, ids: Sequence[EntraId]) -> dict[EntraId, Presence]:
        """Of those that the mirror knows; their rows are not kept: it may be everybody."""
        known: dict[EntraId, Presence] = {}
        async for part in in_parts(ids):
            rows = await self._job.mirror.users.get_many(part)
            known.update((row.id, row.presence) for row in rows.values())
        return known

    async def soft_deleted(self, missing: Sequence[EntraId]) -> set[EntraId]:
        """Those of the users that lie among the deleted, which the mirror says from now on."""
        deleted = await self._source.deleted(missing)
        soft = [id for id in missing if deleted.get(id)]
        await self._facts.users_absent(soft, Presence.SOFT_DELETED)
        return set(soft)

    async def missing_groups(
        self, missing: Sequence[EntraId], read: Collection[EntraId]
    ) -> set[EntraId]:
        """A 404 is one absence; the second read, or ``deletedItems``, decides. Those to leave out:
        gone, or seen only in the second read, whose turn comes with the next look.
        """
        deleted = await self._source.deleted(missing)
        for id in missing:
            if deleted.get(id):
                await self._facts.group_absent(id, Presence.SOFT_DELETED)
        unknown = [id for id in missing if not deleted.get(id)]
        if unknown:
            await self._job.clock.sleep(SECOND_READ_AFTER)
            again = await self._source.groups(unknown)
            known = await self._job.mirror.groups.get_many(read)
            gone = [id for id in unknown if again.get(id) is None]
            stored = [id for id, row in known.items() if row.presence is Presence.PRESENT]
            await self._judge_gone(
                ObjectType.GROUP, stored, gone, proven=[id for id in missing if deleted.get(id)]
            )
            for id in gone:
                await self._facts.group_absent(id, Presence.GONE)
        return set(missing)

    async def _judge_gone(
        self,
        type: ObjectType,
        stored: Collection[str],
        gone: Collection[str],
        *,
        proven: Collection[str],
        total: int | None = None,
    ) -> None:
        """Raises ``SourceImplausible`` when too many are neither there nor among the deleted."""
        there = [id for id in stored if id not in gone]
        _, rows = await self._absences.believed(
            f"{type.value}s",
            f"The {type.value}s that were read by their ids",
            stored,
            there,
            there,
            proven=proven,
            total=total,
        )
        self.final_rows += rows


def _present(found: object) -> list[SourceUser]:
    assert isinstance(found, dict)
    return [user for user in found.values() if user is not None]
