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
from provisioning.state.azure.table import ConditionFailed
from provisioning.state.azure.tables import Tables
from provisioning.state.azure.versions import Version, Versions

_TRANSACTIONS = 16
"""Transactions under way at once."""

_DECISIONS = 20
"""How often the entities of one transaction may change between looking and writing."""


_Looked = dict[Place, Version | None]
"""What was read for a decision: versions, or that there was none. Memory may be older."""


class Writer:
    """Writes to the tables of a store."""

    def __init__(self, tables: Tables, reader: Reader, versions: Versions) -> None:
        self._tables = tables
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
        looked: _Looked = {}
        for _ in range(_DECISIONS):
            sends = await self._decided(operations, looked)
            if not sends:
                return
            try:
                etags = await self._tables.write(sends)
            except ConditionFailed:
                await self._look([each for each in operations if not each.is_put], looked)
            else:
                self._note(sends, etags)
                return
        raise StoreUnavailable(
            f"Rows of {operations[0].table} change faster than they can be written."
        )

    async def _decided(self, operations: Sequence[Pending], looked: _Looked) -> list[Send]:
        """What is to be sent; entities that this depends on are read first."""
        if len(operations) == 1 and operations[0].is_delete:
            # Outside a transaction, a delete of what is not there does not fail.
            return [Send(operations[0].place, None)]
        unknown = [each for each in operations if self._decide(each, looked) is Verdict.LOOK]
        await self._look(unknown, looked)
        decided = [self._decide(each, looked) for each in operations]
        return [each for each in decided if isinstance(each, Send)]

    def _decide(self, operation: Pending, looked: _Looked) -> Send | Verdict:
        place = operation.place
        return operation.decide(
            looked[place] if place in looked else self._versions.get(place),
            looked=place in looked,
            often_gone=operation.table in self._often_gone,
        )

    async def _look(self, operations: Sequence[Pending], looked: _Looked) -> None:
        if not operations:
            return
        found = await self._reader.look([each.place for each in operations])
        for each in operations:
            looked[each.place] = found.get(each.place)
            if each.is_delete:
                gone = each.place not in found
                (self._often_gone.add if gone else self._often_gone.discard)(each.table)

    def _note(self, sends: Sequence[Send], etags: Sequence[str | None]) -> None:
        for send, etag in zip(sends, etags, strict=True):
            if send.entity is None or etag is None:
                self._versions.forget(send.place)
            else:
                self._versions.note(send.place, Version(etag, digest(value_in(send.entity))))
