"""Goes through what a dry run has left: its log, principal by principal, and ZSCloud's lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from provisioning.apply.recording.ledger import Ledger
from provisioning.comparing import (
    Cause,
    Compared,
    Folding,
    Outcome,
    Scope,
    compared_unlinked,
    scope_of,
)
from provisioning.comparing.unlinked import external_id
from provisioning.job import Job
from provisioning.model import (
    NAME_PATH,
    Action,
    EntraId,
    Key,
    MirrorGroup,
    MirrorUser,
    ObjectType,
    TargetObject,
)
from provisioning.provisioning_log import LogEntry
from provisioning.resolve import load_graph, outline
from provisioning.scope import GroupGraph

_PAGE = 500
_NOWHERE = Scope()


class Memberships(msgspec.Struct):
    """Single memberships: those that would be sent, or held; and members who are nobody's."""

    added: int = 0
    removed: int = 0
    unmanaged: int = 0


class Comparison:
    """Counts all objects and keeps the first ``limit``, the gravest first."""

    def __init__(self, job: Job, limit: int) -> None:
        self._job = job
        self._limit = limit
        self._kept: list[Compared] = []
        self.counts = {o.value: dict.fromkeys(("user", "group"), 0) for o in Outcome}
        self.memberships = Memberships()
        self.causes: Counter[Cause] = Counter()
        self._ledger = Ledger(job)
        self._graph: GroupGraph
        self._made: dict[str, float] = {}

    def items(self) -> list[Compared]:
        """The first objects, in their order."""
        return sorted(self._kept, key=lambda each: each.order)[: self._limit]

    async def take(self, told: Callable[[], None]) -> None:
        """Goes through everything. ``told`` is called after each page."""
        self._graph = await load_graph(self._job)
        assignments = await self._job.mirror.assignments()
        self._made = {id: each.created for id, each in assignments.items()}
        folding: Folding | None = None
        async for entries in self._job.log.by_principal():
            direct = await self._direct_members(entries)
            for entry in entries:
                if folding is None or folding.key.id != entry.source_id:
                    await self._end(folding)
                    folding = Folding(entry)
                folding.add(entry, direct=_member(entry) in direct)
            told()
        await self._end(folding)
        for type in ObjectType:
            await self._take_unlinked(type, told)

    def _add(self, compared: Compared) -> None:
        self.counts[compared.outcome.value][compared.object_type.value] += 1
        self.memberships.added += compared.memberships_added
        self.memberships.removed += compared.memberships_removed
        self.memberships.unmanaged += compared.unmanaged
        self.causes.update(compared.causes)
        self._kept.append(compared)
        if len(self._kept) >= 2 * self._limit + _PAGE:
            self._kept = self.items()

    # --- principals ----------------------------------------------------------------------------

    async def _direct_members(self, entries: Sequence[LogEntry]) -> set[tuple[EntraId, EntraId]]:
        """Those of the new members that Entra has in the very group: group and member."""
        added = {_member(entry) for entry in entries if entry.action is Action.ADD_MEMBER}
        ids = {each[1] for each in added if each is not None}
        rows = await self._job.mirror.users.get_many(ids)
        return {(group, row.id) for row in rows.values() for group in row.groups}

    async def _end(self, folding: Folding | None) -> None:
        if folding is None:
            return
        scope, unmanaged, held = _NOWHERE, 0, 0
        if folding.is_created:
            scope = await self._scope(folding.key)
        elif folding.key.type is ObjectType.GROUP:
            unmanaged = await self._unmanaged(folding.key)
        if folding.is_held and folding.key.type is ObjectType.GROUP:
            row = await self._job.held.held.get(str(folding.key))
            held = 0 if row is None else row.removals
        self._add(folding.compared(scope, unmanaged=unmanaged, held_removals=held))

    async def _scope(self, key: Key) -> Scope:
        now = self._job.clock.time()
        table = self._job.mirror.users if key.type is ObjectType.USER else self._job.mirror.groups
        row: MirrorUser | MirrorGroup | None = await table.get(key.id)
        if row is None:
            return Scope(now=now)
        return scope_of(row, self._graph, self._made, now)

    async def _unmanaged(self, key: Key) -> int:
        members = await self._job.links.members(key.id)
        strangers = [id for id, ours in members.items() if not ours]
        return len(strangers) - len(await self._job.links.owners(strangers))

    # --- ZSCloud's lists -----------------------------------------------------------------------

    async def _take_unlinked(self, type: ObjectType, told: Callable[[], None]) -> None:
        after = ""
        while page := await self._job.listing_name.page(f"{type.value}/", after=after, limit=_PAGE):
            after = page[-1][0]
            objects = [found for _, found in page]
            owned = await self._job.links.owners(found.id for found in objects)
            for found in objects:
                if found.id not in owned and not await self._is_held(found):
                    self._add(await self._unlinked(found))
            told()

    async def _is_held(self, found: TargetObject) -> bool:
        """Whether it would be adopted with the plan that is held: it is told of already."""
        id = external_id(found)
        if id is None:
            return False
        lost = await self._job.rebuild.get(Key(found.type, EntraId(id)))
        return lost is not None and lost.link.scim_id == found.id

    async def _unlinked(self, found: TargetObject) -> Compared:
        name = str(found.attributes.get(NAME_PATH[found.type]) or "")
        protected = self._ledger.is_administrators(found) or self._job.rules.protects(name)
        id, several, in_scope = external_id(found), False, False
        if id is not None:
            place = await self._job.listing_external_id.get(
                f"{found.type.value}/{found.attributes['externalId']}"
            )
            several = place == ""
            case = await outline(self._job, self._graph, Key(found.type, EntraId(id)))
            in_scope = case is not None and case.verdict.active
        return compared_unlinked(found, protected=protected, several=several, in_scope=in_scope)


def _member(entry: LogEntry) -> tuple[EntraId, EntraId] | None:
    """Group and member of a membership."""
    member = entry.member
    if member is None or member.source_id is None:
        return None
    return entry.source_id, member.source_id
