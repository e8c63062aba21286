"""The list of assignments. It has neither webhook nor delta: it is read whole, and compared."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from provisioning.discovery.application import Application
from provisioning.discovery.facts import Facts
from provisioning.discovery.reading import Reading
from provisioning.discovery.relations import Relations
from provisioning.errors import ConfigurationError, SourceImplausible
from provisioning.evidence import (
    SECOND_READ_AFTER,
    Doubt,
    ListVerdict,
    judge_list,
    missing_from,
)
from provisioning.job import Job
from provisioning.model import Assignment, EntraId, Key, ObjectType, Presence
from provisioning.polling import absent_in_poll, without
from provisioning.ports import Row, Source
from provisioning.record import CycleRecord
from provisioning.rows.order import in_steps
from provisioning.rows.turns import in_parts

_ASKED_FOR = 1000
"""Absent people whom Entra is asked about at most: a list that came empty must not cost a request
for each of them.
"""


class Assignments:
    """Who is assigned to the enterprise application. Users and groups are judged apart: a handful
    of groups may bring in everybody.
    """

    def __init__(
        self,
        job: Job,
        source: Source,
        facts: Facts,
        cycle: CycleRecord,
        reading: Reading,
        application: Application,
    ) -> None:
        self._job = job
        self._source = source
        self._application = application
        self._facts = facts
        self._relations = Relations(job, facts)
        self._cycle = cycle
        self._reading = reading
        self.added: dict[str, Assignment] = {}
        """Assignments that this look found new."""
        self.young: list[tuple[Key, float]] = []
        """Principals whose assignment is gone but too young to believe, with the due time."""

    @property
    def new_users(self) -> list[EntraId]:
        """Users whose assignment this look found new."""
        principals = (each.principal for each in self.added.values())
        return [key.id for key in principals if key.type is ObjectType.USER]

    async def read(self) -> dict[str, Assignment]:
        """One complete read of the assignments."""
        read: dict[str, Assignment] = {}
        try:
            async for page in self._source.assignments():
                read.update((assignment.id, assignment) for assignment in page)
        except ConfigurationError as error:
            await self._application.missing(error)
            raise
        return read

    async def compare(self) -> None:
        """Reads the assignments, believes what may be believed, and takes in who is new."""
        stored, coming = await self._job.mirror.listed_assignments()
        first = await self.read()
        second: dict[str, Assignment] | None = None
        if missing_from(stored, first):
            await self._job.clock.sleep(SECOND_READ_AFTER)
            second = await self.read()
        await self._judge(stored, coming, first, second)

    async def compare_live(self) -> None:
        """The same after a poll: that was the first of the two reads, so that nothing waits here.

        What the poll has seen missing and this read does not show is absent; the rest is left to
        the next poll.
        """
        stored, coming = await self._job.mirror.listed_assignments()
        absent = absent_in_poll(await self._job.polls.get("last"), self._job.clock.time())
        read = await self.read()
        polled = None
        if absent is not None:
            polled = {id: each for id, each in stored.items() if id not in absent}
        await self._judge(stored, coming, read, polled)

    async def _judge(
        self,
        stored: dict[str, Assignment],
        coming: frozenset[str],
        first: dict[str, Assignment],
        second: dict[str, Assignment] | None,
    ) -> None:
        verdicts = await self._verdicts(stored, first, second)
        if all(second is not None and id not in second for id in missing_from(stored, first)):
            self._reading.final_rows.append(self._reading.doubts.drop("assignments"))
        self._reading.final_rows += await self._void_absences(first)
        self.young += [
            (stored[id].principal, due) for each in verdicts for id, due in each.young.items()
        ]
        present = {**first, **(second or {})}
        new = sorted(present.keys() - (stored.keys() - coming))
        added = await self._believed([present[id] for id in new])
        removed = [stored[id] for each in verdicts for id in each.removed]
        await self._take_in(added)
        added = await self._readable(added)
        self.added = {a.id: a for a in added}
        coming_rows = await self._job.mirror.assignments_rows(added, (), coming=True)
        await self._job.store.write(in_steps(coming_rows))
        await self._relations.roles_changed(added, removed)
        self._reading.final_rows += await self._job.mirror.assignments_rows(
            added, [assignment.id for assignment in removed]
        )

    async def _verdicts(
        self,
        stored: dict[str, Assignment],
        first: dict[str, Assignment],
        second: dict[str, Assignment] | None,
    ) -> list[ListVerdict]:
        """What is to be believed of the assignments of users and of groups, each by itself.

        Raises ``SourceImplausible`` when that is nothing.
        """
        if second is None:
            return []  # Nothing is absent from one read, and everybody may be assigned by itself.
        proven = await self._explained(stored, first, second)
        doubt = await self._reading.doubts.get("assignments")

        def judge(type: ObjectType | None, percent: float) -> ListVerdict:
            mine = {id: a for id, a in stored.items() if type in (None, a.principal.type)}
            whose = "" if type is None else f" of {type.value}s"
            return judge_list(
                f"The list of assignments{whose} (appRoleAssignedTo)",
                mine,
                [id for id, a in first.items() if type in (None, a.principal.type)],
                [id for id in second if id in mine],
                created={id: a.created for id, a in mine.items()},
                proven=proven,
                doubt=doubt,
                percent=percent,
                cycle_id=self._cycle.cycle_id,
                now=self._job.clock.time(),
                total=None if type is None else len(mine),
            )

        # All together are broken only when nothing came at all.
        whole = judge(None, 100.0)
        apart = [judge(type, self._job.rules.threshold.percent) for type in ObjectType]
        broken = next((each.broken for each in (whole, *apart) if each.broken), None)
        if broken is not None:
            absent = set(missing_from(stored, {**first, **(second or {})})) - proven
            now = self._job.clock.time()
            again = Doubt(tuple(sorted(absent)), self._cycle.cycle_id, now)
            await self._job.store.write([self._reading.doubts.put("assignments", again)])
            raise SourceImplausible(broken)
        if any(each.removed for each in apart):
            await self._application.check_again()
        return apart

    async def _void_absences(self, read: Collection[str]) -> list[Row]:
        """Rows that void what an earlier poll missed and this complete read shows."""
        poll = await self._job.polls.get("last")
        if poll is None or not any(id in read for id in poll.missing):
            return []
        return [self._job.polls.put("last", without(poll, read))]

    async def _explained(
        self,
        stored: dict[str, Assignment],
        first: dict[str, Assignment],
        second: dict[str, Assignment] | None,
    ) -> set[str]:
        """Absent assignments whose principal is known to be deleted.

        Whoever was deleted is not listed, and maybe the users' feed has not told yet: Entra is
        asked, or a deleted user would be treated as an unassigned one.
        """
        absent = [stored[id] for id in missing_from(stored, {**first, **(second or {})})]
        ids = [a.principal.id for a in absent if a.principal.type is ObjectType.USER]
        users = await self._job.mirror.users.get_many(ids)
        there = [EntraId(id) for id, row in users.items() if row.presence is Presence.PRESENT]
        if 0 < len(there) <= _ASKED_FOR:
            await self._reading.soft_deleted(there)
            users = await self._job.mirror.users.get_many(ids)
        groups = await self._job.mirror.groups.get_many(
            a.principal.id for a in absent if a.principal.type is ObjectType.GROUP
        )
        gone = {
            id
            for rows in (users, groups)
            for id, row in rows.items()
            if row.presence is not Presence.PRESENT
        }
        return {a.id for a in absent if a.principal.id in gone}

    async def _believed(self, added: Sequence[Assignment]) -> list[Assignment]:
        """New assignments, less those that were just removed: a replica may still show them."""
        believed: list[Assignment] = []
        async for part in in_parts(added):
            settled = await self._facts.removed.settled(f"assignment/{a.id}" for a in part)
            believed += [a for a in part if settled[f"assignment/{a.id}"]]
        return believed

    async def _readable(self, added: Sequence[Assignment]) -> list[Assignment]:
        """New assignments whose principal could be read. A replica may show the assignment before
        the principal: what is not stored is new again at the next look.
        """
        readable: list[Assignment] = []
        async for part in in_parts(added):
            users = await self._job.mirror.users.get_many(
                a.principal.id for a in part if a.principal.type is ObjectType.USER
            )
            groups = await self._job.mirror.groups.get_many(
                a.principal.id for a in part if a.principal.type is ObjectType.GROUP
            )
            readable += [a for a in part if a.principal.id in users or a.principal.id in groups]
        return readable

    async def _take_in(self, added: Sequence[Assignment]) -> None:
        groups = {a.principal.id for a in added if a.principal.type is ObjectType.GROUP}
        users = {a.principal.id for a in added if a.principal.type is ObjectType.USER}
        began = self._job.clock.time()
        await self._reading.watch_whole(groups)
        unread: list[EntraId] = []
        async for part in in_parts(sorted(users)):
            known = await self._job.mirror.users.get_many(part)
            fresh = {
                id for id, row in known.items() if not self._reading.anew or row.read_at >= began
            }
            unread += [id for id in part if id not in fresh]
        await self._reading.read_users(unread)
