"""Calls on demand: who was named, and whether somebody has taken the call up.

A call is stored before anything else is done about it. The process that holds the lease takes it
up: it alone reads Entra into the mirror.
"""

from __future__ import annotations

import msgspec

from provisioning.lanes import Lane, WorkSet
from provisioning.model import Key
from provisioning.ports import Row, Store
from provisioning.record import OPEN, CycleKind, CycleRecord, Cycles, CycleStatus
from provisioning.rows.table import Table


class Call(msgspec.Struct, frozen=True):
    """A call on demand. ``at`` is epoch seconds."""

    id: str
    keys: tuple[Key, ...]
    at: float


class Calls:
    """The stored calls of one job. ``waiting`` holds those that nobody has taken up yet."""

    def __init__(self, store: Store, job: str, work: WorkSet, cycles: Cycles) -> None:
        self._store = store
        self._work = work
        self._cycles = cycles
        self._calls = Table(store, job, "call", Call)
        self._waiting = Table(store, job, "call_waiting", str)

    async def store(self, call: Call) -> None:
        """Stores a call, to be taken up by whoever holds the lease."""
        await self._store.write(
            [self._calls.put(call.id, call), self._waiting.put(call.id, "waiting")]
        )

    async def get(self, id: str) -> Call | None:
        """A call by its id."""
        return await self._calls.get(id)

    async def waiting(self) -> list[Call]:
        """Calls that nobody has taken up, oldest first."""
        ids = [id for id, _ in await self._waiting.page()]
        found = await self._calls.get_many(ids)
        return [found[id] for id in ids if id in found]

    async def any_waiting(self) -> bool:
        """Whether a call waits to be taken up."""
        return bool(await self._waiting.page(limit=1))

    async def unfinished(self) -> list[Call]:
        """Calls that somebody has to work on, oldest first: those that wait, and those whose
        keys are filed, and whoever took them up has not come to work them off.
        """
        waiting = {id for id, _ in await self._waiting.page()}
        filed: set[str] = set()
        async for items in self._work.pages(Lane.ON_DEMAND):
            filed.update(item.cycle_id for item in items)
        found = await self._calls.get_many(sorted(waiting | filed))
        records = await self._cycles.rows.get_many(found)
        ended = {id for id, record in records.items() if record.status not in OPEN}
        return [call for id, call in sorted(found.items()) if id in waiting or id not in ended]

    async def forget_before(self, time: float, limit: int = 100) -> list[Row]:
        """Rows that drop calls older than ``time`` (epoch seconds), a limited number at once."""
        old = [id for id, call in await self._calls.page(limit=limit) if call.at < time]
        tables = (self._waiting, self._calls)
        return [table.drop(id)._replace(about=f"call/{id}") for id in old for table in tables]

    def taken_up(self, call: Call) -> Row:
        """The row that says that the call's keys are filed, or that this cannot be done."""
        return self._waiting.drop(call.id)

    async def record(self, call: Call) -> CycleRecord:
        """How far the call is. One that was taken up by a running cycle has no end of its own:
        it is at its end when nothing of what was filed for it is left.
        """
        stored = await self._cycles.rows.get(call.id)
        record = stored or CycleRecord(cycle_id=call.id, kind=CycleKind.ON_DEMAND, started=call.at)
        if record.status in OPEN and await self._is_worked_off(call):
            record.status = CycleStatus.COMPLETED
        return record

    async def _is_worked_off(self, call: Call) -> bool:
        if any(id == call.id for id, _ in await self._waiting.page()):
            return False
        async for items in self._work.pages(Lane.ON_DEMAND):
            # Another call may have filed the same key anew.
            if any(item.cycle_id == call.id or item.key in call.keys for item in items):
                return False
        return True
