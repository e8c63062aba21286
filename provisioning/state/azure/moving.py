"""The provisioning log out of the table of the state, into tables of its own: schema version 2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby

from provisioning.state.azure.batches import MOST_BYTES, MOST_ENTITIES
from provisioning.state.azure.entities import Entity, Send, place_in, sent_size, value_in
from provisioning.state.azure.keys import LAST, PART
from provisioning.state.azure.partitions import beside_of
from provisioning.state.azure.side_by_side import side_by_side
from provisioning.state.azure.table import AzureTable, ConditionFailed
from provisioning.state.azure.tables import Tables

_TRANSACTIONS = 16
"""Transactions under way at once."""


async def move_log(tables: Tables) -> None:
    """Moves the log of every job, a page at a time; each entity is written before it is deleted.

    What was moved before, or is being moved by another process, is not looked for again. Entities
    of the log do not change, so writing one twice is writing it once.
    """
    await tables.create_beside()
    seen = ""
    while (partition := await _first(tables.state, f"PartitionKey gt '{seen}'")) is not None:
        name = partition.partition(PART)[0] + PART
        seen = name + LAST + LAST
        if beside_of(partition):
            bounds = f"PartitionKey ge '{name}' and PartitionKey lt '{seen}'"
            async for page in tables.state.pages(bounds):
                moves = [partial(_move, tables, batch) for batch in _batches(page.entities)]
                await side_by_side(moves, _TRANSACTIONS)


async def _first(table: AzureTable, query: str) -> str | None:
    """The first PartitionKey that fulfils a query: from one to the next, the table is not read."""
    async for page in table.pages(query, size=1, keys_only=True):
        for entity in page.entities:
            return place_in(entity).partition
    return None


async def _move(tables: Tables, entities: Sequence[Entity]) -> None:
    await tables.write([Send(place_in(entity), dict(entity)) for entity in entities])
    drops = [Send(place_in(entity), None) for entity in entities]
    try:
        await tables.state.write(drops)
    except ConditionFailed:
        # Another process has moved some of them. Outside a transaction that is no failure.
        for drop in drops:
            await tables.state.write([drop])


def _batches(entities: Sequence[Entity]) -> Iterator[list[Entity]]:
    """What may go in one transaction: of one partition, not too many, not too large."""
    for _, alike in groupby(entities, key=lambda entity: place_in(entity).partition):
        batch, size = list[Entity](), 0
        for entity in alike:
            more = sent_size(value_in(entity))
            if batch and (len(batch) == MOST_ENTITIES or size + more > MOST_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(entity)
            size += more
        yield batch
