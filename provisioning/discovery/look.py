"""One look at Entra: read what changed, take it in, file what differs, move the watermarks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from provisioning.discovery.application import Application
from provisioning.discovery.assignments import Assignments
from provisioning.discovery.crowd import StoredCrowd
from provisioning.discovery.facts import Facts
from provisioning.discovery.feeds import Feeds
from provisioning.discovery.filing import Filing
from provisioning.discovery.reading import GROUPS_IN_A_FEED, USERS_FEED, Reading
from provisioning.discovery.restored import Restored
from provisioning.discovery.since import Since
from provisioning.discovery.touched import ROWS_TOGETHER
from provisioning.errors import ConfigurationError, Problem
from provisioning.evidence import SETTLING
from provisioning.job import Job, Watermark
from provisioning.lanes import Lane
from provisioning.mapping import CompiledSchema
from provisioning.mirror import group_key
from provisioning.model import DEFAULT_ACCESS, Assignment, EntraId, Key, ObjectType
from provisioning.ports import Row, Source
from provisioning.record import CycleKind, CycleRecord
from provisioning.resolve import load_graph
from provisioning.rows.order import in_steps

_FULL_EVERY = 7 * 86_400.0
_TOO_OLD = 6 * 86_400.0
"""Delta tokens live seven days (Graph: delta query); older than six they are not trusted."""

_SMALL_FEEDS = 4
"""Feeds of few groups that are left alone."""


class Look:
    """The reading and filing of one cycle. ``first`` when nothing was ever read in full."""

    def __init__(self, job: Job, source: Source, record: CycleRecord) -> None:
        self._job = job
        self._source = source
        self._record = record
        self._facts = Facts(job)
        self._application = Application(job, source, self._facts)
        self._reading = Reading(job, source, self._facts, record, self._application)
        self._restored = Restored(job, source, self._reading)
        self._assignments = Assignments(
            job, source, self._facts, record, self._reading, self._application
        )
        self.first = False
        self._judges_all = False
        self._judged_rows: list[Row] = []
        self._began = job.clock.time()

    @property
    def young(self) -> Sequence[tuple[Key, float]]:
        """Principals whose assignment is gone but too young to believe, with the time it is due."""
        return self._assignments.young

    async def read(self, named: frozenset[Key], *, whole: bool) -> Lane:
        """Reads Entra into the mirror. The lane of those that something happened to.

        ``whole`` reads everything in full, if a week has passed since that was done.
        """
        marks = {name: mark async for name, mark in self._job.watermarks.all()}
        await self._facts.take_up()
        await self._application.check()
        self.first = (
            USERS_FEED not in marks or await self.asks_for_more() or await self._is_asked_for()
        )
        if self.first:
            self._facts.begin_anew()
            await self._read_all()
        else:
            now = self._job.clock.time()
            weekly = whole and any(now - mark.full_at > _FULL_EVERY for mark in marks.values())
            await self._read_changes(marks, weekly=weekly)
        if named:
            await self._read_certainly(named)
        await self._reading.settle()
        if self.first or not named:
            # A call on demand does not wait until everybody is judged: the next cycle does that.
            self._judges_all = await self._job.is_judged_otherwise()
            self._judged_rows += await self._job.judged_rows(read=self.first)
        return Lane.BULK if self.first or whole or self._judges_all else Lane.LIVE

    async def read_named(self, named: frozenset[Key]) -> None:
        """Reads the named keys alone, and believes it."""
        await self._read_certainly(named)
        await self._reading.settle()

    async def _read_certainly(self, named: frozenset[Key]) -> None:
        await self._reading.read_certainly(named)
        await self._restored.seen([key.id for key in named if key.type is ObjectType.USER])
        if self._restored.anybody:
            await self._restored.take_up()

    async def asks_for_more(self) -> bool:
        """Whether the schema, or a setting of scope, is another than that by which everybody was
        last judged.

        The delta tokens keep to the properties they were made with (Graph: delta query), groups
        within groups may never have been read, and everybody has to be judged anew: everything is
        read in full once more, as Entra does when a mapping, a filter or the scope is saved. So
        removals meet the brake together.
        """
        return await self._job.is_read_otherwise()

    async def _is_asked_for(self) -> bool:
        """Whether somebody has asked for an initial cycle, of a job that has had its first one. The
        first reads in full what was not read yet: if it fails, the next does not begin anew.
        """
        is_new = self._record.kind is CycleKind.INITIAL and not self._record.discovered
        return is_new and await self._job.cycles.current.get("initial") is not None

    async def file(
        self,
        lane: Lane,
        named: frozenset[Key],
        *,
        told: bool,
        since: Since | None = None,
        others: Collection[Key] = (),
        everybody: bool = False,
    ) -> None:
        """Files what differs of those that something happened to; then, last of all, moves the
        watermarks.

        ``since`` tells when the changes were made; without it, this look has found them.
        ``others`` are filed with them, or ``everybody``.
        """
        await self._facts.remember()
        await self._reading.complete(StoredCrowd(self._job, everybody=self.first))
        await self._reading.settle()
        await self._facts.remember()
        await self._facts.begin_filing()
        if since is None:
            since = Since(None if lane is Lane.BULK else self._began)
        filing = Filing(self._job, await load_graph(self._job), self._record, lane, since)
        crowd = StoredCrowd(
            self._job,
            frozenset(others) - named,
            everybody=everybody or self.first or self._judges_all,
            without=named,
        )
        await filing.file(crowd, self._cause.value, told=told)
        if named:
            await filing.file_named(named)
        if self._assignments.young:
            await filing.log_young(self._assignments.young)
        await self._end()

    @property
    def _cause(self) -> CycleKind:
        """What brings the work that nobody has named. A call on demand finds it as a cycle does."""
        if self._record.kind is not CycleKind.ON_DEMAND:
            return self._record.kind
        return CycleKind.INITIAL if self.first else CycleKind.INCREMENTAL

    async def _end(self) -> None:
        """All is filed: forgets what was touched, some of it at a time, and moves the watermarks.

        What says by which schema everybody is judged goes last: older tokens keep to the older one.
        It is stored once everybody is filed, not when the work is done: a load that takes many
        executions would begin anew with each.
        """
        marks = [
            self._job.watermarks.drop(name)
            if mark is None
            else self._job.watermarks.put(name, mark)
            for name, mark in self._reading.watermarks.items()
        ]
        steps: list[Sequence[Row]] = [self._reading.final_rows]
        async for rows in self._facts.filed():
            steps.append(rows)
            if len(rows) >= ROWS_TOGETHER:
                await self._job.store.write(in_steps(*steps))
                steps = []
        await self._job.store.write(in_steps(*steps, marks, self._judged_rows))

    async def _read_all(self) -> None:
        """The read that begins everything: tokens first, then only what is assigned."""
        now = self._job.clock.time()
        await self._begin_users(now)
        async for name, _ in self._job.watermarks.all("groups/"):
            self._reading.watermarks[name] = None
        if self._job.rules.scope.everyone:
            await self._reading.read_tenant()
            await self._reading.read_left(now)
            return
        self._reading.anew = True
        await self._assignments.compare()
        every = await self._job.mirror.assignments()
        stored = {id: each for id, each in every.items() if id not in self._assignments.added}
        await self._reading.read_assigned(stored)
        await self._watch_filtered(whole=True)
        await self._watch_left()
        await self._reading.read_left(now)
        await self._check_default_access({**stored, **self._assignments.added})

    async def _watch_left(self) -> None:
        """Watches the groups of the mirror that nothing assigns, and whose objects are there."""
        known = {EntraId(id) async for id, _ in self._job.mirror.groups.all()}
        left = await self._reading.unwatched(known)
        if left:
            unneeded = await self._unneeded_groups()
            await self._reading.watch([id for id in left if id not in unneeded])

    async def _check_default_access(self, assignments: dict[str, Assignment]) -> None:
        """With ``exclude``, nobody in scope although people are assigned is no empty tenant."""
        if self._job.rules.scope.default_access or not assignments:
            return
        if any(a.role_id != DEFAULT_ACCESS for a in assignments.values()):
            return
        raise ConfigurationError(
            (
                Problem(
                    "DEFAULT_ACCESS",
                    f"is 'exclude', and all {len(assignments)} assignments of the application "
                    "have the Default Access role: nobody would be in scope.",
                    "Give the assignments an app role, or set DEFAULT_ACCESS=include.",
                ),
            )
        )

    async def _read_changes(self, marks: dict[str, Watermark], *, weekly: bool) -> None:
        now = self._job.clock.time()
        await self._reading.unwatch(await self._unneeded_groups(), marks)
        keys, done = await self._facts.removed.due_rereads()
        await self._reading.reread(keys)
        self._reading.final_rows += [*done, *await self._facts.removed.settled_rows()]
        if self._job.rules.scope.everyone and (
            weekly or any(not is_usable(mark, now) for mark in marks.values())
        ):
            await self._read_tenant_anew()
            return
        await self._restored.begin_if_new()
        feeds = Feeds(self._job, self._source, self._facts, self._reading, self._restored)
        usable = {name for name, mark in marks.items() if is_usable(mark, now) and not weekly}
        followed = usable - _scattered(marks)
        anew = [
            (name, mark)
            for name, mark in sorted(marks.items(), reverse=True)
            if not (name in followed and await feeds.follow(name, mark))
        ]
        await self._begin_again(anew)
        if not self._job.rules.scope.everyone:
            await self._assignments.compare()
            await self._watch_filtered()
            await self._restored.seen(self._assignments.new_users)
        await self._restored.take_up()
        for name, fresh in list(self._reading.watermarks.items()):
            if fresh is not None and fresh.repeat_at is not None and now >= fresh.repeat_at:
                await self._reading.repeat(name, fresh)
                if name == USERS_FEED:
                    await self._restored.repeat()
                self._reading.watermarks[name] = msgspec.structs.replace(fresh, repeat_at=None)

    async def _unneeded_groups(self) -> set[EntraId]:
        """Watched groups that are assigned no more, in no assigned group, and without an object.
        What may have been made, or was found by a rebuild, is looked for first.
        """
        graph = await load_graph(self._job)
        named = _named_by_filters(self._job.schema)
        outside = [
            id
            for id in graph.ids()
            if graph.path(id) is None
            and not graph.roles(id)
            and all(named.isdisjoint(graph.names(each)) for each in (id, *graph.around((id,))))
        ]
        links = await self._job.links.get_many(Key(ObjectType.GROUP, id) for id in outside)
        unlinked = [id for id in outside if Key(ObjectType.GROUP, id) not in links]
        intents = await self._job.links.intents.get_many(str(group_key(id)) for id in unlinked)
        left = [id for id in unlinked if str(group_key(id)) not in intents]
        return {id for id in left if await self._job.rebuild.get(group_key(id)) is None}

    async def _watch_filtered(self, *, whole: bool = False) -> None:
        """Watches the groups that filters ask for. A name that nobody has is looked for again with
        the next cycle; who is in it cannot be told until then.
        """
        named = _named_by_filters(self._job.schema)
        if not named:
            return
        graph = await load_graph(self._job)
        known = {id for id in graph.ids() if not named.isdisjoint(graph.names(id))}
        # Several groups may have one name: with the read of everything all of them are found.
        missing = named if whole else named.difference(*(graph.names(id) for id in known))
        for name in sorted(missing):
            known.update(group.id for group in await self._source.find_groups(name))
        await self._reading.watch(await self._reading.unwatched(known))

    async def _read_tenant_anew(self) -> None:
        await self._begin_users(self._job.clock.time())
        await self._reading.read_tenant()

    async def _begin_again(self, anew: Sequence[tuple[str, Watermark]]) -> None:
        """Feeds whose watermark is not followed: new tokens, then full reads to compare with."""
        if anew and self._job.rules.scope.everyone:
            await self._read_tenant_anew()
            return
        groups: set[str] = set()
        for name, mark in anew:
            if name == USERS_FEED:
                await self._begin_users_again()
                continue
            self._reading.watermarks[name] = None
            groups.update(mark.ids)
        if groups:
            await self._reading.watch(sorted(EntraId(id) for id in groups))

    async def _begin_users_again(self) -> None:
        await self._begin_users(self._job.clock.time())
        await self._reading.read_known_users()

    async def _begin_users(self, now: float) -> None:
        link = await self._source.latest_delta(ObjectType.USER)
        self._reading.watermarks[USERS_FEED] = Watermark(
            link=link, taken_at=now, full_at=now, repeat_at=now + SETTLING
        )
        await self._restored.begin()


def _named_by_filters(schema: CompiledSchema) -> frozenset[str]:
    """Groups whose members the filter of users asks for, by id or by display name."""
    groups = () if schema.user.filter is None else schema.user.filter.groups
    return frozenset(name.casefold() for name in groups)


def _scattered(marks: Mapping[str, Watermark]) -> set[str]:
    """Feeds of few groups each, when there are many of them: they are put together, since each
    costs a request with every look. A group that is assigned begins as a feed of its own.
    """
    small = {name for name, mark in marks.items() if 0 < len(mark.ids) < GROUPS_IN_A_FEED // 2}
    return small if len(small) > _SMALL_FEEDS else set()


def is_usable(mark: Watermark, now: float) -> bool:
    """Whether a watermark is young enough to be followed."""
    return now - mark.taken_at <= _TOO_OLD
