"""What another schema would do to real principals. Reads Graph and our state, writes nothing.

What is read goes into an overlay over the store, so that the program's own judgement, of scope, of
values and of removals, is what is shown.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from provisioning.case import Case
from provisioning.errors import InvalidRequest, Problem, cut
from provisioning.guard import judge
from provisioning.job import Job
from provisioning.mapping import CompiledSchema, compile_schema
from provisioning.mirror import group_key, user_key
from provisioning.model import (
    EntraId,
    Key,
    Link,
    MirrorGroup,
    MirrorUser,
    Presence,
    SourceGroup,
    SourceUser,
)
from provisioning.operations.documents import Document
from provisioning.operations.schema_survey import Survey, changes_of
from provisioning.operations.writing import Progress, silent
from provisioning.ports import Source
from provisioning.record import CycleKind, CycleRecord
from provisioning.resolve import load_graph, referred, resolve, user_case
from provisioning.rows.buffer import WriteBehind
from provisioning.rows.overlay import OverlayStore
from provisioning.schema import Schema
from provisioning.scope import GroupGraph
from provisioning.services import Services

LIMIT = 1000
"""Principals that are looked at unless another number is asked for."""

_BATCH = 100


async def preview(
    services: Services,
    schema: Schema,
    *,
    users: Sequence[str] = (),
    groups: Sequence[str] = (),
    limit: int = LIMIT,
    progress: Progress = silent,
) -> Document:
    """What the schema would do: ``{named, known, looked_at, enter, leave, changes, brake, …}``.

    ``users`` and ``groups`` are named by id, user principal name or display name. Up to ``limit``
    principals in scope or near it are read from Graph. Needs no lease. Raises
    ``InvalidRequest`` for a name that Entra does not know, and what Graph cannot be read for.
    """
    await services.claim(dry_run=True)
    compiled = compile_schema(schema)
    async with _both(services, compiled) as both:
        survey = Survey(services.rules)
        known = await both.survey(survey, limit, progress)
        named = [await both.user(name) for name in users]
        named += [await both.group(name) for name in groups]
        return {
            "named": named,
            "known": known,
            "looked_at": survey.looked_at,
            **survey.document(),
            "brake": await both.brake(survey),
        }


@contextlib.asynccontextmanager
async def _both(services: Services, new: CompiledSchema) -> AsyncIterator[_Both]:
    old = services.schema
    source = services.source_of(
        _union(old.user.source_properties, new.user.source_properties),
        _union(old.group.source_properties, new.group.source_properties),
    )
    buffer = WriteBehind(OverlayStore(services.store), services.clock)
    try:
        yield _Both(services, source, _job(services, buffer, old), _job(services, buffer, new))
    finally:
        await source.close()


def _union(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _job(services: Services, buffer: WriteBehind, schema: CompiledSchema) -> Job:
    name, rules = services.settings.job, services.rules
    return Job(name, buffer, schema, rules, services.clock, services.ids)


@dataclass(frozen=True, slots=True)
class _Both:
    """The job under both schemas, over one overlay."""

    services: Services
    source: Source
    old: Job
    new: Job

    async def survey(self, survey: Survey, limit: int, progress: Progress) -> int:
        """Takes in up to ``limit`` principals. How many there are.

        Ids are random, so that the first of them are as good a sample as any.
        """
        groups = [id async for id, row in self.old.mirror.groups.all() if _here(row)]
        users = [id async for id, row in self.old.mirror.users.all() if _here(row)]
        some_groups = groups[: limit // 2 if users else limit]
        some_users = users[: limit - len(some_groups)]
        record = self._record(len(some_groups) + len(some_users))
        # Groups first: their names and filters are part of what users are judged by.
        read = await self._read_groups(some_groups, record, progress)
        graph = await self._graph()
        for key in read:
            old, new = await resolve(self.old, graph, key), await resolve(self.new, graph, key)
            if old is not None and new is not None:
                survey.add(old, new)
        for start in range(0, len(some_users), _BATCH):
            batch = some_users[start : start + _BATCH]
            await self._survey_users(batch, graph, survey)
            self._told(record, len(batch), progress)
        return len(groups) + len(users)

    def _record(self, total: int) -> CycleRecord:
        """Stands for the look in the display of progress; it is not stored."""
        return CycleRecord(
            cycle_id="",
            kind=CycleKind.INCREMENTAL,
            dry_run=True,
            phase="reading Entra",
            left=total,
            started=self.services.clock.time(),
        )

    def _told(self, record: CycleRecord, number: int, progress: Progress) -> None:
        record.done += number
        record.left -= number
        record.requests.graph = self.source.requests
        progress(record)

    async def _read_groups(
        self, ids: Sequence[str], record: CycleRecord, progress: Progress
    ) -> list[Key]:
        read: list[Key] = []
        for start in range(0, len(ids), _BATCH):
            batch = [EntraId(id) for id in ids[start : start + _BATCH]]
            for id, found in (await self.source.groups(batch)).items():
                if found is not None:
                    await self._put_group(found)
                    read.append(group_key(id))
            self._told(record, len(batch), progress)
        return read

    async def _survey_users(self, ids: Sequence[str], graph: GroupGraph, survey: Survey) -> None:
        batch = [EntraId(id) for id in ids]
        found = await self.source.users(batch)
        rows = await self.old.mirror.users.get_many(batch)
        fresh = [
            _fresh_user(user, rows[id])
            for id, user in found.items()
            if user is not None and id in rows
        ]
        links = await self._links(fresh)
        for row in fresh:
            survey.add(*(user_case(job, graph, row, links) for job in (self.old, self.new)))

    async def _links(self, rows: Sequence[MirrorUser]) -> Mapping[Key, Link]:
        """The links of the users, and of whom they refer to."""
        keys = {user_key(row.id) for row in rows}
        for row in rows:
            keys.update(*(referred(job, row) for job in (self.old, self.new)))
        return await self.old.links.get_many(keys)

    async def _graph(self) -> GroupGraph:
        """With the app roles, if one of the schemas maps them."""
        return await load_graph(self.new if self.new.schema.user.roles else self.old)

    async def _put_group(self, found: SourceGroup) -> None:
        row = await self.old.mirror.group(found.id)
        if row is None:
            row = MirrorGroup(id=found.id, attributes={}, read_at=0.0)
        fresh = msgspec.structs.replace(row, attributes=found.attributes)
        await self.old.store.write([self.old.mirror.groups.put(found.id, fresh)])

    async def user(self, name: str) -> Document:
        """A user who was named. Raises ``InvalidRequest``."""
        found = await self.source.find_user(name)
        if found is None:
            remedy = "Give the object id or the user principal name as Entra shows it."
            unknown = f"Entra knows no user {cut(name, 100)!r}"
            raise InvalidRequest(Problem("--user", unknown, remedy))
        row = _fresh_user(found, await self.old.mirror.user(found.id))
        graph, links = await self._graph(), await self._links([row])
        old, new = (user_case(job, graph, row, links) for job in (self.old, self.new))
        return _document(old, new)

    async def group(self, name: str) -> Document:
        """A group that was named. Raises ``InvalidRequest``."""
        found = await self.source.find_groups(name)
        if len(found) != 1:
            how_many = "no group" if not found else f"{len(found)} groups"
            message = f"Entra knows {how_many} {name!r}"
            raise InvalidRequest(Problem("--group", message, "Give the object id."))
        await self._put_group(found[0])
        graph, key = await self._graph(), group_key(found[0].id)
        old, new = await resolve(self.old, graph, key), await resolve(self.new, graph, key)
        assert old is not None
        assert new is not None
        return _document(old, new)

    async def brake(self, survey: Survey) -> Document:
        """What the brake would say of the removals that were seen."""
        await self.new.load_tallies()
        pending = survey.pending
        brake = judge(pending, self.new.applied(), self.new.rules.threshold)
        reasons = (brake.users, brake.groups, brake.memberships)
        return {
            "pending": msgspec.to_builtins(pending),
            "holds": brake.holds,
            "reasons": [reason for reason in reasons if reason],
        }


def _here(row: MirrorUser | MirrorGroup) -> bool:
    return row.presence is Presence.PRESENT


def _fresh_user(user: SourceUser, row: MirrorUser | None) -> MirrorUser:
    """What the mirror knows of a user, with what Graph says now."""
    if row is None:
        row = MirrorUser(id=user.id, attributes={}, enabled=user.enabled, read_at=0.0)
    fresh = {"attributes": user.attributes, "enabled": user.enabled}
    return msgspec.structs.replace(row, presence=Presence.PRESENT, **fresh)


def _document(old: Case, new: Case) -> Document:
    changes = changes_of(old, new)
    return {
        "object_type": new.key.type.value,
        "source_id": new.key.id,
        "name": new.name,
        "scope": {side: _scope(case) for side, case in (("old", old), ("new", new))},
        "attributes": [msgspec.to_builtins(change) for change in changes],
        "problems": [
            {"field": p.field, "message": p.message, "remedy": p.remedy}
            for p in new.mapped.problems
        ],
    }


def _scope(case: Case) -> Document:
    verdict = case.verdict
    return {"active": verdict.active, "reason": verdict.reason.value, "sentence": verdict.sentence}
