"""Facts that were just removed: a plain read that shows one again is not believed at once."""

from __future__ import annotations

from collections.abc import Iterable

from provisioning.evidence import SETTLING, is_settled
from provisioning.job import Job
from provisioning.model import Key
from provisioning.ports import Row
from provisioning.rows.table import Table
from provisioning.rows.times import time_of, timed


class RemovedFacts:
    """Remembers what was removed and when, and who is to be read once more."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._removed = Table(job.store, job.name, "removed_fact", float)
        self._reread = Table(job.store, job.name, "reread", str)

    async def settled(self, facts: Iterable[str]) -> dict[str, bool]:
        """Whether a plain read that shows each fact may be believed."""
        names = list(facts)
        removed = await self._removed.get_many(names)
        now = self._job.clock.time()
        return {name: is_settled(removed.get(name), now) for name in names}

    def removal_rows(self, facts: Iterable[str]) -> list[Row]:
        """Rows that remember removed facts."""
        now = self._job.clock.time()
        return [self._removed.put(fact, now) for fact in facts]

    def remembers(self, row: Row) -> bool:
        """Whether a row remembers a removed fact, or a wish to read again: it goes first."""
        return row.value is not None and row.table in (self._removed.name, self._reread.name)

    def believed_rows(self, facts: Iterable[str]) -> list[Row]:
        """Rows that forget removals: the fact is back."""
        return [self._removed.drop(fact) for fact in facts]

    def reread_row(self, key: Key) -> Row:
        """The row that has a key read once more when its removal has settled."""
        at = self._job.clock.time() + SETTLING
        return self._reread.put(timed(at, key), str(key))

    async def settled_rows(self) -> list[Row]:
        """Rows that forget removals that no replica can contradict any more."""
        oldest = self._job.clock.time() - 2 * SETTLING
        rows = await self._removed.page()
        return [self._removed.drop(fact) for fact, removed_at in rows if removed_at < oldest]

    async def due_rereads(self) -> tuple[list[Key], list[Row]]:
        """Keys whose second look has come, and the rows that drop the wish once it is done."""
        now = self._job.clock.time()
        rows = await self._reread.page()
        due = [(at, key) for at, key in rows if time_of(self._reread.name, at) <= now]
        return [Key.parse(key) for _, key in due], [self._reread.drop(at) for at, _ in due]
