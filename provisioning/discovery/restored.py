"""Users who come back from the deleted items, and the groups that they are members of.

A soft-deleted user stays a member, but a list of members need not show it, and a members delta does
not tell of its return (Graph: delta query overview). Of a group that was first read in between,
nobody would know of that member before the next full read. So the ids of the deleted users are
remembered, from their list when a feed of users begins, and from the feed then; of those whom the
feed shows again the groups are asked for, at once and again when every replica has it, and those
that are watched and do not have them are read.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence

from provisioning.discovery.reading import Reading
from provisioning.errors import RemoteError
from provisioning.evidence import SETTLING
from provisioning.job import Job
from provisioning.mirror import user_key
from provisioning.model import DeltaRow, EntraId, Presence
from provisioning.ports import Row, Source
from provisioning.rows import chunks
from provisioning.rows.order import in_steps
from provisioning.rows.times import time_of, timed

_log = logging.getLogger(__name__)

_ALL = "all"
_FIRST, _LAST = "first", "last"


class Restored:
    """Notices for one look who is back, and reads the groups that this concerns."""

    def __init__(self, job: Job, source: Source, reading: Reading) -> None:
        self._job = job
        self._source = source
        self._reading = reading
        self._deleted = f"{job.name}:deleted_user"
        self.anybody = False
        """Whether the feed has shown somebody who was deleted."""

    # --- who is deleted ------------------------------------------------------------------------

    async def begin(self) -> None:
        """A feed of users begins: from its token on it tells who is deleted, and who is back."""
        listed = await self._listed()
        if listed is None:
            rows = await chunks.drop(self._job.store, self._deleted, _ALL)
        else:
            deleted = dict.fromkeys(map(str, listed), "")
            rows = await chunks.replace(self._job.store, self._deleted, _ALL, deleted)
        await self._job.store.write(rows)

    async def begin_if_new(self) -> None:
        """The same, if that was never done, or Graph did not answer then."""
        if await chunks.header(self._job.store, self._deleted, _ALL) is None:
            await self.begin()

    async def repeat(self) -> None:
        """Reads the list once more: a replica may have lagged behind the token."""
        await self._remember(await self._listed() or (), ())

    async def _listed(self) -> list[EntraId] | None:
        """``None`` if it cannot be read. Nobody's work waits for it: the next cycle tries again."""
        try:
            return [id async for page in self._source.deleted_users() for id in page]
        except RemoteError as error:
            _log.warning("who lies in the deleted items could not be read: %s", error)
            return None

    async def _remember(self, deleted: Sequence[str], others: Sequence[str]) -> None:
        add = dict.fromkeys(deleted, "")
        rows = await chunks.update(self._job.store, self._deleted, _ALL, add, others)
        await self._job.store.write(rows)

    # --- who is back ---------------------------------------------------------------------------

    async def note(self, rows: Sequence[DeltaRow]) -> None:
        """Takes rows of the users feed for what they say of deletion; the last of a user counts."""
        latest = {row.key.id: row.removed for row in rows}
        stored = await chunks.load(self._job.store, self._deleted, _ALL, latest)
        known = stored.elements
        gone = [id for id, said in latest.items() if said == "changed" and id not in known]
        others = [id for id, said in latest.items() if said != "changed" and id in known]
        back = [id for id in others if latest[id] is None]
        if back:
            # Before it is forgotten that they were deleted.
            now = self._job.clock.time()
            await self._job.store.write(in_steps([self._row(now, id, _FIRST) for id in back]))
            self.anybody = True
        if gone or others:
            await self._remember(gone, others)

    async def seen(self, ids: Collection[EntraId]) -> None:
        """Users that a plain read was to show: those who were deleted may be back, and the feed has
        not told of it yet. It is still to tell: what a replica shows may be older.
        """
        stored = await chunks.load(self._job.store, self._deleted, _ALL, ids) if ids else None
        back = [id for id in ids if stored is not None and id in stored.elements]
        if back:
            now = self._job.clock.time()
            await self._job.store.write(in_steps([self._row(now, id, _FIRST) for id in back]))
            self.anybody = True

    def _row(self, at: float, id: str, which: str) -> Row:
        return self._job.restored.put(timed(at, id), which)

    async def take_up(self) -> None:
        """Reads the groups of those who are back. Raises ``SourceImplausible``, and what ``Source``
        raises: they are asked for again then.
        """
        now = self._job.clock.time()
        rows = await self._job.restored.page()
        due = {key: which for key, which in rows if time_of(self._job.restored.name, key) <= now}
        if not due:
            return
        ids = sorted({EntraId(key.partition("/")[2]) for key in due})
        groups = await self._unaware(await self._source.groups_of(ids))
        if groups:
            await self._reading.read_groups(groups)
        for key, which in due.items():
            self._reading.final_rows.append(self._job.restored.drop(key))
            if which == _FIRST:
                id = key.partition("/")[2]
                self._reading.final_rows.append(self._row(now + SETTLING, id, _LAST))

    async def _unaware(self, groups_of: Mapping[EntraId, frozenset[EntraId]]) -> list[EntraId]:
        """The watched groups that somebody is in, as Graph says, and not in the mirror. Where
        groups are in others, they too have to be read to know.
        """
        named = frozenset[EntraId]().union(*groups_of.values())
        watched = await self._job.mirror.groups.get_many(sorted(named))
        unaware: list[EntraId] = []
        for id, row in watched.items():
            if row.presence is not Presence.PRESENT:
                continue
            group = EntraId(id)
            members = await self._job.mirror.members(group)
            inside = [user for user, groups in groups_of.items() if group in groups]
            if any(user_key(user) not in members for user in inside):
                unaware.append(group)
        return unaware
