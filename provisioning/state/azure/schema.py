"""Which version of the layout a store has, and how an older one gets to this one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from provisioning.errors import ConfigurationError, Problem
from provisioning.state.azure.entities import Send
from provisioning.state.azure.moving import move_log
from provisioning.state.azure.partitions import Place
from provisioning.state.azure.table import AzureTable, TableMissing
from provisioning.state.azure.tables import Tables

SETTING = "STATE_STORE"
"""The setting that chooses this store."""

PLACE = Place("$schema", "version")
"""Of the entity that holds the version. No table's name begins with a dollar sign."""

Migration = Callable[[Tables], Awaitable[None]]

MIGRATIONS: tuple[Migration, ...] = (move_log,)
"""The migration at index n makes version n + 2 out of version n + 1. Never changed, only added to.

Each must be safe to repeat and to run twice at the same time: nothing locks the table.
"""


async def prepare(tables: Tables, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Makes the tables of a store that is new, and brings an older one to the newest version.

    Raises ``ConfigurationError`` for a newer version, or for a table of another program.
    """
    table = tables.state
    newest = 1 + len(migrations)
    try:
        version = await _version(table)
    except TableMissing:
        await table.create()
        version = await _version(table)
    if version is None:
        await tables.create_beside()
        await _write(table, newest)
        return
    if version > newest:
        raise _refusal(
            f"the table {table.name} has schema version {version}; this program knows versions up "
            f"to {newest}.",
            "Run the version of the program that wrote it, or a newer one.",
        )
    for migration in migrations[version - 1 :]:
        await migration(tables)
        version += 1
        await _write(table, version)


async def _version(table: AzureTable) -> int | None:
    """The version; ``None`` for a table without an entity."""
    entity = await table.get(PLACE)
    if entity is None and not await _is_empty(table):
        # Another process may have made the table just now.
        entity = await table.get(PLACE)
        if entity is None:
            raise _refusal(
                f"the table {table.name} is another program's.",
                "Give the program a storage account of its own, or remove that table.",
            )
    return None if entity is None else int(entity["version"])


async def _is_empty(table: AzureTable) -> bool:
    async for page in table.pages("PartitionKey ge ''", size=1, keys_only=True):
        if page.entities:
            return False
    return True


async def _write(table: AzureTable, version: int) -> None:
    keys = {"PartitionKey": PLACE.partition, "RowKey": PLACE.row}
    await table.write([Send(PLACE, {**keys, "version": version})])


def _refusal(message: str, remedy: str) -> ConfigurationError:
    return ConfigurationError((Problem(SETTING, message, remedy),))
