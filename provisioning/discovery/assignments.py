"""The list of assignments. It has neither webhook nor delta: it is read whole, and compared."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from provisioning.discovery.facts import Facts
from provisioning.discovery.reading import Reading
from provisioning.discovery.relations import Relations
from provisioning.errors import SourceImplausible
from provisioning.evidence import SECOND_READ_AFTER, judge_list, missing_from
from provisioning.job import Job
from provisioning.mirror import user_key
from provisioning.model import Assignment, EntraId, Key, ObjectType, Presence, ServicePrincipal
from provisioning.polling import absent_in_poll, without
from provisioning.ports import Row, Source
from provisioning.record import CycleRecord

_CHECKED_FOR = 60.0
"""Seconds for which the enterprise application is taken to be enabled."""


class Assignments:
    """The enterprise application and who is assigned to it."""

    def __init__(
        self, job: Job, source: Source, facts: Facts, cycle: CycleRecord, reading: Reading
    ) -> None:
        self._job = job
        self._source = source
        self._facts = facts
        self._relations = Relations(job, facts)
        self._cycle = cycle
        self._reading = reading
        self.added: dict[str, Assignment] = {}
        """Assignments that this look found new."""
        self.young: list[tuple[Key, float]] = []
        """Principals whose assignment is gone but too young to believe, with the due time."""

    async def service_principal(self) -> ServicePrincipal:
        """The enterprise application. Raises ``SourceImplausible`` when it is switched off."""
        application = await self._source.service_principal()
        if not application.enabled:
            await self._job.store.write([self._job.application_seen.drop("enabled")])
            raise SourceImplausible(
                f"The enterprise application '{application.display_name}' is disabled in Entra: "
                "nothing was planned.",
                remedy="Enable it for users to sign in, or switch PROVISIONING_STATUS off.",
            )
        now = self._job.clock.time()
        rows = [self._job.application_seen.put("enabled", now)]
        if await self._job.app_roles.get("all") != application.app_roles:
            await self._touch_who_has_roles()
            rows.append(self._job.app_roles.put("all", application.app_roles))
        await self._job.store.write(rows)
        return application

    async def _touch_who_has_roles(self) -> None:
        """Whose attributes name roles is looked at. Remembered first: the next look sees no
        difference any more.
        """
        if not self._job.schema.user.roles:
            return
        async for id, _ in self._job.mirror.users.all():
            self._facts.touch(user_key(EntraId(id)))
        await self._facts.remember()

    async def check_application(self) -> None:
        """The same for a look that is short: asked only if that was a while ago."""
        seen = await self._job.application_seen.get("enabled")
        if seen is None or self._job.clock.time() - seen > _CHECKED_FOR:
            await self.service_principal()

    async def read(self) -> dict[str, Assignment]:
        """One complete read of the assignments."""
        read: dict[str, Assignment] = {}
        async for page in self._source.assignments():
            read.update((assignment.id, assignment) for assignment in page)
        return read

    async def compare(self) -> None:
        """Reads the assignments, believes what may be believed, and takes in who is new."""
        stored = await self._job.mirror.assignments()
        first = await self.read()
        second: dict[str, Assignment] | None = None
        if missing_from(stored, first):
            await self._job.clock.sleep(SECOND_READ_AFTER)
            second = await self.read()
        await self._judge(stored, first, second)

    async def compare_live(self) -> None:
        """The same after a poll: that was the first of the two reads, so that nothing waits here.

        What the poll has seen missing and this read does not show is absent; the rest is left to
        the next poll.
        """
        stored = await self._job.mirror.assignments()
        absent = absent_in_poll(await self._job.polls.get("last"), self._job.clock.time())
        read = await self.read()
        polled = None
        if absent is not None:
            polled = {id: each for id, each in stored.items() if id not in absent}
        await self._judge(stored, read, polled)

    async def _judge(
        self,
        stored: dict[str, Assignment],
        first: dict[str, Assignment],
        second: dict[str, Assignment] | None,
    ) -> None:
        verdict = judge_list(
            "The list of assignments (appRoleAssignedTo)",
            stored,
            first,
            second,
            created={id: a.created for id, a in stored.items()},
            proven=await self._explained(stored, first, second),
            doubt=await self._reading.doubts.get("assignments"),
            percent=self._job.rules.threshold.percent,
            cycle_id=self._cycle.cycle_id,
            now=self._job.clock.time(),
        )
        if verdict.broken is not None and verdict.doubt is not None:
            await self._job.store.write([self._reading.doubts.put("assignments", verdict.doubt)])
            raise SourceImplausible(verdict.broken)
        if all(second is not None and id not in second for id in missing_from(stored, first)):
            self._reading.final_rows.append(self._reading.doubts.drop("assignments"))
        self._reading.final_rows += await self._void_absences(first)
        self.young += [(stored[id].principal, due) for id, due in verdict.young.items()]
        present = {**first, **(second or {})}
        added = await self._believed([present[id] for id in verdict.added])
        removed = [stored[id] for id in verdict.removed]
        await self._take_in(added)
        added = await self._readable(added)
        self.added = {a.id: a for a in added}
        await self._relations.roles_changed(added, removed)
        self._reading.final_rows += await self._job.mirror.assignments_rows(added, verdict.removed)

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
        """Absent assignments whose principal is known to be deleted."""
        absent = [stored[id] for id in missing_from(stored, {**first, **(second or {})})]
        users = await self._job.mirror.users.get_many(
            a.principal.id for a in absent if a.principal.type is ObjectType.USER
        )
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
        settled = await self._facts.removed.settled(f"assignment/{a.id}" for a in added)
        return [a for a in added if settled[f"assignment/{a.id}"]]

    async def _readable(self, added: Sequence[Assignment]) -> list[Assignment]:
        """New assignments whose principal could be read. A replica may show the assignment before
        the principal: what is not stored is new again at the next look.
        """
        users = await self._job.mirror.users.get_many(
            a.principal.id for a in added if a.principal.type is ObjectType.USER
        )
        groups = await self._job.mirror.groups.get_many(
            a.principal.id for a in added if a.principal.type is ObjectType.GROUP
        )
        return [a for a in added if a.principal.id in users or a.principal.id in groups]

    async def _take_in(self, added: Sequence[Assignment]) -> None:
        groups = {a.principal.id for a in added if a.principal.type is ObjectType.GROUP}
        users = {a.principal.id for a in added if a.principal.type is ObjectType.USER}
        began = self._job.clock.time()
        await self._reading.watch(await self._reading.unwatched(groups))
        known = await self._job.mirror.users.get_many(users)
        fresh = {id for id, row in known.items() if not self._reading.anew or row.read_at >= began}
        await self._reading.read_users([id for id in sorted(users) if id not in fresh])
