"""A log in memory, and a store that counts what is read of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from provisioning.model import Action, EntraId, ObjectType, ScimId
from provisioning.provisioning_log import LogEntry, LogStatus
from provisioning.state.memory import MemoryStore

BEGIN = 1_764_000_000.0

ENTRY = LogEntry(
    id="e",
    time=BEGIN,
    cycle_id="c1",
    cause="incremental",
    status=LogStatus.SUCCESS,
    action=Action.UPDATE,
    object_type=ObjectType.USER,
    source_id=EntraId("jo"),
    target_id=ScimId("17"),
    name="Jo@example.com",
    reason_code="Assigned",
    reason="Assigned.",
)


def entry(number: int = 0, **changes: object) -> LogEntry:
    """The n-th entry, a second after the one before."""
    made = msgspec.structs.replace(ENTRY, id=f"e{number:06d}", time=BEGIN + number)
    return msgspec.structs.replace(made, **changes)


class CountingStore(MemoryStore):
    """``rows`` were read since it was set to nothing."""

    rows = 0

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        """The rows that exist."""
        found = await super().get_many(table, keys)
        self.rows += len(found)
        return found

    async def scan(
        self,
        table: str,
        prefix: str = "",
        *,
        after: str = "",
        limit: int = 1000,
        reverse: bool = False,
    ) -> Sequence[tuple[str, bytes]]:
        """Some rows in order."""
        found = await super().scan(table, prefix, after=after, limit=limit, reverse=reverse)
        self.rows += len(found)
        return found
