"""Writing rows: wave by wave, each transaction until its conditions are decided."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from provisioning.errors import StoreUnavailable
from provisioning.ports import Row
from provisioning.state.azure.batches import Transaction, plan
from provisioning.state.azure.decisions import Pending, Verdict
from provisioning.state.azure.entities import Send, check_value, digest, value_in
from provisioning.state.azure.partitions import Place, place_of
from provisioning.state.azure.reading import Reader
from provisioning.state.azure.side_by_side import side_by_side
from provisioning.state.azure.table import AzureTable, ConditionFailed
from provisioning.state.azure.versions import Version, Versions

_TRANSACTIONS = 16
"""Transactions under way at once."""

_DECISIONS = 20
"""How often the entities of one transaction may change between looking and writing."""


class Writer:
    """Writes to one table of Azure."""

    def __init__(self, table: AzureTable, reader: Reader, versions: Versions) -> None:
        self._table = table
        self._reader = reader
        self._versions = versions
        self._often_gone: set[str] = set()
        """Tables in which a row that was to be deleted was not there, when last looked for."""

    async def write(self, rows: Sequence[Row]) -> None:
        """Writes rows in the order that ``ports.Row.about`` says."""
        for row in rows:
            check_value(row.table, row.value)
        for wave in plan(rows, lambda row: place_of(row.table, row.key).partition):
            await side_by_side([partial(self._execute, each) for each in wave], _TRANSACTIONS)

    async def _execute(self, transaction: Transaction) -> None:
        """Executes one transaction, decided anew as often as an entity was not as remembered.

        A transaction that was executed, and whose answer was lost, is sent again: its conditions
        fail then, are decided anew, and leave alone what is done.
        """
        operations = [Pending.of(each) for each in transaction.operations]
        looked: set[Place] = set()
        for _ in range(_DECISIONS):
            sends = await self._decided(operations, looked)
            if not sends:
                return
            try:
                etags = await self._table.write(sends)
            except ConditionFailed:
                await self._look([each for each in operations if not each.is_put], looked)
            else:
                self._note(sends, etags)
                return
        raise StoreUnavailable(
            f"Rows of {operations[0].table} change faster than they can be written."
        )

    async def _decided(self, operations: Sequence[Pending], looked: set[Place]) -> list[Send]:
        """What is to be sent; entities that this depends on are read first."""
        alone = len(operations) == 1
        unknown = [each for each in operations if self._decide(each, looked) is Verdict.LOOK]
        if alone and operations[0].is_delete:
            # Outside a transaction, a delete of what is not there does not fail.
            return [Send(operations[0].place, None)]
        await self._look(unknown, looked)
        decided = [self._decide(each, looked) for each in operations]
        return [each for each in decided if isinstance(each, Send)]

    def _decide(self, operation: Pending, looked: set[Place]) -> Send | Verdict:
        return operation.decide(
            self._versions.get(operation.place),
            looked=operation.place in looked,
            often_gone=operation.table in self._often_gone,
        )

    async def _look(self, operations: Sequence[Pending], looked: set[Place]) -> None:
        if not operations:
            return
        await self._reader.look([each.place for each in operations])
        for each in operations:
            looked.add(each.place)
            if each.is_delete:
                gone = self._versions.get(each.place) is None
                (self._often_gone.add if gone else self._often_gone.discard)(each.table)

    def _note(self, sends: Sequence[Send], etags: Sequence[str | None]) -> None:
        for send, etag in zip(sends, etags, strict=True):
            if send.entity is None or etag is None:
                self._versions.forget(send.place)
            else:
                self._versions.note(send.place, Version(etag, digest(value_in(send.entity))))
