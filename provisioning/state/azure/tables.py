"""The tables of one store: that of the state, and those beside it. What each row is in follows from
its partition (``partitions.beside_of``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from provisioning.state.azure.entities import Entity, Send
from provisioning.state.azure.partitions import BESIDE, Place, beside_of
from provisioning.state.azure.spans import Span
from provisioning.state.azure.table import PAGE, AzureTable, Page, TableMissing
from provisioning.storage.account import StorageAccount
from provisioning.storage.connection import tables
from provisioning.storage.retries import Retries


def names_of(state: str) -> tuple[str, ...]:
    """The tables of a store, by the name of that of its state."""
    return (state, *(state + beside for beside in BESIDE))


class Tables:
    """Raises what ``AzureTable`` does, and ``TableMissing`` for the table of the state.

    One beside it may be missing, or be deleted at any time: it is an empty one, and is made by the
    next write, which raises ``TableMissing`` only if it is deleted once more meanwhile.
    """

    def __init__(self, account: StorageAccount, state: str, retries: Retries) -> None:
        self._connection = tables(account)
        self.state = AzureTable(self._connection, state, retries)
        self._beside = {
            beside: AzureTable(self._connection, state + beside, retries) for beside in BESIDE
        }

    async def create_beside(self) -> None:
        """Makes the tables beside that of the state, where they are missing."""
        for table in self._beside.values():
            await table.create()

    async def get(self, place: Place) -> Entity | None:
        """The entity at a place."""
        table = self._of(place.partition)
        try:
            return await table.get(place)
        except TableMissing:
            if table is self.state:
                raise
            return None

    async def pages(
        self, span: Span, *, size: int = PAGE, keys_only: bool = False
    ) -> AsyncIterator[Page]:
        """What fulfils the query, in stored order."""
        table = self._of(span.partitions[0].text)
        try:
            async for page in table.pages(span.filter, size=size, keys_only=keys_only):
                yield page
        except TableMissing:
            if table is self.state:
                raise
            yield Page([], last=True)

    async def write(self, sends: Sequence[Send]) -> list[str | None]:
        """Executes operations of one partition, all or none; the new etags of what was put.

        Raises ``ConditionFailed``.
        """
        table = self._of(sends[0].place.partition)
        try:
            return await table.write(sends)
        except TableMissing:
            if table is self.state:
                raise
            await table.create()
            return await table.write(sends)

    async def close(self) -> None:
        """Closes the connections."""
        await self._connection.close()

    def _of(self, partition: str) -> AzureTable:
        return self._beside.get(beside_of(partition), self.state)
