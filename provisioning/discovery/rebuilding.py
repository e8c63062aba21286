"""Finding what a rebuild would lose: objects in ZSCloud that Entra knows and nothing assigns.

It looks through the lists that the cycle has read, when everybody who is assigned has been matched.
Graph is asked only about whom the mirror does not know. What was found so far is stored; nothing
follows from it before all of it is there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from provisioning.apply.finding.matching import Matching
from provisioning.apply.recording.ledger import Ledger
from provisioning.apply.sending.sender import Stopped
from provisioning.case import Case
from provisioning.discovery.facts import Facts
from provisioning.errors import NotFound
from provisioning.evidence import SECOND_READ_AFTER
from provisioning.job import Job
from provisioning.model import (
    NAME_PATH,
    EntraId,
    Key,
    Link,
    MirrorGroup,
    MirrorUser,
    ObjectType,
    Origin,
    Presence,
    ScimId,
    TargetObject,
)
from provisioning.ports import Row, Source
from provisioning.rebuild import Lost, Rebuild, RebuildPhase
from provisioning.record import CycleKind, CycleRecord
from provisioning.resolve import load_graph, resolve
from provisioning.scope import GroupGraph

_OBJECT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PRIORITY = (4, 0)
_PAGE = 500
"""Listed objects that are looked at together."""


class Rebuilding:
    """The rebuild of one job, as far as one execution brings it. ``deadline`` is of the clock that
    never runs back.
    """

    def __init__(
        self,
        job: Job,
        source: Source,
        matching: Matching,
        record: CycleRecord,
        deadline: float | None,
    ) -> None:
        self._job = job
        self._source = source
        self._matching = matching
        self._record = record
        self._deadline = deadline
        self._facts = Facts(job)
        self._ledger = Ledger(job)

    async def begin(self) -> bool:
        """Whether it is still to be looked for what would be lost.

        A first initial cycle is a rebuild as long as nothing else is known of ZSCloud, and so is
        one that finds no links. What was begun is stored, so that no end of a process ends it.
        """
        state = await self._job.rebuild.state()
        if self._record.kind is CycleKind.INITIAL and await self._is_new(state):
            state = Rebuild(begun_by=self._record.cycle_id)
            await self._job.store.write([self._job.rebuild.row(state)])
        return state is not None and state.phase is not RebuildPhase.DONE

    async def _is_new(self, state: Rebuild | None) -> bool:
        if state is None:
            return True
        return state.begun_by != self._record.cycle_id and not await self._job.links.rows.page(
            limit=1
        )

    async def find(self) -> set[Key]:
        """Whom something was found of that nothing assigns, in the lists of this cycle.

        Raises ``RemoteError`` when Graph cannot be asked, and ``Stopped`` at the deadline: what
        was found is kept, and the next execution goes on.
        """
        state = await self._job.rebuild.state()
        assert state is not None
        if state.phase is RebuildPhase.LOOKING:
            await self._look(state)
        return {Key.parse(key) async for key, _ in self._job.rebuild.lost.all()}

    async def filed(self) -> None:
        """What was found is filed: the rebuild is done."""
        state = await self._job.rebuild.state()
        assert state is not None
        await self._store(msgspec.structs.replace(state, phase=RebuildPhase.DONE))

    # --- looking -------------------------------------------------------------------------------

    async def _look(self, state: Rebuild) -> None:
        if state.listed != self._record.cycle_id:
            state = Rebuild(begun_by=state.begun_by, listed=self._record.cycle_id)
        graph = await load_graph(self._job)
        order = [ObjectType.USER, ObjectType.GROUP]
        for type in order[order.index(state.type) :]:
            if state.type is not type:
                state = msgspec.structs.replace(state, type=type, after="")
            while page := await self._job.listing_name.page(
                f"{type.value}/", after=state.after, limit=_PAGE
            ):
                state = msgspec.structs.replace(state, after=page[-1][0])
                await self._look_at(graph, type, [found for _, found in page])
                await self._store(state)
                self._check_deadline()
        await self._store(msgspec.structs.replace(state, phase=RebuildPhase.FILING))

    def _check_deadline(self) -> None:
        if self._deadline is not None and self._job.clock.monotonic() >= self._deadline:
            raise Stopped

    async def _store(self, state: Rebuild) -> None:
        await self._job.store.write([self._job.rebuild.row(state)])

    async def _look_at(
        self, graph: GroupGraph, type: ObjectType, page: Sequence[TargetObject]
    ) -> None:
        """Stores what of a page is lost: the mirror's row first, without which it is not judged."""
        objects = await self._candidates(type, page)
        mirrored = await self._mirrored(type, list(objects))
        unknown = [key.id for key in objects if key not in mirrored]
        read: Mapping[EntraId, Row] = {}
        if unknown:
            read = await self._read(type, unknown)
            await self._facts.write(list(read.values()))
        for key, found in objects.items():
            if key.id in read or key in mirrored:
                case = await resolve(self._job, graph, key)
                if case is not None and _leaves(case):
                    await self._store_lost(key, found)

    async def _candidates(
        self, type: ObjectType, page: Sequence[TargetObject]
    ) -> dict[Key, TargetObject]:
        """Those that are switched on, nobody's, and named by an object id that is not linked."""
        owned = await self._job.links.owners(found.id for found in page)
        found: dict[Key, TargetObject] = {}
        for each in page:
            external = str(each.attributes.get("externalId") or "").lower()
            if each.id in owned or not _OBJECT_ID.fullmatch(external) or self._is_out(each):
                continue
            found[Key(type, EntraId(external))] = each
        linked = await self._job.links.get_many(found)
        places = {
            key: f"{type.value}/{each.attributes['externalId']}" for key, each in found.items()
        }
        known = await self._job.listing_external_id.get_many(places.values())
        # Of two with one externalId nobody can say which one it is: they are only listed.
        return {
            key: each for key, each in found.items() if key not in linked and known.get(places[key])
        }

    def _is_out(self, found: TargetObject) -> bool:
        """Switched off already, or protected."""
        name = str(found.attributes.get(NAME_PATH[found.type]) or "")
        protected = self._ledger.is_administrators(found) or self._job.rules.protects(name)
        off = found.type is ObjectType.USER and found.attributes.get("active") is False
        return off or protected

    async def _mirrored(self, type: ObjectType, keys: Sequence[Key]) -> set[Key]:
        ids = [key.id for key in keys]
        mirror = self._job.mirror
        if type is ObjectType.USER:
            users = await mirror.users.get_many(ids)
            return {key for key in keys if key.id in users}
        groups = await mirror.groups.get_many(ids)
        return {key for key in keys if key.id in groups}

    # --- asking Graph --------------------------------------------------------------------------

    async def _read(self, type: ObjectType, ids: Sequence[EntraId]) -> dict[EntraId, Row]:
        """Rows of the mirror for those that Graph knows, there or among the deleted. A 404 is one
        absence: they are asked for twice.
        """
        rows = await self._read_once(type, ids)
        missing = [id for id in ids if id not in rows]
        if missing:
            await self._job.clock.sleep(SECOND_READ_AFTER)
            rows |= await self._read_once(type, missing)
        return rows

    async def _read_once(self, type: ObjectType, ids: Sequence[EntraId]) -> dict[EntraId, Row]:
        at = self._job.clock.time()
        rows: dict[EntraId, Row] = {}
        if type is ObjectType.USER:
            for id, user in (await self._source.users(ids)).items():
                if user is not None:
                    row = MirrorUser(
                        id=id, attributes=user.attributes, enabled=user.enabled, read_at=at
                    )
                    rows[id] = self._job.mirror.users.put(id, row)
        else:
            for id, group in (await self._source.groups(ids)).items():
                if group is not None:
                    there = MirrorGroup(id=id, attributes=group.attributes, read_at=at)
                    rows[id] = self._job.mirror.groups.put(id, there)
        missing = [id for id in ids if id not in rows]
        deleted = await self._source.deleted(missing) if missing else {}
        return rows | {id: self._deleted(type, id, at) for id in missing if deleted.get(id)}

    def _deleted(self, type: ObjectType, id: EntraId, at: float) -> Row:
        presence = Presence.SOFT_DELETED
        if type is ObjectType.USER:
            user = MirrorUser(id=id, attributes={}, enabled=False, presence=presence, read_at=at)
            return self._job.mirror.users.put(id, user)
        group = MirrorGroup(id=id, attributes={}, presence=presence, read_at=at)
        return self._job.mirror.groups.put(id, group)

    # --- what is lost --------------------------------------------------------------------------

    async def _store_lost(self, key: Key, found: TargetObject) -> None:
        """Stores what would be linked, and of a group who is in it."""
        now = self._job.clock.time()
        link = Link(
            key=key,
            scim_id=found.id,
            attributes=found.attributes,
            origin=Origin.MATCHED,
            linked_at=now,
            written_at=now,
        )
        if key.type is ObjectType.GROUP:
            members = await self._members(found)
            if members is None:
                return
            await self._job.links.forget_members(key.id)
            await self._job.links.change_members(key.id, dict.fromkeys(members, False), ())
        await self._job.store.write([self._job.rebuild.lost.put(str(key), Lost(link))])

    async def _members(self, found: TargetObject) -> Sequence[ScimId] | None:
        """Who is in a group, which the list need not show; ``None`` if it is gone by now."""
        if found.members is not None:
            return found.members
        try:
            return (await self._matching.by_id(found.type, found.id, _PRIORITY)).members or ()
        except NotFound:
            return None


def _leaves(case: Case) -> bool:
    """Whether the principal is to have nothing in ZSCloud. Of whom nothing can be said, it is
    remembered until something can.
    """
    gone = case.row.presence is Presence.GONE
    return case.link is None and not case.verdict.active and not gone
