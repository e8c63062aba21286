"""A rebuild: what was provisioned once, and is found again by a job that knows nothing of it.

The state was lost, or another service provisioned this ZSCloud before. Accounts of people who are
assigned are matched. Those that Entra knows and nothing assigns are noted here: they are not ours,
and are adopted only if somebody approves it.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from provisioning.model import Key, Link, ObjectType
from provisioning.ports import Row, Store
from provisioning.rows.table import Table

STATE_LOST = (
    "State lost: what is in ZSCloud already, is known to Entra, and nothing assigns. It is only "
    "touched if the plan is approved."
)
"""Why a rebuild holds what it finds, however little it is."""


class RebuildPhase(StrEnum):
    """How far a rebuild has come."""

    LOOKING = "looking"
    """Evidence is gathered; nothing is decided by a part of it."""
    FILING = "filing"
    """All of it is there, and makes one plan."""
    DONE = "done"


class Rebuild(msgspec.Struct, frozen=True, kw_only=True):
    """The rebuild that the cycle ``begun_by`` began. ``listed`` is the cycle whose list of ZSCloud
    is gone through, up to ``after`` among the objects of ``type``.
    """

    begun_by: str
    phase: RebuildPhase = RebuildPhase.LOOKING
    listed: str = ""
    type: ObjectType = ObjectType.USER
    after: str = ""


class Lost(msgspec.Struct, frozen=True):
    """An object that a rebuild has found: ``link`` is what would link it. ``over`` says why it
    need not be adopted any more.
    """

    link: Link
    over: str | None = None


class Rebuilds:
    """The stored rebuild of one job, and what it has found. Only the holder of the lease writes
    them.
    """

    def __init__(self, store: Store, job: str) -> None:
        self.lost = Table(store, job, "lost", Lost)
        self._state = Table(store, job, "rebuild", Rebuild)

    async def state(self) -> Rebuild | None:
        """How far it has come; ``None`` if none has begun."""
        return await self._state.get("now")

    def row(self, rebuild: Rebuild) -> Row:
        """The row that stores it."""
        return self._state.put("now", rebuild)

    async def is_complete(self) -> bool:
        """Whether what was found is all of it: only then anything follows from it."""
        state = await self.state()
        return state is None or state.phase is not RebuildPhase.LOOKING

    async def any_lost(self) -> bool:
        """Whether anything was found that is not adopted."""
        return bool(await self.lost.page(limit=1))

    async def get(self, key: Key) -> Lost | None:
        """What was found of a principal."""
        return await self.lost.get(str(key))

    def drop(self, key: Key) -> Row:
        """The row that forgets it."""
        return self.lost.drop(str(key))
